"""Messages and keys of the login, where recorded logins do not reach."""

import pytest

from solmux.ipmi.crypto import SUITE_3, SUITE_17, Algorithms, CipherSuite
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.rakp import (
    KeyExchange,
    OpenSessionRequest,
    OpenSessionResponse,
    Rakp1,
    Rakp2,
    Rakp3,
    Rakp4,
    RmcpStatus,
    key_exchange_code_2,
    session_integrity_key,
    status_text,
)
from tests.ipmi.vectors import Message

SID = 0xA0A2A3A4
EXCHANGE = KeyExchange(SID, 0x02000105, bytes(16), bytes(range(16)), bytes(16), 0x14, b"admin")

WHOLE: tuple[Message, ...] = (
    OpenSessionRequest(1, 4, SID, SUITE_17.algorithms),
    OpenSessionRequest(255, 0, 1, Algorithms(0, 0, 0)),
    OpenSessionResponse(1, 0, 4, SID, 0x02000105, SUITE_3.algorithms),
    Rakp1(2, 0x02000105, bytes(range(16)), 0x14, b"admin"),
    Rakp1(2, 0x02000105, bytes(range(16)), 0x03, b""),
    Rakp2(2, 0, SID, bytes(range(16)), bytes(16), bytes(20)),
    Rakp3(3, 0, 0x02000105, bytes(32)),
    Rakp4(3, 0, SID, bytes(16)),
)
ERRORS: tuple[tuple[Message, str], ...] = (
    (OpenSessionResponse(1, 0x11, 4, SID), "01 11 04 00 a4a3a2a0"),
    (Rakp2(2, 0x0D, SID), "02 0d 00 00 a4a3a2a0"),
    (Rakp2(0, 0x0D), "00 0d 00 00 00000000"),
    (Rakp3(3, 0x0F, 0x02000105), "03 0f 00 00 05010002"),
    (Rakp4(3, 0x02, SID), "03 02 00 00 a4a3a2a0"),
)


@pytest.mark.parametrize("message", WHOLE)
def test_messages_are_read_as_they_were_written(message: Message) -> None:
    assert type(message).from_bytes(message.to_bytes()) == message


@pytest.mark.parametrize(("message", "raw"), ERRORS)
def test_errors_end_after_the_session_id(message: Message, raw: str) -> None:
    assert message.to_bytes() == bytes.fromhex(raw)
    assert type(message).from_bytes(bytes.fromhex(raw)) == message


@pytest.mark.parametrize("message", [OpenSessionResponse(1, 0x11, 4, SID), Rakp2(2, 0x0D, SID)])
def test_an_error_padded_to_full_length_is_the_same_error(message: Message) -> None:
    assert type(message).from_bytes(message.to_bytes() + bytes(28)) == message


@pytest.mark.parametrize("message", [OpenSessionResponse, Rakp2, Rakp4])
def test_an_error_that_ends_after_its_status_has_session_id_0(
    message: type[OpenSessionResponse] | type[Rakp2] | type[Rakp4],
) -> None:
    """So ipmi_sim refuses a suite; a reader that wants more takes it for silence."""
    error = message.from_bytes(b"\x07\x04")
    assert (error.tag, error.status, error.remote_console_session_id) == (7, 4, 0)
    for raw in (b"", b"\x07", b"\x07\x00", b"\x07" + bytes(6)):
        with pytest.raises(DecodeError, match="needs"):
            message.from_bytes(raw)


@pytest.mark.parametrize(
    ("message", "shortest"),
    [
        (WHOLE[0], 32),
        (WHOLE[2], 36),
        (WHOLE[3], 33),
        (WHOLE[5], 40),
        (WHOLE[6], 8),
        (WHOLE[7], 8),
    ],
    ids=["open-request", "open-response", "rakp1", "rakp2", "rakp3", "rakp4"],
)
def test_messages_cut_short_are_refused(message: Message, shortest: int) -> None:
    raw = message.to_bytes()
    type(message).from_bytes(raw[:shortest])
    for length in range(shortest):
        with pytest.raises(DecodeError, match="needs"):
            type(message).from_bytes(raw[:length])


def test_a_user_name_longer_than_16_bytes_is_refused() -> None:
    raw = bytearray(Rakp1(2, 1, bytes(16), 0x14, b"u" * 16).to_bytes()) + b"u"
    raw[27] = 17
    with pytest.raises(DecodeError, match="at most 16"):
        Rakp1.from_bytes(bytes(raw))


def test_proposals_out_of_order_are_refused() -> None:
    raw = bytearray(WHOLE[0].to_bytes())
    raw[8], raw[16] = 1, 0
    with pytest.raises(DecodeError, match="proposal 0 expected, got 1"):
        OpenSessionRequest.from_bytes(bytes(raw))


@pytest.mark.parametrize("status", RmcpStatus)
def test_every_status_has_a_text_with_its_number(status: RmcpStatus) -> None:
    text = status_text(status)
    assert text.endswith(f"(status {status:02X}h)")
    assert "does not know:" not in text


def test_an_unknown_status_has_a_text_too() -> None:
    assert status_text(0x77).endswith("(status 77h)")


@pytest.mark.parametrize("suite", [SUITE_3, SUITE_17], ids=str)
def test_padding_a_secret_with_zeros_changes_nothing(suite: CipherSuite) -> None:
    """The specification pads to 20 bytes; HMAC does so itself."""
    assert key_exchange_code_2(suite, b"test", EXCHANGE) == key_exchange_code_2(
        suite, b"test".ljust(20, b"\0"), EXCHANGE
    )
    assert session_integrity_key(suite, b"x", b"key", EXCHANGE) == session_integrity_key(
        suite, b"y", b"key".ljust(20, b"\0"), EXCHANGE
    )


@pytest.mark.parametrize("kg", [b"", bytes(20)], ids=["empty", "zeros"])
def test_a_kg_of_zeros_is_none(kg: bytes) -> None:
    assert session_integrity_key(SUITE_3, b"secret", kg, EXCHANGE) == session_integrity_key(
        SUITE_3, b"ignored", b"secret", EXCHANGE
    )


def test_random_numbers_do_not_show_in_what_is_printed() -> None:
    assert "random=" not in repr(EXCHANGE)
