"""A believable server behind a serial console: power on to login prompt, shell, crash, and again."""

import math
import random

from solmux.sim.host import PowerAction
from solmux.sim.machine import kernel
from solmux.sim.machine.firmware import run_firmware
from solmux.sim.machine.grub import run_grub
from solmux.sim.machine.hardware import draw_hardware
from solmux.sim.machine.kernel_texts import CRASHES
from solmux.sim.machine.script import LINE_RATE, Pause, Player, Script
from solmux.sim.machine.state import Crash, Machine, PowerOff, Restart
from solmux.sim.machine.userland import log_in, start_userland, stop_userland

SYSRQ_SECONDS = 5.0
"""How long after a BREAK the next character is a SysRq key."""
DAY = 86400.0
CYCLE_SECONDS = 2.0
"""How long a power cycle leaves the machine off."""
_NMI = "Uhhuh. NMI received for unknown reason 21 on CPU 0."


class Server:
    """A simulated server; implements `solmux.sim.host.Host`.

    Everything it does follows from its name, the seed and what is typed, so a run can be repeated.

    Attributes:
      powered: the main power is on.
      machine: what it is made of and what it is doing.
    """

    def __init__(
        self,
        name: str,
        *,
        seed: int = 0,
        rate: float = LINE_RATE,
        wall: float = 0.0,
        chatter_interval: float = math.inf,
        panic_interval: float = math.inf,
    ) -> None:
        """Make a server that is switched off.

        Args:
          rate: characters per second of its serial line.
          wall: time of day, as seconds since 1970, when the driver's clock stood at 0.
          chatter_interval: mean seconds between things the kernel says by itself.
          panic_interval: mean seconds between panics that come by themselves.
        """
        chance = random.Random(f"{seed}/{name}/life")
        self.powered = False
        self.machine = Machine(draw_hardware(name, seed), Player(rate), chance, wall)
        self._player = self.machine.player
        self._chatter_interval = chatter_interval
        self._panic_interval = panic_interval
        self._chatter_at = self._panic_at = math.inf
        self._switch_on_at = math.inf
        self._sysrq_until = -math.inf

    @property
    def deadline(self) -> float:
        """When `read` has something."""
        return min(self._player.deadline, self._chatter_at, self._panic_at, self._switch_on_at)

    def read(self, now: float) -> bytes:
        """Return what was printed until *now*; on the way the machine may switch itself off."""
        if self._switch_on_at <= now:
            self._switch_on(self._switch_on_at)
        if self._chatter_at <= now:
            self._chatter(now)
        if self._panic_at <= now:
            self._panic_at = now + self._draw(self._panic_interval)
            if self.machine.ready:
                self._player.throw(Crash(*self.machine.chance.choice(CRASHES)), now)
        return self._player.read(now)

    def feed(self, data: bytes, now: float) -> None:
        """Type on the serial line; the character after a BREAK goes to the kernel."""
        if data and self.machine.kernel_alive and now <= self._sysrq_until:
            self._sysrq_until = -math.inf
            self._sysrq(data[:1], now)
            data = data[1:]
        self._player.feed(data, now)

    def send_break(self, now: float) -> None:
        """Take a BREAK: the kernel's attention, if one runs."""
        if self.machine.kernel_alive:
            self._sysrq_until = now + SYSRQ_SECONDS

    def control(self, action: PowerAction, now: float) -> None:
        """Switch the power or press a button; what makes no sense in the present state does nothing."""
        self._switch_on_at = math.inf
        match action:
            case PowerAction.ON if not self.powered:
                self._switch_on(now)
            case PowerAction.OFF:
                self._switch_off()
            case PowerAction.CYCLE if self.powered:
                self._switch_off()
                self._switch_on_at = now + CYCLE_SECONDS
            case PowerAction.RESET if self.powered:
                self._switch_on(now)
            case PowerAction.DIAGNOSTIC_INTERRUPT if self.machine.kernel_alive:
                self._player.catch_up(now)
                self._player.interject(kernel.say(self.machine, _NMI))
                self._player.throw(kernel.diagnostic_interrupt(), now)
            case PowerAction.SOFT_OFF if self.machine.ready:
                self._player.throw(PowerOff(orderly=True), now)

    def start_booted(self, now: float) -> None:
        """Be on and at the login prompt since long, without the boot."""
        self.machine.kernel_started = now - self.machine.chance.uniform(1.0, 40.0) * DAY
        self._switch_on(now, booted=True)

    def _switch_on(self, now: float, *, booted: bool = False) -> None:
        self._switch_on_at = math.inf
        self.powered = True
        self._player.play(self._life(booted), now)
        self._chatter_at = now + self._draw(self._chatter_interval)
        self._panic_at = now + self._draw(self._panic_interval)

    def _switch_off(self) -> None:
        self._player.stop()
        self._went_off()

    def _went_off(self) -> None:
        self.powered = False
        self.machine.kernel_alive = self.machine.ready = False
        self._chatter_at = self._panic_at = math.inf

    def _life(self, booted: bool) -> Script[None]:
        """Run from power on to power off, however often the system restarts in between."""
        while self.powered:
            try:
                if booted:
                    booted = False
                    self.machine.kernel_alive = True
                    yield from self._operating_system(log_in(self.machine))
                else:
                    yield from run_firmware(self.machine)
                    choice = yield from run_grub(self.machine)
                    yield from self._operating_system(self._boot(choice.options))
            except Restart:
                self.machine.kernel_alive = self.machine.ready = False
                yield Pause(1.0)
            except PowerOff:
                self._went_off()
                return

    def _boot(self, options: str) -> Script[None]:
        yield from kernel.run_kernel(self.machine, options)
        yield from start_userland(self.machine)
        yield from log_in(self.machine)

    def _operating_system(self, system: Script[None]) -> Script[None]:
        """Run kernel and services until something ends them; what is left to do is raised."""
        try:
            try:
                yield from system
            except (Restart, PowerOff) as ending:
                if ending.orderly:
                    yield from stop_userland(self.machine, ending)
                raise
        except Crash as crash:
            yield from kernel.panic(self.machine, crash)
            raise Restart from None

    def _chatter(self, now: float) -> None:
        self._chatter_at = now + self._draw(self._chatter_interval)
        if self.machine.ready:
            self._player.catch_up(now)
            self._player.interject(kernel.chatter(self.machine))

    def _sysrq(self, key: bytes, now: float) -> None:
        self._player.catch_up(now)
        answer, ending = kernel.sysrq(self.machine, key.decode("latin-1"), from_line=True)
        self._player.interject(answer)
        if ending is not None:
            self._player.throw(ending, now)

    def _draw(self, mean: float) -> float:
        return math.inf if mean == math.inf else self.machine.chance.expovariate(1.0 / mean)
