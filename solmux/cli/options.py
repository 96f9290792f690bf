"""Options that several subcommands share."""

from pathlib import Path

import click

from solmux.cli import DEFAULT_CONFIG

config_option = click.option(
    "-c",
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_CONFIG,
    envvar="SOLMUX_CONFIG",
    show_default=True,
    show_envvar=True,
    help="Configuration file; conf.d/*.toml beside it is read too.",
)
