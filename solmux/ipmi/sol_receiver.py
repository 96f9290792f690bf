"""The half of SOL that takes what the host prints: each character once, each packet acknowledged at once."""

from solmux.ipmi.events import BreakDetected, Event, HostUnavailable, LateOutput, Output, OutputGap, Overrun
from solmux.ipmi.round_trip import RoundTrip
from solmux.ipmi.sol import (
    LAST_NUMBER,
    MOST_CHARACTERS,
    History,
    SolPacket,
    Status,
    is_copy,
    is_newer,
    next_number,
    take,
)

SETTLE_TIME = 2.0
"""Seconds after which an acknowledgement is no longer on its way; longer where round trips are."""
UNHEEDED_ACKNOWLEDGEMENTS = 3
"""So many settled ones for one number say that the BMC does not want them."""
QUICK_REPEAT = 0.02
"""Seconds. A grown copy that soon after an acknowledgement may be the BMC's answer to it."""
MISSING_TIME = 5.0
"""Seconds for which a number that was left out may still bring its characters."""

# Plain integers: they are used for each packet, and an `IntFlag` would cost as much as all the rest.
_UNAVAILABLE = int(Status.UNAVAILABLE)
_OVERRUN = int(Status.OVERRUN)
_BREAK = int(Status.BREAK)


class SolReceiver:
    """Receives the SOL packets of one session, across its activations.

    Relies on the session's window: the same datagram never gets here twice. A retransmission does, as the
    same SOL number under another session number; `solmux.ipmi.sol.take` says what it brings.
    """

    __slots__ = (
        "_acknowledged_at",
        "_events",
        "_flags",
        "_history",
        "_host_unavailable",
        "_last_acknowledged_at",
        "_missing",
        "_newest",
        "_round_trip",
    )

    def __init__(self, events: list[Event], round_trip: RoundTrip) -> None:
        """Append what happens to *events*, in order."""
        self._events = events
        self._round_trip = round_trip
        self._history = History()
        self._newest: int | None = None  # session number of the newest packet that had a SOL number
        self._flags = 0  # status bits seen on copies of the last packet
        self._acknowledged_at: list[float] = []  # the first few acknowledgements of the last packet
        self._last_acknowledged_at = 0.0
        self._missing: dict[int, float] = {}  # number left out -> until when it may still come
        self._host_unavailable = False

    def finish(self, newest_sequence: int) -> None:
        """End the activation; in the next one any number may come first.

        Args:
          newest_sequence: highest session number that has arrived; what was sent before it and comes later
            belongs to the activation before, and is dropped.
        """
        if self._history.held:
            self._events.append(Output(self._history.held))
        self._history = History()
        self._newest = newest_sequence
        self._missing.clear()

    def receive(self, sequence: int, packet: SolPacket, now: float) -> bytes | None:
        """Take *packet*, which came under session number *sequence*; return the payload that answers it.

        The answer must not leave before the events were handled: they hold the characters it acknowledges.
        """
        number = packet.number
        if not number:
            self._note(packet.flags)
            return None
        newest = self._newest
        if newest is not None and is_newer(newest, sequence):
            self._take_late(packet, now)
            return None
        self._newest = sequence
        data = packet.data[:MOST_CHARACTERS]  # what is beyond cannot be acknowledged: the BMC sends it again
        history = self._history
        if number == history.number:
            if is_copy(data, history.taken):
                return self._take_copy(packet, data, now)
            if newest is not None and (sequence - newest) & 0xFFFFFFFF >= LAST_NUMBER:
                self._events.append(OutputGap(LAST_NUMBER - 1))
        elif history.number and number != history.number % LAST_NUMBER + 1:
            self._note_gap(history.number, number, now)
        if packet.flags or self._host_unavailable:
            self._note(packet.flags)
        self._flags = packet.flags
        if self._missing:
            self._missing.pop(number, None)
            if history.held:  # delivered now; it was what the number behind the last one had first
                self._missing.pop(next_number(history.number), None)
        return self._take(number, data, history, now)

    def _take(self, number: int, data: bytes, history: History, now: float) -> bytes:
        """Deliver what *data* brings and start counting acknowledgements anew."""
        new, accepted = take(number, data, history)
        held = history.held
        self._history = History(number, data, held[len(data) :] if held.startswith(data) else b"")
        self._acknowledged_at = [now]
        self._last_acknowledged_at = now
        if new:
            self._events.append(Output(new))
        return bytes((0, number, accepted, 0))

    def _take_copy(self, packet: SolPacket, data: bytes, now: float) -> bytes | None:
        """Answer another copy of the last packet, which may have grown.

        A copy that has not grown is always answered. A grown one means either that our acknowledgement is
        late or lost, or that the BMC does not want an acknowledgement of less than the whole. The second
        needs proof, since a wrong guess repeats text: several acknowledgements that had all the time to
        arrive, and none on its way any more.
        """
        self._note(packet.flags & (~self._flags | _UNAVAILABLE))
        self._flags |= packet.flags
        history = self._history
        since_last = now - self._last_acknowledged_at
        if len(data) > len(history.taken):
            if len(data) > len(history.taken) + len(history.held):
                self._history = history = history._replace(held=data[len(history.taken) :])
            first = self._acknowledged_at
            settle_time = max(SETTLE_TIME, 2 * self._round_trip.slowest)
            if len(first) == UNHEEDED_ACKNOWLEDGEMENTS and now - first[-1] >= settle_time:
                if since_last < settle_time:
                    return None
                return self._take(packet.number, data, history._replace(unheeded=True), now)
            if since_last < QUICK_REPEAT:
                return None  # two such ends would keep a network busy for ever
        _, accepted = take(packet.number, data, history)
        if len(self._acknowledged_at) < UNHEEDED_ACKNOWLEDGEMENTS:
            self._acknowledged_at.append(now)
        self._last_acknowledged_at = now
        return bytes((0, packet.number, accepted, 0))

    def _take_late(self, packet: SolPacket, now: float) -> None:
        """Deliver a packet that a newer one overtook, if its number was left out; else it is an old copy.

        The BMC has given it up, or there would be no newer one: it is not acknowledged.
        """
        if now <= self._missing.pop(packet.number, now - 1.0) and packet.data:
            self._events.append(LateOutput(packet.data[:MOST_CHARACTERS]))

    def _note_gap(self, last: int, number: int, now: float) -> None:
        """Report the numbers between *last* and *number*, and remember them for a while."""
        packets = (number - last - 1) % LAST_NUMBER
        self._events.append(OutputGap(packets))
        self._missing = {next_number(last, step): now + MISSING_TIME for step in range(1, packets + 1)}

    def _note(self, flags: int) -> None:
        """Report what status bits say; the host's availability only when it changes."""
        unavailable = bool(flags & _UNAVAILABLE)
        if unavailable is not self._host_unavailable:
            self._host_unavailable = unavailable
            self._events.append(HostUnavailable(unavailable))
        if flags & _OVERRUN:
            self._events.append(Overrun())
        if flags & _BREAK:
            self._events.append(BreakDetected())
