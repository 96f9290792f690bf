"""Moments as the files write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.logs import stamps

MOMENT = 1_795_194_340_123_456  # 2026-11-20T17:05:40.123456Z


def test_forms_of_one_moment() -> None:
    assert stamps.date(MOMENT) == "2026-11-20T17:05:40Z"
    assert stamps.date_with_millis(MOMENT) == "2026-11-20T17:05:40.123Z"
    assert stamps.compact(MOMENT) == "20261120T170540Z"
    assert stamps.micros_of_date("2026-11-20T17:05:40.123Z") == MOMENT - 456
    assert stamps.micros_of_compact("20261120T170540Z") == MOMENT - 123_456


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-20T17:05:40"])
def test_a_date_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        stamps.micros_of_date(text)


@pytest.mark.parametrize(("wall", "expected"), [(-1.0, 0), (1e18, stamps.micros_of(1e17)), (1.5, 1_500_000)])
def test_a_mad_clock_gives_a_moment_that_can_be_written(wall: float, expected: int) -> None:
    micros = stamps.micros_of(wall)
    assert micros == expected
    assert stamps.micros_of_compact(stamps.compact(micros)) == micros // 1_000_000 * 1_000_000
    assert stamps.date_with_millis(micros).endswith("Z")
    assert stamps.end_of_month(micros) > 0


@given(st.integers(0, 4_000_000_000))
def test_the_end_of_the_month_is_the_first_of_the_next(seconds: int) -> None:
    end = stamps.end_of_month(seconds * 1_000_000)
    assert stamps.date(end)[8:] == "01T00:00:00Z"
    assert 0 < end // 1_000_000 - seconds <= 31 * 86400
    assert stamps.date(end - 1)[:7] == stamps.date(seconds * 1_000_000)[:7]


def test_december_is_followed_by_january() -> None:
    december = stamps.micros_of_date("2026-12-31T23:59:59.999Z")
    assert stamps.date(stamps.end_of_month(december)) == "2027-01-01T00:00:00Z"
