"""Cursor addressing, colours and frames, in the ways firmware sends them."""

CLEAR = b"\x1b[2J\x1b[01;01H"
PLAIN = b"\x1b[0m\x1b[37m\x1b[40m"
WHITE_ON_BLUE = b"\x1b[1m\x1b[37m\x1b[44m"
BLUE_ON_GREY = b"\x1b[0m\x1b[34m\x1b[47m"
BLACK_ON_CYAN = b"\x1b[0m\x1b[30m\x1b[46m"
BOLD = b"\x1b[1m"

_CP437 = {"l": b"\xda", "k": b"\xbf", "m": b"\xc0", "j": b"\xd9", "q": b"\xc4", "x": b"\xb3"}


def at(row: int, column: int) -> bytes:
    """Return the sequence that puts the cursor there; both count from 1, with two digits as firmware does."""
    return b"\x1b[%02d;%02dH" % (row, column)


def frame(style: str, top: int, left: int, height: int, width: int) -> bytes:
    """Return an empty frame with blanks inside, drawn as `dec` line drawing or `cp437` bytes."""
    inner = width - 2
    lines = ["l" + "q" * inner + "k", *["x" + " " * inner + "x"] * (height - 2), "m" + "q" * inner + "j"]
    return b"".join(at(top + offset, left) + _line(style, line) for offset, line in enumerate(lines))


def _line(style: str, line: str) -> bytes:
    if style == "dec":
        return b"\x1b(0" + line.encode() + b"\x1b(B"
    return b"".join(_CP437.get(letter, b" ") for letter in line)
