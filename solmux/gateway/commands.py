"""What the commands over SSH do: the core's are passed on to it, logs are read from their files."""

from collections.abc import Awaitable, Callable

from solmux.gateway.command import AwayError, CommandChannel
from solmux.gateway.hub import CoreAwayError, Hub
from solmux.verbs import manual
from solmux.verbs.exits import ExitCode, VerbError
from solmux.verbs.grammar import Request
from solmux.wire.frames import Done

Run = Callable[[CommandChannel], Awaitable[int]]


def refuse(error: VerbError) -> Run:
    """Return the command that says why there is none."""

    async def run(_channel: CommandChannel) -> int:
        raise error

    return run


def show_help(request: Request) -> Run:
    """Return the command that explains the others."""

    async def run(channel: CommandChannel) -> int:
        topic = request.arguments[0] if request.arguments else ""
        await channel.write(manual.page(topic) if topic else manual.overview())
        return ExitCode.OK

    return run


def ask_core(hub: Hub, request: Request) -> Run:
    """Return the command that the core answers."""

    async def run(channel: CommandChannel) -> int:
        connection = channel.session.connection
        options: dict[str, object] = dict(request.options)
        if channel.columns is not None:
            options["columns"] = channel.columns
        try:
            async for piece in hub.ask(request.words(), connection.person.name, connection.address, options):
                if isinstance(piece, Done):
                    return piece.exit_code
                if piece.error:
                    await channel.error(piece.error)
                await channel.write(piece.text)
        except CoreAwayError:
            raise AwayError("the core is not there, or went away: is its service running?") from None
        raise AssertionError("a verb ends with Done")

    return run


def list_consoles(hub: Hub) -> Run:
    """Return the command for somebody who named no console: the list, and how to attach."""
    listing = ask_core(hub, Request("ls"))

    async def run(channel: CommandChannel) -> int:
        code = await listing(channel)
        await channel.write(
            "\nTo attach: ssh -t, and a NAME from this list as the command. The command help tells more.\n"
        )
        return code

    return run
