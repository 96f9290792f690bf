"""Rows that were drawn over and over, held until their drawing is finished.

What is held is written, a line for each row that changed, when the page says so (a line end, a clear, an
event), when the drawing pauses for QUIET seconds, when it has been going on for HOLD_LIMIT, or when it covers
a text that the log does not have. A row drawn again with the text it had is not written again.
"""

import math

from solmux.logs.cleaner_output import Output
from solmux.logs.cleaner_row import Row

QUIET = 1.25  # seconds; countdowns and clocks redraw once a second and count as one drawing
HOLD_LIMIT = 30.0  # seconds until a row that never comes to rest is written as it is
HOLD_BYTES = 16384  # the same in bytes: what is held must still be in the console's ring after a crash


class Held:
    """The dirty rows of a page.

    Attributes:
      since: offset from which on text is held, or None when all of it has been returned.
      deadline: wall time at which `flush` is due, or infinity.
    """

    def __init__(self, output: Output) -> None:
        self.since: int | None = None
        self.deadline = math.inf
        self._latest = math.inf  # the deadline does not move beyond
        self._output = output
        self._rows: dict[int, Row] = {}
        self._drawing: Row | None = None  # the row changed since the last control character or sequence
        self._control = 0  # offset of that

    def control(self, offset: int) -> None:
        """Note that a control character or sequence, the one at *offset*, is about to be carried out."""
        if self.since is not None:
            self._end_drawing()
            if self.since is not None and offset - self.since > HOLD_BYTES:
                self.flush()
        self._control = offset

    def soil(self, row: Row, y: int, wall: float) -> None:
        """Hold *row*, number *y*, which is about to be changed by what was received at *wall*."""
        row.soil(self._control, wall)
        self._rows[y] = row
        self._drawing = row
        self._hold(self._control, wall)

    def clock_set_back(self, wall: float) -> None:
        """Count from *wall*, earlier than what came before: do not wait until the clock is there again."""
        if self.since is not None:
            self._latest = min(self._latest, wall + HOLD_LIMIT)
            self.deadline = min(self.deadline, wall + QUIET)

    def flush(self) -> None:
        """Write what is held, from the top."""
        if self.since is not None:
            self._end_drawing()
            self._write_all()

    def _hold(self, offset: int, wall: float) -> None:
        if self.since is None:
            self.since = offset
            self._latest = wall + HOLD_LIMIT
        self.deadline = min(wall + QUIET, self._latest)

    def _end_drawing(self) -> None:
        """If what was drawn last covers a text that was never written, write the page as it was before."""
        row, self._drawing = self._drawing, None
        if row is None or not row.overdrawn():
            return
        y = next(y for y, held in self._rows.items() if held is row)
        cells, since, move, changed_from = row.cells, row.since, row.move, row.changed_from
        row.cells, row.since = row.fullest, row.fullest_since
        self._write_all()
        row.soil(move, since)
        row.cells = cells
        row.remember()
        self._rows[y] = row
        self._hold(changed_from, since)

    def _write_all(self) -> None:
        output = self._output
        if (
            output.open is not None
            and output.open.dirty
            and output.open.text().startswith(output.open.logged)
        ):
            self._write(output.open)  # it goes on where the log ends
        for _, row in sorted(self._rows.items(), key=lambda item: item[0]):
            if row.dirty:
                self._write(row)
        if output.open is not None:
            output.open.drawn = False  # what follows on this row is written as it comes
        self._rows.clear()
        self.since = None
        self.deadline = self._latest = math.inf

    def _write(self, row: Row) -> None:
        if row.wiped():
            cells, since, move = row.cells, row.since, row.move
            row.cells, row.since = row.fullest, row.fullest_since
            self._write_text(row)
            row.soil(move, since)
            row.cells = cells
        self._write_text(row)

    def _write_text(self, row: Row) -> None:
        output, text, logged = self._output, row.text(), row.logged
        same = text.strip(" ") == logged.strip(" ")
        row.clean()
        if output.open is row and text and text.startswith(logged):
            output.extend(text[len(logged) :])
        elif same and output.open is row and row.cells[row.written : row.written + 1] == [" "]:
            row.written += 1  # the blank behind the text that the log has, too
        elif same or not text:
            if output.open is row:
                output.end()
        else:
            output.begin(row, text)
