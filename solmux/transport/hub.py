"""The one reader and the one ticker of all BMC sockets.

All sockets stand in one private epoll whose descriptor a single trio task waits on; what is ready is drained
synchronously, a bounded batch at a time, and then the task lets others run. No task switch and no cancel
scope is paid for a packet. Deadlines are attributes; the ticker sleeps until the smallest one.
"""

import logging
import math
import select
from typing import Protocol

import trio

from solmux.transport.socket import UdpSocket

BATCH = 128  # datagrams between two checkpoints: about 3 ms
ROUNDS = 2  # looks at all sockets between two checkpoints
TICK = 0.025  # seconds: deadlines are rounded up to this grid, so that many fall into one wakeup

log = logging.getLogger(__name__)


class Receiver(Protocol):
    """What the hub drives: a sans-I/O client with its socket and its console around it."""

    @property
    def deadline(self) -> float:
        """Earliest time (monotonic seconds) at which `handle_timer` has work; `math.inf` for none."""

    def receive_datagram(self, datagram: bytes, now: float) -> None:
        """Take one datagram; sends nothing itself."""

    def handle_timer(self, now: float) -> None:
        """Do what is due at *now*."""

    def flush(self, now: float) -> None:
        """Dispatch events, then send what is due: characters are in the ring before their ACK leaves."""

    def crashed(self, error: Exception) -> None:
        """One of the above raised: give this BMC's connection up; nobody else is disturbed."""


class Hub:
    """Sockets and their receivers; `run` moves datagrams and time into them."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._peers: dict[int, tuple[UdpSocket, Receiver]] = {}
        self._tick_at = math.inf
        self._tick_scope = trio.CancelScope()

    def __len__(self) -> int:
        return len(self._peers)

    def add(self, socket: UdpSocket, receiver: Receiver) -> None:
        """Start to drive *receiver* from *socket*."""
        self._peers[socket.fileno()] = (socket, receiver)
        self._epoll.register(socket.fileno(), select.EPOLLIN)

    def remove(self, socket: UdpSocket) -> None:
        """Stop driving the receiver of *socket* and close it; a second call does nothing."""
        descriptor = socket.fileno()
        if self._peers.pop(descriptor, None) is not None and not self._epoll.closed:
            self._epoll.unregister(descriptor)
        socket.close()

    def flush(self, receiver: Receiver, now: float) -> None:
        """Flush *receiver* after a call into it, and wake the ticker in time for its new deadline."""
        try:
            receiver.flush(now)
        except Exception as error:  # noqa: BLE001 - supervisor: one BMC's fault must not reach another console
            self._give_up(receiver, error)
        self._wake_ticker(receiver.deadline)

    async def run(self) -> None:
        """Read and tick until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tick)
            try:
                await self._read()
            finally:
                self._epoll.close()

    async def _read(self) -> None:
        descriptor = self._epoll.fileno()
        while True:
            await trio.lowlevel.wait_readable(descriptor)
            self.drain(trio.current_time())
            await trio.lowlevel.checkpoint()

    def drain(self, now: float) -> None:
        """Give at most `BATCH` waiting datagrams to their receivers, one of each BMC per round.

        The second round is for echoes: one mostly comes while the acknowledgement before it is looked at.
        """
        room = BATCH
        for _ in range(ROUNDS):
            if not room or not (ready := self._epoll.poll(0, room)):
                return
            room -= len(ready)
            for descriptor, _ in ready:
                self._pass_on(descriptor, now)

    def _pass_on(self, descriptor: int, now: float) -> None:
        entry = self._peers.get(descriptor)
        if entry is None:
            return
        socket, receiver = entry
        datagram = socket.receive()
        if datagram is None:
            return
        try:
            receiver.receive_datagram(datagram, now)
            receiver.flush(now)
        except Exception as error:  # noqa: BLE001 - supervisor, as above
            self._give_up(receiver, error)
        if receiver.deadline < self._tick_at:
            self._wake_ticker(receiver.deadline)

    async def _tick(self) -> None:
        while True:
            now = trio.current_time()
            for _, receiver in list(self._peers.values()):
                if receiver.deadline <= now:
                    try:
                        receiver.handle_timer(now)
                        receiver.flush(now)
                    except Exception as error:  # noqa: BLE001 - supervisor, as above
                        self._give_up(receiver, error)
            earliest = min((receiver.deadline for _, receiver in self._peers.values()), default=math.inf)
            self._tick_at = _on_grid(max(earliest, now))
            with trio.CancelScope(deadline=self._tick_at) as self._tick_scope:
                await trio.sleep_forever()

    def _wake_ticker(self, deadline: float) -> None:
        if deadline < self._tick_at:
            self._tick_at = _on_grid(deadline)
            self._tick_scope.deadline = self._tick_at

    @staticmethod
    def _give_up(receiver: Receiver, error: Exception) -> None:
        log.error("a BMC connection failed on an internal error", exc_info=error)
        receiver.crashed(error)


def _on_grid(deadline: float) -> float:
    """Round *deadline* up to the tick grid; infinity stays."""
    return deadline if deadline == math.inf else math.ceil(deadline / TICK) * TICK
