"""Sizes and durations."""

import pytest

from solmux.config.units import parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "size"), [("1KiB", 1024), ("16MiB", 16 << 20), ("2 GiB", 2 << 30), ("0MiB", 0)]
)
def test_a_size_is_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "16", "16MB", "16 mib", "-1MiB", "1.5MiB", "MiB", "16MiB ", "٣MiB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("300", 300),
        ("90s", 90),
        ("15m", 900),
        ("12h", 43200),
        ("30d", 2_592_000),
        ("0.5", 0.5),
        ("1.25h", 4500),
    ],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "-1", "1w", "1h30m", "1e9", "inf", "nan", "30 days"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)
