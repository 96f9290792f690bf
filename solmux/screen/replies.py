"""What a terminal answers to queries: fixed words and numbers, never a byte of the query itself."""

from typing import Final

from solmux.screen import modes
from solmux.screen.screen import Screen

OPERATING: Final = b"\x1b[0n"
NO_PRINTER: Final = b"\x1b[?13n"
PRIMARY_ATTRIBUTES: Final = b"\x1b[?62;22c"  # a VT220 with colour
SECONDARY_ATTRIBUTES: Final = b"\x1b[>1;10;0c"  # a VT220 of firmware 1.0

_SET, _RESET, _UNKNOWN = 1, 2, 0


def answer(screen: Screen, name: str, parameters: tuple[int, ...]) -> bytes:
    """Return the answer to the control sequence *name*, empty where it is no query that gets one.

    Answered are the status and cursor reports (DSR), the device attributes (DA1, DA2) and the state of the
    modes that a screen keeps (DECRQM).
    """
    if name in ("c", ">c"):
        if parameters[0]:
            return b""
        return PRIMARY_ATTRIBUTES if name == "c" else SECONDARY_ATTRIBUTES
    if name == "n":
        return _status(screen, parameters[0])
    if name == "?n":
        return _private_status(screen, parameters[0])
    if name in ("$p", "?$p"):
        return _mode(screen, name[:-2], parameters[0])
    return b""


def _status(screen: Screen, number: int) -> bytes:
    if number == 5:
        return OPERATING
    return b"\x1b[%d;%dR" % _position(screen) if number == 6 else b""


def _private_status(screen: Screen, number: int) -> bytes:
    if number == 15:
        return NO_PRINTER
    return b"\x1b[?%d;%dR" % _position(screen) if number == 6 else b""


def _position(screen: Screen) -> tuple[int, int]:
    top = screen.region()[0] if modes.DECOM in screen.mode else 0
    return screen.cursor.y - top + 1, min(screen.cursor.x, screen.columns - 1) + 1


def _mode(screen: Screen, prefix: str, number: int) -> bytes:
    mode = modes.private(number) if prefix else number
    if mode in modes.ALTERNATE_SCREENS:
        state = _RESET if screen.main is None else _SET
    elif mode in modes.KEPT:
        state = _SET if mode in screen.mode else _RESET
    else:
        state = _UNKNOWN
    return b"\x1b[%s%d;%d$y" % (prefix.encode(), number, state)
