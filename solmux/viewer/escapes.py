"""The escapes of an attached person: conserver's `^Ec` and the letter after it.

The first character of the prefix is held until the next one shows whether it was meant; in a shell `^E` alone
goes to the end of the line, so whoever reads the keyboard may call `release` when nothing follows for a
while.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DEFAULT_PREFIX: Final = b"\x05c"
REPLAY_LINES: Final = 20
PLAYBACK_LINES: Final = 60


class ActionKind(StrEnum):
    """What a person asks for."""

    DETACH = "detach"
    HELP = "help"
    ATTACH = "attach"  # read and write
    FORCE = "force"  # read and write, whoever types now
    SPY = "spy"  # read only
    BREAK = "break"
    WHO = "who"  # on this console
    USERS = "users"  # on all consoles
    INFO = "info"  # about this console
    VERSION = "version"
    REPLAY = "replay"  # the argument says how many lines
    REDRAW = "redraw"
    RECONNECT = "reconnect"
    DOWN = "down"
    SAY = "say"  # show the argument to the person, in a line of its own


@dataclass(frozen=True, slots=True)
class Input:
    """Bytes for the console."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Action:
    """Something else than typing."""

    kind: ActionKind
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What stands after the prefix.

    Attributes:
      keys: the characters that mean it, the first for the help.
      action: what it asks for; a SAY is an answer as it stands.
      help: what it does, empty for what the help does not list.
    """

    keys: str
    action: Action
    help: str = ""


def _do(keys: str, kind: ActionKind, text: str, argument: str = "") -> Letter:
    return Letter(keys, Action(kind, argument), text)


def _not_available(keys: str, what: str, instead: str = "") -> Letter:
    return Letter(keys, Action(ActionKind.SAY, f"not available: {what}{f' -- {instead}' if instead else ''}"))


# conserver's letters with its meanings, and the new ones that it leaves free.
LETTERS: Final = (
    _do(".\x03\x04", ActionKind.DETACH, "disconnect"),
    _do("?h", ActionKind.HELP, "this list"),
    _do("a", ActionKind.ATTACH, "attach read-write"),
    _do("f", ActionKind.FORCE, "force read-write, whoever types now"),
    _do("s", ActionKind.SPY, "spy: watch only"),
    _do("w", ActionKind.WHO, "who is on this console"),
    _do("ug", ActionKind.USERS, "who is on which console"),
    _do("ix", ActionKind.INFO, "the state of this console"),
    _do("r", ActionKind.REPLAY, "replay the last 20 lines", str(REPLAY_LINES)),
    _do("p", ActionKind.REPLAY, "play back the last 60 lines", str(PLAYBACK_LINES)),
    _do("\x12", ActionKind.REPLAY, "replay the last line", "1"),
    _do("\x0c", ActionKind.REDRAW, "redraw the screen"),
    _do("B", ActionKind.BREAK, "send a break", "0"),
    _do("o", ActionKind.RECONNECT, "close and open the connection to the BMC"),
    _do("d", ActionKind.DOWN, "take the console down"),
    _do("v", ActionKind.VERSION, "the version of this program"),
    Letter("L", Action(ActionKind.SAY, "refused: the log is never switched off")),
    Letter("c", Action(ActionKind.SAY, "not a serial line: there is no flow control to toggle")),
    Letter(" \r\n", Action(ActionKind.SAY, "cancelled")),
    _not_available("z\x1a", "suspending", "`~^Z` of ssh does it"),
    _not_available("|", "a local command", "`ssh mux NAME` without a terminal is a pipe"),
    _not_available("!", "tasks", "see the verb `power`"),
    _not_available("n", "notes from here", "see the verb `note`"),
    _not_available(";", "moving to another console", "detach and attach there"),
    _not_available("b", "messages to others"),
    _not_available("m", "a message of the day"),
    _not_available("R", "another number of lines to replay"),
    _not_available("P", "another number of lines to play back"),
    _not_available("j", "typing together"),
    _not_available("/", "searching", "see the verb `grep`"),
    _not_available("[", "paging back", "see the verb `log`"),
    _not_available("t", "times on the screen"),
    _not_available("k", "a mark in the log", "see the verb `note`"),
    _not_available("H", "the history of boots"),
    _not_available("q", "quiet"),
)
_MEANING: Final = {ord(key): letter for letter in LETTERS for key in letter.keys}
# Sequences of several keys, for the help: `l` chooses a break, `e` sets a prefix, `\` begins an octal number.
MORE_HELP: Final = (
    ("l0", "send the console's break"),
    ("l?", "list the breaks"),
    ("exy", "make x y the escape"),
    ("\\ooo", "send the character of that octal number"),
)
_BREAKS: Final = "01"  # the console's own, which is a break on the line, and the one conserver defines so
_ESCAPED: Final = re.compile(r"\^(.)|\\([0-7]{3})|(.)", re.DOTALL)


def parse_prefix(text: str) -> bytes:
    """Return the prefix that a person writes as `^Ec`, `\\005c` or `&`, or as `none` for no escapes.

    Raises:
      ValueError: it is neither one nor two characters.
    """
    if text in ("", "none"):
        return b""
    values = []
    for caret, octal, plain in _ESCAPED.findall(text):
        if caret:
            values.append(0x7F if caret == "?" else ord(caret.upper()) ^ 0x40)
        else:
            values.append(int(octal, 8) if octal else ord(plain))
    if not 1 <= len(values) <= 2 or not all(0 <= value < 0x80 for value in values):
        raise ValueError(f"an escape is one or two characters, as `^Ec` or `\\005c`, or `none`: not {text!r}")
    return bytes(values)


def visible(prefix: bytes) -> str:
    """Return *prefix* as people write it."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"^{chr(byte ^ 0x40)}" for byte in prefix)


class _State(StrEnum):
    TYPING = "typing"
    PREFIX = "prefix"  # its first of two characters was typed
    LETTER = "letter"
    AGAIN = "again"  # the first character of the prefix, after the whole prefix
    BREAK = "break"
    NEW_PREFIX = "new prefix"
    OCTAL = "octal"


class EscapeParser:
    """Parses what an attached person types.

    Attributes:
      prefix: the escape in force, empty for none.
    """

    def __init__(self, prefix: bytes = DEFAULT_PREFIX) -> None:
        """Begin with *prefix*, of none, one or two characters."""
        self.prefix = prefix
        self._state = _State.TYPING
        self._collected = b""
        self._typed = bytearray()
        self._found: list[Input | Action] = []

    @property
    def waiting(self) -> bool:
        """Whether an escape has begun."""
        return self._state is not _State.TYPING

    def feed(self, data: bytes) -> list[Input | Action]:
        """Return what *data* means, in order."""
        position = 0
        while position < len(data):
            if self._state is _State.TYPING:
                position = self._typing(data, position)
            else:
                self._escaped(data[position])
                position += 1
        self._end_input()
        found, self._found = self._found, []
        return found

    def release(self) -> list[Input | Action]:
        """Give up waiting for the second character of the prefix: the first was typed for the console."""
        if self._state is not _State.PREFIX:
            return []
        self._state = _State.TYPING
        return [Input(self.prefix[:1])]

    def _typing(self, data: bytes, position: int) -> int:
        end = data.find(self.prefix[:1], position) if self.prefix else -1
        if end < 0:
            self._typed += data[position:]
            return len(data)
        self._typed += data[position:end]
        self._state = _State.PREFIX if len(self.prefix) > 1 else _State.LETTER
        return end + 1

    def _escaped(self, byte: int) -> None:
        match self._state:
            case _State.PREFIX:
                self._prefix(byte)
            case _State.AGAIN:
                self._state = _State.TYPING
                if byte == self.prefix[1]:
                    self._typed += self.prefix
                else:
                    self._unknown()
            case _State.BREAK:
                self._state = _State.TYPING
                self._break(chr(byte))
            case _State.NEW_PREFIX:
                self._new_prefix(byte)
            case _State.OCTAL:
                self._octal(byte)
            case _:
                self._letter(byte)

    def _prefix(self, byte: int) -> None:
        if byte == self.prefix[1]:
            self._state = _State.LETTER
        elif byte == self.prefix[0]:
            self._typed += self.prefix[:1]  # and this one is held in its place
        else:
            self._state = _State.TYPING
            self._typed += self.prefix[:1] + bytes([byte])

    def _letter(self, byte: int) -> None:
        self._collected = b""
        self._state = _State.TYPING
        if byte == self.prefix[0]:
            if len(self.prefix) > 1:
                self._state = _State.AGAIN
            else:
                self._typed += self.prefix
        elif byte == ord("l"):
            self._state = _State.BREAK
        elif byte == ord("e"):
            self._state = _State.NEW_PREFIX
        elif byte == ord("\\"):
            self._state = _State.OCTAL
        elif byte in _MEANING:
            self._act(_MEANING[byte].action)
        else:
            self._unknown()

    def _break(self, which: str) -> None:
        if which == "?":
            self._say("breaks: 0 and 1, a break on the serial line")
        elif which in _BREAKS:
            self._act(Action(ActionKind.BREAK, which))
        else:
            self._say(f"not available: break {which if which.isalnum() else '?'} -- `l?` lists the breaks")

    def _new_prefix(self, byte: int) -> None:
        self._collected += bytes([byte])
        if len(self._collected) < 2:
            return
        self._state = _State.TYPING
        if all(value < 0x80 for value in self._collected):
            self.prefix = self._collected
            self._say(f"the escape is `{visible(self.prefix)}' now")
        else:
            self._say(f"the escape stays `{visible(self.prefix)}'")

    def _octal(self, byte: int) -> None:
        self._collected += bytes([byte])
        if byte not in b"01234567":
            self._state = _State.TYPING
            self._say("not an octal number: three digits from \\000 to \\377")
        elif len(self._collected) == 3:
            self._state = _State.TYPING
            value = int(self._collected, 8)
            if value < 256:
                self._typed += bytes([value])
            else:
                self._say("not an octal number: three digits from \\000 to \\377")

    def _unknown(self) -> None:
        self._say(f"unknown -- use `{visible(self.prefix)}?'")

    def _say(self, text: str) -> None:
        self._act(Action(ActionKind.SAY, text))

    def _act(self, action: Action) -> None:
        self._end_input()
        self._found.append(action)

    def _end_input(self) -> None:
        if self._typed:
            self._found.append(Input(bytes(self._typed)))
            self._typed.clear()


def help_lines(prefix: bytes) -> list[str]:
    """Return the help, a line an escape."""
    shown = visible(prefix)
    lines = [(visible(letter.keys[0].encode()), letter.help) for letter in LETTERS if letter.help]
    lines += MORE_HELP
    lines.append((shown, f"send {shown} itself"))
    return [f"{shown}{keys:<5} {text}" for keys, text in lines]
