"""The link to the core against a socket that misbehaves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from solmux.gateway.core_link import CoreLink
from solmux.wire.codec import encode
from solmux.wire.frames import VERSION, Detach, Frame, Hello, Notice
from tests.gateway.waiting import LIMIT, eventually

HELLO = Hello(VERSION, "core", 7, consoles=("server42",))
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Ear:
    """Keeps what the link says."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def core_up(self, hello: Hello) -> None:
        self.heard.append(hello)

    def core_down(self) -> None:
        self.heard.append("down")

    def core_says(self, frame: Frame) -> None:
        self.heard.append(frame)


@asynccontextmanager
async def linked(path: Path, serve: Serve) -> AsyncIterator[tuple[CoreLink, Ear]]:
    """Serve at *path* and keep a link to it."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_unix_server(accept, path)
    ear = Ear()
    link = CoreLink(path, ear)
    task = asyncio.create_task(link.run())
    try:
        yield link, ear
    finally:
        task.cancel()
        await asyncio.wait((task,))
        server.close()
        await asyncio.sleep(0)


def play(path: Path, serve: Serve, scenario: Callable[[CoreLink, Ear], Awaitable[None]]) -> None:
    async def main() -> None:
        async with linked(path, serve) as (link, ear):
            await scenario(link, ear)

    asyncio.run(asyncio.wait_for(main(), LIMIT * 2))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "connection closed"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no frame"),
        (encode(Detach(1)), "no hello"),
        (encode(Hello(VERSION + 1, "core", 7)), f"version {VERSION + 1}"),
        (encode(Hello(VERSION, "core", 7, text="too many clients")), "too many clients"),
    ],
)
def test_what_is_no_core_is_named_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, answer: bytes, reason: str
) -> None:
    tries = 0

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        writer.write(answer if tries < 3 else encode(HELLO))

    async def scenario(link: CoreLink, ear: Ear) -> None:
        await eventually(lambda: HELLO in ear.heard)
        assert not link.connected or ear.heard == [HELLO]

    play(tmp_path / "core.sock", serve, scenario)
    assert reason in caplog.text


def test_a_core_that_says_nothing_is_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("solmux.gateway.core_link.HELLO_LIMIT", 0.05)

    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def scenario(_link: CoreLink, ear: Ear) -> None:
        await eventually(lambda: "does not say hello" in caplog.text)
        assert ear.heard == []

    play(tmp_path / "core.sock", serve, scenario)


def test_frames_pass_both_ways_until_the_connection_breaks(tmp_path: Path) -> None:
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(HELLO) + encode(Notice("server42", "state")))
        received.append(await reader.readexactly(len(encode(Hello(VERSION, "gateway")) + encode(Detach(5)))))
        writer.write(b"\xff\xff\xff\xff")

    async def scenario(link: CoreLink, ear: Ear) -> None:
        assert not link.send(Detach(4))
        await eventually(lambda: len(ear.heard) >= 2)
        assert ear.heard[:2] == [HELLO, Notice("server42", "state")]
        assert link.send(Detach(5))
        await eventually(lambda: "down" in ear.heard)
        assert received[0] == encode(Hello(VERSION, "gateway")) + encode(Detach(5))
        await eventually(lambda: ear.heard.count(HELLO) == 2)

    play(tmp_path / "core.sock", serve, scenario)


def test_a_core_that_does_not_read_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solmux.gateway.core_link.UNSENT_LIMIT", 100_000)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(HELLO))
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # it is a socket's
        await asyncio.Event().wait()
        del reader

    async def scenario(link: CoreLink, ear: Ear) -> None:
        await eventually(lambda: link.connected)
        while link.send(Notice("server42", "state", "x" * 50_000)):
            pass
        await eventually(lambda: "down" in ear.heard)

    play(tmp_path / "core.sock", serve, scenario)


def test_no_socket_is_no_core(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        link = CoreLink(tmp_path / "core.sock", Ear())
        task = asyncio.create_task(link.run())
        await eventually(lambda: "no core at" in caplog.text)
        task.cancel()
        await asyncio.wait((task,))

    asyncio.run(main())
