"""Commands and their answers: one in flight, the rest behind it (IPMI 2.0 section 6.12 and 13.8.6).

A request that is not answered is sent again, the very same bytes under the same request sequence number;
what wraps the message (session number, vector) is new each time. Answers are matched by net function,
command and request sequence number.
"""

import math
from collections import deque
from dataclasses import dataclass, field

from solmux.ipmi.counters import DropCounters, DropReason
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.message import (
    REQUEST_SEQUENCES,
    ChecksumError,
    CompletionCode,
    Request,
    Response,
    is_request,
)

COMMAND_SCHEDULE = (0.5, 1.0, 2.0, 4.0)
"""Seconds to wait after each sending; the request is given up after the last."""
SEND_ONCE = (5.0,)
"""For what must not happen twice: a power cycle, a cleared log. Read the state instead of repeating."""

_BUSY_DELAYS = (0.05, 0.1, 0.2, 0.5)  # seconds before a request goes out anew that found the BMC busy
_AVOIDED = 32  # request sequence numbers given up that are not used again soon


@dataclass(frozen=True, slots=True)
class Answer:
    """The BMC answered; a completion code other than 0 is an answer, too.

    Attributes:
      ticket: as returned by `CommandChannel.submit`.
      request: what was asked.
      response: what came.
    """

    ticket: int
    request: Request
    response: Response


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No answer came to any copy of the request; it may have been obeyed all the same.

    Attributes:
      ticket: as returned by `CommandChannel.submit`.
      request: what was asked.
    """

    ticket: int
    request: Request


@dataclass(slots=True)
class _Pending:
    """A request in the queue or in flight."""

    ticket: int
    request: Request
    schedule: tuple[float, ...]
    request_sequence: int = 0
    message: bytes = field(default=b"", repr=False)
    sends: int = 0
    busy: int = 0


class CommandChannel:
    """Sends IPMI requests one after the other and finds their answers. No I/O: messages in, messages out.

    Attributes:
      deadline: when `handle_timer` has work, in seconds; ``math.inf`` when nothing is in flight.
    """

    def __init__(self, counters: DropCounters, *, verify_checksums: bool = True) -> None:
        """Make an idle channel.

        Args:
          verify_checksums: False for a BMC with the quirk ``nochecksumcheck``, inside a session only.
        """
        self.deadline = math.inf
        self._counters = counters
        self._verify_checksums = verify_checksums
        self._queue: deque[_Pending] = deque()
        self._in_flight: _Pending | None = None
        self._outbox: list[bytes] = []
        self._given_up: deque[int] = deque(maxlen=_AVOIDED)
        self._next_ticket = 1
        self._last_sequence = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight or queued."""
        return self._in_flight is None

    def submit(self, request: Request, now: float, schedule: tuple[float, ...] = COMMAND_SCHEDULE) -> int:
        """Send *request* now, or behind those already waiting; returns the ticket that its result carries.

        Args:
          schedule: seconds to wait after each sending; its length is the number of sendings.
        """
        ticket = self._next_ticket
        self._next_ticket += 1
        self._queue.append(_Pending(ticket, request, schedule))
        if self._in_flight is None:
            self._start_next(now)
        return ticket

    def messages_to_send(self) -> list[bytes]:
        """Return the messages that are due, each to be wrapped and sent now; they are not returned again."""
        messages = self._outbox
        self._outbox = []
        return messages

    def receive(self, message: bytes, now: float) -> Answer | Request | None:
        """Take a message from the BMC.

        Returns:
          The answer to the request in flight; or a request that the BMC makes of its own accord; or None,
          when the message was dropped and counted, or only said that the BMC is busy.
        """
        try:
            if is_request(message):
                return Request.from_bytes(message)[0]
            response = Response.from_bytes(message, verify_checksums=self._verify_checksums)
        except ChecksumError:
            self._counters.count(DropReason.BAD_CHECKSUM)
            return None
        except DecodeError:
            self._counters.count(DropReason.MALFORMED)
            return None
        pending = self._in_flight
        if pending is None or not response.answers(pending.request, pending.request_sequence):
            self._counters.count(DropReason.UNMATCHED_RESPONSE)
            return None
        if response.completion_code == CompletionCode.DUPLICATE_REQUEST:
            # It refuses the repetition because it is still at the first copy: that answer is yet to come.
            self._counters.count(DropReason.DUPLICATE_REQUEST)
            return None
        if response.completion_code == CompletionCode.NODE_BUSY and pending.busy < len(_BUSY_DELAYS):
            self._ask_anew(pending, now)
            return None
        self._start_next(now)
        return Answer(pending.ticket, pending.request, response)

    def handle_timer(self, now: float) -> NoAnswer | None:
        """Send again what is due at *now*, or give it up and turn to the next in the queue."""
        pending = self._in_flight
        if pending is None or now < self.deadline:
            return None
        if pending.sends < len(pending.schedule):
            self._send(pending, now)
            return None
        self._given_up.append(pending.request_sequence)
        self._start_next(now)
        return NoAnswer(pending.ticket, pending.request)

    def abandon(self) -> list[NoAnswer]:
        """Forget everything in flight and queued, because the session is gone; returns what is lost."""
        lost = [self._in_flight] if self._in_flight is not None else []
        lost += self._queue
        self._queue.clear()
        self._outbox.clear()
        self._in_flight = None
        self.deadline = math.inf
        return [NoAnswer(pending.ticket, pending.request) for pending in lost]

    def _start_next(self, now: float) -> None:
        self._in_flight = None
        self.deadline = math.inf
        if self._queue:
            self._in_flight = pending = self._queue.popleft()
            self._number(pending)
            self._send(pending, now)

    def _ask_anew(self, pending: _Pending, now: float) -> None:
        """The BMC was busy and did nothing: ask again shortly, as a new request."""
        self.deadline = now + _BUSY_DELAYS[pending.busy]
        pending.busy += 1
        pending.sends = 0
        self._number(pending)

    def _number(self, pending: _Pending) -> None:
        """Give the request the next sequence number, passing over those given up not long ago."""
        sequence = (self._last_sequence + 1) % REQUEST_SEQUENCES
        while sequence in self._given_up:
            sequence = (sequence + 1) % REQUEST_SEQUENCES
        self._last_sequence = pending.request_sequence = sequence
        pending.message = pending.request.to_bytes(sequence)

    def _send(self, pending: _Pending, now: float) -> None:
        self._outbox.append(pending.message)
        self.deadline = now + pending.schedule[pending.sends]
        pending.sends += 1
