"""The escape sequence parser: text in, calls to a screen out.

A state machine in the manner of DEC's terminals (vt100.net/emu/dec_ansi_parser): controls inside a sequence
are executed, CAN and SUB end it, ESC begins another, and what is unknown is ignored as a whole. It differs
where consoles do, since they print sequences cut short: a line feed ends any sequence; a printable character
outside ASCII, which cannot belong to one, ends it and is shown (systemd puts an ellipsis in the middle of its
colours); and a string (title, device control) is given up at the end of a line or after `LONGEST_STRING`
characters, so that it does not darken the screen for ever.

Nothing is kept of a string, and of a sequence at most `LONGEST_SEQUENCE` characters.
"""

import re
from enum import IntEnum
from typing import Final, Protocol

LONGEST_SEQUENCE: Final = 256  # characters after the introducer; a longer sequence is ignored
LONGEST_STRING: Final = 65536

# Characters that take one cell each, wherever the tables of widths come from.
NARROW: Final = (
    " -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f"
    "\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2100-\u22ff\u2500-\u259f"
)

_TOKENS: Final = re.compile(
    rf"([{NARROW}]+)"
    r"|\x1b\[([<-?]?)([0-9;]{0,64})([@-~])"
    r"|([\x00-\x17\x19\x1c-\x1f]+)"
    r"|\x1b([ -/])([0-~])"
    r"|([^\x00-\x1f\x7f-\x9f]+)"
)
_NARROW, _SEQUENCE, _CONTROLS, _ESCAPE, _WIDE = 1, 4, 5, 7, 8  # the last group of each alternative
_CSI_BODY: Final = re.compile(r"[ -?]*")
_CSI_PARTS: Final = re.compile(r"([<-?]?)([0-9;:]*)([ -/]*)\Z")
_STRING_END: Final = re.compile(r"[\n\v\f\r\x18\x1a\x1b\x9c]")
_COMMAND_END: Final = re.compile(r"[\n\v\f\r\x18\x1a\x1b\x9c\a]")  # BEL ends an operating system command only
_STRING_OPENERS: Final = "]PX^_k"
_C1_OPENERS: Final = {"\x90": "P", "\x98": "X", "\x9d": "]", "\x9e": "^", "\x9f": "_"}
_C1_ESCAPES: Final = {"\x84": "D", "\x85": "E", "\x88": "H", "\x8d": "M"}


class State(IntEnum):
    """Where in a sequence the parser stands."""

    GROUND = 0
    ESCAPE = 1
    CSI = 2
    STRING = 3
    COMMAND = 4  # a string that BEL ends too
    COMMAND_START = 5
    COLOUR = 6  # the Linux console's `ESC ] P nrrggbb`, which has no end mark


class Sink(Protocol):
    """What the parser drives."""

    def draw_narrow(self, text: str) -> None:
        """Draw characters of one cell each."""

    def draw(self, data: str) -> None:
        """Draw printable characters of any width."""

    def control(self, character: str) -> None:
        """Execute a C0 control."""

    def select(self, parameters: str) -> None:
        """Execute SGR with its parameter string."""

    def escape(self, intermediates: str, final: str) -> None:
        """Execute `ESC intermediates final`."""

    def sequence(self, name: str, parameters: str) -> None:
        """Execute a control sequence; *name* is its prefix, intermediates and final character together."""


class Parser:
    """Feeds a `Sink`.

    Attributes:
      state: where the parser stands.
      collected: intermediates of an escape, or all of a control sequence after its introducer.
      left: how many characters of a string are still taken before it is given up.
    """

    __slots__ = ("_sink", "collected", "left", "state")

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.state = State.GROUND
        self.collected = ""
        self.left = 0

    def feed(self, text: str) -> None:
        """Consume *text*, of any kind and cut anywhere."""
        position = 0
        length = len(text)
        while position < length:
            if self.state is State.GROUND:
                position = self._ground(text, position)
            elif self.state is State.ESCAPE:
                position = self._escape(text, position)
            elif self.state is State.CSI:
                position = self._csi(text, position)
            else:
                position = self._string(text, position)

    def abandon(self) -> None:
        """Forget a sequence begun: what comes does not follow."""
        self.state = State.GROUND
        self.collected = ""
        self.left = 0

    def _ground(self, text: str, position: int) -> int:
        sink = self._sink
        draw_narrow, control, select, sequence = sink.draw_narrow, sink.control, sink.select, sink.sequence
        match = _TOKENS.match
        while token := match(text, position):
            kind = token.lastindex
            position = token.end()
            if kind == _NARROW:
                draw_narrow(token[0])
            elif kind == _SEQUENCE:
                prefix, parameters, final = token.group(2, 3, 4)
                if final == "m" and not prefix:
                    select(parameters)
                else:
                    sequence(prefix + final, parameters)
            elif kind == _CONTROLS:
                for character in token[0]:
                    control(character)
            elif kind == _ESCAPE:
                sink.escape(token[6], token[7])
            else:
                sink.draw(token[0])
        if position < len(text):
            self._introduce(text[position])
            position += 1
        return position

    def _introduce(self, character: str) -> None:
        """Begin what *character* (ESC, CAN, SUB, DEL or a C1 control) begins, ending what was begun."""
        self.collected = ""
        self.left = 0
        if character == "\x1b":
            self.state = State.ESCAPE
        elif character == "\x9b":
            self.state = State.CSI
        elif character in _C1_OPENERS:
            self._open_string(_C1_OPENERS[character])
        else:
            self.state = State.GROUND
            if character in _C1_ESCAPES:
                self._sink.escape("", _C1_ESCAPES[character])

    def _open_string(self, opener: str) -> None:
        self.state = State.COMMAND_START if opener == "]" else State.STRING
        self.left = LONGEST_STRING

    def _inside(self, character: str) -> bool:
        """Deal with *character* inside a sequence if it is no part of one; tell whether it was used up."""
        if character < " " and character not in "\n\x18\x1a\x1b":
            self._sink.control(character)
        elif character == "\n":
            self.abandon()
            return False
        elif character == "\x7f":
            pass
        elif character < "\xa0":
            self._introduce(character)
        else:
            self.abandon()
            return False
        return True

    def _escape(self, text: str, position: int) -> int:
        character = text[position]
        if not " " <= character <= "~":
            return position + self._inside(character)
        if character <= "/":
            if len(self.collected) < LONGEST_SEQUENCE:
                self.collected += character
        elif self.collected:
            intermediates = self.collected
            self.abandon()
            self._sink.escape(intermediates, character)
        elif character == "[":
            self.state = State.CSI
        elif character in _STRING_OPENERS:
            self._open_string(character)
        else:
            self.abandon()
            self._sink.escape("", character)
        return position + 1

    def _csi(self, text: str, position: int) -> int:
        body = _CSI_BODY.match(text, position)
        if body and body[0]:
            # One character too many is kept, as the mark that the sequence is too long.
            self.collected = (self.collected + body[0][: LONGEST_SEQUENCE + 1])[: LONGEST_SEQUENCE + 1]
            return body.end()
        character = text[position]
        if not "@" <= character <= "~":
            return position + self._inside(character)
        collected = self.collected
        self.abandon()
        parts = _CSI_PARTS.match(collected)
        if parts and len(collected) <= LONGEST_SEQUENCE:
            self._dispatch(parts[1], parts[2], parts[3], character)
        return position + 1

    def _dispatch(self, prefix: str, parameters: str, intermediates: str, final: str) -> None:
        if final == "m" and not prefix and not intermediates:
            self._sink.select(parameters)
        elif ":" not in parameters:
            self._sink.sequence(prefix + intermediates + final, parameters)

    def _string(self, text: str, position: int) -> int:
        if self.state is State.COMMAND_START:
            return self._command_start(text, position)
        if self.state is State.COLOUR:
            return self._colour(text, position)
        ends = _COMMAND_END if self.state is State.COMMAND else _STRING_END
        limit = position + self.left
        end = ends.search(text, position, limit)
        if end is None:
            self.left -= min(limit, len(text)) - position
            if not self.left:
                self.abandon()
            return min(limit, len(text))
        character = end[0]
        if character in "\x18\x1a\x1b\x9c":
            self._introduce(character)
            return end.end()
        self.abandon()
        return end.end() if character == "\a" else end.start()  # a line's end is executed

    def _command_start(self, text: str, position: int) -> int:
        character = text[position]
        if character == "R":  # the Linux console's "reset the palette" ends here
            self.abandon()
            return position + 1
        if character == "P":
            self.state = State.COLOUR
            self.left = 7
            return position + 1
        self.state = State.COMMAND
        return position

    def _colour(self, text: str, position: int) -> int:
        if text[position] not in "0123456789abcdefABCDEF":
            self.abandon()
            return position
        self.left -= 1
        if not self.left:
            self.abandon()
        return position + 1
