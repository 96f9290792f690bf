"""The half of a simulated SOL port that carries characters from the host to the console.

Stop and wait: one packet in flight, repeated until the console acknowledges it or the BMC gives up.
Written from the protocol alone; it shares no code with the client, so that neither hides the other's faults.
"""

import math
from dataclasses import dataclass

from solmux.sim.faults import Faults, GivingUp
from solmux.sim.transcript import Discard, Transcript

OVERRUN = 0x08
BREAK_DETECTED = 0x04
SHORTEST_RETRY = 0.01  # seconds; stands for "back to back", which is interval 0


@dataclass(slots=True)
class SolTimings:
    """The adjustable timings of SOL (SOL configuration parameters 3 and 4); seconds and characters.

    Attributes:
      accumulate_interval: how long the first character of a packet waits for more.
      send_threshold: characters that make a packet leave at once.
      retry_count: retransmissions.
      retry_interval: time between copies.
    """

    accumulate_interval: float = 0.015
    send_threshold: int = 170
    retry_count: int = 7
    retry_interval: float = 0.5


@dataclass(slots=True)
class Flight:
    """The packet sent and not yet acknowledged.

    Attributes:
      number: 1-15.
      data: its characters; a growing retransmission adds to them.
      flags: status bits of this packet alone (overrun, break).
      sent_at: when the last copy left; minus infinity to send another at once.
      suspended: the console took nothing of it and asked to wait.
    """

    number: int
    data: bytes
    flags: int
    sent_at: float
    suspended: bool = False


class SolOutput:
    """Takes characters from the host and decides what goes into the next packet.

    Attributes:
      flight: the unacknowledged packet, or none.
      paused: the console has deasserted CTS: nothing new is sent.
    """

    def __init__(self, faults: Faults, timings: SolTimings, transcript: Transcript | None) -> None:
        self.flight: Flight | None = None
        self.paused = False
        self._faults = faults
        self._timings = timings
        self._transcript = transcript
        self._backlog = bytearray()
        self._backlog_due = math.inf
        self._number = faults.first_number
        self._retries = 0
        self._busy = False
        self._silenced = False
        self._flags = 0
        self._settled = 0  # characters of all output that were acknowledged or given up
        self._sent = 0  # characters of all output that left in a packet at least once

    @property
    def pending(self) -> int:
        """Characters taken and neither acknowledged nor given up."""
        return len(self._backlog) + (len(self.flight.data) if self.flight else 0)

    @property
    def deadline(self) -> float:
        """When `poll` has something to send or to give up."""
        if self._silenced:
            return math.inf
        if self.flight is not None:
            return math.inf if self.flight.suspended else self.flight.sent_at + self._retry_interval()
        if self.paused:
            return math.inf
        if len(self._backlog) >= self._timings.send_threshold:
            return -math.inf
        return self._backlog_due

    def start(self) -> None:
        """Begin an activation."""
        if not self._faults.numbering_continues:
            self._number = self._faults.first_number
        self._retries = 0
        self._busy = self._silenced = self.paused = False
        self._flags = 0

    def stop(self, reason: str) -> None:
        """End an activation: what waits for the console is lost."""
        self._discard_everything(reason)

    def take(self, data: bytes, now: float) -> None:
        """Take characters that the host printed; those beyond the buffer are lost."""
        room = max(0, self._faults.output_buffer - self.pending)
        taken = data[:room]
        if len(taken) < len(data):
            self._note_overrun(len(data) - len(taken), len(taken))
        if not taken:
            return
        if not self._backlog:
            self._backlog_due = now + self._timings.accumulate_interval
        self._backlog += taken
        if self._transcript is not None:
            self._transcript.taken += taken

    def signal_break(self) -> None:
        """The host sent a BREAK: the next packet says so, at once."""
        self._flags |= BREAK_DETECTED
        self._backlog_due = -math.inf

    def flush(self) -> None:
        """The console asks to drop what has not reached it yet."""
        self._discard_everything("flushed by the console")

    def acknowledged(self, number: int, count: int, *, nack: bool) -> None:
        """Handle the ACK or NACK of *count* characters of packet *number* (table 15-3)."""
        if nack and self._faults.nack_silences:
            self._silenced = True
        flight = self.flight
        if flight is None or flight.number != number:
            return
        if count == 0 and flight.data:
            flight.suspended = nack
            flight.sent_at = math.inf if nack else -math.inf
            return
        if count < len(flight.data):
            if self._faults.whole_packet_after_partial_ack:
                flight.sent_at = -math.inf
                return
            self._backlog[:0] = flight.data[count:]
            self._backlog_due = -math.inf
        self._settle(min(count, len(flight.data)))
        self.flight = None
        self._busy = bool(self._backlog)

    def poll(self, now: float) -> Flight | None:
        """Return the packet to send at *now*, new or repeated."""
        if self._silenced:
            return None
        flight = self.flight
        if flight is not None:
            if flight.suspended or now < flight.sent_at + self._retry_interval():
                return None
            if self._retries < self._timings.retry_count or self._faults.giving_up is GivingUp.KEEP:
                self._repeat(flight, now)
                return flight
            self._give_up(flight)
        return self._next_packet(now)

    def _retry_interval(self) -> float:
        return max(SHORTEST_RETRY, self._timings.retry_interval)

    def _next_packet(self, now: float) -> Flight | None:
        if self.paused or not (self._backlog or self._flags & BREAK_DETECTED):
            return None
        if now < self._backlog_due and len(self._backlog) < self._timings.send_threshold:
            return None
        if not (self._faults.retries_add_up and self._busy):
            self._retries = 0
        flight = Flight(self._number, self._cut(self._faults.packet_characters), self._flags, now)
        self._number = self._number % 15 + 1
        self._flags = 0
        self._backlog_due = now + self._timings.accumulate_interval if self._backlog else math.inf
        self.flight = flight
        self._note_sent(len(flight.data))
        return flight

    def _repeat(self, flight: Flight, now: float) -> None:
        self._retries += 1
        if self._faults.growing_retransmissions:
            flight.data += self._cut(self._faults.packet_characters - len(flight.data))
            self._note_sent(len(flight.data))
        flight.sent_at = now

    def _cut(self, count: int) -> bytes:
        piece = bytes(self._backlog[:count])
        del self._backlog[:count]
        return piece

    def _give_up(self, flight: Flight) -> None:
        self._retries = 0
        if self._faults.reuses_number:
            self._number = flight.number
        if self._faults.giving_up is GivingUp.DISCARD_BUFFER:
            self._discard_everything("retransmissions used up")
        elif self._faults.giving_up is GivingUp.DISCARD_PACKET:
            self._land()
            self._discard(len(flight.data), "retransmissions used up")
        else:
            self._land()
            self._backlog_due = -math.inf
            if self._transcript is not None:
                self._transcript.renumbered.append((self._settled, len(flight.data)))
            return
        if self._faults.overrun_flag:
            self._flags |= OVERRUN

    def _land(self) -> None:
        """Put the characters in flight back at the head of the backlog."""
        if self.flight is not None:
            self._backlog[:0] = self.flight.data
            self.flight = None

    def _discard_everything(self, reason: str) -> None:
        self._land()
        self._discard(len(self._backlog), reason)

    def _discard(self, length: int, reason: str) -> None:
        """Throw away the first *length* characters of the backlog; nothing is in flight."""
        if length == 0:
            return
        if self._transcript is not None:
            sent = max(0, min(length, self._sent - self._settled))
            self._transcript.discards.append(Discard(self._settled, length, sent, reason))
        del self._backlog[:length]
        if not self._backlog:
            self._backlog_due = math.inf
        self._settle(length)

    def _settle(self, count: int) -> None:
        self._settled += count
        if self._transcript is not None:
            self._transcript.settled = self._settled

    def _note_sent(self, length: int) -> None:
        self._sent = max(self._sent, self._settled + length)
        if self._transcript is not None:
            self._transcript.sent = self._sent

    def _note_overrun(self, lost: int, taken: int) -> None:
        if self._faults.overrun_flag:
            self._flags |= OVERRUN
        if self._transcript is not None:
            self._transcript.overruns.append((len(self._transcript.taken) + taken, lost))
