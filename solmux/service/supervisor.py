"""Starts the parts of the service, starts them again when they die, ends them with itself.

Each child holds the reading end of a pipe whose writing end only this process has: when it is gone, however
it went, the children see the end of the pipe and stop in order.
"""

import contextlib
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from solmux.service.notify import VARIABLE, NotifySocket, notify

RESTART_DELAYS: tuple[float, ...] = (
    0.2,
    1.0,
    2.0,
    5.0,
    10.0,
    30.0,
)  # seconds before a part that died is started again
STEADY = 60.0  # seconds a part has to run for its deaths to be forgotten
STOP_LIMIT = 10.0  # seconds for the orderly end of a part before it is killed

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Part:
    """One child process: core or gateway.

    Attributes:
      ready: it said so since it was last started.
      once_ready: it said so at least once: its configuration was good then.
      reload_due: a reload was asked for before it could hear of it.
    """

    name: str
    command: list[str]
    notices: NotifySocket
    process: subprocess.Popen[bytes] | None = None
    pidfd: int = -1
    started: float = 0.0
    deaths: int = 0
    start_at: float = 0.0
    ready: bool = False
    once_ready: bool = False
    reload_due: bool = False


def service_parts(config: Path, *, verbose: bool = False) -> dict[str, list[str]]:
    """Return the command lines of core and gateway, less the interpreter."""
    more = ["--verbose"] if verbose else []
    return {name: ["serve", "--part", name, "--config", str(config), *more] for name in ("core", "gateway")}


@dataclass(slots=True)
class Supervisor:
    """Runs the parts until a signal ends it.

    Attributes:
      commands: name -> arguments of `solmux`; `--life-fd` is added.
      on_ready: called once, when every part is ready.
      interpreter: what the arguments are given to.
    """

    commands: Mapping[str, list[str]]
    on_ready: Callable[[], None] = lambda: notify("READY=1")
    interpreter: tuple[str, ...] = (sys.executable, "-m", "solmux")
    parts: list[Part] = field(default_factory=list)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _stopping: bool = False
    _announced: bool = False
    _code: int = 0

    def run(self) -> int:
        """Start the parts and keep them running; return the exit code."""
        life_read, life_write = os.pipe()
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        self._selector.register(wake_read, selectors.EVENT_READ, None)
        for name, arguments in self.commands.items():
            command = [*self.interpreter, *arguments, "--life-fd", str(life_read)]
            part = Part(name, command, NotifySocket(name))
            self._selector.register(part.notices, selectors.EVENT_READ, part)
            self.parts.append(part)
        try:
            while not self._stopping:
                self._start_due(life_read)
                for key, _ in self._selector.select(self._patience()):
                    if key.data is None:
                        self._signals(os.read(wake_read, 64))
                    elif key.fileobj is key.data.notices:
                        self._heard(key.data)
                    else:
                        self._died(key.data)
        finally:
            notify("STOPPING=1")
            os.close(life_write)
            self._stop()
            signal.set_wakeup_fd(-1)
            for descriptor in (life_read, wake_read, wake_write):
                os.close(descriptor)
        return self._code

    def _start_due(self, life: int) -> None:
        now = time.monotonic()
        for part in self.parts:
            if part.process is None and part.start_at <= now:
                environment = {**os.environ, VARIABLE: part.notices.address}
                part.process = subprocess.Popen(part.command, pass_fds=(life,), env=environment)
                part.pidfd = os.pidfd_open(part.process.pid)
                part.started, part.ready, part.reload_due = now, False, False
                self._selector.register(part.pidfd, selectors.EVENT_READ, part)

    def _patience(self) -> float | None:
        due = [part.start_at for part in self.parts if part.process is None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _signals(self, numbers: bytes) -> None:
        for number in numbers:
            if number == signal.SIGHUP:
                for part in self.parts:
                    self._reload(part)
            elif number in (signal.SIGTERM, signal.SIGINT):
                self._stopping = True

    @staticmethod
    def _reload(part: Part) -> None:
        """Pass a reload on; the signal would end a part that does not listen for it yet."""
        if part.process is not None and part.ready:
            part.process.send_signal(signal.SIGHUP)
        else:
            part.reload_due = True

    def _heard(self, part: Part) -> None:
        for message in part.notices.messages():
            if "READY=1" in message:
                part.ready = part.once_ready = True
        if part.ready and part.reload_due:
            part.reload_due = False
            self._reload(part)
        if not self._announced and all(part.ready for part in self.parts):
            self._announced = True
            self.on_ready()

    def _died(self, part: Part) -> None:
        assert part.process is not None
        code = part.process.wait()
        self._forget(part)
        now = time.monotonic()
        if now - part.started >= STEADY:
            part.deaths = 0
        if code == 2 and not part.once_ready:  # a configuration error, already explained by the part itself
            log.error("%s cannot start; see above", part.name)
            self._stopping, self._code = True, 2
            return
        delay = RESTART_DELAYS[min(part.deaths, len(RESTART_DELAYS) - 1)]
        part.deaths += 1
        part.start_at = now + delay
        log.error("%s ended with code %s; starting it again in %.1f s", part.name, code, delay)

    def _forget(self, part: Part) -> None:
        self._selector.unregister(part.pidfd)
        os.close(part.pidfd)
        part.process, part.pidfd = None, -1

    def _stop(self) -> None:
        """Let every part end in order; what takes longer than `STOP_LIMIT` is killed."""
        deadline = time.monotonic() + STOP_LIMIT
        for part in self.parts:
            if part.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    part.process.terminate()
        for part in self.parts:
            if part.process is not None:
                try:
                    part.process.wait(max(0.1, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    log.error("%s does not end; it is killed", part.name)
                    part.process.kill()
                    part.process.wait()
                self._forget(part)
            self._selector.unregister(part.notices)
            part.notices.close()
