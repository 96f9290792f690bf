"""A small console for the tests of the simulator: it does what the protocol says and nothing more."""

from solmux.sim.link import Link, LinkFaults
from solmux.sim.sol import SolPort

RETRY = 0.4


class PlainConsole:
    """Acknowledges what it gets and repeats what is not acknowledged, byte by byte the same.

    A number that it knows, with the text it knows, brings nothing new and is acknowledged with the count of
    the first time.

    Attributes:
      received: all output, in order.
      seen: every payload of the BMC.
    """

    def __init__(self) -> None:
        self.received = b""
        self.seen: list[bytes] = []
        self._known: dict[int, bytes] = {}
        self._waiting = bytearray()
        self._flight = b""
        self._number = 1
        self._sent_at = 0.0
        self._hold_until = 0.0

    @property
    def idle(self) -> bool:
        """Everything typed has been acknowledged."""
        return not self._flight and not self._waiting

    def type(self, data: bytes) -> None:
        """Queue input."""
        self._waiting += data

    def receive(self, payload: bytes) -> bytes | None:
        """Take a payload of the BMC; returns the ACK it wants, if any."""
        self.seen.append(payload)
        number, acked, count, status = payload[:4]
        if acked and self._flight and acked == self._flight[0]:
            data = self._flight[4:]
            if count or not data:
                self._waiting[:0] = data[count:]
                self._flight = b""
            elif not status & 0x40:
                self._sent_at = -RETRY
        if not number:
            return None
        data = payload[4:]
        known = self._known.get(number)
        if known is None or not data.startswith(known):
            self.received += data
            self._known = {n: text for n, text in self._known.items() if (number - n) % 15 < 7}
            self._known[number] = data
        return bytes((0, number, len(self._known[number]), 0))

    def poll(self, now: float) -> bytes | None:
        """Return the packet to send at *now*."""
        if self._flight:
            if now < self._sent_at + RETRY:
                return None
            self._hold_until = now + 0.2
        elif not self._waiting or now < self._hold_until:
            return None
        else:
            self._flight = bytes((self._number, 0, 0, 0)) + bytes(self._waiting[:40])
            del self._waiting[:40]
            self._number = self._number % 15 + 1
        self._sent_at = now
        return self._flight


def talk(
    port: SolPort,
    console: PlainConsole,
    *,
    seconds: float,
    output: bytes = b"",
    uplink: LinkFaults | None = None,
    downlink: LinkFaults | None = None,
    seed: int = 0,
    tick: float = 0.005,
) -> None:
    """Let *port* and *console* talk over two links while the host prints *output*, evenly spread."""
    up: Link[bytes] = Link(uplink or LinkFaults(), seed)
    down: Link[bytes] = Link(downlink or LinkFaults(), seed + 1)
    steps = int(seconds / tick)
    printed = 0
    for step in range(steps + 1):
        now = step * tick
        due = len(output) * min(step * 2, steps) // steps
        if due > printed:
            port.output(output[printed:due], now)
            printed = due
        for payload in up.arrivals(now):
            port.receive(payload, now)
        if port.deadline <= now:
            for payload in port.payloads_to_send(now):
                down.send(payload, now)
        for payload in down.arrivals(now):
            answer = console.receive(payload)
            if answer is not None:
                up.send(answer, now)
        packet = console.poll(now)
        if packet is not None:
            up.send(packet, now)
