"""The verbs of the local command line: asked of the core over its unix socket, or read from the log files."""

import os
import sys
from pathlib import Path

import click

from solmux.cli import fail
from solmux.cli.local import core_socket
from solmux.cli.options import config_option
from solmux.wire.blocking import CoreClient, CoreUnavailableError
from solmux.wire.frames import Answer, Done

NO_SUCH_CONSOLE, DOWN = 3, 5

names_argument = click.argument("names", nargs=-1)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.command()
@config_option
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Names only, one a line.")
@names_argument
def ls(config_path: Path, as_json: bool, quiet: bool, names: tuple[str, ...]) -> None:
    """List consoles with their states; all, or NAMES (names, globs, server[40-49], @tag)."""
    ask(config_path, "ls", names, {"json": as_json, "quiet": quiet})


@click.command()
@config_option
@json_option
@names_argument
def status(config_path: Path, as_json: bool, names: tuple[str, ...]) -> None:
    """Show all that is known of consoles."""
    ask(config_path, "status", names, {"json": as_json})


@click.command()
@config_option
@json_option
@names_argument
def who(config_path: Path, as_json: bool, names: tuple[str, ...]) -> None:
    """Show who is attached where."""
    ask(config_path, "who", names, {"json": as_json})


@click.command()
@config_option
@click.argument("names", nargs=-1, required=True)
def reconnect(config_path: Path, names: tuple[str, ...]) -> None:
    """Log in to the BMCs of NAMES again, now: forgets back-off and credential hold."""
    ask(config_path, "reconnect", names, {})


def ask(config_path: Path, verb: str, names: tuple[str, ...], options: dict[str, object]) -> None:
    """Ask the core, print its answer, exit with its code."""
    if sys.stdout.isatty():
        options["columns"] = os.get_terminal_size(sys.stdout.fileno()).columns
    for name in names:
        if not name.isprintable():  # bytes that are no text would reach the core as "?", a wildcard
            fail(NO_SUCH_CONSOLE, f"no such console: {name.encode('ascii', 'backslashreplace').decode()}")
    code = DOWN
    try:
        with CoreClient(core_socket(config_path)) as core:
            for piece in core.ask((verb, ",".join(names)), options=options):
                match piece:
                    case Answer(text=text, error=error):
                        sys.stdout.write(text)
                        sys.stderr.write(error)
                    case Done(exit_code=code):
                        break
        sys.stdout.flush()
    except BrokenPipeError:  # `| head`
        sys.stdout = None  # nothing is to be flushed into the closed pipe at exit
        code = 0
    except CoreUnavailableError as error:
        fail(DOWN, f"{error} (is `solmux serve` running?)")
    raise SystemExit(code)
