"""The import table: a room of the package imports only from the rooms below it."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "solmux"
STANDARD_LIBRARY = "stdlib"

# room -> (rooms of solmux it may import, third-party packages it may import)
TABLE: dict[str, tuple[set[str], set[str]]] = {
    "ipmi": (set(), {"cryptography"}),
    "transport": ({"ipmi"}, {"trio"}),
    "session": ({"ipmi", "transport"}, {"trio"}),
    "console": (set(), set()),
    "wire": (set(), set()),
    "logs": (set(), {"zstandard"}),
    "config": (set(), {"pydantic", "tree_sitter", "tree_sitter_toml", "ClusterShell"}),
    "verbs": ({"wire", "logs", "config"}, set()),
    "screen": (set(), {"pyte", "wcwidth"}),
    "viewer": ({"screen"}, set()),
    "gateway": ({"verbs", "screen", "viewer", "wire", "logs", "config"}, {"asyncssh", "uvloop"}),
    "sim": ({"ipmi"}, {"trio"}),
    "core": ({"ipmi", "transport", "session", "console", "wire", "logs", "config", "verbs"}, {"trio"}),
}
FRONT_DOOR = {"cli", "service", "demo"}  # the places where things are wired may know everything
SIMULATOR_MAY_KNOW = {"errors", "counters", "rmcp", "message", "commands", "crypto", "rakp", "packet"}


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def standard_library() -> set[str]:
    import sys

    return set(sys.stdlib_module_names)


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def faults_of(path: Path) -> Iterator[str]:
    room = room_of(path)
    if room in FRONT_DOOR or room.startswith("__"):
        return
    if room not in TABLE:
        yield f"{path}: room {room!r} is not in the import table"
        return
    rooms, packages = TABLE[room]
    known = standard_library()
    for name in imports_of(path):
        top, _, rest = name.partition(".")
        if top == "solmux":
            other = rest.partition(".")[0]
            if other not in ("", "__version__") and other != room and other not in rooms:
                yield f"{path}: {room} may not import solmux.{other}"
        elif top not in known and top not in packages:
            yield f"{path}: {room} may not import {top}"


def test_every_room_imports_only_from_the_floors_below_it() -> None:
    paths = sorted(PACKAGE.rglob("*.py"))
    assert len(paths) > len(TABLE)
    assert [fault for path in paths for fault in faults_of(path)] == []


def test_cryptography_is_known_to_one_module_of_the_protocol_only() -> None:
    users = {
        path.name
        for path in (PACKAGE / "ipmi").glob("*.py")
        if any(name.partition(".")[0] == "cryptography" for name in imports_of(path))
    }
    assert users <= {"crypto.py"}


def test_the_protocol_reads_no_clock_and_no_randomness() -> None:
    forbidden = {"time", "random", "secrets", "os", "socket", "select", "asyncio", "threading"}
    users = {
        f"{path.name}: {name}"
        for path in (PACKAGE / "ipmi").glob("*.py")
        for name in imports_of(path)
        if name.partition(".")[0] in forbidden
    }
    assert users == set()


def test_the_simulated_sol_shares_no_code_with_the_client() -> None:
    users = {
        f"{path.name}: {name}"
        for path in (PACKAGE / "sim").rglob("*.py")
        for name in imports_of(path)
        if name.startswith("solmux.ipmi.") and name.split(".")[2] not in SIMULATOR_MAY_KNOW
    }
    assert users == set()
