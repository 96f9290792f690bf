"""Memory for output that the disk does not take and the rings cannot hold any longer; bounded, fairly shared.

A console spills the oldest unlogged bytes of its ring here before it overwrites them. What does not fit is
dropped from the console that has most, newest first: its spool keeps the beginning of the trouble, its ring
the latest, and the hole between them stays one hole. Nothing here counts losses: the writer finds, when it
gets there, that the next bytes begin at a later offset.
"""

import threading
from collections import deque
from collections.abc import Iterator

SPOOL_SIZE = 64 << 20


class Backlog:
    """One console's share: pieces of its output in order, with holes where pieces were dropped.

    Attributes:
      size: bytes held.
    """

    __slots__ = ("pieces", "size")

    def __init__(self) -> None:
        self.pieces: deque[tuple[int, bytes]] = deque()
        self.size = 0

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        return iter(self.pieces)


class Spool:
    """The budget of all consoles. Every call needs `lock`, which is never held during a system call.

    Attributes:
      used: bytes held for all consoles.
      dropped: bytes dropped since the start; some may have been logged in the meantime.
    """

    def __init__(self, limit: int = SPOOL_SIZE) -> None:
        self.lock = threading.Lock()
        self.used = 0
        self.dropped = 0
        self._limit = limit
        self._filled: set[Backlog] = set()

    def add(self, backlog: Backlog, offset: int, data: bytes) -> None:
        """Keep *data* at the end of *backlog*, or drop it, or what another console has too much of."""
        while self.used + len(data) > self._limit:
            largest = max(self._filled, key=lambda other: other.size, default=backlog)
            if largest.size <= backlog.size + len(data):
                self.dropped += len(data)
                return
            _, newest = largest.pieces.pop()
            self._shrink(largest, len(newest))
            self.dropped += len(newest)
        backlog.pieces.append((offset, data))
        backlog.size += len(data)
        self.used += len(data)
        self._filled.add(backlog)

    def drop_below(self, backlog: Backlog, offset: int) -> None:
        """Forget pieces that end at or below *offset*."""
        pieces = backlog.pieces
        while pieces and pieces[0][0] + len(pieces[0][1]) <= offset:
            self._shrink(backlog, len(pieces.popleft()[1]))

    def _shrink(self, backlog: Backlog, length: int) -> None:
        backlog.size -= length
        self.used -= length
        if not backlog.size:
            self._filled.discard(backlog)
