"""A channel that was opened for a command: it writes an answer and ends with an exit code."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from solmux.gateway.channel import Channel
from solmux.verbs.exits import ExitCode, VerbError

INTERRUPTED = 130  # what a shell makes of Control-C
_CONTROL_C = b"\x03"
_PIECE = 32 << 10  # bytes written before it is looked whether the client takes them

log = logging.getLogger(__name__)


class CommandChannel:
    """What a command sees of its channel.

    Attributes:
      session: the channel itself.
      columns: width of the terminal, None without one.
    """

    def __init__(self, session: Channel) -> None:
        self.session = session
        self.columns = session.terminal.columns if session.terminal else None

    async def write(self, text: str) -> None:
        """Write *text* to standard output, as fast as the client takes it."""
        await self.write_bytes(text.encode("utf-8", "replace"))

    async def write_bytes(self, data: bytes) -> None:
        """Write *data* to standard output, as fast as the client takes it."""
        for start in range(0, len(data), _PIECE):
            await self.session.outlet.drain()
            self.session.outlet.write(self.session.line_ends(data[start : start + _PIECE]))

    async def error(self, text: str) -> None:
        """Write *text* to standard error."""
        await self.session.outlet.drain()
        self.session.error(text)


class Command:
    """Runs a coroutine for a channel; ends it with the channel."""

    def __init__(self, session: Channel, run: Callable[[CommandChannel], Awaitable[int]]) -> None:
        self._session = session
        self._run = run
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._main(), name=f"command of {self._session.connection.who}")

    async def _main(self) -> None:
        try:
            code = await self._run(CommandChannel(self._session))
        except VerbError as error:
            log.info("%s: refused: %s", self._session.connection.who, error)
            self._session.error(f"solmux: {error}\n")
            code = error.exit_code
        except Exception:  # noqa: BLE001 - a supervisor: logged by `failed`
            self._session.failed()
            return
        self._session.finish(code)

    def typed(self, data: bytes) -> None:
        """Control-C ends the command: the client's terminal is raw and makes no signal of it."""
        if self._session.terminal is not None and _CONTROL_C in data:
            self._session.finish(INTERRUPTED)
            self.ended()

    def break_pressed(self) -> bool:
        """There is no line to send a BREAK on."""
        return False

    def resized(self) -> None:
        """An answer keeps the width it began with."""

    def resumed(self, skipped: int) -> None:
        """Nothing is left out: a command waits for its client."""

    def stopped(self) -> None:
        """The gateway ends."""
        self._session.error("solmux: the gateway stops\n")
        self._session.finish(ExitCode.DOWN)

    def ended(self) -> None:
        """The channel is gone."""
        if self._task is not None:
            self._task.cancel()


class NotPermittedError(VerbError):
    """Somebody has no right to what they asked for."""

    exit_code = ExitCode.NOT_PERMITTED


class AwayError(VerbError):
    """What is needed for an answer is not there."""

    exit_code = ExitCode.DOWN
