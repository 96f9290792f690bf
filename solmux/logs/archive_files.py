"""Opening a console's files for reading: also closed segments, which may get compressed or removed."""

import errno
import io
import os
import re
from collections import deque
from contextlib import suppress
from pathlib import Path

import zstandard

from solmux.logs.segments import ARCHIVE, COMPRESSED, closed_segments, segment_stem

BLOCK = 1 << 16  # bytes read at a time

File = io.FileIO | io.BufferedReader
"""A plain file, or the content of a compressed one (which knows no positions)."""

SegmentKey = tuple[int, int]
"""What stays the same about a segment when it gets compressed: its start, and the moment it was begun."""

_LINE_END = re.compile(rb"\n")


def list_closed(console: Path, suffix: str) -> list[SegmentKey]:
    """Return the closed segments of one kind of the console with directory *console*, oldest first."""
    try:
        names = [path.name for path in (console / ARCHIVE).iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [(segment.start, segment.opened) for segment in closed_segments(names, suffix)]


def plain_path(console: Path, key: SegmentKey, suffix: str) -> Path:
    """Return where a closed segment is while it is not compressed."""
    return console / ARCHIVE / f"{segment_stem(*key)}{suffix}"


def open_plain(path: Path) -> io.FileIO | None:
    """Open a file at its start; None if there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return io.FileIO(path)
    return None


def open_closed(console: Path, key: SegmentKey, suffix: str) -> File | None:
    """Open a closed segment at its start; None if it has been removed."""
    path = plain_path(console, key, suffix)
    for _ in range(2):  # the plain file goes when the compressed one is in place: it may be either, once more
        file = open_plain(path) or _open_compressed(path.with_name(path.name + COMPRESSED))
        if file is not None:
            return file
    return None


def read_block(file: File, size: int = BLOCK) -> bytes:
    """Read up to *size* bytes, nothing at the end. Raises `OSError`, for a damaged archive too."""
    try:
        return file.read(size)
    except zstandard.ZstdError as error:
        raise OSError(errno.EIO, f"damaged archive: {error}") from error


def skip(file: File, size: int) -> None:
    """Read on *size* bytes further, or to the end."""
    if isinstance(file, io.FileIO):
        file.seek(size, os.SEEK_CUR)
        return
    while size > 0 and (block := read_block(file, min(size, BLOCK))):
        size -= len(block)


def tail(file: File, lines: int) -> tuple[int, int]:
    """Return where the last *lines* lines of *file*, just opened, begin, and how many they are.

    A plain file is read by blocks from its end, no further than needed. Where reading stands afterwards is
    not defined.
    """
    return (
        _tail_of_plain(file.fileno(), lines) if isinstance(file, io.FileIO) else _tail_of_stream(file, lines)
    )


def _tail_of_plain(descriptor: int, lines: int) -> tuple[int, int]:
    size = at = os.fstat(descriptor).st_size
    if lines <= 0:
        return size, 0
    found = 0
    while at > 0:
        start = max(0, at - BLOCK)
        block = os.pread(descriptor, at - start, start)
        index = len(block) - (at == size)  # the last byte ends the last line, or is within it
        while (index := block.rfind(b"\n", 0, index)) >= 0:
            found += 1
            if found == lines:
                return start + index + 1, found
        at = start
    return 0, found + (size > 0)


def _tail_of_stream(file: File, lines: int) -> tuple[int, int]:
    starts: deque[int] = deque([0], maxlen=max(0, lines) + 1)
    position = 0
    while block := read_block(file):
        starts.extend(position + match.end() for match in _LINE_END.finditer(block))
        position += len(block)
    if starts[-1] == position:
        starts.pop()  # no line begins at the end
    elif len(starts) > max(0, lines):
        starts.popleft()
    return (starts[0], len(starts)) if starts else (position, 0)


def _open_compressed(path: Path) -> File | None:
    file = open_plain(path)
    if file is None:
        return None
    reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True, closefd=True)
    return io.BufferedReader(reader, BLOCK)
