"""The key by which clients know this server."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

import asyncssh


class HostKeyError(Exception):
    """There is no host key and none can be made; the text says what is in the way."""


def load_host_key(path: Path) -> asyncssh.SSHKey:
    """Return the key at *path*; made there (Ed25519, mode 0600) if nothing stands there yet.

    Raises:
      HostKeyError: it cannot be read or written, is no key, or others may read it.
    """
    try:
        if not path.exists():
            _make(path)
        mode = path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO) & ~stat.S_IRGRP:
            raise HostKeyError(f"{path}: others than its owner may use this host key; chmod 0600 it")
        return asyncssh.read_private_key(path)
    except OSError as error:
        raise HostKeyError(f"host key {path}: {error.strerror}") from error
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise HostKeyError(f"host key {path}: {error}") from error


def _make(path: Path) -> None:
    """Write a new key and its public half; of two processes that do so at once, both use the first one's."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = asyncssh.generate_private_key("ssh-ed25519", comment="solmux")
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.export_private_key("openssh"))
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(new, path)  # fails when another process was first; a half-written key never has the name
        except FileExistsError:
            return
    finally:
        new.unlink()
    with contextlib.suppress(OSError):  # a convenience for people only
        path.with_name(path.name + ".pub").write_bytes(key.export_public_key("openssh"))
