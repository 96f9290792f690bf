"""A line of input on a terminal: echo, rubbing out, and the control keys."""

import math

from solmux.sim.machine.script import ESCAPE, GetKey, Print, Script


class Interrupted(Exception):  # noqa: N818 - somebody's wish, not an error
    """Ctrl-C was typed."""


class EndOfInput(Exception):  # noqa: N818 - somebody's wish, not an error
    """Ctrl-D was typed on an empty line."""


def read_line(*, echo: bool = True, timeout: float = math.inf) -> Script[str | None]:
    """Return a line without its end; none after *timeout* seconds without a key.

    CR and LF both end a line, so CR LF ends two, as on a real terminal. Ctrl-C raises `Interrupted` and
    Ctrl-D on an empty line `EndOfInput`, both after their echo. Without *echo*, as for a password, both just
    give an empty line.
    """
    line = ""
    while True:
        key = yield GetKey(timeout)
        if not key:
            return None
        if key in (b"\r", b"\n"):
            yield Print(b"\r\n")
            return line
        if key in (b"\x03", b"\x04"):
            if not echo:
                return ""
            yield from _leave(line, key)
        elif key == ESCAPE:
            yield from _skip_sequence()
        else:
            edited = _edited(line, key)
            if echo:
                yield Print(b"\b \b" * (len(line) - len(edited)) + edited[len(line) :].encode("latin-1"))
            line = edited


def _leave(line: str, key: bytes) -> Script[None]:
    """Obey Ctrl-C, or Ctrl-D on an empty line."""
    if key == b"\x03":
        yield Print(b"^C\r\n")
        raise Interrupted
    if not line:
        raise EndOfInput


def _edited(line: str, key: bytes) -> str:
    """Return what a character, Backspace, Ctrl-U or Ctrl-W makes of a line."""
    if key in (b"\x7f", b"\x08"):
        return line[:-1]
    if key == b"\x15":
        return ""
    if key == b"\x17":
        return line.rstrip()[: line.rstrip().rfind(" ") + 1]
    return line + key.decode("latin-1") if key >= b" " else line


def _skip_sequence() -> Script[None]:
    """Swallow the rest of an escape sequence, such as that of an arrow key: there is no history."""
    key = yield GetKey(0.05)
    if key == ESCAPE or key not in (b"[", b"O"):
        return
    while key and not (b"@" <= key <= b"~" and key not in (b"[", b"O")):
        key = yield GetKey(0.05)
