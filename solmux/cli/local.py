"""What the verbs of the command line need of the configuration, without the cost of checking all of it."""

import tomllib
from pathlib import Path

from solmux.cli import fail
from solmux.wire.frames import SOCKET_NAME

DEFAULTS = {
    ("server", "runtime_directory"): "/run/solmux",
    ("log", "directory"): "/var/log/solmux",
}


def directory(config_path: Path, section: str, key: str) -> Path:
    """Return a directory that the configuration names, or its default; exits 2 when a file cannot be read.

    Later files win, and relative paths are relative to the file that names them, as everywhere.
    """
    found = Path(DEFAULTS[section, key])
    for path in (config_path, *sorted((config_path.parent / "conf.d").glob("*.toml"))):
        try:
            table = tomllib.loads(path.read_text()).get(section, {})
        except OSError as error:
            fail(2, f"{path}: {error.strerror}")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            fail(2, f"{path}: {error}; `solmux check` says more")
        if isinstance(table, dict) and isinstance(table.get(key), str):
            found = path.parent / table[key]
    return found


def core_socket(config_path: Path) -> Path:
    """Return the core's unix socket."""
    return directory(config_path, "server", "runtime_directory") / SOCKET_NAME
