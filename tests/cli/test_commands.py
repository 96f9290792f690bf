"""The overview, every subcommand's help, the version, and what an import of a subcommand may cost."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from solmux import __version__
from solmux.cli import COMMANDS, main
from tests.cli.home import Home, solmux

HEAVY = ("trio", "asyncssh", "pydantic", "rich", "cryptography", "pyte", "tree_sitter", "ClusterShell")


def test_the_overview_names_every_subcommand_and_every_exit_code() -> None:
    done = solmux("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for name, (_, summary) in COMMANDS.items():
        assert f"  {name} " in done.stdout
        assert summary in " ".join(done.stdout.split())
    assert "3 no such console" in done.stdout


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_help_of_a_subcommand_names_its_options(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    text = command.get_help(click.Context(command, info_name=name))
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert all(word in text for word in parameter.opts)
            assert parameter.help
    assert "--life-fd" not in text
    assert command.help


def test_help_is_to_be_had_by_either_word_from_a_subcommand_too() -> None:
    for word in ("-h", "--help"):
        done = solmux("log", word)
        assert (done.returncode, done.stderr) == (0, "")
        assert "--follow" in done.stdout


def test_the_version_is_said_by_word_and_option() -> None:
    for words in (["version"], ["--version"]):
        done = solmux(*words)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"solmux {__version__}\n", "")


@pytest.mark.parametrize(
    "words", [["frobnicate"], ["--frobnicate"], ["ls", "--frobnicate"], ["log"], ["reconnect"]]
)
def test_words_that_make_no_sense_are_a_usage_error(words: list[str]) -> None:
    done = solmux(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage: " in done.stderr


def test_ls_does_not_pay_for_what_it_does_not_use(tmp_path: Path) -> None:
    home = Home(tmp_path)
    program = f"""\
import sys
from solmux.cli import main
try:
    main(["ls", "-c", {str(home.config)!r}])
except SystemExit as end:
    print(end.code, *sorted({{name.partition(".")[0] for name in sys.modules}} & {set(HEAVY)!r}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "5\n", done.stderr
