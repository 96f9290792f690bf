"""What stands in a cell of the screen, and how "select graphic rendition" changes it.

A `Cell` has the fields of pyte's `Char`, in its order and with its colour names, so that whatever reads a
pyte screen reads this one; faint and concealed text, which pyte does not know, come after them.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from pyte.graphics import BG_AIXTERM, BG_ANSI, FG_AIXTERM, FG_ANSI, FG_BG_256

MOST_PARAMETERS: Final = 32  # of one control sequence; what comes after them is not read
MOST_BRUSHES: Final = 128
MOST_CELLS_OF_A_BRUSH: Final = 256
MOST_STEPS_OF_A_BRUSH: Final = 64


class Cell(NamedTuple):
    """One cell of the screen.

    Attributes:
      data: the character with its combining marks; empty in the right half of a wide character.
      fg: colour name of pyte, or six hexadecimal digits; "default" is the terminal's own.
      bg: as *fg*.
    """

    data: str
    fg: str = "default"
    bg: str = "default"
    bold: bool = False
    italics: bool = False
    underscore: bool = False
    strikethrough: bool = False
    reverse: bool = False
    blink: bool = False
    faint: bool = False
    conceal: bool = False


BLANK: Final = Cell(" ")

FOREGROUND: Final[dict[int, str]] = {**FG_ANSI, **FG_AIXTERM}
BACKGROUND: Final[dict[int, str]] = {**BG_ANSI, **BG_AIXTERM, 105: "brightmagenta"}  # pyte misspells the last
_FLAGS: Final[dict[int, dict[str, bool]]] = {
    1: {"bold": True},
    2: {"faint": True},
    3: {"italics": True},
    4: {"underscore": True},
    5: {"blink": True},
    6: {"blink": True},
    7: {"reverse": True},
    8: {"conceal": True},
    9: {"strikethrough": True},
    21: {"underscore": True},  # doubly underlined
    22: {"bold": False, "faint": False},
    23: {"italics": False},
    24: {"underscore": False},
    25: {"blink": False},
    27: {"reverse": False},
    28: {"conceal": False},
    29: {"strikethrough": False},
}
_ALL_OFF: Final = BLANK._asdict()
_SIXTEEN: Final = [FOREGROUND[code] for code in (*range(30, 38), *range(90, 98))]
_EXTENDED: Final = {38: "fg", 48: "bg", 58: ""}  # 58 colours the underline, which is read and not kept

_CODE_OF_FOREGROUND: Final = {name: str(code) for code, name in FOREGROUND.items()}
_CODE_OF_BACKGROUND: Final = {name: str(code) for code, name in BACKGROUND.items()}
_INDEX_OF_RGB: Final = {rgb: index for index, rgb in reversed(list(enumerate(FG_BG_256))) if index >= 16}
_CODES_OF_FLAGS: Final = (
    ("bold", "1"),
    ("faint", "2"),
    ("italics", "3"),
    ("underscore", "4"),
    ("blink", "5"),
    ("reverse", "7"),
    ("conceal", "8"),
    ("strikethrough", "9"),
)


def is_colour(name: str) -> bool:
    """Tell whether *name* can stand in a cell as its colour."""
    return name in _CODE_OF_FOREGROUND or (
        len(name) == 6 and all(digit in "0123456789abcdef" for digit in name)
    )


def rendition(style: Cell, parameters: str) -> Cell:
    """Return *style* changed by the parameter string of an SGR sequence ("0;1;38:5;208", "" for none).

    Colours may be written with semicolons or with colons; what is unknown or malformed changes nothing.
    """
    changes: dict[str, str | bool] = {}
    items = iter(parameters.split(";")[:MOST_PARAMETERS])
    for item in items:
        head, *rest = item.split(":")
        code = int(head or 0) if head.isdecimal() or not head else -1
        if code in _EXTENDED:
            colour = _colour_with_colons(rest) if rest else _colour_with_semicolons(items)
            if colour is not None and _EXTENDED[code]:
                changes[_EXTENDED[code]] = colour
        elif rest:
            if code == 4:
                changes["underscore"] = rest[0] not in ("0", "")
        elif code == 0:
            changes = dict(_ALL_OFF)
        elif code in FOREGROUND:
            changes["fg"] = FOREGROUND[code]
        elif code in BACKGROUND:
            changes["bg"] = BACKGROUND[code]
        else:
            changes.update(_FLAGS.get(code, {}))
    changes.pop("data", None)
    return style._replace(**changes)  # type: ignore[arg-type]  # the values fit the fields they are named for


def _colour_with_semicolons(items: Iterator[str]) -> str | None:
    form = next(items, "")
    if form == "5":
        return _palette_colour(next(items, "0"))
    if form == "2":
        return _true_colour([next(items, ""), next(items, ""), next(items, "")])
    return None


def _colour_with_colons(rest: list[str]) -> str | None:
    form, *values = rest
    if form == "5" and values:
        return _palette_colour(values[0])
    if form == "2" and len(values) >= 3:
        return _true_colour(values[1:4] if len(values) > 3 else values)  # the colour space may stand first
    return None


def _palette_colour(text: str) -> str | None:
    index = _byte(text)
    if index is None:
        return None
    return _SIXTEEN[index] if index < 16 else FG_BG_256[index]


def _true_colour(texts: list[str]) -> str | None:
    levels = [_byte(text) for text in texts]
    return None if None in levels else "".join(f"{level:02x}" for level in levels)


def _byte(text: str) -> int | None:
    value = int(text) if text.isdecimal() else 0 if not text else 256
    return value if value < 256 else None


@lru_cache(maxsize=256)
def sgr_parameters(style: Cell) -> str:
    """Return the SGR parameters that lead to *style* from any other, without the frame `ESC [` and `m`."""
    codes = ["0"]
    codes += [code for name, code in _CODES_OF_FLAGS if getattr(style, name)]
    if style.fg != "default":
        codes.append(_CODE_OF_FOREGROUND.get(style.fg) or "38;" + _extended_parameters(style.fg))
    if style.bg != "default":
        codes.append(_CODE_OF_BACKGROUND.get(style.bg) or "48;" + _extended_parameters(style.bg))
    return ";".join(codes)


def _extended_parameters(rgb: str) -> str:
    index = _INDEX_OF_RGB.get(rgb)
    if index is not None:
        return f"5;{index}"  # the same colour on a terminal of 256 colours too
    return f"2;{int(rgb[:2], 16)};{int(rgb[2:4], 16)};{int(rgb[4:], 16)}"


class _Cells(dict[str, Cell]):
    """The cells one style makes, by character; bounded, since a console can show every character there is."""

    __slots__ = ("_style",)

    def __init__(self, style: Cell) -> None:
        self._style = style

    def __missing__(self, data: str) -> Cell:
        if len(self) >= MOST_CELLS_OF_A_BRUSH:
            self.clear()
        cell = self[data] = self._style._replace(data=data)
        return cell


class Brush:
    """A style with what drawing in it needs at hand, so that a character costs a dictionary look-up.

    Attributes:
      style: the style, as a blank cell.
      erased: the cell an erasing leaves: the background colour alone, as xterm and the Linux console do it.
      cell: character to cell of this style.
    """

    __slots__ = ("_cells", "_next", "cell", "erased", "style")

    def __init__(self, style: Cell) -> None:
        self.style = style
        self.erased = BLANK._replace(bg=style.bg)
        self._cells = _Cells(style)
        self.cell: Callable[[str], Cell] = self._cells.__getitem__
        self._next: dict[str, Brush] = {}

    def forget(self) -> None:
        """Drop what is remembered; the brush goes on working."""
        self._cells.clear()
        self._next.clear()

    def next(self, parameters: str, palette: "Palette") -> "Brush":
        """Return the brush that the SGR *parameters* lead to."""
        brush = self._next.get(parameters)
        if brush is None:
            if len(self._next) >= MOST_STEPS_OF_A_BRUSH:
                self._next.clear()
            brush = palette.brush(rendition(self.style, parameters))
            self._next[parameters] = brush
        return brush


class Palette:
    """The brushes in use, bounded; one may serve any number of screens."""

    def __init__(self) -> None:
        self._brushes: dict[Cell, Brush] = {}

    def brush(self, style: Cell) -> Brush:
        """Return the brush of *style*, whose character does not matter."""
        style = style._replace(data=" ")
        brush = self._brushes.get(style)
        if brush is None:
            if len(self._brushes) >= MOST_BRUSHES:
                self._forget_all()
            brush = self._brushes[style] = Brush(style)
        return brush

    def _forget_all(self) -> None:
        # Brushes remember each other: emptied one by one, none of them keeps the others alive.
        for brush in self._brushes.values():
            brush.forget()
        self._brushes.clear()
