"""Moments as the files write them. In this room a moment is `micros`: microseconds since 1970, UTC."""

import time
from datetime import UTC, datetime, timedelta

MICROSECONDS = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)
_LAST_MICROS = (_LAST - _EPOCH) // timedelta(microseconds=1)


def micros_of(wall: float) -> int:
    """Return *wall* (seconds since 1970) as micros; a clock before 1970 or after 9999 gives the bound."""
    return min(max(int(wall * MICROSECONDS), 0), _LAST_MICROS)


def date(micros: int) -> str:
    """Return `2026-11-20T17:05:40Z`."""
    return _moment(micros).strftime("%Y-%m-%dT%H:%M:%SZ")


def date_with_millis(micros: int) -> str:
    """Return `2026-11-20T17:05:40.123Z`."""
    seconds, rest = divmod(min(max(micros, 0), _LAST_MICROS), MICROSECONDS)
    # A third of what a datetime costs, and most lines of a log begin with one.
    year, month, day, hour, minute, second, *_ = time.gmtime(seconds)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{rest // 1000:03}Z"


def micros_of_date(text: str) -> int:
    """Return the moment of `2026-11-20T17:05:40.123Z`; raises `ValueError`."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def compact(micros: int) -> str:
    """Return `20261120T170540Z`, as in file names."""
    return _moment(micros).strftime("%Y%m%dT%H%M%SZ")


def micros_of_compact(text: str) -> int:
    """Return the moment of `20261120T170540Z`; raises `ValueError`."""
    moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def end_of_month(micros: int) -> int:
    """Return the first moment of the month after the one of *micros* (UTC)."""
    moment = min(_moment(micros), _LAST - timedelta(days=40))
    following = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=32)
    return (following.replace(day=1) - _EPOCH) // timedelta(microseconds=1)


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=min(max(micros, 0), _LAST_MICROS))
