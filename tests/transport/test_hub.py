"""The hub over real loopback sockets: datagrams, deadlines, ICMP errors, one BMC's fault staying its own."""

import math
import socket
from dataclasses import dataclass, field

import pytest
import trio
import trio.testing

from solmux.transport.hub import BATCH, ROUNDS, TICK, Hub
from solmux.transport.socket import UdpSocket


@dataclass
class Echo:
    """A receiver that answers each datagram through its socket."""

    socket: UdpSocket
    deadline: float = math.inf
    taken: list[bytes] = field(default_factory=list)
    timers: list[float] = field(default_factory=list)
    crashes: list[Exception] = field(default_factory=list)
    fail_on: bytes = b"?"
    changed: trio.Event = field(default_factory=trio.Event)

    def receive_datagram(self, datagram: bytes, now: float) -> None:  # noqa: ARG002
        if datagram == self.fail_on:
            raise ValueError("broken")
        self.taken.append(datagram)
        self._change()

    def handle_timer(self, now: float) -> None:
        self.timers.append(now)
        self.deadline = math.inf
        self._change()

    def flush(self, now: float) -> None:
        pass

    def crashed(self, error: Exception) -> None:
        self.crashes.append(error)
        self._change()

    def _change(self) -> None:
        self.changed.set()
        self.changed = trio.Event()


@pytest.fixture
def bmc() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 0))
    return listener


def connect(bmc: socket.socket) -> UdpSocket:
    return UdpSocket(socket.AF_INET, bmc.getsockname())


def address_of(peer: UdpSocket) -> tuple[str, int]:
    """Where the hub's end of the conversation is."""
    with socket.fromfd(peer.fileno(), socket.AF_INET, socket.SOCK_DGRAM) as view:
        address: tuple[str, int] = view.getsockname()
        return address


async def until(receiver: Echo, count: int) -> None:
    with trio.fail_after(5):
        while len(receiver.taken) < count:
            await receiver.changed.wait()


def test_datagrams_reach_the_receiver_of_their_socket(bmc: socket.socket) -> None:
    async def main() -> None:
        hub = Hub()
        one, two = Echo(connect(bmc)), Echo(connect(bmc))
        hub.add(one.socket, one)
        hub.add(two.socket, two)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hub.run)
            bmc.sendto(b"first", address_of(one.socket))
            bmc.sendto(b"second", address_of(two.socket))
            await until(one, 1)
            await until(two, 1)
            nursery.cancel_scope.cancel()
        assert (one.taken, two.taken) == ([b"first"], [b"second"])
        hub.remove(one.socket)
        hub.remove(one.socket)  # a second time is no fault
        two.socket.close()

    trio.run(main)
    bmc.close()


def test_strangers_on_the_same_port_are_dropped_by_the_kernel(bmc: socket.socket) -> None:
    async def main() -> None:
        hub = Hub()
        echo = Echo(connect(bmc))
        hub.add(echo.socket, echo)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"forged", address_of(echo.socket))
        bmc.sendto(b"true", address_of(echo.socket))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hub.run)
            await until(echo, 1)
            nursery.cancel_scope.cancel()
        assert echo.taken == [b"true"]
        hub.remove(echo.socket)

    trio.run(main)
    bmc.close()


def test_a_fault_in_one_receiver_leaves_the_other_alone(bmc: socket.socket) -> None:
    async def main() -> None:
        hub = Hub()
        bad, good = Echo(connect(bmc)), Echo(connect(bmc))
        hub.add(bad.socket, bad)
        hub.add(good.socket, good)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hub.run)
            bmc.sendto(b"?", address_of(bad.socket))
            bmc.sendto(b"fine", address_of(good.socket))
            await until(good, 1)
            with trio.fail_after(5):
                while not bad.crashes:
                    await bad.changed.wait()
            nursery.cancel_scope.cancel()
        assert [str(error) for error in bad.crashes] == ["broken"]
        assert good.crashes == []
        hub.remove(bad.socket)
        hub.remove(good.socket)

    trio.run(main)
    bmc.close()


def test_deadlines_fire_on_the_grid_and_an_earlier_one_wakes_the_ticker(bmc: socket.socket) -> None:
    async def main() -> None:
        hub = Hub()
        late, early = Echo(connect(bmc)), Echo(connect(bmc))
        hub.add(late.socket, late)
        hub.add(early.socket, early)
        start = trio.current_time()
        late.deadline = start + 50.0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hub.run)
            await trio.testing.wait_all_tasks_blocked()
            early.deadline = start + 0.06
            hub.flush(early, start)  # a call into a client gave it an earlier deadline
            with trio.fail_after(5):
                while not early.timers:
                    await early.changed.wait()
            nursery.cancel_scope.cancel()
        assert late.timers == []
        assert 0.06 <= early.timers[0] - start < 0.06 + 40 * TICK
        hub.remove(late.socket)
        hub.remove(early.socket)

    trio.run(main)
    bmc.close()


def test_a_flood_on_one_socket_is_drained_one_datagram_a_round(bmc: socket.socket) -> None:
    async def main() -> None:
        hub = Hub()
        flooded, calm = Echo(connect(bmc)), Echo(connect(bmc))
        hub.add(flooded.socket, flooded)
        hub.add(calm.socket, calm)
        for number in range(BATCH):
            bmc.sendto(b"%d" % number, address_of(flooded.socket))
        bmc.sendto(b"echo", address_of(calm.socket))
        hub.drain(0.0)
        assert (len(flooded.taken), calm.taken) == (ROUNDS, [b"echo"])
        hub.remove(flooded.socket)
        hub.remove(calm.socket)

    trio.run(main)
    bmc.close()


def test_an_echo_that_comes_while_its_acknowledgement_is_handled_waits_for_no_other_turn(
    bmc: socket.socket,
) -> None:
    class Typing(Echo):
        def receive_datagram(self, datagram: bytes, now: float) -> None:
            super().receive_datagram(datagram, now)
            if datagram == b"acknowledgement":
                bmc.sendto(b"echo", address_of(self.socket))

    async def main() -> None:
        hub = Hub()
        typing = Typing(connect(bmc))
        hub.add(typing.socket, typing)
        bmc.sendto(b"acknowledgement", address_of(typing.socket))
        hub.drain(0.0)
        assert typing.taken == [b"acknowledgement", b"echo"]
        hub.remove(typing.socket)

    trio.run(main)
    bmc.close()


def test_a_closed_port_is_counted_by_name_and_raises_nothing(bmc: socket.socket) -> None:
    peer = connect(bmc)
    bmc.close()
    peer.send(b"anybody?")
    for _ in range(200):  # loopback answers with ICMP at once; the kernel may take a moment to queue it
        peer.receive()
        if peer.last_error:
            break
    assert peer.last_error == "port closed"
    assert peer.counters.network_errors["port closed"] >= 1
    peer.close()
