"""A `Client` joined to a `SessionBmc` in simulated time."""

import heapq
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from solmux.ipmi.client import Client, ClientSettings, ClientState
from solmux.ipmi.events import Event, Output, SolActivated
from solmux.ipmi.handshake import Credentials
from tests.ipmi.link import Link
from tests.ipmi.session_bmc import SessionBmc

SETTINGS = ClientSettings(Credentials(b"admin", b"secret"))
E_ = TypeVar("E_", bound=Event)


class ClientRig:
    """Time goes on only in `run`; every event is kept with its time."""

    def __init__(
        self,
        bmc: SessionBmc | None = None,
        link: Link | None = None,
        *,
        seed: int = 3,
        **settings: object,
    ) -> None:
        self.now = 0.0
        self.bmc = bmc or SessionBmc()
        self.link = link or Link()
        self.client = Client(replace(SETTINGS, **settings), random.Random(seed).randbytes)  # type: ignore[arg-type]
        self.log: list[tuple[float, Event]] = []
        self.sent: list[tuple[float, bytes]] = []
        self._numbers = itertools.count()
        self._on_the_way: list[tuple[float, int, bool, bytes]] = []
        self._input_ids = itertools.count(1)

    @property
    def events(self) -> list[Event]:
        return [event for _, event in self.log]

    @property
    def output(self) -> bytes:
        return b"".join(event.data for event in self.events if isinstance(event, Output))

    def of(self, kind: type[E_]) -> list[E_]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def start(self) -> None:
        self.client.start(self.now)
        self.flush()

    def activated(self) -> "ClientRig":
        """Log in and activate SOL."""
        self.start()
        self.run(until=lambda: bool(self.of(SolActivated)))
        assert self.client.state is ClientState.ACTIVE
        self.run(0.1)
        return self

    def type(self, data: bytes) -> int:
        input_id = next(self._input_ids)
        self.client.send_input(data, input_id, self.now)
        self.flush()
        return input_id

    def send_break(self) -> int:
        input_id = next(self._input_ids)
        self.client.send_break(input_id, self.now)
        self.flush()
        return input_id

    def close(self) -> None:
        self.client.close(self.now)
        self.flush()

    def say(self, payload: bytes) -> None:
        """Let the BMC send a SOL payload."""
        self.put(False, self.bmc.seal(payload))

    def put(self, to_bmc: bool, datagram: bytes) -> None:
        for arrival in self.link.arrivals(to_bmc, datagram, self.now):
            heapq.heappush(self._on_the_way, (arrival, next(self._numbers), to_bmc, datagram))

    def flush(self) -> None:
        """What the transport does: events first, then datagrams."""
        self.log += [(self.now, event) for event in self.client.events()]
        for datagram in self.client.datagrams_to_send(self.now):
            self.sent.append((self.now, datagram))
            self.put(True, datagram)

    def run(self, seconds: float = 120.0, *, until: Callable[[], bool] = lambda: False) -> None:
        """Let *seconds* pass, or less if *until* comes true."""
        end = self.now + seconds
        while not until():
            arrival = self._on_the_way[0][0] if self._on_the_way else math.inf
            step = min(arrival, self.client.deadline)
            if step > end:
                self.now = end
                return
            self.now = max(self.now, step)
            if arrival <= self.client.deadline:
                _, _, to_bmc, datagram = heapq.heappop(self._on_the_way)
                if to_bmc:
                    for answer in self.bmc.receive(datagram, self.now):
                        self.put(False, answer)
                else:
                    self.client.receive_datagram(datagram, self.now)
            else:
                self.client.handle_timer(self.now)
            self.flush()
