"""The gateway as a process: signals, the supervisor's pipe, readiness, exit code."""

import asyncio
import logging
import signal
from pathlib import Path

from solmux.config.model import Config
from solmux.gateway.server import Gateway, GatewayError, serve_gateway
from solmux.service.loading import load_or_explain
from solmux.service.notify import notify

log = logging.getLogger(__name__)


def run_gateway(config_path: Path, life: int | None) -> int:
    """Run the gateway until SIGTERM, SIGINT or the end of the pipe *life*; return the exit code."""
    config = load_or_explain(config_path)
    if config is None:
        return 2
    try:
        asyncio.run(_gateway(config_path, config, life))
    except GatewayError as error:
        log.error("%s", error)
        return 2
    return 0


async def _gateway(config_path: Path, config: Config, life: int | None) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if life is not None:
        loop.add_reader(life, stop.set)

    def ready(gateway: Gateway) -> None:
        loop.add_signal_handler(signal.SIGHUP, reload_soon, gateway)
        notify("READY=1")

    def reload_soon(gateway: Gateway) -> None:
        reloads.add(task := loop.create_task(_reload(gateway, config_path)))
        task.add_done_callback(reloads.discard)

    reloads: set[asyncio.Task[None]] = set()
    await serve_gateway(config, ready=ready, stop=stop)


async def _reload(gateway: Gateway, config_path: Path) -> None:
    """Take the configuration over as a whole, or not at all."""
    config = await asyncio.to_thread(load_or_explain, config_path)
    if config is not None:
        gateway.reload(config)
