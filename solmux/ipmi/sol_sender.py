"""The half of SOL that carries what people type: in order, each character once, and never lost in silence."""

import math
from dataclasses import dataclass

from solmux.ipmi.events import Event
from solmux.ipmi.input_queue import InputQueue
from solmux.ipmi.round_trip import RoundTrip
from solmux.ipmi.sol import (
    HEADER_LENGTH,
    LAST_NUMBER,
    MOST_CHARACTERS,
    Operation,
    SolPacket,
    Status,
    is_newer,
    next_number,
)
from solmux.ipmi.sol_walk import Walk

RETRY_INTERVALS: tuple[float, ...] = (0.5, 1.0, 1.0, 2.0, 1.0)
"""Seconds after each copy of a packet (T1); after the last one the sender is stalled (T3)."""
ROUNDS = 3
"""Rounds of copies for a BMC that answers everything else: so many losses in a row are no accident."""
OPENING_INTERVALS: tuple[float, ...] = (0.5, 0.5)
HOLD_OFF = 0.2
"""Seconds (T2) from the last copy of a repeated packet to the next packet, at least. A late copy behind the
next packet is new text to a BMC that remembers one number only. So the wait is as long as the answer took,
which may be the delay of the first copy, or as twice the slowest round trip."""
HOLD_OFF_LIMIT = 1.0  # seconds; an answer that took longer had several copies lost
DOUBLED_TIME = 60.0  # seconds for which a network is held to double packets that did so once
WALK_INTERVAL = 0.5
REFUSED_PAUSE = 0.5  # seconds after a packet of which nothing was taken, without NACK
NACK_PAUSE = 1.0
UNAVAILABLE_PAUSE = 5.0
FIRST_LIMIT = 64  # characters per packet, whatever the BMC says it takes; grows while pastes go well
SMALLEST_LIMIT = 16


@dataclass(slots=True)
class _Flight:
    """The packet that waits for its acknowledgement.

    Attributes:
      packet: as sent; retransmissions are the same bytes.
      heard: session number of the newest packet of the BMC when it was first sent; an answer is newer.
      is_opening: an empty packet that begins an activation.
      sends: copies sent so far.
      round: rounds of `RETRY_INTERVALS` begun.
      first_sent, last_sent: seconds.
    """

    packet: SolPacket
    heard: int
    is_opening: bool
    sends: int = 0
    round: int = 1
    first_sent: float = 0.0
    last_sent: float = 0.0

    @property
    def is_break(self) -> bool:
        return bool(self.packet.flags & Operation.BREAK)


class SolSender:
    """Sends input over one session, across its activations: stop and wait, copies under T1, T2 and T3.

    An activation begins with an empty packet. Its answer shows that the BMC is in step: one that takes only
    the number 1 first does not answer another, and some take a first number for a repetition that they have
    seen at the end of an earlier session. No character is at stake in either case.

    Attributes:
      deadline: when `handle_timer` has work, in seconds; `math.inf` for never.
      stalled: all copies of a round went unanswered; `persist`, `stop` or a late answer ends it.
      last_number: the last SOL number used, 0 before the first.
      queue: what waits, what is in flight included.
    """

    def __init__(
        self,
        events: list[Event],
        round_trip: RoundTrip,
        *,
        ack0_means_all: bool = False,
        strict_next: bool = False,
    ) -> None:
        """Make a sender without an activation; it queues what is typed all the same.

        Args:
          events: what becomes of input is appended to it.
          ack0_means_all: an answer "0 characters" without NACK means all of them (quirk).
          strict_next: the BMC takes only the next number, from 1, and answers no number again (quirk).
        """
        self.deadline = math.inf
        self.stalled = False
        self.last_number = 0
        self.queue = InputQueue(events)
        self._round_trip = round_trip
        self._ack0_means_all = ack0_means_all
        self._strict_next = strict_next
        self._active = False
        self._flight: _Flight | None = None
        self._walk: Walk | None = None
        self._due: bytes | None = None  # a copy or a step of a walk
        self._openings: list[int] = []
        self._answers_empty = True
        self._first_number = 1
        self._done_number = 0
        self._blocked_until = -math.inf
        self._hold_until = -math.inf
        self._doubled_until = -math.inf
        self._most = MOST_CHARACTERS
        self._limit = FIRST_LIMIT

    @property
    def awaits_ack(self) -> bool:
        """Whether the BMC's next packet may be an answer somebody waits for."""
        return self._flight is not None

    @property
    def is_walking(self) -> bool:
        """Whether numbers are being tried since a stall."""
        return self._walk is not None

    def start(self, inbound_size: int, first_number: int) -> None:
        """Begin an activation.

        Args:
          inbound_size: largest SOL payload the BMC takes, 5-259.
          first_number: number to begin with, 1-15; 1 is tried too if the BMC does not answer to it.
        """
        self._active = True
        self._most = min(inbound_size - HEADER_LENGTH, MOST_CHARACTERS)
        self._limit = min(FIRST_LIMIT, self._most)
        self._first_number = 1 if self._strict_next else first_number
        self._openings = [self._first_number] if self._first_number == 1 else [first_number, 1]
        self._answers_empty = True
        self._done_number = 0
        self._blocked_until = self._hold_until = -math.inf
        self._reckon()

    def stop(self) -> None:
        """End the activation: what is in flight or waiting is given up."""
        self._active = False
        self._land()
        self._openings.clear()
        self.queue.abandon()
        self._reckon()

    def add(self, data: bytes, input_id: int) -> None:
        """Queue *data*."""
        self.queue.add(data, input_id)
        self._reckon()

    def add_break(self, input_id: int) -> None:
        """Queue a BREAK."""
        self.queue.add_break(input_id)
        self._reckon()

    def network_doubles(self, now: float) -> None:
        """Take notice that a datagram came twice: ours may, too, and several BMCs take them twice.

        For a while every packet is followed by the hold-off, like a repeated one.
        """
        self._doubled_until = now + DOUBLED_TIME

    def payload_to_send(self, heard: int, now: float) -> bytes | None:
        """Return the SOL payload due at *now*, a copy or a new packet, if any.

        Args:
          heard: session number of the newest packet of the BMC.
        """
        if self._due is not None:
            payload, self._due = self._due, None
            return payload
        if self._flight is not None or self.stalled or not self._active:
            return None
        if now < self._blocked_until or now < self._hold_until:
            return None
        packet = self._next_packet()
        if packet is None:
            return None
        self.last_number = packet.number
        self._flight = flight = _Flight(packet, heard, bool(self._openings))
        flight.first_sent = now
        self._count_copy(flight, now)
        return packet.to_bytes()

    def handle_timer(self, now: float) -> None:
        """Prepare the next copy, number or step of a walk that is due, or stall."""
        flight = self._flight
        if flight is None or now < self.deadline:
            return
        if self._walk is not None:
            self._take_step(flight, now)
        elif flight.is_opening and not self._strict_next:
            if flight.sends < len(OPENING_INTERVALS):
                self._repeat(flight, now)
            else:
                self._next_opening()
        elif flight.is_break and not self._answers_empty:
            # A BREAK is an empty packet, too: nobody will know, and copies might be BREAKs of their own.
            self.queue.finish_break(accepted=False)
            self._land()
            self._reckon()
        elif flight.sends < flight.round * len(RETRY_INTERVALS):
            self._repeat(flight, now)
        else:
            self.stalled = True
            self.deadline = math.inf

    def persist(self) -> bool:
        """Answer a stall, since the BMC answers all else: another round of copies, or a walk, is due at once.

        Returns:
          False if there is nothing left to try.
        """
        flight = self._flight
        if flight is None or flight.round >= (2 if self._strict_next else ROUNDS):
            return False
        flight.round += 1
        self.stalled = False
        if self._strict_next:
            self._walk = Walk()
        self.deadline = -math.inf
        return True

    def acknowledged(self, packet: SolPacket, sequence: int, now: float) -> None:
        """Take the acknowledgement that *packet*, which came under session number *sequence*, carries."""
        flight = self._flight
        number = packet.acked
        if flight is not None and is_newer(sequence, flight.heard):
            if self._walk is not None:
                step = (number - flight.packet.number) % LAST_NUMBER
                if not self._walk.acknowledged(step):
                    return
                if step:
                    self._finish(flight, len(flight.packet.data), packet.flags & ~Status.NACK, now)
                    self.last_number = number
                    return
            if number == flight.packet.number:
                self._finish(flight, packet.accepted, packet.flags, now)
                return
        if number == self._done_number and not packet.flags & Status.NACK:
            self._blocked_until = -math.inf  # it had sent a NACK and is ready again
            self._reckon()

    def _next_packet(self) -> SolPacket | None:
        """Number the next packet and take its contents from the queue."""
        if self._openings:
            return SolPacket(self._openings[0])
        if not self.queue:
            return None
        number = next_number(self.last_number)
        if self.queue.break_is_next:
            return SolPacket(number, flags=Operation.BREAK)
        return SolPacket(number, data=self.queue.take(self._limit))

    def _next_opening(self) -> None:
        """Nobody answered the empty packet: try the next number, or do without."""
        self._land()
        del self._openings[0]
        if not self._openings:
            self._answers_empty = False
            # Go on as if the first one had been answered; but not with the 1 that was just used.
            self.last_number = self._first_number % LAST_NUMBER or 1
        self._reckon()

    def _repeat(self, flight: _Flight, now: float) -> None:
        self._due = flight.packet.to_bytes()
        self._count_copy(flight, now)

    def _count_copy(self, flight: _Flight, now: float) -> None:
        intervals = RETRY_INTERVALS
        if flight.is_opening and not self._strict_next:
            intervals = OPENING_INTERVALS
        self.deadline = now + self._round_trip.at_least(intervals[flight.sends % len(intervals)])
        flight.sends += 1
        flight.last_sent = now

    def _take_step(self, flight: _Flight, now: float) -> None:
        """Send the next number of the walk, or stall for good."""
        assert self._walk is not None
        step = self._walk.step()
        if step is None:
            if self._walk.passed:
                self._finish(flight, len(flight.packet.data), 0, now)
            self._walk = None
            self.stalled = True
            self.deadline = math.inf
            return
        if step == 0:
            self._due = flight.packet.to_bytes()
        else:
            self._due = SolPacket(next_number(flight.packet.number, step)).to_bytes()
        flight.sends += 1
        flight.last_sent = now
        self.deadline = now + self._round_trip.at_least(WALK_INTERVAL)

    def _finish(self, flight: _Flight, accepted: int, flags: int, now: float) -> None:
        """The BMC has answered: settle what it took, put the rest back, and say when the next may go."""
        nack = bool(flags & Status.NACK)
        data = flight.packet.data
        taken = now - flight.first_sent
        self._round_trip.observe(taken, now - flight.last_sent)
        if flight.sends > 1 or now < self._doubled_until:
            hold_off = max(HOLD_OFF, min(taken, HOLD_OFF_LIMIT), 2 * self._round_trip.slowest)
            self._hold_until = flight.last_sent + hold_off
        if flight.is_opening:
            self._openings.clear()
        elif flight.is_break:
            # Some BMCs set NACK together with the BREAK bit and mean no refusal.
            self.queue.finish_break(accepted=not nack or bool(flags & Status.BREAK))
        elif data:
            if not accepted and not nack and self._ack0_means_all:
                accepted = len(data)
            accepted = min(accepted, len(data))
            self.queue.give_back(data[accepted:])
            self.queue.accept(accepted)
            self._adapt(accepted, len(data))
            if not accepted:
                self._blocked_until = now + REFUSED_PAUSE
        if nack:
            pause = UNAVAILABLE_PAUSE if flags & Status.UNAVAILABLE else NACK_PAUSE
            self._blocked_until = now + pause
        self._done_number = flight.packet.number
        self._land()
        self._reckon()

    def _adapt(self, accepted: int, sent: int) -> None:
        """Send more at once while a paste goes well, and less when the BMC could not take it all."""
        if accepted < sent:
            self._limit = min(max(accepted, SMALLEST_LIMIT), self._most)
        elif self.queue.waiting > self._limit:
            self._limit = min(2 * self._limit, self._most)

    def _land(self) -> None:
        self._flight = self._walk = self._due = None
        self.stalled = False

    def _reckon(self) -> None:
        """Set the deadline after anything but a timer has changed it."""
        if self._flight is not None:
            return
        if self._active and (self._openings or self.queue):
            self.deadline = max(self._blocked_until, self._hold_until)
        else:
            self.deadline = math.inf
