"""The console's end of SOL: receiver and sender behind one door, payloads in and payloads out."""

from solmux.ipmi.counters import DropCounters, DropReason
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.events import Event
from solmux.ipmi.round_trip import RoundTrip
from solmux.ipmi.sol import SolPacket, Status, is_newer
from solmux.ipmi.sol_receiver import SolReceiver
from solmux.ipmi.sol_sender import SolSender

_DEACTIVATING = int(Status.DEACTIVATING)


class SolEndpoint:
    """SOL of one session, across its activations.

    Acknowledgements travel alone, never in a packet with characters: OpenBMC throws a packet away whole when
    it does not like the acknowledgement in it.

    Attributes:
      sender: takes what people type.
      newest: highest session number that arrived, in whatever packet; the owner keeps it up to date.
      deactivated: the BMC says that this activation is over.
    """

    __slots__ = ("_answers", "_counters", "_receiver", "_stopped_at", "deactivated", "newest", "sender")

    def __init__(
        self,
        events: list[Event],
        counters: DropCounters,
        round_trip: RoundTrip,
        *,
        ack0_means_all: bool = False,
        strict_next: bool = False,
    ) -> None:
        """Append what happens to *events*; nothing is sent before `start`, but packets are received.

        The quirks are those of `SolSender`.
        """
        self.newest = 0
        self._stopped_at = 0  # newest session number of an earlier activation, 0 for none
        self.deactivated = False
        self.sender = SolSender(events, round_trip, ack0_means_all=ack0_means_all, strict_next=strict_next)
        self._receiver = SolReceiver(events, round_trip)
        self._counters = counters
        self._answers: list[bytes] = []

    def start(self, inbound_size: int, first_number: int) -> None:
        """Begin to send: the activation is granted. See `SolSender.start`."""
        self.deactivated = False
        self.sender.start(inbound_size, first_number)

    def stop(self) -> None:
        """End the activation. Input is given up; what the BMC sent before now and comes later is dropped.

        Acknowledgements of what has come are still to be sent.
        """
        self._receiver.finish(self.newest)
        self.sender.stop()
        self._stopped_at = self.newest
        self.deactivated = False

    def receive(self, sequence: int, payload: bytes, now: float) -> None:
        """Take a SOL payload that came under session number *sequence*; malformed ones are counted."""
        try:
            packet = SolPacket.from_bytes(payload)
        except DecodeError:
            self._counters.count(DropReason.MALFORMED)
            return
        if packet.data and not packet.number:
            self._counters.count(DropReason.MALFORMED)  # characters under number 0; the rest is good
        answer = self._receiver.receive(sequence, packet, now)
        if answer is not None:
            self._answers.append(answer)
        if packet.acked:
            self.sender.acknowledged(packet, sequence, now)
        if packet.flags & _DEACTIVATING and (not self._stopped_at or is_newer(sequence, self._stopped_at)):
            self.deactivated = True

    def handle_timer(self, now: float) -> None:
        """Do what is due at *now*."""
        self.sender.handle_timer(now)

    def answers_to_send(self) -> list[bytes]:
        """Return the acknowledgements that are due; they want no answer."""
        answers = self._answers
        if answers:
            self._answers = []
        return answers

    def payload_to_send(self, now: float) -> bytes | None:
        """Return the packet of input that is due at *now*, if any; the BMC is to acknowledge it."""
        return self.sender.payload_to_send(self.newest, now)
