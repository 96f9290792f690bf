"""The `solmux` command: each subcommand is imported when it is used, so that `ls` costs what it needs."""

import importlib
from typing import NoReturn

import click

from solmux import __version__

DEFAULT_CONFIG = "/etc/solmux/solmux.toml"

# subcommand -> (module, one line for the overview); the overview must not import them all
COMMANDS = {
    "attach": ("solmux.cli.attach", "attach to a console on this machine"),
    "check": ("solmux.cli.check", "check the configuration"),
    "demo": ("solmux.cli.demo", "a simulated rack and the service on loopback, nothing to configure"),
    "log": ("solmux.cli.log", "print or follow a console's log"),
    "ls": ("solmux.cli.verbs", "list consoles"),
    "probe": ("solmux.cli.probe", "log in to one BMC and show what it offers"),
    "reconnect": ("solmux.cli.verbs", "log in to a BMC again, now"),
    "serve": ("solmux.cli.serve", "run the service"),
    "sim": ("solmux.cli.sim", "run simulated BMCs"),
    "status": ("solmux.cli.verbs", "show consoles in full"),
    "who": ("solmux.cli.verbs", "show who is attached where"),
    "version": ("solmux.cli.version", "print the version"),
}


class Commands(click.Group):
    """The subcommands of `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one subcommand."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the overview without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(COMMANDS.items())])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="solmux", message="%(prog)s %(version)s")
def main() -> None:
    """Console server for IPMI 2.0 Serial over LAN.

    Exit codes: 0 ok, 1 no match or only partly done, 2 usage or configuration error, 3 no such console,
    4 not permitted, 5 console or BMC down, 124 timeout.
    """


def fail(code: int, text: str) -> NoReturn:
    """End with one line on standard error and an exit code."""
    click.echo(f"solmux: {text}", err=True)
    raise SystemExit(code)
