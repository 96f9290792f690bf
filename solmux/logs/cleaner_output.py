"""The lines a cleaner appends: when one is opened, with which stamp, and when it is ended."""

from solmux.logs.cleaner_row import Row
from solmux.logs.log_lines import StampClock, event_line, printable


class Output:
    """Collects what is to be appended to the log.

    Attributes:
      open: the row on the log's last line while that line is not ended.
    """

    def __init__(self, not_before: float) -> None:
        self.open: Row | None = None
        self._clock = StampClock(not_before)
        self._parts: list[bytes] = []

    def take(self) -> bytes:
        """Return and forget what has been collected."""
        parts, self._parts = self._parts, []
        return b"".join(parts)

    def begin(self, row: Row, text: str) -> None:
        """Begin a line with *text* of *row*; the line stays open."""
        self.end()
        self._parts.append(self._clock.stamp(row.since))
        self._parts.append(printable(text).encode())
        self.open = row
        row.seen = True

    def extend(self, text: str) -> None:
        """Continue the open line."""
        self._parts.append(printable(text).encode())

    def end(self) -> None:
        """End the open line, if there is one."""
        if self.open is not None:
            self._parts.append(b"\n")
            self.open = None

    def empty_line(self, wall: float) -> None:
        self._parts.append(self._clock.stamp(wall) + b"\n")

    def lines(self, row: Row, lines: bytes, wall: float) -> None:
        """Append whole *lines* that show as they are; the first continues *row* if that is open."""
        if self.open is not row:
            self.end()
            self._parts.append(self._clock.stamp(wall))
        if lines.find(b"\n") < len(lines) - 1:
            lines = lines[:-1].replace(b"\n", b"\n" + self._clock.stamp(wall)) + b"\n"
        self._parts.append(lines)
        self.open = None

    def event(self, text: str, wall: float) -> None:
        self.end()
        self._parts.append(event_line(text, wall))
