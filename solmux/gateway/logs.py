"""The commands that read files: logs, and the screen as text."""

import asyncio
from collections.abc import Sequence

from solmux.config.model import Config
from solmux.gateway.command import AwayError, CommandChannel
from solmux.gateway.commands import Run
from solmux.gateway.drawing import Drawing
from solmux.gateway.hub import Hub
from solmux.logs.reader import Follower
from solmux.verbs.exits import ExitCode, VerbError
from solmux.verbs.grammar import Request
from solmux.verbs.names import NameTable
from solmux.wire.frames import Notice

POLL_INTERVAL = 0.2  # seconds between two looks at a log that is followed
TAIL_LINES = 10
_ALL_LINES = 1 << 60


def print_log(config: Config, table: NameTable, request: Request) -> Run:
    """Return the command that prints one log, or the ends of several."""
    names = table.several(request.names, guess=True)
    for name in names:
        settings = config.consoles.get(name)
        if settings is not None and not settings.log:
            raise VerbError(f"{name} keeps no log (log = false)")
    wanted = request.options.get("lines")
    lines = wanted if isinstance(wanted, int) else TAIL_LINES if request.verb == "tail" else _ALL_LINES
    follow = bool(request.options.get("follow"))

    async def run(channel: CommandChannel) -> int:
        sources: list[_Source] = []
        try:
            for name in names:
                follower = await asyncio.to_thread(Follower, config.log.directory, name, lines=lines)
                sources.append(_Source(follower, f"{name}: ".encode() if len(names) > 1 else b""))
            await _print(channel, sources, follow=follow)
        except OSError as error:
            raise VerbError(f"the log cannot be read: {error.strerror}") from error
        finally:
            for source in sources:
                source.follower.close()
        return ExitCode.OK

    return run


class _Source:
    """One log that is printed.

    Attributes:
      prefix: written in front of every line.
    """

    def __init__(self, follower: Follower, prefix: bytes) -> None:
        self.follower = follower
        self._prefix = prefix
        self._inside = False  # of a line whose prefix is written

    def next(self) -> bytes:
        """Return the next piece of the log as it is printed, nothing if there is none yet."""
        text = self.follower.poll()
        if not self._prefix or not text:
            return text
        lines = text.splitlines(keepends=True)
        first = lines.pop(0) if self._inside else b""
        self._inside = not text.endswith(b"\n")
        return first + b"".join(self._prefix + line for line in lines)


async def _print(channel: CommandChannel, sources: Sequence[_Source], *, follow: bool) -> None:
    """Print each log to its end, and with *follow* what is added, until the channel closes."""
    while True:
        idle = True
        for source in sources:
            while text := await asyncio.to_thread(source.next):
                await channel.write_bytes(text)
                idle = False
                if follow:
                    break  # the others have something to say, too
        if idle and not follow:
            return
        if idle:
            await asyncio.sleep(POLL_INTERVAL)


def print_screen(hub: Hub, table: NameTable, request: Request) -> Run:
    """Return the command that prints a console's screen as it is now."""
    name = table.one(request.names[0], guess=True)

    async def run(channel: CommandChannel) -> int:
        glance = _Glance(hub)
        feed = hub.feed(name)
        feed.join(glance, pictures=True)
        try:
            rows = await glance.rows
        finally:
            feed.leave(glance)
        await channel.write("".join(f"{row}\n" for row in rows))
        return ExitCode.OK

    return run


class _Glance:
    """A `feed.Viewer` that looks once.

    Attributes:
      rows: the rows of the screen, when they are known.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.rows: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()

    def paint(self, drawing: Drawing) -> None:
        """Here it is."""
        if self.rows.done():
            return
        if drawing.drawn or self._hub.up:
            self.rows.set_result(drawing.emulator.text())
        else:
            self.rows.set_exception(AwayError("the core is away, and no screen was saved"))

    def removed(self, reason: str) -> None:
        """There is nothing to see."""
        if not self.rows.done():
            self.rows.set_exception(AwayError(reason))

    def failed(self) -> None:
        """Nothing above fails."""

    def moment(self, drawing: Drawing) -> None:
        """Not asked for."""

    def output(self, data: bytes) -> None:
        """Too late."""

    def missed(self, count: int) -> None:
        """The picture has all there is."""

    def notice(self, notice: Notice) -> None:
        """Not asked for."""

    def core_gone(self) -> None:
        """The last screen is shown, then."""

    def core_back(self) -> None:
        """A better picture may come."""
