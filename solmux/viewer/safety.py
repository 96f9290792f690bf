"""What of a console's live output may reach a viewer's terminal.

A console shows what an attacker on the host prints. So a viewer's terminal gets text, the controls that move
the cursor, and the sequences which the emulator itself executes; everything else is left out: titles,
clipboard, links and every other string (OSC, DCS, APC, PM, SOS), queries of any kind (an answer would be
typed into the console, once per viewer), the answerback, printing, window operations, keyboard locks and
protocols, unknown sequences. The grammar is that of the emulator, by using its parser: both see the same
sequences, and what is cut short or malformed never comes out. What comes out is byte for byte what went in,
but for these: a control inside a sequence stands before it, C1 introducers take their 7-bit form, a reset
(RIS) becomes a clear that leaves the viewer's scrollback and settings alone, and BEL rings at most once a
second.
"""

import codecs
import re
from typing import Final

from solmux.screen import modes
from solmux.screen.charset import AutoDecoder, Charset, FixedDecoder, decoder_of
from solmux.screen.emulator import Unfinished
from solmux.screen.parser import Parser, State
from solmux.screen.repaint import FRESH
from solmux.screen.terminal import ESCAPES, SEQUENCES

BELL_INTERVAL: Final = 1.0  # seconds

_PLAIN: Final = re.compile(rb"[\b-\r\x0e\x0f -~]*\Z")
_CONTROLS: Final = frozenset("\b\t\n\v\f\r\x0e\x0f")
_LONE_C1: Final = re.compile("[\udc80-\udc9f]")  # as bytes they begin sequences on 8-bit terminals
_INVISIBLE: Final = re.compile("[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
# Beside what the emulator executes: the shape of the cursor, and the modes of its blinking and of updates at
# once.
_HARMLESS: Final = frozenset({" q"})
_HARMLESS_MODES: Final = frozenset({modes.private(12), modes.private(2026)})
_MODES: Final = modes.KEPT | modes.ALTERNATE_SCREENS | {modes.SAVE_CURSOR} | _HARMLESS_MODES
_ATTRIBUTE_QUERIES: Final = frozenset({"c", ">c", "=c", "n", "?n", "x", "t", ">t", ">q", "?u", "?m", "?S"})
_STATE_QUERIES: Final = frozenset({"$p", "?$p", "$w", "*y", "&u", "#S", "#R"})
_QUERIES: Final = _ATTRIBUTE_QUERIES | _STATE_QUERIES
_CLEAR_SCROLLBACK: Final = "3"
_CLEARED: Final = "\x1b[r\x1b[2J\x1b[H"  # what switching to or from 132 columns does, without the columns
MOST_QUERIES: Final = 64


class _SurrogateDecoder:
    """Decodes UTF-8 so that encoding gives the same bytes again, whatever they were."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    @property
    def held(self) -> bytes:
        return self._decoder.getstate()[0]

    @held.setter
    def held(self, held: bytes) -> None:
        self._decoder.setstate((held, 0))

    @property
    def idle(self) -> bool:
        return not self.held

    def decode(self, data: bytes) -> str:
        return self._decoder.decode(data)


class SafetyFilter:
    """Filters the live output of one console.

    Nothing is kept but a sequence that is not complete yet, which is bounded.
    """

    def __init__(self, charset: str | None = None, *, reveal: bool = False) -> None:
        """Begin in the ground state.

        Args:
          charset: what the console's bytes mean ("auto", "cp437", "latin-1"): what comes out is UTF-8 then,
            and a firmware's frames are frames. None leaves bytes that are no UTF-8 as they are, but for
            0x80 to 0x9F.
          reveal: show characters that reorder or hide text, as `<U+202E>`.
        """
        self._decoder: _SurrogateDecoder | AutoDecoder | FixedDecoder = (
            _SurrogateDecoder() if charset is None else decoder_of(Charset(charset))
        )
        self._writer = _Writer(reveal)
        self._parser = Parser(self._writer)

    def feed(self, data: bytes, now: float) -> bytes:
        """Return what of *data* may be shown; *now* is in seconds, monotonic."""
        if self._parser.state is State.GROUND and self._decoder.idle and _PLAIN.match(data):
            return data
        self._writer.now = now
        self._parser.feed(self._decoder.decode(data))
        return self._writer.take()

    def queries(self) -> tuple[str, ...]:
        """Return the kinds of query left out since the last call: prefix, intermediates and final character.

        The emulator's `replies` has the answers.
        """
        queries = tuple(self._writer.queries)
        self._writer.queries.clear()
        return queries

    def go_on_from(self, unfinished: Unfinished) -> None:
        """Go on where an emulator stands: for a viewer whose screen was just repainted from it."""
        self._parser.state = unfinished.state
        self._parser.collected = unfinished.collected
        self._parser.left = unfinished.left
        self._decoder.held = unfinished.held
        if isinstance(self._decoder, AutoDecoder):
            self._decoder.legacy, self._decoder.alone = unfinished.legacy, unfinished.alone


class _Writer:
    """Writes down what the parser hands it, if it may be shown."""

    def __init__(self, reveal: bool) -> None:
        self._reveal = reveal
        self._out: list[str] = []
        self._bell_allowed = -1.0
        self.queries: list[str] = []
        self.now = 0.0

    def take(self) -> bytes:
        text = "".join(self._out)
        self._out.clear()
        return text.encode("utf-8", "surrogateescape")

    def draw_narrow(self, text: str) -> None:
        self._out.append(text)

    def draw(self, data: str) -> None:
        data = _LONE_C1.sub("", data)
        if self._reveal:
            data = _INVISIBLE.sub(lambda found: f"<U+{ord(found[0]):04X}>", data)
        self._out.append(data)

    def control(self, character: str) -> None:
        if character in _CONTROLS:
            self._out.append(character)
        elif character == "\a" and self.now >= self._bell_allowed:
            self._bell_allowed = self.now + BELL_INTERVAL
            self._out.append(character)

    def select(self, parameters: str) -> None:
        self._out.append(f"\x1b[{parameters}m")

    def escape(self, intermediates: str, final: str) -> None:
        if intermediates in ("(", ")"):
            self._out.append(f"\x1b{intermediates}{'0' if final in '02' else 'B'}")
        elif intermediates + final == "c":
            self._out.append(FRESH)
        elif intermediates + final in ESCAPES:
            self._out.append(f"\x1b{intermediates}{final}")

    def sequence(self, name: str, parameters: str) -> None:
        if name in ("h", "l", "?h", "?l"):
            self._modes(name, parameters)
        elif name in SEQUENCES or name in _HARMLESS:
            if _may_pass(name, parameters):
                prefix = name[0] if name[0] in "<=>?" else ""
                self._out.append(f"\x1b[{prefix}{parameters}{name[len(prefix) :]}")
        elif name in _QUERIES and len(self.queries) < MOST_QUERIES:
            self.queries.append(name)

    def _modes(self, name: str, parameters: str) -> None:
        """Pass on the modes that the emulator keeps; the sequence as it is if it sets no others."""
        prefix, final = name[:-1], name[-1]
        numbers = parameters.split(";")
        known = {number: _mode(prefix, number) for number in numbers}
        allowed = [number for number in numbers if known[number] in _MODES]
        if allowed:
            self._out.append(f"\x1b[{prefix}{';'.join(allowed)}{final}")
        if modes.DECCOLM in known.values():
            self._out.append(_CLEARED)


def _mode(prefix: str, number: str) -> int:
    value = int(number or 0)
    return modes.private(value) if prefix else value


def _may_pass(name: str, parameters: str) -> bool:
    if name in ("J", "?J"):
        return parameters.strip("0") != _CLEAR_SCROLLBACK  # which is the viewer's own
    if name == "T":
        return (
            ";" not in parameters
        )  # with more numbers it is xterm's mouse highlighting, which waits for an answer
    if name == "s":
        return not parameters  # with numbers it sets margins that the emulator does not know
    return True
