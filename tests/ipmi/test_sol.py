"""SOL packets against known bytes, and the rule for repeated numbers as a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.ipmi.errors import DecodeError
from solmux.ipmi.sol import History, Operation, SolPacket, Status, is_newer, next_number, take


@pytest.mark.parametrize(
    ("raw", "packet"),
    [
        # recorded: ipmitool types "root\r" and acknowledges 16 characters of packet 1 along with it
        ("01011000726f6f740d", SolPacket(1, 1, 16, 0, b"root\r")),
        # recorded: an acknowledgement; ipmi_sim takes 32 of 100 characters, then is ready again
        ("00011000", SolPacket(0, 1, 16)),
        ("00082040", SolPacket(0, 8, 32, Status.NACK)),
        ("00082000", SolPacket(0, 8, 32)),
        # recorded: BREAK from the console, SOL deactivated by somebody else
        ("03000010", SolPacket(3, flags=Operation.BREAK)),
        ("00000010", SolPacket(0, flags=Status.DEACTIVATING)),
    ],
)
def test_packets_are_read_and_written_as_recorded(raw: str, packet: SolPacket) -> None:
    assert SolPacket.from_bytes(bytes.fromhex(raw)) == packet
    assert packet.to_bytes() == bytes.fromhex(raw)


def test_reserved_nibbles_are_ignored() -> None:
    assert SolPacket.from_bytes(b"\xf1\xa2\x03\x00x") == SolPacket(1, 2, 3, 0, b"x")


@given(st.binary())
def test_only_packets_shorter_than_the_header_are_malformed(raw: bytes) -> None:
    if len(raw) < 4:
        with pytest.raises(DecodeError, match=f"got {len(raw)}"):
            SolPacket.from_bytes(raw)
    else:
        assert SolPacket.from_bytes(raw).data == raw[4:]


def test_numbers_go_round_without_zero() -> None:
    assert [next_number(number) for number in (0, 1, 14, 15)] == [1, 2, 15, 1]
    assert next_number(9, 12) == 6


@pytest.mark.parametrize(
    ("sequence", "other", "newer"),
    [(2, 1, True), (1, 2, False), (1, 1, False), (1, 0xFFFFFFFF, True), (0xFFFFFFF0, 5, False)],
)
def test_a_session_number_is_newer_across_the_wrap(sequence: int, other: int, newer: bool) -> None:
    assert is_newer(sequence, other) is newer


@pytest.mark.parametrize(
    ("number", "data", "history", "new", "accepted"),
    [
        pytest.param(7, b"first", History(), b"first", 5, id="any number may come first"),
        pytest.param(3, b"next", History(2, b"last"), b"next", 4, id="next number"),
        pytest.param(9, b"after", History(2, b"last"), b"after", 5, id="numbers left out"),
        pytest.param(2, b"last", History(2, b"last"), b"", 4, id="same packet again"),
        pytest.param(2, b"last and", History(2, b"last"), b"", 4, id="grown: the first count again"),
        pytest.param(
            2,
            b"last and",
            History(2, b"last", b" and", unheeded=True),
            b" and",
            8,
            id="grown, for ever: taken",
        ),
        pytest.param(2, b"la", History(2, b"last"), b"", 2, id="shorter copy"),
        pytest.param(2, b"other", History(2, b"last"), b"other", 5, id="fourteen lost packets later"),
        pytest.param(3, b" and on", History(2, b"last", b" and"), b" and on", 7, id="the tail, grown again"),
        pytest.param(3, b" a", History(2, b"last", b" and"), b" a", 2, id="the tail in pieces"),
        pytest.param(3, b"x", History(2, b"last", b" and"), b" andx", 1, id="the tail was given up"),
        pytest.param(2, b"", History(2, b""), b"", 0, id="empty packet again"),
        pytest.param(2, b"x", History(2, b""), b"", 0, id="empty packet that has grown"),
    ],
)
def test_what_a_numbered_packet_brings(
    number: int, data: bytes, history: History, new: bytes, accepted: int
) -> None:
    assert take(number, data, history) == (new, accepted)


NUMBERS = st.integers(1, 15)
TEXTS = st.binary(max_size=6)


@given(NUMBERS, TEXTS, st.builds(History, NUMBERS, TEXTS, TEXTS, st.booleans()))
def test_nothing_is_invented_and_never_more_acknowledged_than_came(
    number: int, data: bytes, history: History
) -> None:
    new, accepted = take(number, data, history)
    assert (history.held + data).endswith(new)
    assert 0 <= accepted <= len(data)
    assert take(number, data, history) == (new, accepted)
