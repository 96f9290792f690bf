"""Who may log in: public keys with the name of their owner."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from solmux.config.model import Config

log = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY_TYPE = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[A-Za-z0-9@.-]+")
_OPTIONS = re.compile(r'(?:[^\s"]|"(?:\\.|[^"\\])*")+')
# What these forbid is never given to anybody here; every other option would be broken by ignoring it.
_HARMLESS_OPTIONS = {
    "restrict",
    "no-agent-forwarding",
    "no-port-forwarding",
    "no-x11-forwarding",
    "no-user-rc",
}
_MINIMUM_RSA_BITS = 2048
_FILE_LIMIT = 4 << 20  # bytes of one authorized_keys file


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who holds a key.

    Attributes:
      name: for the log and for other people.
      fingerprint: of the key, for the audit.
    """

    name: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Every key that may log in.

    Attributes:
      people: the key's public blob -> its owner.
      problems: lines that were passed over, each with its place and the reason.
    """

    people: dict[bytes, Person] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def owner(self, key: asyncssh.SSHKey) -> Person | None:
        """Return whose key this is."""
        return self.people.get(key.public_data)


def load_keys(config: Config) -> KeyRing:
    """Read every key *config* names. Files that are missing or lines that are wrong are `problems`, no error.

    A key under `[users.NAME]` or in a file NAME of the directory belongs to NAME. A key in the common file
    belongs to whom its comment names; since a comment is written by the key's sender, it never makes
    somebody a configured user. The first place that names a key decides.
    """
    problems: list[str] = []
    people: dict[bytes, Person] = {}
    lines = [*_named_lines(config, problems)]
    lines += [(place, "", line) for place, line in _file_lines(config.ssh.authorized_keys, problems)]
    for place, name, line in lines:
        try:
            key, comment = _parse(line)
        except _LineError as error:
            problems.append(f"{place}: {error}")
            continue
        commented = comment.split("@", 1)[0]
        if not name and commented in config.users:
            problems.append(
                f"{place}: a comment does not make somebody the user {commented}; the key stays nameless "
                f"until it stands under [users.{commented}]"
            )
            commented = ""
        people.setdefault(key.public_data, _person(name or commented, key.get_fingerprint()))
    return KeyRing(people, tuple(problems))


def _person(name: str, fingerprint: str) -> Person:
    if _NAME.fullmatch(name) is None:
        name = "key-" + re.sub(r"[^A-Za-z0-9]", "", fingerprint.removeprefix("SHA256:"))[:8]
    return Person(name, fingerprint)


def _named_lines(config: Config, problems: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (place, user, line) of keys whose owner is given by the configuration."""
    for user in config.users.values():
        for number, line in enumerate(user.keys, 1):
            yield f"[users.{user.name}] key {number}", user.name, line
    directory = config.ssh.authorized_keys_directory
    try:
        paths = sorted(directory.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        problems.append(f"{directory}: {error.strerror}")
        return
    for path in paths:
        if _NAME.fullmatch(path.name) is None:
            problems.append(f"{path}: not named like a user")
            continue
        for place, line in _file_lines(path, problems):
            yield place, path.name, line


def _file_lines(path: Path, problems: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (place, line) of every line of *path* that holds something."""
    try:
        with path.open("rb") as file:
            raw = file.read(_FILE_LIMIT + 1)
    except OSError as error:
        problems.append(f"{path}: {error.strerror}")
        return
    if len(raw) > _FILE_LIMIT:
        problems.append(f"{path}: larger than {_FILE_LIMIT} bytes; not read")
        return
    for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield f"{path}:{number}", line.strip()


class _LineError(Exception):
    """A line of an authorized_keys file that is not honoured; the text says why."""


def _parse(line: str) -> tuple[asyncssh.SSHKey, str]:
    """Return key and comment of a line; raises `_LineError`."""
    if _KEY_TYPE.match(line) is None:
        options = _OPTIONS.match(line)
        if options is None:
            raise _LineError("no public key")
        refused = {option.lower() for option in options.group().split(",")} - _HARMLESS_OPTIONS
        if refused:
            raise _LineError(f"not honoured, so the key is left out: {min(refused)}")
        line = line[options.end() :].strip()
    kind, _, rest = line.partition(" ")
    blob, _, comment = rest.strip().partition(" ")
    try:
        key = asyncssh.import_public_key(f"{kind} {blob}")
    except asyncssh.KeyImportError as error:
        raise _LineError(f"no public key: {error}") from error
    algorithm = key.get_algorithm()
    if algorithm == "ssh-dss":
        raise _LineError("DSA keys are not accepted")
    if algorithm == "ssh-rsa" and _rsa_bits(key) < _MINIMUM_RSA_BITS:
        raise _LineError(f"RSA keys need {_MINIMUM_RSA_BITS} bits")
    return key, comment.strip()


def _rsa_bits(key: asyncssh.SSHKey) -> int:
    """Return the length of an RSA key: the modulus is the last number of its public blob (RFC 4253 6.6)."""
    blob = key.public_data
    at = 4 + int.from_bytes(blob[:4], "big")
    at += 4 + int.from_bytes(blob[at : at + 4], "big")
    return int.from_bytes(blob[at + 4 :], "big").bit_length()
