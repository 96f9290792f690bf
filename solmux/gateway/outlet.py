"""What goes to one SSH channel: gathered when there is much of it, never more than the client takes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

GATHER_INTERVAL = 0.025  # seconds: the cost of SSH is per write, hardly per byte
TYPED_INTERVAL = 0.1  # seconds after a keystroke in which everything is written at once
_STANDARD_ERROR = 1  # of the data types of SSH (RFC 4254 5.2)
GATHER_LIMIT = 16 << 10  # bytes that do not wait for the interval's end
STUCK_LIMIT = 60.0  # seconds a client may take nothing before it is disconnected


class ByteChannel(Protocol):
    """The part of asyncssh's channel that is used here."""

    def write(self, data: bytes, datatype: int | None = None) -> None: ...
    def is_closing(self) -> bool: ...


@dataclass(slots=True, eq=False)
class Outlet:
    """The writing side of one channel.

    It is closed by whoever has a reason (the channel's window is used up, the connection's buffer is full)
    and open when nobody has one. Output that comes while it is closed is counted and left out.

    Attributes:
      on_resume: called with the count of bytes left out, if any, when it opens again.
      on_stuck: called when it has been closed for `STUCK_LIMIT` seconds.
      skipped: bytes left out since it was closed.
    """

    channel: ByteChannel
    on_resume: Callable[[int], None]
    on_stuck: Callable[[], None]
    skipped: int = 0
    _gathered: bytearray = field(default_factory=bytearray)
    _reasons: set[str] = field(default_factory=set)
    _typed: float = float("-inf")
    _flush_timer: asyncio.TimerHandle | None = None
    _stuck_timer: asyncio.TimerHandle | None = None
    _opened: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def closed(self) -> bool:
        """Whether output is left out at the moment."""
        return bool(self._reasons)

    def typed(self) -> None:
        """The person has typed: for a moment, output is an echo and goes out at once."""
        self._typed = asyncio.get_running_loop().time()

    def output(self, data: bytes) -> None:
        """Write *data* now or with what comes in the next moment; leave it out while closed."""
        if self._reasons:
            self.skipped += len(data)
            return
        self._gathered += data
        loop = asyncio.get_running_loop()
        if len(self._gathered) >= GATHER_LIMIT or loop.time() - self._typed < TYPED_INTERVAL:
            self.flush()
        elif self._flush_timer is None:
            self._flush_timer = loop.call_later(GATHER_INTERVAL, self.flush)

    def write(self, data: bytes) -> None:
        """Write *data* at once, behind what was gathered."""
        self.output(data)
        self.flush()

    def flush(self) -> None:
        """Write what was gathered."""
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        if self._gathered and not self.channel.is_closing():
            data = bytes(self._gathered)
            self._gathered.clear()
            self.channel.write(data)
        self._gathered.clear()

    def error(self, data: bytes) -> None:
        """Write *data* to standard error; it is little, and never left out."""
        self.flush()
        if not self.channel.is_closing():
            self.channel.write(data, _STANDARD_ERROR)

    async def drain(self) -> None:
        """Wait until more may be written."""
        if self._reasons:
            self._opened.clear()
            await self._opened.wait()

    def close(self, reason: str) -> None:
        """Stop writing, because of *reason*."""
        if not self._reasons:
            self._stuck_timer = asyncio.get_running_loop().call_later(STUCK_LIMIT, self.on_stuck)
        self._reasons.add(reason)

    def open(self, reason: str) -> None:
        """*reason* is gone; write again if it was the last one."""
        if reason not in self._reasons:
            return
        self._reasons.discard(reason)
        if self._reasons:
            return
        self._cancel_stuck()
        self._opened.set()
        skipped, self.skipped = self.skipped, 0
        self.on_resume(skipped)

    def end(self) -> None:
        """The channel is gone: forget what was to be written."""
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        self._cancel_stuck()
        self._gathered.clear()
        self._opened.set()

    def _cancel_stuck(self) -> None:
        if self._stuck_timer is not None:
            self._stuck_timer.cancel()
            self._stuck_timer = None
