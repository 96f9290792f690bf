"""A small shell on the console of a simulated server: one line at a time, pipes, and a few programs."""

import shlex
from dataclasses import dataclass

from solmux.sim.machine.line_editor import EndOfInput, Interrupted, read_line
from solmux.sim.machine.script import Print, Script
from solmux.sim.machine.shell_commands import COMMANDS, Environment, UsageError
from solmux.sim.machine.shell_programs import PROGRAMS, write_file
from solmux.sim.machine.state import Machine

_ENDS = (";", "&&", "&")
_REDIRECTIONS = (">", ">>")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One command line between two semicolons.

    Attributes:
      commands: words of each command.
      target: file its output goes to, or empty.
    """

    commands: tuple[tuple[str, ...], ...]
    target: str = ""


def run_shell(machine: Machine) -> Script[None]:
    """Read and run command lines until the session ends."""
    environment = Environment(machine)
    while not environment.leaving:
        directory = "~" if environment.directory == "/root" else environment.directory
        yield Print(f"\x1b[?2004hroot@{machine.hardware.hostname}:{directory}# ".encode())
        try:
            line = yield from read_line()
        except Interrupted:
            continue
        except EndOfInput:
            yield Print(b"\x1b[?2004l\r\nlogout\r\n")
            return
        yield Print(b"\x1b[?2004l\r")
        try:
            pipelines = parse(line or "")
        except ValueError as error:
            yield Print(f"-bash: {error}\r\n".encode())
            continue
        try:
            for pipeline in pipelines:
                yield from _run(environment, pipeline)
        except Interrupted:
            yield Print(b"^C\r\n")


def parse(line: str) -> list[Pipeline]:
    """Split a command line; raises `ValueError` for an open quote or a missing command."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    pipelines: list[Pipeline] = []
    commands: list[list[str]] = [[]]
    target = ""
    for word in (*lexer, ";"):
        if word in _ENDS:
            if all(commands):
                pipelines.append(Pipeline(tuple(tuple(words) for words in commands), target))
            elif len(commands) > 1:
                raise ValueError("syntax error near unexpected token `|'")
            commands, target = [[]], ""
        elif word == "|":
            commands.append([])
        elif word in _REDIRECTIONS or target in _REDIRECTIONS:
            target = word
        else:
            commands[-1].append(word)
    return pipelines


def _run(environment: Environment, pipeline: Pipeline) -> Script[None]:
    first = pipeline.commands[0]
    if first[0] in PROGRAMS:
        yield from PROGRAMS[first[0]](environment, list(first[1:]))
        return
    lines: list[str] = []
    for words in pipeline.commands:
        command = COMMANDS.get(words[0])
        if command is None:
            yield Print(f"-bash: {words[0]}: command not found\r\n".encode("latin-1", "replace"))
            return
        try:
            lines = command(environment, list(words[1:]), lines)
        except UsageError as error:
            yield Print(f"{words[0]}: {error}\r\n".encode("latin-1", "replace"))
            return
    if pipeline.target:
        yield from write_file(environment, pipeline.target, lines)
    elif lines:
        yield Print("".join(line + "\r\n" for line in lines).encode("latin-1", "replace"))
