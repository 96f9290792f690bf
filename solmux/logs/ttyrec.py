"""The raw record: console bytes in ttyrec format, as ttyplay and its descendants read it.

A record is seconds, microseconds and length as unsigned 32-bit little-endian numbers, then `length` bytes.
The concatenated payloads of a file are exactly what the console printed. A file is read only up to the first
header that cannot be ours: a kill or a power cut can leave a torn record (or, on some filesystems, a tail of
zeros) behind the last whole one.
"""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

HEADER = struct.Struct("<III")
LONGEST = 1 << 20  # bytes of payload; ours are far shorter, anything beyond is not a header
BLOCK = 1 << 18  # bytes read at a time
MICROSECONDS = 1_000_000
LATEST = (1 << 32) * MICROSECONDS - 1  # the format's last moment, in 2106

Reader = Callable[[int, int], bytes]
"""Reads from a file: position and length in, at most that many bytes out; nothing at the end."""


class Record(NamedTuple):
    """One record.

    Attributes:
      position: where its header begins in the file.
      micros: microseconds since the epoch, UTC.
      data: the payload, never empty.
    """

    position: int
    micros: int
    data: bytes

    @property
    def end(self) -> int:
        """Position behind the record."""
        return self.position + HEADER.size + len(self.data)


class Extent(NamedTuple):
    """The whole records of a stretch of a file.

    Attributes:
      end: position behind the last whole record; what follows is torn.
      payload: bytes of payload up to there.
      micros: stamp of the last record, 0 without one.
    """

    end: int
    payload: int
    micros: int


def header(micros: int, length: int) -> bytes:
    """Return the header of a record of *length* bytes; a moment the format cannot hold is moved into it."""
    if not 0 <= micros <= LATEST:
        micros = min(max(micros, 0), LATEST)
    return HEADER.pack(micros // MICROSECONDS, micros % MICROSECONDS, length)


def records(read: Reader, position: int = 0) -> Iterator[Record]:
    """Yield the whole records from *position*, a record boundary, up to the end or the first torn one."""
    buffer = b""
    at = 0  # in the buffer, which begins at `position`
    while True:
        needed = HEADER.size
        if len(buffer) - at >= needed:
            seconds, microseconds, length = HEADER.unpack_from(buffer, at)
            if not 0 < length <= LONGEST or microseconds >= MICROSECONDS:
                return
            needed += length
            if len(buffer) - at >= needed:
                data = buffer[at + HEADER.size : at + needed]
                yield Record(position + at, seconds * MICROSECONDS + microseconds, data)
                at += needed
                continue
        position, buffer, at = position + at, buffer[at:], 0
        more = read(position + len(buffer), max(BLOCK, needed - len(buffer)))
        if not more:
            return
        buffer += more


def measure(read: Reader, position: int = 0) -> Extent:
    """Count the whole records from *position*, a record boundary."""
    payload = micros = 0
    end = position
    for record in records(read, position):
        payload += len(record.data)
        micros = record.micros
        end = record.end
    return Extent(end, payload, micros)
