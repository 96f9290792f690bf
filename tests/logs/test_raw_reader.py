"""Bytes by offset from the raw record, across segments."""

from pathlib import Path

import pytest

from solmux.logs.raw_reader import RawPiece, raw_bytes, raw_pieces
from solmux.logs.segments import EVENTS, RAW
from tests.logs.segments_on_disk import OPENED, SECOND, SegmentsOnDisk

NAME = "server42"
TEXT = bytes(range(256)) * 4


@pytest.fixture(params=["plain", "compressed", "without events"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A console whose bytes are TEXT, in records of 16 bytes and segments of 256; the last one is open."""
    disk = SegmentsOnDisk(tmp_path, NAME)
    for at in range(0, len(TEXT), 16):
        if at % 256 == 0:
            if at:
                stem = disk.rotate()
                if request.param == "compressed":
                    disk.compress(stem)
            disk.console.mkdir(exist_ok=True)
            disk.event()
        disk.raw(TEXT[at : at + 16], OPENED + at)
        if at % 80 == 0:
            disk.event("mark")
    if request.param == "without events":
        (disk.console / EVENTS).unlink()
    return tmp_path


def test_any_stretch_is_read_exactly(directory: Path) -> None:
    for start in (0, 1, 16, 255, 256, 257, 700, 768, 800, 1000, 1023):
        for end in (start, start + 1, start + 300, 1024, 2000):
            assert raw_bytes(directory, NAME, start, end) == TEXT[start:end], (start, end)


def test_pieces_carry_offset_and_time(directory: Path) -> None:
    assert list(raw_pieces(directory, NAME, 250, 275)) == [
        RawPiece(250, OPENED + 240, TEXT[250:256]),
        RawPiece(256, OPENED + 256, TEXT[256:272]),
        RawPiece(272, OPENED + 272, TEXT[272:275]),
    ]
    assert b"".join(piece.data for piece in raw_pieces(directory, NAME)) == TEXT


def test_what_retention_removed_is_missing_and_the_offsets_say_so(directory: Path) -> None:
    for path in (directory / NAME / "archive").iterdir():
        if path.name.startswith(f"{256:015d}"):
            path.unlink()
    offsets = [piece.offset for piece in raw_pieces(directory, NAME, 200, 600)]
    assert offsets[:5] == [200, 208, 224, 240, 512]


def test_torn_record_at_the_end_is_left_out(directory: Path) -> None:
    with (directory / NAME / RAW).open("ab") as file:
        file.write(b"\x00\x01\x02\x6b\x00\x00\x00\x00\x10\x00\x00\x00half")
    assert raw_bytes(directory, NAME, 1000, 5000) == TEXT[1000:]


def test_gap_before_the_open_segment_keeps_its_offsets(tmp_path: Path) -> None:
    disk = SegmentsOnDisk(tmp_path, NAME)
    disk.raw(b"before", OPENED)
    disk.event()
    disk.offset += 100  # lost
    disk.rotate()
    disk.event()
    disk.raw(b"after", OPENED + SECOND)
    assert list(raw_pieces(tmp_path, NAME)) == [
        RawPiece(0, OPENED, b"before"),
        RawPiece(106, OPENED + SECOND, b"after"),
    ]


def test_console_that_never_logged_has_no_bytes(tmp_path: Path) -> None:
    assert raw_bytes(tmp_path, NAME, 0, 100) == b""


def test_name_that_no_console_can_have_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot name a console"):
        raw_pieces(tmp_path, "../etc")


def test_reading_in_part_leaves_no_file_open(directory: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    pieces = raw_pieces(directory, NAME)
    next(pieces)
    pieces.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
