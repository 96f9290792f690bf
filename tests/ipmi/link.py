"""A console and a BMC that talk over a link which loses, doubles and delays, and what comes of it."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

from solmux.ipmi.commands import Privilege
from solmux.ipmi.counters import DropCounters
from solmux.ipmi.crypto import SUITE_3, SUITE_17, CipherSuite
from solmux.ipmi.handshake import Credentials, Established, Failed, Handshake
from solmux.ipmi.packet import Packet, PayloadType
from solmux.ipmi.quirks import Quirk
from tests.ipmi.bmc import Bmc

ADMIN = Credentials(b"admin", b"secret")


@dataclass
class Link:
    """Both ways between a console and a BMC, by a seed.

    Attributes:
      loss, doubling: share of datagrams.
      delay: seconds, least and most, one way; different delays reorder.
      lose: datagrams to the BMC (True) or from it (False) that are lost, beside the random ones.
    """

    seed: int = 0
    loss: float = 0.0
    doubling: float = 0.0
    delay: tuple[float, float] = (0.001, 0.001)
    lose: Callable[[bool, bytes], bool] = lambda _to_bmc, _datagram: False

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def arrivals(self, to_bmc: bool, datagram: bytes, now: float) -> list[float]:
        """Return when copies of *datagram* arrive."""
        if self.lose(to_bmc, datagram) or self.random.random() < self.loss:
            return []
        copies = 2 if self.random.random() < self.doubling else 1
        return [now + self.random.uniform(*self.delay) for _ in range(copies)]


@dataclass
class Run:
    """What a login came to: its outcome, when, and every datagram the console sent with its time."""

    outcome: Established | Failed
    ended: float
    sent: list[tuple[float, bytes]]


def run(handshake: Handshake, bmc: Bmc, link: Link | None = None) -> Run:
    """Let *handshake* and *bmc* talk over *link* until the handshake has an outcome."""
    link = link or Link()
    now = 0.0
    numbers = itertools.count()
    on_the_way: list[tuple[float, int, bool, bytes]] = []
    sent: list[tuple[float, bytes]] = []

    def put(to_bmc: bool, datagram: bytes) -> None:
        for arrival in link.arrivals(to_bmc, datagram, now):
            heapq.heappush(on_the_way, (arrival, next(numbers), to_bmc, datagram))

    handshake.start(now)
    while True:
        for datagram in handshake.datagrams_to_send(now):
            sent.append((now, datagram))
            put(True, datagram)
        if handshake.outcome is not None and not any(to_bmc for _, _, to_bmc, _ in on_the_way):
            return Run(handshake.outcome, now, sent)
        deadline = handshake.deadline
        if on_the_way and (deadline is None or on_the_way[0][0] <= deadline):
            now, _, to_bmc, datagram = heapq.heappop(on_the_way)
            if to_bmc:
                for answer in bmc.receive(datagram):
                    put(False, answer)
            else:
                handshake.receive_datagram(datagram, now)
        else:
            assert deadline is not None
            now = deadline
            handshake.handle_timer(now)


def handshake(
    credentials: Credentials = ADMIN,
    *,
    suites: tuple[CipherSuite, ...] = (SUITE_17, SUITE_3),
    privilege: int = Privilege.ADMINISTRATOR,
    privilege_fallback: bool = True,
    quirks: frozenset[Quirk] = frozenset(),
    ask_cipher_suites: bool = False,
    seed: int = 7,
) -> Handshake:
    return Handshake(
        credentials,
        entropy=random.Random(seed).randbytes,
        counters=DropCounters(),
        suites=suites,
        privilege=privilege,
        privilege_fallback=privilege_fallback,
        quirks=quirks,
        ask_cipher_suites=ask_cipher_suites,
    )


def established(result: Run, bmc: Bmc) -> Established:
    """Return the session after a packet went through it in both directions."""
    session = result.outcome
    assert isinstance(session, Established), session
    peer = bmc.channels[session.managed_system_session_id]
    opened = peer.open(session.channel.seal(PayloadType.IPMI, b"there"))
    assert opened is not None
    assert opened.payload == b"there"
    opened = session.channel.open(peer.seal(PayloadType.SOL, b"and back"))
    assert opened is not None
    assert opened.payload == b"and back"
    return session


def failed(result: Run) -> Failed:
    assert isinstance(result.outcome, Failed), result.outcome
    return result.outcome


def payload_types(result: Run) -> list[int]:
    """Return the RMCP+ payload types that the console sent, in order."""
    return [Packet.from_bytes(datagram).payload_type for _, datagram in result.sent if datagram[4] == 6]
