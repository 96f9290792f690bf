"""`solmux log`: read from files, with no service anywhere."""

import os
import pty
import signal
import subprocess
from pathlib import Path

from tests.cli.home import STAMP, Home


def test_a_log_is_printed_whole_or_from_its_last_lines(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_log("server42", "one", "two", "three")
    for name in ("server42", "db"):
        assert home.run("log", name).stdout == f"{STAMP} one\n{STAMP} two\n{STAMP} three\n"
    assert home.run("log", "-n", "2", "db").stdout == f"{STAMP} two\n{STAMP} three\n"
    assert home.run("log", "-n", "0", "db").stdout == ""
    assert home.run("log", "-n", "-1", "db").returncode == 2


def test_an_unknown_console_is_refused_with_what_may_have_been_meant(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_log("server41", "one")
    for name in ("sever41", "../log/server41", "server4", ""):
        done = home.run("log", name)
        assert (done.returncode, done.stdout) == (3, ""), name
        assert done.stderr.startswith("solmux: ")
    assert "did you mean server41" in home.run("log", "sever41").stderr
    done = home.run("log", "server4*")
    assert done.returncode == 2
    assert "names 2 consoles, and one is wanted" in done.stderr


def test_a_console_that_was_removed_from_the_configuration_can_still_be_read(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_log("retired7", "last words")
    done = home.run("log", "retired7")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{STAMP} last words\n", "")


def test_a_console_without_a_log_is_told_apart_from_one_that_printed_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    done = home.run("log", "quiet")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "solmux: quiet keeps no log (log = false)\n"
    done = home.run("log", "server41")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_log("server41", *["a line that is printed again and again"] * 20_000)
    command = home.command("log", "server41")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(STAMP.encode())
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 0


def test_a_terminal_gets_the_end_of_a_line_that_is_still_open(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_log("server41", "one")
    with (tmp_path / "log/server41/console.log").open("a") as log:
        log.write(f"{STAMP} login: ")
    assert home.run("log", "server41").stdout.endswith("login: ")
    ours, theirs = pty.openpty()
    try:
        subprocess.run(home.command("log", "-n", "1", "server41"), stdout=theirs, check=True, timeout=20)
        assert os.read(ours, 4096) == f"{STAMP} login: \r\n".encode()
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_log_is_followed_until_the_interrupt_also_from_before_its_first_line(tmp_path: Path) -> None:
    home = Home(tmp_path)
    command = home.command("log", "-f", "server41")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        home.write_log("server41", "one")
        assert process.stdout.readline() == f"{STAMP} one\n".encode()
        with (tmp_path / "log/server41/console.log").open("a") as log:
            log.write(f"{STAMP} two\n")
        assert process.stdout.readline() == f"{STAMP} two\n".encode()
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == b""
