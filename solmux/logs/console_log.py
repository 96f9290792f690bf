"""One console's log as the core sees it: append, note an event, read back. Nothing here waits for a disk.

Two threads meet in a `ConsoleLog`. The core's appends and reads; the writer's asks for what is not logged yet
and releases it. The everyday append takes no lock: bytes from `_floor` on are the writer's to read and are
never overwritten, and both sides only ever raise it. Only when the ring has no room above the floor, the
appending side takes the spool's lock and moves the oldest bytes there.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from solmux.logs.ring import CAPACITY, NOTHING, Ring
from solmux.logs.spool import Backlog, Spool
from solmux.logs.stamps import MICROSECONDS, micros_of

PIECE = 16 << 10  # bytes spilled at once
EVENTS_LIMIT = 1000  # events that wait for the disk
MARK_INTERVAL = 0.1  # seconds between marks of when bytes came...
MARKS_LIMIT = 300
LATE_MARK_INTERVAL = 10 * MICROSECONDS  # ...and when so many wait for the disk


class ConsoleEvent(NamedTuple):
    """Something that happened between two bytes.

    Attributes:
      offset: offset of the next byte.
      micros: when.
      kind: word for programs.
      text: what `console.log` says, None for nothing.
      fields: further keys of the line in `events.jsonl`.
    """

    offset: int
    micros: int
    kind: str
    text: str | None
    fields: dict[str, object]


class ConsoleLog:
    """The doors of one console's log.

    Attributes:
      name: the console's.
      queued: the writer has been told that there is work.
      events: events not yet written, oldest first.
      events_dropped: events that found `EVENTS_LIMIT` others waiting.
      closing: no more is to come.
      closed: all is written, the ring may be given away.
    """

    __slots__ = (
        "_backlog",
        "_floor",
        "_hole",
        "_marked",
        "_marks",
        "_ring",
        "_spool",
        "_wake",
        "_wall",
        "closed",
        "closing",
        "events",
        "events_dropped",
        "name",
        "queued",
    )

    def __init__(
        self, ring: Ring, spool: Spool, wake: Callable[["ConsoleLog"], None], wall: Callable[[], float]
    ) -> None:
        self.name = ring.name
        self.queued = False
        self.closing = self.closed = False
        self.events: deque[ConsoleEvent] = deque()
        self.events_dropped = 0
        self._ring = ring
        self._spool = spool
        self._wake = wake
        self._wall = wall
        self._backlog = Backlog()
        self._hole = ring.hole
        self._floor = self._next_wanted(max(ring.checkpoint.logged, ring.first))
        self._marks: deque[tuple[int, int]] = deque([(0, ring.marked or micros_of(wall()))])
        self._marked = 0.0

    # the core's side

    @property
    def received(self) -> int:
        """Bytes ever received; the offset of the next one."""
        return self._ring.received

    @property
    def first(self) -> int:
        """Oldest offset that `read` can still give."""
        return self._ring.first

    @property
    def last_mark(self) -> float | None:
        """Wall time of the last byte or event, also of a run before this one; None for never."""
        return self._ring.marked / MICROSECONDS if self._ring.marked else None

    @property
    def log(self) -> bool:
        """Whether what comes now is written to files."""
        return self._hole is None or self._hole[1] != NOTHING

    @property
    def session_word(self) -> int:
        """A number the core keeps over its own death: the BMC's session."""
        return self._ring.session_word

    @session_word.setter
    def session_word(self, number: int) -> None:
        self._ring.session_word = number

    @property
    def sol_word(self) -> int:
        """A number the core keeps over its own death: the last SOL number used."""
        return self._ring.sol_word

    @sol_word.setter
    def sol_word(self, number: int) -> None:
        self._ring.sol_word = number

    def append(self, data: bytes) -> None:
        """Keep *data*: when this returns, a kill -9 cannot take it away. Raises `ValueError` once closed."""
        ring = self._ring
        length = len(data)
        if ring.received + length - self._floor > CAPACITY or length > PIECE:
            self._append_slowly(data)
            return
        wall = self._wall()
        if not self.queued or not 0.0 <= wall - self._marked < MARK_INTERVAL:
            self._mark(wall)
        ring.append(data)
        if not self.queued:
            self._queue()

    def event(self, kind: str, text: str | None = None, **fields: object) -> None:
        """Note that something happened now, behind all bytes so far.

        It becomes a line of `events.jsonl` and, with *text*, a `[-- text -- DATE]` line of `console.log`.
        """
        if self.closed or not self.log:
            return
        if len(self.events) >= EVENTS_LIMIT:
            self.events_dropped += 1
            return
        micros = self._mark(self._wall(), forced=True)
        self.events.append(ConsoleEvent(self._ring.received, micros, kind, text, fields))
        self._queue()

    def read(self, offset: int, limit: int) -> tuple[int, bytes]:
        """Return at most *limit* bytes from *offset* or the oldest held, and the offset they begin at."""
        ring = self._ring
        start = min(max(offset, ring.first), ring.received)
        return start, ring.read(start, limit)

    def set_log(self, log: bool) -> None:
        """Write what comes from now on to files, or keep it in memory only.

        What came before is treated as it was. (Switched off again while the disk has not even taken what came
        before the last pause, the time in between counts as paused, too.)
        """
        if log == self.log:
            return
        with self._spool.lock:
            received = self._ring.received
            if log:
                assert self._hole is not None
                self._hole = (self._hole[0], received)
                if self._floor == NOTHING:
                    self._floor = received
            else:
                self._hole = (received if self._hole is None else self._hole[0], NOTHING)
            self._ring.hole = self._hole
            self.queued = False
        self._queue()

    def close(self) -> None:
        """Nothing more comes: the writer writes what there is and lets go of the console."""
        with self._spool.lock:
            self.closing = True
            self.queued = False
        self._queue()

    def reopen(self) -> bool:
        """Take `close` back; False if the writer has closed the console already."""
        with self._spool.lock:
            self.closing = self.closed
        return not self.closed

    # the writer's side

    @property
    def ring(self) -> Ring:
        """Where the bytes and the checkpoint are."""
        return self._ring

    @property
    def hole(self) -> tuple[int, int] | None:
        """Offsets that are not to be logged; see `Ring.hole`."""
        return self._hole

    def end_from(self, position: int) -> int:
        """Return how far bytes from *position* on may be logged."""
        received, hole = self._ring.received, self._hole
        if hole is None or position >= hole[1]:
            return received
        return max(position, min(received, hole[0]))

    def stamp_at(self, position: int, stop: int) -> tuple[int, int]:
        """Return when the byte at *position* came (micros), and how far below *stop* this holds."""
        marks = self._marks
        micros = marks[0][1]
        for number in range(1, len(marks)):
            offset, moment = marks[number]
            if offset > position:
                return micros, min(stop, offset)
            micros = moment
        return micros, stop

    def unlogged(self, position: int, limit: int) -> tuple[int, bytes]:
        """Return bytes from *position* on; a later offset, and nothing, if bytes in between are lost."""
        with self._spool.lock:
            if self._floor <= position:
                return position, self._ring.read(position, limit)
            for offset, data in self._backlog:
                if offset > position:
                    return min(offset, self.end_from(position)), b""
                if position < offset + len(data):
                    return position, data[position - offset : position - offset + limit]
            return min(self._floor, self.end_from(position)), b""

    def release(self, position: int) -> None:
        """Bytes below *position* are in the raw record: the ring may overwrite them."""
        with self._spool.lock:
            if self._backlog.size:
                self._spool.drop_below(self._backlog, position)
            wanted = position if self._hole is None else self._next_wanted(position)
            self._floor = max(self._floor, wanted)
        marks = self._marks
        while len(marks) > 1 and marks[1][0] <= position:
            marks.popleft()

    def end_hole(self, position: int) -> None:
        """The writer is at *position*: a hole behind it is of no more interest."""
        with self._spool.lock:
            if self._hole is not None and self._hole[1] <= position:
                self._hole = self._ring.hole = None

    def park(self, position: int) -> None:
        """While nothing is to be logged, appends need not wake the writer."""
        with self._spool.lock:
            if not self.log and self.end_from(position) == position:
                self.queued = True

    def finish(self, position: int) -> None:
        """Close for good, unless `reopen` came first or something to be written."""
        with self._spool.lock:
            self.closed = self.closing and not self.events and self.end_from(position) == position
            if self.closed:
                self._floor = -NOTHING  # makes the next append take the slow path, and fail there

    def _queue(self) -> None:
        if not self.queued:
            self.queued = True
            self._wake(self)

    def _mark(self, wall: float, *, forced: bool = False) -> int:
        micros = micros_of(wall)
        marks = self._marks
        self._marked = wall
        if not self.log:
            return micros
        if len(marks) > MARKS_LIMIT and not forced and 0 <= micros - marks[-1][1] < LATE_MARK_INTERVAL:
            return micros
        marks.append((self._ring.received, micros))
        self._ring.marked = micros
        return micros

    def _next_wanted(self, offset: int) -> int:
        """Return *offset*, or the end of the hole it is in."""
        hole = self._hole
        return hole[1] if hole is not None and hole[0] <= offset < hole[1] else offset

    def _append_slowly(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            piece = data[start : start + PIECE]
            self._make_room(self._ring.received + len(piece))
            self._mark(self._wall())
            self._ring.append(piece)
        self._queue()

    def _make_room(self, end: int) -> None:
        """Move the oldest unlogged bytes to the spool until the ring can take bytes up to *end*."""
        with self._spool.lock:
            if self.closed:
                raise ValueError(f"{self.name}: append on a closed console")
            while end - self._floor > CAPACITY:
                stop = min(self._floor + PIECE, self.end_from(self._floor))
                data = self._ring.read(self._floor, stop - self._floor)
                self._spool.add(self._backlog, self._floor, data)
                self._floor = self._next_wanted(stop)
