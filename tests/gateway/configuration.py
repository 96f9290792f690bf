"""A configuration in a directory of its own, and keys to log in with."""

from pathlib import Path

import asyncssh

from solmux.config.model import Address, Config, Console, Log, PasswordFile, Server, Ssh


def configuration(directory: Path, *consoles: str) -> Config:
    """Return a configuration whose files all lie under *directory*; the gateway listens on any free port."""
    names = consoles or ("server41", "server42")
    return Config(
        path=directory / "solmux.toml",
        files=(directory / "solmux.toml",),
        server=Server(
            runtime_directory=directory / "run", state_directory=directory / "state", gateway_user=""
        ),
        ssh=Ssh(
            listen=(Address("127.0.0.1", 0),),
            authorized_keys=directory / "authorized_keys",
            authorized_keys_directory=directory / "authorized_keys.d",
            host_key=directory / "state" / "ssh_host_ed25519_key",
            console_names=("console",),
            escape=b"\x05c",
            banner="",
        ),
        log=Log(directory=directory / "log", rotate_size=1 << 24, spool_size=1 << 24),
        consoles={name: console(name) for name in names},
        users={},
    )


def console(name: str, **settings: object) -> Console:
    """Return the settings of one console whose BMC nobody asks."""
    return Console(name, Address("127.0.0.1", 623), "", PasswordFile(Path("/nowhere")), **settings)  # type: ignore[arg-type] # names and types are the caller's


def public_line(comment: str) -> tuple[asyncssh.SSHKey, str]:
    """Return a new key and its line for an authorized_keys file."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    algorithm, blob = key.export_public_key().decode().split()[:2]
    return key, f"{algorithm} {blob} {comment}".strip()
