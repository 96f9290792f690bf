"""One file that only grows: whole appends or none, and notice of what others do to it."""

import os
from enum import Enum, auto

from solmux.logs.disk import Disk


class Appended(Enum):
    """What an append found."""

    DONE = auto()
    REMOVED = auto()  # somebody took the file's name away: the append went into the void, a new file is next
    RESTARTED = auto()  # somebody emptied, removed or moved the file before: it begins with this append
    DISTURBED = auto()  # the append is in the file, but the file is not as it was left


class AppendFile:
    """A file and the size it is known to have with whole appends only.

    Between appends the file may be closed to spare descriptors; it is opened again by its name.

    Attributes:
      path: where it is.
      size: bytes it has, as far as this writer knows.
      noted_in: round of the syncer in which it was last noted as changed.
    """

    __slots__ = ("_descriptor", "_disk", "_torn", "noted_in", "path", "size")

    def __init__(self, disk: Disk, path: str, size: int = 0) -> None:
        self.path = path
        self.size = size
        self.noted_in = 0
        self._disk = disk
        self._descriptor: int | None = None
        self._torn = False

    @property
    def is_open(self) -> bool:
        """Whether a descriptor is held."""
        return self._descriptor is not None

    def append(self, data: bytes) -> Appended:
        """Append all of *data*, or leave the file as it was and raise `OSError`."""
        if self._torn:
            self._mend()
        descriptor = self._open()
        self._torn = True  # until it is known otherwise
        try:
            taken = self._disk.write(descriptor, data)
            while taken < len(data):
                taken += self._disk.write(descriptor, data[taken:])
        except OSError:
            self._mend_quietly()
            self.close()  # a descriptor can be spoilt for good (ESTALE)
            raise
        status = self._disk.status(descriptor)
        self._torn = False
        if not status.st_nlink:
            self.close()
            self.size = 0
            return Appended.REMOVED
        expected, self.size = self.size + len(data), status.st_size
        if status.st_size == expected:
            return Appended.DONE
        return Appended.RESTARTED if status.st_size == len(data) else Appended.DISTURBED

    def cut(self, size: int) -> None:
        """Cut off what lies behind *size*; a file that is shorter, or missing, stays so. Raises `OSError`."""
        status = self._disk.path_status(self.path)
        self.size = size
        if status is None or status.st_size < size:
            self.size = 0 if status is None else status.st_size
        elif status.st_size > size:
            self._torn = True
            self._mend()

    def adopt(self) -> None:
        """Take the file as it is found. Raises `OSError`."""
        status = self._disk.path_status(self.path)
        self.size = 0 if status is None else status.st_size

    def still_named(self) -> bool:
        """Whether the open file still bears its name; True while it is closed. Raises `OSError`."""
        if self._descriptor is None:
            return True
        found = self._disk.path_status(self.path)
        return found is not None and os.path.samestat(found, self._disk.status(self._descriptor))

    def begin_anew(self) -> None:
        """The next append goes to a new file of this name."""
        self.close()
        self.size = self.noted_in = 0
        self._torn = False

    def close(self) -> None:
        """Let go of the descriptor."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            self._disk.close(descriptor)

    def _open(self) -> int:
        if self._descriptor is None:
            try:
                self._descriptor = self._disk.open(self.path)
            except FileNotFoundError:
                self._disk.make_directory(self.path.rpartition("/")[0])
                self._descriptor = self._disk.open(self.path)
        return self._descriptor

    def _mend(self) -> None:
        descriptor = self._open()
        if self._disk.status(descriptor).st_size > self.size:
            self._disk.truncate(descriptor, self.size)
        self._torn = False

    def _mend_quietly(self) -> None:
        try:
            self._mend()
        except OSError:
            return  # it is tried again before the next append
