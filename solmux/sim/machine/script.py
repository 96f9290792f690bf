"""Programs that talk on a serial line, written as generators, and the player that runs them on any clock.

A script yields what it does next: `Print` characters (which takes as long as the line needs), `Pause`, or
`GetKey`. It reads no clock and knows nothing of who drives it.
"""

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

LINE_RATE = 11520.0  # characters per second of a line at 115,200 bit/s
ESCAPE = b"\x1b"

_PIECE_SECONDS = 0.015  # how much of a long text is handed out at a time
_TYPE_AHEAD = 4096


@dataclass(frozen=True, slots=True)
class Print:
    """Send characters; the script goes on when the last one has left."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class GetKey:
    """Wait for one character of input, at most *timeout* seconds; the answer is empty when none came."""

    timeout: float = math.inf


Step = Print | Pause | GetKey
Result = TypeVar("Result")
Script = Generator[Step, bytes, Result]


class Player:
    """Runs one script at a time against a serial line of a given rate.

    Attributes:
      clock: the script's own time: the moment it has got to, never after the last `read`.
      deadline: when `read` has something to do; infinity while the script waits for input only.
    """

    def __init__(self, rate: float = LINE_RATE) -> None:
        self.clock = 0.0
        self._rate = rate
        self._piece = max(1, int(rate * _PIECE_SECONDS))
        self._script: Script[None] | None = None
        self._started = False
        self._pending = bytearray()
        self._wake = math.inf
        self._wants_key = False
        self._keys = bytearray()
        self._keys_at = 0.0

    @property
    def deadline(self) -> float:
        """When there is something to read or to run."""
        if self._pending:
            return self.clock + min(len(self._pending), self._piece) / self._rate
        if self._wants_key and self._keys:
            return self._keys_at
        return self._wake

    def play(self, script: Script[None], now: float) -> None:
        """Run *script* from *now* on instead of what ran before; what was being printed is cut off."""
        self.stop()
        self.clock = max(self.clock, now)
        self._script = script
        self._started = False
        self._wake = now

    def stop(self) -> None:
        """Run nothing: the line is silent."""
        if self._script is not None:
            self._script.close()
        self._script = None
        self._pending.clear()
        self._keys.clear()
        self._wants_key = False
        self._wake = math.inf

    def throw(self, error: Exception, now: float) -> None:
        """Raise *error* in the script where it stands; nothing if none runs."""
        if self._script is None:
            return
        self.catch_up(now)
        self._wake = math.inf
        self._wants_key = False
        try:
            self._obey(self._script.throw(error))
        except StopIteration:
            self.stop()

    def catch_up(self, now: float) -> None:
        """Bring the clock of a silent line to *now*, before something from outside happens on it."""
        if not self._pending:
            self.clock = max(self.clock, now)

    def interject(self, data: bytes) -> None:
        """Print *data* between whatever the script prints, as a kernel does."""
        self._pending += data

    def feed(self, data: bytes, now: float) -> None:
        """Type *data*; more than a terminal's queue of it is lost."""
        if self._script is not None:
            self._keys += data[: _TYPE_AHEAD - len(self._keys)]
            self._keys_at = now

    def flush_input(self) -> None:
        """Forget what was typed and not read yet."""
        self._keys.clear()

    def read(self, now: float) -> bytes:
        """Run the script up to *now* and return what the line carried since the last call."""
        printed = bytearray()
        while self._step(now, printed):
            pass
        return bytes(printed)

    def _step(self, now: float, printed: bytearray) -> bool:
        """Do the next thing that is due at *now*; false when nothing is."""
        if self._pending:
            count = min(len(self._pending), int((now - self.clock) * self._rate + 1e-6))
            printed += self._pending[:count]
            del self._pending[:count]
            self.clock += count / self._rate
            return not self._pending
        if self._wants_key and self._keys:
            self.clock = max(self.clock, self._keys_at)
            key = bytes(self._keys[:1])
            del self._keys[:1]
            self._resume(key)
            return True
        if self._wake <= now:
            self.clock = max(self.clock, self._wake)
            self._resume(b"")
            return True
        return False

    def _resume(self, key: bytes) -> None:
        script = self._script
        if script is None:
            return
        self._wake = math.inf
        self._wants_key = False
        try:
            step = script.send(key) if self._started else next(script)
        except StopIteration:
            self.stop()
            return
        self._started = True
        self._obey(step)

    def _obey(self, step: Step) -> None:
        match step:
            case Print(data):
                self._pending += data
                self._wake = self.clock
            case Pause(seconds):
                self._wake = self.clock + seconds
            case GetKey(timeout):
                self._wants_key = True
                self._wake = self.clock + timeout
