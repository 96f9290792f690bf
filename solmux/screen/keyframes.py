"""Places in console output from which a screen can be built without what came before.

A console that addresses the cursor (a firmware menu with a clock) can go on for hours with some bytes that
make sense only on the screen drawn long ago. So an emulator starts at a keyframe: a reset, or a clear of the
whole screen with the cursor placed.
"""

import re
from dataclasses import dataclass
from typing import Final

_SETTING: Final = rb"\x1b\[[0-9;?=]{0,32}[hlm]"
_PLACE: Final = rb"\x1b\[[0-9;]{0,12}[Hf]"
_HOME: Final = rb"\x1b\[0{0,4}1?(?:;0{0,4}1?)?[Hf]"
_CLEAR: Final = re.compile(
    rb"\x1b\[2J(?:" + _SETTING + rb"){0,8}" + _PLACE  # clear, then address
    + rb"|" + _HOME + rb"(?:" + _SETTING + rb"){0,8}\x1b\[[02]?J"  # home, then clear what is below it
)  # fmt: skip
_SETTINGS_BEFORE: Final = re.compile(rb"(?:" + _SETTING + rb")+\Z")
_RESET: Final = b"\x1bc"
_ALTERNATE: Final = re.compile(rb"\x1b\[\?(?:47|1047|1049)([hl])")
_ADDRESSING: Final = re.compile(rb"\x1b(?:\[[0-9;]{0,12}[ABEFHLMSTdfr]|[8M])")
_MODES: Final = re.compile(
    rb"(?P<mode>\x1b\[\??[0-9;]{1,32})[hl]|(?P<margins>\x1b\[)[0-9;]{0,12}r|(?P<style>\x1b\[)[0-9;:]{0,64}m"
    rb"|(?P<set>\x1b[()])[0-~]|(?P<keypad>\x1b)[=>]|(?P<shift>)[\x0e\x0f]"
)

LONGEST: Final = 512  # bytes a keyframe with the settings around it can span


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A place from which the screen is right.

    Attributes:
      start: index of its first byte; settings of colour and mode directly before the clear belong to it.
      complete: modes, margins and character sets start anew too (a reset); otherwise they are what they were.
    """

    start: int
    complete: bool


def last_keyframe(data: bytes) -> Keyframe | None:
    """Return the last keyframe in *data*, which may begin in the middle of a sequence; None if there is none.

    A clear on the alternate screen is none: what the main screen shows afterwards does not follow from it.
    """
    reset = data.rfind(_RESET)
    searched = max(reset, 0)
    clear: re.Match[bytes] | None = None
    alternate = _ALTERNATE.finditer(data, searched)
    switch = next(alternate, None)
    shown = b"l"
    for found in _CLEAR.finditer(data, searched):
        while switch is not None and switch.start() < found.start():
            shown = switch[1]
            switch = next(alternate, None)
        if shown == b"l":
            clear = found
    if clear is None:
        return Keyframe(reset, complete=True) if reset >= 0 else None
    if reset >= 0 and clear.start() - reset <= LONGEST:
        return Keyframe(reset, complete=True)  # as good a picture, and all modes with it
    before = _SETTINGS_BEFORE.search(data, max(searched, clear.start() - 256), clear.start())
    return Keyframe(before.start() if before else clear.start(), complete=False)


def addresses_cursor(chunk: bytes) -> bool:
    """Tell, cheaply, whether *chunk* goes to other rows, as menus and full-screen programs do."""
    return _ADDRESSING.search(chunk) is not None


def mode_changes(skipped: bytes) -> bytes:
    """Return the sequences of *skipped* that matter to what follows: of each kind the last."""
    kept: dict[tuple[str | None, bytes], bytes] = {}
    for found in _MODES.finditer(skipped):
        kind = found.lastgroup
        key = (kind, found[kind] if kind else b"")
        kept.pop(key, None)
        kept[key] = found[0]
    return b"".join(kept.values())
