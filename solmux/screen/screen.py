"""The screen of a terminal: a grid, its cursor, modes, character sets and alternate screen."""

from collections.abc import Iterable
from typing import Final, NamedTuple, cast

from pyte.screens import Char, Cursor

from solmux.screen import modes, rows
from solmux.screen.cells import BLANK, Cell, Palette
from solmux.screen.grid import Grid
from solmux.screen.rows import Row

MOST_COLUMNS: Final = 500
MOST_ROWS: Final = 200


class SavedCursor(NamedTuple):
    """What DECSC keeps: *column* equals the number of columns where a wrap is pending."""

    column: int
    row: int
    style: Cell
    origin: bool
    charset: int
    line_drawing: tuple[bool, bool]


HOME: Final = SavedCursor(0, 0, BLANK, origin=False, charset=0, line_drawing=(False, False))


class Screen(Grid):
    """A terminal's screen.

    Attributes:
      palette: where brushes come from.
      main: the rows of the main screen while the alternate one is shown, else None.
      saved: what DECSC saved on this screen; home in the default style before it did.
      main_saved: what it saved on the main screen while the alternate one is shown, else home.
      line_drawing: whether G0 and G1 are the DEC special graphics.
    """

    def __init__(self, columns: int, lines: int, palette: Palette) -> None:
        check_size(columns, lines)
        self.palette = palette
        super().__init__(columns, lines)

    def reset(self) -> None:
        """Return to the state after power on (RIS)."""
        self.mode = set(modes.DEFAULT)
        self.margins = None
        self.main: list[Row] | None = None
        self.saved = self.main_saved = HOME
        self.reset_tab_stops()
        self.cursor = Cursor(0, 0, cast(Char, BLANK))
        self.charset = 0
        self.line_drawing = (False, False)
        self.repeatable = ""
        self.paint(self.palette.brush(BLANK))
        self.buffer = [self.blank_row() for _ in range(self.lines)]
        self.settle()

    def soft_reset(self) -> None:
        """Undo what programs set, and leave what is shown (DECSTR)."""
        self.mode = (self.mode & modes.INPUT) | modes.DEFAULT
        self.margins = None
        self.saved = HOME
        self.charset = 0
        self.line_drawing = (False, False)
        self.paint(self.palette.brush(BLANK))
        self.settle()

    def settle(self) -> None:
        """Bring what follows from modes and character sets up to date."""
        self.cursor.hidden = modes.DECTCEM not in self.mode
        self.autowrap = modes.DECAWM in self.mode
        self.inserting = modes.IRM in self.mode
        self.graphics = self.line_drawing[self.charset]
        if not self.autowrap:
            self.cursor.x = min(self.cursor.x, self.columns - 1)

    def cursor_up(self, count: int | None = None) -> None:
        """Move up, to the top margin or, from above it, to the first row."""
        top = self.region()[0]
        self.cursor.y = max(self.cursor.y - (count or 1), top if self.cursor.y >= top else 0)

    def cursor_down(self, count: int | None = None) -> None:
        """Move down, to the bottom margin or, from below it, to the last row."""
        bottom = self.region()[1]
        limit = bottom if self.cursor.y <= bottom else self.lines - 1
        self.cursor.y = min(self.cursor.y + (count or 1), limit)

    def cursor_to_line(self, line: int | None = None) -> None:
        """Go to *line*, counted from 1 at the top or, in origin mode, at the top margin."""
        top = self.region()[0] if modes.DECOM in self.mode else 0
        self.cursor.y = top + (line or 1) - 1
        self.ensure_vbounds()

    def cursor_position(self, line: int | None = None, column: int | None = None) -> None:
        """Go to *line* and *column*, counted from 1 (CUP)."""
        cursor = self.cursor
        top, bottom = self.region() if modes.DECOM in self.mode else (0, self.lines - 1)
        cursor.y = min(top + (line or 1) - 1, bottom)
        cursor.x = min((column or 1) - 1, self.columns - 1)

    def reset_tab_stops(self) -> None:
        """Set a tab stop in every eighth column (DECST8C)."""
        self.tabstops = set(range(8, self.columns, 8))

    def set_tab_stop(self) -> None:
        """Set a tab stop at the cursor (HTS)."""
        self.tabstops.add(self._column())

    def tab(self, count: int = 1) -> None:
        """Go to the next tab stop, *count* times, or to the last column (HT, CHT)."""
        stops = sorted(stop for stop in self.tabstops if stop > self.cursor.x)
        self.cursor.x = stops[count - 1] if count <= len(stops) else self.columns - 1

    def tab_back(self, count: int = 1) -> None:
        """Go to the tab stop before, *count* times, or to the first column (CBT)."""
        stops = sorted(stop for stop in self.tabstops if stop < self.cursor.x)
        self.cursor.x = stops[-count] if count <= len(stops) else 0

    def save_cursor(self) -> None:
        """Keep the cursor, its style and the character sets (DECSC)."""
        cursor = self.cursor
        origin = modes.DECOM in self.mode
        self.saved = SavedCursor(
            cursor.x, cursor.y, self.brush.style, origin, self.charset, self.line_drawing
        )

    def restore_cursor(self) -> None:
        """Bring back what was saved; without it, go home in the default style (DECRC)."""
        saved = self.saved
        self.mode = self.mode | {modes.DECOM} if saved.origin else self.mode - {modes.DECOM}
        self.charset = saved.charset
        self.line_drawing = saved.line_drawing
        self.cursor.x = min(saved.column, self.columns)
        self.cursor.y = min(saved.row, self.lines - 1)
        self.paint(self.palette.brush(saved.style))
        self.settle()

    # Character sets and modes

    def select(self, parameters: str) -> None:
        """Change the style by the parameter string of an SGR sequence."""
        self.paint(self.brush.next(parameters, self.palette))

    def select_graphic_rendition(self, *attrs: int) -> None:
        """Change the style (SGR)."""
        self.select(";".join(map(str, attrs)))

    def shift_in(self) -> None:
        """Draw in G0 from now on (SI)."""
        self.charset = 0
        self.settle()

    def shift_out(self) -> None:
        """Draw in G1 from now on (SO)."""
        self.charset = 1
        self.settle()

    def define_charset(self, code: str, mode: str) -> None:
        """Make G0 ("(") or G1 (")") the set *code*: "0" and "2" are line drawing, others no change."""
        drawing = code in ("0", "2")
        self.line_drawing = (
            (drawing, self.line_drawing[1]) if mode == "(" else (self.line_drawing[0], drawing)
        )
        self.settle()

    def set_mode(self, *numbers: int, **kwargs: object) -> None:
        """Set modes (SM, DECSET with `private`)."""
        self.switch_modes([modes.private(n) for n in numbers] if kwargs.get("private") else numbers, on=True)

    def reset_mode(self, *numbers: int, **kwargs: object) -> None:
        """Reset modes (RM, DECRST with `private`)."""
        self.switch_modes([modes.private(n) for n in numbers] if kwargs.get("private") else numbers, on=False)

    def switch_modes(self, changed: Iterable[int], *, on: bool) -> None:
        """Set or reset modes numbered as `solmux.screen.modes` has them; unknown ones change nothing."""
        for mode in changed:
            if mode in modes.ALTERNATE_SCREENS:
                with_cursor = mode == modes.SAVE_CURSOR_AND_SWITCH
                self._show_alternate(with_cursor) if on else self._show_main(with_cursor)
            elif mode == modes.SAVE_CURSOR:
                self.save_cursor() if on else self.restore_cursor()
            elif mode == modes.DECCOLM:
                self.margins = None
                self.erase_in_display(2)
                self.cursor_position()
            elif mode in modes.KEPT:
                (self.mode.add if on else self.mode.discard)(mode)
                if mode == modes.DECOM:
                    self.cursor_position()
        self.settle()

    def _show_alternate(self, with_cursor: bool) -> None:
        if self.main is not None:
            return
        if with_cursor:
            self.save_cursor()
        self.main, self.main_saved, self.saved = self.buffer, self.saved, HOME
        self.buffer = [self.blank_row() for _ in range(self.lines)]

    def _show_main(self, with_cursor: bool) -> None:
        if self.main is not None:
            self.buffer, self.saved = self.main, self.main_saved
            self.main, self.main_saved = None, HOME
        if with_cursor:
            self.restore_cursor()

    # Size

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Change the size: rows below the cursor go first, then those at the top; margins are reset."""
        columns = self.columns if columns is None else columns
        lines = self.lines if lines is None else lines
        check_size(columns, lines)
        self.cursor.y = _fit(self.buffer, columns, lines, self.cursor.y)
        if self.main is not None:
            _fit(self.main, columns, lines, self.main_saved.row)
        self.tabstops = {stop for stop in self.tabstops if stop < columns}
        self.tabstops.update(range(-(-self.columns // 8) * 8, columns, 8))
        self.columns, self.lines = columns, lines
        self.margins = None
        self.ensure_hbounds()


def check_size(columns: int, lines: int) -> None:
    """Raise `ValueError` for a size no screen has."""
    if not (2 <= columns <= MOST_COLUMNS and 1 <= lines <= MOST_ROWS):
        raise ValueError(f"a screen of {columns}x{lines}: 2 to {MOST_COLUMNS} columns, 1 to {MOST_ROWS} rows")


def _fit(buffer: list[Row], columns: int, lines: int, cursor: int) -> int:
    """Cut or extend *buffer*; return the row in which *cursor* is then."""
    del buffer[max(lines, cursor + 1) :]
    surplus = max(0, len(buffer) - lines)
    del buffer[:surplus]
    for row in buffer:
        rows.fit(row, columns)
    buffer += [[BLANK] * columns for _ in range(lines - len(buffer))]
    return cursor - surplus
