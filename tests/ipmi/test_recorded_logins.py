"""Logins computed with other software, reproduced in both directions, byte by byte."""

import pytest

from solmux.ipmi.counters import DropCounters
from solmux.ipmi.handshake import Established, Handshake
from solmux.ipmi.packet import Opened, Packet, PayloadType, SecureChannel, wrap_session_less
from solmux.ipmi.rakp import (
    derive_keys,
    integrity_check_value,
    key_exchange_code_2,
    key_exchange_code_3,
    session_integrity_key,
)
from tests.ipmi.vectors import LOGIN_MESSAGES, RecordedLogin, VectorEntropy, recorded_logins

LOGINS = recorded_logins()
each_login = pytest.mark.parametrize("login", LOGINS, ids=lambda login: login.name)

MESSAGES = {
    "open_session_request": PayloadType.OPEN_SESSION_REQUEST,
    "open_session_response": PayloadType.OPEN_SESSION_RESPONSE,
    "rakp1": PayloadType.RAKP_1,
    "rakp2": PayloadType.RAKP_2,
    "rakp3": PayloadType.RAKP_3,
    "rakp4": PayloadType.RAKP_4,
}


def test_both_suites_are_recorded_with_and_without_a_bmc_key() -> None:
    assert {(login.suite.identifier, login.credentials.two_key) for login in LOGINS} == {
        (3, False),
        (3, True),
        (17, False),
        (17, True),
    }


@each_login
@pytest.mark.parametrize("name", MESSAGES)
def test_handshake_datagrams_are_read_and_written_alike(login: RecordedLogin, name: str) -> None:
    payload_type = MESSAGES[name]
    packet = Packet.from_bytes(login.datagrams[name])
    assert packet == Packet(payload_type, False, False, 0, 0, login.payloads[name])
    parsed = LOGIN_MESSAGES[payload_type].from_bytes(packet.payload)
    assert wrap_session_less(payload_type, parsed.to_bytes()) == login.datagrams[name]


@each_login
def test_every_code_and_key_is_the_recorded_one(login: RecordedLogin) -> None:
    suite, credentials, exchange = login.suite, login.credentials, login.exchange
    sik = session_integrity_key(suite, credentials.password, credentials.kg, exchange)
    assert key_exchange_code_2(suite, credentials.password, exchange) == login.derived["rakp2_hmac"]
    assert key_exchange_code_3(suite, credentials.password, exchange) == login.derived["rakp3_hmac"]
    assert sik == login.derived["sik"]
    assert integrity_check_value(suite, sik, exchange) == login.derived["rakp4_icv"]
    assert derive_keys(suite, sik) == (login.derived["k1"], login.derived["k2"])


def channel_of(login: RecordedLogin, entropy: VectorEntropy, *, console: bool) -> SecureChannel:
    ids = (login.exchange.remote_console_session_id, login.exchange.managed_system_session_id)
    local, peer = ids if console else reversed(ids)
    return SecureChannel(
        suite=login.suite,
        k1=login.derived["k1"],
        k2=login.derived["k2"],
        local_session_id=local,
        peer_session_id=peer,
        entropy=entropy,
        counters=DropCounters(),
    )


@each_login
def test_session_packets_open_to_the_recorded_payloads(login: RecordedLogin) -> None:
    ends = {
        login.exchange.remote_console_session_id: channel_of(login, VectorEntropy(), console=True),
        login.exchange.managed_system_session_id: channel_of(login, VectorEntropy(), console=False),
    }
    assert {packet.session_id for packet in login.packets} == set(ends)
    for packet in login.packets:
        opened = ends[packet.session_id].open(packet.datagram)
        assert opened == Opened(packet.payload_type, packet.sequence, packet.payload), packet.name
    assert [end.counters.total for end in ends.values()] == [0, 0]


@each_login
@pytest.mark.parametrize("console", [True, False], ids=["console", "bmc"])
def test_sealing_with_the_recorded_entropy_gives_the_recorded_datagrams(
    login: RecordedLogin, console: bool
) -> None:
    entropy = VectorEntropy()
    channel = channel_of(login, entropy, console=console)
    packets = [packet for packet in login.packets if packet.session_id == channel.peer_session_id]
    assert len(packets) >= 4
    for packet in packets:
        entropy.wish(login.derived["k2"], packet.datagram)
        assert channel.seal(packet.payload_type, packet.payload) == packet.datagram, packet.name
        assert channel.sequence == packet.sequence


@pytest.mark.parametrize(
    "login", [login for login in LOGINS if login.exchange.role == 0x14], ids=lambda login: login.name
)
def test_a_login_with_the_recorded_entropy_sends_the_recorded_datagrams(login: RecordedLogin) -> None:
    exchange = login.exchange
    entropy = VectorEntropy(
        [b"\0", exchange.remote_console_session_id.to_bytes(4, "little"), exchange.remote_console_random]
    )
    handshake = Handshake(login.credentials, entropy=entropy, counters=DropCounters(), suites=(login.suite,))
    handshake.start(0.0)
    handshake.datagrams_to_send(0.0)
    handshake.receive_datagram(
        bytes.fromhex("0600ff0700000000000000000010811c63200438000197060300000000") + b"\x03", 0.0
    )
    for sent, received in (
        ("open_session_request", "open_session_response"),
        ("rakp1", "rakp2"),
        ("rakp3", "rakp4"),
    ):
        assert handshake.datagrams_to_send(0.0) == [login.datagrams[sent]]
        handshake.receive_datagram(login.datagrams[received], 0.0)

    session = handshake.outcome
    assert isinstance(session, Established)
    assert session.guid == exchange.guid
    assert session.managed_system_session_id == exchange.managed_system_session_id
    first = next(packet for packet in login.packets if packet.session_id == session.managed_system_session_id)
    entropy.wish(login.derived["k2"], first.datagram)
    assert session.channel.seal(first.payload_type, first.payload) == first.datagram
