"""`solmux demo` as a newcomer runs it: prints lines that work, and Ctrl-C leaves nothing behind."""

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interop.peers import require
from tests.interop.service import eventually
from tests.interop.terminal import Terminal

pytestmark = pytest.mark.interop


def test_the_printed_lines_work_and_control_c_ends_it_cleanly(tmp_path: Path) -> None:
    require("ssh")
    output = tmp_path / "output"
    with output.open("wb") as sink:
        command = [sys.executable, "-m", "solmux", "demo", "--consoles", "2"]
        demo = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT)
    try:
        eventually(lambda: "Ctrl-C ends the demo" in output.read_text(), "the demo is up", 60)
        lines = re.findall(r"^  (ssh .*|\S*solmux ls .*)$", output.read_text(), re.MULTILINE)
        attach, ls, follow, local = (shlex.split(line) for line in lines)
        home = Path(attach[2]).parent
        listing = subprocess.run(
            ls, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=True
        )
        assert re.search(r"^server01 +up ", listing.stdout, re.MULTILINE)
        assert subprocess.run(local, capture_output=True, text=True, timeout=20, check=True).stdout
        with Terminal(attach) as person, Terminal(follow) as reader:
            person.expect(r"\[solmux: server01 attached read-write")
            person.expect("Linux version", 90)
            reader.expect(r"Z \[    0\.000000\] Linux version", 30)
            person.type("\x05c.")
            assert person.wait() == 0
    finally:
        demo.send_signal(signal.SIGINT)
        code = demo.wait(20)
    assert code == 0
    assert not home.exists()
    assert "Traceback" not in output.read_text()
