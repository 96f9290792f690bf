"""The modes a screen keeps, numbered as pyte numbers them: private ones are shifted by five bits."""

from typing import Final

from pyte.modes import DECAWM, DECOM, DECSCNM, DECTCEM, IRM, LNM

__all__ = [
    "ALTERNATE_SCREENS",
    "DECAWM",
    "DECCKM",
    "DECCOLM",
    "DECNKM",
    "DECOM",
    "DECSCNM",
    "DECTCEM",
    "DEFAULT",
    "IRM",
    "KEPT",
    "LNM",
    "SAVE_CURSOR",
    "SAVE_CURSOR_AND_SWITCH",
    "number_of",
    "private",
]


def private(number: int) -> int:
    """Return what stands for the private mode *number* (`CSI ? number h`)."""
    return number << 5


def number_of(mode: int) -> tuple[str, int]:
    """Return the prefix ("?" or "") and the number of *mode* in an escape sequence."""
    return ("?", mode >> 5) if mode & 31 == 0 else ("", mode)


DECCKM: Final = private(1)  # cursor keys send SS3
DECCOLM: Final = private(3)  # 132 columns: the size stays what it is, the screen is cleared
DECNKM: Final = private(66)  # the keypad sends escape sequences, as `ESC =`
SAVE_CURSOR: Final = private(1048)
SAVE_CURSOR_AND_SWITCH: Final = private(1049)
ALTERNATE_SCREENS: Final = frozenset({private(47), private(1047), SAVE_CURSOR_AND_SWITCH})

# Modes of the viewer's keyboard and mouse: nothing changes on the screen, a repaint has to set them.
INPUT: Final = frozenset(private(number) for number in (9, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 2004))

KEPT: Final = frozenset({IRM, LNM, DECCKM, DECSCNM, DECOM, DECAWM, DECTCEM, DECNKM}) | INPUT
DEFAULT: Final = frozenset({DECAWM, DECTCEM})
