"""The file system as the log's writer uses it: few calls, so that a test can stand in front of it.

Files are opened to append, never through a symbolic link, never anything but a regular file, and readable by
the log's group. Every call may raise `OSError` and every call may hang: only the threads of `logs` make them.
"""

import ctypes
import errno
import grp
import os
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

FILE_MODE = 0o640
DIRECTORY_MODE = 0o750
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Disk(Protocol):
    """What the writer asks of a file system."""

    def open(self, path: str) -> int:
        """Open a regular file to append, created if need be."""

    def write(self, descriptor: int, data: bytes) -> int:
        """Append; return how many bytes were taken."""

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut the file down to *size*."""

    def status(self, descriptor: int) -> os.stat_result:
        """Say what the open file is."""

    def close(self, descriptor: int) -> None:
        """Close it."""

    def path_status(self, path: str) -> os.stat_result | None:
        """Say what bears that name; None for nothing."""

    def read(self, path: str, position: int, length: int) -> bytes:
        """Read from a file; nothing at its end or if there is none."""

    def names(self, path: str) -> list[str]:
        """List a directory; nothing if there is none."""

    def make_directory(self, path: str) -> None:
        """Make a directory and what it lies in, unless they exist."""

    def rename(self, source: str, target: str) -> None:
        """Give a file another name."""

    def sync(self, path: str) -> None:
        """Bring a file's data, or a directory's names, to the disk; a missing one is done already."""

    def sync_file_systems(self, paths: Collection[str]) -> None:
        """Bring everything to the disk that is on the file systems of these files; one may be missing."""


class FileSystem:
    """The real one."""

    def __init__(self, group: str | None = None) -> None:
        """New files and directories get *group*, if it exists and this process may give them to it."""
        try:
            self._group = grp.getgrnam(group).gr_gid if group else -1
        except KeyError:
            self._group = -1
        self._syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)

    def open(self, path: str) -> int:
        """Open a regular file to append, created if need be."""
        descriptor = os.open(path, _APPEND, FILE_MODE)
        try:
            self._adopt(descriptor, path)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def write(self, descriptor: int, data: bytes) -> int:
        """Append; return how many bytes were taken."""
        return os.write(descriptor, data)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut the file down to *size*."""
        os.ftruncate(descriptor, size)

    def status(self, descriptor: int) -> os.stat_result:
        """Say what the open file is."""
        return os.fstat(descriptor)

    def close(self, descriptor: int) -> None:
        """Close it."""
        os.close(descriptor)

    def path_status(self, path: str) -> os.stat_result | None:
        """Say what bears that name; None for nothing."""
        try:
            return os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read(self, path: str, position: int, length: int) -> bytes:
        """Read from a file; nothing at its end or if there is none."""
        try:
            descriptor = os.open(path, _READ)
        except (FileNotFoundError, NotADirectoryError):
            return b""
        try:
            return os.pread(descriptor, length, position)
        finally:
            os.close(descriptor)

    def names(self, path: str) -> list[str]:
        """List a directory; nothing if there is none."""
        try:
            return [entry.name for entry in Path(path).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def make_directory(self, path: str) -> None:
        """Make a directory and what it lies in, unless they exist."""
        missing = [path]
        while not Path(missing[-1]).parent.is_dir():
            missing.append(str(Path(missing[-1]).parent))
        for directory in reversed(missing):
            try:
                Path(directory).mkdir(DIRECTORY_MODE)
            except FileExistsError:
                continue
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                os.fchmod(descriptor, DIRECTORY_MODE)
                self._give_to_group(descriptor)
            finally:
                os.close(descriptor)

    def rename(self, source: str, target: str) -> None:
        """Give a file another name."""
        Path(source).rename(target)

    def sync(self, path: str) -> None:
        """Bring a file's data, or a directory's names, to the disk; a missing one is done already."""
        try:
            descriptor = os.open(path, _READ)
        except FileNotFoundError:
            return
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    def sync_file_systems(self, paths: Collection[str]) -> None:
        """Bring everything to the disk that is on the file systems of these files; one may be missing."""
        done = set()
        for path in paths:
            status = self.path_status(path)
            if status is None or status.st_dev in done:
                continue
            try:
                descriptor = os.open(path, _READ)
            except FileNotFoundError:
                continue
            try:
                self._sync_file_system(descriptor)
            finally:
                os.close(descriptor)
            done.add(status.st_dev)

    def _sync_file_system(self, descriptor: int) -> None:
        if self._syncfs is None:
            os.sync()
        elif self._syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def _adopt(self, descriptor: int, path: str) -> None:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "is not a regular file", path)
        if not status.st_size and status.st_uid == os.geteuid():
            os.fchmod(descriptor, FILE_MODE)
            self._give_to_group(descriptor)

    def _give_to_group(self, descriptor: int) -> None:
        if self._group >= 0:
            try:
                os.fchown(descriptor, -1, self._group)
            except PermissionError:
                self._group = -1  # not root and not a member: the files keep the service's own group
