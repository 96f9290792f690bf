"""One console: one writer, every character answered, gaps marked where there were any and nowhere else."""

from dataclasses import dataclass, field

import pytest

from solmux.console.console import INPUT_CREDIT, SCREEN_DUE, Console


@dataclass
class MemoryLog:
    """A log in memory with the journal's interface, for looking at."""

    received: int = 0
    first: int = 0
    session_word: int = 0
    sol_word: int = 0
    last_mark: float | None = None
    data: bytearray = field(default_factory=bytearray)
    events: list[tuple[str, str | None]] = field(default_factory=list)

    def append(self, data: bytes) -> None:
        self.data += data
        self.received += len(data)

    def event(self, kind: str, text: str | None = None, **_: object) -> None:
        self.events.append((kind, text))

    def read(self, offset: int, limit: int) -> tuple[int, bytes]:
        return offset, bytes(self.data[offset : offset + limit])


@dataclass
class Person:
    """A viewer that remembers what it was told."""

    acked_ids: list[int] = field(default_factory=list)
    unknowns: list[tuple[int, int, str]] = field(default_factory=list)
    changes: int = 0

    def acked(self, input_id: int, characters: int) -> None:  # noqa: ARG002
        self.acked_ids.append(input_id)

    def unknown(self, input_id: int, characters: int, reason: str) -> None:
        self.unknowns.append((input_id, characters, reason))

    def mode_changed(self) -> None:
        self.changes += 1


@dataclass
class Wire:
    """A source that takes input while it is up."""

    up: bool = True
    sent: list[tuple[bytes | None, int]] = field(default_factory=list)

    def send_input(self, data: bytes, input_id: int) -> bool:
        self.sent.append((data, input_id))
        return self.up

    def send_break(self, input_id: int) -> bool:
        self.sent.append((None, input_id))
        return self.up


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Scene:
    console: Console
    log: MemoryLog
    wire: Wire
    clock: Clock
    notices: list[tuple[str, str]]


@pytest.fixture
def scene() -> Scene:
    log, wire, clock = MemoryLog(), Wire(), Clock()
    notices: list[tuple[str, str]] = []
    console = Console("server42", log, lambda _, kind, text, __: notices.append((kind, text)), clock, wire)
    return Scene(console, log, wire, clock, notices)


def test_the_second_person_watches_and_is_told_who_types(scene: Scene) -> None:
    alice = scene.console.attach(Person(), "alice", "10.0.0.7", "write")
    bob_sees = Person()
    bob = scene.console.attach(bob_sees, "bob", "10.0.0.8", "write")
    assert (alice.mode, bob.mode) == ("write", "watch")
    scene.console.type(bob, 1, b"reboot\r")
    assert bob_sees.unknowns == [(1, 7, "watching: alice@10.0.0.7 types")]
    assert scene.wire.sent == []


def test_a_watcher_is_not_promoted_without_asking_and_is_when_asking(scene: Scene) -> None:
    alice = scene.console.attach(Person(), "alice", "", "write")
    bob = scene.console.attach(Person(), "bob", "", "watch")
    scene.console.detach(alice)
    assert bob.mode == "watch"
    assert scene.console.writer is None
    scene.console.ask_mode(bob, "write")
    assert bob.mode == "write"


def test_only_writers_are_named_in_the_log(scene: Scene) -> None:
    scene.console.attach(Person(), "bob", "", "watch")
    alice = scene.console.attach(Person(), "alice", "10.0.0.7", "write")
    scene.console.detach(alice)
    assert [text for _, text in scene.log.events] == ["alice@10.0.0.7 attached", "alice@10.0.0.7 detached"]


def test_input_is_answered_once_when_the_bmc_has_it(scene: Scene) -> None:
    person = Person()
    alice = scene.console.attach(person, "alice", "", "write")
    scene.console.type(alice, 7, b"ls\r")
    (_, number) = scene.wire.sent[0]
    scene.console.input_accepted(number, 3)
    scene.console.input_accepted(number, 3)
    assert person.acked_ids == [7]
    assert alice.outstanding == 0
    assert scene.log.sol_word == 3


def test_input_to_a_console_that_is_down_is_refused_with_its_reason(scene: Scene) -> None:
    person = Person()
    alice = scene.console.attach(person, "alice", "", "write")
    scene.wire.up = False
    scene.console.state_changed("down", "BMC does not answer")
    scene.console.type(alice, 1, b"x")
    assert person.unknowns == [(1, 1, "console is down: BMC does not answer")]
    assert alice.outstanding == 0


def test_input_on_its_way_is_answered_unknown_when_the_session_ends(scene: Scene) -> None:
    person = Person()
    alice = scene.console.attach(person, "alice", "", "write")
    scene.console.type(alice, 1, b"half")
    scene.console.connection_lost("BMC does not answer", 5.0, orphaned=True)
    assert [(i, n) for i, n, _ in person.unknowns] == [(1, 4)]


def test_more_input_than_the_credit_is_refused_not_buffered(scene: Scene) -> None:
    person = Person()
    alice = scene.console.attach(person, "alice", "", "write")
    scene.console.type(alice, 1, bytes(INPUT_CREDIT))
    scene.console.type(alice, 2, b"x")
    assert person.unknowns == [(2, 1, "more characters than the credit allows")]
    assert len(scene.wire.sent) == 1


def test_a_gap_is_marked_from_the_last_datagram_to_the_next_activation(scene: Scene) -> None:
    scene.console.activated()
    scene.clock.now += 100
    scene.console.connection_lost("BMC does not answer", 7.0, orphaned=True)
    scene.console.state_changed("down", "BMC does not answer")
    scene.clock.now += 60
    scene.console.activated()
    assert [text for _, text in scene.log.events] == [
        "Console up",
        "Console down: BMC does not answer",
        "GAP 2023-11-14T22:14:53Z..2023-11-14T22:16:00Z: BMC does not answer",
        "Console up",
    ]


def test_no_gap_is_marked_at_the_first_activation(scene: Scene) -> None:
    scene.console.state_changed("connecting", "connecting")
    scene.console.activated()
    assert [kind for kind, _ in scene.log.events] == ["up"]


def test_a_killed_run_leaves_a_gap_from_its_last_sign_of_life(scene: Scene) -> None:
    scene.log.received, scene.log.last_mark = 100, scene.clock.now - 3600
    scene.console.activating(7)
    scene.console.resume(scene.clock.now - 2, "solmux was not running")
    scene.console.activated()
    assert scene.log.events[0] == (
        "gap",
        "GAP 2023-11-14T22:13:18Z..2023-11-14T22:13:20Z: solmux was not running",
    )


def test_a_run_that_ended_in_order_leaves_a_gap_from_its_last_event(scene: Scene) -> None:
    scene.log.received, scene.log.last_mark = 100, scene.clock.now - 10
    scene.console.resume(scene.clock.now - 9, "solmux was not running")
    scene.console.activated()
    assert scene.log.events[0][1] == "GAP 2023-11-14T22:13:10Z..2023-11-14T22:13:20Z: solmux was not running"


def test_a_console_that_never_logged_has_no_gap_at_its_first_start(scene: Scene) -> None:
    scene.console.resume(scene.clock.now - 2, "solmux was not running")
    scene.console.activated()
    assert [kind for kind, _ in scene.log.events] == ["up"]


def test_the_same_reason_for_being_down_is_logged_once(scene: Scene) -> None:
    for _ in range(5):
        scene.console.state_changed("down", "BMC does not answer")
    assert [text for _, text in scene.log.events] == ["Console down: BMC does not answer"]


def test_the_session_is_recorded_before_activation_and_forgotten_when_it_ends_in_order(scene: Scene) -> None:
    scene.console.activating(0x02000105)
    assert scene.console.recorded_session_id == 0x02000105
    scene.console.connection_lost("BMC does not answer", 0.0, orphaned=True)
    assert scene.console.recorded_session_id == 0x02000105  # the BMC may still hold SOL for it
    scene.console.connection_lost("solmux stops", 0.0, orphaned=False)
    assert scene.console.recorded_session_id == 0


def test_a_screen_is_asked_for_before_the_ring_forgets_and_only_where_the_cursor_is_addressed(
    scene: Scene,
) -> None:
    scene.console.output(b"plain text\r\n" * (2 * SCREEN_DUE // 12))
    assert [kind for kind, _ in scene.notices] == []
    scene.console.output(b"\x1b[12;40H12:00:01")
    assert [kind for kind, _ in scene.notices] == ["screen-due"]
    scene.console.screen_saved(scene.log.received)
    scene.console.output(b"\x1b[12;40H12:00:02" * (SCREEN_DUE // 16 - 1))
    assert [kind for kind, _ in scene.notices] == ["screen-due"]
    scene.console.output(b"\x1b[12;40H12:00:03" * 8)
    assert [kind for kind, _ in scene.notices] == ["screen-due", "screen-due"]


def test_break_is_answered_and_logged_with_the_person(scene: Scene) -> None:
    person = Person()
    alice = scene.console.attach(person, "alice", "10.0.0.7", "write")
    scene.console.send_break(alice, 9)
    scene.console.input_accepted(scene.wire.sent[0][1], 1)
    assert person.acked_ids == [9]
    assert ("break", "alice@10.0.0.7 sent BREAK") in scene.log.events
