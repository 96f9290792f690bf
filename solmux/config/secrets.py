"""Reading passwords and keys, when they are needed and in the core only. Everything here may block."""

import os
import stat
import subprocess
from pathlib import Path
from typing import Final

from solmux.config.model import Config, Console, PasswordCommand, PasswordCredential, PasswordFile
from solmux.config.problems import Problem

PASSWORD_LIMIT: Final = 20  # bytes: the longest an IPMI 2.0 BMC stores
KG_LIMIT: Final = 20
COMMAND_TIMEOUT: Final = 5.0  # seconds
FILE_LIMIT: Final = 4096  # bytes; a longer file is no password file, whatever it is
CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"


class Secret(bytes):
    """Bytes that no log line, traceback or formatted string shows."""

    def __repr__(self) -> str:
        """Return nothing of the content, not even its length."""
        return "Secret(…)"

    __str__ = __repr__


class SecretError(Exception):
    """A password or key cannot be had; the text says which one and what to do, and nothing of its content."""


def read_password(console: Console, *, command_timeout: float = COMMAND_TIMEOUT) -> Secret:
    """Return the password of *console*; raises `SecretError`."""
    source = console.password
    match source:
        case PasswordFile(path):
            what, raw = f"password file {path}", _read_file(path, "password file", private=True)
        case PasswordCredential(name):
            path = _credential(name)
            what, raw = f"credential {name}", _read_file(path, "credential", private=False)
        case PasswordCommand(arguments):
            what, raw = f"password command {arguments[0]}", _run(arguments, command_timeout)
    return _password(raw, what)


def read_kg(console: Console) -> Secret:
    """Return the key Kg of *console*'s BMC, empty for none; raises `SecretError`."""
    if console.kg_file is None:
        return Secret()
    return _kg(_read_file(console.kg_file, "Kg file", private=True), f"Kg file {console.kg_file}")


def secret_problems(config: Config) -> list[Problem]:
    """Try every file of *config* that holds a secret, each once; commands and credentials are left alone.

    Only the core's user (or root) can tell: for anybody else the files are out of reach, as they should be.
    """
    problems: dict[Path, Problem] = {}
    seen: set[tuple[Path, str]] = set()
    for console in config.consoles.values():
        passwords = [console.password.path] if isinstance(console.password, PasswordFile) else []
        keys = [console.kg_file] if console.kg_file is not None else []
        wanted = [(path, "password_file") for path in passwords] + [(path, "kg_file") for path in keys]
        for path, key in wanted:
            if (path, key) in seen:
                continue
            seen.add((path, key))
            try:
                (read_password if key == "password_file" else read_kg)(console)
            except SecretError as error:
                problems.setdefault(path, Problem(path, 0, 0, key, f"for {console.name}: {error}"))
    return list(problems.values())


def _password(raw: bytes, what: str) -> Secret:
    """Check a password as it was read from *what*."""
    if not raw:
        raise SecretError(f"{what} is empty (for a user without password, write one empty line)")
    secret = _first_line(raw, what)
    if len(secret) > PASSWORD_LIMIT:
        raise SecretError(
            f"{what} holds {len(secret)} bytes and no BMC keeps more than {PASSWORD_LIMIT} of a password: "
            "one that is cut off silently would be refused at the next login"
        )
    return Secret(secret)


def _kg(raw: bytes, what: str) -> Secret:
    """Check a Kg as it was read from *what*: text, or `0x` and hexadecimal digits."""
    text = _first_line(raw, what)
    if text.startswith(b"0x"):
        try:
            text = bytes.fromhex(text[2:].decode("ascii"))
        except ValueError:
            raise SecretError(
                f"{what} begins with 0x, but pairs of hexadecimal digits do not follow"
            ) from None
    if not text:
        raise SecretError(f"{what} is empty (for a BMC without Kg, leave out kg_file)")
    if len(text) > KG_LIMIT:
        raise SecretError(f"{what} holds {len(text)} bytes, and Kg has {KG_LIMIT} at most")
    return Secret(text)


def _first_line(raw: bytes, what: str) -> bytes:
    """Return *raw* less one line end; raises `SecretError` for what no BMC can have been given."""
    text = raw[:-2] if raw.endswith(b"\r\n") else raw.removesuffix(b"\n")
    if b"\n" in text or b"\r" in text:
        raise SecretError(f"{what} has more than one line")
    if b"\0" in text:
        raise SecretError(f"{what} has a NUL byte in it, where a BMC would stop reading")
    return text


def _read_file(path: Path, kind: str, *, private: bool) -> bytes:
    """Return the content of *path*; with *private*, everybody but its owner must be shut out of the file.

    The group too: those who may use the core's socket are in it, and need no BMC's password for that.
    """
    what = f"{kind} {path}"
    try:
        # a FIFO must not hold up the reader for ever
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except PermissionError:
        raise SecretError(
            f"{what} cannot be read: it must belong to the user that the service runs as"
        ) from None
    except OSError as error:
        raise SecretError(f"{what}: {error.strerror}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SecretError(f"{what} is not a file")
        if private and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretError(f"{what} can be reached by others than its owner: chmod 600 {path}")
        raw = os.read(descriptor, FILE_LIMIT + 1)
    except OSError as error:
        raise SecretError(f"{what}: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if len(raw) > FILE_LIMIT:
        raise SecretError(f"{what} is longer than {FILE_LIMIT} bytes: not a {kind}")
    return raw


def _credential(name: str) -> Path:
    directory = os.environ.get(CREDENTIALS)
    if not directory:
        raise SecretError(
            f"credential {name}: systemd handed over none (${CREDENTIALS} is not set): "
            f"the unit needs LoadCredential={name}:…"
        )
    return Path(directory) / name


def _run(arguments: tuple[str, ...], timeout: float) -> bytes:
    """Return what the program prints. Its standard error is ours: the place for an admin to look."""
    what = f"password command {arguments[0]}"
    try:
        process = subprocess.run(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise SecretError(f"{what} was stopped after {timeout:g} seconds") from None
    except OSError as error:
        raise SecretError(f"{what}: {error.strerror}") from None
    if process.returncode < 0:
        raise SecretError(f"{what} was ended by signal {-process.returncode}")
    if process.returncode:
        raise SecretError(f"{what} failed with exit status {process.returncode}")
    return process.stdout
