"""Conversations of ipmitool and FreeIPMI with two BMCs: every datagram read, verified, and written again."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from solmux.ipmi import commands
from solmux.ipmi.counters import DropCounters
from solmux.ipmi.message import Request, Response, is_request
from solmux.ipmi.packet import Packet, PayloadType, SecureChannel, wrap_session_less
from solmux.ipmi.rakp import (
    KeyExchange,
    OpenSessionResponse,
    Rakp1,
    Rakp2,
    Rakp3,
    Rakp4,
    derive_keys,
    integrity_check_value,
    key_exchange_code_2,
    key_exchange_code_3,
    session_integrity_key,
)
from solmux.ipmi.rmcp import (
    MessageClass,
    PresencePing,
    PresencePong,
    is_rmcp_plus,
    message_class,
    unwrap_ipmi15,
    wrap_ipmi15,
)
from tests.ipmi.vectors import LOGIN_MESSAGES, Capture, CapturedPacket, Command, Data, VectorEntropy, captures

CAPTURES = captures()
each_capture = pytest.mark.parametrize("capture", CAPTURES, ids=lambda capture: capture.name)


@dataclass
class Session:
    """What a reader of a capture who knows the secrets can work out."""

    k1: bytes
    k2: bytes
    exchange: KeyExchange
    capture: Capture

    def channel(self, entropy: VectorEntropy, *, sends_to_bmc: bool) -> SecureChannel:
        ids = (self.exchange.managed_system_session_id, self.exchange.remote_console_session_id)
        peer, local = ids if sends_to_bmc else reversed(ids)
        assert self.capture.suite is not None
        return SecureChannel(
            suite=self.capture.suite,
            k1=self.k1,
            k2=self.k2,
            local_session_id=local,
            peer_session_id=peer,
            entropy=entropy,
            counters=DropCounters(),
        )


def sessions(capture: Capture) -> Iterator[tuple[Session, list[CapturedPacket]]]:
    """Yield each session of a capture with its sealed packets; verifies every code of the login, too."""
    suite = capture.suite
    assert suite is not None
    seen: dict[int, object] = {}
    session: Session | None = None
    sealed: list[CapturedPacket] = []
    for captured in capture.packets:
        if message_class(captured.datagram) is MessageClass.ASF or not is_rmcp_plus(captured.datagram):
            continue
        packet = Packet.from_bytes(captured.datagram)
        if packet.payload_type not in LOGIN_MESSAGES:
            if packet.session_id:
                sealed.append(captured)
            continue
        seen[packet.payload_type] = message = LOGIN_MESSAGES[packet.payload_type].from_bytes(packet.payload)
        if not isinstance(message, Rakp4):
            continue
        if session is not None:
            yield session, sealed
        sealed = []
        response, rakp_1, rakp_2, rakp_3 = (
            seen[kind]
            for kind in (
                PayloadType.OPEN_SESSION_RESPONSE,
                PayloadType.RAKP_1,
                PayloadType.RAKP_2,
                PayloadType.RAKP_3,
            )
        )
        assert isinstance(response, OpenSessionResponse)
        assert isinstance(rakp_1, Rakp1)
        assert isinstance(rakp_2, Rakp2)
        assert isinstance(rakp_3, Rakp3)
        password = capture.users[rakp_1.username]
        exchange = KeyExchange(
            response.remote_console_session_id,
            response.managed_system_session_id,
            rakp_1.random,
            rakp_2.random,
            rakp_2.guid,
            rakp_1.role,
            rakp_1.username,
        )
        assert response.algorithms == suite.algorithms
        assert rakp_2.key_exchange_code == key_exchange_code_2(suite, password, exchange)
        assert rakp_3.key_exchange_code == key_exchange_code_3(suite, password, exchange)
        sik = session_integrity_key(suite, password, capture.kg, exchange)
        assert message.integrity_check_value == integrity_check_value(suite, sik, exchange)
        session = Session(*derive_keys(suite, sik), exchange, capture)
    if session is not None:
        yield session, sealed


SESSIONS = [
    (f"{capture.name}-{number}", session, sealed)
    for capture in CAPTURES
    if capture.suite is not None
    for number, (session, sealed) in enumerate(sessions(capture))
]
each_session = pytest.mark.parametrize(
    ("session", "sealed"), [entry[1:] for entry in SESSIONS], ids=[entry[0] for entry in SESSIONS]
)


def test_the_captures_hold_sessions_of_both_suites_and_enough_packets() -> None:
    suites = [session.capture.suite.identifier for _, session, _ in SESSIONS if session.capture.suite]
    assert (suites.count(3), suites.count(17)) == (6, 5)
    assert sum(len(sealed) for _, _, sealed in SESSIONS) == 321


@each_capture
def test_session_less_datagrams_are_read_and_written_alike(capture: Capture) -> None:
    for captured in capture.packets:
        datagram = captured.datagram
        if message_class(datagram) is MessageClass.ASF:
            parser = PresencePing if captured.to_bmc else PresencePong
            assert parser.from_bytes(datagram).to_bytes() == datagram
        elif not is_rmcp_plus(datagram):
            assert wrap_ipmi15(rewritten_message(unwrap_ipmi15(datagram))) == datagram
        else:
            packet = Packet.from_bytes(datagram)
            if packet.session_id == 0:
                payload = packet.payload
                if packet.payload_type in LOGIN_MESSAGES:
                    payload = LOGIN_MESSAGES[packet.payload_type].from_bytes(payload).to_bytes()
                else:
                    payload = rewritten_message(payload)
                assert wrap_session_less(packet.payload_type, payload) == datagram


def rewritten_message(message: bytes) -> bytes:
    if is_request(message):
        request, sequence = Request.from_bytes(message)
        return request.to_bytes(sequence)
    return Response.from_bytes(message).to_bytes()


@each_session
def test_sealed_packets_open_to_what_other_software_read(
    session: Session, sealed: list[CapturedPacket]
) -> None:
    bmc = session.channel(VectorEntropy(), sends_to_bmc=False)
    console = session.channel(VectorEntropy(), sends_to_bmc=True)
    for captured in sealed:
        opened = (bmc if captured.to_bmc else console).open(captured.datagram)
        assert opened is not None
        assert opened.payload == captured.plain
        if opened.payload_type == PayloadType.IPMI:
            assert rewritten_message(opened.payload) == opened.payload
    assert bmc.counters.total == console.counters.total == 0


@each_session
@pytest.mark.parametrize("to_bmc", [True, False], ids=["console", "bmc"])
def test_sealing_again_gives_the_captured_datagrams(
    session: Session, sealed: list[CapturedPacket], to_bmc: bool
) -> None:
    entropy = VectorEntropy()
    channel = session.channel(entropy, sends_to_bmc=to_bmc)
    for captured in sealed:
        if captured.to_bmc is to_bmc:
            packet = Packet.from_bytes(captured.datagram)
            assert captured.plain is not None
            channel.sequence = packet.sequence - 1  # ipmitool's numbers do not begin at 1
            entropy.wish(session.k2, captured.datagram)
            assert channel.seal(packet.payload_type, captured.plain) == captured.datagram


REQUESTS: dict[tuple[int, int], type[Command]] = {
    record.CODE: record
    for record in (
        commands.GetChannelAuthenticationCapabilities,
        commands.GetChannelCipherSuites,
        commands.SetSessionPrivilege,
        commands.CloseSession,
        commands.ActivatePayload,
        commands.DeactivatePayload,
        commands.GetPayloadActivationStatus,
        commands.GetChannelPayloadSupport,
        commands.GetChannelPayloadVersion,
    )
}
ANSWERS: dict[tuple[int, int], type[Data]] = {
    commands.GetChannelAuthenticationCapabilities.CODE: commands.ChannelAuthenticationCapabilities,
    commands.GetChannelCipherSuites.CODE: commands.CipherSuitesBlock,
    commands.SetSessionPrivilege.CODE: commands.SessionPrivilege,
    commands.GetDeviceId.CODE: commands.DeviceId,
    commands.ActivatePayload.CODE: commands.PayloadActivation,
    commands.GetPayloadActivationStatus.CODE: commands.PayloadActivationStatus,
    commands.GetChannelPayloadSupport.CODE: commands.ChannelPayloadSupport,
    commands.GetChannelPayloadVersion.CODE: commands.PayloadVersion,
}


def messages(capture: Capture) -> Iterator[bytes]:
    """Yield the plain IPMI messages of a capture, inside and outside of sessions."""
    for captured in capture.packets:
        if message_class(captured.datagram) is MessageClass.ASF:
            continue
        if not is_rmcp_plus(captured.datagram):
            yield unwrap_ipmi15(captured.datagram)
            continue
        packet = Packet.from_bytes(captured.datagram)
        if packet.payload_type == PayloadType.IPMI:
            yield packet.payload if captured.plain is None else captured.plain


def test_command_records_read_and_write_what_was_captured() -> None:
    seen = set()
    for capture in CAPTURES:
        for message in messages(capture):
            if is_request(message):
                request, _ = Request.from_bytes(message)
                code = (request.net_fn, request.command)
                if code in REQUESTS:
                    assert REQUESTS[code].from_data(request.data).to_request() == request
                    seen.add((code, "request"))
            else:
                response = Response.from_bytes(message)
                code = (response.net_fn - 1, response.command)
                if code in ANSWERS and not response.completion_code:
                    assert ANSWERS[code].from_data(response.data).to_data() == response.data
                    seen.add((code, "answer"))
    assert seen == {(code, "request") for code in REQUESTS} | {(code, "answer") for code in ANSWERS}
