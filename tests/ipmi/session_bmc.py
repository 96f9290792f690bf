"""A BMC that goes on after the login: commands, SOL, and what a test tells it to do otherwise."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from solmux.ipmi.commands import (
    ActivatePayload,
    ActiveSession,
    CloseSession,
    DeactivatePayload,
    DeviceId,
    GetDeviceId,
    GetPayloadActivationStatus,
    GetPayloadInstanceInfo,
    GetSessionInfo,
    PayloadActivation,
    PayloadActivationStatus,
    PayloadInstanceInfo,
    SessionInfo,
    SessionPrivilege,
    SetSessionPrivilege,
)
from solmux.ipmi.message import CompletionCode, NetFunction, Request, Response
from solmux.ipmi.packet import Packet, PayloadType, SecureChannel
from tests.ipmi.bmc import Bmc

SOMEBODY = 0x0777_0001
"""Session of somebody else."""

Answer = tuple[int, bytes]
"""Completion code and data."""


@dataclass
class SessionBmc:
    """A login BMC with a command interpreter and a SOL instance behind it.

    Attributes:
      login: answers until the session exists.
      owner: session that has SOL, 0 for none.
      rules: what to do with a command instead: (code, data), a function of the request that returns that, or
        None for no answer at all.
      sol: takes the SOL payloads of the owner; what it returns is sent.
      commands: every command with its time, retransmissions included.
      payloads: every SOL payload that came, with its time.
    """

    login: Bmc = field(default_factory=Bmc)
    owner: int = 0
    inbound_size: int = 255
    rules: dict[tuple[int, int], Answer | Callable[[Request], Answer | None] | None] = field(
        default_factory=dict
    )
    sol: Callable[[bytes, float], list[bytes]] = lambda _payload, _now: []
    silent: bool = False
    commands: list[tuple[float, Request]] = field(default_factory=list)
    payloads: list[tuple[float, bytes]] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)

    @property
    def channel(self) -> SecureChannel:
        """The session made last."""
        return list(self.login.channels.values())[-1]

    @property
    def session_id(self) -> int:
        return self.channel.local_session_id

    def codes(self) -> list[tuple[int, int]]:
        """Return the commands that came, in order."""
        return [(request.net_fn, request.command) for _, request in self.commands]

    def times(self, code: tuple[int, int]) -> list[float]:
        """Return when a command came."""
        return [time for time, request in self.commands if (request.net_fn, request.command) == code]

    def seal(self, payload: bytes, payload_type: int = PayloadType.SOL) -> bytes:
        """Return a datagram of the session for the console."""
        return self.channel.seal(payload_type, payload)

    def receive(self, datagram: bytes, now: float) -> list[bytes]:
        """Return the datagrams that answer *datagram*."""
        if self.silent:
            return []
        session_id = Packet.from_bytes(datagram).session_id if datagram[4] == 6 else 0
        if not session_id:
            return self.login.receive(datagram)
        channel = self.login.channels[session_id]
        opened = channel.open(datagram)
        if opened is None or session_id in self.closed:
            return []
        if opened.payload_type == PayloadType.SOL:
            self.payloads.append((now, opened.payload))
            if session_id != self.owner:
                return []
            return [channel.seal(PayloadType.SOL, payload) for payload in self.sol(opened.payload, now)]
        request, sequence = Request.from_bytes(opened.payload)
        self.commands.append((now, request))
        answer = self.answer(request, session_id)
        if answer is None:
            return []
        response = Response(request.net_fn + 1, request.command, sequence, *answer)
        return [channel.seal(PayloadType.IPMI, response.to_bytes())]

    def answer(self, request: Request, session_id: int) -> Answer | None:
        code = (request.net_fn, request.command)
        if code in self.rules:
            rule = self.rules[code]
            return rule(request) if callable(rule) else rule
        return self.obey(request, session_id)

    def obey(self, request: Request, session_id: int) -> Answer:
        """Do what a good BMC does."""
        code: int = CompletionCode.OK
        data = b""
        match (request.net_fn, request.command):
            case SetSessionPrivilege.CODE:
                data = SessionPrivilege(SetSessionPrivilege.from_data(request.data).privilege).to_data()
            case ActivatePayload.CODE | DeactivatePayload.CODE:
                code, data = self.switch(request.command == ActivatePayload.CODE[1], session_id)
            case GetPayloadInstanceInfo.CODE:
                data = PayloadInstanceInfo(self.owner).to_data()
            case GetPayloadActivationStatus.CODE:
                data = PayloadActivationStatus(1, frozenset({1} if self.owner else ())).to_data()
            case GetSessionInfo.CODE:
                session = ActiveSession(3, 4, 1, True, IPv4Address("10.0.0.7"))
                data = SessionInfo(1, 4, 2, session).to_data()
            case (NetFunction.APPLICATION, 0x46):  # Get User Name
                data = b"bob".ljust(16, b"\0")
            case GetDeviceId.CODE:
                data = DeviceId(32, 1, True, False, 3, 8, "2.0", 0xBF, 10876, 1).to_data()
            case CloseSession.CODE:
                self.closed.append(session_id)
                if self.owner == session_id:
                    self.owner = 0
            case _:
                code = CompletionCode.INVALID_COMMAND
        return code, data

    def switch(self, on: bool, session_id: int) -> Answer:
        """Activate or deactivate SOL."""
        if on is bool(self.owner):
            return 0x80, b""
        self.owner = session_id if on else 0
        return CompletionCode.OK, PayloadActivation(self.inbound_size, 255).to_data() if on else b""


class Echo:
    """SOL that acknowledges everything; what the host reads is kept."""

    def __init__(self) -> None:
        self.host_input = b""
        self.breaks = 0
        self.acknowledged: list[bytes] = []
        self._last = 0

    def __call__(self, payload: bytes, now: float) -> list[bytes]:
        del now
        number, data = payload[0] & 15, payload[4:]
        if not number:
            self.acknowledged.append(payload)
            return []
        if number != self._last:
            self._last = number
            self.host_input += data
            self.breaks += bool(payload[3] & 0x10)
        return [bytes((0, number, len(data), 0))]
