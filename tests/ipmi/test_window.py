"""Which session numbers are admitted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.ipmi.counters import DropReason
from solmux.ipmi.window import ReceiveWindow

LAST = 0xFFFFFFFF


def admitted(window: ReceiveWindow, *sequences: int) -> list[DropReason | None]:
    return [window.admit(sequence) for sequence in sequences]


def test_each_number_is_admitted_once() -> None:
    window = ReceiveWindow()
    assert admitted(window, 1, 2, 3) == [None] * 3
    assert admitted(window, 1, 2, 3) == [DropReason.DUPLICATE] * 3
    assert window.highest == 3


def test_zero_is_never_admitted() -> None:
    window = ReceiveWindow()
    assert window.admit(0) is DropReason.ZERO_SEQUENCE
    assert admitted(window, 1, 0) == [None, DropReason.ZERO_SEQUENCE]


def test_reordered_numbers_are_admitted_within_64() -> None:
    window = ReceiveWindow()
    assert admitted(window, 100, 37, 99, 38) == [None] * 4
    assert admitted(window, 36, 37) == [DropReason.OUT_OF_WINDOW, DropReason.DUPLICATE]


@pytest.mark.parametrize("jump", [1, 15, 16, 63, 64, 65, 1000, 2**31 - 1])
def test_any_jump_ahead_is_admitted_and_forgets_no_duplicate(jump: int) -> None:
    """A BMC that went on sending into a dead link comes back far ahead."""
    window = ReceiveWindow()
    assert admitted(window, 5, 5 + jump) == [None, None]
    assert admitted(window, 5 + jump, 5) == [
        DropReason.DUPLICATE,
        DropReason.DUPLICATE if jump < 64 else DropReason.OUT_OF_WINDOW,
    ]


@pytest.mark.parametrize("first", [1, 3, 64, 2**31, 2**31 + 5, LAST])
def test_any_first_number_is_admitted(first: int) -> None:
    window = ReceiveWindow()
    assert admitted(window, first, first) == [None, DropReason.DUPLICATE]


def test_numbers_wrap_from_the_last_to_1() -> None:
    window = ReceiveWindow()
    assert admitted(window, LAST - 1, LAST, 1, 2) == [None] * 4
    assert admitted(window, LAST, 2, 0) == [
        DropReason.DUPLICATE,
        DropReason.DUPLICATE,
        DropReason.ZERO_SEQUENCE,
    ]


def test_a_bmc_has_the_window_of_the_specification() -> None:
    window = ReceiveWindow(behind=16, ahead=15)
    assert window.admit(16) is DropReason.OUT_OF_WINDOW  # nothing came yet: 1 is next
    assert admitted(window, 15, 30, 46) == [None, None, DropReason.OUT_OF_WINDOW]
    assert admitted(window, 14, 13, 30) == [None, DropReason.OUT_OF_WINDOW, DropReason.DUPLICATE]


def test_a_bmc_that_does_not_look_for_duplicates() -> None:
    window = ReceiveWindow(reject_duplicates=False)
    assert admitted(window, 1, 1, 2, 1) == [None] * 4


@given(st.lists(st.integers(0, 300), max_size=60), st.integers(0, LAST))
def test_no_number_is_admitted_twice_and_refusals_change_nothing(steps: list[int], start: int) -> None:
    window = ReceiveWindow()
    seen: set[int] = set()
    for step in steps:
        sequence = (start + step) % 2**32
        before = window.highest, window._seen
        refused = window.admit(sequence)
        if refused is None:
            assert sequence not in seen
            seen.add(sequence)
        else:
            assert (window.highest, window._seen) == before
            assert refused is not DropReason.DUPLICATE or sequence in seen
