"""The writer's thread: one pass every 80 ms over the consoles that have something to write.

Idle, it sleeps until a console calls or a held line is due; there is no polling. A console whose files fail
is tried again every second and disturbs no other; a disk that hangs stops this thread and nothing else.
"""

import logging
import queue
import threading
from collections import OrderedDict

from solmux.logs.alarms import Alarm, AlarmKind
from solmux.logs.console_log import ConsoleLog
from solmux.logs.console_writer import ConsoleWriter
from solmux.logs.desk import Tools

log = logging.getLogger(__name__)

HELD_LIMIT = 40.0  # seconds; a line that is held for longer is due: the clock was set back
HUNG_AFTER = 5.0  # seconds in one call to the disk after which people are told


class Writer:
    """Moves rings to files.

    Attributes:
      busy_since: since when (monotonic) the thread has been at one console's files; None while it waits.
      failing: consoles whose files cannot be written at the moment.
    """

    def __init__(self, tools: Tools) -> None:
        self.busy_since: float | None = None
        self._tools = tools
        self._calls: queue.SimpleQueue[ConsoleLog | None] = queue.SimpleQueue()
        self._writers: dict[ConsoleLog, ConsoleWriter] = {}
        self._ready: OrderedDict[ConsoleWriter, None] = OrderedDict()
        self._retries: dict[ConsoleWriter, float] = {}  # monotonic time of the next attempt
        self._failed: dict[ConsoleWriter, float] = {}  # since when
        self._held: dict[ConsoleWriter, float] = {}  # wall time of the next tick
        self._open: OrderedDict[ConsoleWriter, None] = OrderedDict()  # least recently used first
        self._open_allowed = tools.settings.open_consoles_allowed()
        self._pause = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="solmux-writer", daemon=True)

    @property
    def failing(self) -> list[str]:
        """Names of the consoles whose files cannot be written at the moment."""
        return [writer.console.name for writer in list(self._failed)]

    def call(self, console: ConsoleLog) -> None:
        """*console* has something to write. Called from any thread; never blocks."""
        self._calls.put(console)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, limit: float) -> bool:
        """Write what is left of consoles that were closed, and end, within *limit* seconds.

        Return whether all is written. Without thread (tests) the passes are made here.
        """
        self._ending = True
        self._pause.set()
        self._calls.put(None)
        if self._thread.ident is None:
            self.run_pass()
        else:
            self._thread.join(limit)
        return not self._thread.is_alive() and not self._writers

    def run_pass(self) -> None:
        """Write what there is to write now, for every console."""
        self._answer_calls()
        now, wall = self._tools.clock(), self._tools.wall()
        for writer in [writer for writer, due in self._retries.items() if due <= now]:
            del self._retries[writer]
            self._ready[writer] = None
        while self._ready:
            writer, _ = self._ready.popitem(last=False)
            if self._attend(writer):
                self._ready[writer] = None
        # Only now: what came before a line was due may be the rest of it.
        for writer in [writer for writer, due in self._held.items() if not wall < due < wall + HELD_LIMIT]:
            del self._held[writer]
            if writer not in self._failed:
                self._attend(writer, tick=True)
        self.busy_since = None

    def _run(self) -> None:
        interval = self._tools.settings.batch_interval
        # At the end a console may have called and not been looked at yet: the thread was at another's files.
        while not self._ending or self._writers or not self._calls.empty():
            self._wait_for_work()
            started = self._tools.clock()
            self.run_pass()
            if not self._ending:
                self._pause.wait(max(0.0, started + interval - self._tools.clock()))

    def _wait_for_work(self) -> None:
        due = [at - self._tools.clock() for at in self._retries.values()]
        due += [min(at - self._tools.wall(), HELD_LIMIT) for at in self._held.values()]
        try:
            self._take(self._calls.get(timeout=max(0.0, min(due)) if due else None))
        except queue.Empty:
            return

    def _answer_calls(self) -> None:
        try:
            while True:
                self._take(self._calls.get_nowait())
        except queue.Empty:
            return

    def _take(self, console: ConsoleLog | None) -> None:
        if console is None or console.closed:
            return
        writer = self._writers.get(console)
        if writer is None:
            writer = self._writers[console] = ConsoleWriter(console, self._tools)
        if writer not in self._retries:
            self._ready[writer] = None

    def _attend(self, writer: ConsoleWriter, *, tick: bool = False) -> bool:
        """Let *writer* work; return whether it wants to go on at once."""
        self.busy_since = self._tools.clock()
        more = False
        try:
            if tick:
                writer.tick(self._tools.wall())
            else:
                more = writer.step()
        except OSError as error:
            self._note_failure(writer, error.strerror or str(error))
        except Exception:  # supervisor: a fault in one console's text must not stop the others
            log.exception("%s: the log's writer failed on an internal error", writer.console.name)
            self._alarm(writer, AlarmKind.FAULT, "the log's writer failed on an internal error")
            self._note_failure(writer, "internal error")
        else:
            if not tick and not more:
                self._note_success(writer)
        self._note_deadline(writer)
        self._limit_open_files(writer)
        if writer.console.closed:
            self._forget(writer)
        return more

    def _note_failure(self, writer: ConsoleWriter, reason: str) -> None:
        now = self._tools.clock()
        self._tools.counters.write_errors += 1
        writer.note_trouble(reason)
        self._retries[writer] = now + self._tools.settings.retry_interval
        if writer not in self._failed:
            self._failed[writer] = now
            log.error("%s: the log cannot be written: %s", writer.console.name, reason)
            text = f"the log cannot be written: {reason}; output is kept in memory"
            self._alarm(writer, AlarmKind.WRITE_FAILED, text)

    def _note_success(self, writer: ConsoleWriter) -> None:
        since = self._failed.pop(writer, None)
        if since is not None:
            seconds = self._tools.clock() - since
            log.info("%s: the log is written again after %.0f s", writer.console.name, seconds)
            self._alarm(writer, AlarmKind.HEALED, f"the log is written again after {seconds:.0f} s")

    def _note_deadline(self, writer: ConsoleWriter) -> None:
        deadline = writer.deadline
        if deadline is None:
            self._held.pop(writer, None)
        else:
            self._held[writer] = deadline

    def _limit_open_files(self, used: ConsoleWriter) -> None:
        if not used.is_open:
            self._open.pop(used, None)
            return
        self._open[used] = None
        self._open.move_to_end(used)
        while len(self._open) > self._open_allowed:
            writer, _ = self._open.popitem(last=False)
            try:
                writer.close_files()
            except OSError as error:
                self._note_failure(writer, error.strerror or str(error))

    def _forget(self, writer: ConsoleWriter) -> None:
        del self._writers[writer.console]
        for known in (self._ready, self._retries, self._failed, self._held, self._open):
            known.pop(writer, None)

    def _alarm(self, writer: ConsoleWriter, kind: AlarmKind, text: str) -> None:
        self._tools.alarms.raise_alarm(Alarm(kind, writer.console.name, text, self._tools.wall()))
