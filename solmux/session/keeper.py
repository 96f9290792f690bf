"""Keeps one BMC's SOL session: resolves, connects, waits, tries again."""

import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import trio

from solmux.ipmi import events
from solmux.ipmi.client import Client, ClientSettings
from solmux.ipmi.crypto import CipherSuite
from solmux.ipmi.handshake import Credentials, FailureReason
from solmux.ipmi.quirks import Quirk
from solmux.session.connection import Connection, Sink
from solmux.session.states import BackOff, State
from solmux.transport.hub import Hub
from solmux.transport.socket import UdpSocket

RESOLVE_TIMEOUT = 5.0  # seconds for a name server; the loop never waits for one
HANDSHAKE_SLOT = (
    3.0  # seconds after which a BMC that does not answer no longer counts as a handshake in flight
)
HELD_POLL = 30.0  # seconds between looks at a BMC whose SOL session somebody else has
LOGIN_LIMIT = (
    0.5  # seconds for a login under way at an orderly end: only a session that is open can be closed
)
CLOSE_LIMIT = 1.5  # seconds for Deactivate and Close Session at an orderly end

ENDED = frozenset({events.CloseReason.REQUESTED, events.CloseReason.SOL_LOST})  # SOL is no longer ours
UNANSWERED = frozenset({FailureReason.NO_ANSWER, events.CloseReason.NO_ANSWER})

log = logging.getLogger(__name__)


class CredentialsUnavailable(Exception):  # noqa: N818 - it is a state of the configuration, told to the admin
    """The password or Kg of a console cannot be read; the text says which file and why."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """One BMC, as configured.

    Attributes:
      name: the console's name, for log lines.
      host, port: address as configured (a name is resolved anew at each attempt).
      source_address: local address to send from, or None.
      load_credentials: reads user, password and Kg at each attempt; raises `CredentialsUnavailable`.
      suites: cipher suites in order of preference.
      privilege: "administrator" (falls back to operator) or "operator".
      steal: what to do when somebody else holds SOL: "steal" takes it, "wait" and "never" look again in 30 s.
      quirks: faults of this BMC that need another way.
    """

    name: str
    host: str
    port: int
    source_address: str | None
    load_credentials: Callable[[], Awaitable[Credentials]]
    suites: tuple[CipherSuite, ...]
    privilege: str = "administrator"
    steal: str = "wait"
    quirks: frozenset[Quirk] = field(default_factory=frozenset)


class SessionSink(Sink, Protocol):
    """A console, as its keeper sees it."""

    @property
    def recorded_session_id(self) -> int:
        """Session id recorded before the last Activate, 0 for none: ours even after a crash."""

    @property
    def last_sol_sequence(self) -> int:
        """Last SOL number used towards this BMC, 0 for unknown."""

    def state_changed(self, state: State, reason: str) -> None:
        """The one state and its reason in words."""

    def connection_lost(self, reason: str, silent_for: float, *, orphaned: bool) -> None:
        """A session that was up has ended; its last datagram came *silent_for* seconds ago.

        *orphaned*: it was not ended in order, and the BMC may still hold SOL for it.
        """


class Keeper:
    """One task that keeps one client connected; other methods are called on the loop at any time."""

    def __init__(
        self,
        settings: SessionSettings,
        hub: Hub,
        sink: SessionSink,
        *,
        handshakes: trio.CapacityLimiter,
        entropy: Callable[[int], bytes],
        jitter: random.Random,
    ) -> None:
        self.settings = settings
        self.suite: CipherSuite | None = None
        self.guid = b""
        self.peer = ""
        self._hub = hub
        self._sink = sink
        self._handshakes = handshakes
        self._entropy = entropy
        self._back_off = BackOff(jitter)
        self._connection: Connection | None = None
        self._retry_now = trio.Event()
        self._held = ""
        self._up_since: float | None = None
        self._stop = trio.Event()
        self._stop_reason = ""

    @property
    def is_up(self) -> bool:
        """Whether input can be sent now."""
        return self._connection is not None and self._connection.active

    def counters(self) -> dict[str, int]:
        """Drops by reason and datagrams of the present session."""
        if self._connection is None:
            return {}
        counters = dict(self._connection.client.counters.by_reason)
        socket = self._connection.socket.counters
        return {**counters, "received": socket.received, "sent": socket.sent, **socket.network_errors}

    def send_input(self, data: bytes, input_id: int) -> bool:
        """Queue *data* for the BMC; False when no session is up (nothing was queued)."""
        if not self.is_up:
            return False
        assert self._connection is not None
        now = trio.current_time()
        self._connection.client.send_input(data, input_id, now)
        self._hub.flush(self._connection, now)
        return True

    def send_break(self, input_id: int) -> bool:
        """Queue a serial BREAK behind the input typed so far; False when no session is up."""
        if not self.is_up:
            return False
        assert self._connection is not None
        now = trio.current_time()
        self._connection.client.send_break(input_id, now)
        self._hub.flush(self._connection, now)
        return True

    def reconnect_now(self) -> None:
        """Forget back-off and credential hold; try at once."""
        self._back_off.clear()
        self._retry_now.set()

    async def stop(self, reason: str = "solmux stops") -> None:
        """End the session in order (Deactivate if it is ours, Close Session).

        Takes at most `LOGIN_LIMIT` and `CLOSE_LIMIT` seconds.
        """
        self._stop_reason = reason
        self._stop.set()
        connection = self._connection
        if connection is not None and connection.answered:
            with trio.move_on_after(LOGIN_LIMIT):
                await connection.settled.wait()
        if connection is not None and not connection.finished.is_set():
            connection.client.close(trio.current_time())
            self._hub.flush(connection, trio.current_time())
            with trio.move_on_after(CLOSE_LIMIT):
                await connection.finished.wait()
        self._retry_now.set()

    async def run(self) -> None:
        """Keep connected until `stop` or cancellation."""
        while not self._stop.is_set():
            self._retry_now = trio.Event()
            delay = await self._attempt()
            with trio.move_on_after(0 if self._stop.is_set() else delay):
                await self._retry_now.wait()

    async def _attempt(self) -> float:
        """Connect once and stay while it lasts; return seconds to wait before the next attempt."""
        settings = self.settings
        try:
            credentials = await settings.load_credentials()
        except CredentialsUnavailable as error:
            self._sink.state_changed(State.REFUSED, str(error))
            return self._back_off.after_failure(60.0)
        try:
            addresses = await self._resolve()
            async with _slot(self._handshakes) as release_slot:
                if self._stop.is_set():  # meanwhile: there is nobody left to end a session begun now
                    return 0.0
                socket = self._open_socket(addresses)
                self.peer = socket.peer[0]
                return await self._converse(credentials, socket, release_slot)
        except OSError as error:
            self._sink.state_changed(State.DOWN, f"cannot reach {settings.host}: {error.strerror or error}")
            return self._back_off.after_failure()

    def _open_socket(self, addresses: list[tuple[int, tuple[str, int]]]) -> UdpSocket:
        """Return a socket to one of the BMC's *addresses*; raises OSError when there is a way to none.

        Each failed attempt begins with the next address: the one that answers is found in time.
        """
        first = self._back_off.attempts % len(addresses)
        *others, last = (*addresses[first:], *addresses[:first])
        for family, address in others:
            try:
                return UdpSocket(family, address, self.settings.source_address)
            except OSError:  # no route for this family; the next may have one
                continue
        return UdpSocket(*last, self.settings.source_address)

    async def _resolve(self) -> list[tuple[int, tuple[str, int]]]:
        """Return the address families and numeric addresses of the BMC, at least one; raises OSError."""
        host, port = self.settings.host, self.settings.port
        try:
            with trio.fail_after(RESOLVE_TIMEOUT):
                found = await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_DGRAM)
        except trio.TooSlowError:
            raise OSError(
                f"the name server did not answer for {host!r} within {RESOLVE_TIMEOUT:.0f} s"
            ) from None
        return [(family, (str(address[0]), port)) for family, _, _, _, address in found]

    async def _converse(
        self, credentials: Credentials, socket: UdpSocket, release_slot: Callable[[], None]
    ) -> float:
        if not (self._back_off.attempts or self._back_off.refusals or self._held):
            # Later attempts leave the reason of the last failure on show, and out of the log.
            self._sink.state_changed(State.CONNECTING, "connecting")
        client = Client(self._client_settings(credentials), self._entropy)
        connection = Connection(client, socket, self._sink, self._progress)
        started = trio.current_time()
        self._held = ""
        self._connection = connection
        self._hub.add(socket, connection)
        try:
            client.start(started)
            self._hub.flush(connection, started)
            with trio.move_on_after(HANDSHAKE_SLOT):
                await connection.settled.wait()
            release_slot()
            await connection.finished.wait()
        finally:
            self._connection = None
            self._hub.remove(socket)
        return self._ended(connection)

    def _client_settings(self, credentials: Credentials) -> ClientSettings:
        orphan = self._sink.recorded_session_id
        last = self._sink.last_sol_sequence
        return ClientSettings(
            credentials=credentials,
            suites=self.settings.suites,
            privilege=self.settings.privilege,
            quirks=self.settings.quirks,
            steal=self.settings.steal == "steal",
            orphan_session_ids=frozenset({orphan} if orphan else ()),
            # Half the circle away: a BMC may take a first number near its last one for a repetition.
            first_sol_sequence=(last + 7) % 15 + 1 if last else 1,
        )

    def _progress(self, event: events.Event) -> None:
        match event:
            case events.SessionEstablished(suite=suite, guid=guid):
                self.suite, self.guid = suite, guid
            case events.SolActivated():
                self._up_since = trio.current_time()
                self._back_off.refusals = 0
                self._sink.state_changed(State.UP, "up")
            case events.SolTaken(holder=holder):
                log.warning("%s: SOL is taken from %s, as configured", self.settings.name, holder)
            case events.SolHeld() as held:
                self._held = f"held by {held.holder}"
                self._sink.state_changed(State.HELD, self._held)
            case _:
                log.debug("%s: %s", self.settings.name, type(event).__name__)

    def _ended(self, connection: Connection) -> float:
        """Say why it ended; return the delay before the next attempt."""
        now = trio.current_time()
        closed = connection.closed
        text = closed.text if closed is not None else f"internal error: {connection.error!r}"
        if self._stop.is_set():
            text = self._stop_reason
        if self._up_since is not None:
            silent_for = max(0.0, now - connection.last_received)
            self._back_off.after_service(now - self._up_since)
            self._up_since = None
            orphaned = closed is None or closed.reason not in ENDED
            self._sink.connection_lost(text, silent_for, orphaned=orphaned)
        if self._stop.is_set():
            self._sink.state_changed(State.DOWN, text)
            return 0.0
        if self._held:
            return HELD_POLL
        minimum_delay = closed.minimum_delay if closed is not None else 0.0
        if closed is not None and not closed.retryable:
            self._sink.state_changed(State.REFUSED, text)
            return self._back_off.after_refusal(minimum_delay)
        if closed is not None and closed.reason in UNANSWERED and connection.socket.last_error:
            text = f"{text} ({connection.socket.last_error})"
        self._sink.state_changed(State.DOWN, text)
        return self._back_off.after_failure(minimum_delay)


class _slot:  # noqa: N801 - used like a function
    """Hold a place among the handshakes in flight until released or left."""

    def __init__(self, limiter: trio.CapacityLimiter) -> None:
        self._limiter = limiter
        self._held = False

    async def __aenter__(self) -> Callable[[], None]:
        await self._limiter.acquire_on_behalf_of(self)
        self._held = True
        return self._release

    async def __aexit__(self, *_: object) -> None:
        self._release()

    def _release(self) -> None:
        if self._held:
            self._held = False
            self._limiter.release_on_behalf_of(self)
