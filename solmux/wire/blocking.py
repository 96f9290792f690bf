"""A blocking client of the core for programs that do one thing and exit: the command line."""

import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from solmux.wire.codec import FrameDecoder, WireError, encode
from solmux.wire.frames import VERSION, Answer, Done, Frame, Hello, Verb

_READ_SIZE = 65536
CONNECT_TIMEOUT = 5.0  # seconds until the core has said hello


class CoreUnavailableError(Exception):
    """There is no talking to the core; the text says why, for people."""


class CoreClient:
    """One connection to the core.

    Attributes:
      hello: what the core said first: its epoch, consoles and aliases.
      skipped: frames that came while `ask` waited for others, oldest first.
    """

    def __init__(self, path: Path, *, role: str = "cli", person: str = "") -> None:
        """Connect to the socket at *path* and exchange `Hello`; raises `CoreUnavailableError`."""
        self._path = path
        self._decoder = FrameDecoder()
        self._frames: deque[Frame] = deque()
        self.skipped: list[Frame] = []
        self._requests = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(CONNECT_TIMEOUT)
            self._socket.connect(str(path))
            self.hello = self._receive_hello()
            self.send(Hello(version=VERSION, role=role, person=person))
        except OSError as error:
            self._socket.close()
            raise CoreUnavailableError(f"no core at {path}: {error.strerror or error}") from error
        except CoreUnavailableError:
            self._socket.close()
            raise

    def _receive_hello(self) -> Hello:
        frame = self.receive(CONNECT_TIMEOUT)
        if not isinstance(frame, Hello):
            raise CoreUnavailableError(f"what listens at {self._path} is not a core of this protocol")
        if frame.text or frame.version != VERSION:
            text = frame.text or f"it speaks version {frame.version}, this program version {VERSION}"
            raise CoreUnavailableError(f"the core at {self._path} refuses: {text}")
        return frame

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fileno(self) -> int:
        """Return the socket's descriptor, for `select`: readable means that `receive` will not block long."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the connection; the core detaches and cancels whatever is left."""
        self._socket.close()

    def send(self, frame: Frame) -> None:
        """Send *frame*; raises `CoreUnavailableError` when the core is gone or takes nothing for seconds."""
        try:
            self._socket.settimeout(CONNECT_TIMEOUT)
            self._socket.sendall(encode(frame))
        except OSError as error:
            raise CoreUnavailableError(f"the core is gone: {error.strerror or error}") from error

    def receive(self, timeout: float | None = None) -> Frame | None:
        """Return the next frame, or None when none came within *timeout* seconds (None: wait for ever).

        Raises:
          CoreUnavailableError: the core has closed the connection or sends what is no frame.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._frames:
            remaining = None if deadline is None else deadline - time.monotonic()
            if remaining is not None and remaining < 0:
                remaining = 0.0
            try:
                self._socket.settimeout(remaining)
                data = self._socket.recv(_READ_SIZE)
            except (TimeoutError, BlockingIOError):
                return None
            except OSError as error:
                raise CoreUnavailableError(f"the core is gone: {error.strerror or error}") from error
            if not data:
                raise CoreUnavailableError("the core has closed the connection")
            try:
                self._frames.extend(self._decoder.feed(data))
            except WireError as error:
                raise CoreUnavailableError(f"the core sends what is no frame: {error}") from error
        return self._frames.popleft()

    def pending(self) -> bool:
        """Return whether `receive` has a frame at hand; `select` on the socket does not show those."""
        return bool(self._frames)

    def ask(
        self,
        words: tuple[str, ...],
        *,
        person: str = "",
        options: Mapping[str, object] | None = None,
    ) -> Iterator[Answer | Done]:
        """Ask for a verb; yields the pieces of its answer as they come and, last, its `Done`."""
        self._requests += 1
        request = self._requests
        self.send(Verb(request, words, person=person, options=dict(options or {})))
        while True:
            frame = self.receive()
            if isinstance(frame, Answer | Done) and frame.request == request:
                yield frame
                if isinstance(frame, Done):
                    return
            elif frame is not None:
                self.skipped.append(frame)
