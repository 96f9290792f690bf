"""IPMI messages and completion codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.ipmi.errors import DecodeError
from solmux.ipmi.message import (
    ChecksumError,
    CompletionCode,
    Request,
    Response,
    checksum,
    completion_text,
    is_request,
)

GET_DEVICE_ID = bytes.fromhex("2018c8810c0172")
DEVICE_ID = bytes.fromhex("811c63200c010000030908029f911200020f000000006a")


def test_a_request_by_its_bytes() -> None:
    assert Request(0x06, 0x01).to_bytes(3) == GET_DEVICE_ID
    assert Request.from_bytes(GET_DEVICE_ID) == (Request(0x06, 0x01), 3)
    assert is_request(GET_DEVICE_ID)


def test_a_response_by_its_bytes() -> None:
    response = Response.from_bytes(DEVICE_ID)
    assert response == Response(0x07, 0x01, 3, 0, DEVICE_ID[7:-1])
    assert response.to_bytes() == DEVICE_ID
    assert not is_request(DEVICE_ID)


@given(st.integers(0, 31), st.integers(0, 255), st.binary(max_size=80), st.integers(0, 3), st.integers(0, 63))
def test_requests_are_read_as_they_were_written(
    function: int, command: int, data: bytes, lun: int, sequence: int
) -> None:
    request = Request(2 * function, command, data, lun)
    raw = request.to_bytes(sequence)
    assert Request.from_bytes(raw) == (request, sequence)
    assert sum(raw[:3]) % 256 == sum(raw[3:]) % 256 == 0


@given(
    st.integers(0, 31), st.integers(0, 255), st.integers(0, 63), st.integers(0, 255), st.binary(max_size=80)
)
def test_responses_are_read_as_they_were_written(
    function: int, command: int, sequence: int, code: int, data: bytes
) -> None:
    response = Response(2 * function + 1, command, sequence, code, data)
    assert Response.from_bytes(response.to_bytes()) == response


def test_a_response_with_unswapped_addresses_is_read() -> None:
    """A Go implementation of a BMC answers like this."""
    raw = bytearray(DEVICE_ID)
    raw[0], raw[3] = 0x20, 0x81
    raw[2] = checksum(bytes(raw[:2]))
    raw[-1] = checksum(bytes(raw[3:-1]))
    assert Response.from_bytes(bytes(raw)) == Response.from_bytes(DEVICE_ID)


@pytest.mark.parametrize("offset", range(len(DEVICE_ID)))
def test_a_wrong_checksum_is_told_and_can_be_overlooked(offset: int) -> None:
    raw = bytearray(DEVICE_ID)
    raw[offset] ^= 0x40
    with pytest.raises(ChecksumError, match="checksum must be"):
        Response.from_bytes(bytes(raw))
    assert isinstance(Response.from_bytes(bytes(raw), verify_checksums=False), Response)


@pytest.mark.parametrize(
    ("raw", "told"), [(b"", "got 0"), (GET_DEVICE_ID[:-1], "got 6"), (DEVICE_ID, "must be even")]
)
def test_what_is_no_request_is_refused(raw: bytes, told: str) -> None:
    with pytest.raises(DecodeError, match=told):
        Request.from_bytes(raw)


@pytest.mark.parametrize(
    ("raw", "told"), [(b"", "got 0"), (DEVICE_ID[:7], "got 7"), (GET_DEVICE_ID + b"\0", "must be odd")]
)
def test_what_is_no_response_is_refused(raw: bytes, told: str) -> None:
    with pytest.raises(DecodeError, match=told):
        Response.from_bytes(raw)


@pytest.mark.parametrize(
    "response",
    [Response(0x05, 0x01, 3, 0), Response(0x07, 0x02, 3, 0), Response(0x07, 0x01, 4, 0)],
    ids=["function", "command", "sequence"],
)
def test_a_response_to_something_else_does_not_answer(response: Response) -> None:
    assert not response.answers(Request(0x06, 0x01), 3)
    assert Response(0x07, 0x01, 3, 0).answers(Request(0x06, 0x01), 3)


@pytest.mark.parametrize("code", CompletionCode)
def test_every_generic_code_has_a_text(code: CompletionCode) -> None:
    text = completion_text(0x06, 0x99, code)
    assert text.endswith(f"(completion code {code:02X}h)")
    assert "vendor" not in text


@pytest.mark.parametrize(
    ("net_fn", "command", "code", "told"),
    [
        (0x06, 0x48, 0x80, "another session"),
        (0x07, 0x48, 0x81, "SOL is disabled"),
        (0x06, 0x3B, 0x81, "exceeds the limit"),
        (0x0C, 0x22, 0x80, "does not support this parameter"),
        (0x0D, 0x21, 0x82, "read-only"),
        (0x0C, 0x48, 0x80, "vendor"),
        (0x00, 0x02, 0x80, "vendor"),
        (0x00, 0x02, 0xD5, "power state"),
        (0x06, 0x48, 0xD4, "administrator"),
    ],
)
def test_codes_are_told_by_their_command(net_fn: int, command: int, code: int, told: str) -> None:
    assert told in completion_text(net_fn, command, code)
