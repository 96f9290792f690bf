"""The recorded consoles, and the screens that tmux shows of them."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DATA = Path(__file__).parent.parent / "data" / "screen"


@dataclass(frozen=True, slots=True)
class Shown:
    """What tmux shows after `offset` bytes."""

    offset: int
    rows: list[str]
    rows_sgr: list[str]
    cursor: list[int]
    alternate: bool
    scroll_region: list[int]
    autowrap: bool
    cursor_visible: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """A stream and its screens."""

    name: str
    stream: str
    columns: int
    rows: int
    screens: tuple[Shown, ...]

    @property
    def data(self) -> bytes:
        return stream(self.stream)


@lru_cache(maxsize=4)
def stream(name: str) -> bytes:
    return gzip.decompress((DATA / f"{name}.stream.gz").read_bytes())


def stream_names() -> list[str]:
    return sorted(path.name.removesuffix(".stream.gz") for path in DATA.glob("*.stream.gz"))


def recording_names() -> list[str]:
    return sorted(path.name.removesuffix(".screens.json.gz") for path in DATA.glob("*.screens.json.gz"))


def recording(name: str) -> Recording:
    content = json.loads(gzip.decompress((DATA / f"{name}.screens.json.gz").read_bytes()))
    columns, rows = content["size"]
    screens = tuple(Shown(**shown) for shown in content["screens"])
    return Recording(name, content["stream"], columns, rows, screens)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]
