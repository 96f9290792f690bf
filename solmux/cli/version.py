"""`solmux version`."""

import click

from solmux import __version__


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"solmux {__version__}")
