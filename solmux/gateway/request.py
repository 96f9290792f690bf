"""What a channel was opened for, from the login name, the command and whether there is a terminal."""

from typing import TYPE_CHECKING

from solmux.config.model import Config
from solmux.config.text import quoted
from solmux.gateway import commands
from solmux.gateway.attachment import Attachment
from solmux.gateway.channel import Activity
from solmux.gateway.command import Command, NotPermittedError
from solmux.gateway.follower import Follower
from solmux.gateway.hub import Hub
from solmux.gateway.logs import print_log, print_screen
from solmux.verbs.exits import UsageError, VerbError
from solmux.verbs.grammar import Request, next_word, parse
from solmux.verbs.login import parse_login
from solmux.verbs.names import NameTable
from solmux.verbs.table import VERBS, Runs

if TYPE_CHECKING:
    from solmux.gateway.session import Session  # it knows asyncssh, which a local attachment does not need

# What programs of other people run at the far end of ssh: their answer says more than that a name is missing.
_FOREIGN = {
    "scp", "rsync", "sftp-server", "internal-sftp", "git-upload-pack", "git-receive-pack", "mosh-server",
    "sh", "bash", "dash", "zsh", "ksh", "csh", "fish", "python3", "tmux",
}  # fmt: skip


def activity_for(session: "Session", config: Config, hub: Hub) -> Activity:
    """Return what *session* was opened for; what cannot be done becomes a command that says so."""
    try:
        return _activity(session, config, hub)
    except VerbError as error:
        return Command(session, commands.refuse(error))


def name_table(config: Config, hub: Hub) -> NameTable:
    """Return what there is to name: the core knows best, and the configuration while it is away."""
    known = hub.consoles or tuple(config.consoles)
    tags = {tag: tuple(name for name in names if name in known) for tag, names in config.tags().items()}
    return NameTable(known, hub.aliases if hub.consoles else config.aliases(), tags)


def _activity(session: "Session", config: Config, hub: Hub) -> Activity:
    connection = session.connection
    if session.subsystem:
        raise UsageError(
            f"no subsystem {quoted(session.subsystem)} here, so no sftp and no scp: "
            "the command log prints a console's log"
        )
    table = name_table(config, hub)
    login = parse_login(
        connection.login, table, console_names=config.ssh.console_names, own_name=connection.person.name
    )
    if login.claim not in ("", connection.person.name):
        raise NotPermittedError(f"this key belongs to {connection.person.name}, not to {quoted(login.claim)}")
    command = session.command or ""
    _refuse_foreign(command, table)
    request = parse(command, login.target)
    match request.verb:
        case "":
            if not request.names:
                return Command(session, commands.list_consoles(hub))
            return _look(session, config, hub, table, request)
        case "attach":
            return _attach(session, config, hub, table, request)
        case "watch":
            return _watch(session, hub, table, request)
        case "help":
            return Command(session, commands.show_help(request))
        case "log" | "tail":
            return Command(session, print_log(config, table, request))
        case "screen":
            return Command(session, print_screen(hub, table, request))
    if VERBS[request.verb].runs is not Runs.CORE:
        raise UsageError(f"{request.verb}: not over SSH in this version")
    return Command(session, commands.ask_core(hub, request))


def _refuse_foreign(command: str, table: NameTable) -> None:
    word = next_word(command, 0)
    if word is None or table.exact(word.text) is not None:
        return
    program = word.text.rpartition("/")[2]
    if program in _FOREIGN or "/" in word.text:
        raise UsageError(
            f"{quoted(word.text)}: no programs run here and no files are copied, "
            "there are only consoles; the command help lists what there is"
        )


def _look(session: "Session", config: Config, hub: Hub, table: NameTable, request: Request) -> Activity:
    """A console without a command: sit down at it with a terminal, follow it without one."""
    if session.terminal is not None:
        return _attach(session, config, hub, table, request)
    name = table.one(request.names[0], guess=True)
    hint = f"watching {name} only: there is no terminal. To type: ssh -t, or RequestTTY yes\n"
    return Follower(session, hub, name, hint=hint)


def _attach(session: "Session", config: Config, hub: Hub, table: NameTable, request: Request) -> Activity:
    name = table.one(request.names[0], guess=True)
    if session.terminal is None:
        raise UsageError(f"attach needs a terminal (ssh -t); without one, use watch {name}")
    terminal = session.terminal
    if request.options.get("force"):
        raise NotPermittedError("attach: only the role force may take the keyboard from somebody")
    read_only = bool(request.options.get("read-only"))
    return Attachment(session, terminal, hub, config, name, read_only=read_only)


def _watch(session: "Session", hub: Hub, table: NameTable, request: Request) -> Activity:
    lines = request.options.get("lines")
    name = table.one(request.names[0], guess=True)
    return Follower(session, hub, name, lines=lines if isinstance(lines, int) else None)
