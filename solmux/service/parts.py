"""The two parts of the service as processes: signals, the supervisor's pipe, readiness, exit codes."""

import asyncio
import logging
import signal
import sys
from pathlib import Path

import trio

from solmux.config.load import ConfigError, load
from solmux.config.model import Config
from solmux.core.app import Core, StartError
from solmux.gateway.server import Gateway, GatewayError, serve_gateway
from solmux.service.notify import notify

log = logging.getLogger(__name__)


def run_core(config_path: Path, life: int | None) -> int:
    """Run the core until SIGTERM, SIGINT or the end of the supervisor's pipe *life*; return the exit code."""
    try:
        config = load(config_path)
    except ConfigError as error:
        print_problems(error)
        return 2
    code = 0
    try:
        trio.run(_core, config_path, config, life)
    except* StartError as group:
        for fault in group.exceptions:
            log.error("%s", fault)
        code = 2
    return code


def run_gateway(config_path: Path, life: int | None) -> int:
    """Run the gateway until SIGTERM, SIGINT or the end of the supervisor's pipe *life*; return the exit code."""
    try:
        config = load(config_path)
    except ConfigError as error:
        print_problems(error)
        return 2
    try:
        asyncio.run(_gateway(config_path, config, life))
    except GatewayError as error:
        log.error("%s", error)
        return 2
    return 0


def print_problems(error: ConfigError) -> None:
    """Say what is wrong with the configuration, all of it."""
    for problem in error.problems:
        sys.stderr.write(f"{problem}\n")


async def _core(config_path: Path, config: Config, life: int | None) -> None:
    core = Core(config)
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_signals, core, config_path, stop)
        if life is not None:
            nursery.start_soon(_watch_life, life, stop)
        await core.run(stop, lambda: notify("READY=1"))
        nursery.cancel_scope.cancel()


async def _signals(core: Core, config_path: Path, stop: trio.Event) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as received:
        async for number in received:
            if number == signal.SIGHUP:
                await _reload(core, config_path)
            else:
                notify("STOPPING=1")
                stop.set()


async def _reload(core: Core, config_path: Path) -> None:
    """Take the configuration over as a whole, or not at all."""
    try:
        config = await trio.to_thread.run_sync(load, config_path)
    except ConfigError as error:
        print_problems(error)
        log.error("the configuration is unchanged: it has %d problems, see above", len(error.problems))
        return
    lines = await core.reload(config)
    for line in lines or ["nothing changes"]:
        log.info("reload: %s", line)


async def _watch_life(descriptor: int, stop: trio.Event) -> None:
    """Stop when the supervisor is gone: its end of the pipe closes with it."""
    await trio.lowlevel.wait_readable(descriptor)
    stop.set()


async def _gateway(config_path: Path, config: Config, life: int | None) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if life is not None:
        loop.add_reader(life, stop.set)

    def ready(gateway: Gateway) -> None:
        loop.add_signal_handler(signal.SIGHUP, _reload_gateway, gateway, config_path)
        notify("READY=1")

    await serve_gateway(config, ready=ready, stop=stop)


def _reload_gateway(gateway: Gateway, config_path: Path) -> None:
    """Take the configuration over as a whole, or not at all; the core says what is wrong with it."""
    try:
        gateway.reload(load(config_path))
    except ConfigError as error:
        log.error("the configuration is unchanged: it has %d problems", len(error.problems))
