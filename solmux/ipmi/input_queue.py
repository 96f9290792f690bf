"""Input on its way to the BMC: what was typed, in order, and how much of it has been accepted."""

from collections import deque
from dataclasses import dataclass

from solmux.ipmi.events import Event, InputAccepted, InputUnknown
from solmux.ipmi.keystrokes import cut


@dataclass(slots=True)
class _Entry:
    """One input, until all of it is accepted."""

    input_id: int
    remaining: int
    is_break: bool = False


class InputQueue:
    """Text and BREAKs in the order they were typed; at most one packet's worth is out at a time.

    Attributes:
      characters: typed and not yet accepted, those in flight included.
    """

    __slots__ = ("_entries", "_events", "_text", "characters")

    def __init__(self, events: list[Event]) -> None:
        """Append what becomes of each input to *events*, in order."""
        self.characters = 0
        self._events = events
        self._entries: deque[_Entry] = deque()
        self._text = bytearray()  # what is not in flight

    def __bool__(self) -> bool:
        return bool(self._entries)

    @property
    def break_is_next(self) -> bool:
        """Whether everything typed before the first BREAK has been accepted."""
        return bool(self._entries) and self._entries[0].is_break

    @property
    def waiting(self) -> int:
        """Characters that are not in flight."""
        return len(self._text)

    def add(self, data: bytes, input_id: int) -> None:
        """Queue *data*; an empty input is accepted in its turn."""
        self._entries.append(_Entry(input_id, len(data)))
        self._text += data
        self.characters += len(data)
        self._settle()

    def add_break(self, input_id: int) -> None:
        """Queue a BREAK behind what has been typed."""
        self._entries.append(_Entry(input_id, 0, is_break=True))

    def take(self, limit: int) -> bytes:
        """Take the characters of the next packet, at most *limit*; nothing may be in flight."""
        before_break = 0
        for entry in self._entries:
            if entry.is_break or before_break > limit:
                break
            before_break += entry.remaining
        count = cut(self._text[: min(before_break, limit + 1)], limit)
        data = bytes(self._text[:count])
        del self._text[:count]
        return data

    def give_back(self, data: bytes) -> None:
        """Put what was taken and not accepted back to the front."""
        self._text[:0] = data

    def accept(self, count: int) -> None:
        """Note that the BMC has the next *count* characters."""
        self.characters -= count
        while count:
            entry = self._entries[0]
            step = min(count, entry.remaining)
            entry.remaining -= step
            count -= step
            self._settle()

    def finish_break(self, *, accepted: bool) -> None:
        """Remove the BREAK at the front: the BMC has it, or did not say so."""
        input_id = self._entries.popleft().input_id
        self._events.append(InputAccepted(input_id) if accepted else InputUnknown(input_id, 0))
        self._settle()

    def abandon(self) -> None:
        """Give everything up: nobody knows whether it has arrived or will."""
        for entry in self._entries:
            self._events.append(InputUnknown(entry.input_id, entry.remaining))
        self._entries.clear()
        self._text.clear()
        self.characters = 0

    def _settle(self) -> None:
        """Report the inputs at the front of which nothing remains."""
        while self._entries and not self._entries[0].remaining and not self._entries[0].is_break:
            self._events.append(InputAccepted(self._entries.popleft().input_id))
