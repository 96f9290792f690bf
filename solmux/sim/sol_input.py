"""The half of a simulated SOL port that takes characters from the console for the host."""

import math
import random
from collections import deque
from dataclasses import dataclass
from enum import Enum

from solmux.sim.faults import Faults
from solmux.sim.transcript import Transcript


class Signal(Enum):
    """What reaches a host besides characters."""

    BREAK = "break"


HostInput = bytes | Signal


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """An ACK or NACK owed to the console.

    Attributes:
      due: when it leaves.
      number: the packet it answers.
      count: characters accepted.
      nack: the NACK bit.
    """

    due: float
    number: int
    count: int
    nack: bool = False


class SolInput:
    """Judges the packets of the console: new, repeated or out of turn; and how much of them fits.

    Attributes:
      available: the host takes characters (it is powered on).
    """

    def __init__(self, faults: Faults, transcript: Transcript | None, seed: int) -> None:
        self.available = True
        self._faults = faults
        self._transcript = transcript
        self._random = random.Random(seed)
        self._owed: deque[Acknowledgement] = deque()
        self._last_number = 0
        self._last_count = 0
        self._last_nack = False
        self._first = True
        self._expected = 1
        self._resume: Acknowledgement | None = None
        self._held = bytearray()
        self._drained_at = -math.inf
        self._for_host: list[HostInput] = []

    @property
    def deadline(self) -> float:
        """When an ACK is due or the host has room for characters again."""
        deadline = self._owed[0].due if self._owed else math.inf
        if self._resume is not None and self._has_room():
            deadline = min(deadline, self._resume.due)
        if self._held and self.available:
            deadline = min(deadline, self._drained_at + 1.0 / self._faults.input_rate)
        return deadline

    def start(self) -> None:
        """Begin an activation; a BMC with `swallows_repeated_first` still knows the last number."""
        self._owed.clear()
        self._resume = None
        self._expected = 1
        self._first = True
        if not self._faults.swallows_repeated_first:
            self._last_number = 0

    def receive(self, number: int, data: bytes, now: float, *, send_break: bool) -> None:
        """Handle a packet with a number (1-15)."""
        if self._faults.strict_next:
            if number != self._expected:
                return
        elif number == self._last_number:
            self._acknowledge_again(number, data, now)
            return
        self._first = False
        self._resume = None
        if send_break:
            self._for_host.append(Signal.BREAK)
            if self._transcript is not None:
                self._transcript.breaks.append(len(self._transcript.delivered) + len(self._held))
        accepted = self._accept(data, now)
        if accepted or not data:
            self._expected = number % 15 + 1
            self._last_number, self._last_count = number, accepted
        short = accepted < len(data)
        self._last_nack = short and self._faults.nack_partial
        if data or send_break or self._faults.acknowledges_empty:
            self._acknowledge(number, accepted, now, whole=not short)

    def drop_held(self) -> None:
        """The console asks to drop what has not reached the host."""
        self._held.clear()

    def owed(self, now: float) -> Acknowledgement | None:
        """Return and forget the next ACK due at *now*."""
        self._drain(now)
        resume = self._resume
        if resume is not None and self._has_room() and resume.due <= now:
            self._resume = None
            self._last_nack = False
            self._owed.append(Acknowledgement(now, resume.number, resume.count))
        if self._owed and self._owed[0].due <= now:
            return self._owed.popleft()
        return None

    def for_host(self, now: float) -> list[HostInput]:
        """Return and forget what reaches the host by *now*."""
        self._drain(now)
        items, self._for_host = self._for_host, []
        return items

    def _accept(self, data: bytes, now: float) -> int:
        if not data or not self.available:
            return 0
        self._drain(now)
        accepted = min(len(data), self._faults.input_buffer - len(self._held))
        if self._faults.partial_accept and self._random.random() < self._faults.partial_accept:
            accepted = min(accepted, self._random.randrange(len(data)))
        if self._faults.input_rate == math.inf:
            self._deliver(data[:accepted])
        else:
            if not self._held:
                self._drained_at = now
            self._held += data[:accepted]
        return accepted

    def _acknowledge(self, number: int, count: int, now: float, *, whole: bool) -> None:
        due = now + self._faults.ack_delay
        nack = not whole and (self._faults.nack_partial or not self.available)
        if nack:
            self._resume = Acknowledgement(due + self._faults.resume_delay, number, count)
        if whole and self._faults.ack_count_zero:
            count = 0
        self._owed.append(Acknowledgement(due, number, count, nack))

    def _acknowledge_again(self, number: int, data: bytes, now: float) -> None:
        if not self._faults.reacknowledges_duplicates or not (data or self._faults.acknowledges_empty):
            return
        count = min(len(data), self._last_count) if not self._first else len(data)
        self._first = False
        if self._faults.ack_count_zero:
            count = 0
        self._owed.append(Acknowledgement(now + self._faults.ack_delay, number, count, self._last_nack))

    def _has_room(self) -> bool:
        return self.available and len(self._held) < self._faults.input_buffer

    def _drain(self, now: float) -> None:
        if not self._held or not self.available:
            return
        count = int((now - self._drained_at) * self._faults.input_rate + 1e-6)
        if count > 0:
            self._deliver(bytes(self._held[:count]))
            del self._held[:count]
            self._drained_at += count / self._faults.input_rate

    def _deliver(self, data: bytes) -> None:
        if not data:
            return
        self._for_host.append(data)
        if self._transcript is not None:
            self._transcript.delivered += data
