"""A BMC without I/O: datagrams and time in, datagrams out; a host behind its serial port."""

import math
from struct import Struct

from solmux.ipmi.counters import DropCounters, DropReason
from solmux.ipmi.crypto import Entropy
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.message import CompletionCode, Request, Response, checksum
from solmux.ipmi.packet import Packet, PayloadType, wrap_session_less
from solmux.ipmi.rakp import OpenSessionRequest, Rakp1, Rakp3
from solmux.ipmi.rmcp import (
    MessageClass,
    PresencePing,
    is_rmcp_plus,
    message_class,
    presence_pong,
    unwrap_ipmi15,
    wrap_ipmi15,
)
from solmux.sim.commands import execute
from solmux.sim.controller import BmcSettings, Controller
from solmux.sim.host import Host
from solmux.sim.login import Login, Secrets
from solmux.sim.session import Address, Session
from solmux.sim.sol_input import Signal

_SESSION_ID = Struct("<I")
_SESSION_ID_OFFSET = 6
_HEADER_LENGTH = 16
_UNWATCHED_INTERVAL = 1.0  # seconds between two looks at a host whose output nobody takes


class Bmc:
    """One simulated BMC.

    Attributes:
      controller: its state; for tests and for whoever steers it.
      counters: datagrams it dropped, by reason.
    """

    def __init__(self, settings: BmcSettings, host: Host, entropy: Entropy) -> None:
        self.controller = Controller(settings, host)
        self.counters = DropCounters()
        self._host = host
        self._port = self.controller.port
        self._faults = settings.faults
        self._entropy = entropy
        secrets = Secrets(settings.users, settings.kg, settings.guid, settings.suites)
        self._login = Login(secrets, self._faults, entropy)
        self._expiry_at = math.inf
        self._looked_at = -math.inf

    @property
    def deadline(self) -> float:
        """When `handle_timer` or `datagrams_to_send` has work; infinity for never."""
        host_at = self._host.deadline
        if not self._port.active:
            host_at = max(host_at, self._looked_at + _UNWATCHED_INTERVAL)
        return min(host_at, self._port.deadline, self._expiry_at)

    def receive_datagram(self, datagram: bytes, address: Address, now: float) -> None:
        """Handle a datagram from the network; whatever is wrong with it is counted, never raised."""
        if now < self.controller.resetting_until:
            return
        try:
            if message_class(datagram) is MessageClass.ASF:
                self._receive_ping(datagram, address)
            elif not is_rmcp_plus(datagram):
                self._receive_outside(unwrap_ipmi15(datagram), address, now, ipmi15=True)
            elif len(datagram) < _HEADER_LENGTH:
                self.counters.count(DropReason.SHORT)
            elif session_id := _SESSION_ID.unpack_from(datagram, _SESSION_ID_OFFSET)[0]:
                self._receive_inside(session_id, datagram, address, now)
            else:
                self._receive_login(Packet.from_bytes(datagram), address, now)
        except DecodeError:
            self.counters.count(DropReason.MALFORMED)

    def handle_timer(self, now: float) -> None:
        """Forget what has timed out by *now*."""
        if now >= self._expiry_at:
            self._expire(now)

    def datagrams_to_send(self, now: float) -> list[tuple[bytes, Address]]:
        """Let host and console talk up to *now*; return and forget what is to be sent, and where."""
        self._serve_console(now)
        datagrams, self.controller.outbox = self.controller.outbox, []
        return datagrams

    def _receive_ping(self, datagram: bytes, address: Address) -> None:
        tag = PresencePing.from_bytes(datagram).tag
        if not self._faults.ping_silent:
            self.controller.outbox.append((presence_pong(tag), address))

    def _receive_outside(self, message: bytes, address: Address, now: float, *, ipmi15: bool) -> None:
        answer = self._answer(message, None, now)
        if answer is not None:
            wrapped = wrap_ipmi15(answer) if ipmi15 else wrap_session_less(PayloadType.IPMI, answer)
            self.controller.outbox.append((wrapped, address))

    def _receive_login(self, packet: Packet, address: Address, now: float) -> None:
        controller = self.controller
        match packet.payload_type:
            case PayloadType.IPMI:
                self._receive_outside(packet.payload, address, now, ipmi15=False)
            case PayloadType.OPEN_SESSION_REQUEST:
                request = OpenSessionRequest.from_bytes(packet.payload)
                taken = set(controller.sessions)
                opened = self._login.open_session(request, address, now, taken=taken)
                self._send_login(PayloadType.OPEN_SESSION_RESPONSE, opened.to_bytes(), address)
            case PayloadType.RAKP_1:
                rakp_2 = self._login.rakp_1(Rakp1.from_bytes(packet.payload), now)
                self._send_login(PayloadType.RAKP_2, rakp_2.to_bytes(), address)
            case PayloadType.RAKP_3:
                self._complete_login(Rakp3.from_bytes(packet.payload), address, now)
            case _:
                self.counters.count(DropReason.UNEXPECTED)
        self._plan_expiry()

    def _complete_login(self, message: Rakp3, address: Address, now: float) -> None:
        rakp_4, terms = self._login.rakp_3(message, now)
        if terms is not None:
            session = Session(terms, address, self._faults, self._entropy, self.counters, now)
            self.controller.sessions[terms.managed_system_session_id] = session
        if rakp_4 is not None:
            self._send_login(PayloadType.RAKP_4, rakp_4.to_bytes(), address)

    def _send_login(self, payload_type: PayloadType, payload: bytes, address: Address) -> None:
        self.controller.outbox.append((wrap_session_less(payload_type, payload), address))

    def _receive_inside(self, session_id: int, datagram: bytes, address: Address, now: float) -> None:
        session = self.controller.sessions.get(session_id)
        if session is None:
            self.counters.count(DropReason.WRONG_SESSION)
            return
        opened = session.open(datagram)
        if opened is None:
            return
        session.address = address
        if opened.payload_type == PayloadType.SOL:
            if not self._faults.sol_is_no_activity:
                session.active_at = now
            if session is self.controller.sol_owner:
                self._port.receive(opened.payload, now)
        elif opened.payload_type == PayloadType.IPMI:
            session.active_at = now
            answer = self._answer(opened.payload, session, now)
            if answer is not None:
                self.controller.send(session, PayloadType.IPMI, answer)
            self._plan_expiry()
        else:
            self.counters.count(DropReason.UNEXPECTED)

    def _answer(self, message: bytes, session: Session | None, now: float) -> bytes | None:
        """Execute the request in *message*; returns the response's bytes, with this BMC's faults."""
        request, request_sequence = Request.from_bytes(message)
        self._serve_console(now)
        if session is not None and self._faults.repeats_are_duplicates and message == session.last_request:
            result: tuple[int, bytes] | None = (CompletionCode.DUPLICATE_REQUEST, b"")
        else:
            result = execute(self.controller, session, request, now)
        if session is not None:
            session.last_request = message
        if result is None:
            return None
        response = Response(request.net_fn + 1, request.command, request_sequence, *result).to_bytes()
        if self._faults.unswapped_addresses:
            head = bytes((message[0], response[1]))
            body = message[3:4] + response[4:-1]
            response = head + bytes((checksum(head),)) + body + bytes((checksum(body),))
        if self._faults.bad_checksums and session is not None:
            response = response[:-1] + bytes((response[-1] ^ 0x5A,))
        return response

    def _serve_console(self, now: float) -> None:
        """Move characters between host and SOL port, and SOL payloads to the console."""
        host, port = self._host, self._port
        self._looked_at = now
        if host.deadline <= now:
            self._read_host(now)
        port.set_host_available(host.powered)
        items = port.input_for_host(now)
        for item in items:
            if item is Signal.BREAK:
                host.send_break(now)
            elif isinstance(item, bytes):
                host.feed(item, now)
        if items and host.deadline <= now:
            self._read_host(now)
        if port.deadline <= now:
            payloads = port.payloads_to_send(now)
            owner = self.controller.sol_owner
            if owner is not None:
                for payload in payloads:
                    self.controller.send(owner, PayloadType.SOL, payload)
                if not port.active:  # it ended by itself
                    self.controller.sol_owner = None

    def _read_host(self, now: float) -> None:
        printed = self._host.read(now)
        if printed:
            self._port.output(printed, now)

    def _expire(self, now: float) -> None:
        """Forget half-open log-ins and sessions without activity."""
        self._login.forget_expired(now)
        for session in list(self.controller.sessions.values()):
            if session.active_at + self._faults.session_timeout <= now:
                self.controller.end_session(session, now, "the session timed out")
        self._plan_expiry()

    def _plan_expiry(self) -> None:
        sessions = self.controller.sessions.values()
        active_at = min((session.active_at for session in sessions), default=math.inf)
        self._expiry_at = min(self._login.deadline, active_at + self._faults.session_timeout)
