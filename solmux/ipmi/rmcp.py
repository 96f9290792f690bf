"""RMCP header, ASF presence ping and pong, and the IPMI 1.5 session wrapper (IPMI 2.0 sections 13.1-13.6).

An RMCP datagram begins with version 06, a reserved byte, an RMCP sequence number (FF: no acknowledgement
wanted, always so for IPMI) and a class. The 1.5 wrapper is used outside of sessions only, for Get Channel
Authentication Capabilities; what a session carries is in `solmux.ipmi.packet`.
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Self

from solmux.ipmi.errors import DecodeError

RMCP_VERSION = 6
NO_ACKNOWLEDGEMENT = 0xFF
ACKNOWLEDGEMENT_BIT = 0x80
AUTHENTICATION_TYPE_NONE = 0
AUTHENTICATION_TYPE_RMCP_PLUS = 6

_ASF_IANA = 4542
_PRESENCE_PING = 0x80
_PRESENCE_PONG = 0x40
_SUPPORTS_IPMI = 0x80
_ASF_VERSION_1 = 0x01
_PONG_DATA_LENGTH = 16

_ASF = Struct(">IBBxB")  # enterprise number (big-endian, alone in this protocol), type, tag, data length
_PONG = Struct(">IIBB6x")  # enterprise number, OEM word, supported entities, supported interactions
_IPMI15 = Struct("<BIIB")  # authentication type, session sequence, session id, message length


class MessageClass(IntEnum):
    """What an RMCP datagram carries."""

    ASF = 6
    IPMI = 7


RMCP_ASF_HEADER = bytes((RMCP_VERSION, 0, NO_ACKNOWLEDGEMENT, MessageClass.ASF))
RMCP_IPMI_HEADER = bytes((RMCP_VERSION, 0, NO_ACKNOWLEDGEMENT, MessageClass.IPMI))
_HEADER_LENGTH = 4


def message_class(datagram: bytes) -> MessageClass:
    """Return the class of an RMCP datagram.

    Raises:
      DecodeError: not RMCP version 1.0, an RMCP acknowledgement, or another class than ASF and IPMI.
    """
    if len(datagram) < _HEADER_LENGTH:
        raise DecodeError(f"RMCP header needs 4 bytes, got {len(datagram)}")
    if datagram[0] != RMCP_VERSION:
        raise DecodeError(f"RMCP version must be 06h, got {datagram[0]:02X}h")
    if datagram[3] & ACKNOWLEDGEMENT_BIT:
        raise DecodeError("RMCP acknowledgement, nothing to read")
    try:
        return MessageClass(datagram[3] & 0x1F)
    except ValueError:
        raise DecodeError(f"RMCP class must be 6 or 7, got {datagram[3]:02X}h") from None


def is_rmcp_plus(datagram: bytes) -> bool:
    """Tell whether an IPMI datagram is in the RMCP+ format (else it is in the 1.5 format, or too short)."""
    return len(datagram) > _HEADER_LENGTH and datagram[_HEADER_LENGTH] == AUTHENTICATION_TYPE_RMCP_PLUS


def wrap_ipmi15(message: bytes) -> bytes:
    """Wrap an IPMI message for sending outside of a session: authentication none, sequence and id 0."""
    if len(message) > 0xFF:
        raise ValueError(f"an IPMI 1.5 packet carries at most 255 bytes, got {len(message)}")
    return RMCP_IPMI_HEADER + _IPMI15.pack(AUTHENTICATION_TYPE_NONE, 0, 0, len(message)) + message


def unwrap_ipmi15(datagram: bytes) -> bytes:
    """Return the IPMI message in an unauthenticated 1.5 packet; bytes behind it (legacy padding) are ignored.

    Raises:
      DecodeError: not RMCP, not IPMI, with an authentication type, or shorter than its length byte says.
    """
    if message_class(datagram) is not MessageClass.IPMI:
        raise DecodeError("an ASF message where an IPMI 1.5 packet is expected")
    start = _HEADER_LENGTH + _IPMI15.size
    if len(datagram) < start:
        raise DecodeError(f"IPMI 1.5 header needs {start} bytes, got {len(datagram)}")
    authentication_type, _, _, length = _IPMI15.unpack_from(datagram, _HEADER_LENGTH)
    if authentication_type != AUTHENTICATION_TYPE_NONE:
        raise DecodeError(f"authentication type must be none (0), got {authentication_type}")
    if len(datagram) < start + length:
        raise DecodeError(f"message of {length} bytes announced, {len(datagram) - start} present")
    return datagram[start : start + length]


@dataclass(frozen=True, slots=True)
class PresencePing:
    """ASF presence ping: "does anything answer at this address?" (ASF 2.0 section 3.2.4.2).

    Attributes:
      tag: 0-255, echoed in the pong.
    """

    tag: int

    @classmethod
    def from_bytes(cls, datagram: bytes) -> Self:
        """Parse a whole datagram; raises `DecodeError` if it is no ping."""
        kind, tag, _ = _asf_header(datagram)
        if kind != _PRESENCE_PING:
            raise DecodeError(f"ASF message type must be 80h (ping), got {kind:02X}h")
        return cls(tag)

    def to_bytes(self) -> bytes:
        """Return the whole datagram, 12 bytes."""
        return RMCP_ASF_HEADER + _ASF.pack(_ASF_IANA, _PRESENCE_PING, self.tag, 0)


@dataclass(frozen=True, slots=True)
class PresencePong:
    """Answer to a presence ping (ASF 2.0 section 3.2.4.3). Unauthenticated: proves nothing but a pulse.

    Attributes:
      tag: that of the ping.
      supports_ipmi: bit 7 of the supported entities.
    """

    tag: int
    supports_ipmi: bool = True

    @classmethod
    def from_bytes(cls, datagram: bytes) -> Self:
        """Parse a whole datagram; raises `DecodeError` if it is no pong."""
        kind, tag, length = _asf_header(datagram)
        if kind != _PRESENCE_PONG:
            raise DecodeError(f"ASF message type must be 40h (pong), got {kind:02X}h")
        start = _HEADER_LENGTH + _ASF.size
        if length < _PONG_DATA_LENGTH or len(datagram) < start + _PONG.size:
            raise DecodeError(f"a pong has 16 data bytes, got {min(length, len(datagram) - start)}")
        _, _, entities, _ = _PONG.unpack_from(datagram, start)
        return cls(tag, bool(entities & _SUPPORTS_IPMI))

    def to_bytes(self) -> bytes:
        """Return the whole datagram, 28 bytes."""
        entities = _ASF_VERSION_1 | (_SUPPORTS_IPMI if self.supports_ipmi else 0)
        header = _ASF.pack(_ASF_IANA, _PRESENCE_PONG, self.tag, _PONG_DATA_LENGTH)
        return RMCP_ASF_HEADER + header + _PONG.pack(_ASF_IANA, 0, entities, 0)


def presence_ping(tag: int) -> bytes:
    """Return a presence ping datagram."""
    return PresencePing(tag).to_bytes()


def presence_pong(tag: int) -> bytes:
    """Return the datagram that answers a ping with *tag*: IPMI is supported here."""
    return PresencePong(tag).to_bytes()


def _asf_header(datagram: bytes) -> tuple[int, int, int]:
    """Return type, tag and data length of an ASF datagram."""
    if message_class(datagram) is not MessageClass.ASF:
        raise DecodeError("an IPMI packet where an ASF message is expected")
    if len(datagram) < _HEADER_LENGTH + _ASF.size:
        raise DecodeError(f"an ASF message needs 12 bytes, got {len(datagram)}")
    enterprise, kind, tag, length = _ASF.unpack_from(datagram, _HEADER_LENGTH)
    if enterprise != _ASF_IANA:
        raise DecodeError(f"enterprise number must be 4542 (ASF), got {enterprise}")
    return kind, tag, length
