"""Repaints shown by a terminal that nobody here wrote: tmux, in a pane of its own server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from solmux.screen.emulator import Emulator
from tests.interop.peers import require
from tests.screen.corpus import recording

pytestmark = pytest.mark.interop

# Writes each file to the terminal, asks its status so that all of it is digested, and waits to be told on.
SHOW = """
import os, subprocess, sys, tty
tty.setraw(0)
tmux, names = sys.argv[1:4], sys.argv[4:]
for name in names:
    with open(name, "rb") as file:
        os.write(1, b"\\x1bc" + file.read() + b"\\x1b[5n")
    answer = b""
    while not answer.endswith(b"0n"):
        answer += os.read(0, 100)
    subprocess.run([*tmux, "wait-for", "-S", "shown"], check=True)
    subprocess.run([*tmux, "wait-for", "next"], check=True)
"""


class Pane:
    """A pane of 80x24 that shows one file after the other."""

    def __init__(self, directory: Path, files: list[Path]) -> None:
        configuration = directory / "tmux.conf"
        configuration.write_text("set -g status off\nset -g default-terminal screen-256color\n")
        script = directory / "show.py"
        script.write_text(SHOW)
        self._tmux = [require("tmux"), "-S", str(directory / "socket")]
        pane = [sys.executable, str(script), *self._tmux, *map(str, files)]
        self._run("-u", "-f", str(configuration), "new-session", "-d", "-x", "80", "-y", "24", *pane)

    def _run(self, *arguments: str) -> str:
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        command = [*self._tmux, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=30, check=True)
        return done.stdout.decode()

    def screens(self, count: int) -> Iterator[tuple[list[str], str]]:
        """Yield rows and cursor (column, row, alternate screen, cursor shown, margins) of each file."""
        for _ in range(count):
            self._run("wait-for", "shown")
            rows = [row.rstrip(" ") for row in self._run("capture-pane", "-p").split("\n")[:24]]
            places = "#{cursor_x} #{cursor_y} #{alternate_on} #{cursor_flag}"
            places += " #{scroll_region_upper} #{scroll_region_lower}"
            yield rows, self._run("display-message", "-p", places).strip()
            self._run("wait-for", "-S", "next")

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, timeout=30, check=False)


def test_tmux_shows_of_a_repaint_what_the_emulator_shows(tmp_path: Path) -> None:
    emulators = []
    for name in (
        "vim-linux",
        "htop-vt220",
        "dialog-xterm",
        "top-xterm",
        "tput-xterm",
        "panic-no-root",
        "less-xterm",
    ):
        recorded = recording(name)
        emulator = Emulator()
        emulator.feed(recorded.data[: recorded.screens[len(recorded.screens) // 2].offset])
        emulators.append(emulator)
    last = Emulator()
    last.feed(b"\x1b[3;20r\x1b[?6h\x1b[?25l\x1b[5;1H" + b"x" * 80)
    emulators.append(last)
    files = []
    for number, emulator in enumerate(emulators):
        files.append(tmp_path / f"screen{number}")
        files[-1].write_bytes(emulator.repaint())
    pane = Pane(tmp_path, files)
    try:
        for emulator, (rows, place) in zip(emulators, pane.screens(len(files)), strict=True):
            assert rows == emulator.text()
            column, row, visible, pending = emulator.cursor
            top, bottom = emulator.margins
            assert place == f"{column + pending} {row} {emulator.alternate:d} {visible:d} {top} {bottom}"
    finally:
        pane.close()
