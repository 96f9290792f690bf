"""The examples of docs/attach-protocol.md, read from the page itself."""

import json
import re
from pathlib import Path
from typing import Any

from solmux.wire import frames
from solmux.wire.frames import Frame

PAGE = Path(__file__).parent.parent.parent / "docs" / "attach-protocol.md"
_HEX = re.compile(r"(?:[0-9a-f]{2}(?: |$))+")


def blocks(kind: str) -> list[list[str]]:
    """Return the lines of every fenced block of this kind."""
    found = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [block.splitlines() for block in found]


def frame_from(line: str) -> Frame:
    """Return the frame that a line `NAME JSON` stands for."""
    name, _, text = line.partition(" ")
    values: dict[str, Any] = json.loads(text)
    if "data" in values:
        values["data"] = values["data"].encode("latin-1")
    for key in {"consoles", "words"} & values.keys():
        values[key] = tuple(values[key])
    frame: Frame = getattr(frames, name)(**values)
    return frame


def bytes_from(lines: list[str]) -> bytes:
    """Return the bytes of a dump; what follows the pairs of a line is for people."""
    raw = b""
    for line in lines:
        match = _HEX.match(line)
        assert match, line
        raw += bytes.fromhex(match.group())
    return raw


def examples() -> list[tuple[str, Frame, bytes]]:
    """Return (first line, frame, bytes) of every example of a frame."""
    return [(lines[0], frame_from(lines[0]), bytes_from(lines[1:])) for lines in blocks("frame")]


def faults() -> list[bytes]:
    """Return every example of malformed bytes."""
    return [bytes_from(lines) for lines in blocks("fault")]


def session() -> list[tuple[str, Frame]]:
    """Return the example session as (side, frame)."""
    steps = []
    for line in blocks("session")[0]:
        side, _, text = line.partition(" ")
        steps.append((side, frame_from(text.strip())))
    return steps
