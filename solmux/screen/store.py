"""Saved screens: a directory with one file per console, replaced atomically."""

import json
import logging
import os
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

_MARK: Final = b"solmux saved screen 1\n"
_SUFFIX: Final = ".screen"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class SavedScreen:
    """A checkpoint of a console's screen.

    Attributes:
      offset: bytes of the console that it has seen since the first.
      columns: its width.
      rows: its height.
      wall: when it was taken, in seconds since 1970.
      checkpoint: what `Emulator.restore` takes.
    """

    offset: int
    columns: int
    rows: int
    wall: float
    checkpoint: bytes


class ScreenStore:
    """The saved screens of a directory.

    The files are derived: losing one costs a picture and no bytes, so nothing is synced to the disk.
    """

    def __init__(self, directory: Path) -> None:
        """Use *directory*, which must exist."""
        self._directory = directory

    def save(self, name: str, saved: SavedScreen) -> None:
        """Replace what is saved for the console *name*; raise `OSError` if that fails, leaving what was."""
        path = self._path(name)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        header = {
            "offset": saved.offset,
            "columns": saved.columns,
            "rows": saved.rows,
            "wall": saved.wall,
            "checksum": zlib.crc32(saved.checkpoint),
        }
        try:
            fresh.write_bytes(_MARK + json.dumps(header).encode() + b"\n" + saved.checkpoint)
            fresh.replace(path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise

    def load(self, name: str) -> SavedScreen | None:
        """Return what is saved for *name*; None if nothing is, or if it is damaged, which is logged."""
        path = self._path(name)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("%s: the saved screen cannot be read: %s", name, error)
            return None
        try:
            return _parse(content)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("%s: the saved screen is damaged (%s): %s", name, error, path)
            return None

    def remove(self, name: str) -> None:
        """Forget what is saved for *name*, if anything is."""
        self._path(name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Return the consoles that have a saved screen, sorted."""
        found = (path.name.removesuffix(_SUFFIX) for path in self._directory.glob(f"*{_SUFFIX}"))
        return sorted(name for name in found if _NAME.fullmatch(name))

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a console")
        return self._directory / f"{name}{_SUFFIX}"


def _parse(content: bytes) -> SavedScreen:
    if not content.startswith(_MARK):
        raise ValueError("not a saved screen of this version")
    line, _, checkpoint = content[len(_MARK) :].partition(b"\n")
    header = json.loads(line)
    if header["checksum"] != zlib.crc32(checkpoint):
        raise ValueError("its checksum is wrong")
    offset, columns, rows = header["offset"], header["columns"], header["rows"]
    if not all(type(number) is int and number >= 0 for number in (offset, columns, rows)):
        raise ValueError("its numbers are none")
    return SavedScreen(offset, columns, rows, float(header["wall"]), checkpoint)
