"""A gateway on a free port, a scripted core behind it, and asyncssh's own client in front."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import asyncssh

from solmux.config.model import Config
from solmux.gateway.server import Gateway, serve_gateway
from tests.gateway.configuration import configuration, public_line
from tests.gateway.core_peer import CorePeer
from tests.gateway.waiting import LIMIT, eventually


@dataclasses.dataclass(slots=True)
class Answer:
    """What a command printed, and how it ended."""

    text: str
    error: str
    code: int | None


@dataclasses.dataclass(slots=True)
class Rack:
    """Everything a test needs.

    Attributes:
      keys: person -> key.
    """

    directory: Path
    core: CorePeer
    config: Config
    keys: dict[str, asyncssh.SSHKey] = dataclasses.field(default_factory=dict)
    gateway: Gateway = dataclasses.field(init=False)
    stop: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Where the gateway listens."""
        return self.gateway.ports[0]

    async def start_gateway(self) -> None:
        """Start a gateway, or another one after `stop_gateway`."""
        ready: asyncio.Future[Gateway] = asyncio.get_running_loop().create_future()
        self.stop = asyncio.Event()
        self._task = asyncio.create_task(serve_gateway(self.config, ready=ready.set_result, stop=self.stop))
        await asyncio.wait((ready, self._task), return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            await self._task
        self.gateway = ready.result()

    async def stop_gateway(self) -> None:
        """Stop it in order."""
        self.stop.set()
        if self._task is not None:
            await self._task

    def add_person(self, name: str) -> None:
        """Give somebody a key that the next reload knows."""
        key, line = public_line(name)
        self.keys[name] = key
        with self.config.ssh.authorized_keys.open("a") as file:
            file.write(line + "\n")

    @contextlib.asynccontextmanager
    async def connect(
        self, person: str = "alice", login: str = "console"
    ) -> AsyncIterator[asyncssh.SSHClientConnection]:
        """Log in."""
        async with asyncssh.connect(
            "127.0.0.1",
            self.port,
            username=login,
            client_keys=[self.keys[person]],
            known_hosts=None,
            config=None,
            agent_path=None,
        ) as connection:
            yield connection

    async def ask(
        self,
        command: str | None,
        *,
        person: str = "alice",
        login: str = "console",
        terminal: str | None = None,
        stdin: str = "",
    ) -> Answer:
        """Run one command to its end."""
        async with self.connect(person, login) as connection:
            done = await connection.run(command, term_type=terminal, input=stdin or None)
            assert isinstance(done.stdout, str)
            assert isinstance(done.stderr, str)
            return Answer(done.stdout, done.stderr, done.exit_status)


Scenario = Callable[[Rack], Coroutine[None, None, None]]


def play(scenario: Scenario, tmp_path: Path, *consoles: str, more: str = "") -> None:
    """Run *scenario* with a core, a gateway that is connected to it, and alice and bob, who may log in."""

    async def main() -> None:
        config = configuration(tmp_path, *consoles, more=more)
        core = CorePeer(config.server.runtime_directory, *config.consoles)
        rack = Rack(tmp_path, core, config)
        rack.add_person("alice")
        rack.add_person("bob")
        await core.start()
        await rack.start_gateway()
        try:
            await eventually(lambda: core.connected and rack.gateway.hub.up)
            await scenario(rack)
        finally:
            await rack.stop_gateway()
            await core.stop()

    asyncio.run(asyncio.wait_for(main(), LIMIT * 3))
