"""`solmux check`, and loading a configuration with its problems on standard error."""

from pathlib import Path

import click

from solmux.cli.options import config_option
from solmux.config.model import Config
from solmux.config.problems import report
from solmux.config.secrets import secret_problems
from solmux.service.loading import load_or_explain


def load_or_fail(path: Path) -> Config:
    """Return the configuration, or say everything that is wrong with it and exit 2."""
    config = load_or_explain(path)
    if config is None:
        raise SystemExit(2)
    return config


def login_warnings(config: Config) -> list[str]:
    """Return what is wrong with the keys that may log in over SSH: the service runs all the same."""
    from solmux.gateway.identity import load_keys  # it knows asyncssh, which other commands do not need

    keys = load_keys(config)
    nobody = [] if keys.people else [f"nobody can log in over SSH: no key in {config.ssh.authorized_keys}"]
    return [*map(str, keys.problems), *nobody]


@click.command()
@config_option
@click.option("--no-secrets", is_flag=True, help="Leave password and Kg files alone (run as another user).")
def check(config_path: Path, no_secrets: bool) -> None:
    """Check the configuration and the files it names; print every problem at once.

    Each line has file, line and column, the key, what was found and what is allowed. Exit code 2 on problems.
    """
    config = load_or_fail(config_path)
    problems = [] if no_secrets else secret_problems(config)
    for line in report(problems):
        click.echo(line, err=True)
    if problems:
        raise SystemExit(2)
    for line in login_warnings(config):
        click.echo(f"warning: {line}", err=True)
    count = len(config.consoles)
    click.echo(f"{config_path}: {count} console{'' if count == 1 else 's'}, no problems")
