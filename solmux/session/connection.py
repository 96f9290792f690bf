"""One attempt at one BMC: a client, its socket, and the events between them and the console."""

import math
from collections.abc import Callable
from typing import Protocol

import trio

from solmux.ipmi import events
from solmux.ipmi.client import Client
from solmux.transport.socket import UdpSocket


class Sink(Protocol):
    """What a session tells its console. Called on the loop; nothing here waits."""

    def output(self, data: bytes) -> None:
        """Characters the host printed; they are kept when this returns, their ACK follows."""

    def late_output(self, data: bytes) -> None:
        """Characters that newer ones overtook on the way: they belong into a gap reported before."""

    def activating(self, managed_system_session_id: int) -> None:
        """An Activate Payload is about to leave in this session: an orphan of ours if we die now."""

    def activated(self) -> None:
        """SOL is up: from here on every character reaches `output`."""

    def overrun(self) -> None:
        """The BMC says that it lost characters before the next ones."""

    def output_gap(self, packets: int) -> None:
        """SOL numbers jumped: up to *packets* packets were thrown away by the BMC."""

    def break_detected(self) -> None:
        """The host sent a BREAK."""

    def host_unavailable(self, unavailable: bool) -> None:
        """The BMC says that the host takes no characters (powered off), or takes them again."""

    def input_accepted(self, input_id: int, last_sol_sequence: int) -> None:
        """Input *input_id* reached the BMC."""

    def input_unknown(self, input_id: int, characters: int) -> None:
        """*characters* of input *input_id* may or may not have reached the BMC."""


class Connection:
    """A `transport.hub.Receiver`: drives *client* over *socket* and hands its events to *sink*.

    `closed` is the event that ended it and `finished` is set with it; `settled` once the login is through.
    """

    def __init__(
        self, client: Client, socket: UdpSocket, sink: Sink, on_progress: Callable[[events.Event], None]
    ) -> None:
        self.client = client
        self.socket = socket
        self.closed: events.Closed | None = None
        self.error: Exception | None = None
        self.finished = trio.Event()
        self.settled = trio.Event()  # logged in or ended: no longer a handshake in flight
        self.active = False
        self.last_received = -math.inf  # monotonic seconds of the last datagram
        self._sink = sink
        self._on_progress = on_progress

    @property
    def deadline(self) -> float:
        """When the client's next timer is due."""
        return self.client.deadline

    @property
    def answered(self) -> bool:
        """Whether the BMC has sent anything."""
        return self.last_received > -math.inf

    def receive_datagram(self, datagram: bytes, now: float) -> None:
        """Take one datagram of the BMC."""
        self.last_received = now
        self.client.receive_datagram(datagram, now)

    def handle_timer(self, now: float) -> None:
        """Let the client do what is due."""
        self.client.handle_timer(now)

    def flush(self, now: float) -> None:
        """Hand events over first, so that characters are kept before their ACK leaves; then send."""
        client = self.client
        for event in client.events():
            if type(event) is events.Output:
                self._sink.output(event.data)
            else:
                self._dispatch(event)
        for datagram in client.datagrams_to_send(now):
            self.socket.send(datagram)

    def crashed(self, error: Exception) -> None:
        """Give up after an internal error; the keeper starts anew."""
        self.error = error
        self._end()

    def _dispatch(self, event: events.Event) -> None:
        sink = self._sink
        match event:
            case events.InputAccepted(input_id):
                sink.input_accepted(input_id, self.client.last_sol_sequence)
            case events.InputUnknown(input_id, characters):
                sink.input_unknown(input_id, characters)
            case events.Overrun():
                sink.overrun()
            case events.OutputGap(packets):
                sink.output_gap(packets)
            case events.LateOutput(data):
                sink.late_output(data)
            case events.BreakDetected():
                sink.break_detected()
            case events.HostUnavailable(unavailable):
                sink.host_unavailable(unavailable)
            case events.SolActivating(managed_system_session_id):
                sink.activating(managed_system_session_id)
            case events.SolActivated():
                self.active = True
                sink.activated()
                self._on_progress(event)
            case events.Closed():
                self.closed = event
                self._end()
            case _:
                if isinstance(event, events.SessionEstablished):
                    self.settled.set()
                self._on_progress(event)

    def _end(self) -> None:
        self.active = False
        self.settled.set()
        self.finished.set()
