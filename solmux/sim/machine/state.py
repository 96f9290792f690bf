"""What the scripts of one simulated server share: what it is made of, its clocks, and how a boot ends."""

import random
from datetime import UTC, datetime

from solmux.sim.machine.hardware import Hardware
from solmux.sim.machine.script import Player


class Ending(Exception):  # noqa: N818 - not an error: it says how the story goes on
    """How the running system comes to its end; raised through its scripts.

    Attributes:
      orderly: the operating system stops its services first.
    """

    def __init__(self, *, orderly: bool = False) -> None:
        super().__init__()
        self.orderly = orderly


class Restart(Ending):
    """The machine starts again from its firmware."""


class PowerOff(Ending):
    """The machine switches itself off."""


class Crash(Ending):
    """The kernel panics.

    Attributes:
      reason: what the panic line says.
      trace: the functions of the call trace, innermost first.
      context: `TASK`, `IRQ` or `NMI`; in an NMI the last words are missing.
    """

    def __init__(self, reason: str, trace: tuple[str, ...], context: str = "TASK") -> None:
        super().__init__()
        self.reason = reason
        self.trace = trace
        self.context = context


class Machine:
    """State of one server that outlives a single script.

    Attributes:
      hardware: what it is made of.
      chance: its own source of chance.
      player: the serial line and the script on it.
      kernel_started: script time at which the last kernel began.
      kernel_alive: it runs, and listens to BREAK and NMI.
      kernel_log: what the kernel has said since then, for `dmesg`.
      ready: the boot has come as far as the login prompt.
      boots: power-on self tests so far.
      setup_next: the next start goes into the firmware's setup.
    """

    def __init__(self, hardware: Hardware, player: Player, chance: random.Random, wall: float) -> None:
        """Make a machine; *wall* is the time of day when the driver's clock stood at 0."""
        self.hardware = hardware
        self.chance = chance
        self.player = player
        self.kernel_started = 0.0
        self.kernel_alive = False
        self.kernel_log: list[str] = []
        self.ready = False
        self.boots = 0
        self.setup_next = False
        self._wall = wall

    @property
    def uptime(self) -> float:
        """Seconds since the kernel began."""
        return self.player.clock - self.kernel_started

    def time_of_day(self) -> datetime:
        """Return the machine's own clock, UTC."""
        return datetime.fromtimestamp(self._wall + self.player.clock, UTC)
