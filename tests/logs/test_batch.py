"""What the writer does next: bytes and events in order, up to the beginning of a new segment."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from solmux.logs import ttyrec
from solmux.logs.batch import BATCH_LIMIT, Piece, Place, Reason, gather
from solmux.logs.console_log import ConsoleEvent, ConsoleLog
from solmux.logs.ring import Checkpoint, RingFile
from solmux.logs.spool import Spool
from solmux.logs.stamps import end_of_month
from tests.logs.helpers import START, Clock

MICROS = round(START * 1e6)
MakeConsole = Callable[..., ConsoleLog]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_console(tmp_path: Path, clock: Clock) -> Iterator[MakeConsole]:
    file = RingFile(tmp_path / "ring", epoch=1, boot_id="boot")
    called: list[ConsoleLog] = []

    def make(start: int = 0, spool_size: int = 1 << 20) -> ConsoleLog:
        ring = file.create("a", start, Checkpoint.fresh(start))
        return ConsoleLog(ring, Spool(spool_size), called.append, clock.wall)

    yield make
    file.close()


def place(position: int = 0, *, stamp: int = MICROS, raw_size: int = 0, rotate_size: int = 1 << 24) -> Place:
    return Place(
        position,
        position,
        rotate_size,
        MICROS // 10**6 * 10**6,
        end_of_month(MICROS),
        stamp,
        raw_size=raw_size,
    )


def data_of(parts: list[Piece | ConsoleEvent]) -> list[bytes | str]:
    return [part.data if isinstance(part, Piece) else part.kind for part in parts]


def test_nothing_waits_nothing_comes(make_console: MakeConsole) -> None:
    batch = gather(make_console(), place())
    assert (batch.parts, batch.raw, batch.turn, batch.position) == ([], b"", None, 0)


def test_bytes_and_events_come_in_order_and_stay_until_released(make_console: MakeConsole) -> None:
    console = make_console()
    console.event("up")
    console.append(b"one")
    console.event("break")
    console.event("note")
    console.append(b"two")
    first, second = gather(console, place()), gather(console, place())
    assert first == second
    assert data_of(first.parts) == ["up", b"one", "break", "note", b"two"]
    assert (first.events, first.position) == (3, 6)
    records = list(ttyrec.records(lambda at, length: first.raw[at : at + length]))
    assert [record.data for record in records] == [b"one", b"two"]


def test_a_long_backlog_comes_in_turns(make_console: MakeConsole) -> None:
    console = make_console()
    console.append(b"x" * (BATCH_LIMIT + 100_000))
    batch = gather(console, place())
    assert BATCH_LIMIT <= len(batch.raw) < BATCH_LIMIT + 70_000
    assert gather(console, place(batch.position)).position == console.received


def test_a_lost_stretch_ends_the_batch_and_says_how_much(make_console: MakeConsole, clock: Clock) -> None:
    console = make_console(spool_size=30_000)
    console.append(b"x" * 10)
    clock.advance(60)
    console.append(b"y" * 200_000)
    batch = gather(console, place())
    assert batch.turn is not None
    assert batch.turn.reason is Reason.GAP
    notice = batch.turn.notice
    assert notice is not None
    assert notice.offset == batch.position
    assert notice.fields["bytes"] == batch.turn.start - batch.position > 0
    assert notice.fields["end"] == pytest.approx(START + 60)
    after = gather(console, place(batch.turn.start))
    assert after.turn is None
    assert after.position == console.received


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [(-3600, Reason.CLOCK), (-0.5, None), (3600, None), (86400 * 20, Reason.MONTH)],
)
def test_a_turn_comes_before_what_is_of_another_time(
    make_console: MakeConsole, clock: Clock, seconds: float, reason: Reason | None
) -> None:
    console = make_console()
    console.append(b"before")
    clock.advance(seconds)
    console.append(b"after")
    batch = gather(console, place())
    if reason is None:
        assert data_of(batch.parts) == [b"before", b"after"]
        assert batch.stamp == pytest.approx(MICROS + max(0, seconds) * 1e6, abs=2)
    else:
        assert data_of(batch.parts) == [b"before"]
        assert batch.turn is not None
        assert (batch.turn.reason, batch.turn.start) == (reason, 6)
        assert batch.turn.micros == pytest.approx(MICROS + seconds * 1e6, abs=2)


@pytest.mark.parametrize(
    ("data", "first"),
    [
        (b"a" * 60 + b"\n" + b"b" * 60 + b"\n" + b"c" * 60, b"a" * 60 + b"\n" + b"b" * 60 + b"\n"),
        (b"a" * 60 + b"\n" + b"b" * 30, b"a" * 60 + b"\n" + b"b" * 30),  # the line may still end
        (b"a" * 60 + b"\n" + b"b" * 200, b"a" * 60 + b"\n"),
        (b"\x1b[H" + b"a" * 150 + b"\x1b[1;2H", b"\x1b[H" + b"a" * 150),
        (b"\x1b[H" + b"a" * 200, b"\x1b[H" + b"a" * 200),
        (b"a" * 87 + b"\n", b"a" * 87 + b"\n"),
    ],
    ids=[
        "behind the line",
        "wait for the line",
        "behind the last line",
        "before an escape",
        "anywhere",
        "exact",
    ],
)
def test_a_full_segment_ends_where_a_reader_can_begin(
    make_console: MakeConsole, data: bytes, first: bytes
) -> None:
    console = make_console()
    console.append(data)
    batch = gather(console, place(rotate_size=100))
    assert data_of(batch.parts) == [first]
    if first == data and len(data) == 91:
        assert batch.turn is None
    else:
        assert batch.turn is not None
        assert (batch.turn.reason, batch.turn.start) == (Reason.SIZE, len(first))


def test_a_full_text_closes_the_segment_too(make_console: MakeConsole) -> None:
    console = make_console()
    console.append(b"one\ntwo\n")
    where = place(rotate_size=100)
    where.text_size = 100
    batch = gather(console, where)
    assert data_of(batch.parts) == [b"one\n"]
    assert batch.turn is not None


def test_a_pause_of_logging_is_left_out(make_console: MakeConsole) -> None:
    console = make_console()
    console.append(b"one")
    console.set_log(False)
    console.append(b"secret")
    assert data_of(gather(console, place()).parts) == [b"one"]
    console.set_log(True)
    console.append(b"two")
    batch = gather(console, place())
    assert data_of(batch.parts) == [b"one"]
    assert batch.turn is not None
    assert (batch.turn.reason, batch.turn.start, batch.turn.notice) == (Reason.RESUMED, 9, None)
    assert data_of(gather(console, place(9)).parts) == [b"two"]
