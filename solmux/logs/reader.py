"""Reading `console.log`: its last lines, and what is appended to it, across rotation.

Everything here blocks on nothing but the disk, and can be driven by anybody: a command line that sleeps
between two polls, an event loop that calls `Follower.poll` in a thread.
"""

import io
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from solmux.logs.archive_files import (
    File,
    SegmentKey,
    list_closed,
    open_closed,
    open_plain,
    plain_path,
    read_block,
    skip,
    tail,
)
from solmux.logs.segments import LOG, LOG_SUFFIX, check_console_name

_TRIES = 5
_REMEMBERED = 1024  # bytes read last: by them the place is found in a file that was cut and written again
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


def last_lines(directory: Path, name: str, count: int) -> list[bytes]:
    """Return the last *count* lines of a console's text, with their ends; the very last may have none yet.

    Args:
      directory: the log directory, with a directory for each console.
      name: the console's name. Raises `ValueError` if it cannot be one.
      count: lines wanted; there may be fewer. A console that never logged has none.
    """
    with Follower(directory, name, lines=count) as follower:
        text = b"".join(iter(follower.poll, b""))
    return _LINE.findall(text)[-count:] if count > 0 else []


class Follower:
    """Reads a console's text from some lines back, and goes on with what is appended to it.

    A context manager; or call `close`. Raises `ValueError` for a name that no console can have, and `OSError`
    where reading fails. That there are no files is no failure: they may come.
    """

    def __init__(self, directory: Path, name: str, *, lines: int | None = 0) -> None:
        """Begin *lines* lines before the end of what there is now, or with None at the oldest."""
        self._console = directory / check_console_name(name)
        self._done: set[SegmentKey] = set()  # closed segments that were read, or are older than the beginning
        self._file: File | None = None
        self._key: SegmentKey | None = None  # the closed segment being read; None for `console.log`
        self._position = 0  # in `console.log`
        self._read_last = b""
        self._cut_to: int | None = None  # size of `console.log` when it was found to have shrunk
        self._line_end_owed = False  # what was read before ended within a line
        if lines is not None:
            self._go_back(max(0, lines))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file that is being read."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def poll(self) -> bytes:
        """Return the next piece of text, some 64 KiB at most; nothing if there is none now."""
        while (file := self._file or self._open_next()) is not None:
            if text := self._read(file):
                return text
            if self._key is not None:
                self._done.add(self._key)
            elif self._still_named(file):
                return b""
            elif text := self._read(file):
                return text  # it came just before the file was moved
            else:
                self._pass_over(file)
            self.close()
            self._line_end_owed = self._within_line()
        return b""

    def _read(self, file: File) -> bytes:
        if isinstance(file, io.FileIO) and self._key is None and not self._find_place(file):
            return b""
        text = read_block(file)
        if text:
            self._position += len(text)
            self._read_last = (self._read_last + text)[-_REMEMBERED:]
            if self._line_end_owed:
                self._line_end_owed = False
                return b"\n" + text
        return text

    def _find_place(self, file: io.FileIO) -> bool:
        """Tell whether reading can go on in `console.log`, which may have been cut meanwhile.

        After a kill the service cuts the text back to a line's end and writes the same again. So one poll is
        let pass; if the text is then what it was, reading goes on behind it, otherwise where it was cut.
        """
        size = os.fstat(file.fileno()).st_size
        if self._cut_to is None:
            if size < self._position:
                self._cut_to = size
            return self._cut_to is None
        last = self._read_last
        if size < self._position or os.pread(file.fileno(), len(last), self._position - len(last)) != last:
            self._position = file.seek(min(self._cut_to, size))
            self._line_end_owed = self._within_line()
        self._cut_to = None
        return True

    def _within_line(self) -> bool:
        return self._read_last != b"" and not self._read_last.endswith(b"\n")

    def _still_named(self, file: File) -> bool:
        with suppress(FileNotFoundError, NotADirectoryError):
            return os.path.samestat((self._console / LOG).stat(), os.fstat(file.fileno()))
        return False

    def _pass_over(self, file: File) -> None:
        """Note that the closed segment which `console.log` has become has been read."""
        status = os.fstat(file.fileno())
        fresh = list(self._fresh())
        for key in fresh:
            with suppress(FileNotFoundError):
                if os.path.samestat(plain_path(self._console, key, LOG_SUFFIX).stat(), status):
                    self._done.add(key)
                    return
        if fresh and not status.st_nlink:  # it has been compressed, and removed
            self._done.add(fresh[0])

    def _fresh(self) -> Iterator[SegmentKey]:
        return (key for key in list_closed(self._console, LOG_SUFFIX) if key not in self._done)

    def _open_next(self) -> File | None:
        """Open the oldest closed segment that has not been read, else `console.log` at its start."""
        for _ in range(_TRIES):
            key = next(self._fresh(), None)
            if key is not None:
                self._file, self._key = open_closed(self._console, key, LOG_SUFFIX), key
                if self._file is None:
                    self._done.add(key)
                    continue
                return self._file
            file = open_plain(self._console / LOG)
            if file is None:
                return None
            if next(self._fresh(), None) is None:
                self._file, self._key, self._position, self._cut_to = file, None, 0, None
                return file
            file.close()  # it may be the next but one: the log has been rotated meanwhile
        return None

    def _open_log(self) -> tuple[File | None, list[SegmentKey]]:
        """Open `console.log`, if it is there, and list the segments that were closed before it."""
        for _ in range(_TRIES):
            closed = list_closed(self._console, LOG_SUFFIX)
            log = open_plain(self._console / LOG)
            if set(closed).issuperset(list_closed(self._console, LOG_SUFFIX)):
                return log, closed
            if log is not None:
                log.close()  # rotated meanwhile: it may be one of those closed
        return None, closed

    def _go_back(self, lines: int) -> None:
        log, closed = self._open_log()
        self._done.update(closed)
        if log is not None:
            self._position, found = tail(log, lines)
            if found == lines or not closed:
                self._file = log
                skip(log, self._position)
                return
            log.close()  # all of it is wanted, after what is before
            lines -= found
        start = 0
        for key in reversed(closed):
            if lines <= 0 or (file := open_closed(self._console, key, LOG_SUFFIX)) is None:
                break
            with file:
                start, found = tail(file, lines)
            self._done.discard(key)
            lines -= found
        if (oldest := self._open_next()) is not None and self._key is not None:
            skip(oldest, start)
