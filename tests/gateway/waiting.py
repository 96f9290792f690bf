"""Waiting for what can be observed, with a deadline."""

import asyncio
from collections.abc import Callable

LIMIT = 10.0  # seconds; only a failing test waits that long


async def eventually(condition: Callable[[], object], what: str = "") -> None:
    """Wait until *condition* holds; fail after `LIMIT` seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LIMIT
    while not condition():
        assert loop.time() < deadline, what or "it never came"
        await asyncio.sleep(0.001)
