"""The BMC's end of Serial over LAN (IPMI 2.0 section 15), without I/O, with every fault of `Faults`.

Payloads from the console and characters from the host go in, with the time; payloads for the console and
input for the host come out. Byte 0 of a payload is its number, byte 1 the number it acknowledges, byte 2 how
many characters of that were accepted, byte 3 the operation (towards the BMC) or the status (from it).
"""

import math

from solmux.sim.faults import GOOD, Faults
from solmux.sim.sol_input import Acknowledgement, HostInput, SolInput
from solmux.sim.sol_output import Flight, SolOutput, SolTimings
from solmux.sim.transcript import Transcript

HEADER_LENGTH = 4

# operation byte, console to BMC
NACK = 0x40
SEND_BREAK = 0x10
PAUSE_CTS = 0x08
FLUSH_INBOUND = 0x02
FLUSH_OUTBOUND = 0x01

# status byte, BMC to console (overrun and break belong to `sol_output`)
UNAVAILABLE = 0x20
DEACTIVATING = 0x10


class SolPort:
    """One SOL instance of a simulated BMC, over all its activations.

    Attributes:
      active: SOL is activated.
      transcript: what happened to every character; none if nobody wants to know.
      timings: retry and accumulate settings in force; may be changed at any time.
    """

    def __init__(
        self,
        faults: Faults = GOOD,
        timings: SolTimings | None = None,
        *,
        transcript: Transcript | None = None,
        seed: int = 0,
    ) -> None:
        self.active = False
        self.transcript = transcript
        self.timings = timings or SolTimings(
            retry_count=faults.retry_count, retry_interval=faults.retry_interval
        )
        self._faults = faults
        self._output = SolOutput(faults, self.timings, transcript)
        self._input = SolInput(faults, transcript, seed)
        self._history = bytearray()
        self._farewell = False
        self._announce = False
        self._last_acknowledged = (0, 0)
        self._character_at = 0.0

    @property
    def deadline(self) -> float:
        """When `payloads_to_send` or `input_for_host` has work; infinity for never."""
        if self._farewell or self._announce:
            return -math.inf
        if not self.active:
            return math.inf
        silent_at = self._character_at + self._faults.inactive_after
        return min(self._output.deadline, self._input.deadline, silent_at)

    @property
    def unsent(self) -> int:
        """Characters of the host that the console has not acknowledged."""
        return self._output.pending

    def activate(self, now: float) -> None:
        """Begin an activation (after Activate Payload)."""
        self.active = True
        self._farewell = False
        self._announce = not self._input.available
        self._last_acknowledged = (0, 0)
        self._character_at = now
        self._output.start()
        self._input.start()
        if self._history:
            self._output.take(bytes(self._history), now)
            self._history.clear()

    def deactivate(self, *, announce: bool = False, reason: str = "deactivated") -> None:
        """End the activation; *announce* tells the console, if this BMC does such a thing."""
        if not self.active:
            return
        self.active = False
        self._announce = False
        self._farewell = announce and self._faults.announces_deactivation
        self._output.stop(reason)

    def set_host_available(self, available: bool) -> None:
        """The host went on or off; the console is told, and input is refused while it is off."""
        if available != self._input.available:
            self._input.available = available
            self._announce = self.active

    def output(self, data: bytes, now: float) -> None:
        """Take *data*, which the host printed."""
        if self.active:
            self._character_at = now
            self._output.take(data, now)
        elif self._faults.console_history:
            self._history += data
            del self._history[: -self._faults.console_history]

    def host_break(self) -> None:
        """The host sent a BREAK."""
        if self.active:
            self._output.signal_break()

    def receive(self, payload: bytes, now: float) -> None:
        """Handle a SOL payload from the console; a malformed one is ignored."""
        if not self.active or len(payload) < HEADER_LENGTH:
            return
        number, acked, count, operation = payload[0] & 0x0F, payload[1] & 0x0F, payload[2], payload[3]
        data = payload[HEADER_LENGTH:]
        if acked and self._faults.drops_unmatched_acks:
            flight = self._output.flight
            if flight is None or flight.number != acked:
                return
        self._output.paused = bool(operation & PAUSE_CTS)
        if operation & FLUSH_INBOUND:
            self._input.drop_held()
        if acked:
            self._output.acknowledged(acked, count, nack=bool(operation & NACK))
        if operation & FLUSH_OUTBOUND:
            self._output.flush()
        if number:
            if data:
                self._character_at = now
            self._input.receive(number, data, now, send_break=bool(operation & SEND_BREAK))

    def input_for_host(self, now: float) -> list[HostInput]:
        """Return and forget what the host gets to read by *now*, in order."""
        return self._input.for_host(now)

    def payloads_to_send(self, now: float) -> list[bytes]:
        """Return the payloads that are due at *now*, oldest first."""
        if self._farewell:
            self._farewell = False
            return [bytes((0, 0, 0, DEACTIVATING))]
        if not self.active:
            return []
        if now >= self._character_at + self._faults.inactive_after:
            self.deactivate(reason="no characters for too long")
            return []
        payloads: list[bytes] = []
        riding: Acknowledgement | None = None
        while (owed := self._input.owed(now)) is not None:
            if riding is not None:
                payloads.append(self._acknowledgement(riding))
            riding = owed
        flight = self._output.poll(now)
        if riding is not None and not (flight and self._faults.piggybacks_acks):
            payloads.append(self._acknowledgement(riding))
            riding = None
        if flight is not None:
            payloads.append(self._data(flight, riding))
        if self._announce and not payloads:
            payloads.append(bytes((0, 0, 0, self._status())))
        self._announce = False
        return payloads

    def _acknowledgement(self, owed: Acknowledgement) -> bytes:
        self._last_acknowledged = (owed.number, owed.count)
        return bytes((0, owed.number, owed.count, self._status() | (NACK if owed.nack else 0)))

    def _data(self, flight: Flight, riding: Acknowledgement | None) -> bytes:
        status = self._status() | flight.flags
        acked, count = self._last_acknowledged if self._faults.repeats_acks else (0, 0)
        if riding is not None:
            acked, count = self._last_acknowledged = (riding.number, riding.count)
            status |= NACK if riding.nack else 0
        return bytes((flight.number, acked, count, status)) + flight.data

    def _status(self) -> int:
        return 0 if self._input.available else UNAVAILABLE
