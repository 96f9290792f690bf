"""SOL configuration parameters (IPMI 2.0 sections 26.2-26.5)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from solmux.ipmi.commands.base import CURRENT_CHANNEL, need
from solmux.ipmi.message import NetFunction, Request

_REVISION_ONLY = 0x80
_PARAMETER_REVISION = 0x11
_ACCUMULATE_UNIT = 0.005  # seconds
_RETRY_UNIT = 0.010  # seconds


class SolParameter(IntEnum):
    """Parameter selectors (table 26-5); 192-255 are the vendor's."""

    SET_IN_PROGRESS = 0
    ENABLE = 1
    AUTHENTICATION = 2
    CHARACTER_ACCUMULATE = 3
    RETRY = 4
    NON_VOLATILE_BIT_RATE = 5
    VOLATILE_BIT_RATE = 6
    PAYLOAD_CHANNEL = 7
    PAYLOAD_PORT = 8


class BitRate(IntEnum):
    """Serial bit rates of parameters 5 and 6."""

    AS_SERIAL_CHANNEL = 0
    B9600 = 6
    B19200 = 7
    B38400 = 8
    B57600 = 9
    B115200 = 10


@dataclass(frozen=True, slots=True)
class GetSolConfiguration:
    """Read one parameter.

    Attributes:
      parameter: `SolParameter` or a vendor's.
      channel: 0-15.
      revision_only: leave the data out.
      set_selector, block_selector: 0, but for vendors' parameters.
    """

    CODE: ClassVar[tuple[int, int]] = (NetFunction.TRANSPORT, 0x22)

    parameter: int
    channel: int = CURRENT_CHANNEL
    revision_only: bool = False
    set_selector: int = 0
    block_selector: int = 0

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 4, "Get SOL Configuration Parameters")
        return cls(data[1], data[0] & 0x0F, bool(data[0] & _REVISION_ONLY), data[2], data[3])

    def to_request(self) -> Request:
        """Return the request."""
        first = self.channel | (_REVISION_ONLY if self.revision_only else 0)
        return Request(*self.CODE, bytes((first, self.parameter, self.set_selector, self.block_selector)))


@dataclass(frozen=True, slots=True)
class SolConfiguration:
    """The answer to `GetSolConfiguration`.

    Attributes:
      data: of the parameter; the classes below read those with a shape.
      revision: of the parameter, 11h.
    """

    data: bytes
    revision: int = _PARAMETER_REVISION

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the response's data; raises `DecodeError` only."""
        need(data, 1, "the answer to Get SOL Configuration Parameters")
        return cls(data[1:], data[0])

    def to_data(self) -> bytes:
        """Return the response's data."""
        return bytes((self.revision,)) + self.data


@dataclass(frozen=True, slots=True)
class SetSolConfiguration:
    """Write one parameter; the answer has no data.

    Attributes:
      parameter: `SolParameter` or a vendor's.
      data: of the parameter.
      channel: 0-15.
    """

    CODE: ClassVar[tuple[int, int]] = (NetFunction.TRANSPORT, 0x21)

    parameter: int
    data: bytes
    channel: int = CURRENT_CHANNEL

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 3, "Set SOL Configuration Parameters")
        return cls(data[1], data[2:], data[0] & 0x0F)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE, bytes((self.channel, self.parameter)) + self.data)


@dataclass(frozen=True, slots=True)
class SolEnable:
    """Parameter 1: whether SOL may be activated at all."""

    enabled: bool

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the parameter's data; raises `DecodeError` only."""
        need(data, 1, "SOL parameter 1")
        return cls(bool(data[0] & 1))

    def to_data(self) -> bytes:
        """Return the parameter's data, 1 byte."""
        return bytes((1 if self.enabled else 0,))


@dataclass(frozen=True, slots=True)
class SolAuthentication:
    """Parameter 2: what SOL demands of a session.

    Attributes:
      privilege: least level that may activate SOL, 2-5.
      force_encryption, force_authentication: whatever the activation asks for.
    """

    privilege: int
    force_encryption: bool = False
    force_authentication: bool = False

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the parameter's data; raises `DecodeError` only."""
        need(data, 1, "SOL parameter 2")
        return cls(data[0] & 0x0F, bool(data[0] & 0x80), bool(data[0] & 0x40))

    def to_data(self) -> bytes:
        """Return the parameter's data, 1 byte."""
        forced = (0x80 if self.force_encryption else 0) | (0x40 if self.force_authentication else 0)
        return bytes((self.privilege | forced,))


@dataclass(frozen=True, slots=True)
class SolAccumulate:
    """Parameter 3: when the BMC sends what the host has printed.

    Attributes:
      interval_units: longest wait for more characters, in units of 5 ms, from 1.
      threshold: characters that are sent at once when reached.
    """

    interval_units: int
    threshold: int

    @property
    def interval(self) -> float:
        """The longest wait in seconds."""
        return self.interval_units * _ACCUMULATE_UNIT

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the parameter's data; raises `DecodeError` only."""
        need(data, 2, "SOL parameter 3")
        return cls(data[0], data[1])

    def to_data(self) -> bytes:
        """Return the parameter's data, 2 bytes."""
        return bytes((self.interval_units, self.threshold))


@dataclass(frozen=True, slots=True)
class SolRetry:
    """Parameter 4: how long the BMC keeps output that nobody acknowledges; then it is lost.

    Attributes:
      count: retransmissions, 0-7.
      interval_units: time between them in units of 10 ms; 0 is back to back.
    """

    count: int
    interval_units: int

    @property
    def interval(self) -> float:
        """Seconds between retransmissions."""
        return self.interval_units * _RETRY_UNIT

    @property
    def patience(self) -> float:
        """Seconds from first sending to giving up: what a network may take to lose nothing."""
        return (self.count + 1) * self.interval

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the parameter's data; raises `DecodeError` only."""
        need(data, 2, "SOL parameter 4")
        return cls(data[0] & 0x07, data[1])

    def to_data(self) -> bytes:
        """Return the parameter's data, 2 bytes."""
        return bytes((self.count, self.interval_units))


@dataclass(frozen=True, slots=True)
class SolBitRate:
    """Parameters 5 and 6: the serial bit rate; 6 is loaded from 5 at each activation.

    Attributes:
      code: `BitRate`, or a number it does not know.
    """

    code: int

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the parameter's data; raises `DecodeError` only."""
        need(data, 1, "SOL parameter 5 or 6")
        return cls(data[0] & 0x0F)

    def to_data(self) -> bytes:
        """Return the parameter's data, 1 byte."""
        return bytes((self.code,))


@dataclass(frozen=True, slots=True)
class SolChannel:
    """Parameter 7, read-only: the channel that carries SOL."""

    channel: int

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the parameter's data; raises `DecodeError` only."""
        need(data, 1, "SOL parameter 7")
        return cls(data[0] & 0x0F)

    def to_data(self) -> bytes:
        """Return the parameter's data, 1 byte."""
        return bytes((self.channel,))


@dataclass(frozen=True, slots=True)
class SolPort:
    """Parameter 8: the UDP port for SOL."""

    port: int

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the parameter's data; raises `DecodeError` only."""
        need(data, 2, "SOL parameter 8")
        return cls(int.from_bytes(data[:2], "little"))

    def to_data(self) -> bytes:
        """Return the parameter's data, 2 bytes."""
        return self.port.to_bytes(2, "little")
