"""Reading the raw record: console bytes by offset, with their times, across segments."""

import io
import math
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from solmux.logs import ttyrec
from solmux.logs.archive_files import File, SegmentKey, list_closed, open_closed, open_plain, read_block
from solmux.logs.eventlog import LoggedEvent, parse_lines
from solmux.logs.segments import EVENTS, RAW, RAW_SUFFIX, check_console_name

_TRIES = 5
_EVENTS_TAIL = 1 << 18  # bytes of events looked at for the open segment


class RawPiece(NamedTuple):
    """Bytes received at one moment.

    Attributes:
      offset: offset of the first byte.
      micros: microseconds since 1970, UTC.
      data: the bytes, at least one.
    """

    offset: int
    micros: int
    data: bytes


def raw_bytes(directory: Path, name: str, start: int, end: int) -> bytes:
    """Return what the raw record has of a console's bytes from offset *start* to *end*, joined.

    Bytes that were deleted or never recorded are left out; where that matters, ask for pieces. Raises what
    `raw_pieces` raises.
    """
    return b"".join(piece.data for piece in raw_pieces(directory, name, start, end))


def raw_pieces(
    directory: Path, name: str, start: int = 0, end: int | None = None
) -> Generator[RawPiece, None, None]:
    """Yield what the raw record has of a console's bytes from offset *start* to *end*, or to the present one.

    Args:
      directory: the log directory.
      name: the console's name. Raises `ValueError` if it cannot be one.
      start: first offset wanted; what is older than the oldest segment is missing.
      end: offset behind the last wanted.

    Raises `OSError` where reading fails; missing files are no failure. A torn record at the end is left out.
    Files stay open until all is read; who stops before calls `close`.
    """
    return _all_pieces(directory / check_console_name(name), start, math.inf if end is None else end)


def _all_pieces(console: Path, start: int, stop: float) -> Generator[RawPiece, None, None]:
    with ExitStack() as stack:
        live, closed = _open_live(console)
        if live is not None:
            stack.enter_context(live)
        events = _open_segment_events(console, closed)
        live_start = _live_start(console, closed, events) if live is not None else math.inf
        starts = [key[0] for key in closed]
        for key, following in zip(closed, [*starts[1:], live_start], strict=False):
            if following <= start or key[0] >= stop:
                continue
            file = open_closed(console, key, RAW_SUFFIX)
            if file is not None:
                with file:
                    yield from _within(_pieces(file, key[0]), start, stop)
        if live is not None:
            known = [(event.offset, event.raw) for event in events if event.offset <= start]
            offset, position = max(known, default=(int(live_start), 0))
            yield from _within(_pieces(live, offset, position), start, stop)


def _within(pieces: Iterator[RawPiece], start: int, stop: float) -> Iterator[RawPiece]:
    for offset, micros, data in pieces:
        if offset >= stop:
            return
        skipped = max(0, start - offset)
        wanted = data[skipped : int(min(len(data), stop - offset))]
        if wanted:
            yield RawPiece(offset + skipped, micros, wanted)


def _pieces(file: File, offset: int, position: int = 0) -> Iterator[RawPiece]:
    """Yield the records of *file* from *position* on, where the byte at *offset* is."""

    def read(at: int, length: int) -> bytes:
        if isinstance(file, io.FileIO):
            return os.pread(file.fileno(), length, at)
        return read_block(file, length)  # records are read one after the other, from the start

    for record in ttyrec.records(read, position):
        yield RawPiece(offset, record.micros, record.data)
        offset += len(record.data)


def _open_live(console: Path) -> tuple[io.FileIO | None, list[SegmentKey]]:
    """Open `console.ttyrec`, if it is there, and list the segments that were closed before it."""
    for _ in range(_TRIES):
        closed = list_closed(console, RAW_SUFFIX)
        live = open_plain(console / RAW)
        if set(closed).issuperset(list_closed(console, RAW_SUFFIX)):
            return live, closed
        if live is not None:
            live.close()  # rotated meanwhile: it may be one of those closed
    return None, closed


def _open_segment_events(console: Path, closed: list[SegmentKey]) -> list[LoggedEvent]:
    """Return the latest events of the open segment; each says which byte stands where in `console.ttyrec`."""
    file = open_plain(console / EVENTS)
    if file is None:
        return []
    with file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _EVENTS_TAIL))
        events = parse_lines(file.read())
    if not events or (events[-1].segment, events[-1].opened) in closed:
        return []
    return [
        event for event in events if event.segment == events[-1].segment and event.opened == events[-1].opened
    ]


def _live_start(console: Path, closed: list[SegmentKey], events: list[LoggedEvent]) -> int:
    """Return the offset of the first byte in `console.ttyrec`."""
    if events:
        return events[-1].segment
    if not closed:
        return 0
    start = offset = closed[-1][0]
    file = open_closed(console, closed[-1], RAW_SUFFIX)
    if file is not None:
        with file:
            for piece in _pieces(file, start):
                offset = piece.offset + len(piece.data)
    return offset
