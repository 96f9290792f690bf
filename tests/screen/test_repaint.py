"""A repaint, fed to a terminal, makes it the screen it was drawn from."""

import re
from dataclasses import dataclass

import pyte
import pytest
from hypothesis import given

from solmux.screen.cells import Cell
from solmux.screen.emulator import Emulator, Position
from solmux.screen.rows import Row
from tests.screen.corpus import recording, recording_names
from tests.screen.test_emulator import ANY_OUTPUT

CARRIES = re.compile(r"[^\x00-\x1f\x7f-\x9f]|\x1b\[\??[0-9;]*[HJChlmrgW]|\x1b[()][0B]|\x1b[=>78H]|[\x0e\x0f]")


@dataclass(frozen=True)
class State:
    """What a viewer can tell of a terminal, at once or by what it does next."""

    cells: list[Row]
    main: list[Row] | None
    cursor: Position
    margins: tuple[int, int]
    modes: set[int]
    tabs: set[int]
    style: Cell
    line_drawing: tuple[bool, bool]
    charset: int


def state_of(emulator: Emulator) -> State:
    screen = emulator._screen
    return State(
        screen.buffer,
        screen.main,
        emulator.cursor,
        emulator.margins,
        screen.mode,
        screen.tabstops,
        screen.brush.style,
        screen.line_drawing,
        screen.charset,
    )


def repainted(emulator: Emulator, before: bytes = b"") -> Emulator:
    viewer = Emulator(emulator.columns, emulator.rows, "utf-8")
    viewer.feed(before)
    viewer.feed(emulator.repaint())
    assert viewer.in_ground
    assert viewer.replies() == b""
    return viewer


@pytest.mark.parametrize("name", recording_names())
def test_every_checkpoint_repaints_to_itself_and_goes_on_alike(name: str) -> None:
    recorded = recording(name)
    emulator = Emulator(recorded.columns, recorded.rows)
    position = 0
    for shown in recorded.screens:
        emulator.feed(recorded.data[position : shown.offset])
        position = shown.offset
        viewer = repainted(emulator)
        assert state_of(viewer) == state_of(emulator), shown.offset
        following = Emulator.restore(emulator.checkpoint())
        more = recorded.data[position : position + 1000]
        following.feed(more)
        viewer.feed(more)
        if all(byte < 0x80 for byte in more):  # the viewer's terminal knows UTF-8 only
            assert viewer.text() == following.text(), shown.offset


@pytest.mark.parametrize("name", recording_names())
def test_stock_pyte_draws_the_same_cells(name: str) -> None:
    recorded = recording(name)
    emulator = Emulator(recorded.columns, recorded.rows)
    position = 0
    for shown in recorded.screens[::3]:
        emulator.feed(recorded.data[position : shown.offset])
        position = shown.offset
        viewer = pyte.Screen(recorded.columns, recorded.rows)
        pyte.ByteStream(viewer).feed(emulator.repaint())
        for y, row in enumerate(emulator.cells):
            if any(len(cell.data) > 1 for cell in row):
                continue  # of combining characters stock pyte keeps some only, and composes them
            drawn = [viewer.buffer[y][x] for x in range(recorded.columns)]
            drawn = [
                char._replace(bg=char.bg.replace("bfight", "bright")) for char in drawn
            ]  # pyte's misspelling
            assert [tuple(char) for char in drawn] == [cell[:9] for cell in row]
        column = emulator.cursor.column + emulator.cursor.wrap_pending
        assert (viewer.cursor.x, viewer.cursor.y) == (column, emulator.cursor.row)
        assert viewer.cursor.hidden is not emulator.cursor.visible


@given(ANY_OUTPUT, ANY_OUTPUT)
def test_any_screen_repaints_to_itself_whatever_the_terminal_was_left_in(data: bytes, before: bytes) -> None:
    emulator = Emulator(20, 5)
    emulator.feed(data)
    viewer = Emulator(20, 5, "utf-8")
    viewer.feed(before)
    viewer.abandon()
    viewer.replies()
    viewer.feed(emulator.repaint())
    assert state_of(viewer) == state_of(emulator)
    assert viewer.replies() == b""


@given(ANY_OUTPUT)
def test_a_repaint_holds_movements_styles_and_modes_only(data: bytes) -> None:
    emulator = Emulator(20, 5)
    emulator.feed(data)
    assert CARRIES.sub("", emulator.repaint().decode()) == ""
    assert CARRIES.sub("", emulator.resume().decode()) == ""


@given(ANY_OUTPUT)
def test_resuming_undoes_a_line_written_over_the_screen(data: bytes) -> None:
    emulator = Emulator(20, 5)
    emulator.feed(data)
    viewer = repainted(emulator)
    viewer.feed(b"\x1b[r\x1b[?6l\x1b[m\x1b(B\x0f\x1b[?7l\x1b[5;1H\x1b[7m[notice]\x1b[m" + emulator.resume())
    after, wanted = state_of(viewer), state_of(emulator)
    assert after.cells[:4] == wanted.cells[:4]
    assert (after.cursor, after.margins, after.modes) == (wanted.cursor, wanted.margins, wanted.modes)
    assert (after.style, after.line_drawing, after.charset) == (
        wanted.style,
        wanted.line_drawing,
        wanted.charset,
    )


def test_what_the_program_saved_comes_back() -> None:
    emulator = Emulator(20, 5)
    emulator.feed(b"\x1b[3;4H\x1b[31m\x1b7\x1b[m\x1b[?1049h\x1b[2;2H\x1b[1m\x1b7\x1b[5;5H")
    viewer = repainted(emulator)
    for end in (b"\x1b8x", b"\x1b[?1049ly"):
        emulator.feed(end)
        viewer.feed(end)
        assert state_of(viewer) == state_of(emulator)


def test_a_smaller_terminal_gets_the_rows_down_to_the_cursor() -> None:
    emulator = Emulator(100, 31)
    emulator.feed(b"".join(b"\x1b[%d;1Hrow %d" % (y, y) + b"." * 92 for y in range(1, 32)))
    viewer = Emulator(80, 24)
    viewer.feed(emulator.repaint(80, 24))
    assert [row[:6].rstrip(".") for row in viewer.text()] == [f"row {y}" for y in range(8, 32)]
    assert all(len(row) == 80 for row in viewer.text())
    assert (viewer.cursor.column, viewer.cursor.row) == (79, 23)
    emulator.feed(b"\x1b[3;2H")
    viewer.feed(emulator.repaint(80, 24))
    assert viewer.text()[0] == emulator.text()[0][:80]
    assert (viewer.cursor.column, viewer.cursor.row) == (1, 2)


def test_a_terminal_too_narrow_gets_no_half_of_a_wide_character_in_the_next_row() -> None:
    emulator = Emulator(20, 3)
    emulator.feed("0123456789中\x1b[3;1Hend".encode())
    viewer = Emulator(11, 3)
    viewer.feed(emulator.repaint(11, 3))
    assert viewer.text() == ["0123456789", "", "end"]


def test_a_larger_terminal_is_cleared_and_drawn_at_the_top_left() -> None:
    emulator = Emulator(20, 3)
    emulator.feed(b"small")
    viewer = Emulator(80, 24)
    viewer.feed(b"x" * 1900 + emulator.repaint(80, 24))
    assert viewer.text() == ["small"] + [""] * 23


def test_a_repaint_of_an_ordinary_screen_is_small() -> None:
    recorded = recording("panic-init-exit")
    emulator = Emulator()
    emulator.feed(recorded.data)
    assert len(emulator.repaint()) < 2500
