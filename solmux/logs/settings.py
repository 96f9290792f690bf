"""What the log can be told."""

import resource
from dataclasses import dataclass
from pathlib import Path

from solmux.logs.spool import SPOOL_SIZE

ROTATE_SIZE = 16 << 20
FILES = 3  # of a console
RESERVED = 256  # descriptors for everything but consoles
LEAST_OPEN = 16
NO_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Settings of the log.

    Attributes:
      directory: where each console has a directory of its own.
      rotate_size: bytes of `console.log` or `console.ttyrec` after which both are closed (at a line's end).
      spool_size: bytes of memory, for all consoles, for what the disk does not take.
      batch_interval: seconds from one pass of the writer to the next; with the pass itself well under 100 ms.
      sync_interval: seconds between bringing what was written to the disk.
      retry_interval: seconds until a write that failed is tried again.
      group: group of the files, if it exists and the service may use it.
      open_consoles: how many consoles' files (three each) may be open at a time; 0 for what the process's
        limit of open files allows when each console has a socket, too.
    """

    directory: Path
    rotate_size: int = ROTATE_SIZE
    spool_size: int = SPOOL_SIZE
    batch_interval: float = 0.08
    sync_interval: float = 5.0
    retry_interval: float = 1.0
    group: str | None = "adm"
    open_consoles: int = 0

    def open_consoles_allowed(self) -> int:
        """Return `open_consoles`, or what the limit of open files allows at this moment."""
        if self.open_consoles:
            return self.open_consoles
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit == resource.RLIM_INFINITY:
            return NO_LIMIT
        return max(LEAST_OPEN, (limit - RESERVED) // (FILES + 1))
