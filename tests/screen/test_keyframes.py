"""Places to start from: nothing before them is needed for a right picture."""

import random
from time import process_time

import pytest

from solmux.screen.emulator import Emulator
from solmux.screen.keyframes import Keyframe, addresses_cursor, last_keyframe, mode_changes
from tests.screen.corpus import pieces, stream, stream_names


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", None),
        (b"login: \x1b[6n\x1b[J", None),
        (b"a\x1bcb", Keyframe(1, complete=True)),
        (b"a\x1bc\x1b[?7l\x1b[2J\x1b[H", Keyframe(1, complete=True)),
        (b"ab\x1b[2J\x1b[01;01Hc", Keyframe(2, complete=False)),
        (b"ab\x1b[2J\x1b[m\x1b[=3h\x1b[12;5Hc", Keyframe(2, complete=False)),
        (b"ab\x1b[H\x1b[Jc", Keyframe(2, complete=False)),
        (b"ab\x1b[01;01H\x1b[0mc\x1b[2J", None),
        (b"ab\x1b[;H\x1b[0m\x1b[2Jc", Keyframe(2, complete=False)),
        (b"ab\x1b[0m\x1b[44m\x1b[2J\x1b[Hc", Keyframe(2, complete=False)),
        (b"a\x1bc" + b"x" * 600 + b"\x1b[2J\x1b[H", Keyframe(603, complete=False)),
        (b"\x1b[2J\x1b[Ha\x1b[2J\x1b[Hb", Keyframe(8, complete=False)),
        (b"ab\x1b[2Jc", None),
        (b"ab\x1b[12;5H\x1b[Jc", None),
        (b"\x1b[?1049h\x1b[H\x1b[2Jvim", None),
        (b"\x1b[2J\x1b[H\x1b[?1049h\x1b[H\x1b[2Jvim", Keyframe(0, complete=False)),
        (b"\x1b[?1049h\x1b[H\x1b[2Jvim\x1b[?1049l\x1b[H\x1b[2J", Keyframe(18, complete=False)),
    ],
)
def test_last_keyframe(data: bytes, expected: Keyframe | None) -> None:
    assert last_keyframe(data) == expected


@pytest.mark.parametrize("name", stream_names())
def test_a_screen_fed_from_a_keyframe_is_the_screen_fed_with_everything(name: str) -> None:
    data = stream(name)[:50_000]
    somewhere = random.Random(name)
    whole = Emulator()
    position = 0
    for end in sorted(somewhere.randrange(len(data)) for _ in range(6)):
        whole.feed(data[position:end])
        position = end
        keyframe = last_keyframe(data[:end])
        if keyframe is None:
            continue
        late = Emulator()
        if not keyframe.complete:
            late.feed(mode_changes(data[: keyframe.start]))
        late.feed(data[keyframe.start : end])
        assert late.text() == whole.text()
        assert late.cursor == whole.cursor
        assert late.margins == whole.margins
        assert [[cell.bg for cell in row] for row in late.cells] == [
            [cell.bg for cell in row] for row in whole.cells
        ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ovmf-setup-menus", True),
        ("vim-vt220", True),
        ("htop-linux", True),
        ("panic-init-exit", False),
        ("soft-lockup-recovers", False),
    ],
)
def test_programs_that_address_the_cursor_are_told_from_those_that_print(name: str, expected: bool) -> None:
    chunks = [addresses_cursor(piece) for piece in pieces(stream(name), 4096)]
    assert sum(chunks) / len(chunks) > 0.8 if expected else not any(chunks)


def test_a_prompt_does_not_address_the_cursor() -> None:
    assert not addresses_cursor(b"\x1b[?2004h\x1b[01;32mroot@db\x1b[00m:\x1b[01;34m~\x1b[00m# \x1b[K\x1b[6n")
    assert addresses_cursor(b"\x1b[24;70H12:00:01")


def test_of_skipped_output_the_last_of_each_mode_is_kept() -> None:
    skipped = b"a\x1b[?25l\x1b[31mb\x1b[?7l\x1b[2;5r\x1b)0\x1b=\x0ec\x1b[?25h"
    skipped += b"\x1b[1mtext\x1b[4h\x1b>\x0f\x1b[2J\x1b]0;t\a"
    assert mode_changes(skipped) == b"\x1b[?7l\x1b[2;5r\x1b)0\x1b[?25h\x1b[1m\x1b[4h\x1b>\x0f"


@pytest.mark.parametrize(
    "data", [b"\x1b[m" * 100_000, b"\x1b[2J" * 80_000, b"\x1b[H" * 100_000, b"\x1b[2J\x1b[m" * 50_000]
)
def test_looking_for_keyframes_takes_linear_time(data: bytes) -> None:
    start = process_time()
    last_keyframe(data)
    mode_changes(data)
    addresses_cursor(data)
    assert process_time() - start < len(data) * 5e-6
