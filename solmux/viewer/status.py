"""What a person attached to a console is told, and how a terminal is left when it goes."""

from typing import Final

from solmux.screen.repaint import SETTLED
from solmux.viewer.escapes import help_lines, visible

LONGEST_TEXT: Final = 400  # characters of a notice

# Everything back to what a terminal is when it is switched on, but for the text on it; the cursor in the last
# row.
LEAVE: Final = f"{SETTLED}\x1b[?12;2026l\x1b[0 q\x1b[999;1H".encode()


def attached(
    console: str,
    *,
    writing: bool,
    prefix: bytes,
    writer: str = "",
    trouble: str = "",
    reconstructed: bool = False,
) -> str:
    """Return the one line that says at attaching what one has got.

    Args:
      console: its name.
      writing: whether what one types goes to the console.
      prefix: the escape in force, empty for none.
      writer: who types instead, empty if nobody does.
      trouble: why the console is not up, empty if it is.
      reconstructed: whether parts of the screen may be wrong.
    """
    parts = [f"{console} attached {'read-write' if writing else 'watching'}"]
    if not writing:
        parts.append(f"{writer} types" if writer else "nobody types")
    if trouble:
        parts.append(f"down: {trouble}")
    if reconstructed:
        parts.append("screen reconstructed")
    if prefix:
        parts.append(f"{visible(prefix)}? for help")
    return ", ".join(parts)


def detached(console: str, reason: str = "") -> str:
    """Return the line that says that one is no longer attached."""
    return f"{console} detached{f': {reason}' if reason else ''}"


def notice(text: str) -> bytes:
    """Return *text* as a line of its own where the cursor is: for consoles that print lines."""
    return f"\r\n[solmux: {_clean(text)}]\r\n".encode()


def answer(text: str) -> bytes:
    """Return *text* as the short answer to an escape, `[text]`."""
    return f"\r\n[{_clean(text)}]\r\n".encode()


def overlay(text: str, columns: int, rows: int) -> bytes:
    """Return *text* as a bar in the last row of a viewer's terminal of that size.

    For screens that programs draw. It leaves cursor and modes elsewhere: the emulator's `resume` must follow
    it.
    """
    shown = f"[solmux: {_clean(text)}]"[: max(columns - 1, 1)]
    return f"\x1b[r\x1b[?6l\x1b[4l\x1b[?7l\x1b(B\x0f\x1b[{rows};1H\x1b[0;7m{shown}\x1b[0m\x1b[K".encode()


def help_text(prefix: bytes) -> bytes:
    """Return the help on escapes, a line each."""
    lines = help_lines(prefix) if prefix else ["[no escapes are set]"]
    return "".join(f"\r\n{line}" for line in lines).encode() + b"\r\n"


def _clean(text: str) -> str:
    """Return *text* without what could steer a terminal, and not too long."""
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
