"""OpenSSH's `ssh` and PuTTY's `plink` as clients, on real pseudo-terminals, against a simulated rack."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from solmux.service.notify import VARIABLE, NotifySocket
from tests.interop.ipmi_simulator import PASSWORD, free_udp_port
from tests.interop.peers import require
from tests.interop.service import Service, eventually
from tests.interop.terminal import Terminal

pytestmark = pytest.mark.interop

NAME = "server42"
PROMPT = rb"root@server42:~# "
ATTACHED = rb"\[solmux: server42 attached read-write, \^Ec\? for help\]"
ESCAPE = "\x05c"


class Rack:
    """`solmux sim` as a process."""

    def __init__(self, directory: Path, *more: str) -> None:
        self.port = free_udp_port()
        secret = directory / "sim.password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        notices = NotifySocket(f"rack-{self.port}")
        command = [sys.executable, "-m", "solmux", "sim", "--names", NAME, "--port", str(self.port), *more]
        command += ["--password-file", str(secret)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={VARIABLE: notices.address})
        eventually(lambda: "READY=1" in notices.messages(), "the rack is ready")
        notices.close()

    def stop(self) -> None:
        """End it in order."""
        self.process.terminate()
        assert self.process.wait(10) == 0


@pytest.fixture(scope="module")
def rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rack]:
    running = Rack(tmp_path_factory.mktemp("rack"), "--booted", "--rate", "200000")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, rack: Rack) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("mux")
    with Service(home, {NAME: [f'address = "127.0.0.1:{rack.port}"', 'aliases = ["db"]']}) as running:
        running.await_state(NAME, "up")
        yield running


def log_in(terminal: Terminal) -> None:
    """Get from whatever the server shows to a shell prompt."""
    terminal.type("\r")
    found = terminal.expect(rb"login: |" + PROMPT)
    if found[0] == b"login: ":
        terminal.type("root\r")
        terminal.expect("Password: ")
        terminal.type("anything\r")
        terminal.expect(PROMPT)


def attach(service: Service, *words: str, login: str = "console") -> Terminal:
    """Attach with a terminal, as `ssh -t console@mux server42`."""
    terminal = Terminal(service.ssh_command(*words, login=login, terminal=True))
    terminal.expect(ATTACHED)
    return terminal


def test_attach_type_see_the_echo_and_detach(service: Service) -> None:
    with attach(service, NAME) as terminal:
        log_in(terminal)
        terminal.type("uname -s\r")
        terminal.expect("Linux\r\n")
        terminal.type(f"{ESCAPE}?")
        terminal.expect("disconnect")
        terminal.expect(PROMPT)  # written again after the help, since it is still what the console waits at
        terminal.type(f"{ESCAPE}.")
        terminal.expect(rb"server42 detached")
        assert terminal.wait() == 0


def test_the_login_name_selects_the_console(service: Service) -> None:
    for login in (NAME, "db", f"alice+{NAME}", f"alice:{NAME}"):
        with attach(service, login=login) as terminal:
            terminal.type(f"{ESCAPE}.")
            assert terminal.wait() == 0


def test_the_second_person_watches_and_is_told_who_types(service: Service) -> None:
    with attach(service, NAME) as first:
        log_in(first)
        with Terminal(service.ssh_command(NAME, terminal=True)) as second:
            second.expect(rb"\[solmux: server42 attached watching, alice@127\.0\.0\.1 types")
            first.type("echo for-both\r")
            second.expect("for-both")
            second.type("x")
            first.type(f"{ESCAPE}.")
            first.wait()
            second.type(f"{ESCAPE}a")
            second.expect(rb"\[attached\]")
            second.type("echo now-me\r")
            second.expect("now-me")
            second.type(f"{ESCAPE}.")
            assert second.wait() == 0


def test_break_reaches_the_kernel(service: Service) -> None:
    with attach(service, NAME) as terminal:
        log_in(terminal)
        terminal.type("\r")
        terminal.expect(PROMPT)
        terminal.type("~B")
        terminal.type("h")
        terminal.expect("sysrq: HELP|SysRq : HELP")
        terminal.type(f"\r{ESCAPE}.")
        assert terminal.wait() == 0


def test_a_window_change_repaints_and_goes_on(service: Service) -> None:
    with attach(service, NAME) as terminal:
        log_in(terminal)
        terminal.resize(132, 50)
        terminal.type("echo after-the-resize\r")
        terminal.expect("after-the-resize")
        terminal.type(f"{ESCAPE}.")
        assert terminal.wait() == 0


def test_a_killed_client_leaves_the_console_free(service: Service) -> None:
    terminal = attach(service, NAME)
    terminal.kill(signal.SIGKILL)
    eventually(lambda: b"alice" not in service.solmux("who").stdout, "the killed client is gone")
    with attach(service, NAME) as second:
        second.type(f"{ESCAPE}.")
        assert second.wait() == 0


def test_without_a_terminal_it_watches_and_never_types(service: Service) -> None:
    process = subprocess.Popen(
        service.ssh_command(NAME), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"typed-by-the-pipe\n")
    process.stdin.flush()
    with attach(service, NAME) as terminal:
        log_in(terminal)
        terminal.type("echo seen-by-the-pipe\r")
        terminal.expect("seen-by-the-pipe")
        got = b""
        deadline = time.monotonic() + 20
        while b"seen-by-the-pipe\r\n" not in got:
            assert time.monotonic() < deadline
            got += os.read(process.stdout.fileno(), 4096)
        terminal.type(f"{ESCAPE}.")
        terminal.wait()
    process.terminate()
    _, errors = process.communicate(timeout=10)
    assert b"typed-by-the-pipe" not in got
    assert b"ssh -t" in errors


def test_standard_input_at_its_end_does_not_cost_the_answer(service: Service) -> None:
    result = service.ssh("ls")
    assert result.returncode == 0
    assert re.search(rb"^server42 +up ", result.stdout, re.MULTILINE)


def test_exit_codes_and_error_lines(service: Service) -> None:
    unknown = service.ssh("status", "server24")
    assert (unknown.returncode, unknown.stdout) == (3, b"")
    assert unknown.stderr == b"solmux: no such console: server24 (did you mean server42?)\n"
    assert service.ssh(login="server24").returncode == 3
    assert service.ssh("ls", "--nonsense").returncode == 2
    assert service.ssh("power", NAME, "off").returncode == 2
    assert service.ssh("help").returncode == 0
    assert b"attach" in service.ssh("help").stdout


def test_log_over_ssh(service: Service) -> None:
    result = service.ssh("log", NAME, "-n", "5")
    lines = result.stdout.decode().splitlines()
    assert result.returncode == 0
    assert len(lines) == 5
    assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z |\[-- ", line) for line in lines)
    assert service.ssh(NAME, "log", "-n", "5").stdout.splitlines()[0]
    follower = Terminal(service.ssh_command("log", NAME, "-n", "1", "-f"))
    with follower, attach(service, NAME) as terminal:
        log_in(terminal)
        terminal.type("echo into-the-log\r")
        follower.expect(rb"Z into-the-log\r?\n|Z .*echo into-the-log")
        terminal.type(f"{ESCAPE}.")
        terminal.wait()


def test_forwarding_and_shells_are_refused(service: Service) -> None:
    command = service.ssh_command()
    assert service.ssh("bash", "-c", "id").returncode in (2, 3)
    remote = [*command[:1], "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1", *command[1:], "ls"]
    result = subprocess.run(remote, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False)
    assert result.returncode == 255
    assert b"forwarding failed" in result.stderr


def attach_locally(service: Service) -> Terminal:
    """Attach on the machine itself."""
    terminal = Terminal([sys.executable, "-m", "solmux", "attach", "-c", str(service.config), NAME])
    terminal.expect(ATTACHED)
    return terminal


def test_attach_on_the_machine_itself(service: Service) -> None:
    with attach_locally(service) as terminal:
        log_in(terminal)
        terminal.type("echo locally\r")
        terminal.expect("locally")
        terminal.type(f"{ESCAPE}.")
        terminal.expect(rb"server42 detached")
        assert terminal.wait() == 0


def test_attach_on_the_machine_itself_while_the_gateway_is_dead(service: Service) -> None:
    with attach_locally(service) as terminal:
        log_in(terminal)
        gateway = service.part("gateway")
        os.kill(gateway, signal.SIGSTOP)  # a dead one is started again at once; this one does nothing at all
        try:
            terminal.type("echo without-it\r")
            terminal.expect("without-it")
            with attach_locally_watching(service) as second:
                second.type(f"{ESCAPE}.")
                assert second.wait() == 0
        finally:
            os.kill(gateway, signal.SIGCONT)
        terminal.type(f"{ESCAPE}.")
        assert terminal.wait() == 0


def attach_locally_watching(service: Service) -> Terminal:
    """Attach a second person on the machine itself."""
    terminal = Terminal([sys.executable, "-m", "solmux", "attach", "-c", str(service.config), "-r", NAME])
    terminal.expect(rb"\[solmux: server42 attached watching, ")
    return terminal


def test_plink_attaches_types_and_leaves(service: Service, tmp_path: Path) -> None:
    plink, puttygen = require("plink"), require("puttygen")
    key = tmp_path / "key.ppk"
    subprocess.run([puttygen, str(service.key), "-O", "private", "-o", str(key)], check=True)
    found = subprocess.run(
        [require("ssh-keygen"), "-l", "-f", str(service.directory / "known_hosts")],
        capture_output=True,
        text=True,
        check=True,
    )
    fingerprint = found.stdout.split()[1]
    command = [
        plink,
        "-ssh",
        "-batch",
        "-P",
        str(service.port),
        "-i",
        str(key),
        "-hostkey",
        fingerprint,
        "-t",
    ]
    with Terminal([*command, "console@127.0.0.1", NAME]) as terminal:
        terminal.expect(ATTACHED)
        log_in(terminal)
        terminal.type("echo from-putty\r")
        terminal.expect("from-putty")
        terminal.type(f"{ESCAPE}.")
        assert terminal.wait() == 0


def test_the_screen_is_there_after_gateway_and_core_restarts(service: Service) -> None:
    with attach(service, NAME) as terminal:
        log_in(terminal)
        terminal.type("clear\recho a-line-to-keep\r")
        terminal.expect("a-line-to-keep")
        terminal.type(f"{ESCAPE}.")
        terminal.wait()
    for part in ("gateway", "core"):
        before = service.part(part)
        service.kill_part(part)

        def restarted(part: str = part, before: int = before) -> bool:
            try:
                return service.part(part) != before and service.ssh("ls").returncode == 0
            except AssertionError:
                return False

        eventually(restarted, f"{part} is back")
        service.await_state(NAME, "up")
        with Terminal(service.ssh_command(NAME, terminal=True)) as terminal:
            terminal.expect("a-line-to-keep")
            terminal.expect(ATTACHED)
            terminal.type(f"{ESCAPE}.")
            terminal.wait()
