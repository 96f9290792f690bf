"""A remote console for the tests of the simulated BMC: the steps of a session one by one, without any I/O."""

import random
from dataclasses import dataclass, field
from typing import Self

from solmux.ipmi.commands import (
    ActivatePayload,
    CloseSession,
    DeactivatePayload,
    SetSessionPrivilege,
)
from solmux.ipmi.counters import DropCounters
from solmux.ipmi.crypto import SUITE_3, SUITE_17, CipherSuite
from solmux.ipmi.message import Request, Response, is_request
from solmux.ipmi.packet import Packet, PayloadType, SecureChannel, wrap_session_less
from solmux.ipmi.rakp import (
    KeyExchange,
    OpenSessionRequest,
    OpenSessionResponse,
    Rakp1,
    Rakp2,
    Rakp3,
    Rakp4,
    derive_keys,
    integrity_check_value,
    key_exchange_code_2,
    key_exchange_code_3,
    session_integrity_key,
)
from solmux.sim.bmc import Bmc
from solmux.sim.controller import BmcSettings
from solmux.sim.faults import GOOD, Faults
from solmux.sim.host import PowerAction
from solmux.sim.session import Address, User
from solmux.sim.sources import PlainSource
from solmux.sim.transcript import Transcript

ADMIN = User(b"admin", b"secret12")
OPERATOR = User(b"op", b"operator-password-20", privilege=3)
NO_SOL = User(b"nosol", b"x", sol=False)
GUID = bytes(range(16))
BOTH = (SUITE_3, SUITE_17)


class StatusError(Exception):
    """A step of the log-in was answered with another status than 0."""

    def __init__(self, status: int, tag: int = -1) -> None:
        super().__init__(f"status {status:02X}h")
        self.status = status
        self.tag = tag


class Lab:
    """A BMC and the consoles around it, on one clock.

    Attributes:
      host: the machine behind the BMC: it echoes what is typed, and is switched on.
      now: the clock.
    """

    def __init__(
        self, faults: Faults = GOOD, *, kg: bytes = b"", suites: tuple[CipherSuite, ...] = BOTH
    ) -> None:
        settings = BmcSettings(
            guid=GUID,
            users=(ADMIN, OPERATOR, NO_SOL),
            kg=kg,
            suites=suites,
            faults=faults,
            keep_transcript=True,
        )
        self.host = PlainSource("host", echo=True)
        self.host.control(PowerAction.ON, 0.0)
        self.bmc = Bmc(settings, self.host, random.Random(7).randbytes)
        self.now = 0.0
        self._consoles: dict[Address, Remote] = {}

    def console(self, user: User = ADMIN, suite: CipherSuite = SUITE_17, kg: bytes = b"") -> "Remote":
        """Return a new console at an address of its own."""
        address = ("10.0.0.7", 40000 + len(self._consoles))
        self._consoles[address] = console = Remote(self, address, user, suite, kg)
        return console

    def send(self, datagram: bytes, address: Address) -> None:
        """Give a datagram to the BMC, and its answers to whom they are for."""
        self.bmc.receive_datagram(datagram, address, self.now)
        self.deliver()

    def deliver(self) -> None:
        """Give what the BMC sends now to the consoles."""
        for datagram, address in self.bmc.datagrams_to_send(self.now):
            self._consoles[address].inbox.append(datagram)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        until = self.now + seconds
        while self.bmc.deadline <= until:
            self.now = max(self.now, self.bmc.deadline)
            self.bmc.handle_timer(self.now)
            self.deliver()
        self.now = until

    def print(self, text: bytes) -> None:
        """Let the host print *text* now."""
        self.host.feed(text, self.now)
        self.wait(0.1)

    @property
    def truth(self) -> Transcript:
        """What the SOL port did with every character."""
        transcript = self.bmc.controller.port.transcript
        assert transcript is not None
        return transcript


@dataclass
class Remote:
    """A console; every step is exchanged with the BMC at once.

    Attributes:
      inbox: datagrams that came and have not been looked at.
      requests: requests that the BMC sent.
    """

    lab: Lab
    address: Address
    user: User = ADMIN
    suite: CipherSuite = SUITE_17
    kg: bytes = b""
    inbox: list[bytes] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    session_id: int = 0
    guid: bytes = b""
    counters: DropCounters = field(default_factory=DropCounters)

    def __post_init__(self) -> None:
        self._random = random.Random(repr(self.address))
        self.console_id = self._random.randrange(1, 1 << 32)
        self._channel: SecureChannel | None = None
        self._sol: list[bytes] = []
        self._responses: list[Response] = []
        self._request_sequence = 0

    @property
    def channel(self) -> SecureChannel:
        """The session's."""
        assert self._channel is not None
        return self._channel

    @property
    def sol(self) -> list[bytes]:
        """SOL payloads that came so far."""
        self._sort()
        return self._sol

    def exchange(self, datagram: bytes) -> list[bytes]:
        """Send a datagram; returns and forgets what came back."""
        self.lab.send(datagram, self.address)
        answers, self.inbox = self.inbox, []
        return answers

    def open_session(self, privilege: int = 4) -> OpenSessionResponse:
        """Send Open Session."""
        request = OpenSessionRequest(1, privilege, self.console_id, self.suite.algorithms)
        (answer,) = self.exchange(wrap_session_less(PayloadType.OPEN_SESSION_REQUEST, request.to_bytes()))
        response = OpenSessionResponse.from_bytes(Packet.from_bytes(answer).payload)
        if response.status:
            raise StatusError(response.status)
        return response

    def log_in(self, privilege: int = 4, *, password: bytes | None = None, role: int | None = None) -> Self:
        """Go from Open Session to an established session, checking every code; raises `StatusError`."""
        secret = self.user.password if password is None else password
        opened = self.open_session(privilege)
        session_id = opened.managed_system_session_id
        ours = self._random.randbytes(16)
        role = 0x10 | privilege if role is None else role
        message_1 = Rakp1(2, session_id, ours, role, self.user.name)
        (answer,) = self.exchange(wrap_session_less(PayloadType.RAKP_1, message_1.to_bytes()))
        message_2 = Rakp2.from_bytes(Packet.from_bytes(answer).payload)
        if message_2.status:
            raise StatusError(message_2.status, message_2.tag)
        shared = KeyExchange(
            self.console_id, session_id, ours, message_2.random, message_2.guid, role, self.user.name
        )
        if message_2.key_exchange_code != key_exchange_code_2(self.suite, secret, shared):
            raise AssertionError("the code of RAKP 2 is wrong")
        code = key_exchange_code_3(self.suite, secret, shared)
        message_3 = Rakp3(3, 0, session_id, code)
        (answer,) = self.exchange(wrap_session_less(PayloadType.RAKP_3, message_3.to_bytes()))
        message_4 = Rakp4.from_bytes(Packet.from_bytes(answer).payload)
        if message_4.status:
            raise StatusError(message_4.status)
        sik = session_integrity_key(self.suite, secret, self.kg, shared)
        if message_4.integrity_check_value != integrity_check_value(self.suite, sik, shared):
            raise AssertionError("the value of RAKP 4 is wrong")
        k1, k2 = derive_keys(self.suite, sik)
        self.session_id, self.guid = session_id, message_2.guid
        self._channel = SecureChannel(
            suite=self.suite,
            k1=k1,
            k2=k2,
            local_session_id=self.console_id,
            peer_session_id=session_id,
            entropy=self._random.randbytes,
            counters=self.counters,
            accept_zero_session_id=True,
        )
        return self

    def ask(self, request: Request) -> Response | None:
        """Send a request in the session; returns its response, or none if there is none."""
        self._request_sequence = (self._request_sequence + 1) % 64
        message = request.to_bytes(self._request_sequence)
        self.lab.send(self.channel.seal(PayloadType.IPMI, message), self.address)
        self._sort()
        return self._responses.pop() if self._responses else None

    def code(self, request: Request) -> int:
        """Send a request; returns the completion code."""
        response = self.ask(request)
        assert response is not None
        return response.completion_code

    def data(self, request: Request) -> bytes:
        """Send a request that must succeed; returns its data."""
        response = self.ask(request)
        assert response is not None
        assert response.completion_code == 0
        return response.data

    def send_sol(self, payload: bytes) -> list[bytes]:
        """Send a SOL payload; returns the SOL payloads that came back at once."""
        before = len(self.sol)
        self.lab.send(self.channel.seal(PayloadType.SOL, payload), self.address)
        return self.sol[before:]

    def administrator(self) -> Self:
        """Log in and become administrator."""
        self.log_in()
        self.data(SetSessionPrivilege(4).to_request())
        return self

    def activate(self) -> Self:
        """Activate SOL."""
        self.data(ActivatePayload().to_request())
        return self

    def deactivate(self) -> int:
        """Deactivate SOL; returns the completion code."""
        return self.code(DeactivatePayload().to_request())

    def close(self) -> int:
        """Close the session; returns the completion code."""
        return self.code(CloseSession(self.session_id).to_request())

    def _sort(self) -> None:
        datagrams, self.inbox = self.inbox, []
        for datagram in datagrams:
            opened = self.channel.open(datagram)
            assert opened is not None, self.counters.by_reason
            if opened.payload_type == PayloadType.SOL:
                self._sol.append(opened.payload)
            elif is_request(opened.payload):
                self.requests.append(Request.from_bytes(opened.payload)[0])
            else:
                self._responses.append(Response.from_bytes(opened.payload, verify_checksums=False))
