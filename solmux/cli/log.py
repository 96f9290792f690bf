"""`solmux log`: print or follow a console's text, read from its files; needs neither core nor gateway."""

import sys
import time
from pathlib import Path

import click

from solmux.cli import fail
from solmux.cli.check import load_or_fail
from solmux.cli.options import config_option
from solmux.config.model import Config
from solmux.logs.reader import Follower
from solmux.verbs.exits import NoSuchConsoleError, VerbError
from solmux.verbs.names import NameTable

POLL_INTERVAL = 0.2  # seconds between two looks at a log that is followed


@click.command()
@config_option
@click.option("-n", "--lines", type=click.IntRange(0), help="Lines from the end to begin with; else all.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until interrupted.")
@click.argument("name")
def log(config_path: Path, lines: int | None, follow: bool, name: str) -> None:
    """Print the log of console NAME."""
    config = load_or_fail(config_path)
    console = find(config, name)
    try:
        with Follower(config.log.directory, console, lines=lines) as follower:
            print_all(follower, follow=follow)
    except BrokenPipeError:  # `| head`
        sys.stdout = None  # nothing is to be flushed into the closed pipe at exit
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except OSError as error:
        fail(1, f"the log of {console} cannot be read: {error.strerror}")


def find(config: Config, name: str) -> str:
    """Return the console meant; one that is no longer configured is found by its directory."""
    table = NameTable(tuple(config.consoles), config.aliases(), config.tags())
    try:
        console = table.one(name, guess=True)
    except NoSuchConsoleError as error:
        if "/" not in name and (config.log.directory / name / "console.log").is_file():
            return name
        fail(error.exit_code, str(error))
    except VerbError as error:
        fail(error.exit_code, str(error))
    if not config.consoles[console].log:
        fail(1, f"{console} keeps no log (log = false)")
    return console


def print_all(follower: Follower, *, follow: bool) -> None:
    """Copy the log to standard output; with *follow*, for ever."""
    open_line = False
    while True:
        while text := follower.poll():
            sys.stdout.buffer.write(text)
            open_line = not text.endswith(b"\n")
        if open_line and not follow and sys.stdout.isatty():
            sys.stdout.buffer.write(b"\n")  # the shell's prompt is not to stand behind a login prompt
        sys.stdout.buffer.flush()
        if not follow:
            return
        time.sleep(POLL_INTERVAL)
