"""A screen fed in slices: bounded, and honest about what it has not seen."""

import pytest

from solmux.screen.emulator import Emulator
from solmux.screen.lazy import LazyScreen
from tests.screen.corpus import pieces, stream


def digest_all(screen: LazyScreen, budget: int = 4096) -> int:
    turns = 1
    while screen.digest(budget):
        turns += 1
    return turns


def marked(screen: LazyScreen) -> bool:
    return screen.reconstructed


def test_a_burst_is_digested_in_slices() -> None:
    data = stream("systemd-boot-login")
    screen, whole = LazyScreen(Emulator(), 1000), Emulator()
    whole.feed(data)
    for start in range(0, len(data), 170):
        screen.offer(1000 + start, data[start : start + 170])
    assert (screen.behind, screen.offset, screen.end) == (len(data), 1000, 1000 + len(data))
    assert screen.digest()
    assert (screen.behind, screen.offset) == (len(data) - 4096, 1000 + 4096)
    assert digest_all(screen) == len(data) // 4096
    assert screen.emulator.checkpoint() == whole.checkpoint()
    assert (screen.behind, screen.offset, screen.reconstructed) == (0, 1000 + len(data), False)


def test_a_large_chunk_is_cut_too() -> None:
    screen = LazyScreen(Emulator(), 0)
    screen.offer(0, b"x" * 10_000)
    assert digest_all(screen) == 3


def test_output_offered_twice_is_shown_once() -> None:
    screen = LazyScreen(Emulator(), 0)
    screen.offer(0, b"one ")
    screen.offer(2, b"e two")
    screen.offer(0, b"one")
    digest_all(screen)
    screen.offer(4, b"two three")
    digest_all(screen)
    assert screen.emulator.text()[0] == "one two three"
    assert not marked(screen)


def test_a_gap_ends_the_sequence_before_it_and_marks_the_screen() -> None:
    screen = LazyScreen(Emulator(), 0)
    screen.offer(0, b"abc\x1b[3")
    screen.offer(100, b"5;1Hdef")
    assert marked(screen)
    digest_all(screen)
    assert screen.emulator.text()[0] == "abc5;1Hdef"
    assert (screen.offset, screen.reconstructed) == (107, True)


def test_skipping_marks_the_screen_until_it_is_drawn_anew() -> None:
    screen = LazyScreen(Emulator(), 0)
    screen.offer(0, b"abc\x1b[2J\x1b[H")
    screen.skip(500)
    assert marked(screen)
    digest_all(screen)
    assert (screen.offset, screen.end, screen.reconstructed) == (500, 500, True)
    screen.skip(400)
    assert screen.end == 500
    screen.offer(500, b"def\x1b[2")
    digest_all(screen)
    assert marked(screen)
    screen.offer(506, b"J\x1b[01;01Hghi")
    digest_all(screen)
    assert not marked(screen)
    assert screen.emulator.text()[0] == "ghi"


def test_a_clear_before_a_gap_heals_nothing() -> None:
    screen = LazyScreen(Emulator(), 0)
    screen.offer(0, b"\x1bc")
    screen.offer(10, b"text")
    digest_all(screen)
    assert marked(screen)


def test_a_screen_begun_in_the_middle_is_marked_until_it_is_drawn_anew() -> None:
    screen = LazyScreen(Emulator(), 77, reconstructed=True)
    screen.offer(77, b"clock")
    digest_all(screen)
    assert marked(screen)
    screen.offer(82, b"\x1bc")
    digest_all(screen)
    assert not marked(screen)


def test_more_than_can_be_kept_goes_on_from_the_last_keyframe() -> None:
    screen = LazyScreen(Emulator(), 0, limit=10_000)
    old = b"\x1b[?7l\x1b[31mold\r\n" * 1000
    screen.offer(0, old[:9_000])
    screen.offer(9_000, old[9_000:] + b"\x1b[2J\x1b[H" + b"new" * 100)
    assert screen.behind == 307
    assert marked(screen)
    digest_all(screen)
    assert not marked(screen)
    assert screen.offset == len(old) + 307
    assert screen.emulator.text() == [("new" * 27)[:79] + "w"] + [""] * 23
    assert not screen.emulator.autowrap


def test_more_than_can_be_kept_without_a_keyframe_goes_on_from_the_newer_half() -> None:
    screen = LazyScreen(Emulator(), 0, limit=10_000)
    text = b"".join(b"line %d\r\n" % number for number in range(5000))
    for start in range(0, len(text), 100):
        screen.offer(start, text[start : start + 100])
        assert screen.behind <= 10_000
    digest_all(screen)
    assert screen.emulator.text()[22] == "line 4999"
    assert (screen.offset, screen.reconstructed) == (len(text), True)


def test_a_gap_pending_when_too_much_comes_is_not_drawn_over() -> None:
    screen = LazyScreen(Emulator(), 0, limit=1_000)
    screen.offer(0, b"\x1b[?25l" + b"x" * 500)
    screen.offer(5_000, b"y" * 700 + b"\r\nend")
    assert screen.behind == 500
    digest_all(screen)
    assert screen.emulator.text()[7] == "end"
    assert not screen.emulator.cursor.visible


@pytest.mark.parametrize("budget", [1, 7, 100_000])
def test_the_budget_changes_nothing_but_the_turns(budget: int) -> None:
    data = stream("dialog-vt220")[:5000]
    screen, whole = LazyScreen(Emulator(), 0), Emulator()
    whole.feed(data)
    for start, piece in zip(range(0, len(data), 333), pieces(data, 333), strict=True):
        screen.offer(start, piece)
    digest_all(screen, budget)
    assert screen.emulator.checkpoint() == whole.checkpoint()
