"""The rows a console draws, and how they become the lines of an append-only log.

Ordinary output flows: each character is written as it comes, and a line end ends the line. Where a program
goes back over what it drew (BS, CR, cursor addressing), a page of rows is kept as a terminal keeps it, and
what changes is held until the drawing is finished (`cleaner_held`).

Columns are never cut off: firmware leaves terminals with autowrap off, where a real one would drop what lies
beyond column 80. Nor do rows wrap, save where a shell's line editor says that its line goes on.
"""

from operator import ne

from solmux.logs.cleaner_held import Held
from solmux.logs.cleaner_output import Output
from solmux.logs.cleaner_row import COLUMN_LIMIT, GAP, Row, columns

LINE_LIMIT = 16384  # columns; a longer line is continued on a new line with a stamp of its own
ROW_LIMIT = 128
SHELL_WIDTH = 80  # columns a shell believes in when nobody told it the size of the terminal

_UNKNOWN_ROW = 1_000_000  # row numbers before the first cursor address: far from any real one
_BOTTOM = 24  # from here on a line end may scroll instead of moving the cursor down


class Page:
    """Takes characters and cursor movements, gives lines of text.

    Attributes:
      y, x: the cursor; rows count from 1 once the console has addressed one, columns from 0.
      held: what of the page is not in the log yet.
    """

    def __init__(self, not_before: float) -> None:
        self.y = _UNKNOWN_ROW
        self.x = 0
        self._output = Output(not_before)
        self.held = Held(self._output)
        self._row = Row()
        self._row_y = self.y
        self._rows = {self.y: self._row}
        self._saved = (self.y, 0)
        self._empty = False  # the page has been cleared, and nothing drawn since

    def take(self) -> bytes:
        """Return and forget what is to be appended to the log."""
        return self._output.take()

    # Text

    def put(self, text: str, wall: float) -> None:
        """Draw *text* at the cursor; of its characters only TAB and line ends must have been taken out."""
        self._draw(columns(text), wall)

    def tab(self, wall: float) -> None:
        width = 8 - self.x % 8
        if self.x >= len(self._here().cells):
            self._draw(["\t"] + [""] * (width - 1), wall)
        else:
            self.x = min(self.x + width, LINE_LIMIT - 1)

    def repeat(self, count: int, wall: float) -> None:
        """Draw the character before the cursor *count* more times (REP)."""
        cells = self._here().cells
        if 0 < self.x <= len(cells) and cells[self.x - 1] not in ("", "\t", GAP):
            self.put(cells[self.x - 1] * min(count, COLUMN_LIMIT), wall)

    def flowing(self) -> bool:
        """Tell whether whole lines can be written as they are: nothing held, the cursor at the row's end."""
        row = self._row
        return (
            self.held.since is None
            and self._row_y == self.y
            and self.x == row.written == len(row.cells)
            and not row.drawn
            and not row.passing
            and (self._output.open is row or not row.cells)
        )

    def flow_lines(self, lines: bytes, wall: float) -> None:
        """Write whole *lines* that show as they are. Only while `flowing`."""
        self._output.lines(self._row, lines, wall)
        self.y += lines.count(b"\n")
        self._start_row(Row())

    # Cursor

    def move(self, y: int | None = None, x: int | None = None) -> None:
        """Put the cursor on row *y* and column *x*; what is None stays."""
        if y is not None:
            self.y = max(1, y)
        if x is not None:
            self.x = min(max(0, x), max(self.x, COLUMN_LIMIT))

    def carriage_return(self) -> None:
        """Go to the row's start, unless a shell's line editor only wraps its line.

        At the right margin it sends a blank, so that the terminal wraps, and CR (terminfo's am with xenl).
        """
        row = self._row
        if (
            self.x > SHELL_WIDTH
            and self.x % SHELL_WIDTH == 1
            and self.x == len(row.cells)
            and self._row_y == self.y
            and row.cells[-1] == " "
            and (row.dirty or row.written < self.x)
        ):
            del row.cells[-1]
            self.x -= 1
        else:
            self.x = 0

    def save_cursor(self) -> None:
        self._saved = (self.y, self.x)

    def restore_cursor(self) -> None:
        self.y, self.x = self._saved

    # Line ends

    def line_end(self, wall: float) -> None:
        """End the row: the next one is another line, and rows drawn before are forgotten."""
        row = self._row
        blank = not row.length()
        passing = self._row_y != self.y or row.drawn or (row.passing and blank)
        self.end()
        if blank and not passing and not row.seen:
            self._output.empty_line(wall)
        self.y += 1
        self._start_row(Row(passing=passing))

    def clear(self) -> None:
        """Write what was drawn, and begin an empty page on the cursor's row."""
        self.end()
        self._start_row(Row())
        self._empty = True

    def scroll(self) -> None:
        """Write what was drawn; after that, no row is where it was."""
        column = self.x
        self.clear()
        self._row.drawn = True
        self.x = column

    def reverse_line_feed(self) -> None:
        if self.y > 1:
            self.y -= 1
        else:
            self.scroll()

    # Changes of a row

    def erase(self, start: int, stop: int, wall: float) -> None:
        """Blank the row's columns from *start* up to *stop*."""
        row = self._here()
        if start >= min(stop, len(row.cells)):
            return
        if start < row.written or row.dirty:
            self.held.soil(row, self.y, wall)
            row.changes += stop - start
        row.split(start)
        row.split(stop)
        if stop >= len(row.cells):
            del row.cells[start:]
        else:
            row.cells[start:stop] = " " * (stop - start)

    def erase_below(self, wall: float) -> None:
        """Blank what is right of the cursor and below it."""
        if (self.y, self.x) == (1, 0):
            self.clear()
            return
        if len(self._rows) > 1:
            self.held.flush()
            self._rows = {self.y: self._here()}
        self.erase(self.x, LINE_LIMIT, wall)

    def insert(self, count: int, wall: float) -> None:
        """Push what stands at the cursor *count* columns to the right (ICH)."""
        row = self._here()
        if self.x < len(row.cells):
            self.held.soil(row, self.y, wall)
            row.changes += len(row.cells) - self.x
            row.split(self.x)
            row.cells[self.x : self.x] = " " * min(count, COLUMN_LIMIT)
            del row.cells[LINE_LIMIT:]

    def delete(self, count: int, wall: float) -> None:
        """Take *count* columns away at the cursor (DCH)."""
        row = self._here()
        if self.x < len(row.cells):
            self.held.soil(row, self.y, wall)
            row.changes += len(row.cells) - self.x
            row.split(self.x)
            row.split(self.x + count)
            del row.cells[self.x : self.x + count]

    # Writing

    def event(self, text: str, wall: float) -> None:
        """Write an event line; what the console sends next begins a line of its own."""
        self.end()
        self._output.event(text, wall)
        self._rows = {self._row_y: self._row}
        self._row.written = len(self._row.cells)

    def end(self) -> None:
        """Write what is held and end the open line."""
        self.held.flush()
        self._output.end()

    def _flow(self, row: Row) -> None:
        """Write the end of a clean row; of the blanks behind its text only the first: more may be a wipe."""
        start, stop = row.written, row.length(row.written)
        if stop < len(row.cells) and stop % SHELL_WIDTH and row.cells[stop - 1] not in (" ", GAP):
            stop += 1
        if stop > start:
            text = "".join(row.cells[start:stop]).lstrip(GAP)
            row.written = stop
            if self._output.open is row:
                self._output.extend(text)
            else:
                self._output.begin(row, text)

    # Cells

    def _draw(self, cells: list[str], wall: float) -> None:
        done = 0
        while done < len(cells):
            row = self._here()
            room = len(row.cells) - self.x
            part = cells[done : done + (room if room > 0 else LINE_LIMIT - self.x)]
            if room > 0:
                self._overwrite(row, part, wall)
            else:
                self._append(row, part, wall)
            self.x += len(part)
            done += len(part)
            if self.x >= LINE_LIMIT:
                self.clear()

    def _overwrite(self, row: Row, part: list[str], wall: float) -> None:
        stop = self.x + len(part)
        before = row.cells[self.x : stop]
        if before != part:
            self.held.soil(row, self.y, wall)
            row.changes += sum(map(ne, before, part))
            row.split(self.x)
            row.split(stop)
            row.cells[self.x : stop] = part

    def _append(self, row: Row, part: list[str], wall: float) -> None:
        blank = part.count(" ") == len(part)
        if row.dirty or (row.drawn and not blank):
            self.held.soil(row, self.y, wall)
            row.changes += len(part)
        idle = row.written < len(row.cells)  # blanks are kept back already
        if not idle and self._output.open is not row and not row.dirty:
            row.since = wall
        row.cells.extend((" " if row.cells else GAP) * (self.x - len(row.cells)))
        row.cells.extend(part)
        if not row.dirty and not row.drawn and not (idle and blank):
            self._flow(row)

    def _here(self) -> Row:
        """Return the cursor's row. Movements take effect only here: going there and back is no change."""
        if self._row_y != self.y:
            if self._continues_row() or (self._empty and (self.y, self.x) == (1, 0)):
                self._rows = {self.y: self._row}
            else:
                if len(self._row.cells) > COLUMN_LIMIT + 1 or len(self._rows) >= ROW_LIMIT:
                    self.held.flush()
                    self._rows.clear()
                self._row = self._rows.setdefault(self.y, Row())
                self._row.drawn = True
            self._row_y = self.y
        self._empty = False
        return self._row

    def _continues_row(self) -> bool:
        """Tell whether the cursor was put where it was: SeaBIOS does so now and then, and counts 25 rows."""
        return (
            self.x == len(self._row.cells) > 0
            and len(self._rows) == 1
            and self._row_y >= _BOTTOM
            and (self.y >= _BOTTOM or self._row_y >= _UNKNOWN_ROW)
        )

    def _start_row(self, row: Row) -> None:
        self._row = row
        self._row_y = self.y
        self._rows = {self.y: row}
        self._empty = False
        self.x = 0
