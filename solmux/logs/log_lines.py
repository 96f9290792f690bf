"""How lines of ``console.log`` begin and end, written and read back.

An output line begins with the UTC time of its first byte, ``2026-11-20T17:05:40.123Z``, and a blank. An
event line is ``[-- text -- 2026-11-20T17:05:40Z]``. As every output line begins with a digit, nothing that a
console prints can look like an event.
"""

import re

from solmux.logs.stamps import MICROSECONDS, date, date_with_millis, micros_of, micros_of_date

STAMP_LENGTH = len("2026-11-20T17:05:40.123Z ")

_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ")
_EVENT = re.compile(rb"\[-- (.*) -- (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\]\n?\Z")

# What shows nothing, or moves what stands around it: C0 (but TAB and LF) and C1 controls, line and paragraph
# separators, marks of writing direction, zero-width characters, tags. In a log they hide or forge text.
# Surrogates stand for bytes that are not UTF-8 (`surrogateescape`).
_BEYOND_ASCII = (
    "\x80-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
)
_UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f{_BEYOND_ASCII}]")
_UNSAFE_BEYOND_ASCII = re.compile(f"[{_BEYOND_ASCII}]")


def printable(text: str) -> str:
    r"""Return *text* with every unsafe character but TAB and LF as the ``\xNN`` of its bytes."""
    return _UNSAFE.sub(_escape, text)


def shows_as_is(raw: bytes) -> bool:
    """Tell whether the characters beyond ASCII in *raw* are valid UTF-8 and safe."""
    try:
        return _UNSAFE_BEYOND_ASCII.search(raw.decode()) is None
    except UnicodeDecodeError:
        return False


def event_line(text: str, wall: float) -> bytes:
    """Return the line that marks an event of *wall* in ``console.log``, with its line end."""
    line = printable(text).replace("\n", "\\x0a")
    return f"[-- {line} -- {date(_micros(wall))}]\n".encode()


def parse_event(line: bytes) -> tuple[str, float] | None:
    """Return text and time (seconds since 1970) of an event line, or None for any other line."""
    match = _EVENT.match(line)
    when = _wall(match[2]) if match else None
    if match is None or when is None:
        return None
    return match[1].decode(errors="backslashreplace"), when


def parse_stamp(line: bytes) -> float | None:
    """Return the time an output line begins with (seconds since 1970), or None for any other line."""
    match = _STAMP.match(line)
    return _wall(match[1]) if match else None


class StampClock:
    """Writes stamps that never decrease, whatever the wall clock does."""

    def __init__(self, not_before: float = 0.0) -> None:
        self._last = _micros(not_before)
        self._written = -1
        self._stamp = b""

    def stamp(self, wall: float) -> bytes:
        """Return the stamp of a line whose first byte came at *wall*: that time, or the last one given."""
        self._last = max(self._last, _micros(wall))
        if self._last != self._written:
            self._written = self._last
            self._stamp = date_with_millis(self._last).encode() + b" "
        return self._stamp


def _micros(wall: float) -> int:
    return micros_of(wall + 0.5 / MICROSECONDS)  # the nearest: seconds in a float are a little off


def _wall(moment: bytes) -> float | None:
    try:
        return micros_of_date(moment.decode()) / MICROSECONDS
    except ValueError:
        return None


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) & 0xFF:02x}"
    return "".join(f"\\x{byte:02x}" for byte in character.encode(errors="surrogatepass"))
