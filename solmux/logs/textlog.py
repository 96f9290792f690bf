"""The text of one console on its way to `console.log`, and where it could be made anew from.

The text is derived: the same records and events give the same text. So after a kill the file is cut back to a
*mark*, a point behind a line feed where nothing was held, and what came since is fed to a fresh cleaner.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from solmux.logs.stamps import MICROSECONDS

BOUNDARIES_LIMIT = 128
SPLIT_LAG = 8 << 10  # bytes fed since the mark after which a line feed within a record is good for one
LAG_LIMIT = 64 << 10  # bytes fed since the mark after which one is taken that may repeat a held line


class TextCleaner(Protocol):
    """Console bytes in, text out (`logs.cleaner.Cleaner`); wall times in seconds."""

    @property
    def deadline(self) -> float | None:
        """When `tick` has work."""

    @property
    def settled(self) -> int:
        """Bytes fed whose text has all been returned."""

    def feed(self, data: bytes, wall: float) -> bytes:
        """Take bytes; return text."""

    def tick(self, wall: float) -> bytes:
        """Return text that was held long enough."""

    def event(self, text: str, wall: float) -> bytes:
        """Return the end of the open line, and an event line."""

    def finish(self, wall: float) -> bytes:
        """Return everything held and the end of the open line."""


NewCleaner = Callable[[float], TextCleaner]
"""Makes a cleaner whose stamps are none of them earlier than the argument."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point from which the text can be made anew.

    Attributes:
      offset: text of all bytes below, and of no others...
      size: ...is this much of `console.log`.
      raw_size: a record boundary at or before `offset`: its position in `console.ttyrec`...
      raw_offset: ...and its offset.
      sequence: the last event before the mark.
    """

    offset: int
    size: int
    raw_size: int
    raw_offset: int
    sequence: int


class TextLog:
    """Cleaner, text not yet in the file, mark.

    Attributes:
      pending: text to append to the file.
      size: size of the file once `pending` is in it.
      mark: where the text can be made anew from.
    """

    def __init__(self, new_cleaner: NewCleaner, mark: Mark, micros: int = 0) -> None:
        """Begin at *mark*, the start of a line; no stamp will be earlier than *micros*."""
        self._new_cleaner = new_cleaner
        self.pending = bytearray()
        self.begin(mark, micros)

    def begin(self, mark: Mark, micros: int) -> None:
        """Begin at *mark* with a fresh cleaner; what is pending stays so."""
        self._cleaner = self._new_cleaner(micros / MICROSECONDS)
        self._base = self._end = mark.offset  # offsets of the first byte fed to the cleaner, and of the next
        self._at_line_start = True  # of the file
        self._fed_line_end = True  # the last byte was a line feed
        self._boundaries: deque[tuple[int, int]] = deque([(mark.raw_offset, mark.raw_size)])
        self._sequence = mark.sequence
        self.size = mark.size
        self.mark = mark

    @property
    def deadline(self) -> float | None:
        """Wall time at which `tick` has work."""
        return self._cleaner.deadline

    def record(self, data: bytes, micros: int, end: int, raw_end: int) -> None:
        """Take the bytes of a record that ends at offset *end* and position *raw_end*."""
        cut = 0
        if not data.endswith(b"\n") and end - self.mark.offset > SPLIT_LAG:
            cut = data.rfind(b"\n") + 1
        if cut:
            self._feed(data[:cut], micros, end - len(data) + cut)
            data = data[cut:]
        if len(self._boundaries) < BOUNDARIES_LIMIT:
            self._boundaries.append((end, raw_end))
        self._feed(data, micros, end)

    def event(self, text: str, micros: int, sequence: int) -> None:
        """Write the line of event number *sequence*, which falls at the end of the last record."""
        self._sequence = sequence
        self._add(self._cleaner.event(text, micros / MICROSECONDS))
        self._settle(self._end)

    def silent_event(self, sequence: int) -> None:
        """Event number *sequence* has no line."""
        self._sequence = sequence

    def tick(self, wall: float) -> None:
        """Write what was held long enough."""
        self._add(self._cleaner.tick(wall))
        self._settle(self._end)

    def finish(self, micros: int) -> None:
        """End the open line; the cleaner is of no use until `begin`."""
        self._add(self._cleaner.finish(micros / MICROSECONDS))

    def written(self) -> None:
        """What was pending is in the file."""
        self.pending.clear()

    def file_changed(self, size: int) -> None:
        """The file has another size than it should: somebody else has been there.

        The text before is not ours to make anew any more; the mark moves here, in the midst of a line or not.
        """
        self.size = size
        offset, raw_size = self._boundaries[-1]
        self._fed_line_end = False
        self.mark = Mark(offset, size, raw_size, offset, self._sequence)

    def raw_changed(self, offset: int) -> None:
        """`console.ttyrec` begins at *offset* now: what came before cannot be fed again."""
        self._boundaries = deque([(offset, 0)])
        self.mark = Mark(offset, self.size, 0, offset, self._sequence)

    def _feed(self, data: bytes, micros: int, end: int) -> None:
        self._add(self._cleaner.feed(data, micros / MICROSECONDS))
        self._fed_line_end = data.endswith(b"\n")
        self._end = end
        if self._at_line_start:
            self._settle(end)

    def _add(self, text: bytes) -> None:
        if text:
            self.pending += text
            self.size += len(text)
            self._at_line_start = text.endswith(b"\n")

    def _settle(self, fed: int) -> None:
        """Move the mark here if a fresh cleaner would go on as this one does, or if it is too far behind."""
        if not self._at_line_start:
            return
        settled = self._base + self._cleaner.settled
        exact = self._fed_line_end and settled == fed and self._cleaner.deadline is None
        if not exact and fed - self.mark.offset < LAG_LIMIT:
            return
        boundaries = self._boundaries
        while len(boundaries) > 1 and boundaries[1][0] <= settled:
            boundaries.popleft()
        raw_offset, raw_size = boundaries[0]
        if raw_offset <= settled:
            self.mark = Mark(settled, self.size, raw_size, raw_offset, self._sequence)
