"""What a core has of the machine: its runtime directory, its unix socket, its descriptors."""

import fcntl
import os
import resource
import socket as stdlib_socket
from pathlib import Path
from typing import Self

import trio


class StartError(Exception):
    """The core cannot start; the text says what is in the way and what to do."""


def raise_descriptor_limit(consoles: int) -> None:
    """Raise the soft limit of open files to the hard one; raises `StartError` when that is too low."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = consoles * 4 + 256
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise StartError(
            f"{consoles} consoles need {needed} open files, the limit is {hard}: "
            "raise LimitNOFILE= (systemd) or ulimit -n"
        )
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed * 2, hard) if hard > 0 else needed * 2, hard))


class OnlyCore:
    """Hold the runtime directory: two cores on one ring would destroy it.

    The time of the lock file is the sign of life for the next run; `last_alive` is that of the run before.
    """

    def __init__(self, directory: Path) -> None:
        self.last_alive: float | None = None
        self._directory = directory
        self._descriptor = -1

    def touch(self) -> None:
        """Say that this run lives."""
        os.utime(self._descriptor)

    def __enter__(self) -> Self:
        path = self._directory / "core.lock"
        try:
            self._directory.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartError(f"cannot use runtime directory {self._directory}: {error.strerror}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._descriptor, 32).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise StartError(
                f"another solmux core (process {holder or '?'}) uses {self._directory}"
            ) from None
        status = os.fstat(self._descriptor)
        self.last_alive = status.st_mtime if status.st_size else None
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def listen(path: Path) -> trio.SocketListener:
    """Listen on the unix socket at *path*; the lock says that whatever stands there is stale."""
    forget_socket(path)
    listening = stdlib_socket.socket(
        stdlib_socket.AF_UNIX, stdlib_socket.SOCK_STREAM | stdlib_socket.SOCK_CLOEXEC
    )
    before = os.umask(0o117)
    try:
        listening.bind(str(path))
    except OSError as error:
        listening.close()
        raise StartError(f"cannot listen on {path}: {error.strerror or error}") from error
    finally:
        os.umask(before)
    listening.listen(64)
    return trio.SocketListener(trio.socket.from_stdlib_socket(listening))


def forget_socket(path: Path) -> None:
    path.unlink(missing_ok=True)
