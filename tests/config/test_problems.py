"""Problems as lines of text."""

from pathlib import Path

from solmux.config.problems import ConfigError, Problem, report

BAD_SUITE = Problem(Path("a.toml"), 3, 5, "bmc.cipher_suite", "refused", found="8", allowed="17 or 3")


def test_a_problem_is_one_line_with_everything_in_it() -> None:
    assert str(BAD_SUITE) == "a.toml:3:5: bmc.cipher_suite: refused (found 8; allowed 17 or 3)"


def test_what_is_not_known_is_left_out() -> None:
    assert str(Problem(Path("a.toml"), 0, 0, "", "cannot be read")) == "a.toml: cannot be read"
    assert str(Problem(Path("a.toml"), 1, 2, "x", "bad", allowed="y")) == "a.toml:1:2: x: bad (allowed y)"


def test_nothing_in_a_problem_reaches_the_terminal_as_a_command() -> None:
    assert str(Problem(Path("\x1b]0;x\x07"), 0, 0, "", "a\nb")) == "\\u001b]0;x\\u0007: a\\u000ab"


def test_an_error_holds_its_problems_and_prints_them_all() -> None:
    error = ConfigError([BAD_SUITE, BAD_SUITE])
    assert error.problems == (BAD_SUITE, BAD_SUITE)
    assert str(error).splitlines() == report(error.problems) == [str(BAD_SUITE)] * 2
