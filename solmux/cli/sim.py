"""`solmux sim`: simulated BMCs with believable servers behind them."""

import os
import signal
import threading
from pathlib import Path

import click

from solmux.cli import fail
from solmux.cli.credentials import credentials_or_fail
from solmux.config.names import expand
from solmux.ipmi.crypto import SUITES
from solmux.service.notify import notify
from solmux.sim.faults import parse_faults
from solmux.sim.rack import Rack, RackSettings, run_sim

SIMULATED_USER = "admin"
FIRST_PORT = 9200


@click.command()
@click.option(
    "--names", default="server[01-04]", show_default=True, help="Consoles, one BMC each: names or ranges."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the first BMC.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=FIRST_PORT, show_default=True, help="First UDP port."
)
@click.option("--address-each", is_flag=True, help="Count addresses up instead of ports.")
@click.option("-U", "--user", default=SIMULATED_USER, show_default=True, help="Administrator's account.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File that holds its password (mode 600).",
)
@click.option("-k", "--kg-file", type=click.Path(path_type=Path, dir_okay=False), help="File that holds Kg.")
@click.option("-C", "--cipher-suite", type=click.Choice(["3", "17"]), help="Allow this suite only.")
@click.option("--off", is_flag=True, help="Leave the servers switched off; power them on by IPMI.")
@click.option("--booted", is_flag=True, help="Begin at the login prompt.")
@click.option("--rate", type=float, default=11520.0, show_default=True, help="Serial line, bytes a second.")
@click.option("--seed", type=int, default=0, show_default=True, help="Everything random follows from it.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    help="KNOB=VALUE or a profile; an unknown one lists all. Repeatable.",
)
@click.option("--life-fd", type=int, hidden=True, help="Stop when this descriptor reaches its end.")
def sim(
    names: str,
    host: str,
    port: int,
    address_each: bool,
    user: str,
    password_file: Path,
    kg_file: Path | None,
    cipher_suite: str | None,
    off: bool,
    booted: bool,
    rate: float,
    seed: int,
    faults: tuple[str, ...],
    life_fd: int | None,
) -> None:
    """Run simulated BMCs over real UDP, each with a server that boots, logs in, panics and reboots.

    ipmitool, ipmiconsole and solmux can use them with cipher suites 3 and 17. Ctrl-C ends them.
    """
    credentials = credentials_or_fail(user, password_file, kg_file)
    try:
        settings = RackSettings(
            names=expand(names),
            host=host,
            base_port=port,
            address_each=address_each,
            username=user,
            password=credentials.password.decode(),
            kg=bytes(credentials.kg),
            suites=(SUITES[int(cipher_suite)],) if cipher_suite else tuple(SUITES.values()),
            faults=parse_faults(faults),
            start_powered_on=not off,
            booted=booted,
            rate=rate,
            seed=seed,
        )
    except ValueError as error:
        fail(2, str(error))
    if life_fd is not None:
        threading.Thread(target=stop_with, args=(life_fd,), daemon=True).start()
    try:
        run_sim(settings, started)
    except OSError as error:
        fail(2, error.strerror or str(error))
    except ValueError as error:
        fail(2, str(error))


def started(rack: Rack) -> None:
    """Say where the BMCs are."""
    notify("READY=1")
    for name, (host, port) in rack.addresses().items():
        click.echo(f"{name}  {host}:{port}")


def stop_with(descriptor: int) -> None:
    """End this process in order when the supervisor's pipe closes."""
    os.read(descriptor, 1)
    os.kill(os.getpid(), signal.SIGTERM)
