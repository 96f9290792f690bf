"""A screen, its parser and its decoder as bytes: JSON, compressed, after a mark with the format's number.

Feeding what follows to the restored parts gives what feeding everything would have given. Answers not yet
taken are not kept: by the time of a restore nobody waits for them.
"""

import json
import re
import zlib
from dataclasses import dataclass
from typing import Any, Final, cast

from pyte.screens import Margins

from solmux.screen import modes, rows
from solmux.screen.cells import BLANK, Cell, Palette, is_colour
from solmux.screen.charset import LEGACY_SPAN, Charset, Decoder, decoder_of
from solmux.screen.grid import MOST_MARKS
from solmux.screen.parser import LONGEST_SEQUENCE, LONGEST_STRING, Parser, State
from solmux.screen.rows import Row
from solmux.screen.screen import MOST_COLUMNS, MOST_ROWS, SavedCursor, Screen
from solmux.screen.terminal import Terminal

MARK: Final = b"solmux screen 1\n"
LARGEST: Final = 16 << 20  # bytes of JSON: above what the largest screen can need
_FLAGS: Final = Cell._fields[3:]
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class CheckpointError(ValueError):
    """What was to be restored is no checkpoint of this format, or a damaged one."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an emulator is made of."""

    charset: Charset
    decoder: Decoder
    parser: Parser
    terminal: Terminal


def save(parts: Parts) -> bytes:
    """Return *parts* as bytes."""
    screen, parser, decoder = parts.terminal.screen, parts.parser, parts.decoder
    styles = _Styles()
    state = {
        "charset": parts.charset.value,
        "size": [screen.columns, screen.lines],
        "decoder": [decoder.held.hex(), decoder.legacy, decoder.alone],
        "parser": [parser.state.value, parser.collected, parser.left],
        "rows": [styles.runs(row) for row in screen.buffer],
        "main": None if screen.main is None else [styles.runs(row) for row in screen.main],
        "cursor": [screen.cursor.x, screen.cursor.y, styles.number(screen.brush.style)],
        "saved": styles.saved(screen.saved),
        "main_saved": styles.saved(screen.main_saved),
        "margins": screen.margins,
        "modes": sorted(screen.mode),
        "tabs": sorted(screen.tabstops),
        "sets": [screen.charset, screen.line_drawing],
        "repeatable": screen.repeatable,
        "styles": styles.table,
    }
    return MARK + zlib.compress(json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode())


def restore(blob: bytes, palette: Palette) -> Parts:
    """Return the parts that *blob* was made from; raise `CheckpointError` if it was not."""
    if not blob.startswith(MARK):
        raise CheckpointError(f"no checkpoint of a screen: it begins with {blob[: len(MARK)]!r}")
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(blob[len(MARK) :], LARGEST)
        _require(unpacker.eof and not unpacker.unused_data, "its end is missing or lies elsewhere")
        return _parts(json.loads(text), palette)
    except (zlib.error, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"a damaged checkpoint of a screen: {error or type(error).__name__}") from error


class _Styles:
    """Numbers the styles of a screen while it is being saved."""

    def __init__(self) -> None:
        self.table: list[list[str | int]] = []
        self._numbers: dict[Cell, int] = {}

    def number(self, style: Cell) -> int:
        number = self._numbers.get(style)
        if number is None:
            number = self._numbers[style] = len(self.table)
            flags = sum(1 << bit for bit, name in enumerate(_FLAGS) if getattr(style, name))
            self.table.append([style.fg, style.bg, flags])
        return number

    def runs(self, row: Row) -> list[list[int | str | list[str]]]:
        """Return the runs of *row*: style and characters, as a list where a cell holds not just one."""
        length = len(row)
        while length and row[length - 1] == BLANK:
            length -= 1
        found: list[list[int | str | list[str]]] = []
        for style, cells in rows.runs(row[:length]):
            characters = [cell.data for cell in cells]
            simple = all(len(character) == 1 for character in characters)
            found.append([self.number(style), "".join(characters) if simple else characters])
        return found

    def saved(self, saved: SavedCursor) -> list[object]:
        return [
            saved.column,
            saved.row,
            self.number(saved.style),
            saved.origin,
            saved.charset,
            saved.line_drawing,
        ]


def _require(condition: bool, text: str) -> None:
    if not condition:
        raise ValueError(text)


def _number(value: Any, low: int, high: int) -> int:
    _require(type(value) is int and low <= value <= high, f"{value!r} is no number from {low} to {high}")
    return cast(int, value)


def _flag(value: Any) -> bool:
    _require(isinstance(value, bool), f"{value!r} is neither true nor false")
    return cast(bool, value)


def _character(value: Any) -> str:
    _require(isinstance(value, str) and len(value) <= MOST_MARKS + 1, f"{value!r} is no character")
    _require(not _UNPRINTABLE.search(value), f"{value!r} cannot be shown")
    return cast(str, value)


def _style(entry: Any) -> Cell:
    fg, bg, flags = entry
    _require(
        isinstance(fg, str) and is_colour(fg) and isinstance(bg, str) and is_colour(bg), "an unknown colour"
    )
    _number(flags, 0, (1 << len(_FLAGS)) - 1)
    return Cell(" ", fg, bg, *(bool(flags >> bit & 1) for bit in range(len(_FLAGS))))


def _row(runs: Any, styles: list[Cell], columns: int) -> Row:
    row: Row = []
    for number, characters in runs:
        style = styles[_number(number, 0, len(styles) - 1)]
        _require(
            isinstance(characters, str | list) and len(row) + len(characters) <= columns, "a row too long"
        )
        row += [style._replace(data=_character(character)) for character in characters]
    # A column of a wide character alone would be drawn as nothing, and shift what follows.
    _require(not row or bool(row[0].data), "a row that begins inside a character")
    return row + [BLANK] * (columns - len(row))


def _saved(entry: Any, screen: Screen, styles: list[Cell]) -> SavedCursor:
    column, row, style, origin, charset, line_drawing = entry
    return SavedCursor(
        _number(column, 0, screen.columns),
        _number(row, 0, screen.lines - 1),
        styles[_number(style, 0, len(styles) - 1)],
        _flag(origin),
        _number(charset, 0, 1),
        _sets(line_drawing),
    )


def _sets(entry: Any) -> tuple[bool, bool]:
    first, second = entry
    return _flag(first), _flag(second)


def _parts(state: dict[str, Any], palette: Palette) -> Parts:
    columns, lines = state["size"]
    screen = Screen(_number(columns, 2, MOST_COLUMNS), _number(lines, 1, MOST_ROWS), palette)
    styles = [_style(entry) for entry in state["styles"]]
    for name, runs in (("rows", state["rows"]), ("main", state["main"])):
        _require((runs is None and name == "main") or len(runs) == lines, f"{name}: not {lines} of them")
    screen.buffer = [_row(runs, styles, columns) for runs in state["rows"]]
    screen.main = None if state["main"] is None else [_row(runs, styles, columns) for runs in state["main"]]
    screen.saved = _saved(state["saved"], screen, styles)
    screen.main_saved = _saved(state["main_saved"], screen, styles)
    if state["margins"] is not None:
        top, bottom = state["margins"]
        screen.margins = Margins(_number(top, 0, lines - 1), _number(bottom, top + 1, lines - 1))
    screen.mode = {_number(mode, 0, 1 << 20) for mode in state["modes"]}
    _require(screen.mode <= modes.KEPT, "an unknown mode")
    screen.tabstops = {_number(stop, 0, columns - 1) for stop in state["tabs"]}
    screen.charset = _number(state["sets"][0], 0, 1)
    screen.line_drawing = _sets(state["sets"][1])
    screen.repeatable = _character(state["repeatable"])
    column, row, style = state["cursor"]
    screen.cursor.x, screen.cursor.y = _number(column, 0, columns), _number(row, 0, lines - 1)
    screen.paint(palette.brush(styles[_number(style, 0, len(styles) - 1)]))
    screen.settle()
    terminal = Terminal(screen)
    charset = Charset(state["charset"])
    return Parts(charset, _decoder(charset, state["decoder"]), _parser(terminal, state["parser"]), terminal)


def _decoder(charset: Charset, entry: Any) -> Decoder:
    held, legacy, alone = entry
    decoder = decoder_of(charset)
    _require(len(held) <= 6, "more than a character held back")
    if held:
        decoder.held = bytes.fromhex(held)
    decoder.legacy = _number(legacy, 0, LEGACY_SPAN)
    decoder.alone = _number(alone, 0, 255)
    return decoder


def _parser(terminal: Terminal, entry: Any) -> Parser:
    state, collected, left = entry
    parser = Parser(terminal)
    parser.state = State(_number(state, 0, max(State)))
    _require(isinstance(collected, str) and len(collected) <= LONGEST_SEQUENCE + 1, "a sequence too long")
    _require(
        not collected or all(" " <= character <= "?" for character in collected), "no part of a sequence"
    )
    parser.collected = collected
    parser.left = _number(left, 0, LONGEST_STRING)
    return parser
