"""The rings: the last 64 KiB of every console in one memory-mapped file, where they survive a kill -9.

    file   header, then chunks of 64 slots (layout in docs/files.md)
    slot   4 KiB header: words, two copies of the checkpoint, the name; then 64 KiB of data

What is stored in the map is in the page cache when the store returns; a killed process loses none of it. A
kill between two stores must not leave nonsense, so data goes first and the word that makes it valid last: one
aligned 8-byte store, which happens or does not. A checkpoint is several words: it is written to the copy not
in use, then the selector word moves to it. All words are in the machine's own byte order: the file never
travels.
"""

import fcntl
import logging
import mmap
import os
import struct
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger(__name__)

CAPACITY = 1 << 16  # bytes a slot holds; a power of two
MASK = CAPACITY - 1
SLOT_HEADER = 4096
SLOT = SLOT_HEADER + CAPACITY
CHUNK_SLOTS = 64
CHUNK = CHUNK_SLOTS * SLOT
FILE_HEADER = 1 << 16  # mappings begin at multiples of the page size, at most 64 KiB
MAGIC = b"solmux ring\n"
VERSION = 1
NOTHING = (1 << 64) - 1
NAME_LENGTH = 64

# magic, version, slot header, capacity, slots a chunk, epoch, boot
_HEADER = struct.Struct("=12sIIIIxxxxQ36s")
_FREE, _USED, _RELEASED = 0, 1, 2

# words of a slot's header
_STATE, _RECEIVED, _BASE, _MARKED, _SESSION, _SOL, _HOLE_START, _HOLE_END, _SELECTOR = range(9)
_TOUCHED = 15
_CHECKPOINTS = (16, 32)
_WORDS = 64
_NAME = _WORDS * 8  # byte position of the name, zero-padded
_CHECKPOINT = struct.Struct("=10Q")

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class RingError(Exception):
    """The ring file cannot be used; the text says why."""


class Checkpoint(NamedTuple):
    """What the writer had done when it last finished a batch of this console.

    Attributes:
      segment_start: offset of the open segment's first byte.
      opened: moment (micros) the open segment was begun, 0 before the first.
      logged: bytes below are in the raw record.
      raw_size: size of `console.ttyrec` with exactly these bytes.
      text_offset: a point from which the text can be made anew: text of all bytes below, and nothing else...
      text_size: ...is the first `text_size` bytes of `console.log`.
      text_raw_size: a record boundary at or before `text_offset`: its position in `console.ttyrec`...
      text_raw_offset: ...and its offset.
      sequence: number of the last event before `text_offset` (in order of writing).
      stamp: the segment's latest stamp, micros.
    """

    segment_start: int = 0
    opened: int = 0
    logged: int = 0
    raw_size: int = 0
    text_offset: int = 0
    text_size: int = 0
    text_raw_size: int = 0
    text_raw_offset: int = 0
    sequence: int = 0
    stamp: int = 0

    @classmethod
    def fresh(cls, offset: int, sequence: int = 0, stamp: int = 0) -> "Checkpoint":
        """Return the checkpoint of a console whose next segment begins at *offset*."""
        return cls(
            offset, 0, offset, text_offset=offset, text_raw_offset=offset, sequence=sequence, stamp=stamp
        )

    def plausible(self, received: int) -> bool:
        """Whether the offsets can be those of a console that has *received* bytes."""
        return (
            self.segment_start <= self.text_raw_offset <= self.text_offset <= self.logged <= received
            and self.text_raw_size <= self.raw_size
        )


class Ring:
    """One console's slot. The core's thread appends and reads; the writer's thread copies and checkpoints.

    Attributes:
      index: number of the slot in the file.
      received: bytes ever received, the offset of the next one.
    """

    __slots__ = ("_data", "_map", "_words", "index", "name", "received")

    def __init__(self, name: str, index: int, chunk: mmap.mmap, view: memoryview) -> None:
        at = index % CHUNK_SLOTS * SLOT
        self.name = name
        self.index = index
        self._map = chunk
        self._words = view[at // 8 : at // 8 + _WORDS]
        self._data = at + SLOT_HEADER
        # Written before anything is read: a fault for reading would map 64 KiB around the page, and each idle
        # console would be charged for that.
        self._words[_TOUCHED] = 1
        self.received: int = self._words[_RECEIVED]

    @property
    def base(self) -> int:
        """Offset from which the slot has been filled."""
        return int(self._words[_BASE])

    @property
    def first(self) -> int:
        """Oldest offset still held."""
        return max(self.base, self.received - CAPACITY)

    @property
    def logged(self) -> int:
        """Bytes below are in the raw record, as of the last checkpoint."""
        return self.checkpoint.logged

    @property
    def settled(self) -> int:
        """Text of the bytes below is in the text log, as of the last checkpoint."""
        return self.checkpoint.text_offset

    def append(self, data: bytes) -> None:
        """Store *data*, at most `CAPACITY` bytes, over the oldest."""
        received = self.received
        length = len(data)
        at = received & MASK
        start = self._data + at
        room = CAPACITY - at
        if length <= room:
            self._map[start : start + length] = data
        else:
            self._map[start : start + room] = data[:room]
            self._map[self._data : self._data + length - room] = data[room:]
        self._words[_RECEIVED] = self.received = received + length

    def read(self, offset: int, limit: int) -> bytes:
        """Return at most *limit* bytes from *offset*, which the ring must still hold."""
        length = min(limit, self.received - offset)
        if length <= 0:
            return b""
        start = self._data + (offset & MASK)
        room = CAPACITY - (offset & MASK)
        if length <= room:
            return self._map[start : start + length]
        return self._map[start : start + room] + self._map[self._data : self._data + length - room]

    @property
    def checkpoint(self) -> Checkpoint:
        """The writer's last finished state."""
        at = self._data - SLOT_HEADER + 8 * _CHECKPOINTS[self._words[_SELECTOR] & 1]
        return Checkpoint._make(_CHECKPOINT.unpack_from(self._map, at))

    @checkpoint.setter
    def checkpoint(self, checkpoint: Checkpoint) -> None:
        selector = self._words[_SELECTOR] + 1
        at = self._data - SLOT_HEADER + 8 * _CHECKPOINTS[selector & 1]
        _CHECKPOINT.pack_into(self._map, at, *checkpoint)
        self._words[_SELECTOR] = selector

    @property
    def marked(self) -> int:
        """Moment (micros) at which some of the latest bytes came."""
        return int(self._words[_MARKED])

    @marked.setter
    def marked(self, micros: int) -> None:
        self._words[_MARKED] = micros

    @property
    def hole(self) -> tuple[int, int] | None:
        """Offsets (from, below) that are never to be logged, `NOTHING` as the second while it lasts."""
        start, end = self._words[_HOLE_START], self._words[_HOLE_END]
        return None if start == NOTHING else (start, end)

    @hole.setter
    def hole(self, hole: tuple[int, int] | None) -> None:
        if hole is None:
            self._words[_HOLE_START] = NOTHING
            return
        if self._words[_HOLE_START] != hole[0]:
            self._words[_HOLE_END] = NOTHING
            self._words[_HOLE_START] = hole[0]
        self._words[_HOLE_END] = hole[1]

    @property
    def session_word(self) -> int:
        """A number kept for the core: the BMC's session."""
        return int(self._words[_SESSION])

    @session_word.setter
    def session_word(self, number: int) -> None:
        self._words[_SESSION] = number

    @property
    def sol_word(self) -> int:
        """A number kept for the core: the last SOL number used."""
        return int(self._words[_SOL])

    @sol_word.setter
    def sol_word(self, number: int) -> None:
        self._words[_SOL] = number

    def begin(self, offset: int, checkpoint: Checkpoint) -> None:
        """Take the slot over for a console whose next byte is *offset*."""
        self._words[_STATE] = _FREE
        padded = self.name.encode("ascii").ljust(NAME_LENGTH, b"\0")
        self._map[self._data - SLOT_HEADER + _NAME : self._data - SLOT_HEADER + _NAME + NAME_LENGTH] = padded
        self._words[_BASE] = self._words[_RECEIVED] = self.received = offset
        self._words[_MARKED] = self._words[_SESSION] = self._words[_SOL] = 0
        self.hole = None
        self.checkpoint = checkpoint
        self._words[_STATE] = _USED

    def plausible(self) -> bool:
        """Whether the words of the slot agree with each other."""
        return self.base <= self.received and self.checkpoint.plausible(self.received)

    def set_state(self, state: int) -> None:
        """Mark the slot as free, used or released."""
        self._words[_STATE] = state

    def close(self) -> None:
        """Let go of the map."""
        self._words.release()


class RingFile:
    """The file with every console's slot. One process at a time; used from one thread but for the rings."""

    def __init__(self, path: Path, *, epoch: int, boot_id: str | None = None) -> None:
        """Open or create *path*.

        Slots of an earlier boot of the machine (*boot_id*, the kernel's by default) are forgotten: the page
        cache they were kept in is gone. Raises `RingError` while another process uses the file, `OSError`.
        """
        self._boot = (_boot_id() if boot_id is None else boot_id).encode("ascii")[:36].ljust(36, b"\0")
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._chunks: list[tuple[mmap.mmap, memoryview]] = []
        self._slots: dict[str, int] = {}
        self._free: list[int] = []
        self._released: list[int] = []
        self._rings: list[Ring] = []
        try:
            self._lock(path)
            self._open(path, epoch)
        except BaseException:
            self.close()
            raise

    def names(self) -> list[str]:
        """Consoles that have a slot."""
        return list(self._slots)

    def find(self, name: str) -> Ring | None:
        """Return the ring that an earlier process kept for *name*; None if there is none of use."""
        index = self._slots.get(name)
        if index is None:
            return None
        ring = self._ring(name, index)
        if not ring.plausible():
            log.error("%s: the ring's slot is damaged; it is begun anew", name)
            ring.close()
            del self._slots[name]
            self._free.append(index)
            return None
        if index in self._released:
            self._released.remove(index)
        ring.set_state(_USED)
        self._rings.append(ring)
        return ring

    def holds_unlogged(self, name: str) -> bool:
        """Whether the slot of *name*, which is not in use, has bytes that should be in files and are not."""
        ring = self._ring(name, self._slots[name])
        hole = ring.hole
        end = ring.received if hole is None or hole[1] != NOTHING else min(ring.received, hole[0])
        unlogged = ring.plausible() and ring.logged < end
        ring.close()
        return unlogged

    def create(self, name: str, offset: int, checkpoint: Checkpoint) -> Ring:
        """Return a new ring for *name* whose first byte will be *offset*. Raises `OSError` (no space)."""
        if not self._free and not self._released:
            self._grow()
        index = self._free.pop(0) if self._free else self._forget(self._released.pop(0))
        # Take the memory now: a store to a page that cannot be had would end the process with SIGBUS.
        try:
            os.posix_fallocate(self._fd, FILE_HEADER + index * SLOT, SLOT)
        except OSError:
            self._free.insert(0, index)
            raise
        ring = self._ring(name, index)
        ring.begin(offset, checkpoint)
        self._slots[name] = index
        self._rings.append(ring)
        return ring

    def release(self, ring: Ring) -> None:
        """Let another console have the slot when no other is free; everything of it is logged."""
        ring.set_state(_RELEASED)
        self._released.append(ring.index)
        self._rings.remove(ring)
        ring.close()

    def close(self) -> None:
        """Unmap and unlock the file; the rings are of no use any more."""
        for ring in self._rings:
            ring.close()
        self._rings.clear()
        for chunk, view in self._chunks:
            view.release()
            chunk.close()
        self._chunks.clear()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _lock(self, path: Path) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RingError(f"{path} is in use: another solmux runs with this runtime directory") from None

    def _open(self, path: Path, epoch: int) -> None:
        found = os.pread(self._fd, _HEADER.size, 0)
        header = _HEADER.pack(MAGIC, VERSION, SLOT_HEADER, CAPACITY, CHUNK_SLOTS, epoch, self._boot)
        if len(found) == _HEADER.size and _layout(found) == _layout(header):
            os.pwrite(self._fd, header, 0)
            self._survey()
            return
        if found:
            log.info("%s is of an earlier boot or another version; it is begun anew", path)
        os.ftruncate(self._fd, 0)
        os.ftruncate(self._fd, FILE_HEADER)
        os.pwrite(self._fd, header, 0)

    def _survey(self) -> None:
        chunks = (os.fstat(self._fd).st_size - FILE_HEADER) // CHUNK
        for number in range(chunks):
            self._map(number)
        for index in range(chunks * CHUNK_SLOTS):
            # Read, not touched through the map: that would take memory for slots nobody uses.
            head = os.pread(self._fd, _NAME + NAME_LENGTH, FILE_HEADER + index * SLOT)
            (state,) = struct.unpack_from("=Q", head, _STATE * 8)
            name = head[_NAME:].rstrip(b"\0").decode("ascii", "replace")
            if state == _FREE or not name or name in self._slots:
                self._free.append(index)
                continue
            self._slots[name] = index
            if state == _RELEASED:
                self._released.append(index)

    def _grow(self) -> None:
        number = len(self._chunks)
        os.ftruncate(self._fd, FILE_HEADER + (number + 1) * CHUNK)
        self._map(number)
        self._free.extend(range(number * CHUNK_SLOTS, (number + 1) * CHUNK_SLOTS))

    def _map(self, number: int) -> None:
        chunk = mmap.mmap(self._fd, CHUNK, offset=FILE_HEADER + number * CHUNK)
        self._chunks.append((chunk, memoryview(chunk).cast("Q")))

    def _ring(self, name: str, index: int) -> Ring:
        chunk, view = self._chunks[index // CHUNK_SLOTS]
        return Ring(name, index, chunk, view)

    def _forget(self, index: int) -> int:
        for name in [name for name, at in self._slots.items() if at == index]:
            del self._slots[name]
        return index


def _layout(header: bytes) -> tuple[object, ...]:
    *layout, _epoch, boot = _HEADER.unpack(header)
    return (*layout, boot)


def _boot_id() -> str:
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""  # not Linux: a reboot that keeps the runtime directory goes unnoticed
