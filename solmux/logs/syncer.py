"""Brings what was written to the disk, every few seconds, in a thread of its own.

A sync takes as long as the disk likes; here it delays nobody. The syncer opens files by their names, so it
shares nothing with the writer but the set of names that changed. One `syncfs` costs what twenty `fdatasync`
do, so many changed files are brought to the disk with their whole file system.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable

from solmux.logs.disk import Disk

log = logging.getLogger(__name__)

MANY = 20  # changed files


class Syncer:
    """A set of changed files and the thread that syncs them.

    Attributes:
      failures: attempts that failed.
      round: number of the round being collected. A file needs to be noted as changed once a round only.
    """

    def __init__(self, disk: Disk, interval: float, on_failure: Callable[[str, OSError], None]) -> None:
        """Sync every *interval* seconds; tell *on_failure* (in the syncer's thread) path and error."""
        self.failures = 0
        self.round = 1
        self._disk = disk
        self._interval = interval
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._failing: set[str] = set()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="solmux-sync", daemon=True)

    def changed(self, paths: Iterable[str]) -> None:
        """Note that files were written to, or directories got new names."""
        with self._lock:
            self._changed.update(paths)

    def sync(self) -> bool:
        """Sync what changed; what fails is tried again next time. Return whether all is on the disk."""
        with self._lock:
            changed, self._changed = self._changed, set()
            self.round += 1
        if len(changed) <= MANY:
            for path in changed:
                self._sync(path, (path,), self._disk.sync)
        else:
            self._sync("the logs", changed, lambda _: self._disk.sync_file_systems(changed))
        return not self._changed

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, limit: float) -> bool:
        """Sync once more and end, within *limit* seconds; return whether all is on the disk."""
        deadline = time.monotonic() + limit
        self._ending.set()
        if self._thread.ident is None:
            self.sync()
        else:
            self._thread.join(max(0.0, deadline - time.monotonic()))
        return not self._thread.is_alive() and not self._changed

    def _sync(self, what: str, changed: Iterable[str], sync: Callable[[str], None]) -> None:
        try:
            sync(what)
        except OSError as error:
            self.failures += 1
            self.changed(changed)
            if what not in self._failing:
                self._failing.add(what)
                self._on_failure(what, error)
        else:
            self._failing.discard(what)

    def _run(self) -> None:
        while not self._ending.wait(self._interval):
            self.sync()
        self.sync()
