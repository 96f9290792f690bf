"""A screen saved and restored goes on as if nothing had been."""

import json
import random
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.screen.checkpoint import MARK, CheckpointError
from solmux.screen.emulator import Emulator
from tests.screen.corpus import pieces, recording, recording_names, stream
from tests.screen.test_emulator import ANY_OUTPUT, CHARSETS, check_invariants

FRAME = (
    b"\x1b[2J\x1b[01;01H\x1b[0m\x1b[37m\x1b[44m\xda" + b"\xc4" * 78 + b"\xbf"
    b"\x1b[02;01H\xb3\x1b[02;33HDevice Manager\x1b[02;80H\xb3\x1b[03;01H\xc0" + b"\xc4" * 78 + b"\xd9"
    b"\x1b[24;01H\x1b[33mF10=Save\x1b[24;70H"
)


def clock(second: int) -> bytes:
    return b"\x1b[24;70H%02d:%02d:%02d" % (second // 3600, second // 60 % 60, second % 60)


def test_a_menu_that_only_its_clock_changes_for_hours_is_whole_after_a_restore() -> None:
    before = Emulator()
    before.feed(FRAME + clock(0))
    saved = before.checkpoint()
    updates = b"".join(clock(second) for second in range(1, 6001))
    assert len(updates) > 65536  # the ring of a console has forgotten the frame
    after = Emulator.restore(saved)
    for piece in pieces(updates, 4096):
        after.feed(piece)
    assert after.text()[0] == "┌" + "─" * 78 + "┐"
    assert after.text()[1].split() == ["│", "Device", "Manager", "│"]
    assert after.text()[23] == "F10=Save".ljust(69) + "01:40:00"
    assert {cell.bg for cell in after.cells[0]} == {"blue"}


@pytest.mark.parametrize("name", recording_names())
def test_the_rest_of_a_stream_after_a_restore_gives_what_the_whole_gives(name: str) -> None:
    recorded = recording(name)
    data = recorded.data[:50_000]
    somewhere = random.Random(name)
    offsets = {shown.offset for shown in recorded.screens if shown.offset < len(data)}
    offsets |= {somewhere.randrange(len(data)) for _ in range(5)}
    running, restored = (Emulator(recorded.columns, recorded.rows) for _ in range(2))
    position = 0
    for offset in sorted(offsets):
        running.feed(data[position:offset])
        restored.feed(data[position:offset])
        position = offset
        restored = Emulator.restore(restored.checkpoint())
    assert restored.cells == running.cells
    assert restored.checkpoint() == running.checkpoint()


@given(ANY_OUTPUT, ANY_OUTPUT, CHARSETS)
def test_any_bytes_before_and_after_a_restore(before: bytes, after: bytes, charset: str) -> None:
    whole = Emulator(20, 5, charset)
    whole.feed(before)
    restored = Emulator.restore(whole.checkpoint())
    assert restored.checkpoint() == whole.checkpoint()
    assert restored.in_ground == whole.in_ground
    whole.replies()
    for emulator in (whole, restored):
        emulator.feed(after)
    assert restored.checkpoint() == whole.checkpoint()
    assert restored.replies() == whole.replies()


def test_a_checkpoint_of_a_full_screen_is_some_kilobytes() -> None:
    emulator = Emulator()
    emulator.feed(stream("htop-linux")[:18_000])
    assert len(emulator.checkpoint()) < 4096


def test_ground_is_left_inside_sequences_and_characters() -> None:
    emulator = Emulator()
    for data, ground in (
        (b"abc", True),
        (b"\x1b", False),
        (b"[", False),
        (b"1m", True),
        (b"\xe2\x94", False),
    ):
        emulator.feed(data)
        assert emulator.in_ground is ground
    emulator.abandon()
    assert emulator.in_ground


def test_abandoning_a_sequence_shows_what_comes_as_text() -> None:
    emulator = Emulator()
    for begun in (b"\x1b[3", b"\x1b]0;title", b"\xe2\x94", b"\x1b("):
        emulator.feed(b"\x1b[2J\x1b[H" + begun)
        emulator.abandon()
        emulator.feed(b"1mtext")
        assert emulator.text()[0] == "1mtext"


def state_of(checkpoint: bytes) -> dict[str, Any]:
    state = json.loads(zlib.decompress(checkpoint[len(MARK) :]))
    assert isinstance(state, dict)
    return state


def checkpoint_of(state: object) -> bytes:
    return MARK + zlib.compress(json.dumps(state).encode())


def interesting() -> Emulator:
    emulator = Emulator(20, 5)
    emulator.feed("\x1b[1;31ma中\u0301\x1b7\x1b[2;4r\x1b[?1049hx\x1b7\x1b[?25l\x1b(0q\x1b[3".encode())
    return emulator


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\x00" * 100,
        b"solmux screen 2\n" + interesting().checkpoint()[len(MARK) :],
        MARK,
        MARK + b"garbage",
        interesting().checkpoint()[:-5],
        interesting().checkpoint() + b"x",
        MARK + zlib.compress(b"not json"),
        MARK + zlib.compress(b"\xff"),
        MARK + zlib.compress(b"[" * 100_000),
        checkpoint_of([]),
        checkpoint_of(None),
        checkpoint_of({}),
    ],
)
def test_garbage_is_refused_by_one_clear_error(blob: bytes) -> None:
    with pytest.raises(CheckpointError, match=r"checkpoint of a screen: .+"):
        Emulator.restore(blob)


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(CheckpointError, match="its end is missing"):
        Emulator.restore(MARK + zlib.compress(b" " * (64 << 20)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 1 << 40) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@given(st.data())
def test_a_checkpoint_changed_anywhere_is_refused_or_harmless(data: st.DataObject) -> None:
    state = state_of(interesting().checkpoint())
    place: Any = state
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[key] = data.draw(
        JSON | st.sampled_from(["\x1b[6n", "\x00", "\u202e", "x" * 30, [], [[0, ""]], [[0, "abc"]]])
    )
    try:
        emulator = Emulator.restore(checkpoint_of(state))
    except CheckpointError:
        return
    check_harmless(emulator)


def check_harmless(emulator: Emulator) -> None:
    emulator.feed("x中\r\n\x1b8\x1b[?1049l\x1b8\x1b[L\x1b[2@\x1b[J".encode())
    emulator.resize(7, 3)
    emulator.feed(b"\x1b[?6h\n\n\n\t\t\x1bM")
    assert emulator.text()
    again = Emulator(7, 3)
    again.feed(emulator.repaint())
    assert again.replies() == b""
    check_invariants(again)
