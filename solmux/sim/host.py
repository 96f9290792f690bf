"""What sits behind the serial port of a simulated BMC."""

from enum import Enum
from typing import Protocol


class PowerAction(Enum):
    """What Chassis Control asks of the host (IPMI 2.0 table 28-4); the value is the request's code."""

    OFF = 0
    ON = 1
    CYCLE = 2
    RESET = 3
    DIAGNOSTIC_INTERRUPT = 4
    SOFT_OFF = 5


class Host(Protocol):
    """A machine with a serial console, without I/O; times are seconds on the driver's clock."""

    @property
    def powered(self) -> bool:
        """Whether the main power is on; without it nothing is printed and input goes nowhere."""

    @property
    def deadline(self) -> float:
        """When `read` has something, if nothing is fed before; infinity for never."""

    def read(self, now: float) -> bytes:
        """Return what was printed until *now* and not returned before."""

    def feed(self, data: bytes, now: float) -> None:
        """Take characters from the serial line."""

    def send_break(self, now: float) -> None:
        """Take a BREAK from the serial line."""

    def control(self, action: PowerAction, now: float) -> None:
        """Switch the power, or press a button."""
