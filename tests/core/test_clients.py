"""A client of the core over a stream in memory: frames in, frames out, slow readers, hostile bytes."""

from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from solmux.console.console import INPUT_CREDIT, Console
from solmux.core.clients import CONTROL_LIMIT, PATIENCE, Client
from solmux.core.identity import PeerIdentity
from solmux.wire import frames
from solmux.wire.codec import FrameDecoder, encode
from tests.console.test_console import MemoryLog, Wire


class Rack:
    """Consoles, as a client may see them."""

    def __init__(self) -> None:
        self.epoch = 77
        self.log = MemoryLog()
        self.wire = Wire()
        self.consoles = {"server42": Console("server42", self.log, self.publish, lambda: 1000.0, self.wire)}
        self.notices: list[str] = []

    def aliases(self) -> dict[str, str]:
        return {"s42": "server42"}

    def publish(self, console: str, kind: str, text: str, fields: dict[str, object]) -> None:  # noqa: ARG002
        self.notices.append(kind)


class Words:
    """Verbs that answer with their own words."""

    async def run(self, verb: frames.Verb, person: str, answer: Callable[[str, str], Awaitable[None]]) -> int:
        await answer(f"{person} asked {' '.join(verb.words)}\n", "")
        return 5


class Talk:
    """The other end: sends frames, collects answers."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.decoder = FrameDecoder()
        self.waiting: list[frames.Frame] = []

    async def send(self, *given: frames.Frame) -> None:
        await self.stream.send_all(b"".join(encode(frame) for frame in given))

    async def receive(self) -> frames.Frame:
        while not self.waiting:
            data = await self.stream.receive_some(65536)
            assert data, "the core closed the connection"
            self.waiting += self.decoder.feed(bytes(data))
        return self.waiting.pop(0)


def converse(
    talk: Callable[[Talk, Rack], Awaitable[None]], *, trusted: bool = True, hello: bool = True
) -> Rack:
    """Run *talk* against a client served by the core's code; return what it served."""
    rack = Rack()

    async def main() -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        client = Client(theirs, PeerIdentity("root", speaks_for_others=trusted), rack, Words())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.run)
            other = Talk(ours)
            greeting = await other.receive()
            assert greeting == frames.Hello(
                1, "core", 77, consoles=("server42",), aliases={"s42": "server42"}
            )
            if hello:
                await other.send(frames.Hello(1, "gateway"))
            await talk(other, rack)
            await ours.aclose()
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    return rack


def test_a_subscriber_gets_what_the_ring_has_and_then_what_comes() -> None:
    async def talk(other: Talk, rack: Rack) -> None:
        rack.consoles["server42"].output(b"before ")
        await other.send(frames.Subscribe(3, "server42", 0))
        subscribed = await other.receive()
        assert isinstance(subscribed, frames.Subscribed)
        assert (subscribed.first, subscribed.offset, subscribed.error) == (0, 0, "")
        assert await other.receive() == frames.Data(3, 77, 0, b"before ")
        rack.consoles["server42"].output(b"after")
        assert await other.receive() == frames.Data(3, 77, 7, b"after")

    converse(talk)


def test_a_subscriber_that_fell_behind_is_told_how_much_it_missed() -> None:
    class Forgetful(MemoryLog):
        def read(self, offset: int, limit: int) -> tuple[int, bytes]:
            return super().read(max(offset, 50), limit)

    async def talk(other: Talk, rack: Rack) -> None:
        log = Forgetful()
        rack.consoles["server42"].log = log
        rack.consoles["server42"].output(bytes(60))
        await other.send(frames.Subscribe(1, "server42", 10))
        assert isinstance(await other.receive(), frames.Subscribed)
        assert await other.receive() == frames.Lagged(1, 50, 40)
        assert await other.receive() == frames.Data(1, 77, 50, bytes(10))

    converse(talk)


def test_typing_is_granted_acknowledged_and_gives_its_credit_back() -> None:
    async def talk(other: Talk, rack: Rack) -> None:
        await other.send(frames.Attach(9, "server42", "write", "alice", "10.0.0.7"))
        assert await other.receive() == frames.Attached(
            9, "server42", "write", "alice@10.0.0.7", INPUT_CREDIT
        )
        await other.send(frames.Input(9, 1, b"uptime\r"))
        await trio.testing.wait_all_tasks_blocked()
        rack.consoles["server42"].input_accepted(rack.wire.sent[0][1], 4)
        assert await other.receive() == frames.Acked(9, 1)
        assert await other.receive() == frames.Credit(9, 7)

    rack = converse(talk)
    assert rack.consoles["server42"].attachments == []  # the connection is gone, and the person with it


def test_an_acknowledgement_lets_the_echo_go_first_and_does_not_wait_long_for_one() -> None:
    async def talk(other: Talk, rack: Rack) -> None:
        console = rack.consoles["server42"]
        await other.send(frames.Subscribe(3, "server42", 0))
        await other.send(frames.Attach(9, "server42", "write", "alice", "10.0.0.7"))
        await other.send(frames.Input(9, 1, b"x"))
        await other.send(frames.Input(9, 2, b"y"))
        assert isinstance(await other.receive(), frames.Subscribed)
        assert isinstance(await other.receive(), frames.Attached)
        await trio.testing.wait_all_tasks_blocked()
        begun = trio.current_time()
        console.input_accepted(rack.wire.sent[0][1], 4)
        await trio.testing.wait_all_tasks_blocked()
        console.output(b"x")
        assert await other.receive() == frames.Data(3, 77, 0, b"x")
        assert await other.receive() == frames.Acked(9, 1)
        assert await other.receive() == frames.Credit(9, 1)
        assert trio.current_time() == begun
        console.input_accepted(rack.wire.sent[1][1], 5)
        assert await other.receive() == frames.Acked(9, 2)
        assert trio.current_time() - begun == pytest.approx(PATIENCE)

    converse(talk)


def test_a_refusal_does_not_overtake_an_acknowledgement() -> None:
    async def talk(other: Talk, rack: Rack) -> None:
        console = rack.consoles["server42"]
        await other.send(frames.Attach(9, "server42", "write", "alice", "10.0.0.7"))
        await other.send(frames.Input(9, 1, b"x"))
        await other.send(frames.Input(9, 2, b"y"))
        assert isinstance(await other.receive(), frames.Attached)
        await trio.testing.wait_all_tasks_blocked()
        console.input_accepted(rack.wire.sent[0][1], 4)
        console.input_unknown(rack.wire.sent[1][1], 1)
        answers = [await other.receive() for _ in range(4)]
        assert [type(answer) for answer in answers] == [
            frames.Acked,
            frames.Credit,
            frames.Unknown,
            frames.Credit,
        ]

    converse(talk)


def test_only_a_trusted_client_names_the_person() -> None:
    async def talk(other: Talk, rack: Rack) -> None:  # noqa: ARG001
        await other.send(frames.Attach(1, "server42", "write", "somebody-else", "10.0.0.7"))
        answer = await other.receive()
        assert isinstance(answer, frames.Attached)
        assert answer.writer == "root"
        await other.send(frames.Verb(4, ("ls",), person="somebody-else"))
        assert await other.receive() == frames.Answer(4, "root asked ls\n")
        assert await other.receive() == frames.Done(4, 5)

    converse(talk, trusted=False)


def test_unknown_consoles_and_taken_numbers_are_refused_by_name() -> None:
    async def talk(other: Talk, rack: Rack) -> None:  # noqa: ARG001
        await other.send(frames.Subscribe(1, "server43"), frames.Attach(1, "server43", "write"))
        subscribed, attached = await other.receive(), await other.receive()
        assert isinstance(subscribed, frames.Subscribed)
        assert isinstance(attached, frames.Attached)
        assert subscribed.error == attached.error == "no such console"
        await other.send(frames.Subscribe(2, "server42"), frames.Subscribe(2, "server42"))
        await other.receive()
        again = await other.receive()
        assert isinstance(again, frames.Subscribed)
        assert again.error == "channel is taken"
        await other.send(frames.Input(8, 5, b"abc"))
        assert await other.receive() == frames.Unknown(8, 5, 3, "not attached")

    converse(talk)


def test_a_first_frame_that_is_no_hello_ends_the_connection() -> None:
    async def talk(other: Talk, rack: Rack) -> None:  # noqa: ARG001
        await other.send(frames.Subscribe(1, "server42"))
        with trio.fail_after(5):
            assert await other.stream.receive_some(100) == b""

    converse(talk, hello=False)


def test_garbage_ends_the_connection_and_nothing_else() -> None:
    async def talk(other: Talk, rack: Rack) -> None:  # noqa: ARG001
        await other.stream.send_all(b"\xff" * 40)
        with trio.fail_after(5):
            assert await other.stream.receive_some(100) == b""

    converse(talk)


def test_a_client_that_does_not_read_its_notices_is_cut_off_at_a_bound() -> None:
    async def main() -> None:
        ours, theirs = trio.testing.lockstep_stream_pair()  # sends wait until the other end reads
        rack = Rack()
        client = Client(theirs, PeerIdentity("root", speaks_for_others=True), rack, Words())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.run)
            other = Talk(ours)
            await other.receive()
            await other.send(frames.Hello(1, "gateway"))
            await trio.testing.wait_all_tasks_blocked()
            text = "x" * 10_000
            for _ in range(CONTROL_LIMIT // 10_000 + 2):
                client.notice(frames.Notice("server42", "state", text))
            with trio.fail_after(5):
                await trio.testing.wait_all_tasks_blocked()
            assert client.closing
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
