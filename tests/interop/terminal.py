"""A program on a real pseudo-terminal, typed at and read like a person would."""

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self


class Terminal:
    """Runs *command* with a pseudo-terminal as its controlling terminal.

    Attributes:
      output: everything the program has written so far.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.output = b""
        self._seen = 0
        self._master, slave = os.openpty()
        self.resize(columns, rows, slave)
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - the child only sets its terminal
            env={**os.environ, "TERM": "xterm-256color", **(environment or {})},
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def type(self, text: bytes | str) -> None:
        """Type *text*."""
        data = text.encode() if isinstance(text, str) else text
        while data:
            data = data[os.write(self._master, data) :]

    def resize(self, columns: int, rows: int, descriptor: int | None = None) -> None:
        """Change the size of the window, as a person with a mouse does."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._master if descriptor is None else descriptor, termios.TIOCSWINSZ, size)

    def expect(self, pattern: bytes | str, within: float = 20.0) -> re.Match[bytes]:
        """Read until *pattern* comes after what was matched before; fails after *within* seconds."""
        expression = re.compile(pattern.encode() if isinstance(pattern, str) else pattern, re.DOTALL)
        deadline = time.monotonic() + within
        while True:
            found = expression.search(self.output, self._seen)
            if found:
                self._seen = found.end()
                return found
            if not self._read(deadline):
                raise AssertionError(f"{pattern!r} did not come; got {self.output[self._seen :]!r}")

    def drain(self) -> bytes:
        """Read what is there now, without waiting, and return everything so far."""
        while self._read(time.monotonic()):
            pass
        return self.output

    def wait(self, within: float = 20.0) -> int:
        """Wait for the program's end, reading along; return its exit code."""
        deadline = time.monotonic() + within
        while self._read(deadline):
            pass
        return self.process.wait(max(0.1, deadline - time.monotonic()))

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End the program; a second call does nothing."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)
            self.process.wait(20)
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def _read(self, deadline: float) -> bool:
        """Read once; False at the end of the program's output or at *deadline*."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux says EIO when the last holder of the other end is gone
            return False
        self.output += data
        return bool(data)
