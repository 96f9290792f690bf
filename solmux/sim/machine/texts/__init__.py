"""The words of the simulated servers, as text files beside this one."""

from functools import cache
from importlib import resources


@cache
def lines_of(name: str) -> tuple[str, ...]:
    """Return the lines of a text file without those that begin with `#`."""
    text = resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
    return tuple(line for line in text.split("\n")[:-1] if not line.startswith("#"))


@cache
def timed_lines_of(name: str) -> tuple[tuple[float, str], ...]:
    """Return (seconds, line) for the lines of a file in which each begins with a number."""
    return tuple(
        (float(seconds), line) for seconds, _, line in (each.partition(" ") for each in lines_of(name))
    )
