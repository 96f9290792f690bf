"""Where each key of a TOML file stands: tomllib keeps the values and forgets the places.

Looked at only when there is something to complain about, so a good file costs nothing.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

import tree_sitter
import tree_sitter_toml

from solmux.config.text import KeyPath

Position = tuple[int, int]  # line and column, from 1

DEPTH_LIMIT = 12  # deeper keys are all unknown ones; their table has a place
KEY_LIMIT = 1000  # bytes of a key; tomllib takes quadratic time for long dotted ones, and none is ours
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_TABLES = {"table", "table_array_element"}


@dataclass(slots=True)
class Places:
    """The places of one file's keys and list items.

    Attributes:
      positions: of a key's first mention, or of a list's item.
      repeated: later mentions of a key that was set before, with their positions.
    """

    positions: dict[KeyPath, Position] = field(default_factory=dict)
    repeated: list[tuple[KeyPath, Position]] = field(default_factory=list)

    def find(self, path: KeyPath) -> Position | None:
        """Return the position of *path*, or of the nearest thing around it, if any."""
        for length in range(min(len(path), DEPTH_LIMIT), 0, -1):
            if (position := self.positions.get(path[:length])) is not None:
                return position
        return None


def locate(text: str) -> Places:
    """Find every key of *text*; never raises, and finds what it can in a text with errors."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
    return _Walk(text).walk(parser.parse(text.encode("utf-8", "surrogatepass")).root_node)


class _Walk:
    def __init__(self, text: str) -> None:
        self._lines = text.encode("utf-8", "surrogatepass").split(b"\n")
        self._places = Places()
        self._elements: dict[KeyPath, int] = {}  # of each [[array]]: its last element

    def walk(self, root: tree_sitter.Node) -> Places:
        for node in root.named_children:
            if node.type == "pair":
                self._pair(node, ())
            elif node.type in _TABLES:
                self._table(node)
        return self._places

    def _table(self, node: tree_sitter.Node) -> None:
        children = node.named_children
        if not children or not (keys := _keys(children[0])):
            return
        path = self._through_arrays(keys[:-1])
        for length in range(1, len(path) + 1):
            self._mention(path[:length], children[0])
        if node.type == "table_array_element":
            array = (*path, keys[-1])
            self._elements[array] = self._elements.get(array, -1) + 1
            path = (*array, self._elements[array])
            self._mention(array, children[0])
        else:
            path = (*path, keys[-1])
        self._mention(path, children[0])
        for child in children[1:]:
            if child.type == "pair":
                self._pair(child, path)

    def _through_arrays(self, keys: list[str]) -> KeyPath:
        """Return the path of the table that *keys* lead to: the last element of each array on the way."""
        path: KeyPath = ()
        for key in keys:
            path = (*path, key)
            if path in self._elements:
                path = (*path, self._elements[path])
        return path

    def _pair(self, node: tree_sitter.Node, table: KeyPath) -> None:
        """Note the key and, without recursion (lists may be nested thousands deep), what its value holds."""
        pending = [(node, table)]
        while pending:
            pair, parent = pending.pop()
            children = pair.named_children
            if not children or not (keys := _keys(children[0])):
                continue
            path = (*parent, *keys)
            if path in self._places.positions:
                self._places.repeated.append((path, self._position(children[0])))
            for length in range(len(parent) + 1, len(path) + 1):
                self._mention(path[:length], children[0])
            pending.extend(reversed(list(self._inside(children[1:], path))))

    def _inside(
        self, values: list[tree_sitter.Node], path: KeyPath
    ) -> Iterator[tuple[tree_sitter.Node, KeyPath]]:
        """Note the items of lists among *values*; yield the pairs of the tables in them."""
        pending = [(value, path) for value in values]
        while pending:
            value, here = pending.pop()
            if len(here) >= DEPTH_LIMIT:
                continue
            if value.type == "inline_table":
                yield from ((pair, here) for pair in value.named_children if pair.type == "pair")
            elif value.type == "array":
                items = [item for item in value.named_children if item.type != "comment"]
                for index, item in enumerate(items):
                    self._mention((*here, index), item)
                    pending.append((item, (*here, index)))

    def _mention(self, path: KeyPath, node: tree_sitter.Node) -> None:
        self._places.positions.setdefault(path, self._position(node))

    def _position(self, node: tree_sitter.Node) -> Position:
        row, column = node.start_point
        return row + 1, len(self._lines[row][:column].decode("utf-8", "replace")) + 1


def _keys(node: tree_sitter.Node) -> list[str]:
    """Return the parts of a key, at most `DEPTH_LIMIT`; none for what is not a key."""
    if node.type not in ("bare_key", "quoted_key", "dotted_key") or node.text is None:
        return []
    if len(node.text) > KEY_LIMIT:
        return []
    text = node.text.decode("utf-8", "replace")
    if _BARE.fullmatch(text):
        return [text]
    try:
        table = tomllib.loads(f"{text} = 0")
    except ValueError:
        return []
    keys: list[str] = []
    while isinstance(table, dict) and len(keys) < DEPTH_LIMIT:
        key, table = next(iter(table.items()))
        keys.append(key)
    return keys
