"""One session from the end of the login to its close: privilege, SOL, commands, keepalive. No I/O."""

import math
from enum import StrEnum

from solmux.ipmi.activation import NO_ANSWER, Activated, Refused, activate, describe_holder, raise_privilege
from solmux.ipmi.commands import ChassisControl, CloseSession, DeactivatePayload
from solmux.ipmi.counters import DropCounters, DropReason
from solmux.ipmi.crypto import Entropy
from solmux.ipmi.events import (
    Closed,
    CloseReason,
    CommandAnswered,
    CommandFailed,
    Event,
    SessionEstablished,
    SolActivated,
    SolActivating,
    SolHeld,
    SolLost,
    SolTaken,
)
from solmux.ipmi.exchange import COMMAND_SCHEDULE, SEND_ONCE, Answer, CommandChannel
from solmux.ipmi.handshake import Established
from solmux.ipmi.keepalive import Keepalive, Verdict
from solmux.ipmi.message import NetFunction, Request, Response
from solmux.ipmi.packet import PayloadType, SecureChannel
from solmux.ipmi.procedure import PERSISTENT, Ask, Procedure, Runner
from solmux.ipmi.quirks import Quirk
from solmux.ipmi.round_trip import RoundTrip
from solmux.ipmi.settings import ClientSettings
from solmux.ipmi.sol import is_newer, next_number
from solmux.ipmi.sol_endpoint import SolEndpoint

UNANSWERED_LIMIT = 7
"""Datagrams in a row without a word from the BMC, then nothing more is sent: after 8 lost ones the session
number window of a narrow BMC would shut us out for good."""
_STALL_SCHEDULE = (1.0, 1.0)  # seconds; input is waiting
_HELD_DELAY = 30.0
_WALK_SENDS = 4  # unanswered steps of a walk after which the BMC is asked whether it lives
_SOL_ACTIVATING = (NetFunction.TRANSPORT, 0x20)

_IPMI = int(PayloadType.IPMI)  # plain integers are compared faster, once per packet
_SOL = int(PayloadType.SOL)


class SessionState(StrEnum):
    """Where a session is; the client's state from the login on."""

    ACTIVATING = "activating"
    ACTIVE = "active"
    CLOSING = "closing"
    CLOSED = "closed"


class Session:
    """A session that the login has established.

    Attributes:
      state: see there.
      deadline: when `handle_timer` has work, in seconds; `math.inf` for never.
      sol: the SOL endpoint; input is queued there while the session is up.
    """

    def __init__(
        self,
        established: Established,
        settings: ClientSettings,
        *,
        events: list[Event],
        counters: DropCounters,
        entropy: Entropy,
    ) -> None:
        quirks = settings.quirks
        self.state = SessionState.ACTIVATING
        self.deadline = math.inf
        self._established = established
        self._settings = settings
        self._events = events
        self._counters = counters
        self._channel: SecureChannel = established.channel
        self._round_trip = RoundTrip()
        self.sol = SolEndpoint(
            events,
            counters,
            self._round_trip,
            ack0_means_all=Quirk.ACK0_MEANS_ALL in quirks,
            strict_next=Quirk.STRICT_NEXT in quirks,
        )
        self._sender = self.sol.sender
        self._commands = CommandChannel(counters, verify_checksums=Quirk.NOCHECKSUMCHECK not in quirks)
        self._runner = Runner(self._commands, self._round_trip)
        self._keepalive = Keepalive(
            entropy,
            settings.keepalive_interval,
            established.managed_system_session_id,
            established.remote_console_session_id,
        )
        self._tickets: dict[int, int] = {}  # of the command channel -> of the owner
        self._has_sol = False  # SOL packets are ours to take
        self._unanswered = 0
        self._duplicates = 0  # datagrams dropped for that reason so far
        self._last_heard = 0.0
        self._question = b""  # the message in flight, and when its first and last copy left
        self._asked_first = self._asked_last = 0.0

    @property
    def takes_input(self) -> bool:
        """Whether input may be queued."""
        return self._settings.activate_sol and self.state in (SessionState.ACTIVATING, SessionState.ACTIVE)

    def start(self, now: float) -> None:
        """Begin to set up what the settings ask for."""
        self._runner.run(self._set_up(), now)
        self._reckon()

    # Doors of the client

    def receive_datagram(self, datagram: bytes, now: float) -> None:
        """Take a datagram from the BMC; what is not authentic, new and well-formed is dropped and counted."""
        opened = self._channel.open(datagram)
        if opened is None:
            self._note_drop(now)
            return
        self._unanswered = 0
        self._last_heard = now
        payload_type, sequence, payload = opened
        sol = self.sol
        if is_newer(sequence, sol.newest) or not sol.newest:
            sol.newest = sequence
        if payload_type == _SOL and self._has_sol:
            deadline = self._sender.deadline
            sol.receive(sequence, payload, now)
            if sol.deactivated and self.state is SessionState.ACTIVE:
                self._runner.run(
                    self._lose("the BMC ends SOL: another session took it, or it was stopped"), now
                )
            elif self._sender.deadline == deadline:
                return  # an ordinary packet of output: no timer has changed
        elif payload_type == _IPMI:
            self._receive_message(payload, now)
        else:
            self._counters.count(DropReason.UNEXPECTED)
        self._reckon()

    def handle_timer(self, now: float) -> None:
        """Do what is due at *now*."""
        given_up = self._commands.handle_timer(now)
        if given_up is not None:
            self._dispatch(given_up.ticket, None, now)
        self._runner.handle_timer(now)
        if self.state is SessionState.ACTIVE:
            self.sol.handle_timer(now)
            self._attend(now)
        self._reckon()

    def datagrams_to_send(self, now: float) -> list[bytes]:
        """Return the datagrams that are due, sealed; the events so far must have been handled."""
        if self.state is SessionState.CLOSED:
            return []
        seal = self._channel.seal
        datagrams = [seal(_SOL, answer) for answer in self.sol.answers_to_send()]
        messages = self._commands.messages_to_send()
        payload = self.sol.payload_to_send(now) if self.state is SessionState.ACTIVE else None
        for message in messages:
            self._note_sending(message, now)
            if self._may_send():
                datagrams.append(seal(_IPMI, message))
        if payload is not None and self._may_send():
            datagrams.append(seal(_SOL, payload))
        if messages or payload is not None:
            self._reckon()
        return datagrams

    def send_input(self, data: bytes, input_id: int) -> None:
        """Queue *data*."""
        self._sender.add(data, input_id)
        self._reckon()

    def send_break(self, input_id: int) -> None:
        """Queue a BREAK behind what has been typed."""
        self._sender.add_break(input_id)
        self._reckon()

    def request(self, request: Request, ticket: int, now: float, *, repeat: bool) -> None:
        """Send a command behind those already waiting; see `Client.request`."""
        once = not repeat or (request.net_fn, request.command) == ChassisControl.CODE
        schedule = SEND_ONCE if once else tuple(map(self._round_trip.at_least, COMMAND_SCHEDULE))
        self._tickets[self._commands.submit(request, now, schedule)] = ticket
        self._reckon()

    def close(self, now: float) -> None:
        """End in order; a second call changes nothing."""
        if self.state in (SessionState.ACTIVATING, SessionState.ACTIVE):
            closed = Closed(CloseReason.REQUESTED, "closed", retryable=True)
            self._runner.run(self._leave(closed, deactivate=self._has_sol), now)
            self._reckon()

    # Procedures

    def _set_up(self) -> Procedure[None]:
        """Raise the privilege and activate SOL."""
        established = self._established
        level = yield from raise_privilege(established.privilege, fall_back=self._settings.falls_back)
        if isinstance(level, Refused):
            yield from self._leave_refused(level)
            return
        session_id = established.managed_system_session_id
        self._events.append(SessionEstablished(established.suite, established.guid, session_id, level))
        if self._settings.activate_sol:
            yield from self._activate(self._settings.first_sol_sequence)
        else:
            self.state = SessionState.ACTIVE

    def _activate(self, first_number: int) -> Procedure[None]:
        """Activate SOL, or end the session."""
        session_id = self._established.managed_system_session_id
        self.state = SessionState.ACTIVATING
        self._has_sol = True  # characters may overtake the answer
        self._events.append(SolActivating(session_id))
        outcome = yield from activate(
            session_id,
            orphan_session_ids=self._settings.orphan_session_ids,
            steal=self._settings.steal,
            taking=lambda holder: self._events.append(SolTaken(holder.holder)),
        )
        if isinstance(outcome, Activated):
            self.state = SessionState.ACTIVE
            self.sol.start(outcome.inbound_size, first_number)
            self._keepalive.sol_activated()
            self._events.append(SolActivated(outcome.inbound_size, outcome.outbound_size))
            return
        self._has_sol = False
        if isinstance(outcome, SolHeld):
            self._events.append(outcome)
            text = f"SOL is held by {outcome.holder}"
            outcome = Refused(CloseReason.SOL_HELD, text, retryable=True, minimum_delay=_HELD_DELAY)
        yield from self._leave_refused(outcome)

    def _keep_alive(self) -> Procedure[None]:
        yield from self._check(PERSISTENT)

    def _check(self, schedule: tuple[float, ...]) -> Procedure[bool]:
        """Make sure that session and SOL are ours, or end the session.

        Silence counts only if nothing at all came while we asked: a BMC whose output goes on is alive.
        """
        heard_before = self._last_heard
        verdict = yield from self._keepalive.check(schedule)
        if verdict is Verdict.ALIVE:
            return True
        if verdict is Verdict.SILENT:
            if self._last_heard > heard_before:
                return True
            self._end(_closed(NO_ANSWER))
        elif verdict is Verdict.TAKEN:
            holder = yield from describe_holder(self._keepalive.owner)
            yield from self._lose(f"SOL was taken by {holder.holder}")
        else:
            yield from self._lose("SOL was deactivated")
        return False

    def _mend(self) -> Procedure[None]:
        """Input is not acknowledged: find out whether the BMC lives, and go on, or activate SOL anew."""
        sender = self._sender
        if not (yield from self._check(_STALL_SCHEDULE)):
            return
        if not sender.stalled or sender.persist():
            return
        first_number = next_number(sender.last_number)
        self.state = SessionState.ACTIVATING  # the BMC will say that SOL ends: we do it
        yield Ask(DeactivatePayload().to_request())
        self.sol.stop()
        yield from self._activate(first_number)

    def _lose(self, text: str) -> Procedure[None]:
        """SOL is somebody else's: never deactivate it now."""
        self._has_sol = False
        self.sol.stop()
        self._events.append(SolLost(text))
        yield from self._leave(Closed(CloseReason.SOL_LOST, text, retryable=True), deactivate=False)

    def _leave_refused(self, refused: Refused) -> Procedure[None]:
        if refused is NO_ANSWER:
            self._end(_closed(refused))
        else:
            yield from self._leave(_closed(refused), deactivate=False)

    def _leave(self, closed: Closed, *, deactivate: bool) -> Procedure[None]:
        """Close the session within a second; whatever is not answered by then may have been obeyed."""
        self.state = SessionState.CLOSING
        self._give_up_commands()
        if deactivate and (yield from self._keepalive.is_ours()):
            yield Ask(DeactivatePayload().to_request(), (0.3,), hurried=True)
        close_session = CloseSession(self._established.managed_system_session_id).to_request()
        yield Ask(close_session, (0.2, 0.2), hurried=True)
        self._end(closed)

    # Inner workings

    def _end(self, closed: Closed) -> None:
        """Nothing more is sent. Input that is not acknowledged by now is reported."""
        self.state = SessionState.CLOSED
        self._has_sol = False
        self._runner.stop()
        self.sol.stop()
        self._give_up_commands()
        self._events.append(closed)

    def _give_up_commands(self) -> None:
        for lost in self._commands.abandon():
            ticket = self._tickets.pop(lost.ticket, None)
            if ticket is not None:
                self._events.append(CommandFailed(ticket, "the session ended before an answer came"))

    def _attend(self, now: float) -> None:
        """Start the procedure that the moment asks for, if none is under way."""
        if self._runner.busy:
            return
        sender = self._sender
        if sender.stalled:
            self._runner.run(self._mend(), now)
        elif now >= self._keepalive.deadline or (sender.is_walking and self._unanswered >= _WALK_SENDS):
            self._runner.run(self._keep_alive(), now)

    def _note_drop(self, now: float) -> None:
        """See whether what the channel dropped was a copy that the network made."""
        duplicates = self._counters.by_reason.get(DropReason.DUPLICATE, 0)
        if duplicates != self._duplicates:
            self._duplicates = duplicates
            self._sender.network_doubles(now)

    def _receive_message(self, message: bytes, now: float) -> None:
        received = self._commands.receive(message, now)
        if isinstance(received, Answer):
            self._round_trip.observe(now - self._asked_first, now - self._asked_last)
            self._dispatch(received.ticket, received.response, now)
        elif isinstance(received, Request):
            if (received.net_fn, received.command) == _SOL_ACTIVATING and self._has_sol:
                self._keepalive.hurry()  # OpenBMC tells so whose SOL it deactivates; it may be nobody's
            else:
                self._counters.count(DropReason.UNEXPECTED)
        if self.state is SessionState.ACTIVE:
            self._attend(now)

    def _dispatch(self, ticket: int, response: Response | None, now: float) -> None:
        """Hand an answer, or None for none, to whoever asked."""
        if self._runner.answered(ticket, response, now):
            return
        owner_ticket = self._tickets.pop(ticket, None)
        if owner_ticket is not None and response is not None:
            self._events.append(CommandAnswered(owner_ticket, response))
        elif owner_ticket is not None:
            self._events.append(
                CommandFailed(owner_ticket, "the BMC did not answer: it may have obeyed or not")
            )

    def _note_sending(self, message: bytes, now: float) -> None:
        """Count keepalive interval and round trip from here; a copy of a message is the same object."""
        self._keepalive.command_sent(now)
        if message is not self._question:
            self._question = message
            self._asked_first = now
        self._asked_last = now

    def _may_send(self) -> bool:
        """Count a datagram that wants an answer; False if too many have gone into the dark."""
        if self._unanswered >= UNANSWERED_LIMIT:
            return False
        self._unanswered += 1
        return True

    def _reckon(self) -> None:
        """Set the deadline to the earliest of all that runs."""
        deadline = min(self._commands.deadline, self._runner.deadline)
        if self.state is SessionState.ACTIVE:
            deadline = min(deadline, self._sender.deadline)
            if not self._runner.busy:
                deadline = min(deadline, self._keepalive.deadline)
        self.deadline = deadline


def _closed(refused: Refused) -> Closed:
    return Closed(refused.reason, refused.text, refused.retryable, refused.minimum_delay)
