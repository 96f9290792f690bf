"""One row of what a console draws, and what of it the log has."""

import re
import unicodedata

GAP = "\ud800"  # a cell to the left of the first character drawn: indentation that nobody sent
COLUMN_LIMIT = 255  # furthest column a sequence can address; no screen is wider

_BLANKS = frozenset((" ", "", GAP))
_MAYBE_WIDE = re.compile("[\u1100-\U0003ffff]")
_WORTH_WRITING = 5  # characters; what is shorter and vanishes was a spinner, a counter, a mark
_CARE = 8  # a row is compared again when an eighth of it has changed: comparing costs in proportion


class Row:
    """The cells of a row, one a column; a character two columns wide, or a TAB, is followed by empty cells.

    While a row is clean, its first `written` cells are what the log has of it. When it gets dirty, their text
    is kept in `logged`.

    Attributes:
      drawn: reached by cursor movement; its characters are held, not written as they come.
      passing: only moved over so far; its line end is no empty line.
      seen: some text of it is in the log.
      since: wall time of the first byte of what is not in the log yet.
      move: offset of the control sequence before that byte.
      fullest: cells of the row when it showed most, since it got dirty; `fullest_since` is their `since`.
      changes: cells changed since the row was last compared with `fullest`.
      changed_from: offset of the control sequence before the first change that `fullest` lacks, or -1.
    """

    __slots__ = (
        "_had",
        "_marks",
        "cells",
        "changed_from",
        "changes",
        "dirty",
        "drawn",
        "fullest",
        "fullest_since",
        "logged",
        "move",
        "passing",
        "seen",
        "since",
        "written",
    )

    def __init__(self, *, drawn: bool = False, passing: bool = False) -> None:
        self.cells: list[str] = []
        self.written = 0
        self.logged = ""
        self.dirty = False
        self.drawn = drawn
        self.passing = passing
        self.seen = False
        self.since = 0.0
        self.move = -1
        self.fullest: list[str] = []
        self.fullest_since = 0.0
        self.changes = 0
        self.changed_from = -1
        self._had: list[str] = []  # the cells that the log has, while the row is dirty
        self._marks = 0  # how many of `fullest` show what the log does not have

    def text(self) -> str:
        """Return what the row shows, without blanks at its end."""
        return _text(self.cells).rstrip(" ")

    def length(self, at_least: int = 0) -> int:
        """Count the cells up to the last character that shows, looking no further back than *at_least*."""
        length = len(self.cells)
        while length > at_least and self.cells[length - 1] in (" ", GAP):
            length -= 1
        return length

    def soil(self, control: int, wall: float) -> None:
        """Note that what came at *wall*, after the control sequence at offset *control*, changes the row."""
        if not self.dirty:
            self.dirty = True
            self.logged = _text(self.cells[: self.written])
            self._had = self.cells[: min(self.written, COLUMN_LIMIT + 1)]
            self._forget()
        if self.move != control:
            self.move = control
            self.since = wall
        if self.changed_from < 0:
            self.changed_from = control

    def clean(self) -> None:
        """Note that the log has the row as it is."""
        self.dirty = False
        self.move = -1
        self.written = self.length()
        self._had = []
        self._forget()

    def split(self, column: int) -> None:
        """Blank the wide character whose second half stands in *column*, as its first will be changed."""
        if column < len(self.cells) and not self.cells[column]:
            start = column
            while start and not self.cells[start]:
                start -= 1
            stop = column
            while stop < len(self.cells) and not self.cells[stop]:
                stop += 1
            self.cells[start:stop] = " " * (stop - start)

    def overdrawn(self) -> bool:
        """Tell whether other characters now stand where most of a text stood that the log does not have.

        To be called after each drawing. A spinner or a counter changes little of its row at a time; a row may
        be wiped before the same text, with another number in it, is drawn again.
        """
        if len(self.cells) > COLUMN_LIMIT + 1 or self.changes * _CARE < len(self.fullest):
            return False
        gone = sum(
            now not in _BLANKS
            for new, old, now in zip(self._news(self.fullest), self.fullest, self.cells, strict=False)
            if new and now != old
        )
        if gone * 2 > self._marks >= _WORTH_WRITING:
            return True
        if gone * 2 > self._marks or sum(self._news(self.cells)) >= self._marks:
            self.remember()
        self.changes = 0
        return False

    def remember(self) -> None:
        """Take what the row shows now as the text that must not get lost."""
        self.fullest = self.cells.copy()
        self.fullest_since = self.since
        self._marks = sum(self._news(self.cells))
        self.changes = 0
        self.changed_from = -1

    def wiped(self) -> bool:
        """Tell whether most of a text is gone that the log does not have."""
        if self._marks < _WORTH_WRITING:
            return False
        kept = sum(
            now == old
            for new, old, now in zip(self._news(self.fullest), self.fullest, self.cells, strict=False)
            if new
        )
        return kept * 2 < self._marks

    def _forget(self) -> None:
        self.fullest = []
        self._marks = 0
        self.changes = 0
        self.changed_from = -1

    def _news(self, cells: list[str]) -> list[bool]:
        """Tell of each of *cells* whether it shows something that the log does not have in its place."""
        had = self._had
        return [
            cell not in _BLANKS and (column >= len(had) or cell != had[column])
            for column, cell in enumerate(cells)
        ]


def columns(text: str) -> list[str]:
    """Return *text* as cells."""
    if text.isascii() or not _MAYBE_WIDE.search(text):
        return list(text)
    cells: list[str] = []
    for character in text:
        cells.append(character)
        if unicodedata.east_asian_width(character) in "WF":
            cells.append("")
    return cells


def _text(cells: list[str]) -> str:
    return "".join(cells).lstrip(GAP).replace(GAP, " ")
