"""Run by test_supervisor in a process of its own: a supervisor over throw-away parts.

Arguments: a journal file, then NAME=MODE for each part. With short delays, since nobody here is real.
"""

import os
import signal
import sys
import time
from pathlib import Path

from solmux.service import supervisor
from solmux.service.notify import notify

LIFE = "--life-fd"


def main(arguments: list[str]) -> int:
    """Supervise, or be a part when a supervisor asks for one."""
    if LIFE in arguments:
        journal, name, mode, *_ = arguments
        return part(journal, name, mode, life=int(arguments[-1]))
    journal, *parts = arguments
    supervisor.RESTART_DELAYS = (0.05, 0.2, 0.5)
    supervisor.STOP_LIMIT = 1.0
    commands = {name: [journal, name, mode] for name, mode in (word.split("=") for word in parts)}
    return supervisor.Supervisor(commands, interpreter=(sys.executable, "-m", __spec__.name)).run()


def part(journal: str, name: str, mode: str, life: int) -> int:
    """Write down what happens and do as *mode* says; "serve" is what a part should do."""

    def note(word: str) -> None:
        with Path(journal).open("a") as lines:
            lines.write(f"{name} {word} {os.getpid()} {time.monotonic()}\n")

    def end(*_: object) -> None:
        note("terminated")
        raise SystemExit(0)

    again = f"{name} ready" in Path(journal).read_text()
    note("started")
    if mode == "die":
        return 1
    if mode == "refuse" or (mode == "refuse-later" and again):
        return 2
    if mode == "late":  # deaf until the test writes a word
        with Path(f"{journal}.{name}").open() as fifo:
            fifo.read()
    signal.signal(signal.SIGHUP, lambda *_: note("reloaded"))
    signal.signal(signal.SIGTERM, end)
    note("ready")
    notify("READY=1")
    os.read(life, 1)
    note("orphaned")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
