"""Open Session and the four RAKP messages (IPMI 2.0 sections 13.17-13.24).

They are what comes behind the RMCP+ header. The console sends Open Session Request, RAKP 1 and RAKP 3; an
answer with a status other than 0 is an error and ends after its session id, or before it. Session ids are
little-endian; random numbers and the GUID are 16 bytes exactly as on the wire.
"""

from dataclasses import dataclass
from struct import Struct
from typing import Self

from solmux.ipmi.crypto import Algorithms
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.rakp.status import RmcpStatus

MAXIMUM_USERNAME_LENGTH = 16
NAME_ONLY_LOOKUP = 0x10
"""Role bit: find the user by name alone. Without it a BMC wants name *and* exactly that privilege."""
RANDOM_LENGTH = 16

_ERROR_LENGTH = 8
_SHORTEST_ERROR = 2
_OPEN_SESSION_REQUEST = Struct("<BBxxI")  # tag, privilege, remote console session id
_OPEN_SESSION = Struct("<BBBxI")  # tag, status, privilege, remote console session id
_PROPOSAL = Struct("<BxxBBxxx")  # kind 0-2, length 8, algorithm
_PROPOSAL_LENGTH = 8
_RAKP_HEADER = Struct("<BBxxI")  # tag, status, session id of the receiver
_RAKP_1 = Struct("<BxxxI16sBxxB")  # tag, managed system session id, random, role, name length


@dataclass(frozen=True, slots=True)
class OpenSessionRequest:
    """Open Session Request, payload type 10h (IPMI 2.0 section 13.17).

    Attributes:
      tag: 0-255, echoed.
      privilege: highest privilege wanted, 1-5; 0 lets the BMC choose, which many BMCs get wrong.
      remote_console_session_id: our id for the session, not 0.
      algorithms: the one suite proposed.
    """

    tag: int
    privilege: int
    remote_console_session_id: int
    algorithms: Algorithms

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Parse a payload; raises `DecodeError` only."""
        _need(raw, _OPEN_SESSION_REQUEST.size + 3 * _PROPOSAL_LENGTH, "Open Session Request")
        tag, privilege, session_id = _OPEN_SESSION_REQUEST.unpack_from(raw)
        return cls(tag, privilege & 0x0F, session_id, _read_proposals(raw, _OPEN_SESSION_REQUEST.size))

    def to_bytes(self) -> bytes:
        """Return the payload, 32 bytes."""
        header = _OPEN_SESSION_REQUEST.pack(self.tag, self.privilege, self.remote_console_session_id)
        return header + _write_proposals(self.algorithms)


@dataclass(frozen=True, slots=True)
class OpenSessionResponse:
    """Open Session Response, payload type 11h (IPMI 2.0 section 13.18).

    Attributes:
      tag: that of the request.
      status: `RmcpStatus`, or a number it does not know. Not 0: the fields after the next two are not sent.
      privilege: highest privilege granted; several BMCs put 0 or an echo here.
      remote_console_session_id: echoed.
      managed_system_session_id: the BMC's id for the session, not 0.
      algorithms: what the BMC chose; anything but the proposal is to be refused.
    """

    tag: int
    status: int
    privilege: int = 0
    remote_console_session_id: int = 0
    managed_system_session_id: int = 0
    algorithms: Algorithms = Algorithms(0, 0, 0)  # noqa: RUF009 - an immutable tuple

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Parse a payload; raises `DecodeError` only."""
        tag, status, privilege, session_id = _OPEN_SESSION.unpack_from(_answer(raw, "Open Session Response"))
        if status != RmcpStatus.NO_ERRORS:
            return cls(tag, status, privilege & 0x0F, session_id)
        _need(raw, 12 + 3 * _PROPOSAL_LENGTH, "Open Session Response")
        managed_system_session_id = int.from_bytes(raw[8:12], "little")
        algorithms = _read_proposals(raw, 12)
        return cls(tag, status, privilege & 0x0F, session_id, managed_system_session_id, algorithms)

    def to_bytes(self) -> bytes:
        """Return the payload: 36 bytes, or 8 with an error status."""
        header = _OPEN_SESSION.pack(self.tag, self.status, self.privilege, self.remote_console_session_id)
        if self.status != RmcpStatus.NO_ERRORS:
            return header
        managed_system_session_id = self.managed_system_session_id.to_bytes(4, "little")
        return header + managed_system_session_id + _write_proposals(self.algorithms)


@dataclass(frozen=True, slots=True)
class Rakp1:
    """RAKP Message 1, payload type 12h: who we are (IPMI 2.0 section 13.20).

    Attributes:
      tag: 0-255, echoed.
      managed_system_session_id: from the Open Session Response.
      random: our 16 random bytes, Rm.
      role: bits 3:0 privilege wanted, bit 4 `NAME_ONLY_LOOKUP`.
      username: 0-16 bytes.
    """

    tag: int
    managed_system_session_id: int
    random: bytes
    role: int
    username: bytes

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Parse a payload; raises `DecodeError` only."""
        _need(raw, _RAKP_1.size, "RAKP 1")
        tag, session_id, random, role, length = _RAKP_1.unpack_from(raw)
        if length > MAXIMUM_USERNAME_LENGTH:
            raise DecodeError(f"a user name has at most 16 bytes, RAKP 1 announces {length}")
        _need(raw, _RAKP_1.size + length, "RAKP 1")
        return cls(tag, session_id, random, role, raw[_RAKP_1.size : _RAKP_1.size + length])

    def to_bytes(self) -> bytes:
        """Return the payload, 28 bytes and the name."""
        header = _RAKP_1.pack(
            self.tag, self.managed_system_session_id, self.random, self.role, len(self.username)
        )
        return header + self.username


@dataclass(frozen=True, slots=True)
class Rakp2:
    """RAKP Message 2, payload type 13h: who the BMC is (IPMI 2.0 section 13.21).

    Attributes:
      tag: that of RAKP 1; OpenBMC leaves it and the session id 0 in an error.
      status: `RmcpStatus`, or a number it does not know. Not 0: the rest is not sent.
      remote_console_session_id: ours.
      random: the BMC's 16 random bytes, Rc.
      guid: 16 bytes that name the managed system.
      key_exchange_code: proof that the BMC knows the password; everything behind the GUID, as it came.
    """

    tag: int
    status: int
    remote_console_session_id: int = 0
    random: bytes = b""
    guid: bytes = b""
    key_exchange_code: bytes = b""

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Parse a payload; raises `DecodeError` only."""
        tag, status, session_id = _RAKP_HEADER.unpack_from(_answer(raw, "RAKP 2"))
        if status != RmcpStatus.NO_ERRORS:
            return cls(tag, status, session_id)
        _need(raw, 40, "RAKP 2")
        return cls(tag, status, session_id, raw[8:24], raw[24:40], raw[40:])

    def to_bytes(self) -> bytes:
        """Return the payload: 40 bytes and the code, or 8 with an error status."""
        header = _RAKP_HEADER.pack(self.tag, self.status, self.remote_console_session_id)
        return header + self.random + self.guid + self.key_exchange_code


@dataclass(frozen=True, slots=True)
class Rakp3:
    """RAKP Message 3, payload type 14h: proof that we know the password (IPMI 2.0 section 13.22).

    Attributes:
      tag: 0-255, echoed.
      status: 0, or why we give up: then there is no code and the BMC frees the session.
      managed_system_session_id: the BMC's.
      key_exchange_code: as long as the suite's hash; everything behind the session id, as it came.
    """

    tag: int
    status: int
    managed_system_session_id: int
    key_exchange_code: bytes = b""

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Parse a payload; raises `DecodeError` only."""
        _need(raw, _RAKP_HEADER.size, "RAKP 3")
        tag, status, session_id = _RAKP_HEADER.unpack_from(raw)
        return cls(tag, status, session_id, raw[_RAKP_HEADER.size :])

    def to_bytes(self) -> bytes:
        """Return the payload, 8 bytes and the code."""
        header = _RAKP_HEADER.pack(self.tag, self.status, self.managed_system_session_id)
        return header + self.key_exchange_code


@dataclass(frozen=True, slots=True)
class Rakp4:
    """RAKP Message 4, payload type 15h: the session is open (IPMI 2.0 section 13.23).

    Attributes:
      tag: that of RAKP 3.
      status: `RmcpStatus`, or a number it does not know.
      remote_console_session_id: ours.
      integrity_check_value: proof that both ends have the same session integrity key; everything behind the
        session id, as it came.
    """

    tag: int
    status: int
    remote_console_session_id: int = 0
    integrity_check_value: bytes = b""

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Parse a payload; raises `DecodeError` only."""
        tag, status, session_id = _RAKP_HEADER.unpack_from(_answer(raw, "RAKP 4"))
        return cls(tag, status, session_id, raw[_RAKP_HEADER.size :])

    def to_bytes(self) -> bytes:
        """Return the payload, 8 bytes and the value."""
        header = _RAKP_HEADER.pack(self.tag, self.status, self.remote_console_session_id)
        return header + self.integrity_check_value


def _need(raw: bytes, length: int, name: str) -> None:
    if len(raw) < length:
        raise DecodeError(f"{name} needs {length} bytes, got {len(raw)}")


def _answer(raw: bytes, name: str) -> bytes:
    """Return an answer of at least 8 bytes; an error may end after its status (ipmi_sim): session id 0."""
    _need(raw, _ERROR_LENGTH if raw[1:2] == b"\0" else _SHORTEST_ERROR, name)
    return raw.ljust(_ERROR_LENGTH, b"\0")


def _read_proposals(raw: bytes, start: int) -> Algorithms:
    """Read the three 8-byte algorithm proposals at *start*; the caller has checked the length."""
    numbers = []
    for kind in range(3):
        proposed, _, number = _PROPOSAL.unpack_from(raw, start + kind * _PROPOSAL_LENGTH)
        if proposed != kind:
            raise DecodeError(f"algorithm proposal {kind} expected, got {proposed}")
        numbers.append(number & 0x3F)
    return Algorithms(*numbers)


def _write_proposals(chosen: Algorithms) -> bytes:
    return b"".join(_PROPOSAL.pack(kind, _PROPOSAL_LENGTH, number) for kind, number in enumerate(chosen))
