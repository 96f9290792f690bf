"""Readiness in the sd_notify protocol: spoken to systemd and between our own processes alike."""

import os
import socket

VARIABLE = "NOTIFY_SOCKET"


def notify(message: str) -> None:
    """Tell whoever started us, if they asked to be told: `READY=1`, `STOPPING=1`, `STATUS=...`."""
    address = os.environ.get(VARIABLE, "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        try:
            sender.sendto(message.encode(), address)
        except OSError:
            return  # nobody listens any more: readiness is news, not a duty


class NotifySocket:
    """The receiving end, for a process that starts others."""

    def __init__(self, name: str) -> None:
        """Listen under an abstract address that ends in *name* and is unique to this process."""
        self.address = f"@solmux/{os.getpid()}/{name}"
        self._socket = socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        )
        self._socket.bind("\0" + self.address[1:])

    def fileno(self) -> int:
        """Return the descriptor, readable when a message waits."""
        return self._socket.fileno()

    def messages(self) -> list[str]:
        """Return the messages that wait."""
        found = []
        while True:
            try:
                found.append(self._socket.recv(4096).decode(errors="replace"))
            except BlockingIOError:
                return found

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
