"""A configuration in a directory of its own, and keys to log in with."""

from pathlib import Path

import asyncssh

from solmux.config.load import load
from solmux.config.model import Config

MAIN = """\
[server]
runtime_directory = "run"
state_directory = "state"

[ssh]
listen = ["127.0.0.1:0"]
authorized_keys = "authorized_keys"

[log]
directory = "log"

[bmc]
username = "solmux"
password_file = "bmc.password"
"""
CONSOLE = """
[consoles.{name}]
address = "{name}.bmc.example.net"
"""


def configuration(directory: Path, *consoles: str, more: str = "") -> Config:
    """Write and load a configuration whose files all lie in *directory*; any port is listened on."""
    path = directory / "solmux.toml"
    names = consoles or ("server41", "server42")
    path.write_text(MAIN + "".join(CONSOLE.format(name=name) for name in names) + more)
    return load(path)


def public_line(comment: str) -> tuple[asyncssh.SSHKey, str]:
    """Return a new key and its line for an authorized_keys file."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    algorithm, blob = key.export_public_key().decode().split()[:2]
    return key, f"{algorithm} {blob} {comment}".strip()
