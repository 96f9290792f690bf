"""A rack in a thread of its own, for tests with real sockets and foreign programs."""

import queue
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import trio

from solmux.sim.rack import Rack, RackSettings, serve_rack

_START_SECONDS = 10.0
_PORTS = range(21000, 32000, 50)  # FreeIPMI takes no port beyond 32767


def free_ports(count: int) -> int:
    """Return the first of *count* UDP ports of 127.0.0.1 that nobody uses now."""
    for base in random.sample(_PORTS, len(_PORTS)):
        try:
            for port in range(base, base + count):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return base
    raise AssertionError("no free UDP ports")


@contextmanager
def running_rack(settings: RackSettings) -> Iterator[Rack]:
    """Serve a rack for as long as the block lasts; what it recorded may be looked at afterwards."""
    started: queue.SimpleQueue[tuple[Rack, trio.lowlevel.TrioToken, trio.CancelScope]] = queue.SimpleQueue()

    async def serve() -> None:
        async with trio.open_nursery() as nursery:
            rack: Rack = await nursery.start(serve_rack, settings)
            started.put((rack, trio.lowlevel.current_trio_token(), nursery.cancel_scope))

    thread = threading.Thread(target=trio.run, args=(serve,), daemon=True)
    thread.start()
    rack, token, scope = started.get(timeout=_START_SECONDS)
    try:
        yield rack
    finally:
        token.run_sync_soon(scope.cancel)
        thread.join(_START_SECONDS)
        assert not thread.is_alive()
