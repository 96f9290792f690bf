"""One console: what the session tells it goes to the log and the viewers; what the writer types goes back.

Everything here runs on the core's loop and waits for nothing. Log, session and viewers are known only by the
small protocols below.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

INPUT_CREDIT = 4096  # characters a writer may have on the way to the BMC
SCREEN_DUE = 32 << 10  # bytes since the last saved screen after which one is asked for (half the ring)

# The persisted word of a session: its id, and whether it was up when the word was last written.
_SESSION_ID = 0xFFFF_FFFF
_UP = 1 << 32

# A screen that addresses the cursor cannot be had from its last bytes alone.
_ADDRESSES_CURSOR = re.compile(rb"\x1b\[[0-9;]*[ABCDHfd]")


class Log(Protocol):
    """The console's log (`logs.journal.ConsoleLog`)."""

    @property
    def received(self) -> int: ...
    @property
    def first(self) -> int: ...

    @property
    def last_mark(self) -> float | None: ...

    session_word: int
    sol_word: int

    def append(self, data: bytes) -> None: ...
    def event(self, kind: str, text: str | None = None, **fields: object) -> None: ...
    def read(self, offset: int, limit: int) -> tuple[int, bytes]: ...


class Source(Protocol):
    """Where typed characters go (`session.keeper.Keeper`): one of several kinds of source some day."""

    def send_input(self, data: bytes, input_id: int) -> bool: ...
    def send_break(self, input_id: int) -> bool: ...


class Viewer(Protocol):
    """One attachment's side of a client connection."""

    def acked(self, input_id: int, characters: int) -> None: ...
    def unknown(self, input_id: int, characters: int, reason: str) -> None: ...
    def mode_changed(self) -> None: ...


class Subscriber(Protocol):
    """Somebody who reads the ring at his own pace."""

    def output_waits(self) -> None: ...


Publish = Callable[[str, str, str, dict[str, object]], None]  # console, kind, text, fields


@dataclass(slots=True, eq=False)
class Attachment:
    """A person at this console.

    Attributes:
      mode: "write" or "watch"; one attachment of a console at most writes.
      since: wall time of sitting down.
      outstanding: characters typed and not yet answered.
    """

    viewer: Viewer
    person: str
    address: str
    since: float
    mode: str = "watch"
    outstanding: int = 0

    @property
    def who(self) -> str:
        """Person and address as the log names them."""
        return f"{self.person}@{self.address}" if self.address else self.person


@dataclass(slots=True)
class _Pending:
    """Input given to the session and not yet answered."""

    attachment: Attachment
    input_id: int
    characters: int


@dataclass(slots=True)
class Console:
    """Name, log, session, people. A `session.keeper.SessionSink`.

    Attributes:
      state, reason, since: one of the states, why in words, and the wall time of the last change.
      last_output: wall time of the last character printed, None for never in this run.
      marks: how often the hardware said that it lost something, by kind.
    """

    name: str
    log: Log
    publish: Publish
    wall: Callable[[], float] = time.time
    source: Source | None = None
    state: str = "connecting"
    reason: str = "starting"
    since: float = 0.0
    last_output: float | None = None
    marks: dict[str, int] = field(default_factory=dict)
    writer: Attachment | None = None
    attachments: list[Attachment] = field(default_factory=list)
    subscribers: list[Subscriber] = field(default_factory=list)
    gap_from: float | None = None
    gap_reason: str = ""
    _pending: dict[int, _Pending] = field(default_factory=dict)
    _next_input: int = 1
    _saved_screen: int = 0
    _screen_asked: int = 0
    _cursor_addressed: bool = False

    def __post_init__(self) -> None:
        self.since = self.wall()
        self._saved_screen = self._screen_asked = self.log.first

    # what the session says

    @property
    def recorded_session_id(self) -> int:
        """Session recorded before the last Activate, 0 for none; survives a kill of the core."""
        return self.log.session_word & _SESSION_ID

    @property
    def last_sol_sequence(self) -> int:
        """Last SOL number used towards the BMC, 0 for unknown; survives a kill of the core."""
        return self.log.sol_word

    def output(self, data: bytes) -> None:
        """Keep *data*, then tell whoever reads along."""
        self.log.append(data)
        self.last_output = self.wall()
        if b"\x1b[" in data and not self._cursor_addressed:
            self._cursor_addressed = _ADDRESSES_CURSOR.search(data) is not None
        for subscriber in self.subscribers:
            subscriber.output_waits()
        if self._cursor_addressed and self.log.received - self._screen_asked >= SCREEN_DUE:
            self._ask_for_screen()

    def activating(self, managed_system_session_id: int) -> None:
        """Record the session before the Activate leaves: an orphan of ours if we die from here on."""
        self.log.session_word = managed_system_session_id | _UP

    def resume(self, last_alive: float | None, reason: str) -> None:
        """An earlier run has logged this console: what was printed since then is a gap, for *reason*.

        *last_alive* is when that run was last seen alive, None for unknown. A run that ended in order, or had
        lost the session before, said so in the log: its last mark is the better time.
        """
        if self.log.received == 0:
            return
        was_up = bool(self.log.session_word & _UP)
        since = last_alive if was_up and last_alive is not None else self.log.last_mark
        if since is not None:
            self.gap_from, self.gap_reason = since, reason

    def activated(self) -> None:
        """SOL is up: close the gap in the log, if there was one."""
        if self.gap_from is not None:
            now = self.wall()
            reason = self.gap_reason
            span = f"{_date(self.gap_from)}..{_date(now)}"
            self.log.event("gap", f"GAP {span}: {reason}", start=self.gap_from, end=now, reason=reason)
            self.gap_from = None
        self.log.event("up", "Console up")

    def connection_lost(self, reason: str, silent_for: float, *, orphaned: bool) -> None:
        """The session that was up has ended: a gap begins at its last datagram.

        If it is *orphaned*, the BMC may still hold SOL for it: it stays on record, to be taken back.
        """
        self.gap_from = self.wall() - silent_for
        self.gap_reason = reason
        self.log.session_word = self.recorded_session_id if orphaned else 0
        self._fail_pending(reason)

    def state_changed(self, state: str, reason: str) -> None:
        """Take the state over; a new reason for being away is an event."""
        if (state, reason) == (self.state, self.reason):
            return
        self.state, self.reason, self.since = str(state), reason, self.wall()
        if state not in ("up", "connecting"):
            self.log.event(
                "down", f"Console {self.state}: {reason}" if state != "down" else f"Console down: {reason}"
            )
        self.publish(self.name, "state", reason, {"state": self.state, "since": self.since})

    def overrun(self) -> None:
        """The BMC lost characters of the host before the next ones."""
        self._mark("overrun", "OVERRUN: the BMC reports that it lost output here")

    def output_gap(self, packets: int) -> None:
        """Numbers jumped: the BMC gave packets up."""
        self._mark("missing_packets", f"GAP: the BMC gave up at most {packets} packets here", packets=packets)

    def late_output(self, data: bytes) -> None:
        """Newer characters overtook *data*: it is kept, marked as out of its place."""
        self._mark("late", f"LATE: the next {len(data)} bytes belong into the gap before", bytes=len(data))
        self.output(data)

    def break_detected(self) -> None:
        """The host sent a BREAK."""
        self.log.event("host-break", None)

    def host_unavailable(self, unavailable: bool) -> None:
        """The BMC says whether the host takes characters."""
        text = "host takes no characters (powered off?)" if unavailable else "host takes characters again"
        self.log.event("host", None, unavailable=unavailable)
        self.publish(self.name, "host", text, {"unavailable": unavailable})

    def input_accepted(self, input_id: int, last_sol_sequence: int) -> None:
        """The BMC has all of this input."""
        self.log.sol_word = last_sol_sequence
        pending = self._pending.pop(input_id, None)
        if pending is not None:
            pending.attachment.outstanding -= pending.characters
            pending.attachment.viewer.acked(pending.input_id, pending.characters)

    def input_unknown(self, input_id: int, characters: int) -> None:
        """The session cannot say whether this input arrived."""
        pending = self._pending.pop(input_id, None)
        if pending is not None:
            self._answer_unknown(pending, characters, "the SOL session ended before the BMC confirmed them")

    # what people do

    def attach(self, viewer: Viewer, person: str, address: str, mode: str) -> Attachment:
        """Let a person in; they type if they asked to and nobody else does, else they watch."""
        attachment = Attachment(viewer, person, address, self.wall())
        self.attachments.append(attachment)
        self.publish(self.name, "attached", f"{attachment.who} attached", {"who": attachment.who})
        self.ask_mode(attachment, mode)
        return attachment

    def ask_mode(self, attachment: Attachment, mode: str) -> None:
        """Change to "write" if the place is free, or give it up for "watch"."""
        if mode == "write" and self.writer is None:
            self.writer = attachment
            attachment.mode = "write"
            self.log.event("attach", f"{attachment.who} attached", who=attachment.who)
            self._writer_changed()
        elif mode != "write" and self.writer is attachment:
            self._release_writer()

    def detach(self, attachment: Attachment) -> None:
        """Let a person go; what they typed and is not yet confirmed stays on its way."""
        if attachment not in self.attachments:
            return
        self.attachments.remove(attachment)
        if self.writer is attachment:
            self._release_writer()
        self.publish(self.name, "detached", f"{attachment.who} detached", {"who": attachment.who})

    def type(self, attachment: Attachment, input_id: int, data: bytes) -> None:
        """Pass typed characters on; whatever is not passed on is answered with its reason."""
        reason = self._refusal(attachment)
        if not reason and attachment.outstanding + len(data) > INPUT_CREDIT:
            reason = "more characters than the credit allows"
        if reason:
            attachment.viewer.unknown(input_id, len(data), reason)
            return
        pending = self._enqueue(attachment, input_id, len(data))
        assert self.source is not None
        if not self.source.send_input(data, pending):
            self._fail(pending, f"console is {self.state}: {self.reason}")

    def send_break(self, attachment: Attachment, input_id: int) -> None:
        """Send a serial BREAK behind the characters typed so far."""
        reason = self._refusal(attachment)
        if reason:
            attachment.viewer.unknown(input_id, 0, reason)
            return
        self.log.event("break", f"{attachment.who} sent BREAK", who=attachment.who)
        pending = self._enqueue(attachment, input_id, 0)
        assert self.source is not None
        if not self.source.send_break(pending):
            self._fail(pending, f"console is {self.state}: {self.reason}")

    # what clients read

    def screen_saved(self, offset: int) -> None:
        """A screen is saved as of *offset*: the ring may forget what came before."""
        if offset > self._saved_screen:
            self._saved_screen = offset
            self._screen_asked = max(self._screen_asked, offset)
            self._cursor_addressed = False

    def brief(self) -> dict[str, object]:
        """State for a subscriber and for listings; plain JSON values."""
        return {
            "name": self.name,
            "state": self.state,
            "reason": self.reason,
            "since": self.since,
            "last_output": self.last_output,
            "writer": self.writer.who if self.writer else "",
            "watchers": sorted(a.who for a in self.attachments if a is not self.writer),
            "offset": self.log.received,
        }

    def _ask_for_screen(self) -> None:
        self._screen_asked = self.log.received
        fields: dict[str, object] = {"first": self.log.first, "received": self.log.received}
        self.publish(self.name, "screen-due", "", fields)

    def _mark(self, kind: str, text: str, **fields: object) -> None:
        self.marks[kind] = self.marks.get(kind, 0) + 1
        self.log.event(kind.replace("_", "-"), text, **fields)

    def _refusal(self, attachment: Attachment) -> str:
        if attachment is not self.writer:
            return f"watching: {self.writer.who} types" if self.writer else "watching"
        if self.source is None:
            return "console is disabled"
        return ""

    def _enqueue(self, attachment: Attachment, input_id: int, characters: int) -> int:
        number = self._next_input
        self._next_input += 1
        attachment.outstanding += characters
        self._pending[number] = _Pending(attachment, input_id, characters)
        return number

    def _fail(self, number: int, reason: str) -> None:
        pending = self._pending.pop(number, None)
        if pending is not None:
            self._answer_unknown(pending, pending.characters, reason)

    def _fail_pending(self, reason: str) -> None:
        for number in list(self._pending):
            self._fail(number, reason)

    def _answer_unknown(self, pending: _Pending, characters: int, reason: str) -> None:
        pending.attachment.outstanding -= pending.characters
        pending.attachment.viewer.unknown(pending.input_id, characters, reason)
        self.log.event(
            "input-unknown", None, who=pending.attachment.who, characters=characters, reason=reason
        )

    def _release_writer(self) -> None:
        assert self.writer is not None
        writer, self.writer = self.writer, None
        writer.mode = "watch"
        self.log.event("detach", f"{writer.who} detached", who=writer.who)
        self._writer_changed()

    def _writer_changed(self) -> None:
        who = self.writer.who if self.writer else ""
        for attachment in self.attachments:
            attachment.viewer.mode_changed()
        self.publish(self.name, "writer", f"{who} types" if who else "nobody types", {"writer": who})


def _date(wall: float) -> str:
    """Seconds since 1970 as `2026-11-20T17:05:40Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(wall))
