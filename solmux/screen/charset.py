"""Console bytes to text: UTF-8, and code page 437 where bytes are no UTF-8; or one set throughout."""

import codecs
import re
from enum import StrEnum
from typing import Final

LEGACY_SPAN: Final = 8192  # bytes for which a frame of code page 437 decides what is ambiguous

# U+005F to U+007E of the DEC special graphics set (VT220 manual, table 2-4).
LINE_DRAWING: Final = dict(zip(range(0x5F, 0x7F), "\u00a0◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·", strict=True))


class Charset(StrEnum):
    """What the bytes of a console mean."""

    AUTO = "auto"
    UTF_8 = "utf-8"
    CP437 = "cp437"
    LATIN_1 = "latin-1"


_UNITS: Final = re.compile(
    rb"([\x00-\x7f]+)"
    rb"|([\xc2-\xdf][\x80-\xbf])"
    rb"|((?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])[\x80-\xbf]"
    rb"|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]{2})"
    rb"|([\x80-\xff])"
)
_ASCII, _PAIR, _LONG, _ALONE = 1, 2, 3, 4
_LINES: Final = range(0xB3, 0xDB)  # lines, corners and crossings in code page 437
_UNFINISHED: Final = re.compile(
    rb"(?:[\xc2-\xdf]|\xe0[\xa0-\xbf]?|[\xe1-\xec\xee\xef][\x80-\xbf]?|\xed[\x80-\x9f]?"
    rb"|\xf0(?:[\x90-\xbf][\x80-\xbf]?)?|[\xf1-\xf3][\x80-\xbf]{0,2}|\xf4(?:[\x80-\x8f][\x80-\xbf]?)?)\Z"
)


class AutoDecoder:
    """Decodes UTF-8, and as code page 437 each byte that is not part of it; the same for any chunking.

    Firmware built from EDK2 draws its frames with raw bytes of code page 437, in which some pairs happen to
    be valid UTF-8 (0xC4 0xBF, the right end of a frame's top). Two bytes of 0xC0 and above in a row that are
    no UTF-8 are the mark of such a frame (a character cut by lost output does not look so); for the next
    `LEGACY_SPAN` bytes pairs are code page 437 as well. A valid character of three or four bytes ends that:
    frames do not look so. Directly after a lone line or corner, a pair of them is one too.
    """

    def __init__(self) -> None:
        self.held = b""  # the beginning of a character
        self.legacy = 0  # for how many bytes more pairs are code page 437
        self.alone = 0  # the last byte, if it was no UTF-8

    @property
    def idle(self) -> bool:
        """Whether plain ASCII would be decoded to itself and change nothing here."""
        return not (self.held or self.legacy or self.alone)

    def decode(self, data: bytes) -> str:
        """Return the text of *data*; the beginning of a character is kept for the next call."""
        if self.held:
            data = self.held + data
            self.held = b""
        if data.isascii():
            self._pass(len(data))
            return data.decode("ascii")
        unfinished = _UNFINISHED.search(data, max(0, len(data) - 3))
        if unfinished:
            self.held = unfinished[0]
            data = data[: unfinished.start()]
        if not self.legacy and not self.alone:
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                pass
            else:
                self._pass(len(data))
                return text
        return "".join([self._unit(unit) for unit in _UNITS.finditer(data)])

    def _pass(self, count: int) -> None:
        if count:
            self.alone = 0
            self.legacy = max(0, self.legacy - count)

    def _unit(self, unit: re.Match[bytes]) -> str:
        raw = unit[0]
        kind = unit.lastindex
        if kind == _ALONE:
            frame = raw[0] >= 0xC0 and self.alone >= 0xC0
            self.legacy = LEGACY_SPAN if frame else max(0, self.legacy - 1)
            self.alone = raw[0]
            return raw.decode("cp437")
        legacy, alone = self.legacy, self.alone
        self._pass(len(raw))
        if kind == _LONG:
            self.legacy = 0
        elif kind == _PAIR and (legacy or (alone in _LINES and raw[0] in _LINES and raw[1] in _LINES)):
            self.alone = raw[1]
            return raw.decode("cp437")
        return raw.decode("utf-8")

    def forget(self) -> None:
        """Drop the beginning of a character: the bytes that come do not follow."""
        self.held = b""
        self.alone = 0


class FixedDecoder:
    """Decodes one character set throughout; what is malformed becomes U+FFFD."""

    def __init__(self, charset: Charset) -> None:
        self._decoder = codecs.getincrementaldecoder(charset.value)("replace")
        self.legacy = 0
        self.alone = 0

    @property
    def held(self) -> bytes:
        """The beginning of a character."""
        return self._decoder.getstate()[0]

    @held.setter
    def held(self, held: bytes) -> None:
        self._decoder.setstate((held, 0))

    @property
    def idle(self) -> bool:
        """Whether plain ASCII would be decoded to itself and change nothing here."""
        return not self.held

    def decode(self, data: bytes) -> str:
        """Return the text of *data*; the beginning of a character is kept for the next call."""
        return self._decoder.decode(data)

    def forget(self) -> None:
        """Drop the beginning of a character: the bytes that come do not follow."""
        self._decoder.reset()


Decoder = AutoDecoder | FixedDecoder


def decoder_of(charset: Charset) -> Decoder:
    """Return a fresh decoder for *charset*."""
    return AutoDecoder() if charset is Charset.AUTO else FixedDecoder(charset)
