"""A `SolEndpoint` joined to a model BMC by a link, in simulated time."""

import math
from collections.abc import Iterable

from solmux.ipmi.counters import DropCounters
from solmux.ipmi.events import Event, InputAccepted, Output
from solmux.ipmi.round_trip import RoundTrip
from solmux.ipmi.sol_endpoint import SolEndpoint
from tests.ipmi.sol_models import ModelBmc, Network, Weather

Action = tuple[float, str, bytes]
"""When, who ("host" prints, "person" types, "break"), and what."""


class Rig:
    """Runs script, link, model and endpoint against each other until nothing is left to do."""

    def __init__(self, bmc: ModelBmc, network: Network, *, strict_next: bool = False, first: int = 1) -> None:
        self.now = 0.0
        self.bmc = bmc
        self.network = network
        self.events: list[Event] = []
        self.counters = DropCounters()
        self.round_trip = RoundTrip()
        self.console = SolEndpoint(self.events, self.counters, self.round_trip, strict_next=strict_next)
        self.console.start(255, first)
        self._input_id = 0

    @property
    def output(self) -> bytes:
        return b"".join(event.data for event in self.events if isinstance(event, Output))

    @property
    def accepted(self) -> list[int]:
        return [event.input_id for event in self.events if isinstance(event, InputAccepted)]

    def run(
        self,
        script: Iterable[Action],
        *,
        until: float = 600.0,
        changes: Iterable[tuple[float, Weather]] = (),
    ) -> None:
        """Act out *script*, then go on until both ends are quiet.

        Args:
          until: a limit for what never ends.
          changes: of the weather, with their times.
        """
        waiting = sorted(script, reverse=True)
        weathers = sorted(changes, key=lambda change: change[0])
        while self.now <= until:
            self._exchange()
            if not waiting and self.bmc.quiet and not self.console.sender.queue and self._settled():
                return
            step = min(
                waiting[-1][0] if waiting else math.inf,
                self.network.deadline,
                self.bmc.deadline,
                self.console.sender.deadline,
            )
            assert step < math.inf, "both ends wait for ever"
            self.now = max(self.now, step)
            while weathers and weathers[0][0] <= self.now:
                self.network.weather = weathers.pop(0)[1]
            while waiting and waiting[-1][0] <= self.now:
                _, who, data = waiting.pop()
                self._act(who, data)
            for to, sequence, payload in self.network.arrivals(self.now):
                if to == "bmc":
                    self.bmc.receive(payload, self.now)
                else:
                    self.console.newest = max(self.console.newest, sequence)
                    self.console.receive(sequence, payload, self.now)
                self._exchange()
            self.bmc.handle_timer(self.now)
            self.console.handle_timer(self.now)
            if self.console.sender.stalled and not self.console.sender.persist():
                return

    def _settled(self) -> bool:
        return not self.console.sender.awaits_ack and self.network.deadline == math.inf

    def _act(self, who: str, data: bytes) -> None:
        if who == "host":
            self.bmc.print(data, self.now)
        elif who == "break":
            self._input_id += 1
            self.console.sender.add_break(self._input_id)
        else:
            self._input_id += 1
            self.console.sender.add(data, self._input_id)

    def _exchange(self) -> None:
        for answer in self.console.answers_to_send():
            self.network.send("bmc", answer, self.now)
        payload = self.console.payload_to_send(self.now)
        if payload is not None:
            self.network.send("bmc", payload, self.now)
        for payload in self.bmc.outbox:
            self.network.send("console", payload, self.now)
        self.bmc.outbox.clear()
