"""A whole core in this process, simulated BMCs beside it, and clients on its unix socket."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import trio

from solmux.config.load import load
from solmux.config.model import Config
from solmux.core.app import Core
from solmux.logs.disk import Disk
from solmux.logs.raw_reader import raw_bytes
from solmux.sim.rack import Rack, RackSettings, serve_rack
from solmux.wire import frames
from solmux.wire.codec import FrameDecoder, encode

LIMIT = 20.0  # seconds; only a failing test waits that long
CONFIG = """\
[server]
runtime_directory = "{runtime}"
state_directory = "state"
[log]
directory = "log"
[bmc]
username = "admin"
password_file = "bmc.password"
"""


async def eventually(condition: Callable[[], object], what: str) -> None:
    """Wait until *condition* holds."""
    deadline = trio.current_time() + LIMIT
    while not condition():
        assert trio.current_time() < deadline, f"it never came true: {what}"
        await trio.sleep(0.005)


@dataclass
class Running:
    """A core that runs."""

    core: Core
    stop: trio.Event = field(default_factory=trio.Event)
    ready: trio.Event = field(default_factory=trio.Event)
    ended: trio.Event = field(default_factory=trio.Event)

    async def run(self) -> None:
        try:
            await self.core.run(self.stop, self.ready.set)
        finally:
            self.ended.set()

    async def end(self) -> None:
        """End it in order."""
        self.stop.set()
        await self.ended.wait()

    def state(self, name: str) -> str:
        unit = self.core.units.get(name)
        return unit.console.state if unit is not None else "absent"

    async def up(self, *names: str) -> None:
        """Wait until consoles are up; all of them if none is named."""
        wanted = names or tuple(self.core.config.consoles)
        await eventually(lambda: {self.state(name) for name in wanted} == {"up"}, f"{wanted} are up")


class Person:
    """A client on the unix socket; what it reads is kept by channel."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.hello: frames.Hello
        self.seen: list[frames.Frame] = []
        self._decoder = FrameDecoder()

    @classmethod
    async def connect(cls, scene: "Scene") -> Self:
        person = cls(await scene.stream())
        await person.read_until(lambda: person.seen, "hello")
        hello = person.seen.pop()
        assert isinstance(hello, frames.Hello)
        person.hello = hello
        await person.send(frames.Hello(frames.VERSION, "cli"))
        return person

    async def send(self, *given: frames.Frame) -> None:
        await self.stream.send_all(b"".join(encode(frame) for frame in given))

    async def read_until(self, condition: Callable[[], object], what: str) -> None:
        with trio.move_on_after(LIMIT):
            while not condition():
                data = await self.stream.receive_some(65536)
                assert data, "the core closed the connection"
                self.seen += self._decoder.feed(bytes(data))
        assert condition(), f"it never came: {what}; {self.seen[-5:]}"

    def output(self, channel: int) -> bytes:
        """What came on *channel*, all of it in one piece."""
        pieces = [frame for frame in self.seen if isinstance(frame, frames.Data) and frame.channel == channel]
        for piece, following in itertools.pairwise(pieces):
            assert following.offset == piece.offset + len(piece.data)
        return b"".join(piece.data for piece in pieces)

    async def sit_down(self, console: str, number: int = 1) -> None:
        """Read *console* from now on, on channel *number*, and type there as attachment *number*."""
        await self.send(frames.Subscribe(number, console), frames.Attach(number, console, "write"))
        await self.read_until(lambda: self.answers(frames.Attached), "attached")

    def answers(self, kind: type[frames.Frame]) -> list[frames.Frame]:
        return [frame for frame in self.seen if isinstance(frame, kind)]

    async def echo(self, text: bytes, input_id: int, number: int = 1) -> None:
        """Type *text* and wait for it to come back and to be acknowledged."""
        before = len(self.output(number))
        await self.send(frames.Input(number, input_id, text))
        await self.read_until(
            lambda: (
                self.output(number)[before:] == text
                and frames.Acked(number, input_id) in self.answers(frames.Acked)
            ),
            f"echo of {text!r}",
        )

    async def echo_when_up(self, text: bytes) -> None:
        """Type *text* as soon as the console takes it, in a core of another process."""
        up, deadline = '"state": "up"', trio.current_time() + LIMIT
        while up not in (await self.ask("ls", options={"json": True}))[1]:
            assert trio.current_time() < deadline, "it never came up"
        await self.echo(text, 1)

    async def ask(
        self, verb: str, *names: str, options: dict[str, object] | None = None
    ) -> tuple[int, str, str]:
        """Return exit code, text and error text of *verb* for *names*, asked as the command line does."""
        request = 1 + len(self.answers(frames.Done))
        await self.send(frames.Verb(request, (verb, ",".join(names)), options=options or {}))
        await self.read_until(lambda: len(self.answers(frames.Done)) == request, f"answer to {verb}")
        answers = [
            frame for frame in self.seen if isinstance(frame, frames.Answer) and frame.request == request
        ]
        done = self.answers(frames.Done)[-1]
        assert isinstance(done, frames.Done)
        return done.exit_code, "".join(a.text for a in answers), "".join(a.error for a in answers)


@dataclass
class Scene:
    """A directory with a configuration, and a nursery for racks and cores."""

    home: Path
    nursery: trio.Nursery
    lines: dict[str, list[str]] = field(default_factory=dict)
    streams: list[trio.SocketStream] = field(default_factory=list)

    @property
    def runtime(self) -> Path:
        return self.home / "run"

    async def rack(self, *names: str, **more: object) -> Rack:
        """Start simulated BMCs and configure them as consoles."""
        settings = RackSettings(names=names, base_port=0, **more)  # type: ignore[arg-type] # keyword overrides
        rack = await self.nursery.start(serve_rack, settings)
        assert isinstance(rack, Rack)
        for name, (host, port) in rack.addresses().items():
            self.lines[name] = [f'address = "{host}:{port}"']
        return rack

    async def stream(self) -> trio.SocketStream:
        """Connect to the core's unix socket."""
        stream = await trio.open_unix_socket(str(self.runtime / frames.SOCKET_NAME))
        self.streams.append(stream)
        return stream

    def config(self) -> Config:
        """Write the configuration and load it."""
        secret = self.home / "bmc.password"
        secret.write_text("secret12\n")
        secret.chmod(0o600)
        lines = [CONFIG.format(runtime=self.runtime)]
        for name, more in self.lines.items():
            lines += [f"[consoles.{name}]", *more]
        path = self.home / "solmux.toml"
        path.write_text("\n".join(lines) + "\n")
        return load(path)

    async def start(self, disk: Disk | None = None) -> Running:
        """Start a core and wait until it serves clients."""
        running = Running(Core(self.config(), disk=disk))
        self.nursery.start_soon(running.run)
        await running.ready.wait()
        return running

    def record(self, name: str) -> bytes:
        """What the byte-exact record has of a console."""
        return raw_bytes(self.home / "log", name, 0, 1 << 60)

    def text(self, name: str) -> str:
        """What people read of a console."""
        path = self.home / "log" / name / "console.log"
        return path.read_text() if path.exists() else ""


def play(home: Path, scene: Callable[[Scene], Awaitable[None]]) -> None:
    """Run *scene*; whatever it started ends with it."""

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            stage = Scene(home, nursery)
            try:
                await scene(stage)
            finally:
                for stream in stage.streams:
                    await trio.aclose_forcefully(stream)
            nursery.cancel_scope.cancel()

    trio.run(main)
