"""The screen of one console, drawn a slice at a time, from a start from which every row is right."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from solmux.screen.emulator import Emulator
from solmux.screen.keyframes import addresses_cursor, last_keyframe, mode_changes
from solmux.screen.lazy import LazyScreen

SLICE = 4096  # bytes drawn in one turn of the loop
REST = 0.01  # seconds between slices when nobody looks: others need the processor
OFFERED = 64 << 10  # bytes that wait in the screen itself; the rest waits here
SHORT_HOLE = 256 << 10  # bytes that are always drawn, when the record has them
LONG_HOLE = 4 << 20  # bytes that are drawn when no keyframe lies in them
AHEAD_LIMIT = 1 << 20  # bytes waiting to be drawn; beyond that the oldest are given up
RING_PATIENCE = 1.0  # seconds to wait for what the core's ring holds


class History(Protocol):
    """What is known of a console beside the core's ring. All but `blank` block and are called in a thread."""

    def blank(self) -> Emulator:
        """Return an empty screen of the console's size."""

    def load(self) -> tuple[int, Emulator] | None:
        """Return the offset of the last saved screen, and the screen."""

    def save(self, offset: int, emulator: Emulator) -> bool:
        """Save *emulator*, which nobody else uses, as of *offset*; return whether that worked."""

    def raw(self, start: int, end: int) -> tuple[int, bytes]:
        """Return recorded bytes up to *end*, from *start* or from the first that is recorded after it."""


@dataclass(frozen=True, slots=True)
class _Waiter:
    """Somebody who wants the screen as of `target` or later."""

    target: int
    take: Callable[[], None]


@dataclass(slots=True, eq=False)
class Drawing:
    """An emulator that follows a console.

    It begins with the saved screen, or a blank one as of offset 0. Bytes that are missing between what is
    drawn and what comes next are taken from the record; where there is none, `exact` says that rows may be
    wrong.

    Attributes:
      answer: takes what a terminal answers to the console's queries.
      live: offset from which on queries are answered: what was printed before is history.
      eager: whether somebody looks.
    """

    history: History
    answer: Callable[[bytes], None]
    live: int = 0
    eager: bool = False
    _screen: LazyScreen = field(init=False)
    _ahead: deque[tuple[int, bytes]] = field(default_factory=deque)  # not offered to the screen yet
    _ahead_size: int = 0
    _plain_lines: int = 0  # since the last hole, or since something addressed the cursor
    _addressed: bool = False
    _restarted: bool = False
    _waiters: list[_Waiter] = field(default_factory=list)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _begun: bool = False

    def __post_init__(self) -> None:
        self._screen = LazyScreen(self.history.blank(), 0)

    @property
    def drawn(self) -> int:
        """Offset up to which the screen shows the output."""
        return self._screen.offset

    @property
    def emulator(self) -> Emulator:
        """The screen as of `drawn`."""
        return self._screen.emulator

    @property
    def exact(self) -> bool:
        """Whether every row is right. Plain lines push what is wrong off the screen."""
        return self._plain_lines > self.emulator.rows or not self._screen.reconstructed

    @property
    def by_program(self) -> bool:
        """Whether a program draws the screen, so that a line more would break it; else lines follow lines."""
        emulator = self.emulator
        recently = self._addressed and self._plain_lines <= emulator.rows
        cursor = emulator.cursor
        whole = emulator.margins == (0, emulator.rows - 1)
        return recently or emulator.alternate or not whole or any(emulator.text()[cursor.row + 1 :])

    def begin_live(self, live: int) -> None:
        """What comes from offset *live* on is new. A screen drawn beyond it is of a core that is no more."""
        self.live = live
        if self.drawn > live:
            self.restart()

    def add(self, offset: int, data: bytes) -> None:
        """Take output that begins at *offset*, which is not before the end of what was added last."""
        self._ahead.append((offset, data))
        self._ahead_size += len(data)
        if self._ahead_size > AHEAD_LIMIT:
            self._give_up()
        self._wake.set()

    def restart(self) -> None:
        """Nothing that is drawn or waits belongs to what comes: the core counts anew."""
        self._forget_ahead()
        self._screen = LazyScreen(self.history.blank(), 0)
        self._plain_lines = 0
        self._restarted = True
        self._wake.set()

    def when(self, target: int, take: Callable[[], None]) -> None:
        """Call *take* once *target* at least is drawn; that may be in the midst of a sequence."""
        self._waiters.append(_Waiter(target, take))
        self._wake.set()

    async def save(self) -> int | None:
        """Save the screen as drawn; return its offset, or None if it is not worth it or cannot be done."""
        if not self._begun or not self.exact:
            return None
        offset, copy = self.drawn, Emulator.restore(self.emulator.checkpoint())
        return offset if await asyncio.to_thread(self.history.save, offset, copy) else None

    async def run(self) -> None:
        """Draw for ever; ends by cancellation."""
        await self._begin()
        while True:
            self._wake.clear()
            while self._ahead or self._screen.behind:
                await self._take_ahead()
                self._digest()
                self._serve()
                await asyncio.sleep(0 if self.eager else REST)
            self._serve()
            await self._wake.wait()

    async def _begin(self) -> None:
        saved = await asyncio.to_thread(self.history.load)
        if saved is not None and not self._restarted and (not self.live or saved[0] <= self.live):
            self._screen = LazyScreen(saved[1], saved[0])
        self._begun = True

    async def _take_ahead(self) -> None:
        """Offer what waits here to the screen, as far as it follows; find a way over a hole."""
        while self._ahead and self._screen.behind < OFFERED:
            offset, data = self._ahead[0]
            if offset > self._screen.end:
                if not self._screen.behind:
                    await self._cross(offset)
                return
            self._ahead.popleft()
            self._ahead_size -= len(data)
            self._offer(offset, data)

    def _offer(self, offset: int, data: bytes) -> None:
        self._screen.offer(offset, data)
        self._count_lines(data)

    def _count_lines(self, data: bytes) -> None:
        """Note how many plain lines end *data*, as far as it matters: one more than the screen has rows."""
        if not addresses_cursor(data):
            self._plain_lines += data.count(b"\n")
            return
        self._addressed = True
        self._plain_lines = 0
        at = len(data)
        for lines in range(1, self.emulator.rows + 2):
            at = data.rfind(b"\n", 0, at)
            if at < 0 or addresses_cursor(data[at:]):
                return
            self._plain_lines = lines

    def _digest(self) -> None:
        """Draw a slice; history and news are not drawn together, for the sake of the answers."""
        live = self.drawn >= self.live
        self._screen.digest(SLICE if live else min(SLICE, self.live - self.drawn))
        replies = self.emulator.replies()
        if replies and live:
            self.answer(replies)

    async def _cross(self, offset: int) -> None:
        """Get over the hole between what is drawn and *offset*."""
        start = self._screen.end
        if offset - start <= SHORT_HOLE:
            found, raw = await asyncio.to_thread(self.history.raw, start, offset)
            if self._hole_has_changed(start, offset):
                return
            if found == start and start + len(raw) == offset:
                self._prepend(start, raw)
                return
        await self._whole_ring()
        if self._hole_has_changed(start, offset):
            return
        ring = b"".join(data for _, data in self._ahead)
        keyframe = last_keyframe(ring)
        if keyframe is not None:
            self._start_at(offset, ring, keyframe.start)
            return
        found, raw = await asyncio.to_thread(self.history.raw, max(start, offset - LONG_HOLE), offset)
        if self._hole_has_changed(start, offset):
            return
        if found + len(raw) != offset:
            self._skip_to(offset)
            return
        self._prepend(found, raw)
        keyframe = last_keyframe(raw)
        if keyframe is not None:
            self._start_at(found, raw, keyframe.start)
        elif found != start:
            self._skip_to(found)

    def _hole_has_changed(self, start: int, end: int) -> bool:
        """Whether a restart or a flood made another hole, or none, while this one was looked at."""
        return not self._ahead or self._ahead[0][0] != end or self._screen.end != start

    async def _whole_ring(self) -> None:
        """Wait for the bytes that the core had when it was asked."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RING_PATIENCE):
                while self._ahead and self._ahead[-1][0] + len(self._ahead[-1][1]) < self.live:
                    self._wake.clear()
                    await self._wake.wait()

    def _prepend(self, offset: int, data: bytes) -> None:
        """Put recorded bytes before what waits, in pieces that the screen takes one at a time."""
        for at in reversed(range(0, len(data), OFFERED)):
            self._ahead.appendleft((offset + at, data[at : at + OFFERED]))
        self._ahead_size += len(data)

    def _start_at(self, offset: int, data: bytes, keyframe: int) -> None:
        """Begin anew at the keyframe that stands at that index of *data*, which begins at *offset*."""
        emulator = self.history.blank()
        emulator.feed(mode_changes(data[:keyframe]))
        emulator.replies()
        self._screen = LazyScreen(emulator, offset + keyframe)
        self._plain_lines = 0

    def _skip_to(self, offset: int) -> None:
        """Go on at *offset*: what came before cannot be had."""
        self._screen.skip(offset)
        self._plain_lines = 0

    def _give_up(self) -> None:
        """More waits than can be drawn: go on from the newest keyframe, or from the newest part."""
        while len(self._ahead) > 1 and self._ahead_size > AHEAD_LIMIT // 2:
            _, data = self._ahead.popleft()
            self._ahead_size -= len(data)
        self._skip_to(self._ahead[0][0])

    def _forget_ahead(self) -> None:
        self._ahead.clear()
        self._ahead_size = 0

    def _serve(self) -> None:
        ready = [waiter for waiter in self._waiters if waiter.target <= self.drawn]
        self._waiters = [waiter for waiter in self._waiters if waiter.target > self.drawn]
        for waiter in ready:
            waiter.take()
