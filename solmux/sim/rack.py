"""Many simulated BMCs in one process, over real UDP.

One task serves them all: it waits on one epoll for datagrams and for the earliest deadline, so a BMC that has
nothing to do costs nothing, and a busy one no task switch per packet.
"""

import heapq
import itertools
import math
import os
import random
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal

import trio

from solmux.ipmi.commands import Privilege
from solmux.ipmi.crypto import SUITE_3, SUITE_17, CipherSuite, Entropy
from solmux.ipmi.rakp import MAXIMUM_KG_LENGTH, MAXIMUM_PASSWORD_LENGTH, MAXIMUM_USERNAME_LENGTH
from solmux.sim.bmc import Bmc
from solmux.sim.controller import BmcSettings
from solmux.sim.faults import GOOD, Faults
from solmux.sim.host import Host, PowerAction
from solmux.sim.link import Link, LinkFaults
from solmux.sim.machine.hardware import draw_hardware
from solmux.sim.machine.script import LINE_RATE
from solmux.sim.server import Server
from solmux.sim.session import Address, User
from solmux.sim.sources import PlainSource

Source = Literal["server", "numbered", "echo", "silent"]
Envelope = tuple[bytes, Address]
"""A datagram and the console's address, either direction."""

_TICK = 0.002  # seconds; timers that fall due within it are served together
_BATCH = 64  # datagrams taken from one socket before the others get their turn
_LARGEST_DATAGRAM = 2048
_BUFFER = 1 << 18
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class RackSettings:
    """What a rack of simulated BMCs is like.

    Attributes:
      names: of the consoles; one BMC each.
      host: IP address of the first BMC.
      base_port: UDP port of the first BMC; each next one has the next port. 0 lets the system choose.
      address_each: instead of a port of its own each BMC has an address of its own, counted up from *host*.
      username, password: of the account with administrator rights; at most 16 and 20 bytes.
      operator: name of a second account, with operator rights and the same password; empty for none.
      kg: the BMC key; empty for one-key log-ins.
      suites: cipher suites that are allowed.
      faults: what the BMCs do wrong.
      faults_of: the same for single BMCs, by name.
      link: what the network does to their datagrams, each direction on its own; none for nothing.
      source: what is behind the serial port: a believable `server`, a stream of `numbered` lines, an `echo`,
        or a `silent` line.
      bytes_per_second: of the numbered stream.
      rate: characters per second of a server's serial line.
      start_powered_on: the hosts are switched on at the start; else they wait for Chassis Control.
      power_on_spread: they come on within that many seconds, each at its own time.
      booted: servers that are switched on at the start have long come to their login prompt.
      chatter_interval: mean seconds between things a server's kernel says by itself.
      panic_interval: mean seconds between panics that come by themselves.
      accumulate_interval, send_threshold: when a SOL packet leaves (seconds, characters).
      seed: everything random about a server follows from it and its name.
      keep_transcripts: record every character, for tests; costs memory without bound.
    """

    names: tuple[str, ...]
    host: str = "127.0.0.1"
    base_port: int = 9000
    address_each: bool = False
    username: str = "admin"
    password: str = field(default="secret12", repr=False)
    operator: str = ""
    kg: bytes = field(default=b"", repr=False)
    suites: tuple[CipherSuite, ...] = (SUITE_3, SUITE_17)
    faults: Faults = GOOD
    faults_of: Mapping[str, Faults] = field(default_factory=dict)
    link: LinkFaults | None = None
    source: Source = "server"
    bytes_per_second: float = 1000.0
    rate: float = LINE_RATE
    start_powered_on: bool = True
    power_on_spread: float = 2.0
    booted: bool = False
    chatter_interval: float = math.inf
    panic_interval: float = math.inf
    accumulate_interval: float = 0.015
    send_threshold: int = 170
    seed: int = 0
    keep_transcripts: bool = False

    def __post_init__(self) -> None:
        """Raise `ValueError` for what no BMC could have."""
        if len(set(self.names)) < len(self.names):
            raise ValueError("every BMC needs a name of its own")
        for what, value, limit in (
            ("user name", self.username.encode(), MAXIMUM_USERNAME_LENGTH),
            ("operator's name", self.operator.encode(), MAXIMUM_USERNAME_LENGTH),
            ("password", self.password.encode(), MAXIMUM_PASSWORD_LENGTH),
            ("BMC key", self.kg, MAXIMUM_KG_LENGTH),
        ):
            if len(value) > limit:
                raise ValueError(f"the {what} has {len(value)} bytes, a BMC takes {limit}")
        if self.rate <= 0:
            raise ValueError(f"a serial line of {self.rate:g} characters per second carries nothing")


class Slot:
    """One BMC of the rack with its socket and its stretch of network.

    Attributes:
      bmc: the BMC.
      host: what is behind its serial port.
      socket: where it listens.
      scheduled_at: time of its entry in the rack's queue that counts; it is served then or earlier.
      undeliverable: datagrams that the system would not send.
    """

    def __init__(
        self,
        bmc: Bmc,
        host: Host,
        listener: socket.socket,
        links: tuple[Link[Envelope], Link[Envelope]] | None,
    ) -> None:
        self.bmc = bmc
        self.host = host
        self.socket = listener
        self.scheduled_at = math.inf
        self.undeliverable = 0
        self._inbound = links[0] if links else None
        self._outbound = links[1] if links else None

    @property
    def deadline(self) -> float:
        """When there is something to do."""
        deadline = self.bmc.deadline
        if self._inbound is not None and self._outbound is not None:
            deadline = min(deadline, self._inbound.deadline, self._outbound.deadline)
        return deadline

    def receive(self, now: float) -> None:
        """Take what waits at the socket, a batch at most."""
        for _ in range(_BATCH):
            try:
                datagram, address = self.socket.recvfrom(_LARGEST_DATAGRAM)
            except BlockingIOError:
                return
            if self._inbound is not None:
                self._inbound.send((datagram, address), now)
            else:
                self.bmc.receive_datagram(datagram, address, now)

    def serve(self, now: float) -> None:
        """Do everything that is due, and send."""
        if self._inbound is not None:
            for datagram, address in self._inbound.arrivals(now):
                self.bmc.receive_datagram(datagram, address, now)
        self.bmc.handle_timer(now)
        envelopes = self.bmc.datagrams_to_send(now)
        if self._outbound is not None:
            for envelope in envelopes:
                self._outbound.send(envelope, now)
            envelopes = self._outbound.arrivals(now)
        for datagram, address in envelopes:
            try:
                self.socket.sendto(datagram, address)
            except OSError:  # the network is as it is: the console will ask again
                self.undeliverable += 1


class Rack:
    """The BMCs of a rack, listening from the moment it is made.

    Attributes:
      settings: what it was made from.
      slots: the BMCs by name.
    """

    def __init__(
        self,
        settings: RackSettings,
        *,
        now: float,
        wall: Callable[[], float] = time.time,
        entropy: Entropy = os.urandom,
    ) -> None:
        """Bind all sockets; raises `OSError`, and `ValueError` for more names than there are ports.

        Args:
          now: the clock that `run` will go by, as `trio.current_time` tells it.
        """
        self.slots: dict[str, Slot] = {}
        self.settings = settings
        self._epoll = select.epoll()
        self._by_descriptor: dict[int, Slot] = {}
        self._queue: list[tuple[float, int, Slot]] = []
        self._tickets = itertools.count()
        chance = random.Random(settings.seed)
        wall_at_zero = wall() - now
        try:
            for number, name in enumerate(settings.names):
                slot = self._make_slot(number, name, now, wall_at_zero, entropy)
                if settings.start_powered_on:
                    _switch_on(
                        slot.host, now + chance.uniform(0.0, settings.power_on_spread), settings.booted
                    )
                self._schedule(slot)
        except BaseException:
            self.close()
            raise

    def addresses(self) -> dict[str, tuple[str, int]]:
        """Return where each BMC listens: IP address and UDP port by name."""
        bound = {name: slot.socket.getsockname() for name, slot in self.slots.items()}
        return {name: (address[0], address[1]) for name, address in bound.items()}

    def close(self) -> None:
        """Stop listening."""
        self._epoll.close()
        for slot in self.slots.values():
            slot.socket.close()

    async def run(self) -> None:
        """Serve until cancelled, then stop listening."""
        try:
            while True:
                await self._wait()
                self._pass(trio.current_time())
        finally:
            self.close()

    async def _wait(self) -> None:
        """Wait for a datagram or the earliest deadline, but never less than a tick for a deadline."""
        earliest = self._queue[0][0] if self._queue else math.inf
        with trio.move_on_at(max(earliest, trio.current_time() + _TICK)):
            await trio.lowlevel.wait_readable(self._epoll.fileno())

    def _pass(self, now: float) -> None:
        """Serve every BMC that has a datagram or a deadline."""
        touched: dict[Slot, None] = {}
        for descriptor, _ in self._epoll.poll(0):
            slot = self._by_descriptor[descriptor]
            slot.receive(now)
            touched[slot] = None
        while self._queue and self._queue[0][0] <= now:
            at, _, slot = heapq.heappop(self._queue)
            if at == slot.scheduled_at:
                slot.scheduled_at = math.inf
                touched[slot] = None
        for slot in touched:
            slot.serve(now)
            self._schedule(slot)

    def _schedule(self, slot: Slot) -> None:
        """Queue a slot for its deadline, unless its turn comes before: it is asked again then."""
        deadline = slot.deadline
        if deadline < slot.scheduled_at:
            slot.scheduled_at = deadline
            heapq.heappush(self._queue, (deadline, next(self._tickets), slot))

    def _make_slot(self, number: int, name: str, now: float, wall_at_zero: float, entropy: Entropy) -> Slot:
        settings = self.settings
        listener = _listen(settings, number)
        host = _make_host(settings, name, wall_at_zero)
        password = settings.password.encode()
        users = [User(settings.username.encode(), password)]
        if settings.operator:
            users.append(User(settings.operator.encode(), password, Privilege.OPERATOR))
        bmc_settings = BmcSettings(
            guid=draw_hardware(name, settings.seed).guid,
            users=tuple(users),
            kg=settings.kg,
            suites=settings.suites,
            port=listener.getsockname()[1],
            accumulate_interval=settings.accumulate_interval,
            send_threshold=settings.send_threshold,
            faults=settings.faults_of.get(name, settings.faults),
            seed=settings.seed + number,
            keep_transcript=settings.keep_transcripts,
        )
        links = None
        if settings.link is not None:
            seed = 2 * (settings.seed + number)
            links = Link[Envelope](settings.link, seed, now), Link[Envelope](settings.link, seed + 1, now)
        slot = Slot(Bmc(bmc_settings, host, entropy), host, listener, links)
        self.slots[name] = slot
        self._by_descriptor[listener.fileno()] = slot
        self._epoll.register(listener.fileno(), select.EPOLLIN)
        return slot


def _listen(settings: RackSettings, number: int) -> socket.socket:
    address = ip_address(settings.host) + (number if settings.address_each else 0)
    port = settings.base_port
    if port and not settings.address_each:
        port += number
    if port > _HIGHEST_PORT:
        raise ValueError(f"BMC {number + 1} would need UDP port {port}: start from a lower base port")
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    listener = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        listener.bind((str(address), port))
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{error.strerror}: UDP {address} port {port}") from None
    return listener


def _make_host(settings: RackSettings, name: str, wall_at_zero: float) -> Host:
    if settings.source == "server":
        return Server(
            name,
            seed=settings.seed,
            rate=settings.rate,
            wall=wall_at_zero,
            chatter_interval=settings.chatter_interval,
            panic_interval=settings.panic_interval,
        )
    stream = settings.bytes_per_second if settings.source == "numbered" else 0.0
    return PlainSource(name, bytes_per_second=stream, echo=settings.source == "echo")


def _switch_on(host: Host, at: float, booted: bool) -> None:
    if booted and isinstance(host, Server):
        host.start_booted(at)
    else:
        host.control(PowerAction.ON, at)


async def serve_rack(
    settings: RackSettings, *, task_status: trio.TaskStatus[Rack] = trio.TASK_STATUS_IGNORED
) -> None:
    """Make a rack, report it to `nursery.start`, and serve it until cancelled."""
    rack = Rack(settings, now=trio.current_time())
    task_status.started(rack)
    await rack.run()


def run_sim(settings: RackSettings, started: Callable[[Rack], None] = lambda _rack: None) -> None:
    """Serve a rack until SIGINT or SIGTERM; for a command line. Raises as `Rack` does.

    Args:
      started: called once all BMCs listen.
    """
    trio.run(_serve_until_signal, settings, started)


async def _serve_until_signal(settings: RackSettings, started: Callable[[Rack], None]) -> None:
    rack = Rack(settings, now=trio.current_time())
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rack.run)
            started(rack)
            async for _ in signals:
                nursery.cancel_scope.cancel()
                return
