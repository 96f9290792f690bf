"""`solmux serve`."""

import logging
from pathlib import Path

import click

from solmux.cli.options import config_option


@click.command()
@config_option
@click.option("--part", type=click.Choice(["core", "gateway"]), help="Run one part only (systemd units do).")
@click.option("--life-fd", type=int, hidden=True, help="Stop when this descriptor reaches its end.")
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
def serve(config_path: Path, part: str | None, life_fd: int | None, verbose: bool) -> None:
    """Run the service: hold the SOL sessions, write the logs, serve consoles over SSH.

    Without --part, one supervisor runs both parts and starts them again when they die. SIGHUP reloads the
    configuration, SIGTERM ends the SOL sessions in order.
    """
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, format=f"solmux {part or 'serve'}: %(levelname)s: %(message)s")
    if part is None:
        from solmux.cli.check import load_or_fail
        from solmux.service.supervisor import Supervisor, service_parts

        load_or_fail(config_path)  # say what is wrong once, before anything is started
        raise SystemExit(Supervisor(service_parts(config_path, verbose=verbose)).run())
    if part == "core":
        from solmux.service.core_process import run_core

        raise SystemExit(run_core(config_path, life_fd))
    from solmux.service.gateway_process import run_gateway

    raise SystemExit(run_gateway(config_path, life_fd))
