"""Hub, feeds and drawings against the scripted core: what a viewer is shown, whatever happens to the core."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from solmux.gateway.drawing import Drawing, History
from solmux.gateway.hub import CoreAwayError, Hub
from solmux.gateway.seat import Seat
from solmux.screen.emulator import Emulator
from solmux.wire.frames import (
    SOCKET_NAME,
    Answer,
    Attach,
    Cancel,
    Checkpoint,
    Data,
    Done,
    Notice,
    Subscribe,
    Unsubscribe,
    Verb,
)
from tests.gateway.core_peer import RING, CorePeer, core_peer
from tests.gateway.waiting import LIMIT, eventually

MENU = b"\x1b[2J\x1b[H BIOS \x1b[5;5HOption"


class Shelf:
    """Saved screens in memory; nothing is recorded. Stays when the hub goes."""

    def __init__(self) -> None:
        self.saved: dict[str, tuple[int, bytes]] = {}

    def of(self, name: str) -> History:
        return Book(self, name)


class Book:
    """The history of one console of a shelf."""

    def __init__(self, shelf: Shelf, name: str) -> None:
        self._shelf = shelf
        self._name = name

    def blank(self) -> Emulator:
        return Emulator()

    def load(self) -> tuple[int, Emulator] | None:
        saved = self._shelf.saved.get(self._name)
        return (saved[0], Emulator.restore(saved[1])) if saved else None

    def save(self, offset: int, emulator: Emulator) -> bool:
        self._shelf.saved[self._name] = (offset, emulator.checkpoint())
        return True

    def raw(self, _start: int, end: int) -> tuple[int, bytes]:
        return end, b""


class Eye:
    """A viewer: keeps its own terminal and what it is told."""

    def __init__(self) -> None:
        self.terminal = Emulator()
        self.seen = b""
        self.told: list[str] = []
        self.paintings = 0
        self.exact = False
        self.faulty = False

    def paint(self, drawing: Drawing) -> None:
        if self.faulty:
            raise RuntimeError("a fault of this viewer")
        self.paintings += 1
        self.exact = drawing.exact
        self.terminal.feed(drawing.emulator.repaint())

    def moment(self, drawing: Drawing) -> None:
        self.told.append(f"moment {drawing.drawn} {self.terminal.text() == drawing.emulator.text()}")

    def output(self, data: bytes) -> None:
        self.seen += data
        self.terminal.feed(data)

    def missed(self, count: int) -> None:
        self.told.append(f"missed {count}")

    def notice(self, notice: Notice) -> None:
        self.told.append(f"{notice.kind} {notice.text}")

    def core_gone(self) -> None:
        self.told.append("gone")

    def core_back(self) -> None:
        self.told.append("back")

    def removed(self, reason: str) -> None:
        self.told.append(f"removed: {reason}")

    def failed(self) -> None:
        self.told.append("failed")

    def row(self, number: int) -> str:
        return self.terminal.text()[number]


class Sitter:
    """Owner of a seat."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def seat_changed(self, seat: Seat) -> None:
        self.told.append(f"{seat.mode} {seat.writer}")

    def seat_lost(self, _seat: Seat, reason: str) -> None:
        self.told.append(f"lost: {reason}")

    def input_uncertain(self, characters: int, reason: str) -> None:
        self.told.append(f"{characters} uncertain: {reason}")

    def break_sent(self) -> None:
        self.told.append("break")

    def read_more(self, wanted: bool) -> None:
        self.told.append(f"read {wanted}")

    def failed(self) -> None:
        self.told.append("failed")


@asynccontextmanager
async def running(directory: Path, shelf: Shelf) -> AsyncIterator[Hub]:
    hub = Hub(directory / SOCKET_NAME, shelf.of)
    task = asyncio.create_task(hub.run())
    try:
        yield hub
    finally:
        task.cancel()
        await asyncio.wait((task,))
    assert task.cancelled()


def play(scenario: Callable[[CorePeer, Hub, Shelf], Coroutine[None, None, None]], tmp_path: Path) -> None:
    """Run *scenario* with a core and a hub that is connected to it."""

    async def main() -> None:
        shelf = Shelf()
        async with core_peer(tmp_path) as core, running(tmp_path, shelf) as hub:
            await eventually(lambda: hub.up and core.connected)
            await scenario(core, hub, shelf)

    asyncio.run(asyncio.wait_for(main(), LIMIT * 2))


def look(hub: Hub, name: str = "server42", *, pictures: bool = True) -> Eye:
    eye = Eye()
    hub.feed(name).join(eye, pictures=pictures)
    return eye


def test_names_come_from_the_core_and_follow_it(tmp_path: Path) -> None:
    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        assert hub.consoles == ("server41", "server42")
        assert hub.aliases == {"db": "server42"}
        eye = look(hub)
        await eventually(lambda: eye.paintings)
        core.notice("", "consoles", consoles=["server41", "new"], aliases={})
        await eventually(lambda: hub.consoles == ("server41", "new"))
        assert eye.told[-1].startswith("removed: ")
        core.notice("", "consoles", consoles="nonsense")
        core.notice("", "of a later version")
        core.print("server42", b"not for us")
        other = look(hub, "server41")
        await eventually(lambda: other.paintings)
        assert hub.consoles == ("server41", "new")

    play(scenario, tmp_path)


def test_one_subscription_serves_all_viewers_of_a_console(tmp_path: Path) -> None:
    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        core.print("server42", b"\x1b[2J\x1b[Hlogin: ")
        eyes = [look(hub) for _ in range(5)]
        await eventually(lambda: all(eye.paintings for eye in eyes))
        core.print("server42", b"root\r\n")
        await eventually(lambda: all(eye.seen == b"root\r\n" for eye in eyes))
        assert {eye.row(0) for eye in eyes} == {"login: root"}
        assert core.got(Subscribe) == [Subscribe(1, "server42", 0)]
        assert all(eye.exact for eye in eyes)

    play(scenario, tmp_path)


def test_whoever_follows_without_a_screen_sees_the_last_lines_first(tmp_path: Path) -> None:
    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        lines = [b"line %d\r\n" % number for number in range(1000)]
        core.print("server42", b"".join(lines))
        eye = look(hub, pictures=False)
        await eventually(lambda: eye.seen)
        assert eye.seen == b"".join(lines[-20:])
        core.print("server42", b"more")
        await eventually(lambda: eye.seen.endswith(b"more"))
        assert eye.paintings == 0
        hub.feed("server42").leave(eye)
        await eventually(lambda: core.got(Unsubscribe))

    play(scenario, tmp_path)


def test_the_screen_is_saved_when_the_last_viewer_leaves_and_found_by_the_next(tmp_path: Path) -> None:
    async def scenario(core: CorePeer, hub: Hub, shelf: Shelf) -> None:
        core.print("server42", MENU + b"\x1b[2;50Htick tock" * 3000)
        eyes = [look(hub), look(hub)]
        await eventually(lambda: all(eye.paintings for eye in eyes))
        hub.feed("server42").leave(eyes[0])
        assert not core.got(Unsubscribe)
        hub.feed("server42").leave(eyes[1])
        await eventually(lambda: core.got(Unsubscribe))
        received = core.consoles["server42"].received
        assert core.got(Checkpoint) == [Checkpoint("server42", received)]
        assert shelf.saved["server42"][0] == received
        core.print("server42", b"\x1b[2;50HTICK TOCK" * 3000)  # now the menu has left the ring
        late = look(hub)
        await eventually(lambda: late.paintings)
        assert late.exact
        assert late.row(4) == "    Option"
        assert late.row(1).endswith("TICK TOCK")

    play(scenario, tmp_path)


def test_an_unwatched_menu_is_saved_before_the_ring_forgets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("solmux.gateway.hub.SAVE_REST", 0)

    async def scenario(core: CorePeer, hub: Hub, shelf: Shelf) -> None:
        core.print("server42", MENU)
        for _ in range(10):
            core.print("server42", b"\x1b[2;50Htick tock" * 2000)
            line = core.consoles["server42"]
            done = len(core.got(Checkpoint))
            core.notice("server42", "screen-due", first=line.first, received=line.received)
            await eventually(partial(lambda done: len(core.got(Checkpoint)) > done, done))
            assert core.got(Checkpoint)[-1] == Checkpoint("server42", line.received)
            assert shelf.saved["server42"][0] == line.received
        assert line.received > 4 * RING
        eye = look(hub)
        await eventually(lambda: eye.paintings)
        assert eye.exact
        assert eye.row(4) == "    Option"

    play(scenario, tmp_path)


def test_a_core_that_restarts_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        core.print("server42", b"before ")
        screen, lines = look(hub), look(hub, pictures=False)
        await eventually(lambda: screen.paintings and lines.seen)
        await core.stop()
        await eventually(lambda: not hub.up)
        assert screen.told == lines.told == ["gone"]
        core.print("server42", b"meanwhile ")
        await core.start()
        await eventually(lambda: "back" in screen.told)
        core.print("server42", b"after")
        await eventually(lambda: lines.seen.endswith(b"after"))
        await eventually(lambda: screen.seen.endswith(b"after"))
        assert lines.seen == b"before meanwhile after"
        assert screen.seen == b"meanwhile after"
        assert screen.row(0) == "before meanwhile after"
        assert screen.paintings == 1
        assert screen.told == lines.told == ["gone", "back"]

    play(scenario, tmp_path)


def test_a_moment_comes_when_what_was_shown_is_what_is_drawn(tmp_path: Path) -> None:
    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        core.print("server42", b"login: ")
        eye = look(hub)
        await eventually(lambda: eye.paintings)
        feed = hub.feed("server42")
        for number in range(50):
            core.print("server42", b"line %d\r\n\x1b[1" % number)
            core.print("server42", b"m")
            feed.pause(eye)
            feed.pause(eye)
            await eventually(partial(lambda count: len(eye.told) == count, number + 1))
        await eventually(lambda: eye.seen.endswith(b"line 49\r\n\x1b[1m"))
        assert eye.seen.count(b"line") == 50
        assert all(word.endswith(" True") for word in eye.told)
        assert eye.paintings == 1

    play(scenario, tmp_path)


def test_bytes_sent_twice_are_shown_once(tmp_path: Path) -> None:
    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        core.print("server42", b"abc")
        eye = look(hub, pictures=False)
        await eventually(lambda: eye.seen)
        core.send(Data(1, 7, 0, b"abc"))
        core.send(Data(1, 7, 1, b"bcd"))
        core.send(Data(9, 7, 4, b"another channel"))
        core.send(Data(1, 7, 4, b"e"))
        await eventually(lambda: eye.seen.endswith(b"e"))
        assert eye.seen == b"abcde"

    play(scenario, tmp_path)


def test_whoever_falls_behind_is_told_and_painted_anew(tmp_path: Path) -> None:
    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        core.print("server42", b"\x1b[2J\x1b[Hold")
        screen, lines = look(hub), look(hub, pictures=False)
        await eventually(lambda: screen.paintings and lines.seen)
        core.skip("server42", 100_000)
        core.print("server42", b"\x1b[2J\x1b[Hnew")
        await eventually(lambda: screen.row(0) == "new")
        assert screen.told == lines.told == ["missed 100000"]
        assert screen.paintings == 2
        assert lines.seen.endswith(b"old\x1b[2J\x1b[Hnew")

    play(scenario, tmp_path)


def test_a_core_that_has_lost_its_memory_begins_again(tmp_path: Path) -> None:
    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        core.print("server42", b"much output" * 100)
        eye = look(hub)
        await eventually(lambda: eye.paintings)
        await core.stop()
        core.consoles["server42"].output = bytearray(b"login: ")
        core.consoles["server42"].first = 0
        await core.start()
        await eventually(lambda: eye.paintings == 2)
        assert eye.row(0) == "login:"

    play(scenario, tmp_path)


def test_the_last_saved_screen_is_shown_while_the_core_is_away(tmp_path: Path) -> None:
    async def main() -> None:
        shelf = Shelf()
        saved = Emulator()
        saved.feed(b"as it was")
        shelf.saved["server42"] = (9, saved.checkpoint())
        async with running(tmp_path, shelf) as hub:
            eye = look(hub)
            await eventually(lambda: eye.paintings)
            assert eye.told == ["gone"]
            assert eye.row(0) == "as it was"
            async with core_peer(tmp_path) as core:
                core.print("server42", b"as it was, and is")
                await eventually(lambda: eye.row(0) == "as it was, and is")

    asyncio.run(asyncio.wait_for(main(), LIMIT * 2))


def test_seats_are_taken_again_after_a_restart_of_the_core(tmp_path: Path) -> None:
    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        alice, bob = Sitter(), Sitter()
        seat = hub.seat("server42", "write", "alice", "10.0.0.7", alice)
        other = hub.seat("server42", "write", "bob", "10.0.0.8", bob)
        await eventually(lambda: alice.told and bob.told)
        assert alice.told == ["write alice@10.0.0.7"]
        assert bob.told == ["watch alice@10.0.0.7"]
        core.answers = False
        seat.type(b"ls\r")
        await eventually(lambda: core.consoles["server42"].typed)
        await core.stop()
        await eventually(lambda: not hub.up)
        assert alice.told[1:] == ["3 uncertain: the core went away"]
        await core.start()
        await eventually(lambda: len(alice.told) == 3)
        assert alice.told[2] == "write alice@10.0.0.7"
        assert core.got(Attach)[2:] == core.got(Attach)[:2]
        hub.leave(seat)
        hub.leave(seat)
        await eventually(lambda: not core.consoles["server42"].writer)
        other.ask("write")
        await eventually(lambda: bob.told[-1] == "write bob@10.0.0.8")

    play(scenario, tmp_path)


def test_a_query_is_answered_once_for_the_writer_and_never_for_watchers(tmp_path: Path) -> None:
    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        line = core.consoles["server42"]
        core.print("server42", b"\x1b[6n")  # asked long ago
        eyes = [look(hub) for _ in range(3)]
        hub.seat("server42", "watch", "carol", "10.0.0.9", Sitter())
        await eventually(lambda: all(eye.paintings for eye in eyes))
        core.print("server42", b"ab\x1b[6n")
        await eventually(lambda: all(eye.seen.endswith(b"n") for eye in eyes))
        alice = Sitter()
        hub.seat("server42", "write", "alice", "10.0.0.7", alice)
        hub.seat("server42", "write", "bob", "10.0.0.8", Sitter())
        await eventually(lambda: alice.told)
        core.print("server42", b"cd\x1b[6n")
        await eventually(lambda: line.typed)
        core.print("server42", b"\x1b[5n")
        await eventually(lambda: line.typed.endswith(b"0n"))
        assert line.typed == b"\x1b[1;5R\x1b[0n"

    play(scenario, tmp_path)


def test_a_viewer_that_fails_leaves_the_others_alone(tmp_path: Path) -> None:
    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        faulty, fine = Eye(), Eye()
        faulty.faulty = True
        feed = hub.feed("server42")
        feed.join(faulty, pictures=True)
        feed.join(fine, pictures=True)
        await eventually(lambda: fine.paintings)
        assert faulty.told == ["failed"]
        core.print("server42", b"on")
        await eventually(lambda: fine.seen == b"on")
        assert faulty.seen == b""
        feed.leave(faulty)

    play(scenario, tmp_path)


def test_a_fault_of_one_console_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Drawing, offset: int, data: bytes) -> None:
        if b"poison" in data:
            raise RuntimeError("a fault of ours")
        add(self, offset, data)

    async def broken_save(_self: Drawing) -> int:
        raise RuntimeError("a fault of ours")

    add = Drawing.add
    monkeypatch.setattr(Drawing, "add", broken)

    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        poisoned, fine = look(hub, "server41"), look(hub, "server42")
        await eventually(lambda: poisoned.paintings and fine.paintings)
        core.print("server41", b"poison")
        await eventually(lambda: "removed: internal error, see the gateway's log" in poisoned.told)
        core.print("server42", b"on")
        await eventually(lambda: fine.seen == b"on")
        again = look(hub, "server41")
        await eventually(lambda: again.told)
        monkeypatch.setattr(Drawing, "save", broken_save)
        hub.feed("server42").leave(fine)
        await eventually(lambda: "saving server42 failed" in caplog.text)
        other = look(hub, "server42")
        await eventually(lambda: other.paintings)

    play(scenario, tmp_path)
    assert "a fault of ours" in caplog.text


def test_verbs_are_passed_on_and_answered_in_pieces(tmp_path: Path) -> None:
    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        core.verbs["ls"] = ("server42 up\n", "", 0)
        pieces = [piece async for piece in hub.ask(("ls",), "alice", "10.0.0.7", {"columns": 80})]
        verb = core.got(Verb)[-1]
        assert isinstance(verb, Verb)
        assert verb == Verb(verb.request, ("ls",), "alice", "10.0.0.7", {"columns": 80})
        assert pieces == [Answer(verb.request, "server42 up\n"), Done(verb.request, 0)]

    play(scenario, tmp_path)


def test_whoever_does_not_wait_for_an_answer_cancels_it(tmp_path: Path) -> None:
    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        core.verbs["wait"] = ("", "", -1)

        async def ask() -> None:
            async for _ in hub.ask(("wait",), "alice", "", {}):
                pass

        task = asyncio.create_task(ask())
        await eventually(lambda: core.got(Verb))
        task.cancel()
        await eventually(lambda: core.got(Cancel))

    play(scenario, tmp_path)


def test_a_core_that_goes_away_ends_what_was_asked_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(core: CorePeer, hub: Hub, _shelf: Shelf) -> None:
        core.verbs["wait"] = ("", "", -1)

        async def ask() -> None:
            async for _ in hub.ask(("wait",), "alice", "", {}):
                pass

        task = asyncio.create_task(ask())
        await eventually(lambda: core.got(Verb))
        await core.stop()
        with pytest.raises(CoreAwayError):
            await task
        monkeypatch.setattr("solmux.gateway.hub.CORE_PATIENCE", 0.01)
        with pytest.raises(CoreAwayError):
            await ask()

    play(scenario, tmp_path)
