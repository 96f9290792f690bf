"""RMCP header, presence ping and pong, the 1.5 wrapper."""

import pytest

from solmux.ipmi.errors import DecodeError
from solmux.ipmi.rmcp import (
    MessageClass,
    PresencePing,
    PresencePong,
    is_rmcp_plus,
    message_class,
    presence_ping,
    presence_pong,
    unwrap_ipmi15,
    wrap_ipmi15,
)
from tests.ipmi.vectors import pre_session_datagrams

RECORDED = pre_session_datagrams()
QUESTION = bytes.fromhex("2018c88100388e04b5")


def test_presence_ping_and_pong_are_the_recorded_ones() -> None:
    assert presence_ping(0) == RECORDED["presence_ping"]
    assert presence_pong(0) == RECORDED["presence_pong_example"]
    assert PresencePing.from_bytes(presence_ping(200)) == PresencePing(200)
    assert PresencePong.from_bytes(presence_pong(200)) == PresencePong(200, supports_ipmi=True)


def test_a_pong_without_ipmi() -> None:
    pong = PresencePong(3, supports_ipmi=False)
    assert pong.to_bytes()[20] == 0x01
    assert PresencePong.from_bytes(pong.to_bytes()) == pong


@pytest.mark.parametrize(
    ("name", "message"),
    [("get_channel_auth_cap_rq", QUESTION), ("presence_ping", None)],
)
def test_wrapped_messages_are_the_recorded_ones(name: str, message: bytes | None) -> None:
    if message is None:
        assert message_class(RECORDED[name]) is MessageClass.ASF
    else:
        assert wrap_ipmi15(message) == RECORDED[name]
        assert unwrap_ipmi15(RECORDED[name]) == message
        assert message_class(RECORDED[name]) is MessageClass.IPMI


def test_bytes_behind_a_wrapped_message_are_ignored() -> None:
    """IPMI 1.5 pads datagrams of certain lengths."""
    assert unwrap_ipmi15(wrap_ipmi15(QUESTION) + b"\0") == QUESTION


def test_a_message_too_long_for_the_wrapper_is_a_mistake_of_the_caller() -> None:
    assert unwrap_ipmi15(wrap_ipmi15(bytes(255))) == bytes(255)
    with pytest.raises(ValueError, match="255"):
        wrap_ipmi15(bytes(256))


def test_the_format_of_an_ipmi_datagram_is_told_by_its_authentication_type() -> None:
    assert is_rmcp_plus(RECORDED["get_channel_cipher_suites_rq_seq0"])
    assert not is_rmcp_plus(RECORDED["get_channel_auth_cap_rq"])
    assert not is_rmcp_plus(b"\x06\x00\xff\x07")


@pytest.mark.parametrize(
    ("datagram", "told"),
    [
        (b"", "4 bytes, got 0"),
        (b"\x06\x00\xff", "got 3"),
        (b"\x05\x00\xff\x07", "version"),
        (b"\x06\x00\x01\x87", "acknowledgement"),
        (b"\x06\x00\xff\x08", "class"),
    ],
)
def test_what_is_not_rmcp_is_refused(datagram: bytes, told: str) -> None:
    with pytest.raises(DecodeError, match=told):
        message_class(datagram)


@pytest.mark.parametrize(
    ("datagram", "told"),
    [
        (presence_ping(1), "ASF"),
        (wrap_ipmi15(b"")[:-1], "header needs"),
        (wrap_ipmi15(QUESTION)[:-1], "9 bytes announced, 8 present"),
        (b"\x06\x00\xff\x07\x02" + bytes(24), "authentication type"),
        (RECORDED["get_channel_cipher_suites_rq_seq0"], "authentication type"),
    ],
    ids=["asf", "header", "short", "md5", "rmcp-plus"],
)
def test_what_is_no_plain_ipmi_15_packet_is_refused(datagram: bytes, told: str) -> None:
    with pytest.raises(DecodeError, match=told):
        unwrap_ipmi15(datagram)


@pytest.mark.parametrize(
    ("datagram", "told"),
    [
        (wrap_ipmi15(QUESTION), "ASF message is expected"),
        (presence_ping(1)[:-1], "12 bytes"),
        (presence_ping(1).replace(b"\x11\xbe", b"\x11\xbf"), "enterprise"),
        (presence_ping(1), "40h"),
        (presence_pong(1)[:-1], "16 data bytes"),
        (presence_pong(1)[:11] + b"\x0f" + presence_pong(1)[12:], "16 data bytes"),
    ],
    ids=["ipmi", "short", "enterprise", "ping", "pong-cut", "pong-length"],
)
def test_what_is_no_pong_is_refused(datagram: bytes, told: str) -> None:
    with pytest.raises(DecodeError, match=told):
        PresencePong.from_bytes(datagram)


def test_a_pong_is_no_ping() -> None:
    with pytest.raises(DecodeError, match="80h"):
        PresencePing.from_bytes(presence_pong(1))
