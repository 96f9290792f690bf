"""Exit codes over many consoles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.verbs.exits import ExitCode, NoSuchConsoleError, UsageError, exit_code_over


@pytest.mark.parametrize(
    ("codes", "over"),
    [
        ([], 0),
        ([0], 0),
        ([0, 0, 0], 0),
        ([0, 1], 1),
        ([5, 0, 4, 1], 5),
        ([4, 1, 0], 4),
        ([0, 124], 1),
        ([124, 5], 5),
        ([3, 0], 1),
        ([2, 2], 1),
        ([124], 124),
        ([3], 3),
        ([5], 5),
    ],
)
def test_several_ends_make_one(codes: list[int], over: int) -> None:
    assert exit_code_over(codes) == over


@given(st.lists(st.sampled_from(ExitCode), min_size=2))
def test_success_is_success_of_all_and_the_order_does_not_matter(codes: list[ExitCode]) -> None:
    over = exit_code_over(codes)
    assert (over == 0) == all(code == 0 for code in codes)
    assert over in (0, 1, 4, 5)
    assert over == exit_code_over(reversed(codes))


def test_no_exit_code_is_that_of_ssh_itself() -> None:
    assert 255 not in list(ExitCode)


def test_errors_know_their_exit_code() -> None:
    assert UsageError("x").exit_code == 2
    error = NoSuchConsoleError("no such console: x", "x", ("y",))
    assert (error.exit_code, error.word, error.suggestions, str(error)) == (
        3,
        "x",
        ("y",),
        "no such console: x",
    )
