"""Escape sequences and characters of UTF-8 stay in one packet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.ipmi.keystrokes import cut

SEQUENCES = {
    "arrow": b"\x1b[A",
    "control-arrow": b"\x1b[1;5C",
    "page up": b"\x1b[5~",
    "F1": b"\x1bOP",
    "F1 with a modifier": b"\x1bO5P",
    "F1 on the Linux console": b"\x1b[[A",
    "F12": b"\x1b[24~",
    "bracketed paste": b"\x1b[200~",
    "answer to a cursor query": b"\x1b[24;80R",
    "mouse, three bytes": b"\x1b[M !!",
    "mouse, SGR": b"\x1b[<0;10;10M",
    "Meta-x": b"\x1bx",
    "Meta-arrow": b"\x1b\x1b[B",
    "Meta-e-acute": b"\x1b\xc3\xa9",
    "e-acute": b"\xc3\xa9",
    "euro": b"\xe2\x82\xac",
    "face": b"\xf0\x9f\x98\x80",
}


def packets(data: bytes, limit: int) -> list[bytes]:
    found = []
    while data:
        count = cut(data, limit)
        found.append(data[:count])
        data = data[count:]
    return found


@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=SEQUENCES.keys())
def test_a_sequence_at_the_limit_goes_into_the_next_packet(sequence: bytes) -> None:
    limit = 16
    for before in range(limit - len(sequence) + 1, limit):
        first, second = packets(b"a" * before + sequence + b"z", limit)
        assert first == b"a" * before
        assert second == sequence + b"z"


@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=SEQUENCES.keys())
def test_a_sequence_that_just_fits_is_not_put_off(sequence: bytes) -> None:
    limit = 16
    before = b"a" * (limit - len(sequence))
    assert packets(before + sequence + b"zz", limit)[0] == before + sequence


@given(
    st.lists(st.sampled_from([*SEQUENCES.values(), b"a", b"\r", b"ls -l\r", b"\xff", b"\xb3"]), max_size=60)
)
def test_no_packet_ends_inside_a_sequence(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    whole = packets(data, 12)
    assert b"".join(whole) == data
    assert all(0 < len(packet) <= 12 for packet in whole)
    borders = {0}
    for piece in pieces:
        start = max(borders)
        if piece.isascii() and not piece.startswith(b"\x1b"):
            borders.update(range(start, start + len(piece)))
        borders.add(start + len(piece))
    end = 0
    for packet in whole:
        end += len(packet)
        assert end in borders


def test_a_lone_escape_goes_as_it_is() -> None:
    assert packets(b"\x1b", 16) == [b"\x1b"]
    assert packets(b"a" * 15 + b"\x1b", 16) == [b"a" * 15 + b"\x1b"]


def test_a_sequence_longer_than_a_packet_is_sent_in_whole_packets() -> None:
    report = b"\x1b[" + b"1;" * 20 + b"c"
    assert [len(packet) for packet in packets(report, 16)] == [16, 16, 11]
    assert packets(b"abc" + report, 16)[0] == b"abc"


@given(st.binary(max_size=300), st.integers(1, 64))
def test_any_bytes_are_cut_into_packets(data: bytes, limit: int) -> None:
    whole = packets(data, limit)
    assert b"".join(whole) == data
    assert all(0 < len(packet) <= limit for packet in whole)
