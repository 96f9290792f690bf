"""BMCs to try SOL against, and a network between; from the specification, with no code of the client in it.

A model keeps its own transcript: what the host printed, what the BMC gave up of it, what the host got to
read. Tests compare the console's view with that, and with nothing else.
"""

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a model treats SOL. The default answers every repeated packet and repeats its own unchanged.

    Attributes:
      grows: a repeated packet carries what the host has printed since (ipmi_sim).
      whole_again: an acknowledgement of less than the whole packet is none: the packet is repeated at once,
        whole, for ever (OpenBMC's reading); else the tail goes out under the next number.
      strict: takes only the next number, from 1, and never answers one that it has passed; a packet whose
        acknowledgement names another number than that in flight is dropped whole (OpenBMC).
      partial: share of packets of which it takes only a part, says so with NACK, and later lifts the NACK.
      nack: whether a partial answer carries NACK.
      first: number of its first packet.
      sends: copies of a packet before it is given up; infinity for never.
      retry: seconds between copies.
      answers_empty: numbered packets without characters are acknowledged.
      largest: most characters in one packet.
    """

    grows: bool = False
    whole_again: bool = False
    strict: bool = False
    partial: float = 0.0
    nack: bool = True
    first: int = 1
    sends: float = math.inf
    retry: float = 0.1
    answers_empty: bool = True
    largest: int = 40


@dataclass(slots=True)
class ModelBmc:
    """One BMC with a host behind it.

    Attributes:
      printed: every character of the host, in order.
      given_up: packets that were given up, as start in *printed* and greatest length. The beginning of each
        may have arrived, all of it, or nothing.
      starts: where in *printed* the characters of each payload sent begin.
      host_input: every character the host got to read.
      breaks: at which length of *host_input* a BREAK reached the host.
    """

    behaviour: Behaviour
    random: random.Random
    printed: bytearray = field(default_factory=bytearray)
    given_up: list[tuple[int, int]] = field(default_factory=list)
    starts: dict[bytes, int] = field(default_factory=dict)
    host_input: bytearray = field(default_factory=bytearray)
    breaks: list[int] = field(default_factory=list)
    outbox: list[bytes] = field(default_factory=list)
    _settled: int = 0  # characters of *printed* that are acknowledged or given up
    _flight: bytes | None = None
    _copies: int = 0
    _repeat_at: float = math.inf
    _number: int = 0
    _last: tuple[int, int, int] = (0, 0, 0)  # last number taken, the count and flags answered to it
    _expected: int = 1
    _resume_at: float = math.inf

    def __post_init__(self) -> None:
        self._number = self.behaviour.first

    @property
    def deadline(self) -> float:
        return min(self._repeat_at, self._resume_at)

    @property
    def quiet(self) -> bool:
        return self._flight is None and self._settled == len(self.printed)

    def print(self, data: bytes, now: float) -> None:
        self.printed += data
        self._start(now)

    def explains(self, output: bytes) -> bool:
        """Tell whether *output* can be what a perfect console has: all that was not given up, once and in
        order, and of what was given up no more than the beginning of each packet.
        """
        ends = {0}  # lengths of *output* that the transcript so far explains
        at = 0
        for start, length in [*self.given_up, (len(self.printed), 0)]:
            whole = bytes(self.printed[at:start])
            ends = {end + len(whole) for end in ends if output.startswith(whole, end)}
            parts = [bytes(self.printed[start : start + part]) for part in range(length + 1)]
            ends = {end + len(part) for end in ends for part in parts if output.startswith(part, end)}
            at = start + length
        return len(output) in ends

    def handle_timer(self, now: float) -> None:
        if now >= self._resume_at:
            self._resume_at = math.inf
            number, count, _ = self._last
            self.outbox.append(bytes((0, number, count, 0)))
        if now >= self._repeat_at and self._flight is not None:
            if self._copies >= self.behaviour.sends:
                self.given_up.append((self._settled, len(self._flight)))
                self._advance(len(self._flight), now)
            else:
                self._repeat(now)

    def receive(self, payload: bytes, now: float) -> None:
        number, acked, count, operation = payload[0] & 15, payload[1] & 15, payload[2], payload[3]
        if self.behaviour.strict:
            if number and number != self._expected:
                return
            if acked and (self._flight is None or acked != self._number):
                return
        if acked:
            self._acknowledged(acked, count, bool(operation & 0x40), now)
        if number:
            self._take(number, payload[4:], operation, now)

    def _acknowledged(self, number: int, count: int, nack: bool, now: float) -> None:
        if self._flight is None or number != self._number or nack:
            return
        if count < len(self._flight) and (self.behaviour.whole_again or count == 0):
            self._repeat(now)
            return
        self._advance(min(count, len(self._flight)), now)

    def _advance(self, count: int, now: float) -> None:
        self._settled += count
        self._flight = None
        self._repeat_at = math.inf
        self._number = self._number % 15 + 1
        self._start(now)

    def _start(self, now: float) -> None:
        if self._flight is None and self._settled < len(self.printed):
            self._flight = bytes(self.printed[self._settled : self._settled + self.behaviour.largest])
            self._copies = 0
            self._send(now)

    def _repeat(self, now: float) -> None:
        assert self._flight is not None
        if self.behaviour.grows:
            length = max(len(self._flight), min(255, len(self.printed) - self._settled))
            self._flight = bytes(self.printed[self._settled : self._settled + length])
        self._send(now)

    def _send(self, now: float) -> None:
        assert self._flight is not None
        self._copies += 1
        self._repeat_at = now + self.behaviour.retry
        payload = bytes((self._number, 0, 0, 0)) + self._flight
        self.starts[payload] = self._settled
        self.outbox.append(payload)

    def _take(self, number: int, data: bytes, operation: int, now: float) -> None:
        if number == self._last[0] and not self.behaviour.strict:
            self._answer(self._last, data)
            return
        taken, flags = len(data), 0
        if data and self.random.random() < self.behaviour.partial:
            taken = self.random.randrange(len(data))
            if self.behaviour.nack:
                flags = 0x40
                self._resume_at = now + self.random.uniform(0.0, 0.3)
        self.host_input += data[:taken]
        if operation & 0x10:
            self.breaks.append(len(self.host_input))
        self._last = (number, taken, flags)
        self._expected = number % 15 + 1
        self._answer(self._last, data)

    def _answer(self, last: tuple[int, int, int], data: bytes) -> None:
        if data or self.behaviour.answers_empty:
            number, count, flags = last
            self.outbox.append(bytes((0, number, count, flags)))


@dataclass(frozen=True, slots=True)
class Weather:
    """What one direction of a network does to a datagram; delays in seconds."""

    loss: float = 0.0
    duplication: float = 0.0
    shortest: float = 0.001
    longest: float = 0.001


class Network:
    """Two directions of a network in simulated time. Datagrams are numbered like a session's, and a number
    that has arrived does not arrive again: both ends of a session see to that."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self.random = random.Random(seed)
        self.weather = weather
        self._in_flight: list[tuple[float, int, str, int, bytes]] = []
        self._numbers = {"bmc": 0, "console": 0}
        self._arrived: dict[str, set[int]] = {"bmc": set(), "console": set()}
        self._order = 0
        self.lose: Callable[[str, bytes], bool] = lambda _to, _payload: False
        self.delivered: list[tuple[str, bytes]] = []

    @property
    def deadline(self) -> float:
        return self._in_flight[0][0] if self._in_flight else math.inf

    def send(self, to: str, payload: bytes, now: float) -> None:
        self._numbers[to] += 1
        copies = 1 + (self.random.random() < self.weather.duplication)
        for _ in range(copies):
            if self.random.random() < self.weather.loss or self.lose(to, payload):
                continue
            self._order += 1
            at = now + self.random.uniform(self.weather.shortest, self.weather.longest)
            heapq.heappush(self._in_flight, (at, self._order, to, self._numbers[to], payload))

    def arrivals(self, now: float) -> list[tuple[str, int, bytes]]:
        """Return what has arrived by *now* as receiver, session number and payload."""
        arrived = []
        while self._in_flight and self._in_flight[0][0] <= now:
            _, _, to, number, payload = heapq.heappop(self._in_flight)
            if number not in self._arrived[to]:
                self._arrived[to].add(number)
                self.delivered.append((to, payload))
                arrived.append((to, number, payload))
        return arrived
