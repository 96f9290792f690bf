"""The configuration as the rest of solmux sees it: frozen objects, every path absolute, no secret in any."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CipherSuiteChoice = Literal["auto", 17, 3]
Steal = Literal["wait", "steal", "never"]
Privilege = Literal["administrator", "operator"]

# Faults of BMCs that need another way; the protocol's own list has the same words (a test compares them).
QUIRKS = ("intel20", "intelplus", "nochecksumcheck", "idzero", "icts", "ack0_means_all", "strict_next")

# Flags of FreeIPMI for faults that solmux meets with every BMC: accepted, since people have them written
# down, and without effect.
QUIRKS_ALWAYS_MET = (
    "authcap",
    "opensesspriv",
    "supermicro20",
    "sun20",
    "solpayloadsize",
    "solport",
    "solstatus",
    "solchannelsupport",
    "serialalertsdeferred",
    "solpacketseq",
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where something listens.

    Attributes:
      host: a name, or an IPv4 or IPv6 address without brackets.
      port: 0-65535.
    """

    host: str
    port: int

    def __str__(self) -> str:
        """Return `host:port`, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class PasswordFile:
    """The password is the content of a file."""

    path: Path


@dataclass(frozen=True, slots=True)
class PasswordCommand:
    """The password is what a program prints; started without a shell."""

    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PasswordCredential:
    """The password is a file of systemd's `$CREDENTIALS_DIRECTORY`."""

    name: str


PasswordSource = PasswordFile | PasswordCommand | PasswordCredential


@dataclass(frozen=True, slots=True)
class Console:
    """One console: its BMC and how it is treated.

    Attributes:
      username: at most 16 bytes; empty for the null user.
      password: where the password is (`secrets.read_password`).
      kg_file: where the BMC's key Kg is, or None for a BMC without one.
      cipher_suite: 17 or 3 and nothing else, or "auto": 17, then 3.
      privilege: asked for first; "administrator" falls back to operator.
      steal: what to do when somebody else has the SOL session.
      quirks: of `QUIRKS`.
      source_address: local address to send from, or None for the system's choice.
      keyboard, backspace: what the machine expects function keys and backspace to send.
      charset: of the machine's characters.
      size: columns and rows that the machine draws on.
      log: whether its output goes to files, or is kept in memory only.
    """

    name: str
    address: Address
    username: str
    password: PasswordSource
    kg_file: Path | None = None
    cipher_suite: CipherSuiteChoice = "auto"
    privilege: Privilege = "administrator"
    steal: Steal = "wait"
    quirks: frozenset[str] = frozenset()
    source_address: str | None = None
    keyboard: str = "vt100"
    backspace: str = "del"
    charset: str = "auto"
    size: tuple[int, int] = (80, 24)
    log: bool = True
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """Name or address of the BMC."""
        return self.address.host

    @property
    def port(self) -> int:
        """UDP port of the BMC."""
        return self.address.port


@dataclass(frozen=True, slots=True)
class Server:
    """The service on this machine.

    Attributes:
      runtime_directory: sockets and rings; must outlive a restart of the service, not one of the machine.
      state_directory: what must outlive that too.
      gateway_user: system user of the gateway, who may name the person it speaks for; empty for none.
    """

    runtime_directory: Path
    state_directory: Path
    gateway_user: str


@dataclass(frozen=True, slots=True)
class Ssh:
    """The SSH gateway.

    Attributes:
      authorized_keys: one file; the comment of a key names its owner, who has the default role.
      authorized_keys_directory: files of keys named like their owner; need not exist.
      host_key: made at the first start if it does not exist.
      console_names: login names that select no console.
      escape: the two characters that start a command inside an attachment.
      banner: shown before authentication; empty for none.
    """

    listen: tuple[Address, ...]
    authorized_keys: Path
    authorized_keys_directory: Path
    host_key: Path
    console_names: tuple[str, ...]
    escape: bytes
    banner: str


@dataclass(frozen=True, slots=True)
class Log:
    """The log files of all consoles.

    Attributes:
      rotate_size: bytes after which a file is closed and the next one begun.
      spool_size: bytes kept in memory, all consoles together, while the disk takes none.
      group: system group that may read the files, or None for the service's own.
    """

    directory: Path
    rotate_size: int
    spool_size: int
    group: str | None


@dataclass(frozen=True, slots=True)
class Role:
    """A right beyond the default one.

    Attributes:
      role: "force", "power", "admin" …
      names: the consoles it holds for, as written (`@rack7`, `server[01-20]`); empty for all.
    """

    role: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with roles of their own.

    Attributes:
      keys: lines as in an authorized_keys file; more may stand in the directory's file of that name.
    """

    name: str
    keys: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the files said.

    Attributes:
      path: of the main file.
      files: every file read, the main one first.
      consoles: by name, in the order of the files.
      users: by name.
    """

    path: Path
    files: tuple[Path, ...]
    server: Server
    ssh: Ssh
    log: Log
    consoles: Mapping[str, Console]
    users: Mapping[str, User]

    def aliases(self) -> dict[str, str]:
        """Return alias -> name of its console."""
        return {alias: console.name for console in self.consoles.values() for alias in console.aliases}

    def tags(self) -> dict[str, tuple[str, ...]]:
        """Return tag -> names of the consoles that have it."""
        tags: dict[str, list[str]] = {}
        for console in self.consoles.values():
            for tag in console.tags:
                tags.setdefault(tag, []).append(console.name)
        return {tag: tuple(names) for tag, names in tags.items()}
