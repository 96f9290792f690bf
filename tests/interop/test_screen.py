"""The screen on attach, however late: drawn by tmux from what a real `ssh` delivers."""

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.ipmi_simulator import IpmiSimulator
from tests.interop.peers import require
from tests.interop.service import Service, eventually

pytestmark = pytest.mark.interop

NAME = "server42"
UPDATES = 6000
FRAME = [
    "+----------------------- Aptio-like Setup Utility ------------------------+",
    "| Main   Advanced   Security   Boot   Save & Exit                         |",
    *(
        f"| row {row:02d}   Setting number {row * 7:3d} of this page   [Enabled]              |"
        for row in range(3, 22)
    ),
    "+-------------------------------------------------------------------------+",
]


class Tmux:
    """A tmux server of its own with one window of 80x24 that runs *command*."""

    def __init__(self, directory: Path, command: list[str]) -> None:
        self._tmux = [require("tmux"), "-S", str(directory / "tmux.sock"), "-f", "/dev/null"]
        subprocess.run(
            [*self._tmux, "new-session", "-d", "-x", "80", "-y", "25", shlex.join(command)], check=True
        )
        subprocess.run([*self._tmux, "set", "-g", "status", "off"], check=True)
        subprocess.run([*self._tmux, "resize-window", "-x", "80", "-y", "24"], check=True)

    def rows(self) -> list[str]:
        """Return what a person sees."""
        found = subprocess.run(
            [*self._tmux, "capture-pane", "-p"], capture_output=True, text=True, check=True
        )
        return [row.rstrip() for row in found.stdout.splitlines()]

    def type(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        subprocess.run([*self._tmux, "send-keys", *keys], check=True)

    def close(self) -> None:
        """End the server and what runs in it."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def bmc(tmp_path: Path) -> Iterator[IpmiSimulator]:
    with IpmiSimulator(tmp_path / "bmc") as running:
        yield running


@pytest.fixture
def service(tmp_path: Path, bmc: IpmiSimulator) -> Iterator[Service]:
    with Service(tmp_path / "mux", {NAME: [f'address = "{bmc.address}"']}) as running:
        running.await_state(NAME, "up")
        yield running


def clock(update: int) -> str:
    """The time that firmware shows after so many seconds."""
    return f"{update // 3600:02d}:{update // 60 % 60:02d}:{update % 60:02d}"


def setup_screen() -> bytes:
    """A firmware's setup page, then its clock ticking until the ring holds nothing else."""
    page = b"\x1b[2J\x1b[1;1H" + b"".join(
        b"\x1b[%d;1H%s" % (y, row.encode()) for y, row in enumerate(FRAME, 1)
    )
    ticks = b"".join(b"\x1b[2;66H%s" % clock(update).encode() for update in range(UPDATES))
    return page + ticks


def expected_rows() -> list[str]:
    """What a terminal shows that has seen it all."""
    rows = list(FRAME)
    rows[1] = rows[1][:65] + clock(UPDATES - 1) + rows[1][73:]
    return rows


def assert_attached_screen(tmp_path: Path, service: Service) -> None:
    """Attach in a fresh terminal and compare the whole page."""
    tmux = Tmux(tmp_path, service.ssh_command(NAME, terminal=True))
    try:
        expected = [row.rstrip() for row in expected_rows()]
        # The status line is a bar in the last row for a moment; the page is above it.
        eventually(lambda: tmux.rows()[: len(expected)] == expected, f"the page is there: {tmux.rows()}")
        tmux.type("C-e", "c", ".")
    finally:
        tmux.close()


def test_a_firmware_page_is_whole_however_late_and_after_restarts(
    tmp_path: Path, bmc: IpmiSimulator, service: Service
) -> None:
    stream = setup_screen()
    assert len(stream) > 64 << 10, "the ring alone must not hold the page"
    bmc.serial.sendall(stream)
    eventually(lambda: len(service.record(NAME)) == len(stream), "all of it is logged", 60)
    assert_attached_screen(tmp_path, service)
    for part in ("gateway", "core"):
        before = service.part(part)
        service.kill_part(part)

        def back(part: str = part, before: int = before) -> bool:
            try:
                return service.part(part) != before and service.ssh("ls").returncode == 0
            except AssertionError:
                return False

        eventually(back, f"{part} is back")
        service.await_state(NAME, "up")
        assert_attached_screen(tmp_path, service)
