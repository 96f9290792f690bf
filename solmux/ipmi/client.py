"""A remote console's whole conversation with one BMC: login, SOL, commands, keepalive, close. No I/O.

Datagrams, input and time go in; events and datagrams come out. The owner handles the events before it sends
the datagrams: these acknowledge what the events hold.
"""

import math
from enum import StrEnum

from solmux.ipmi.counters import DropCounters, DropReason
from solmux.ipmi.crypto import Entropy
from solmux.ipmi.events import Closed, CloseReason, CommandFailed, Event, InputUnknown
from solmux.ipmi.handshake import Failed, Handshake
from solmux.ipmi.message import Request
from solmux.ipmi.session import Session
from solmux.ipmi.settings import ClientSettings

__all__ = ["Client", "ClientSettings", "ClientState"]


class ClientState(StrEnum):
    """What a client is doing."""

    IDLE = "idle"
    HANDSHAKE = "handshake"
    ACTIVATING = "activating"
    """Logged in; privilege and SOL are being set up, or SOL anew."""
    ACTIVE = "active"
    CLOSING = "closing"
    CLOSED = "closed"


class Client:
    """One attempt at one BMC, from `start` to the event `Closed`; then it is of no more use.

    `receive_datagram` takes any bytes: what is not from the BMC, damaged, old or malformed is dropped and
    counted. Every input ends in `InputAccepted` or `InputUnknown`, in the order it was given, at the latest
    right before `Closed`; and every command in `CommandAnswered` or `CommandFailed`.

    Attributes:
      deadline: earliest time, in monotonic seconds, at which `handle_timer` has work; `math.inf` for never.
        Kept current after every call.
      counters: datagrams dropped, by reason.
    """

    def __init__(self, settings: ClientSettings, entropy: Entropy) -> None:
        self.deadline = math.inf
        self.counters = DropCounters()
        self._settings = settings
        self._entropy = entropy
        self._events: list[Event] = []
        self._handshake: Handshake | None = None
        self._session: Session | None = None
        self._last_datagrams: list[bytes] = []  # of a login that failed
        self._closed = False
        self._last_ticket = 0

    @property
    def state(self) -> ClientState:
        """What the client is doing."""
        if self._session is not None:
            return ClientState(self._session.state)
        if self._closed:
            return ClientState.CLOSED
        return ClientState.IDLE if self._handshake is None else ClientState.HANDSHAKE

    @property
    def input_pending(self) -> int:
        """Characters given to `send_input` that the BMC has not acknowledged."""
        return self._session.sol.sender.queue.characters if self._session is not None else 0

    @property
    def last_sol_sequence(self) -> int:
        """Last SOL number used towards this BMC, 0 for none: the next session should begin elsewhere."""
        return self._session.sol.sender.last_number if self._session is not None else 0

    def awaits_ack(self) -> bool:
        """Tell whether input is on its way to the BMC, so that its next datagram is worth waking up for."""
        return self._session is not None and self._session.sol.sender.awaits_ack

    def start(self, now: float) -> None:
        """Begin to log in."""
        settings = self._settings
        self._handshake = Handshake(
            settings.credentials,
            entropy=self._entropy,
            counters=self.counters,
            suites=settings.suites,
            privilege=settings.level,
            privilege_fallback=settings.falls_back,
            quirks=settings.quirks,
            ask_cipher_suites=settings.ask_cipher_suites,
        )
        self._handshake.start(now)
        self._after_handshake(now)

    def receive_datagram(self, datagram: bytes, now: float) -> None:
        """Take a datagram from the BMC's address; never raises."""
        session = self._session
        if session is not None:
            session.receive_datagram(datagram, now)
            self.deadline = session.deadline
        elif self._handshake is not None:
            self._handshake.receive_datagram(datagram, now)
            self._after_handshake(now)
        else:
            self.counters.count(DropReason.UNEXPECTED)

    def handle_timer(self, now: float) -> None:
        """Do what is due at *now*."""
        session = self._session
        if session is not None:
            session.handle_timer(now)
            self.deadline = session.deadline
        elif self._handshake is not None:
            self._handshake.handle_timer(now)
            self._after_handshake(now)

    def events(self) -> list[Event]:
        """Return what happened since the last call, in order; to be handled before anything is sent."""
        events = self._events[:]
        self._events.clear()  # the same list serves the session and its parts
        return events

    def datagrams_to_send(self, now: float) -> list[bytes]:
        """Return the datagrams that are due at *now*; they are not returned again."""
        session = self._session
        if session is not None:
            datagrams = session.datagrams_to_send(now)
            self.deadline = session.deadline
            return datagrams
        if self._handshake is not None:
            return self._handshake.datagrams_to_send(now)
        datagrams, self._last_datagrams = self._last_datagrams, []
        return datagrams

    def send_input(self, data: bytes, input_id: int, now: float) -> None:  # noqa: ARG002 - time is in every door
        """Queue characters for the host. Without SOL they are refused at once, as `InputUnknown`."""
        session = self._session
        if session is None or not session.takes_input:
            self._events.append(InputUnknown(input_id, len(data)))
            return
        session.send_input(data, input_id)
        self.deadline = session.deadline

    def send_break(self, input_id: int, now: float) -> None:  # noqa: ARG002 - time is in every door
        """Queue a serial BREAK behind what has been typed so far."""
        session = self._session
        if session is None or not session.takes_input:
            self._events.append(InputUnknown(input_id, 0))
            return
        session.send_break(input_id)
        self.deadline = session.deadline

    def request(self, request: Request, now: float, *, repeat: bool = True) -> int:
        """Send a command over this session, behind those already waiting; returns the ticket of its result.

        Args:
          repeat: send it again when no answer comes. False for what must not happen twice; power commands are
            never repeated.
        """
        self._last_ticket += 1
        session = self._session
        if session is None or self.state not in (ClientState.ACTIVATING, ClientState.ACTIVE):
            self._events.append(CommandFailed(self._last_ticket, "no session with the BMC"))
        else:
            session.request(request, self._last_ticket, now, repeat=repeat)
            self.deadline = session.deadline
        return self._last_ticket

    def close(self, now: float) -> None:
        """End in order: deactivate SOL if it is ours, close the session; `Closed` comes within a second."""
        if self._session is not None:
            self._session.close(now)
            self.deadline = self._session.deadline
        elif not self._closed:
            self._end(Closed(CloseReason.REQUESTED, "closed", retryable=True))

    def _after_handshake(self, now: float) -> None:
        """See how the login stands."""
        handshake = self._handshake
        assert handshake is not None
        outcome = handshake.outcome
        if outcome is None:
            self.deadline = math.inf if handshake.deadline is None else handshake.deadline
            return
        if isinstance(outcome, Failed):
            self._last_datagrams = handshake.datagrams_to_send(now)
            self._end(Closed(outcome.reason, outcome.text, outcome.retryable, outcome.minimum_delay))
            return
        self._handshake = None
        self._session = session = Session(
            outcome, self._settings, events=self._events, counters=self.counters, entropy=self._entropy
        )
        session.start(now)
        self.deadline = session.deadline

    def _end(self, closed: Closed) -> None:
        self._handshake = None
        self._closed = True
        self.deadline = math.inf
        self._events.append(closed)
