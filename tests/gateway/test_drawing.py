"""Where a screen begins, and what is drawn on the way to now."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest

from solmux.gateway import drawing as drawing_module
from solmux.gateway.drawing import Drawing
from solmux.screen.emulator import Emulator
from tests.gateway.waiting import eventually

MENU = (
    b"\x1b[0m\x1b[2J\x1b[H\x1b[1;44m Setup Utility "
    + b"".join(b"\x1b[%d;3HOption %02d ........ [Enabled]" % (row, row) for row in range(3, 22))
    + b"\x1b[24;2HF10 Save\x1b[0m"
)


def clock(second: int) -> bytes:
    return b"\x1b[2;60H%02d:%02d:%02d" % (second // 3600, second // 60 % 60, second % 60)


class Record:
    """A console's whole output, and what of it is recorded and saved."""

    def __init__(self, output: bytes = b"", *, first: int = 0, saved: int | None = None) -> None:
        self.output = output
        self.first = first
        self.saved: tuple[int, bytes] | None = None
        self.asked: list[tuple[int, int]] = []
        if saved is not None:
            self.saved = (saved, screen_of(output[:saved]).checkpoint())

    def blank(self) -> Emulator:
        return Emulator()

    def load(self) -> tuple[int, Emulator] | None:
        assert threading.current_thread() is not threading.main_thread()
        return (self.saved[0], Emulator.restore(self.saved[1])) if self.saved else None

    def save(self, offset: int, emulator: Emulator) -> bool:
        assert threading.current_thread() is not threading.main_thread()
        self.saved = (offset, emulator.checkpoint())
        return True

    def raw(self, start: int, end: int) -> tuple[int, bytes]:
        assert threading.current_thread() is not threading.main_thread()
        self.asked.append((start, end))
        start = max(start, self.first)
        return start, self.output[start:end]


def screen_of(output: bytes) -> Emulator:
    emulator = Emulator()
    emulator.feed(output)
    return emulator


def run(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 20))


@asynccontextmanager
async def drawn(record: Record, answer: Callable[[bytes], None] = lambda _: None) -> AsyncIterator[Drawing]:
    drawing = Drawing(record, answer, eager=True)
    task = asyncio.create_task(drawing.run())
    try:
        yield drawing
    finally:
        task.cancel()
        await asyncio.wait((task,))
    if not task.cancelled():
        await task


async def until(drawing: Drawing, target: int) -> None:
    reached = asyncio.Event()
    drawing.when(target, reached.set)
    await reached.wait()


def attach_late(record: Record, first: int) -> tuple[list[str], bool]:
    """Return the screen that somebody sees when the ring begins at *first*, and whether it is exact."""
    result: list[tuple[list[str], bool]] = []

    async def scenario() -> None:
        async with drawn(record) as drawing:
            drawing.begin_live(len(record.output))
            drawing.add(first, record.output[first:])
            await until(drawing, len(record.output))
            result.append((drawing.emulator.text(), drawing.exact))

    run(scenario)
    return result[0]


def test_a_console_drawn_from_its_first_byte_is_exact() -> None:
    output = MENU + clock(1)
    text, exact = attach_late(Record(output), 0)
    assert text == screen_of(output).text()
    assert exact


def test_a_menu_with_a_clock_that_has_emptied_the_ring_is_drawn_from_the_saved_screen() -> None:
    output = MENU + b"".join(map(clock, range(6000)))
    record = Record(output, saved=len(output) - 30_000)
    text, exact = attach_late(record, len(output) - (64 << 10))
    assert text == screen_of(output).text()
    assert exact
    assert record.asked == []


def test_a_saved_screen_that_is_older_than_the_ring_is_brought_up_to_it_from_the_record() -> None:
    output = MENU + b"".join(map(clock, range(6000)))
    record = Record(output, saved=len(MENU) + 200)
    first = len(output) - (64 << 10)
    text, exact = attach_late(record, first)
    assert text == screen_of(output).text()
    assert exact
    assert record.asked == [(len(MENU) + 200, first)]


def test_without_a_saved_screen_the_record_is_searched_for_the_last_full_clear() -> None:
    output = b"boot " * 100_000 + MENU + b"".join(map(clock, range(6000)))
    text, exact = attach_late(Record(output), len(output) - (64 << 10))
    assert text == screen_of(output).text()
    assert exact


def test_a_full_clear_in_the_ring_needs_no_record() -> None:
    output = b"x" * 400_000 + b"\x1b[1;5r" + MENU + b"".join(map(clock, range(100)))
    record = Record(output)
    text, exact = attach_late(record, 390_000)
    assert text == screen_of(output).text()
    assert exact
    assert record.asked == []


def test_without_anything_to_begin_from_rows_may_be_wrong_until_the_next_full_clear() -> None:
    output = MENU + b"".join(map(clock, range(6000)))
    first = len(output) - (64 << 10)
    record = Record(output, first=len(output))
    text, exact = attach_late(record, first)
    assert not exact
    assert "01:39:59" in text[1]

    async def scenario() -> None:
        async with drawn(record) as drawing:
            drawing.begin_live(len(output))
            drawing.add(first, output[first:])
            await until(drawing, len(output))
            assert await drawing.save() is None
            drawing.add(len(output), MENU)
            await until(drawing, len(output) + len(MENU))
            assert drawing.exact
            assert drawing.emulator.text() == screen_of(MENU).text()

    run(scenario)


def test_plain_lines_push_off_the_screen_what_may_be_wrong() -> None:
    output = b"".join(b"[%6d.000000] usb 1-1: new device\r\n" % number for number in range(20_000))
    text, exact = attach_late(Record(output, first=len(output)), len(output) - (64 << 10))
    assert exact
    assert text == screen_of(output).text()


def test_a_screen_is_a_programs_while_the_cursor_was_addressed_of_late() -> None:
    async def scenario() -> None:
        async with drawn(Record()) as drawing:
            drawing.begin_live(0)
            at = 0
            for piece, by_program in (
                (b"plain\r\n" * 3, False),
                (MENU, True),
                (b"\x1b[0m\x1b[2J\x1b[H" + b"line\r\n" * 10, True),
                (b"line\r\n" * 20, False),
                (MENU + b"\x1b[2J" + b"line\r\n" * 100 + b"login: ", False),
                (b"\x1b[?1049h", True),
                (b"\x1b[?1049l", False),
            ):
                drawing.add(at, piece)
                at += len(piece)
                await until(drawing, at)
                assert drawing.by_program is by_program, piece

    run(scenario)


def test_part_of_the_record_is_better_than_none() -> None:
    output = b"x" * 300_000 + b"".join(b"line %d\r\n" % number for number in range(50_000))
    record = Record(output, first=250_000)
    text, exact = attach_late(record, len(output) - 100)
    assert text == screen_of(output).text()
    assert exact


def test_history_is_not_answered_and_news_are_answered_once() -> None:
    answers: list[bytes] = []

    async def scenario() -> None:
        async with drawn(Record(), answers.append) as drawing:
            history = b"\x1b[6n" * 3 + b"ab"
            news = b"\r\n\x1b[6n"
            drawing.begin_live(len(history))
            drawing.add(0, history + news)
            await until(drawing, len(history + news))
            assert answers == [b"\x1b[2;1R"]
            drawing.begin_live(len(history + news) + 4)  # the core was away: this is history by now
            drawing.add(len(history + news), b"\x1b[5n")
            await until(drawing, len(history + news) + 4)
            assert answers == [b"\x1b[2;1R"]

    run(scenario)


def test_output_that_was_left_out_is_taken_from_the_record() -> None:
    output = MENU + b"".join(map(clock, range(3000))) + b"\x1b[5;3HSEEN IN THE HOLE" + clock(3000)

    async def scenario() -> None:
        async with drawn(Record(output)) as drawing:
            drawing.begin_live(len(MENU))
            drawing.add(0, MENU)
            await until(drawing, len(MENU))
            drawing.add(len(output) - 16, output[-16:])
            await until(drawing, len(output))
            assert drawing.exact
            assert drawing.emulator.text() == screen_of(output).text()

    run(scenario)


def test_a_screen_is_saved_as_of_its_offset_and_in_the_midst_of_a_sequence_too() -> None:
    output = MENU + b"\x1b[2;6"
    record = Record(output)

    async def scenario() -> None:
        async with drawn(record) as drawing:
            drawing.begin_live(len(output))
            drawing.add(0, output)
            await until(drawing, len(output))
            assert await drawing.save() == len(output)

    run(scenario)
    assert record.saved is not None
    record.output += b"0H12:34:56"
    text, exact = attach_late(record, len(output))
    assert exact
    assert text == screen_of(record.output).text()


def test_a_core_that_counts_anew_begins_with_a_blank_screen() -> None:
    record = Record(MENU + clock(1), saved=len(MENU))

    async def scenario() -> None:
        async with drawn(record) as drawing:
            await until(drawing, len(MENU))
            assert drawing.emulator.text() == screen_of(MENU).text()
            drawing.begin_live(5)
            drawing.add(0, b"login")
            await until(drawing, 5)
            assert drawing.drawn == 5
            assert drawing.emulator.text()[0] == "login"
            assert drawing.exact

    run(scenario)


def test_a_saved_screen_beyond_the_live_end_is_not_believed() -> None:
    record = Record(MENU + clock(1), saved=len(MENU))

    async def scenario() -> None:
        async with drawn(record) as drawing:
            drawing.begin_live(5)
            drawing.add(0, b"login")
            await until(drawing, 5)
            assert drawing.emulator.text()[0] == "login"

    run(scenario)


def test_more_than_can_be_drawn_is_given_up_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing_module, "AHEAD_LIMIT", 100_000)
    line = b"the same line again and again\r\n"

    async def scenario() -> None:
        async with drawn(Record(first=1 << 40)) as drawing:
            drawing.begin_live(1 << 40)
            at = 0
            for _ in range(20):
                drawing.add(at, line * 1000)
                at += len(line) * 1000
            drawing.add(at, b"the last line")
            await until(drawing, at + 13)
            assert drawing.emulator.text()[-1] == "the last line"
            assert drawing.exact

    run(scenario)


def test_a_console_nobody_looks_at_is_drawn_with_rests() -> None:
    async def scenario() -> None:
        async with drawn(Record()) as drawing:
            drawing.eager = False
            drawing.begin_live(0)
            drawing.add(0, b"x" * 20_000)
            await eventually(lambda: drawing.drawn == 20_000)
            assert drawing.emulator.text()[0] == "x" * 80

    run(scenario)
