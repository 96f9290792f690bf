"""What the tests of the log share: a clock, a disk with faults, a cleaner that changes nothing, a reader."""

import errno
import os
import threading
from collections.abc import Callable, Collection
from pathlib import Path

import zstandard

from solmux.logs import ttyrec
from solmux.logs.disk import FileSystem
from solmux.logs.eventlog import LoggedEvent, parse_lines
from solmux.logs.journal import Journal, LogSettings
from solmux.logs.segments import (
    ARCHIVE,
    EVENTS,
    EVENTS_SUFFIX,
    LOG,
    LOG_SUFFIX,
    RAW,
    RAW_SUFFIX,
    closed_segments,
)
from solmux.logs.stamps import micros_of_date

START = micros_of_date("2026-11-20T17:05:40.000Z") / 1e6


class Clock:
    """Wall and monotonic time that pass when a test says so."""

    def __init__(self, wall: float = START) -> None:
        self.now = wall
        self.elapsed = 1000.0

    def wall(self) -> float:
        return self.now

    def clock(self) -> float:
        return self.elapsed

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.elapsed += seconds


class PlainCleaner:
    """Bytes in, the same bytes out; event lines on lines of their own. Keeps the rules of the real one."""

    def __init__(self, not_before: float) -> None:
        self.not_before = not_before
        self.fed = 0
        self._line_open = False
        self.held = b""
        self.held_since = 0.0

    @property
    def deadline(self) -> float | None:
        return self.held_since + 1.0 if self.held else None

    @property
    def settled(self) -> int:
        return self.fed - len(self.held)

    def feed(self, data: bytes, wall: float) -> bytes:
        """Hold what follows a carriage return until a line ends."""
        self.fed += len(data)
        text, self.held = self.held + data, b""
        start = text.rfind(b"\r")
        if start >= 0 and b"\n" not in text[start:]:
            text, self.held, self.held_since = text[:start], text[start:], wall
        return self._out(text)

    def tick(self, wall: float) -> bytes:
        if self.deadline is None or wall < self.deadline:
            return b""
        return self._release()

    def event(self, text: str, wall: float) -> bytes:
        del wall
        return self.finish(0.0) + f"[-- {text} --]\n".encode()

    def finish(self, wall: float) -> bytes:
        del wall
        out = self._release()
        if self._line_open:
            out += b"\n"
        self._line_open = False
        return out

    def _release(self) -> bytes:
        text, self.held = self.held, b""
        return self._out(text)

    def _out(self, text: bytes) -> bytes:
        if text:
            self._line_open = not text.endswith(b"\n")
        return text


def no_fault(call: str, path: str) -> None:
    """All is well."""
    del call, path


class FaultyDisk:
    """The real file system behind faults.

    Attributes:
      fault: called before every call with its name and path; may raise, or wait.
      short: the next writes take at most so many bytes each; then ENOSPC until `fault` is lifted.
      calls: names of all calls, in order.
    """

    def __init__(self) -> None:
        self.real = FileSystem()
        self.fault: Callable[[str, str], None] = no_fault
        self.short: list[int] = []
        self.calls: list[str] = []
        self._paths: dict[int, str] = {}

    def _call(self, name: str, path: str) -> None:
        self.calls.append(name)
        self.fault(name, path)

    def open(self, path: str) -> int:
        self._call("open", path)
        descriptor = self.real.open(path)
        self._paths[descriptor] = path
        return descriptor

    def write(self, descriptor: int, data: bytes) -> int:
        self._call("write", self._paths[descriptor])
        if self.short:
            return self.real.write(descriptor, data[: self.short.pop(0)])
        return self.real.write(descriptor, data)

    def truncate(self, descriptor: int, size: int) -> None:
        self._call("truncate", self._paths[descriptor])
        self.real.truncate(descriptor, size)

    def status(self, descriptor: int) -> os.stat_result:
        self._call("status", self._paths[descriptor])
        return self.real.status(descriptor)

    def close(self, descriptor: int) -> None:
        self._call("close", self._paths.pop(descriptor))
        self.real.close(descriptor)

    def path_status(self, path: str) -> os.stat_result | None:
        self._call("path_status", path)
        return self.real.path_status(path)

    def read(self, path: str, position: int, length: int) -> bytes:
        self._call("read", path)
        return self.real.read(path, position, length)

    def names(self, path: str) -> list[str]:
        self._call("names", path)
        return self.real.names(path)

    def make_directory(self, path: str) -> None:
        self._call("make_directory", path)
        self.real.make_directory(path)

    def rename(self, source: str, target: str) -> None:
        self._call("rename", source)
        self.real.rename(source, target)

    def sync(self, path: str) -> None:
        self._call("sync", path)
        self.real.sync(path)

    def sync_file_systems(self, paths: Collection[str]) -> None:
        for path in paths:
            self._call("sync_file_systems", path)
        self.real.sync_file_systems(paths)

    @property
    def open_files(self) -> int:
        return len(self._paths)


class Hang:
    """A fault: writes to the disk wait until the test lets them go."""

    def __init__(self, suffix: str = "") -> None:
        self.reached = threading.Event()
        self._go = threading.Event()
        self._suffix = suffix

    def __call__(self, call: str, path: str) -> None:
        if call == "write" and path.endswith(self._suffix):
            self.reached.set()
            assert self._go.wait(60)

    def let_go(self) -> None:
        self._go.set()


def disk_full(call: str, path: str) -> None:
    """A fault: no space for anything."""
    if call in ("write", "make_directory"):
        raise OSError(errno.ENOSPC, "No space left on device", path)


def make_journal(
    base: Path,
    clock: Clock,
    disk: FaultyDisk | None = None,
    *,
    rotate_size: int = 16 << 20,
    spool_size: int = 64 << 20,
    open_consoles: int = 0,
) -> Journal:
    """Return a journal without threads: `run` makes the writer's passes."""
    settings = LogSettings(
        base / "log", rotate_size=rotate_size, spool_size=spool_size, open_consoles=open_consoles, group=None
    )
    return Journal(
        settings,
        base / "ring",
        wall=clock.wall,
        clock=clock.clock,
        disk=disk if disk is not None else FileSystem(),
        cleaner=PlainCleaner,
    )


def run(journal: Journal) -> None:
    """Make one pass of the writer."""
    journal.write_now()


def abandon(journal: Journal) -> None:
    """What a kill -9 leaves: the rings as they are, nothing flushed, nothing told."""
    journal._rings.close()


class Written:
    """What is in one console's directory."""

    def __init__(self, base: Path, name: str = "a") -> None:
        self.directory = base / "log" / name
        self.archive = self.directory / ARCHIVE

    def segments(self) -> list[tuple[int, bytes]]:
        """Start offset and payload of every raw record, oldest first."""
        names = [entry.name for entry in self.archive.iterdir()] if self.archive.is_dir() else []
        closed = closed_segments(names, RAW_SUFFIX)
        found = [(segment.start, payload(self.archive / str(segment))) for segment in closed]
        raw = self.directory / RAW
        if raw.exists() and raw.stat().st_size:
            start = [event.segment for event in self.events()][-1]
            found.append((start, payload(raw)))
        return found

    def output(self) -> bytes:
        """All payloads, each where its segment says it belongs: nothing may be missing in between."""
        output = b""
        for start, data in self.segments():
            assert start == len(output), "a segment does not begin where the one before ends"
            output += data
        return output

    def text(self) -> str:
        """The texts of all segments, one after the other."""
        names = [entry.name for entry in self.archive.iterdir()] if self.archive.is_dir() else []
        paths = [self.archive / str(segment) for segment in closed_segments(names, LOG_SUFFIX)]
        paths += [self.directory / LOG] if (self.directory / LOG).exists() else []
        return b"".join(path.read_bytes() for path in paths).decode()

    def events(self, kind: str | None = None) -> list[LoggedEvent]:
        path = self.directory / EVENTS
        events = parse_lines(path.read_bytes()) if path.exists() else []
        return [event for event in events if kind is None or event.kind == kind]

    def all_events(self) -> list[LoggedEvent]:
        """Events of the closed files, too."""
        names = [entry.name for entry in self.archive.iterdir()] if self.archive.is_dir() else []
        closed = [self.archive / str(name) for name in closed_segments(names, EVENTS_SUFFIX)]
        return [event for path in closed for event in parse_lines(path.read_bytes())] + self.events()

    def records(self) -> list[ttyrec.Record]:
        data = (self.directory / RAW).read_bytes()
        return list(ttyrec.records(lambda position, length: data[position : position + length]))


def payload(path: Path) -> bytes:
    """The bytes of a raw record, all of which must be whole."""
    data = path.read_bytes()
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
    records = list(ttyrec.records(lambda position, length: data[position : position + length]))
    assert not data or records[-1].end == len(data), f"{path} ends with a torn record"
    assert [r.micros for r in records] == sorted(r.micros for r in records), f"{path}: stamps go back"
    return b"".join(record.data for record in records)
