"""A screen as an escape string that draws it on any terminal from the VT100 to xterm.

The string asks nothing, names nothing and rings nothing. What stands on the screen comes from its cells, so
no byte of the console's own sequences is in it.
"""

from typing import Final

from solmux.screen import modes, rows
from solmux.screen.cells import BLANK, Cell, sgr_parameters
from solmux.screen.rows import Row
from solmux.screen.screen import HOME, SavedCursor, Screen

SKIPPED_BLANKS: Final = 8  # from here on a movement is shorter than the blanks
_SWITCHED_OFF: Final = ";".join(
    str(number)
    for number in sorted(mode >> 5 for mode in {modes.DECCKM, modes.DECSCNM, modes.DECOM} | modes.INPUT)
)
_MAIN_SCREEN: Final = "\x1b[?1047l\x1b[?5W"  # and tab stops, which belong to a fresh terminal as well
# Margins, input modes, insert mode, new line mode, keypad, character sets, style; no autowrap yet, so that a
# row longer than the viewer's terminal is cut and not folded.
_NEUTRAL: Final = f"\x1b[r\x1b[?{_SWITCHED_OFF}l\x1b[4l\x1b[20l\x1b>\x1b[?7l\x1b(B\x1b)B\x0f\x1b[0m"
_CLEAR: Final = "\x1b[H\x1b[2J\x1b7"
# All modes as a terminal has them when it is switched on; and that with a cleared screen, which is what a
# reset (RIS) leaves, without what else it does to a viewer's terminal.
SETTLED: Final = f"{_MAIN_SCREEN}{_NEUTRAL}\x1b[?7h\x1b[?25h"
FRESH: Final = f"{SETTLED}{_CLEAR}"
_DESIGNATED: Final = {False: "B", True: "0"}


def repaint(screen: Screen, columns: int | None = None, lines: int | None = None) -> bytes:
    """Return the string that makes a terminal look and behave like *screen*.

    Args:
      screen: the screen; nothing of it is changed.
      columns: of the viewer's terminal, None where unknown: what does not fit is left out.
      lines: of the viewer's terminal: of a taller screen the rows down to the cursor are drawn.
    """
    window = _Window(screen, columns, lines)
    parts = [_MAIN_SCREEN, _NEUTRAL, _CLEAR]
    if screen.main is not None:
        parts += window.draw(screen.main)
        parts += _go_back_to(screen, screen.main_saved, window)
        parts.append("\x1b[?1049h")
        parts += ["\x1b(B\x1b)B\x0f\x1b[?6l\x1b[r\x1b[0m", _CLEAR]
    parts += window.draw(screen.buffer)
    parts += _tab_stops(screen)
    if screen.saved != HOME:
        parts += [*_go_back_to(screen, screen.saved, window), "\x1b7"]
    parts += _state(screen, window)
    return "".join(parts).encode("utf-8", "replace")


def resume(screen: Screen, columns: int | None = None, lines: int | None = None) -> bytes:
    """Return the string that brings cursor, style, margins and modes back when a line was written over it."""
    window = _Window(screen, columns, lines)
    return "".join([_NEUTRAL, *_state(screen, window)]).encode("utf-8", "replace")


class _Window:
    """The part of a screen that a viewer's terminal has room for."""

    def __init__(self, screen: Screen, columns: int | None, lines: int | None) -> None:
        self.columns = min(columns or screen.columns, screen.columns)
        self.lines = min(lines or screen.lines, screen.lines)
        self.top = max(0, screen.cursor.y + 1 - self.lines)

    def draw(self, buffer: list[Row]) -> list[str]:
        """Return the pieces that draw the rows on a cleared screen and end in the default style."""
        parts: list[str] = []
        style = BLANK
        for y, row in enumerate(buffer[self.top : self.top + self.lines], start=1):
            length = min(len(row), self.columns)
            while length and row[length - 1] == BLANK:
                length -= 1
            if not length:
                continue
            parts.append(f"\x1b[{y}H")
            shown, marked = row[:length], ""
            if length == len(row) and len(row[-1].data) > 1:
                # Without autowrap terminals disagree on where a combining mark goes after the last column.
                marked = row[-1].data
                shown[-1] = row[-1]._replace(data=marked[0])
            for wanted, cells in rows.runs(shown):
                if wanted == BLANK and len(cells) >= SKIPPED_BLANKS and all(cell == BLANK for cell in cells):
                    parts.append(f"\x1b[{len(cells)}C")
                    continue
                if wanted != style:
                    style = wanted
                    parts.append(_sgr(style))
                parts += [cell.data for cell in cells]
            if marked:
                parts += ["\x1b[?7h", f"\x1b[{y};{length}H", marked, "\x1b[?7l"]
        parts.append("\x1b[0m")
        return parts


def _sgr(style: Cell) -> str:
    return f"\x1b[{sgr_parameters(style._replace(data=' '))}m"


def _go(screen: Screen, window: _Window, row: int, column: int, *, origin: bool) -> str:
    first = screen.region()[0] if origin else window.top
    return f"\x1b[{max(row - first, 0) + 1};{min(column, window.columns - 1) + 1}H"


def _margins(screen: Screen, window: _Window) -> str:
    if screen.margins is None:
        return ""
    top, bottom = (min(max(row - window.top, 0), window.lines - 1) + 1 for row in screen.margins)
    return f"\x1b[{top};{bottom}r" if top < bottom else ""


def _designations(line_drawing: tuple[bool, bool], charset: int) -> str:
    return f"\x1b({_DESIGNATED[line_drawing[0]]}\x1b){_DESIGNATED[line_drawing[1]]}" + "\x0f\x0e"[charset]


def _go_back_to(screen: Screen, saved: SavedCursor, window: _Window) -> list[str]:
    """Return the pieces that put the terminal where DECSC saves what is *saved*."""
    return [
        f"{_margins(screen, window)}\x1b[?6h" if saved.origin else "",
        _go(screen, window, saved.row, saved.column, origin=saved.origin),
        _sgr(saved.style),
        _designations(saved.line_drawing, saved.charset),
    ]


def _tab_stops(screen: Screen) -> list[str]:
    if screen.tabstops == set(range(8, screen.columns, 8)):
        return []
    return ["\x1b[3g", *(f"\x1b[1;{stop + 1}H\x1bH" for stop in sorted(screen.tabstops))]


def _state(screen: Screen, window: _Window) -> list[str]:
    mode = screen.mode
    origin = modes.DECOM in mode
    parts = ["\x1b(B\x1b)B\x0f\x1b[?6l\x1b[r", _margins(screen, window)]
    parts.append("\x1b[?6h" if origin else "")
    parts.append("\x1b[?7h" if screen.autowrap else "")
    parts.append(_go(screen, window, screen.cursor.y, screen.cursor.x, origin=origin))
    if screen.cursor.x >= screen.columns == window.columns:
        parts += _last_character(screen, window, origin=origin)
    parts.append(_sgr(screen.brush.style))
    parts.append(_designations(screen.line_drawing, screen.charset))
    for number in sorted(mode - {modes.DECOM, modes.DECAWM, modes.DECTCEM, modes.DECNKM}):
        prefix, code = modes.number_of(number)
        parts.append(f"\x1b[{prefix}{code}h")
    parts.append("\x1b=" if modes.DECNKM in mode else "")
    parts.append("\x1b[?25l" if screen.cursor.hidden else "\x1b[?25h")
    return parts


def _last_character(screen: Screen, window: _Window, *, origin: bool) -> list[str]:
    """Draw the character in the last column again, so that the terminal too waits with its wrap."""
    row = screen.buffer[screen.cursor.y]
    column = screen.columns - 1
    if not row[column].data:
        column -= 1
    return [
        _go(screen, window, screen.cursor.y, column, origin=origin),
        _sgr(row[column]),
        row[column].data,
    ]
