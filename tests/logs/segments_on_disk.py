"""A console's files as the writer makes them, for tests of the readers."""

from pathlib import Path

import zstandard

from solmux.logs import ttyrec
from solmux.logs.eventlog import SEGMENT, LoggedEvent
from solmux.logs.segments import ARCHIVE, EVENTS, LOG, LOG_SUFFIX, RAW, RAW_SUFFIX, segment_stem

OPENED = 1_795_194_340_000_000  # 2026-11-20T17:05:40Z
SECOND = 1_000_000


class SegmentsOnDisk:
    """Writes the open segment, closes it, compresses closed ones."""

    def __init__(self, directory: Path, name: str) -> None:
        self.console = directory / name
        self.archive = self.console / ARCHIVE
        self.offset = 0
        self._start = 0
        self._opened = OPENED
        self._events = 0

    def text(self, data: bytes) -> None:
        """Append to `console.log`."""
        self.console.mkdir(parents=True, exist_ok=True)
        with (self.console / LOG).open("ab") as file:
            file.write(data)

    def raw(self, data: bytes, micros: int) -> None:
        """Append a record to `console.ttyrec`."""
        self.console.mkdir(parents=True, exist_ok=True)
        with (self.console / RAW).open("ab") as file:
            file.write(ttyrec.header(micros, len(data)) + data)
        self.offset += len(data)

    def event(self, kind: str = SEGMENT) -> None:
        """Append an event that falls here to `events.jsonl`."""
        self._events += 1
        path = self.console / RAW
        size = path.stat().st_size if path.exists() else 0
        event = LoggedEvent(
            self._events, self._opened, self.offset, kind, None, self._start, self._opened, size, None
        )
        with (self.console / EVENTS).open("ab") as file:
            file.write(event.to_line())

    def rotate(self) -> str:
        """Close the open segment; return the stem of its name."""
        self.archive.mkdir(exist_ok=True)
        stem = segment_stem(self._start, self._opened)
        for name, suffix in ((LOG, LOG_SUFFIX), (RAW, RAW_SUFFIX)):
            if (self.console / name).exists():
                (self.console / name).rename(self.archive / f"{stem}{suffix}")
        self._start = self.offset
        self._opened += SECOND
        return stem

    def compress(self, stem: str) -> None:
        """Replace a closed segment's files by compressed ones, of several frames."""
        for suffix in (LOG_SUFFIX, RAW_SUFFIX):
            path = self.archive / f"{stem}{suffix}"
            if path.exists():
                compress, data = zstandard.ZstdCompressor().compress, path.read_bytes()
                middle = len(data) // 2
                packed = compress(data[:middle]) + compress(data[middle:])
                path.with_name(path.name + ".zst").write_bytes(packed)
                path.unlink()
