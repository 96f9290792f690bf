"""A core to test the gateway against: a scripted peer that speaks the specified frames on a real socket.

It is written from docs/attach-protocol.md and shares with the gateway nothing but the codec.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from solmux.wire.codec import FrameDecoder, encode
from solmux.wire.frames import (
    SOCKET_NAME,
    VERSION,
    Acked,
    Answer,
    Attach,
    Attached,
    Break,
    Cancel,
    Checkpoint,
    Credit,
    Data,
    Detach,
    Done,
    Frame,
    Hello,
    Input,
    Lagged,
    Notice,
    Subscribe,
    Subscribed,
    Unknown,
    Unsubscribe,
    Verb,
)

RING = 64 << 10
CREDIT = 4096


@dataclass(slots=True)
class Line:
    """One console of the peer."""

    output: bytearray = field(default_factory=bytearray)
    first: int = 0
    base: int = 0  # offset of output[0]
    state: str = "up"
    writer: int = 0  # number of the attachment that types
    channels: dict[int, int] = field(default_factory=dict)  # channel -> next offset
    people: dict[int, Attach] = field(default_factory=dict)
    typed: bytearray = field(default_factory=bytearray)
    breaks: int = 0

    @property
    def received(self) -> int:
        return self.base + len(self.output)


class CorePeer:
    """The core's end. It answers like a core; a test prints, looks at what was typed, and takes it away.

    Attributes:
      received: every frame of the client, in order, of all connections.
      answers: whether input is acknowledged at once.
      verbs: verb -> (text, error, exit code).
    """

    def __init__(self, directory: Path, *names: str) -> None:
        self.path = directory / SOCKET_NAME
        self.consoles = {name: Line() for name in names or ("server41", "server42")}
        self.aliases = {"db": "server42"}
        self.received: list[Frame] = []
        self.answers = True
        self.credit = CREDIT
        self.verbs: dict[str, tuple[str, str, int]] = {}
        self.epoch = 7
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._unanswered: list[tuple[int, int, int]] = []
        self._serving: set[asyncio.Task[None]] = set()

    # what a test does

    async def start(self) -> None:
        """Listen."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def stop(self) -> None:
        """Die: close everything; people and channels are forgotten, the output is not."""
        assert self._server is not None
        self._server.close()
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None
        for line in self.consoles.values():
            line.channels.clear()
            line.people.clear()
            line.writer = 0
        self._unanswered.clear()
        self.path.unlink(missing_ok=True)
        self.epoch += 1
        if self._serving:
            await asyncio.wait(self._serving)

    def print(self, name: str, data: bytes) -> None:
        """Let a console print."""
        line = self.consoles[name]
        line.output += data
        line.first = max(line.first, line.received - RING)
        for channel in list(line.channels):
            self._flow(channel, line)

    def skip(self, name: str, count: int) -> None:
        """Let a console print *count* bytes that this client is too slow for."""
        line = self.consoles[name]
        line.output += b"\x00" * count
        line.first = max(line.first, line.received - RING)
        for channel, offset in line.channels.items():
            line.channels[channel] = line.received
            self.send(Lagged(channel, line.received, line.received - offset))

    def acknowledge(self) -> None:
        """Answer the input that waits."""
        for attachment, input_id, characters in self._unanswered:
            self.send(Acked(attachment, input_id))
            self.send(Credit(attachment, characters))
        self._unanswered.clear()

    def lose_input(self, reason: str) -> None:
        """Say of the input that waits that nobody knows."""
        for attachment, input_id, characters in self._unanswered:
            self.send(Unknown(attachment, input_id, characters, reason))
            self.send(Credit(attachment, characters))
        self._unanswered.clear()

    def notice(self, name: str, kind: str, text: str = "", **fields: object) -> None:
        """Send a notice."""
        self.send(Notice(name, kind, text, fields))

    def send(self, frame: Frame) -> None:
        """Send any frame."""
        if self._writer is not None:
            self._writer.write(encode(frame))

    def got(self, kind: type[Frame]) -> list[Frame]:
        """Return the frames of one kind that came so far."""
        return [frame for frame in self.received if isinstance(frame, kind)]

    @property
    def connected(self) -> bool:
        """Whether a client has said hello on the present connection."""
        return self._writer is not None

    # the protocol

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        hello = Hello(VERSION, "core", self.epoch, "", tuple(self.consoles), self.aliases)
        writer.write(encode(hello))
        decoder = FrameDecoder()
        greeted = False
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                for frame in decoder.feed(data):
                    self.received.append(frame)
                    if not greeted:
                        assert frame == Hello(VERSION, "gateway")
                        greeted = True
                        self._writer = writer
                        self.connections += 1
                    else:
                        self._handle(frame)
        writer.transport.abort()

    def _handle(self, frame: Frame) -> None:
        match frame:
            case Subscribe():
                self._subscribe(frame)
            case Unsubscribe(channel):
                for line in self.consoles.values():
                    line.channels.pop(channel, None)
            case Attach():
                self._attach(frame)
            case Detach(number):
                self._detach(number)
            case Input(number, input_id, data):
                line = self._line_of(number)
                assert line.writer == number
                line.typed += data
                self._answer(number, input_id, len(data))
            case Break(number, input_id):
                line = self._line_of(number)
                assert line.writer == number
                line.breaks += 1
                self._answer(number, input_id, 0)
            case Verb():
                text, error, code = self.verbs.get(frame.words[0], ("", f"no verb {frame.words[0]}\n", 2))
                if code >= 0:
                    self.send(Answer(frame.request, text, error))
                    self.send(Done(frame.request, code))
            case Cancel() | Checkpoint():
                pass
            case _:
                raise AssertionError(frame)

    def _subscribe(self, frame: Subscribe) -> None:
        line = self.consoles.get(frame.console)
        if line is None:
            self.send(Subscribed(frame.channel, frame.console, self.epoch, 0, 0, error="no such console"))
            return
        asked = line.received if frame.offset is None else frame.offset
        offset = max(line.first, min(asked, line.received))
        line.channels[frame.channel] = offset
        state = {"state": line.state, "reason": "", "since": 0, "offset": line.received}
        self.send(Subscribed(frame.channel, frame.console, self.epoch, line.first, offset, state))
        self._flow(frame.channel, line)

    def _flow(self, channel: int, line: Line) -> None:
        offset = line.channels[channel]
        data = bytes(line.output[offset - line.base :])
        for at in range(0, len(data), 16384):
            self.send(Data(channel, self.epoch, offset + at, data[at : at + 16384]))
        line.channels[channel] = line.received

    def _attach(self, frame: Attach) -> None:
        line = self.consoles.get(frame.console)
        if line is None:
            self.send(Attached(frame.attachment, frame.console, "watch", error="no such console"))
            return
        line.people[frame.attachment] = frame
        if frame.mode == "write" and not line.writer:
            line.writer = frame.attachment
        elif frame.mode == "watch" and line.writer == frame.attachment:
            line.writer = 0
        self._tell_mode(line)

    def _detach(self, number: int) -> None:
        for line in self.consoles.values():
            if line.people.pop(number, None) is not None and line.writer == number:
                line.writer = 0
                self._tell_mode(line)

    def _tell_mode(self, line: Line) -> None:
        typing = line.people.get(line.writer)
        who = f"{typing.person}@{typing.address}" if typing else ""
        for number, person in line.people.items():
            mode = "write" if number == line.writer else "watch"
            credit = self.credit if mode == "write" else 0
            self.send(Attached(number, person.console, mode, who, credit))

    def _answer(self, number: int, input_id: int, characters: int) -> None:
        self._unanswered.append((number, input_id, characters))
        if self.answers:
            self.acknowledge()

    def _line_of(self, number: int) -> Line:
        return next(line for line in self.consoles.values() if number in line.people)


@contextlib.asynccontextmanager
async def core_peer(directory: Path, *names: str) -> AsyncIterator[CorePeer]:
    """Run a core in *directory*."""
    peer = CorePeer(directory, *names)
    await peer.start()
    try:
        yield peer
    finally:
        await peer.stop()
