"""One direction of a bad network, without I/O: what goes in comes out late, twice, out of order or never.

Everything is drawn from a seed, so that a run that found a fault can be run again.
"""

import heapq
import math
import random
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFaults:
    """What a link does to datagrams; shares are 0-1, times seconds.

    Attributes:
      loss: share that never arrives.
      duplication: share that arrives twice, the copy delayed on its own.
      reordering: share that is held back by *reordering_delay*, so that later ones overtake it.
      reordering_delay: how long those are held back.
      delay: time that every datagram takes.
      jitter: up to that much more, evenly drawn; jitter reorders, too.
      blackouts: spans (from, until), counted from the link's start, in which whatever is sent is lost.
    """

    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    reordering_delay: float = 0.02
    delay: float = 0.0
    jitter: float = 0.0
    blackouts: tuple[tuple[float, float], ...] = ()


class Link(Generic[Item]):
    """Carries datagrams (or whatever stands for them) one way.

    Attributes:
      sent: items that went in.
      lost: of these, how many never came out.
      duplicated: how many came out twice.
    """

    def __init__(self, faults: LinkFaults, seed: int, start: float = 0.0) -> None:
        self.sent = 0
        self.lost = 0
        self.duplicated = 0
        self._faults = faults
        self._start = start
        self._random = random.Random(seed)
        self._ready: deque[Item] = deque()
        self._delayed: list[tuple[float, int, Item]] = []
        self._count = 0

    @property
    def deadline(self) -> float:
        """When the next item comes out; infinity when nothing is on the way."""
        if self._ready:
            return -math.inf
        return self._delayed[0][0] if self._delayed else math.inf

    def send(self, item: Item, now: float) -> None:
        """Put an item in."""
        faults = self._faults
        self.sent += 1
        age = now - self._start
        if self._draw(faults.loss) or any(start <= age < end for start, end in faults.blackouts):
            self.lost += 1
            return
        self._carry(item, now)
        if self._draw(faults.duplication):
            self.duplicated += 1
            self._carry(item, now)

    def arrivals(self, now: float) -> list[Item]:
        """Return and forget what has come out by *now*, in that order."""
        items = list(self._ready)
        self._ready.clear()
        while self._delayed and self._delayed[0][0] <= now:
            items.append(heapq.heappop(self._delayed)[2])
        return items

    def _carry(self, item: Item, now: float) -> None:
        faults = self._faults
        due = now + faults.delay + (self._random.uniform(0.0, faults.jitter) if faults.jitter else 0.0)
        if self._draw(faults.reordering):
            due += faults.reordering_delay
        if due <= now and not self._delayed:
            self._ready.append(item)
            return
        self._count += 1
        heapq.heappush(self._delayed, (due, self._count, item))

    def _draw(self, share: float) -> bool:
        return share > 0.0 and self._random.random() < share
