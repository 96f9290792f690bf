"""The files of one console on the disk: appended to, archived, begun anew when somebody moved them."""

import errno

from solmux.logs.append_file import Appended, AppendFile
from solmux.logs.disk import Disk
from solmux.logs.eventlog import LoggedEvent
from solmux.logs.segments import (
    ARCHIVE,
    COMPRESSED,
    EVENTS,
    EVENTS_SUFFIX,
    LOG,
    LOG_SUFFIX,
    RAW,
    RAW_SUFFIX,
    segment_stem,
)
from solmux.logs.stamps import MICROSECONDS
from solmux.logs.syncer import Syncer


class FileSet:
    """`console.ttyrec`, `console.log`, `events.jsonl` and `archive/`. Everything here may raise `OSError`.

    Attributes:
      directory: the console's.
      raw: the raw record.
      log: the text.
      events: the events.
    """

    __slots__ = ("_disk", "_syncer", "directory", "events", "log", "raw")

    def __init__(self, disk: Disk, syncer: Syncer, directory: str) -> None:
        self._disk = disk
        self._syncer = syncer
        self.directory = directory
        self.raw = AppendFile(disk, f"{directory}/{RAW}")
        self.log = AppendFile(disk, f"{directory}/{LOG}")
        self.events = AppendFile(disk, f"{directory}/{EVENTS}")

    @property
    def is_open(self) -> bool:
        """Whether descriptors are held."""
        return self.raw.is_open or self.log.is_open or self.events.is_open

    def append(self, file: AppendFile, data: bytes) -> Appended:
        """Append to one of the files; if it was removed under us, to a new one (`RESTARTED`)."""
        outcome = file.append(data)
        if outcome is Appended.REMOVED:
            if file.append(data) is Appended.REMOVED:
                raise FileNotFoundError(errno.ENOENT, "is removed again and again", file.path)
            outcome = Appended.RESTARTED
        if file.noted_in != self._syncer.round:
            if not file.noted_in:  # it may be new, and its directory, too
                self._syncer.changed((self.directory, self.directory.rpartition("/")[0]))
            file.noted_in = self._syncer.round
            self._syncer.changed((file.path,))
        return outcome

    def moved(self) -> list[AppendFile]:
        """Return the files that no longer bear their names; the next append begins them anew."""
        moved = [file for file in (self.raw, self.log, self.events) if not file.still_named()]
        for file in moved:
            file.begin_anew()
        return moved

    def log_exists(self) -> bool:
        """Whether there is a `console.log`."""
        return self._disk.path_status(self.log.path) is not None

    def free_moment(self, start: int, micros: int) -> int:
        """Return a whole second, *micros* or soon after, at which no closed segment of *start* was begun."""
        opened = max(micros // MICROSECONDS * MICROSECONDS, MICROSECONDS)
        while any(
            self._disk.path_status(f"{self._archive}/{segment_stem(start, opened)}{suffix}{packed}")
            is not None
            for suffix in (RAW_SUFFIX, LOG_SUFFIX)
            for packed in ("", COMPRESSED)
        ):
            opened += MICROSECONDS
        return opened

    def archive_segment(self, start: int, opened: int) -> None:
        """Close the open segment; the text goes first, and with it the decision. Repeated, it goes on."""
        if not self.raw.size and not self.log.size:
            return
        self._disk.make_directory(self._archive)
        for file, suffix in ((self.log, LOG_SUFFIX), (self.raw, RAW_SUFFIX)):
            if self._disk.path_status(file.path) is not None:
                self._move(file, segment_stem(start, opened) + suffix)

    def archive_events(self) -> None:
        """Close the events file; it is named after its first event."""
        first = LoggedEvent.from_line(self._disk.read(self.events.path, 0, 1 << 16).partition(b"\n")[0])
        start, opened = (first.offset, first.micros) if first is not None else (0, 0)
        self._disk.make_directory(self._archive)
        name = segment_stem(start, opened) + EVENTS_SUFFIX
        while self._disk.path_status(f"{self._archive}/{name}") is not None:
            opened += MICROSECONDS
            name = segment_stem(start, opened) + EVENTS_SUFFIX
        self._move(self.events, name)
        self.events.begin_anew()

    def adopt(self) -> None:
        """Take raw record and text as they are found."""
        self.raw.adopt()
        self.log.adopt()

    def cut(self, raw_size: int, log_size: int) -> None:
        """Cut off what is behind these sizes of raw record and text."""
        self.raw.cut(raw_size)
        self.log.cut(log_size)

    def begin_anew(self) -> None:
        """The next appends begin a new raw record and a new text."""
        self.raw.begin_anew()
        self.log.begin_anew()

    def close(self) -> None:
        """Give the descriptors back; the next append opens the file again."""
        for file in (self.raw, self.log, self.events):
            file.close()

    @property
    def _archive(self) -> str:
        return f"{self.directory}/{ARCHIVE}"

    def _move(self, file: AppendFile, name: str) -> None:
        target = f"{self._archive}/{name}"
        self._disk.rename(file.path, target)
        self._syncer.changed((target, self._archive, self.directory))
