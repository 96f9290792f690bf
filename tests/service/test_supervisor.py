"""The supervisor over parts that die, refuse and are late; each test starts real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from solmux.service.notify import VARIABLE, NotifySocket

LIMIT = 20.0  # seconds; only a failing test waits that long


def eventually(condition: Callable[[], object], what: Callable[[], str]) -> None:
    """Wait until *condition* holds."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.005)


@dataclass
class Supervised:
    """A supervisor in a process of its own, and what its parts wrote down."""

    journal: Path
    process: subprocess.Popen[bytes]
    notices: NotifySocket

    def notes(self, name: str, word: str) -> list[tuple[int, float]]:
        """Process id and time of each note of a part."""
        lines = [line.split() for line in self.journal.read_text().splitlines()]
        return [(int(pid), float(at)) for part, noted, pid, at in lines if (part, noted) == (name, word)]

    def until(self, name: str, word: str, count: int = 1) -> int:
        """Wait for the *count*th such note; return the process id of the last."""
        eventually(lambda: len(self.notes(name, word)) >= count, self.journal.read_text)
        return self.notes(name, word)[-1][0]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT)


@contextmanager
def supervised(home: Path, **modes: str) -> Iterator[Supervised]:
    """Start a supervisor with a part for each mode."""
    journal = home / "journal"
    journal.touch()
    notices = NotifySocket(f"test-{home.name}")
    arguments = [str(journal), *(f"{name}={mode}" for name, mode in modes.items())]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.service.supervised", *arguments],
        env={**os.environ, VARIABLE: notices.address},
        stderr=subprocess.PIPE,
    )
    try:
        yield Supervised(journal, process, notices)
    finally:
        process.kill()
        process.communicate()
        notices.close()


def is_gone(pid: int) -> bool:
    """Whether no process has this id, or only a dead one that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_part_that_dies_is_started_again_after_growing_delays(tmp_path: Path) -> None:
    with supervised(tmp_path, steady="serve", weak="die") as service:
        service.until("weak", "started", 5)
        times = [at for _, at in service.notes("weak", "started")]
        for delay, (before, after) in zip((0.05, 0.2, 0.5, 0.5), pairwise(times), strict=True):
            assert after - before >= delay
        assert len(service.notes("steady", "started")) == 1
        assert service.notices.messages() == []  # one part was never ready, so the service is not
        assert service.end() == 0


def test_it_says_that_it_is_ready_once_when_all_parts_are(tmp_path: Path) -> None:
    with supervised(tmp_path, core="serve", gateway="serve") as service:
        heard: list[str] = []

        def ready() -> bool:
            heard.extend(service.notices.messages())
            return "READY=1" in heard

        eventually(ready, lambda: "READY=1 never came")
        os.kill(service.until("gateway", "ready"), signal.SIGKILL)
        service.until("gateway", "ready", 2)
        assert service.end() == 0
        assert [*heard, *service.notices.messages()] == ["READY=1", "STOPPING=1"]


def test_a_part_that_cannot_be_configured_ends_the_whole_with_its_code(tmp_path: Path) -> None:
    with supervised(tmp_path, core="serve", gateway="refuse") as service:
        assert service.process.wait(LIMIT) == 2
        assert len(service.notes("gateway", "started")) == 1
        assert all(is_gone(pid) for pid, _ in service.notes("core", "started"))


def test_a_part_whose_configuration_went_bad_while_it_ran_does_not_end_the_others(tmp_path: Path) -> None:
    with supervised(tmp_path, core="serve", gateway="refuse-later") as service:
        service.until("core", "ready")
        os.kill(service.until("gateway", "ready"), signal.SIGKILL)
        service.until("gateway", "started", 4)
        assert service.notes("core", "terminated") == []
        assert service.end() == 0


def test_a_signal_ends_all_parts_in_order(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        home = tmp_path / number.name
        home.mkdir()
        with supervised(home, core="serve", gateway="serve") as service:
            parts = [service.until("core", "ready"), service.until("gateway", "ready")]
            assert service.end(number) == 0
            assert all(is_gone(pid) for pid in parts)
            ends = service.notes("core", "terminated") + service.notes("core", "orphaned")
            assert {pid for pid, _ in ends} == {parts[0]}  # the pipe may be seen before the signal


def test_a_part_that_does_not_end_is_killed(tmp_path: Path) -> None:
    with supervised(tmp_path, core="serve", gateway="serve") as service:
        service.until("core", "ready")
        pid = service.until("gateway", "ready")
        os.kill(pid, signal.SIGSTOP)
        assert service.end() == 0
        assert is_gone(pid)
        assert service.process.stderr is not None
        assert b"gateway does not end; it is killed" in service.process.stderr.read()


def test_a_reload_reaches_every_part_and_ends_none_that_cannot_hear_yet(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "journal.gateway")
    with supervised(tmp_path, core="serve", gateway="late") as service:
        service.until("core", "ready")
        service.until("gateway", "started")
        service.process.send_signal(signal.SIGHUP)
        service.until("core", "reloaded")
        assert service.notes("gateway", "reloaded") == []
        (tmp_path / "journal.gateway").write_text("go on")
        service.until("gateway", "reloaded")  # as soon as it can
        service.process.send_signal(signal.SIGHUP)
        service.until("gateway", "reloaded", 2)
        service.until("core", "reloaded", 2)
        assert len(service.notes("gateway", "started")) == 1
        assert service.end() == 0


def test_parts_end_by_themselves_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with supervised(tmp_path, core="serve", gateway="serve") as service:
        parts = [service.until("core", "ready"), service.until("gateway", "ready")]
        assert service.end(signal.SIGKILL) == -signal.SIGKILL
        assert [service.until("core", "orphaned"), service.until("gateway", "orphaned")] == parts
        eventually(lambda: all(is_gone(pid) for pid in parts), lambda: f"{parts} live on")
