"""The order of numbers tried, and what an answer proves."""

from solmux.ipmi.sol_walk import FURTHEST, Walk


def steps(walk: Walk, count: int) -> list[int | None]:
    return [walk.step() for _ in range(count)]


def test_each_round_goes_one_step_further() -> None:
    assert steps(Walk(), 9) == [0, 1, 0, 1, 2, 0, 1, 2, 3]


def test_it_ends_before_the_circle_closes() -> None:
    walk = Walk()
    found = []
    while (step := walk.step()) is not None:
        found.append(step)
    assert max(found) == FURTHEST
    assert walk.step() is None


def test_the_answer_to_the_furthest_step_settles_it() -> None:
    walk = Walk()
    steps(walk, 2)
    assert walk.acknowledged(1) is True


def test_an_answer_to_an_earlier_step_came_late_and_only_shows_that_it_is_passed() -> None:
    walk = Walk()
    steps(walk, 5)  # 0 1 0 1 2
    passed_before = walk.passed
    assert walk.acknowledged(0) is False
    assert (passed_before, walk.passed) == (False, True)
    assert steps(walk, 5) == [1, 2, 1, 2, 3]
    assert walk.acknowledged(3) is True


def test_an_answer_to_the_step_just_repeated_may_be_that_to_its_first_copy() -> None:
    """The steps behind it may have been taken in between, and their answers may be on their way."""
    walk = Walk()
    assert steps(walk, 7) == [0, 1, 0, 1, 2, 0, 1]
    assert walk.acknowledged(1) is False
    assert steps(walk, 2) == [2, 3]
    assert walk.acknowledged(3) is True


def test_answers_to_numbers_never_sent_mean_nothing() -> None:
    walk = Walk()
    steps(walk, 2)
    assert walk.acknowledged(7) is False
    assert not walk.passed
