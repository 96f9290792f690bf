"""The core as a process: signals, the supervisor's pipe, readiness, exit code."""

import logging
import signal
from pathlib import Path

import trio

from solmux.config.model import Config
from solmux.core.app import Core
from solmux.core.runtime import StartError
from solmux.service.loading import load_or_explain
from solmux.service.notify import notify

log = logging.getLogger(__name__)


def run_core(config_path: Path, life: int | None) -> int:
    """Run the core until SIGTERM, SIGINT or the end of the supervisor's pipe *life*; return the exit code."""
    config = load_or_explain(config_path)
    if config is None:
        return 2
    code = 0
    try:
        trio.run(_core, config_path, config, life)
    except* StartError as group:
        for fault in group.exceptions:
            log.error("%s", fault)
        code = 2
    return code


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
    config = await trio.to_thread.run_sync(load_or_explain, config_path)
    if config is None:
        log.error("reload: nothing is changed")
        return
    lines = await core.reload(config)
    for line in lines or ["nothing changes"]:
        log.info("reload: %s", line)


async def _watch_life(descriptor: int, stop: trio.Event) -> None:
    """Stop when the supervisor is gone: its end of the pipe closes with it."""
    await trio.lowlevel.wait_readable(descriptor)
    stop.set()
