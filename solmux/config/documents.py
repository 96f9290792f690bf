"""The files a configuration is made of, read and put together, each value remembering where it came from."""

import codecs
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from solmux.config.problems import ConfigError, Problem
from solmux.config.text import KeyPath, key_text

if TYPE_CHECKING:
    from solmux.config.locate import Places

Table = dict[str, object]

TABLE_DEPTH = 3  # consoles, one console, its keys: deeper values belong to one file as a whole
_AT = re.compile(r" ?\(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)$")


class Document:
    """One file.

    Attributes:
      path: as given; relative paths in it start at its directory.
      values: its content.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self._text = text
        self.values: Table = {}

    @cached_property
    def _places(self) -> "Places":
        from solmux.config.locate import locate  # noqa: PLC0415 - a file without faults never needs it

        return locate(self._text)

    def place(self, path: KeyPath) -> tuple[int, int]:
        """Return line and column of *path*, or of the nearest table around it; (0, 0) if there is none."""
        return self._places.find(path) or (0, 0)

    def parse(self) -> Iterator[Problem]:
        """Fill `values`; yield what is wrong with the syntax."""
        try:
            self.values = tomllib.loads(self._text)
        except RecursionError:
            yield Problem(self.path, 0, 0, "", "lists or tables are nested too deeply")
        except tomllib.TOMLDecodeError as error:
            yield from self._syntax_problems(str(error))
        except ValueError:  # the one thing tomllib lets through: Python's own limit
            yield Problem(self.path, 0, 0, "", "a number has too many digits")

    def _syntax_problems(self, text: str) -> Iterator[Problem]:
        match = _AT.search(text)
        words = text[: match.start()] if match else text
        if (
            words.startswith("Cannot") and self._places.repeated
        ):  # tomllib says where it noticed, not where it is
            for path, (line, column) in self._places.repeated:
                first, _ = self.place(path)
                yield Problem(
                    self.path, line, column, key_text(path), f"is written twice, first in line {first}"
                )
            return
        if match and match[1]:
            line, column = int(match[1]), int(match[2])
        else:
            lines = self._text.rstrip().split("\n")
            line, column = len(lines), len(lines[-1]) + 1
        yield Problem(self.path, line, column, "", f"not TOML: {words[:1].lower()}{words[1:]}")


@dataclass(slots=True)
class Documents:
    """All files of one configuration, the main one first.

    Attributes:
      merged: tables of all files put together; of a key that two files set, the first.
    """

    documents: list[Document]
    merged: Table = field(default_factory=dict)

    def place(self, path: KeyPath) -> tuple[Path, int, int]:
        """Return file, line and column of *path*."""
        document = self._holder(path)
        return (document.path, *document.place(path))

    def directory(self, path: KeyPath) -> Path:
        """Return the directory of the file that sets *path*."""
        return self._holder(path).path.absolute().parent

    def problem(self, path: KeyPath, text: str, found: str = "", allowed: str = "") -> Problem:
        """Return a problem of the value at *path*."""
        file, line, column = self.place(path)
        return Problem(file, line, column, key_text(path), text, found, allowed)

    def ordered(self, problems: list[Problem]) -> list[Problem]:
        """Return *problems* in the order of files and lines."""
        order = {document.path: index for index, document in enumerate(self.documents)}
        return sorted(problems, key=lambda problem: (order[problem.file], problem.line, problem.column))

    def merge(self) -> Iterator[Problem]:
        """Fill `merged`; yield a problem for each key that two files set."""
        for document in self.documents:
            yield from self._merge(document, self.merged, document.values, ())

    def _merge(self, document: Document, into: Table, table: Table, path: KeyPath) -> Iterator[Problem]:
        for key, value in table.items():
            here = (*path, key)
            present = into.get(key)
            if key not in into:
                shared = isinstance(value, dict) and len(here) < TABLE_DEPTH
                into[key] = {} if shared else value
                if not shared:
                    continue
                present = into[key]
            if isinstance(present, dict) and isinstance(value, dict) and len(here) < TABLE_DEPTH:
                yield from self._merge(document, present, value, here)
                continue
            file, line, _ = self.place(here)
            text = f"is set twice, first at {file}:{line}"
            yield Problem(document.path, *document.place(here), key_text(here), text)

    def _holder(self, path: KeyPath) -> Document:
        """Return the file that has *path*, or else has most of the way to it."""
        return max(self.documents, key=lambda document: _depth(document.values, path))


def _depth(values: object, path: KeyPath) -> int:
    """Count how much of *path* there is in *values*."""
    for depth, part in enumerate(path):
        in_table = isinstance(values, dict) and part in values
        if not in_table and not (isinstance(values, list) and isinstance(part, int) and part < len(values)):
            return depth
        values = values[part]  # type: ignore[index] # just looked at
    return len(path)


def read(path: Path) -> Documents:
    """Read *path* and `conf.d/*.toml` beside it; raises `ConfigError`."""
    problems: list[Problem] = []
    documents = []
    for file in (path, *_drop_ins(path, problems)):
        text = _text_of(file, problems)
        if text is not None:
            document = Document(file, text)
            problems.extend(document.parse())
            documents.append(document)
    if problems:  # what the files mean together can only be said when all of them can be read
        raise ConfigError(problems)
    return Documents(documents)


def _drop_ins(path: Path, problems: list[Problem]) -> list[Path]:
    directory = path.parent / "conf.d"
    try:
        return sorted(
            file for file in directory.iterdir() if file.suffix == ".toml" and not file.name.startswith(".")
        )
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        problems.append(Problem(directory, 0, 0, "", f"cannot be read: {error.strerror}"))
        return []


def _text_of(file: Path, problems: list[Problem]) -> str | None:
    try:
        raw = file.read_bytes()
    except OSError as error:
        problems.append(Problem(file, 0, 0, "", f"cannot be read: {error.strerror}"))
        return None
    raw = raw.removeprefix(codecs.BOM_UTF8)  # some editors put it in front
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        problems.append(Problem(file, line, column, "", "not UTF-8", found=f"byte 0x{raw[error.start]:02x}"))
        return None
