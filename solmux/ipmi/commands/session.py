"""Commands before and around a session (IPMI 2.0 sections 22.13-22.20)."""

from dataclasses import dataclass
from enum import IntFlag
from ipaddress import IPv4Address
from struct import Struct
from typing import ClassVar, Self

from solmux.ipmi.commands.base import CURRENT_CHANNEL, Privilege, need
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.message import NetFunction, Request

_EXTENDED = 0x80
_BY_HANDLE = 0xFE
_BY_SESSION_ID = 0xFF
_SESSION = Struct("<BBB4s6sH")  # user, privilege, channel, address, MAC address, port
_ACTIVE_SESSION_LENGTH = 3 + _SESSION.size


class LoginStatus(IntFlag):
    """Third byte of the authentication capabilities. Several BMCs get it wrong: hints, no more."""

    ANONYMOUS = 0x01
    """Null user name and null password are accepted."""
    NULL_USERNAMES = 0x02
    """A null user name with a password exists."""
    NAMED_USERS = 0x04
    USER_LEVEL_DISABLED = 0x08
    PER_MESSAGE_DISABLED = 0x10
    KG_SET = 0x20
    """A BMC key is set: two-key login."""


@dataclass(frozen=True, slots=True)
class GetChannelAuthenticationCapabilities:
    """Ask what the BMC can do; sent in the IPMI 1.5 wrapper, before any session (section 22.13).

    Attributes:
      channel: 0-15.
      privilege: level wanted.
      extended: also give IPMI 2.0 data; some IPMI 1.5 BMCs answer CCh to it.
    """

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x38)

    channel: int = CURRENT_CHANNEL
    privilege: int = Privilege.ADMINISTRATOR
    extended: bool = True

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 2, "Get Channel Authentication Capabilities")
        return cls(data[0] & 0x0F, data[1] & 0x0F, bool(data[0] & _EXTENDED))

    def to_request(self) -> Request:
        """Return the request."""
        first = self.channel | (_EXTENDED if self.extended else 0)
        return Request(*self.CODE, bytes((first, self.privilege)))


@dataclass(frozen=True, slots=True)
class ChannelAuthenticationCapabilities:
    """The answer to `GetChannelAuthenticationCapabilities`. Unauthenticated, like the question.

    Attributes:
      channel: number of the channel we came over.
      authentication_types: IPMI 1.5 types as bits: 0 none, 1 MD2, 2 MD5, 4 password, 5 OEM.
      extended: the fields of IPMI 2.0 are valid.
      login_status: see there.
      supports_ipmi15: the channel takes IPMI 1.5 sessions.
      supports_ipmi20: the channel takes RMCP+ sessions.
      oem_iana: enterprise number, 0 for none.
      oem_data: one byte.
    """

    channel: int
    authentication_types: int
    extended: bool
    login_status: LoginStatus
    supports_ipmi15: bool
    supports_ipmi20: bool
    oem_iana: int = 0
    oem_data: int = 0

    @property
    def rmcp_plus(self) -> bool:
        """Whether an RMCP+ session, and so SOL, is possible."""
        return self.extended and self.supports_ipmi20

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the response's data; raises `DecodeError` only."""
        need(data, 8, "the answer to Get Channel Authentication Capabilities")
        return cls(
            data[0] & 0x0F,
            data[1] & 0x3F,
            bool(data[1] & _EXTENDED),
            LoginStatus(data[2] & 0x3F),
            bool(data[3] & 1),
            bool(data[3] & 2),
            int.from_bytes(data[4:7], "little"),
            data[7],
        )

    def to_data(self) -> bytes:
        """Return the response's data, 8 bytes."""
        types = self.authentication_types | (_EXTENDED if self.extended else 0)
        versions = (1 if self.supports_ipmi15 else 0) | (2 if self.supports_ipmi20 else 0)
        head = bytes((self.channel, types, self.login_status, versions))
        return head + self.oem_iana.to_bytes(3, "little") + bytes((self.oem_data,))


@dataclass(frozen=True, slots=True)
class SetSessionPrivilege:
    """Raise or lower the session's privilege; it starts at user (section 22.18).

    Attributes:
      privilege: level wanted; 0 only asks for the present one.
    """

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x3B)

    privilege: int

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 1, "Set Session Privilege Level")
        return cls(data[0] & 0x0F)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE, bytes((self.privilege,)))


@dataclass(frozen=True, slots=True)
class SessionPrivilege:
    """The answer to `SetSessionPrivilege`: the level now in force."""

    privilege: int

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the response's data; raises `DecodeError` only."""
        need(data, 1, "the answer to Set Session Privilege Level")
        return cls(data[0] & 0x0F)

    def to_data(self) -> bytes:
        """Return the response's data, 1 byte."""
        return bytes((self.privilege,))


@dataclass(frozen=True, slots=True)
class CloseSession:
    """End a session; the answer has no data and may never come (section 22.19).

    Attributes:
      managed_system_session_id: whose; ours, normally.
    """

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x3C)

    managed_system_session_id: int

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 4, "Close Session")
        return cls(int.from_bytes(data[:4], "little"))

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE, self.managed_system_session_id.to_bytes(4, "little"))


@dataclass(frozen=True, slots=True)
class GetSessionInfo:
    """Ask who is behind a session (section 22.20).

    Attributes:
      index: 0 the session that asks, 1-253 the n-th active one.
      managed_system_session_id: if not None, this session instead.
      handle: if not None, the session with this handle instead.
    """

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x3D)

    index: int = 0
    managed_system_session_id: int | None = None
    handle: int | None = None

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 1, "Get Session Info")
        if data[0] == _BY_SESSION_ID:
            need(data, 5, "Get Session Info by session id")
            return cls(managed_system_session_id=int.from_bytes(data[1:5], "little"))
        if data[0] == _BY_HANDLE:
            need(data, 2, "Get Session Info by handle")
            return cls(handle=data[1])
        return cls(data[0])

    def to_request(self) -> Request:
        """Return the request."""
        if self.managed_system_session_id is not None:
            data = bytes((_BY_SESSION_ID,)) + self.managed_system_session_id.to_bytes(4, "little")
        elif self.handle is not None:
            data = bytes((_BY_HANDLE, self.handle))
        else:
            data = bytes((self.index,))
        return Request(*self.CODE, data)


@dataclass(frozen=True, slots=True)
class ActiveSession:
    """Who is behind a session, as the BMC knows it.

    Attributes:
      user_id: slot of the BMC's user table, not a name.
      privilege: the level in force.
      channel: 0-15.
      rmcp_plus: IPMI 2.0 session.
      address: of the remote console.
      mac_address: 6 bytes, often zeros.
      port: UDP port of the remote console.
    """

    user_id: int
    privilege: int
    channel: int
    rmcp_plus: bool = True
    address: IPv4Address = IPv4Address(0)  # noqa: RUF009 - immutable
    mac_address: bytes = bytes(6)
    port: int = 0


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """The answer to `GetSessionInfo`.

    Attributes:
      handle: 0 if no such session is active.
      slots: sessions the BMC can hold.
      active: sessions it holds now.
      session: the session asked for; None if it is not active.
    """

    handle: int
    slots: int
    active: int
    session: ActiveSession | None = None

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the response's data; raises `DecodeError` only.

        BMCs that leave out the console's address (serial sessions, some firmware) give zeros for it.
        """
        need(data, 3, "the answer to Get Session Info")
        handle, slots, active = data[0], data[1] & 0x3F, data[2] & 0x3F
        if len(data) == 3:
            return cls(handle, slots, active)
        need(data, 6, "the answer to Get Session Info")
        padded = data[3:].ljust(_SESSION.size, b"\0")
        user, privilege, channel, address, mac_address, port = _SESSION.unpack_from(padded)
        session = ActiveSession(
            user & 0x3F,
            privilege & 0x0F,
            channel & 0x0F,
            channel >> 4 == 1,
            IPv4Address(address),
            mac_address,
            port,
        )
        return cls(handle, slots, active, session)

    def to_data(self) -> bytes:
        """Return the response's data, 3 or 18 bytes."""
        head = bytes((self.handle, self.slots, self.active))
        session = self.session
        if session is None:
            return head
        return head + _SESSION.pack(
            session.user_id,
            session.privilege,
            session.channel | (0x10 if session.rmcp_plus else 0),
            session.address.packed,
            session.mac_address,
            session.port,
        )


@dataclass(frozen=True, slots=True)
class GetChannelCipherSuites:
    """Ask for the suites of a channel, 16 bytes at a time (section 22.15).

    Sent in the RMCP+ wrapper, outside of a session. The answer is unauthenticated: never let it choose.

    Attributes:
      index: of the 16-byte block, 0-63.
      channel: 0-15.
      payload_type: the suites that this payload may use.
    """

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x54)

    index: int = 0
    channel: int = CURRENT_CHANNEL
    payload_type: int = 0

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 3, "Get Channel Cipher Suites")
        return cls(data[2] & 0x3F, data[0] & 0x0F, data[1] & 0x3F)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE, bytes((self.channel, self.payload_type, 0x80 | self.index)))


@dataclass(frozen=True, slots=True)
class CipherSuitesBlock:
    """One answer to `GetChannelCipherSuites`.

    Attributes:
      channel: the channel's number.
      records: up to 16 bytes of the list; a shorter block is the last.
    """

    LENGTH: ClassVar[int] = 16

    channel: int
    records: bytes

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the response's data; raises `DecodeError` only."""
        need(data, 1, "the answer to Get Channel Cipher Suites")
        return cls(data[0] & 0x0F, data[1 : 1 + cls.LENGTH])

    def to_data(self) -> bytes:
        """Return the response's data."""
        return bytes((self.channel,)) + self.records


@dataclass(frozen=True, slots=True)
class CipherSuiteRecord:
    """One suite that a BMC offers (section 22.15.2).

    Attributes:
      identifier: the suite's number; a vendor's own numbers mean nothing without *oem_iana*.
      oem_iana: enterprise number of a vendor's suite, 0 for a standard one.
      algorithms: the tagged algorithm bytes: 00h authentication, 40h integrity, 80h confidentiality.
    """

    identifier: int
    oem_iana: int = 0
    algorithms: bytes = b""

    def to_bytes(self) -> bytes:
        """Return the record."""
        if self.oem_iana:
            head = bytes((0xC1, self.identifier)) + self.oem_iana.to_bytes(3, "little")
        else:
            head = bytes((0xC0, self.identifier))
        return head + self.algorithms


def read_cipher_suite_records(records: bytes) -> tuple[CipherSuiteRecord, ...]:
    """Parse the joined blocks of the cipher suite list.

    Records are told apart by their start bytes C0h and C1h, because some BMCs have them shorter or longer
    than the algorithms need.

    Raises:
      DecodeError: the list begins with something else, or ends inside a record's head.
    """
    found = []
    at = 0
    while at < len(records):
        start = records[at]
        if start not in (0xC0, 0xC1):
            raise DecodeError(f"a cipher suite record starts with C0h or C1h, got {start:02X}h")
        head = 2 if start == 0xC0 else 5
        if at + head > len(records):
            raise DecodeError("the cipher suite list ends inside a record")
        end = at + head
        while end < len(records) and records[end] < 0xC0:
            end += 1
        oem_iana = int.from_bytes(records[at + 2 : at + head], "little")
        found.append(CipherSuiteRecord(records[at + 1], oem_iana, records[at + head : end]))
        at = end
    return tuple(found)
