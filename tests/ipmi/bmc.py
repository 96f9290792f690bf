"""The BMC's side of a login, written from the codecs."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from solmux.ipmi.commands import (
    ChannelAuthenticationCapabilities,
    CipherSuiteRecord,
    CipherSuitesBlock,
    GetChannelAuthenticationCapabilities,
    GetChannelCipherSuites,
    LoginStatus,
)
from solmux.ipmi.counters import DropCounters
from solmux.ipmi.crypto import SUITES, Algorithms, CipherSuite, suite_for
from solmux.ipmi.message import CompletionCode, Request, Response
from solmux.ipmi.packet import Packet, PayloadType, SecureChannel, wrap_session_less
from solmux.ipmi.rakp import (
    NAME_ONLY_LOOKUP,
    KeyExchange,
    OpenSessionRequest,
    OpenSessionResponse,
    Rakp1,
    Rakp2,
    Rakp3,
    Rakp4,
    RmcpStatus,
    derive_keys,
    integrity_check_value,
    key_exchange_code_2,
    key_exchange_code_3,
    session_integrity_key,
)
from solmux.ipmi.rmcp import is_rmcp_plus, unwrap_ipmi15, wrap_ipmi15
from solmux.ipmi.window import ReceiveWindow

GUID = bytes(range(0x50, 0x60))


@dataclass
class HalfOpen:
    """What the BMC remembers of a login that is under way."""

    suite: CipherSuite
    remote_console_session_id: int
    managed_system_session_id: int
    exchange: KeyExchange | None = None
    password: bytes = b""


@dataclass
class Bmc:
    """A BMC that knows some users; strict like real ones: a repeated RAKP 1 or RAKP 3 is refused.

    Every datagram that came is kept in `received` as (payload type, parsed message).
    """

    users: dict[bytes, bytes] = field(default_factory=lambda: {b"admin": b"secret"})
    kg: bytes = b""
    suites: tuple[CipherSuite, ...] = tuple(SUITES.values())
    suite_status: int = RmcpStatus.NO_CIPHER_SUITE_MATCH
    maximum_privilege: int = 4
    privilege_status: int = RmcpStatus.UNAUTHORIZED_ROLE
    capabilities_code: int = CompletionCode.OK
    rmcp_plus: bool = True
    answers_cipher_suites: bool = True
    records: bytes = b"".join(
        CipherSuiteRecord(number, algorithms=algorithms).to_bytes()
        for number, algorithms in (
            (1, b"\x01\x40\x80"),
            (2, b"\x01\x41\x80"),
            (3, b"\x01\x41\x81"),
            (17, b"\x03\x44\x81"),
        )
    )
    chooses: Algorithms | None = None  # whatever was proposed
    status: dict[int, list[int]] = field(
        default_factory=dict
    )  # errors to answer a payload type with, once each
    errors_without_tag: bool = False  # OpenBMC
    errors_end_after_status: bool = False  # ipmi_sim
    pads_usernames: bool = False  # Intel SE7520AF2
    hashes_role_without_lookup: bool = False  # the same, and other Intel
    takes_rakp_1_again: bool = False  # and answers with another random number
    extra_code: bytes = b""  # behind the code of RAKP 2 and the value of RAKP 4
    idle: bool = False  # says nothing at all
    first_session_id: int = 0x0200_0001
    entropy: Callable[[int], bytes] = random.Random(1).randbytes

    received: list[tuple[int, object]] = field(default_factory=list)
    channels: dict[int, SecureChannel] = field(default_factory=dict)
    half_open: dict[int, HalfOpen] = field(default_factory=dict)

    def receive(self, datagram: bytes) -> list[bytes]:
        """Return the datagrams that answer *datagram*."""
        if self.idle:
            return []
        if not is_rmcp_plus(datagram):
            return [wrap_ipmi15(self.capabilities(unwrap_ipmi15(datagram)))]
        packet = Packet.from_bytes(datagram)
        handler = {
            PayloadType.IPMI: self.cipher_suites,
            PayloadType.OPEN_SESSION_REQUEST: self.open_session,
            PayloadType.RAKP_1: self.rakp_1,
            PayloadType.RAKP_3: self.rakp_3,
        }[PayloadType(packet.payload_type)]
        answers = handler(packet.payload)
        if self.errors_end_after_status and packet.payload_type != PayloadType.IPMI:
            answers = [(kind, payload[:2] if payload[1] else payload) for kind, payload in answers]
        return [wrap_session_less(kind, payload) for kind, payload in answers]

    def messages(self, payload_type: int) -> list[object]:
        """Return the messages of this type that came, in order."""
        return [message for kind, message in self.received if kind == payload_type]

    def capabilities(self, raw: bytes) -> bytes:
        request, sequence = Request.from_bytes(raw)
        assert (request.net_fn, request.command) == GetChannelAuthenticationCapabilities.CODE
        self.received.append((PayloadType.IPMI, request))
        status = LoginStatus.NAMED_USERS | (LoginStatus.KG_SET if self.kg else LoginStatus(0))
        answer = ChannelAuthenticationCapabilities(1, 0x14, self.rmcp_plus, status, True, self.rmcp_plus)
        data = b"" if self.capabilities_code else answer.to_data()
        return Response(
            request.net_fn + 1, request.command, sequence, self.capabilities_code, data
        ).to_bytes()

    def cipher_suites(self, raw: bytes) -> list[tuple[int, bytes]]:
        request, sequence = Request.from_bytes(raw)
        index = GetChannelCipherSuites.from_data(request.data).index
        self.received.append((PayloadType.IPMI, request))
        if not self.answers_cipher_suites:
            return []
        block = CipherSuitesBlock(1, self.records[16 * index : 16 * index + 16])
        response = Response(request.net_fn + 1, request.command, sequence, 0, block.to_data())
        return [(PayloadType.IPMI, response.to_bytes())]

    def injected(self, payload_type: int) -> int:
        statuses = self.status.get(payload_type)
        return statuses.pop(0) if statuses else 0

    def open_session(self, raw: bytes) -> list[tuple[int, bytes]]:
        request = OpenSessionRequest.from_bytes(raw)
        self.received.append((PayloadType.OPEN_SESSION_REQUEST, request))
        suite = suite_for(request.algorithms)
        status = self.injected(PayloadType.OPEN_SESSION_REQUEST)
        if not status and suite not in self.suites:
            status = self.suite_status
        if status:
            session_id = 0 if self.errors_without_tag else request.remote_console_session_id
            response = OpenSessionResponse(request.tag, status, 0, session_id)
        else:
            assert suite is not None
            session_id = self.first_session_id + len(self.half_open)
            self.half_open[session_id] = HalfOpen(suite, request.remote_console_session_id, session_id)
            response = OpenSessionResponse(
                request.tag,
                status,
                request.privilege,
                request.remote_console_session_id,
                session_id,
                self.chooses or request.algorithms,
            )
        return [(PayloadType.OPEN_SESSION_RESPONSE, response.to_bytes())]

    def rakp_1(self, raw: bytes) -> list[tuple[int, bytes]]:
        rakp_1 = Rakp1.from_bytes(raw)
        self.received.append((PayloadType.RAKP_1, rakp_1))
        login = self.half_open.get(rakp_1.managed_system_session_id)
        if login is None:
            return [(PayloadType.RAKP_2, Rakp2(rakp_1.tag, RmcpStatus.INVALID_SESSION_ID).to_bytes())]
        name = rakp_1.username.rstrip(b"\0") if self.pads_usernames else rakp_1.username
        status = self.injected(PayloadType.RAKP_1)
        if not status and login.exchange is not None and not self.takes_rakp_1_again:
            status = RmcpStatus.INVALID_SESSION_ID
        elif not status and (name not in self.users or (self.pads_usernames and len(rakp_1.username) != 16)):
            status = RmcpStatus.UNAUTHORIZED_NAME
        elif not status and rakp_1.role & 0x0F > self.maximum_privilege:
            status = self.privilege_status
        if status:
            tag, session_id = rakp_1.tag, login.remote_console_session_id
            if self.errors_without_tag:
                tag = session_id = 0
            return [(PayloadType.RAKP_2, Rakp2(tag, status, session_id).to_bytes())]
        login.exchange = KeyExchange(
            login.remote_console_session_id,
            login.managed_system_session_id,
            rakp_1.random,
            self.entropy(16),
            GUID,
            rakp_1.role,
            rakp_1.username,
        )
        login.password = self.users[name]
        code = key_exchange_code_2(login.suite, login.password, login.exchange) + self.extra_code
        rakp_2 = Rakp2(
            rakp_1.tag, 0, login.remote_console_session_id, login.exchange.managed_system_random, GUID, code
        )
        return [(PayloadType.RAKP_2, rakp_2.to_bytes())]

    def rakp_3(self, raw: bytes) -> list[tuple[int, bytes]]:
        rakp_3 = Rakp3.from_bytes(raw)
        self.received.append((PayloadType.RAKP_3, rakp_3))
        login = self.half_open.get(rakp_3.managed_system_session_id)
        if login is None:
            return [(PayloadType.RAKP_4, Rakp4(rakp_3.tag, RmcpStatus.INVALID_SESSION_ID).to_bytes())]
        if rakp_3.status:
            del self.half_open[rakp_3.managed_system_session_id]
            return []
        exchange = login.exchange
        assert exchange is not None
        hashed = exchange
        if self.hashes_role_without_lookup:
            hashed = KeyExchange(
                exchange.remote_console_session_id,
                exchange.managed_system_session_id,
                exchange.remote_console_random,
                exchange.managed_system_random,
                exchange.guid,
                exchange.role & ~NAME_ONLY_LOOKUP,
                exchange.username,
            )
        status = self.injected(PayloadType.RAKP_3)
        if login.managed_system_session_id in self.channels:
            status = RmcpStatus.INVALID_SESSION_ID
        elif not status and rakp_3.key_exchange_code != key_exchange_code_3(
            login.suite, login.password, hashed
        ):
            status = RmcpStatus.INVALID_INTEGRITY_CHECK_VALUE
        if status:
            error = Rakp4(rakp_3.tag, status, login.remote_console_session_id)
            return [(PayloadType.RAKP_4, error.to_bytes())]
        sik = session_integrity_key(login.suite, login.password, self.kg, exchange)
        k1, k2 = derive_keys(login.suite, sik)
        self.channels[login.managed_system_session_id] = SecureChannel(
            suite=login.suite,
            k1=k1,
            k2=k2,
            local_session_id=login.managed_system_session_id,
            peer_session_id=login.remote_console_session_id,
            entropy=self.entropy,
            counters=DropCounters(),
            window=ReceiveWindow(behind=16, ahead=15),
        )
        value = integrity_check_value(login.suite, sik, exchange) + self.extra_code
        rakp_4 = Rakp4(rakp_3.tag, 0, login.remote_console_session_id, value)
        return [(PayloadType.RAKP_4, rakp_4.to_bytes())]
