"""The raw record's codec."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solmux.logs import ttyrec


def reader(data: bytes, block: int = 1 << 20) -> ttyrec.Reader:
    return lambda position, length: data[position : position + min(length, block)]


def file_of(*payloads: bytes, micros: int = 1_700_000_000_000_000) -> bytes:
    return b"".join(ttyrec.header(micros + i, len(data)) + data for i, data in enumerate(payloads))


def test_a_record_is_three_little_endian_words_and_its_bytes() -> None:
    raw = bytes.fromhex("00f15365 40e20100 05000000") + b"hello"
    assert ttyrec.header(1_700_000_000_123_456, 5) + b"hello" == raw
    assert list(ttyrec.records(reader(raw))) == [ttyrec.Record(0, 1_700_000_000_123_456, b"hello")]


@pytest.mark.parametrize(("micros", "seconds"), [(-5, 0), (1 << 60, (1 << 32) - 1)])
def test_a_clock_out_of_the_formats_range_still_gives_a_record(micros: int, seconds: int) -> None:
    assert struct.unpack("<III", ttyrec.header(micros, 1))[0] == seconds


@given(
    payloads=st.lists(st.binary(min_size=1, max_size=40), max_size=20),
    torn=st.integers(0, 60),
    block=st.integers(1, 64),
)
@settings(max_examples=150)
def test_a_file_cut_anywhere_yields_its_whole_records(payloads: list[bytes], torn: int, block: int) -> None:
    whole = file_of(*payloads)
    cut = whole[: max(0, len(whole) - torn)]
    found = list(ttyrec.records(reader(cut, block)))
    assert [record.data for record in found] == payloads[: len(found)]
    end = len(file_of(*payloads[: len(found)]))
    assert ttyrec.measure(reader(cut, block)) == ttyrec.Extent(
        end, sum(len(r.data) for r in found), found[-1].micros if found else 0
    )
    assert len(found) == len(payloads) or len(cut) < end + 12 + len(payloads[len(found)])


@pytest.mark.parametrize(
    "tail",
    [bytes(4096), struct.pack("<III", 1, 1_000_000, 4) + b"late", struct.pack("<III", 1, 0, (1 << 20) + 1)],
    ids=["zeros after a power cut", "microseconds of a second and more", "longer than any of ours"],
)
def test_what_cannot_be_a_header_ends_the_file(tail: bytes) -> None:
    whole = file_of(b"one", b"two")
    assert ttyrec.measure(reader(whole + tail)).end == len(whole)


def test_reading_can_begin_at_any_record() -> None:
    raw = file_of(b"one", b"two", b"three")
    second = len(file_of(b"one"))
    assert [record.data for record in ttyrec.records(reader(raw), second)] == [b"two", b"three"]
    assert next(ttyrec.records(reader(raw), second)).position == second


def test_records_longer_than_a_block_are_read() -> None:
    data = bytes(range(256)) * 2048
    raw = file_of(data, b"x")
    assert [record.data for record in ttyrec.records(reader(raw, 1000))] == [data, b"x"]
