"""Chassis commands: is the machine on, and switching it (IPMI 2.0 sections 28.2 and 28.3)."""

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import ClassVar, Self

from solmux.ipmi.commands.base import need
from solmux.ipmi.message import NetFunction, Request

_POLICY_SHIFT = 5
_POLICY_MASK = 0x03
_IDENTIFY_SHIFT = 4


class PowerState(IntFlag):
    """First byte of the status, without the restore policy."""

    ON = 0x01
    OVERLOAD = 0x02
    INTERLOCK = 0x04
    FAULT = 0x08
    CONTROL_FAULT = 0x10


class RestorePolicy(IntEnum):
    """What the machine does when mains power returns."""

    STAY_OFF = 0
    PREVIOUS = 1
    POWER_ON = 2
    UNKNOWN = 3


class LastPowerEvent(IntFlag):
    """Second byte of the status."""

    AC_FAILED = 0x01
    OVERLOAD = 0x02
    INTERLOCK = 0x04
    FAULT = 0x08
    ON_BY_COMMAND = 0x10


class ChassisState(IntFlag):
    """Third byte of the status, without the identify light."""

    INTRUSION = 0x01
    FRONT_PANEL_LOCKOUT = 0x02
    DRIVE_FAULT = 0x04
    FAN_FAULT = 0x08


class IdentifyState(IntEnum):
    """The identify light."""

    OFF = 0
    TIMED = 1
    ON = 2
    RESERVED = 3


@dataclass(frozen=True, slots=True)
class GetChassisStatus:
    """Ask whether the machine is on."""

    CODE: ClassVar[tuple[int, int]] = (NetFunction.CHASSIS, 0x01)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE)


@dataclass(frozen=True, slots=True)
class ChassisStatus:
    """The answer to `GetChassisStatus`.

    Attributes:
      power: state of the power supply.
      restore_policy: after mains power was lost.
      last_event: why the power last changed.
      chassis: faults and switches.
      identify: the identify light; None if the BMC does not tell.
    """

    power: PowerState
    restore_policy: RestorePolicy = RestorePolicy.UNKNOWN
    last_event: LastPowerEvent = LastPowerEvent(0)  # noqa: RUF009 - immutable
    chassis: ChassisState = ChassisState(0)  # noqa: RUF009 - immutable
    identify: IdentifyState | None = None

    @property
    def is_on(self) -> bool:
        """Whether the machine is powered on."""
        return PowerState.ON in self.power

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the response's data; raises `DecodeError` only."""
        need(data, 3, "the answer to Get Chassis Status")
        identify = IdentifyState(data[2] >> _IDENTIFY_SHIFT & 3) if data[2] & 0x40 else None
        return cls(
            PowerState(data[0] & 0x1F),
            RestorePolicy(data[0] >> _POLICY_SHIFT & _POLICY_MASK),
            LastPowerEvent(data[1] & 0x1F),
            ChassisState(data[2] & 0x0F),
            identify,
        )

    def to_data(self) -> bytes:
        """Return the response's data, 3 bytes."""
        identify = 0 if self.identify is None else 0x40 | self.identify << _IDENTIFY_SHIFT
        return bytes(
            (self.power | self.restore_policy << _POLICY_SHIFT, self.last_event, self.chassis | identify)
        )


class ChassisAction(IntEnum):
    """What Chassis Control does."""

    POWER_DOWN = 0
    """Hard, at once."""
    POWER_UP = 1
    POWER_CYCLE = 2
    """Off for at least a second; D5h if the machine is off already."""
    HARD_RESET = 3
    DIAGNOSTIC_INTERRUPT = 4
    """NMI, for a crash dump."""
    SOFT_SHUTDOWN = 5
    """By ACPI: the operating system decides."""


@dataclass(frozen=True, slots=True)
class ChassisControl:
    """Switch the machine; the answer has no data, and may come before the action, after it or never.

    Never send it again because no answer came: read the status instead.

    Attributes:
      action: `ChassisAction`, or a number it does not know.
    """

    CODE: ClassVar[tuple[int, int]] = (NetFunction.CHASSIS, 0x02)

    action: int

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the request's data; raises `DecodeError` only."""
        need(data, 1, "Chassis Control")
        return cls(data[0] & 0x0F)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE, bytes((self.action,)))
