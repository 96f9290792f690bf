"""What is wrong with a configuration: each fault with its place, all of them at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from solmux.config.text import printable


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault.

    Attributes:
      file: the file it stands in.
      line: counted from 1; 0 when the fault has no place in the file (it cannot be read, say).
      column: in characters, counted from 1; 0 as for `line`.
      key: dotted, as it would be written in the file; empty for a fault of the file as a whole.
      text: what is wrong, in words.
      found: the value as written, empty when it says nothing or might be a secret.
      allowed: what may stand there instead, in words.
    """

    file: Path
    line: int
    column: int
    key: str
    text: str
    found: str = ""
    allowed: str = ""

    def __str__(self) -> str:
        """Return `FILE:LINE:COL: key: what (found ...; allowed ...)`, harmless to a terminal."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else f"{self.file}"
        details = [
            f"{label} {words}" for label, words in (("found", self.found), ("allowed", self.allowed)) if words
        ]
        parts = [place, *([self.key] if self.key else []), self.text]
        return printable(": ".join(parts) + (f" ({'; '.join(details)})" if details else ""))


class ConfigError(Exception):
    """The configuration cannot be used; nothing of it is.

    Attributes:
      problems: every fault found, in the order of files and lines.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(report(self.problems)))


def report(problems: Iterable[Problem]) -> list[str]:
    """Return one line of text per problem, as `solmux check` prints them."""
    return [str(problem) for problem in problems]
