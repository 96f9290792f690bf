"""Exit codes, and the errors that have one."""

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """How a verb ended; 255 is never among them, since ssh uses it for its own failures."""

    OK = 0
    NOT_MET = 1  # no match, condition not met, or only partly done
    USAGE = 2  # or an error in the configuration
    NO_SUCH_CONSOLE = 3
    NOT_PERMITTED = 4
    DOWN = 5  # the console, or its BMC
    TIMEOUT = 124  # as timeout(1) has it


_SEVERAL = (ExitCode.NOT_MET, ExitCode.NOT_PERMITTED, ExitCode.DOWN)


def exit_code_over(codes: Iterable[int]) -> ExitCode:
    """Return the exit code of a verb that did the same to several consoles, from the code of each.

    0 only if all succeeded, else the highest of 1, 4 and 5 that occurs; whatever else went wrong counts as 1:
    it was partly done. What came of a single console is its own answer.
    """
    ends = list(codes)
    if len(ends) == 1:
        return ExitCode(ends[0])
    failed = [code for code in ends if code != ExitCode.OK]
    if not failed:
        return ExitCode.OK
    return max((ExitCode(code) for code in failed if code in _SEVERAL), default=ExitCode.NOT_MET)


class VerbError(Exception):
    """Something asked for cannot be done; the text is one line for people.

    Attributes:
      exit_code: what the verb ends with.
    """

    exit_code = ExitCode.NOT_MET


class UsageError(VerbError):
    """The words make no sense; the text says which, and what would."""

    exit_code = ExitCode.USAGE


class NoSuchConsoleError(VerbError):
    """A word that names no console, or more than one where one is meant.

    Attributes:
      word: as it was written.
      suggestions: names that may have been meant.
    """

    exit_code = ExitCode.NO_SUCH_CONSOLE

    def __init__(self, text: str, word: str, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.word = word
        self.suggestions = suggestions
