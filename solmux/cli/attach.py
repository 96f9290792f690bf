"""`solmux attach`: what `ssh` gives, on the machine itself and without the gateway.

The attachment is the gateway's own; instead of an SSH channel it has this process's terminal, and instead of
the gateway's link to the core its own.
"""

import asyncio
import getpass
import logging
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from solmux.cli import fail
from solmux.cli.check import load_or_fail
from solmux.cli.options import config_option
from solmux.config.model import Config
from solmux.gateway.attachment import Attachment
from solmux.gateway.channel import Activity, Terminal
from solmux.gateway.follower import Follower
from solmux.gateway.history import ConsoleHistory, screens_directory
from solmux.gateway.hub import Hub
from solmux.gateway.outlet import Outlet
from solmux.gateway.request import name_table
from solmux.screen.emulator import Emulator
from solmux.screen.store import ScreenStore
from solmux.verbs.exits import ExitCode, VerbError
from solmux.wire.frames import SOCKET_NAME

READ_SIZE = 4096

log = logging.getLogger(__name__)


@click.command()
@config_option
@click.option("-r", "--read-only", is_flag=True, help="Watch; never type, even if nobody else does.")
@click.argument("name")
def attach(config_path: Path, read_only: bool, name: str) -> None:
    """Attach to console NAME: its screen, then the console itself.

    ^Ec. leaves, ^Ec? helps. Works while the gateway is down. Without a terminal it only follows.
    """
    logging.basicConfig(level=logging.ERROR, format="solmux: %(message)s")  # the terminal shows a console
    config = load_or_fail(config_path)
    raise SystemExit(asyncio.run(run(config, name, read_only=read_only)))


async def run(config: Config, name: str, *, read_only: bool) -> int:
    """Sit at console *name* until the person leaves; return the exit code."""
    socket = config.server.runtime_directory / SOCKET_NAME
    store = ScreenStore(screens_directory(config))
    hub = Hub(socket, lambda name: GuestHistory(ConsoleHistory(config, name, store)), saves_screens=False)
    link = asyncio.create_task(hub.run())
    try:
        if not await hub.wait_up():
            fail(ExitCode.DOWN, f"no core at {socket} (is `solmux serve` running?)")
        console = name_table(config, hub).one(name, guess=True)
        channel = LocalChannel(terminal_of(sys.stdin.fileno()))
        if channel.terminal is not None:
            activity: Activity = Attachment(
                channel, channel.terminal, hub, config, console, read_only=read_only
            )
        else:
            activity = Follower(channel, hub, console)
        return await channel.serve(activity)
    except VerbError as error:
        fail(error.exit_code, str(error))
    finally:
        link.cancel()


def terminal_of(descriptor: int) -> Terminal | None:
    """Return the terminal that *descriptor* is, None if it is none."""
    if not (os.isatty(descriptor) and sys.stdout.isatty()):
        return None
    return Terminal(*os.get_terminal_size(descriptor))


@dataclass(frozen=True, slots=True)
class GuestHistory:
    """A console's past, to be read: saving screens is the gateway's; a `drawing.History`."""

    history: ConsoleHistory

    def blank(self) -> Emulator:
        """Return an empty screen of the console's size."""
        return self.history.blank()

    def load(self) -> tuple[int, Emulator] | None:
        """Return the offset of the last saved screen, and the screen."""
        return self.history.load()

    def save(self, offset: int, emulator: Emulator) -> bool:  # noqa: ARG002 - nothing is saved
        """Leave what is saved as it is."""
        return False

    def raw(self, start: int, end: int) -> tuple[int, bytes]:
        """Return recorded bytes up to *end*."""
        return self.history.raw(start, end)


@dataclass(frozen=True, slots=True)
class LocalPerson:
    """Who sits here; the core believes the kernel, not this."""

    name: str


@dataclass(frozen=True, slots=True)
class LocalConnection:
    """Where somebody comes from who does not come over a network."""

    person: LocalPerson
    address: str = ""

    @property
    def who(self) -> str:
        """The person, for log lines."""
        return self.person.name


class StandardOutput:
    """This process's standard output and error, as an `outlet.ByteChannel`.

    Writing waits for the terminal: there is nobody else here who could be kept waiting.
    """

    def __init__(self) -> None:
        self._gone = False

    def write(self, data: bytes, datatype: int | None = None) -> None:
        """Write all of *data*; a terminal that is gone takes nothing more."""
        descriptor = sys.stdout.fileno() if datatype is None else sys.stderr.fileno()
        while data and not self._gone:
            try:
                data = data[os.write(descriptor, data) :]
            except OSError:
                self._gone = True

    def is_closing(self) -> bool:
        """Whether nothing more is taken."""
        return self._gone


class LocalChannel:
    """This process's terminal; a `gateway.channel.Channel`."""

    command = None

    def __init__(self, terminal: Terminal | None) -> None:
        self.terminal = terminal
        self.connection = LocalConnection(LocalPerson(getpass.getuser()))
        self.outlet = Outlet(StandardOutput(), lambda _: None, lambda: None)
        self.over = False
        self._activity: Activity
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def serve(self, activity: Activity) -> int:
        """Let *activity* have the terminal until it finishes; leave the terminal as it was."""
        self._activity = activity
        loop = asyncio.get_running_loop()
        keyboard = sys.stdin.fileno()
        before = termios.tcgetattr(keyboard) if self.terminal is not None else None
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            loop.add_signal_handler(number, self.guard, activity.stopped)
        try:
            if before is not None:
                tty.setraw(keyboard)
                loop.add_signal_handler(signal.SIGWINCH, self._resized)
                loop.add_reader(keyboard, self._readable)
            self.guard(activity.start)
            return await self._ended
        finally:
            loop.remove_reader(keyboard)
            activity.ended()
            if before is not None:
                termios.tcsetattr(keyboard, termios.TCSADRAIN, before)

    def finish(self, code: int) -> None:
        """Write what is left and end with *code*."""
        if not self.over:
            self.over = True
            self.outlet.flush()
            self._ended.set_result(code)

    def line_ends(self, data: bytes) -> bytes:
        """Return *data* with line ends for a raw terminal."""
        return data.replace(b"\n", b"\r\n") if self.terminal is not None else data

    def error(self, text: str) -> None:
        """Write *text* to standard error."""
        if not self.over:
            self.outlet.error(self.line_ends(text.encode("utf-8", "replace")))

    def read_more(self, wanted: bool) -> None:
        """Go on or stop reading the keyboard."""
        loop = asyncio.get_running_loop()
        if wanted:
            loop.add_reader(sys.stdin.fileno(), self._readable)
        else:
            loop.remove_reader(sys.stdin.fileno())

    def guard(self, call: Callable[[], None]) -> None:
        """Call *call*; a fault ends the attachment with the terminal restored."""
        if self.over:
            return
        try:
            call()
        except Exception:  # noqa: BLE001 - a supervisor: logged by `failed`
            self.failed()

    def failed(self) -> None:
        """Something of ours went wrong: say so and end."""
        log.exception("internal error")
        self.finish(ExitCode.NOT_MET)

    def _readable(self) -> None:
        try:
            data = os.read(sys.stdin.fileno(), READ_SIZE)
        except OSError:
            data = b""
        if data:
            self.guard(lambda: self._activity.typed(data))
        else:
            self.finish(ExitCode.OK)  # the terminal is gone

    def _resized(self) -> None:
        if self.terminal is not None:
            self.terminal.resize(*os.get_terminal_size(sys.stdin.fileno()))
            self.guard(self._activity.resized)
