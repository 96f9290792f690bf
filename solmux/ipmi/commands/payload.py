"""Switching SOL on and off, and asking who has it (IPMI 2.0 sections 24.1-24.5)."""

from dataclasses import dataclass
from enum import IntFlag
from struct import Struct
from typing import ClassVar, Self

from solmux.ipmi.commands.base import SOL_INSTANCE, SOL_PAYLOAD, need
from solmux.ipmi.message import NetFunction, Request

_ACTIVATION = Struct("<4sHHHH")  # auxiliary, inbound size, outbound size, port, VLAN
_NO_VLAN = 0xFFFF
_SMALLEST_PAYLOAD, _LARGEST_PAYLOAD = 5, 259  # a 4-byte header and 1-255 characters
_SAFE_PAYLOAD = 36  # 32 characters, which every BMC takes
_INSTANCES = 16


class SolActivation(IntFlag):
    """First auxiliary byte of Activate Payload for SOL (table 24-2)."""

    ENCRYPTED = 0x80
    AUTHENTICATED = 0x40
    TEST_MODE = 0x20
    ALERTS_SUCCEED = 0x08
    ALERTS_DEFERRED = 0x04
    LINES_DEASSERTED = 0x02
    """Keep CTS and DCD/DSR deasserted to the host until a SOL packet asserts them."""


@dataclass(frozen=True, slots=True)
class ActivatePayload:
    """Switch SOL on in this session (section 24.1).

    Attributes:
      options: bits of `SolActivation`; by default what works on most BMCs.
      payload_type: 1, SOL.
      instance: from 1.
    """

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x48)

    options: int = SolActivation.ENCRYPTED | SolActivation.AUTHENTICATED | SolActivation.ALERTS_DEFERRED
    payload_type: int = SOL_PAYLOAD
    instance: int = SOL_INSTANCE

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 6, "Activate Payload")
        return cls(data[2], data[0] & 0x3F, data[1] & 0x0F)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE, bytes((self.payload_type, self.instance, self.options, 0, 0, 0)))


@dataclass(frozen=True, slots=True)
class PayloadActivation:
    """The answer to `ActivatePayload`, sizes and port as announced; many BMCs announce nonsense.

    Attributes:
      announced_inbound_size: largest SOL payload the BMC takes.
      announced_outbound_size: largest SOL payload the BMC sends.
      port: UDP port for the payload.
      vlan: VLAN id, FFFFh for none.
      test_mode: granted.
    """

    announced_inbound_size: int
    announced_outbound_size: int
    port: int = 623
    vlan: int = _NO_VLAN
    test_mode: bool = False

    @property
    def inbound_size(self) -> int:
        """Largest SOL payload to send, header included: 5-259 whatever was announced."""
        return sane_payload_size(self.announced_inbound_size)

    @property
    def outbound_size(self) -> int:
        """Largest SOL payload to expect, header included: for information, never to refuse by."""
        return sane_payload_size(self.announced_outbound_size)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the response's data; raises `DecodeError` only."""
        need(data, _ACTIVATION.size, "the answer to Activate Payload")
        auxiliary, inbound, outbound, port, vlan = _ACTIVATION.unpack_from(data)
        return cls(inbound, outbound, port, vlan, bool(auxiliary[0] & 1))

    def to_data(self) -> bytes:
        """Return the response's data, 12 bytes."""
        auxiliary = bytes((1 if self.test_mode else 0, 0, 0, 0))
        return _ACTIVATION.pack(
            auxiliary, self.announced_inbound_size, self.announced_outbound_size, self.port, self.vlan
        )


def sane_payload_size(announced: int) -> int:
    """Return a SOL payload size that can be true: *announced*, its bytes swapped, or 36."""
    swapped = announced >> 8 | (announced & 0xFF) << 8
    for size in (announced, swapped):
        if _SMALLEST_PAYLOAD <= size <= _LARGEST_PAYLOAD:
            return size
    return _SAFE_PAYLOAD


@dataclass(frozen=True, slots=True)
class DeactivatePayload:
    """Switch SOL off, in whichever session it is; the answer has no data (section 24.2)."""

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x49)

    payload_type: int = SOL_PAYLOAD
    instance: int = SOL_INSTANCE

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 6, "Deactivate Payload")
        return cls(data[0] & 0x3F, data[1] & 0x0F)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE, bytes((self.payload_type, self.instance, 0, 0, 0, 0)))


@dataclass(frozen=True, slots=True)
class SetPayloadEncryption:
    """Suspend or resume a payload's encryption; the answer has no data (section 24.3). Never sent by us.

    Attributes:
      operation: 0 suspend, 1 resume, 2 make a new initialisation vector.
    """

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x55)

    operation: int
    payload_type: int = SOL_PAYLOAD
    instance: int = SOL_INSTANCE

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 3, "Suspend/Resume Payload Encryption")
        return cls(data[2] & 0x1F, data[0] & 0x3F, data[1] & 0x0F)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE, bytes((self.payload_type, self.instance, self.operation)))


@dataclass(frozen=True, slots=True)
class GetPayloadActivationStatus:
    """Ask which instances of a payload are active (section 24.4)."""

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x4A)

    payload_type: int = SOL_PAYLOAD

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 1, "Get Payload Activation Status")
        return cls(data[0] & 0x3F)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE, bytes((self.payload_type,)))


@dataclass(frozen=True, slots=True)
class PayloadActivationStatus:
    """The answer to `GetPayloadActivationStatus`.

    Attributes:
      capacity: instances the BMC can hold, at least 1 (three Dell models say 0 and mean 1).
      instances: the active ones, counted from 1.
    """

    capacity: int
    instances: frozenset[int]

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the response's data; raises `DecodeError` only."""
        need(data, 3, "the answer to Get Payload Activation Status")
        bits = int.from_bytes(data[1:3], "little")
        active = frozenset(bit + 1 for bit in range(_INSTANCES) if bits >> bit & 1)
        return cls(max(1, data[0] & 0x0F), active)

    def to_data(self) -> bytes:
        """Return the response's data, 3 bytes."""
        bits = sum(1 << instance - 1 for instance in self.instances)
        return bytes((self.capacity,)) + bits.to_bytes(2, "little")


@dataclass(frozen=True, slots=True)
class GetPayloadInstanceInfo:
    """Ask in which session a payload instance is: also the keepalive (section 24.5)."""

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x4B)

    payload_type: int = SOL_PAYLOAD
    instance: int = SOL_INSTANCE

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 2, "Get Payload Instance Info")
        return cls(data[0] & 0x3F, data[1] & 0x0F)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE, bytes((self.payload_type, self.instance)))


@dataclass(frozen=True, slots=True)
class PayloadInstanceInfo:
    """The answer to `GetPayloadInstanceInfo`.

    Attributes:
      managed_system_session_id: the session that has the instance; 0 if it is not active.
      serial_port: number of the port behind it, for SOL.
    """

    managed_system_session_id: int
    serial_port: int = 0

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the response's data; raises `DecodeError` only."""
        need(data, 4, "the answer to Get Payload Instance Info")
        return cls(int.from_bytes(data[:4], "little"), data[4] if len(data) > 4 else 0)

    def to_data(self) -> bytes:
        """Return the response's data, 12 bytes."""
        return self.managed_system_session_id.to_bytes(4, "little") + bytes((self.serial_port,)) + bytes(7)
