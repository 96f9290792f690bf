"""Sizes ("16MiB") and durations ("30d", "90") as people write them."""

import re

SIZE_WORDS = 'a size such as "16MiB" (KiB, MiB or GiB)'
DURATION_WORDS = "a duration such as 90, 90s, 15m, 12h or 30d"

_SIZE = re.compile(r"([0-9]{1,12}) ?([KMG]iB)")
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([smhd]?)")
_BYTES = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_size(text: str) -> int:
    """Return the bytes that *text* means; raises `ValueError`."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError("not a size")
    return int(match[1]) * _BYTES[match[2]]


def parse_duration(text: str) -> float:
    """Return the seconds that *text* means, a bare number being seconds; raises `ValueError`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("not a duration")
    return float(match[1]) * _SECONDS[match[2]]
