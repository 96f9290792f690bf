"""An emulator that is fed a little at a time, so that no console's burst holds up the others."""

from collections import deque
from typing import Final

from solmux.screen.emulator import Emulator
from solmux.screen.keyframes import LONGEST, last_keyframe, mode_changes

PENDING_LIMIT: Final = 256 * 1024


class LazyScreen:
    """A console's screen and what it has not digested yet.

    Offsets count the bytes of the console since its first. Output is offered as it comes, and digested in
    slices when there is time. When more is pending than the limit, the screen goes on from the last keyframe
    pending or, without one, from the newer half of what is pending.

    Attributes:
      emulator: the screen as it is at `offset`.
      offset: everything before it has been digested or skipped.
      end: everything before it has been offered or skipped.
    """

    def __init__(
        self, emulator: Emulator, offset: int, *, reconstructed: bool = False, limit: int = PENDING_LIMIT
    ) -> None:
        """Begin with *emulator* as it is at *offset*.

        Args:
          emulator: fresh, or restored from a checkpoint taken there.
          offset: of the next byte of the console.
          reconstructed: what stands on the screen is not known to be right.
          limit: how many bytes may be pending.
        """
        self.emulator = emulator
        self.offset = offset
        self.end = offset
        self._limit = limit
        self._pending: deque[tuple[int, bytes]] = deque()
        self._pending_size = 0
        self._gap_end = offset  # of the last gap offered
        self._lost = reconstructed
        self._tail = b""  # the end of what was digested, while a keyframe is waited for

    @property
    def behind(self) -> int:
        """How many bytes are pending."""
        return self._pending_size

    @property
    def reconstructed(self) -> bool:
        """Whether bytes are missing since the last keyframe, so that parts of the screen may be wrong."""
        return self._lost or self.offset < self._gap_end

    def offer(self, offset: int, data: bytes) -> None:
        """Take the output *data* that begins at *offset*; what is known is left out, a gap is skipped."""
        if offset < self.end:
            data = data[self.end - offset :]
            offset = self.end
        if not data:
            return
        self.skip(offset)
        self._pending.append((offset, data))
        self._pending_size += len(data)
        self.end = offset + len(data)
        if self._pending_size > self._limit:
            self._shed()

    def skip(self, to_offset: int) -> None:
        """Go on at *to_offset*, if that is ahead: what lies between cannot be had."""
        if to_offset > self.end:
            self.end = self._gap_end = to_offset

    def digest(self, budget_bytes: int = 4096) -> bool:
        """Feed the emulator at most *budget_bytes*; return whether more is pending."""
        while self._pending and budget_bytes > 0:
            offset, data = self._pending.popleft()
            if len(data) > budget_bytes:
                self._pending.appendleft((offset + budget_bytes, data[budget_bytes:]))
                data = data[:budget_bytes]
            self._pending_size -= len(data)
            budget_bytes -= len(data)
            self._feed(offset, data)
        if not self._pending and self.offset != self.end:
            self._jump(self.end)
        return bool(self._pending)

    def _feed(self, offset: int, data: bytes) -> None:
        if offset != self.offset:
            self._jump(offset)
        self.emulator.feed(data)
        self.offset = offset + len(data)
        if self._lost:
            seen = self._tail + data
            self._lost = last_keyframe(seen) is None
            self._tail = seen[-LONGEST:]

    def _jump(self, offset: int) -> None:
        """Go on at *offset*, which does not follow what was digested."""
        self.emulator.abandon()
        self.offset = offset
        self._lost = True
        self._tail = b""

    def _shed(self) -> None:
        """Drop the older part of what is pending, but for its effect on the modes."""
        pieces = list(self._pending)
        first = max(index for index, (offset, _) in enumerate(pieces) if not index or offset == self._gap_end)
        base = pieces[first][0]
        older = b"".join([data for _, data in pieces[:first]])
        newer = b"".join([data for _, data in pieces[first:]])
        keyframe = last_keyframe(newer)
        if keyframe is not None and len(newer) - keyframe.start <= self._limit:
            start = keyframe.start
        else:
            start = max(0, len(newer) - self._limit // 2)
        self._jump(base + start)
        self.emulator.feed(mode_changes(older + newer[:start]))
        self._pending = deque([(base + start, newer[start:])])
        self._pending_size = len(newer) - start
