"""The log as the core uses it: consoles opened and closed, appended to, nothing that waits for a disk.

core --append--> ring (and, if the disk fails, spool) --writer's thread--> files --syncer's thread--> disk
"""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

from solmux.logs.alarms import Alarm, AlarmKind, Alarms, Counters
from solmux.logs.cleaner import Cleaner
from solmux.logs.console_log import ConsoleLog
from solmux.logs.desk import Tools
from solmux.logs.disk import Disk, FileSystem
from solmux.logs.recovery import find_checkpoint
from solmux.logs.ring import NOTHING, RingFile
from solmux.logs.segments import check_console_name
from solmux.logs.settings import LogSettings
from solmux.logs.spool import Spool
from solmux.logs.syncer import Syncer
from solmux.logs.textlog import NewCleaner, TextCleaner
from solmux.logs.writer import HUNG_AFTER, Writer

__all__ = ["Alarm", "AlarmKind", "ConsoleLog", "Journal", "LogSettings"]


def new_cleaner(not_before: float) -> TextCleaner:
    """Return the cleaner of `console.log`."""
    return Cleaner(not_before=not_before)


class Journal:
    """Rings, spool and writer of one core. All methods are for the core's thread.

    Attributes:
      epoch: a random number for the life of this journal.
      counters: what the writer has done.
    """

    def __init__(
        self,
        settings: LogSettings,
        ring_path: Path,
        *,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        disk: Disk | None = None,
        cleaner: NewCleaner = new_cleaner,
    ) -> None:
        """Open the rings. Raises `RingError` while another core uses them, `OSError`."""
        self.epoch = int.from_bytes(os.urandom(6), "big") | 1
        self.counters = Counters()
        self._settings = settings
        self._wall = wall
        self._clock = clock
        self._alarms = Alarms()
        self._spool = Spool(settings.spool_size)
        self._disk = FileSystem(settings.group) if disk is None else disk
        self._syncer = Syncer(self._disk, settings.sync_interval, self._sync_failed)
        self._writer = Writer(
            Tools(
                settings=settings,
                disk=self._disk,
                syncer=self._syncer,
                alarms=self._alarms,
                counters=self.counters,
                new_cleaner=cleaner,
                wall=wall,
                clock=clock,
            )
        )
        self._consoles: dict[str, ConsoleLog] = {}
        self._closing: set[str] = set()
        self._told_hung = self._told_full = False
        self._dropped = 0
        self._rings = RingFile(ring_path, epoch=self.epoch)

    def open_console(self, name: str, *, log: bool = True) -> ConsoleLog:
        """Return the log of console *name*, from now on also written to files if *log*.

        What a killed core had received and not written is written first. For a console without ring (after a
        reboot of the machine) its offset is looked up in some kB of its files. Raises `ValueError` for a name
        that cannot be a directory's or is open already, `OSError` if ring or files cannot be had, at once if
        the writer has been waiting for the disk.
        """
        check_console_name(name)
        self._reap()
        console = self._consoles.get(name)
        if console is not None:
            if not console.closing:
                raise ValueError(f"{name} is open already")
            if console.reopen():
                self._closing.discard(name)
                console.set_log(log)
                return console
            self._reap()
        ring = self._rings.find(name)
        if ring is None:
            self._refuse_while_hung(name)
            checkpoint, offset = find_checkpoint(self._disk, f"{self._settings.directory}/{name}")
            ring = self._rings.create(name, offset, checkpoint)
            if not log:
                ring.hole = (offset, NOTHING)
        console = self._consoles[name] = ConsoleLog(ring, self._spool, self._writer.call, self._wall)
        console.set_log(log)
        self._writer.call(console)
        return console

    def close_console(self, name: str) -> None:
        """No more will come for *name*: what there is is written, then its files are closed."""
        self._consoles[name].close()
        self._closing.add(name)

    def unwritten(self) -> list[str]:
        """Return consoles that are not open and have output of a killed core in their rings.

        Opened and closed again, they get it written.
        """
        names = [name for name in self._rings.names() if name not in self._consoles]
        return [name for name in names if self._rings.holds_unlogged(name)]

    def start(self) -> None:
        """Start the threads."""
        self._writer.start()
        self._syncer.start()

    def stop(self, deadline_seconds: float) -> bool:
        """Write and sync everything within *deadline_seconds*; return whether that was possible.

        What could not be written is in the rings and is written at the next start. The journal is of no use
        afterwards.
        """
        deadline = time.monotonic() + deadline_seconds
        for console in self._consoles.values():
            console.close()
        written = self._writer.stop(deadline_seconds)
        synced = self._syncer.stop(deadline - time.monotonic())
        self._consoles.clear()
        self._closing.clear()
        if written:  # otherwise the writer may still look at the rings
            self._rings.close()
        return written and synced

    def write_now(self) -> None:
        """Make one pass of the writer in the caller's thread; only while the threads are not started."""
        self._writer.run_pass()

    def sync_now(self) -> bool:
        """Bring what was written to the disk in the caller's thread; return whether that was possible."""
        return self._syncer.sync()

    def alarms(self) -> list[Alarm]:
        """Return what people should be told and were not told yet; to be asked every second or so."""
        self._reap()
        self._look_at_writer()
        self._look_at_spool()
        return self._alarms.take()

    @property
    def failing(self) -> list[str]:
        """Consoles whose files cannot be written at the moment."""
        return self._writer.failing

    @property
    def spooled(self) -> int:
        """Bytes kept in memory because the disk does not take them."""
        return self._spool.used

    def _reap(self) -> None:
        """Let the rings of closed consoles be used for others."""
        for name in [name for name in self._closing if self._consoles[name].closed]:
            self._closing.remove(name)
            self._rings.release(self._consoles.pop(name).ring)

    def _waits_for_disk(self, seconds: float) -> bool:
        since = self._writer.busy_since
        return since is not None and self._clock() - since >= seconds

    def _refuse_while_hung(self, name: str) -> None:
        if self._waits_for_disk(1.0):
            raise TimeoutError(
                errno.ETIMEDOUT, "the disk does not answer", f"{self._settings.directory}/{name}"
            )

    def _look_at_writer(self) -> None:
        hung = self._waits_for_disk(HUNG_AFTER)
        if hung and not self._told_hung:
            self._alarm(AlarmKind.HUNG, "the disk does not answer; output is kept in memory")
        elif self._told_hung and not hung:
            self._alarm(AlarmKind.HEALED, "the disk answers again")
        self._told_hung = hung

    def _look_at_spool(self) -> None:
        dropped = self._spool.dropped
        if dropped > self._dropped and not self._told_full:
            self._told_full = True
            text = "the memory for output that cannot be logged is full: output is lost"
            self._alarm(AlarmKind.SPOOL_FULL, text)
        elif not self._spool.used:
            self._told_full = False
        self._dropped = dropped

    def _sync_failed(self, path: str, error: OSError) -> None:
        self.counters.sync_errors += 1
        self._alarm(AlarmKind.SYNC, f"{path} could not be brought to the disk: {error.strerror or error}")

    def _alarm(self, kind: AlarmKind, text: str) -> None:
        self._alarms.raise_alarm(Alarm(kind, "", text, self._wall()))
