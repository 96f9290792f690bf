"""Drop counters."""

import pytest

from solmux.ipmi.counters import DropCounters, DropReason


def test_drops_are_counted_by_reason() -> None:
    counters = DropCounters()
    assert (dict(counters.by_reason), counters.total) == ({}, 0)
    for reason in (DropReason.SHORT, DropReason.DUPLICATE, DropReason.SHORT):
        counters.count(reason)
    assert counters.by_reason == {"short": 2, "duplicate": 1}
    assert counters.total == 3


def test_the_view_is_live_and_cannot_be_written() -> None:
    counters = DropCounters()
    view = counters.by_reason
    counters.count(DropReason.MALFORMED)
    assert view["malformed"] == 1
    with pytest.raises(TypeError):
        view["malformed"] = 0  # type: ignore[index]
