"""One connected UDP socket towards one BMC."""

import errno
import socket
from dataclasses import dataclass, field

RECEIVE_BUFFER = (
    1 << 18
)  # a BMC sends one unacknowledged packet; the rest is room for a flood that we must drain
LARGEST_DATAGRAM = 2048  # RMCP datagrams of IPMI stay far below; longer ones are cut and fail authentication

_GONE = {errno.ECONNREFUSED: "port closed", errno.EHOSTUNREACH: "no ARP reply", errno.ENETUNREACH: "no route"}


@dataclass(slots=True)
class SocketCounters:
    """What the socket itself saw; datagrams are counted, never their content."""

    received: int = 0
    sent: int = 0
    refused_sends: int = 0
    network_errors: dict[str, int] = field(default_factory=dict)


class UdpSocket:
    """A non-blocking UDP socket connected to one BMC: the kernel drops everybody else's datagrams.

    ICMP errors of this BMC arrive here and nowhere else; they are counted by name and kept as `last_error`,
    because a connected socket reports them on whichever call comes next.
    """

    def __init__(self, family: int, peer: tuple[str, int], source_address: str | None = None) -> None:
        """Connect to *peer* (numeric address, port); raises `OSError` when the machine has no such route."""
        self.counters = SocketCounters()
        self.last_error = ""
        self.peer = peer
        self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            if source_address:
                self._socket.bind((source_address, 0))
            self._socket.connect(peer)
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """Return the descriptor, -1 once closed."""
        return self._socket.fileno()

    def receive(self) -> bytes | None:
        """Return the next datagram, or None when none waits (an ICMP error is counted and passed over)."""
        for _ in range(2):
            try:
                datagram = self._socket.recv(LARGEST_DATAGRAM)
            except BlockingIOError:
                return None
            except OSError as error:
                self._note(error)
            else:
                self.counters.received += 1
                return datagram
        return None

    def send(self, datagram: bytes) -> None:
        """Send *datagram*; a send refused by a stored ICMP error is repeated once, then counted as lost.

        The protocol above retransmits what matters, as after any other loss.
        """
        for _ in range(2):
            try:
                self._socket.send(datagram)
            except BlockingIOError:
                break
            except OSError as error:
                self._note(error)
            else:
                self.counters.sent += 1
                return
        self.counters.refused_sends += 1

    def close(self) -> None:
        """Close the descriptor; later calls of `fileno` give -1."""
        self._socket.close()

    def _note(self, error: OSError) -> None:
        name = _GONE.get(error.errno or 0) or (error.strerror or "network error").lower()
        self.last_error = name
        self.counters.network_errors[name] = self.counters.network_errors.get(name, 0) + 1
