"""The whole service as a user starts it: `solmux serve` as its own process, reached by a real `ssh`."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from solmux.service.notify import VARIABLE, NotifySocket
from tests.interop.ipmi_simulator import PASSWORD, USERNAME
from tests.interop.peers import require


def free_tcp_port() -> int:
    """Return a TCP port of the loopback address that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def eventually(condition: Callable[[], bool], what: str, within: float = 20.0) -> None:
    """Wait until *condition* holds; fails with *what* after *within* seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"did not come true within {within} s: {what}"
        time.sleep(0.02)


def ttyrec_payload(data: bytes) -> bytes:
    """Return the concatenated payloads of a ttyrec file, less a last record that is being written."""
    payload = bytearray()
    at = 0
    while at + 12 <= len(data):
        _, _, length = struct.unpack_from("<III", data, at)
        if at + 12 + length > len(data):
            break
        payload += data[at + 12 : at + 12 + length]
        at += 12 + length
    return bytes(payload)


class Service:
    """`solmux serve` in a directory of its own.

    Attributes:
      consoles: name -> TOML lines of `[consoles.NAME]` (`address = …` at least).
      port: of SSH on 127.0.0.1.
    """

    def __init__(
        self, directory: Path, consoles: dict[str, list[str]], *, log: list[str] | None = None
    ) -> None:
        self.directory = directory
        self.port = free_tcp_port()
        self.consoles = consoles
        self._log = log or []
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self.key = directory / "id_ed25519"
        keygen = require("ssh-keygen")
        subprocess.run(
            [keygen, "-q", "-t", "ed25519", "-N", "", "-C", "alice", "-f", str(self.key)], check=True
        )
        (directory / "authorized_keys").write_text((directory / "id_ed25519.pub").read_text())
        secret = directory / "bmc.password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        self.configure()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def config(self) -> Path:
        """Return the configuration file."""
        return self.directory / "solmux.toml"

    def configure(self) -> None:
        """Write the configuration from `consoles`."""
        lines = [
            "[server]",
            f'runtime_directory = "{self.directory}/run"',
            f'state_directory = "{self.directory}/state"',
            "[ssh]",
            f'listen = ["127.0.0.1:{self.port}"]',
            'authorized_keys = "authorized_keys"',
            "[log]",
            f'directory = "{self.directory}/log"',
            *self._log,
            "[bmc]",
            f'username = "{USERNAME}"',
            'password_file = "bmc.password"',
        ]
        for name, more in self.consoles.items():
            lines += [f"[consoles.{name}]", *more]
        self.config.write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        """Start the service and wait until core and gateway say that they are ready."""
        notices = NotifySocket(f"test-{self.port}")
        environment = {**os.environ, VARIABLE: notices.address}
        command = [sys.executable, "-m", "solmux", "serve", "-c", str(self.config)]
        with (self.directory / "serve.log").open("ab") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
            )
        process = self._process

        def ready() -> bool:
            assert process.poll() is None, f"serve ended: {self.messages()}"
            return any("READY=1" in message for message in notices.messages())

        try:
            eventually(ready, "core and gateway are ready")
        finally:
            notices.close()

    def stop(self) -> None:
        """End the service in order."""
        if self._process is not None:
            self._process.terminate()
            assert self._process.wait(20) == 0, self.messages()
            self._process = None

    def hang_up(self) -> None:
        """Ask for a reload."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def messages(self) -> str:
        """Return what the service has said on standard error."""
        return (self.directory / "serve.log").read_text()

    def part(self, name: str) -> int:
        """Return the process id of a part: "core" or "gateway"."""
        assert self._process is not None
        for child in _children(self._process.pid):
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                if b"--part" in words and words[words.index(b"--part") + 1] == name.encode():
                    return child
        raise AssertionError(f"no {name} among the children")

    def kill_part(self, name: str) -> None:
        """Kill a part with SIGKILL."""
        os.kill(self.part(name), signal.SIGKILL)

    def ssh_command(self, *words: str, login: str = "console", terminal: bool = False) -> list[str]:
        """Return the command line of an OpenSSH client for this service."""
        options = ["BatchMode=yes", "StrictHostKeyChecking=accept-new", "LogLevel=ERROR"]
        options += [f"UserKnownHostsFile={self.directory}/known_hosts", "IdentitiesOnly=yes"]
        command = [require("ssh"), "-F", "none", "-p", str(self.port), "-i", str(self.key)]
        for option in options:
            command += ["-o", option]
        if terminal:
            command.append("-tt")
        return [*command, f"{login}@127.0.0.1", *words]

    def ssh(
        self, *words: str, login: str = "console", within: float = 30.0
    ) -> subprocess.CompletedProcess[bytes]:
        """Run an OpenSSH client without a terminal and without input."""
        return subprocess.run(
            self.ssh_command(*words, login=login),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=within,
            check=False,
        )

    def solmux(self, *words: str, within: float = 30.0) -> subprocess.CompletedProcess[bytes]:
        """Run the command line tool against this service."""
        return subprocess.run(
            [sys.executable, "-m", "solmux", words[0], "-c", str(self.config), *words[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=within,
            check=False,
        )

    def record(self, console: str) -> bytes:
        """Return the byte-exact record of a console: closed segments, then the open one."""
        home = self.directory / "log" / console
        closed = sorted((home / "archive").glob("*.ttyrec*")) if (home / "archive").is_dir() else []
        current = home / "console.ttyrec"
        return b"".join(ttyrec_payload(path.read_bytes()) for path in [*closed, current] if path.exists())

    def text(self, console: str) -> str:
        """Return what people read of a console."""
        path = self.directory / "log" / console / "console.log"
        return path.read_text() if path.exists() else ""

    def await_state(self, console: str, state: str, within: float = 30.0) -> None:
        """Wait until `ls` shows *console* in *state*."""

        def shown() -> bool:
            return f'"state":"{state}"' in self._row(console).replace(" ", "")

        eventually(shown, f"{console} is {state}; last: {self._row(console)}", within)

    def _row(self, console: str) -> str:
        return self.solmux("ls", "--json", console).stdout.decode()


def _children(parent: int) -> Iterator[int]:
    for path in Path(f"/proc/{parent}/task").glob("*/children"):
        yield from (int(word) for word in path.read_text().split())
