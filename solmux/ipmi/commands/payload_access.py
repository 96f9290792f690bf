"""Who may use which payload, and what a channel has (IPMI 2.0 sections 24.6-24.9)."""

from dataclasses import dataclass
from typing import ClassVar, Self

from solmux.ipmi.commands.base import CURRENT_CHANNEL, SOL_PAYLOAD, need
from solmux.ipmi.message import NetFunction, Request


@dataclass(frozen=True, slots=True)
class SetUserPayloadAccess:
    """Allow or forbid a user a payload; the answer has no data (section 24.6).

    Attributes:
      user_id: 1-63.
      enable: or disable.
      standard_payloads: bit n for payload type n; SOL is 02h.
      oem_payloads: bits 0-7.
      channel: 0-15.
    """

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x4C)

    user_id: int
    enable: bool = True
    standard_payloads: int = 1 << SOL_PAYLOAD
    oem_payloads: int = 0
    channel: int = CURRENT_CHANNEL

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 6, "Set User Payload Access")
        return cls(data[1] & 0x3F, not data[1] >> 6, data[2], data[4], data[0] & 0x0F)

    def to_request(self) -> Request:
        """Return the request."""
        user = self.user_id | (0 if self.enable else 0x40)
        return Request(
            *self.CODE, bytes((self.channel, user, self.standard_payloads, 0, self.oem_payloads, 0))
        )


@dataclass(frozen=True, slots=True)
class GetUserPayloadAccess:
    """Ask which payloads a user may activate (section 24.7)."""

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x4D)

    user_id: int
    channel: int = CURRENT_CHANNEL

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 2, "Get User Payload Access")
        return cls(data[1] & 0x3F, data[0] & 0x0F)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE, bytes((self.channel, self.user_id)))


@dataclass(frozen=True, slots=True)
class UserPayloadAccess:
    """The answer to `GetUserPayloadAccess`; bits as in `SetUserPayloadAccess`."""

    standard_payloads: int
    oem_payloads: int = 0

    @property
    def sol(self) -> bool:
        """Whether the user may activate SOL."""
        return bool(self.standard_payloads >> SOL_PAYLOAD & 1)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the response's data; raises `DecodeError` only."""
        need(data, 4, "the answer to Get User Payload Access")
        return cls(data[0], data[2])

    def to_data(self) -> bytes:
        """Return the response's data, 4 bytes."""
        return bytes((self.standard_payloads, 0, self.oem_payloads, 0))


@dataclass(frozen=True, slots=True)
class GetChannelPayloadSupport:
    """Ask which payloads a channel has; several BMCs refuse or ignore it (section 24.8)."""

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x4E)

    channel: int = CURRENT_CHANNEL

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 1, "Get Channel Payload Support")
        return cls(data[0] & 0x0F)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE, bytes((self.channel,)))


@dataclass(frozen=True, slots=True)
class ChannelPayloadSupport:
    """The answer to `GetChannelPayloadSupport`.

    Attributes:
      standard_payloads: bit n for payload type n, 16 bits.
      session_payloads: bit n for payload type 10h + n, 16 bits.
      oem_payloads: bit n for payload type 20h + n, 16 bits.
    """

    standard_payloads: int
    session_payloads: int = 0x003F
    oem_payloads: int = 0

    @property
    def sol(self) -> bool:
        """Whether the channel has SOL."""
        return bool(self.standard_payloads >> SOL_PAYLOAD & 1)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the response's data; raises `DecodeError` only."""
        need(data, 6, "the answer to Get Channel Payload Support")
        standard, session, oem = (int.from_bytes(data[at : at + 2], "little") for at in (0, 2, 4))
        return cls(standard, session, oem)

    def to_data(self) -> bytes:
        """Return the response's data, 8 bytes."""
        words = (self.standard_payloads, self.session_payloads, self.oem_payloads, 0)
        return b"".join(word.to_bytes(2, "little") for word in words)


@dataclass(frozen=True, slots=True)
class GetChannelPayloadVersion:
    """Ask for the version of a payload (section 24.9)."""

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x4F)

    payload_type: int = SOL_PAYLOAD
    channel: int = CURRENT_CHANNEL

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 2, "Get Channel Payload Version")
        return cls(data[1] & 0x3F, data[0] & 0x0F)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE, bytes((self.channel, self.payload_type)))


@dataclass(frozen=True, slots=True)
class PayloadVersion:
    """The answer to `GetChannelPayloadVersion`: 1.0 for SOL."""

    major: int
    minor: int = 0

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the response's data; raises `DecodeError` only."""
        need(data, 1, "the answer to Get Channel Payload Version")
        return cls(data[0] >> 4, data[0] & 0x0F)

    def to_data(self) -> bytes:
        """Return the response's data, 1 byte."""
        return bytes((self.major << 4 | self.minor,))
