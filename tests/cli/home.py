"""A configuration in a directory of its own, logs without a service, and the command line as a process."""

import os
import subprocess
import sys
from pathlib import Path

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl3bZ1h8ZkV0o0m4s5k7ZB3b5O5tR6m2d3mA1v6yqgG alice\n"
CONFIG = """\
[server]
runtime_directory = "run"
state_directory = "state"
[log]
directory = "log"
[bmc]
username = "admin"
password_file = "bmc.password"
[consoles.server41]
address = "192.0.2.41"
[consoles.server42]
address = "192.0.2.42"
aliases = ["db"]
[consoles.quiet]
address = "192.0.2.43"
log = false
"""
STAMP = "2026-11-20T17:05:40.123Z"


class Home:
    """A directory with solmux.toml and what belongs to it."""

    def __init__(self, directory: Path, config: str = CONFIG) -> None:
        self.directory = directory
        self.config = directory / "solmux.toml"
        self.config.write_text(config)
        self.keys = directory / "authorized_keys"
        self.keys.write_text(KEY)
        self.password = directory / "bmc.password"
        self.password.write_text("secret12\n")
        self.password.chmod(0o600)

    def write_log(self, console: str, *lines: str) -> None:
        """Make a log as the service would have left it."""
        home = self.directory / "log" / console
        home.mkdir(parents=True)
        (home / "console.log").write_text("".join(f"{STAMP} {line}\n" for line in lines))

    def command(self, name: str, *words: str) -> list[str]:
        """The command line of a subcommand that reads this configuration."""
        return [sys.executable, "-m", "solmux", name, "-c", str(self.config), *words]

    def run(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a subcommand to its end."""
        return solmux(name, "-c", str(self.config), *words)


def solmux(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "solmux", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )
