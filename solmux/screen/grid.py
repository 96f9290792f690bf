"""The cells of a screen: `pyte.Screen` with storage that is cheap to draw into, and right where pyte is not.

From pyte come the state (cursor, margins, modes, tab stops), its names and the plain cursor movements. The
buffer is a list of rows, a row a list of cells; `dirty` is not kept. No method raises for what a console may
send.
"""

from typing import Final, cast

import pyte
from pyte.screens import Char, Margins, wcwidth

from solmux.screen import rows
from solmux.screen.cells import BLANK, Brush
from solmux.screen.charset import LINE_DRAWING
from solmux.screen.rows import Row

MOST_MARKS: Final = 8  # combining characters on one cell
# Characters without width that reorder or hide text, or end a line: they are not kept.
_MISLEADING: Final = frozenset(
    map(chr, (*range(0x2028, 0x202F), *range(0x2060, 0x2070), 0x061C, 0x200B, 0x200E, 0x200F, 0xFEFF))
)
_TAGS: Final = ("\U000e0000", "\U000e007f")


class Grid(pyte.Screen):
    """Rows of cells, and what draws, moves and erases them.

    Attributes:
      buffer: the rows, top first.
      brush: what is drawn with.
      autowrap: whether text goes on in the next row (DECAWM).
      inserting: whether a character moves what stands to its right (IRM).
      graphics: whether the character set in use is the DEC special graphics.
      repeatable: the last character drawn, which REP repeats.
    """

    buffer: list[Row]  # type: ignore[assignment]  # pyte's dictionaries cost three times as much to draw into
    brush: Brush
    autowrap: bool
    inserting: bool
    graphics: bool
    repeatable: str

    @property
    def default_char(self) -> Char:
        """A blank cell; a reversed screen (DECSCNM) is the business of whoever shows it."""
        return cast(Char, BLANK)

    def paint(self, brush: Brush) -> None:
        """Draw with *brush* from now on."""
        self.brush = brush
        self.cursor.attrs = cast(Char, brush.style)

    def blank_row(self) -> Row:
        """Return a row erased with the current background."""
        return [self.brush.erased] * self.columns

    # Drawing. The cursor stands at `columns` while a wrap is pending, which only autowrap lets happen.

    def draw_narrow(self, text: str) -> None:
        """Draw characters of one cell each."""
        if self.graphics:
            text = text.translate(LINE_DRAWING)
        if self.inserting:
            self.draw(text)
            return
        self.repeatable = text[-1]
        cursor = self.cursor
        columns = self.columns
        room = columns - cursor.x
        if len(text) <= room:
            self._put(text)
        elif not self.autowrap:
            self._put(text[: room - 1] + text[-1])  # each further character replaces the last one
        else:
            start = 0
            while start < len(text):
                if cursor.x >= columns:
                    self._wrap()
                end = start + columns - cursor.x
                self._put(text[start:end])
                start = end

    def _put(self, text: str) -> None:
        """Put narrow characters into this row, where there is room for them."""
        cursor = self.cursor
        row = self.buffer[cursor.y]
        start = cursor.x
        end = start + len(text)
        if not row[start][0]:
            rows.cut(row, start)
        if end < self.columns:
            if not row[end][0]:
                rows.cut(row, end)
            cursor.x = end
        else:
            cursor.x = end if self.autowrap else end - 1
        row[start:end] = map(self.brush.cell, text)

    def draw(self, data: str) -> None:
        """Draw characters of any width."""
        if self.graphics:
            data = data.translate(LINE_DRAWING)
        for character in data:
            width = wcwidth(character)
            if width > 0:
                self._put_one(character, width)
            elif width == 0:
                self._combine(character)

    def _put_one(self, character: str, width: int) -> None:
        cursor = self.cursor
        if cursor.x + width > self.columns:
            if not self.autowrap:
                return  # half a wide character cannot be shown
            self._wrap()
        self.repeatable = character
        row = self.buffer[cursor.y]
        start = cursor.x
        end = start + width
        if self.inserting:
            rows.insert(row, start, width, self.brush.erased)
        rows.cut(row, start)
        rows.cut(row, end)
        row[start] = self.brush.cell(character)
        if width == 2:
            row[start + 1] = self.brush.cell("")
        cursor.x = end if self.autowrap else min(end, self.columns - 1)

    def _combine(self, mark: str) -> None:
        """Add a character without width to the one before the cursor."""
        row = self.buffer[self.cursor.y]
        column = self.cursor.x - 1
        if not self.autowrap and column == self.columns - 2 and row[-1].data != " ":
            column += 1  # the cursor stayed on the character just drawn
        if column < 0 or mark in _MISLEADING or _TAGS[0] <= mark <= _TAGS[1]:
            return
        if not row[column].data and column:
            column -= 1
        cell = row[column]
        if len(cell.data) <= MOST_MARKS:
            row[column] = cell._replace(data=cell.data + mark)

    def _wrap(self) -> None:
        self.cursor.x = 0
        self.index()

    def repeat(self, count: int) -> None:
        """Draw the last character again, to the end of the row at most (REP)."""
        if self.repeatable:
            text = self.repeatable * min(count, self.columns - self.cursor.x)
            graphics, self.graphics = self.graphics, False  # it was translated when it was drawn
            if text and wcwidth(text[0]) == 1:
                self.draw_narrow(text)
            else:
                self.draw(text)
            self.graphics = graphics

    def alignment_display(self) -> None:
        """Fill the screen with the letter E (DECALN)."""
        self.margins = None
        letter = BLANK._replace(data="E")
        self.buffer = [[letter] * self.columns for _ in range(self.lines)]
        self.cursor_position()

    # Scrolling

    def region(self) -> tuple[int, int]:
        """Return the first and the last row that scroll."""
        return self.margins or (0, self.lines - 1)

    def shift_up(self, top: int, bottom: int, count: int) -> None:
        """Move the rows from *top* to *bottom* up by *count*."""
        count = min(count, bottom + 1 - top)
        buffer = self.buffer
        del buffer[top : top + count]
        start = bottom + 1 - count
        buffer[start:start] = [self.blank_row() for _ in range(count)]

    def shift_down(self, top: int, bottom: int, count: int) -> None:
        """Move the rows from *top* to *bottom* down by *count*."""
        count = min(count, bottom + 1 - top)
        buffer = self.buffer
        del buffer[bottom + 1 - count : bottom + 1]
        buffer[top:top] = [self.blank_row() for _ in range(count)]

    def index(self) -> None:
        """Move the cursor down, scrolling at the bottom margin (IND, LF)."""
        top, bottom = self.region()
        if self.cursor.y == bottom:
            self.shift_up(top, bottom, 1)
        elif self.cursor.y < self.lines - 1:
            self.cursor.y += 1

    def reverse_index(self) -> None:
        """Move the cursor up, scrolling at the top margin (RI)."""
        top, bottom = self.region()
        if self.cursor.y == top:
            self.shift_down(top, bottom, 1)
        elif self.cursor.y > 0:
            self.cursor.y -= 1

    def insert_lines(self, count: int | None = None) -> None:
        """Insert *count* rows at the cursor, if it is inside the margins (IL)."""
        top, bottom = self.region()
        if top <= self.cursor.y <= bottom:
            self.shift_down(self.cursor.y, bottom, count or 1)
            self.carriage_return()

    def delete_lines(self, count: int | None = None) -> None:
        """Delete *count* rows at the cursor, if it is inside the margins (DL)."""
        top, bottom = self.region()
        if top <= self.cursor.y <= bottom:
            self.shift_up(self.cursor.y, bottom, count or 1)
            self.carriage_return()

    def set_margins(self, top: int | None = None, bottom: int | None = None) -> None:
        """Set the rows that scroll, counted from 1, and home the cursor (DECSTBM)."""
        first = (top or 1) - 1
        last = min(bottom or self.lines, self.lines) - 1
        if first < last:
            self.margins = Margins(first, last) if (first, last) != (0, self.lines - 1) else None
            self.cursor_position()

    # Erasing, inserting and deleting in a row

    def _column(self) -> int:
        return min(self.cursor.x, self.columns - 1)

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:  # noqa: ARG002 as pyte has it
        """Erase to the end of the row (0), to its start (1) or all of it (2) (EL)."""
        row = self.buffer[self.cursor.y]
        if how == 0:
            rows.erase(row, self.cursor.x, self.columns, self.brush.erased)
        elif how == 1:
            rows.erase(row, 0, self._column() + 1, self.brush.erased)
        elif how == 2:
            row[:] = self.blank_row()

    def erase_in_display(self, how: int = 0, *_args: object, **_kwargs: object) -> None:
        """Erase below the cursor (0), above it (1) or everything (2) (ED); 3, the scrollback, is not here."""
        rows_of = {0: range(self.cursor.y + 1, self.lines), 1: range(self.cursor.y), 2: range(self.lines)}
        for y in rows_of.get(how, ()):
            self.buffer[y] = self.blank_row()
        if how in (0, 1):
            self.erase_in_line(how)

    def insert_characters(self, count: int | None = None) -> None:
        """Insert *count* blanks at the cursor (ICH)."""
        rows.insert(self.buffer[self.cursor.y], self._column(), count or 1, self.brush.erased)

    def delete_characters(self, count: int | None = None) -> None:
        """Delete *count* characters at the cursor (DCH)."""
        rows.delete(self.buffer[self.cursor.y], self._column(), count or 1, self.brush.erased)

    def erase_characters(self, count: int | None = None) -> None:
        """Erase *count* characters at the cursor (ECH)."""
        start = self._column()
        end = min(start + (count or 1), self.columns)
        rows.erase(self.buffer[self.cursor.y], start, end, self.brush.erased)
