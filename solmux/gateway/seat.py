"""One person's place at a console, as agreed with the core: who types, what is on its way, what may follow.

No I/O: frames go out by a callable, and the owner is told what a person should know.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from solmux.wire.frames import Acked, Attach, Attached, Break, Credit, Detach, Frame, Input, Unknown

HELD_LIMIT = 4096  # characters kept beyond the credit before reading from the person stops
INPUT_PIECE = 1024  # characters of one Input frame


class SeatOwner(Protocol):
    """Who sits there."""

    def seat_changed(self, seat: "Seat") -> None:
        """Mode or writer are others now (`seat.mode`, `seat.writer`), or a wish was answered."""

    def seat_lost(self, seat: "Seat", reason: str) -> None:
        """The core refused the seat or took it back; it is of no further use."""

    def input_uncertain(self, characters: int, reason: str) -> None:
        """This many typed characters may not have arrived, or were refused; 0 for a BREAK."""

    def break_sent(self) -> None:
        """The BMC has taken a BREAK."""

    def read_more(self, wanted: bool) -> None:
        """Whether there is room for more input."""

    def failed(self) -> None:
        """One of the calls above raised; called from the `except`."""


@dataclass(slots=True)
class _OnItsWay:
    """A frame that the core has not answered."""

    input_id: int
    characters: int


@dataclass(slots=True, eq=False)
class Seat:
    """An attachment.

    Attributes:
      number: of the attachment, of our choice.
      wanted: the mode asked for, "write" or "watch".
      mode: the mode granted; "" while the core has not answered.
      writer: who types at this console, as the core names them; "" for nobody.
      credit: characters that may be sent now.
    """

    number: int
    console: str
    wanted: str
    person: str
    address: str
    send: Callable[[Frame], bool]
    owner: SeatOwner
    mode: str = ""
    writer: str = ""
    credit: int = 0
    _held: bytearray = field(default_factory=bytearray)
    _unanswered: deque[_OnItsWay] = field(default_factory=deque)
    _next_id: int = 1
    _asking: bool = False
    _tell: bool = False  # the answer to a person's own wish, even if it changes nothing
    _reading: bool = True

    @property
    def writes(self) -> bool:
        """Whether what is typed here goes to the machine."""
        return self.mode == "write"

    def ask(self, mode: str | None = None) -> None:
        """Ask the core for the seat, or for another *mode* of it."""
        self.wanted = mode or self.wanted
        self._tell = mode is not None
        asked = self.send(Attach(self.number, self.console, self.wanted, self.person, self.address))
        self._asking = asked and self.mode == ""

    def type(self, data: bytes) -> bool:
        """Take typed characters; False when they cannot go to the machine: watching, or the core is away.

        What goes beyond the credit is held, and everything while the core has not answered `ask`.
        """
        if not self.writes and not (self._asking and self.wanted == "write"):
            return False
        self._held += data
        self._pour()
        return True

    def send_break(self) -> bool:
        """Send a BREAK behind the characters typed so far; False when it cannot go to the machine now."""
        if not self.writes or self._held or not self.send(Break(self.number, self._next_id)):
            return False
        self._unanswered.append(_OnItsWay(self._next_id, 0))
        self._next_id += 1
        return True

    def leave(self) -> None:
        """Give the seat up. Characters that were sent go on to the machine."""
        self.send(Detach(self.number))
        self._held.clear()
        self._unanswered.clear()
        self.mode = self.writer = ""

    def core_says(self, frame: Attached | Acked | Unknown | Credit) -> None:
        """Take a frame for this attachment."""
        match frame:
            case Attached():
                self._attached(frame)
            case Credit():
                self.credit += frame.characters
                self._pour()
            case Acked():
                if self._answered(frame.input_id) == 0:
                    self.owner.break_sent()
            case Unknown():
                self._answered(frame.input_id)
                self.owner.input_uncertain(frame.characters, frame.reason)

    def core_gone(self) -> None:
        """The connection to the core has ended: nobody will answer what is on its way."""
        uncertain = sum(item.characters for item in self._unanswered)
        unsent = len(self._held)
        self._unanswered.clear()
        self._held.clear()
        self.mode = self.writer = ""
        self.credit = 0
        self._asking = False
        self._update_reading()
        if uncertain:
            self.owner.input_uncertain(uncertain, "the core went away")
        if unsent:
            self.owner.input_uncertain(unsent, "not sent: the core went away")

    def _attached(self, frame: Attached) -> None:
        self._asking = False
        if frame.error:
            self.mode = ""
            self.owner.seat_lost(self, frame.error)
            return
        before = (self.mode, self.writer)
        self.mode, self.writer = frame.mode, frame.writer
        self.credit = frame.credit if self.writes else 0
        if not self.writes and self._held:
            unsent = len(self._held)
            self._held.clear()
            self.owner.input_uncertain(unsent, f"not sent: {frame.writer or 'nobody'} types")
        if self._tell or before != (self.mode, self.writer):
            self._tell = False
            self.owner.seat_changed(self)
        self._pour()

    def _pour(self) -> None:
        """Send what is held, as far as the credit goes."""
        while self.writes and self._held and self.credit > 0:
            piece = bytes(self._held[: min(self.credit, INPUT_PIECE)])
            if not self.send(Input(self.number, self._next_id, piece)):
                break  # core_gone follows and counts what is held
            del self._held[: len(piece)]
            self.credit -= len(piece)
            self._unanswered.append(_OnItsWay(self._next_id, len(piece)))
            self._next_id += 1
        self._update_reading()

    def _update_reading(self) -> None:
        wanted = len(self._held) < HELD_LIMIT
        if wanted != self._reading:
            self._reading = wanted
            self.owner.read_more(wanted)

    def _answered(self, input_id: int) -> int | None:
        """Forget the input *input_id*; return its length, or None if it was not on its way."""
        for item in self._unanswered:  # answers come in order: it is the first one
            if item.input_id == input_id:
                self._unanswered.remove(item)
                return item.characters
        return None
