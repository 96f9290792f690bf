"""What the log can be told."""

from dataclasses import dataclass
from pathlib import Path

from solmux.logs.spool import SPOOL_SIZE

ROTATE_SIZE = 16 << 20


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
      open_consoles: how many consoles' files (three each) may be open at a time.
    """

    directory: Path
    rotate_size: int = ROTATE_SIZE
    spool_size: int = SPOOL_SIZE
    batch_interval: float = 0.08
    sync_interval: float = 5.0
    retry_interval: float = 1.0
    group: str | None = "adm"
    open_consoles: int = 1024
