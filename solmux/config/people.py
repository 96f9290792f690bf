"""Who may log in and under which names: [users], and the login names of [ssh]."""

from collections.abc import Mapping

from solmux.config.expand import Expander
from solmux.config.model import Console, Role, Ssh, User
from solmux.config.names import expand, name_fault
from solmux.config.text import KeyPath, nearest, quoted
from solmux.config.values import parse_address, parse_escape, parse_role, public_key

HOST_KEY = "gateway/ssh_host_ed25519_key"  # in the state directory, whose top belongs to the core's user


def users(expander: Expander, consoles: Mapping[str, Console]) -> dict[str, User]:
    """Return the users, having reported names and keys that are not theirs alone."""
    names = _Names(consoles)
    sound = not expander.problems
    users: dict[str, User] = {}
    owners: dict[bytes, str] = {}
    for name, section in expander.root.users.items():
        path: KeyPath = ("users", name)
        if (fault := name_fault(name)) is not None:
            expander.report(path, f"no user can be called {quoted(name)}: {fault}")
        if (other := names.owner(name)) is not None:
            expander.report(path, f"{name} is {other}: ssh {name}@… could mean either")
        for index, key in enumerate(section.keys):
            if (owner := owners.setdefault(public_key(key), name)) != name:
                expander.report(
                    (*path, "keys", index), f"this key is {owner}'s too: whose login would it be?"
                )
        roles = [parse_role(role) for role in section.roles]
        for index, role in enumerate(roles):
            # among consoles with faults, one that seems to be missing may only have one of them
            for missing in names.missing(role) if sound else ():
                expander.report((*path, "roles", index), f"there is no {missing}")
        users[name] = User(name, tuple(section.keys), tuple(roles))
    return users


def ssh(expander: Expander, consoles: Mapping[str, Console]) -> Ssh:
    """Return the gateway's settings, having reported login names that mean something else too."""
    names = _Names(consoles)
    section = expander.root.ssh
    for index, name in enumerate(section.console_names):
        path: KeyPath = (
            ("ssh", "console_names", index) if "console_names" in section.model_fields_set else ("ssh",)
        )
        owner = names.owner(name) or ("a user" if name in expander.root.users else None)
        if owner is not None:
            expander.report(path, f"the login name {name}, which selects no console, is {owner} too")
    here = expander.documents.directory
    authorized_keys = here(("ssh", "authorized_keys")) / section.authorized_keys
    state = here(("server", "state_directory")) / expander.root.server.state_directory
    return Ssh(
        listen=tuple(parse_address(text, None) for text in section.listen),
        authorized_keys=authorized_keys,
        authorized_keys_directory=authorized_keys.with_name(f"{authorized_keys.name}.d"),
        host_key=here(("ssh", "host_key")) / section.host_key if section.host_key else state / HOST_KEY,
        console_names=tuple(section.console_names),
        escape=parse_escape(section.escape),
        banner=section.banner,
    )


class _Names:
    """Consoles, aliases and tags, as far as names elsewhere must fit to them."""

    def __init__(self, consoles: Mapping[str, Console]) -> None:
        self._consoles = consoles
        self._aliases = {alias: console.name for console in consoles.values() for alias in console.aliases}
        self._tags = {tag for console in consoles.values() for tag in console.tags}

    def owner(self, name: str) -> str | None:
        """Return what *name* is already, if anything."""
        if name in self._consoles:
            return "a console"
        return f"an alias of {self._aliases[name]}" if name in self._aliases else None

    def missing(self, role: Role) -> list[str]:
        """Return what *role* names and nothing has."""
        missing = []
        for word in role.names:
            if word.startswith("@"):
                tag = word[1:]
                if tag not in self._tags:
                    meant = nearest(tag, self._tags)
                    missing.append(f"tag {tag}" + (f", did you mean @{meant}?" if meant else ""))
            elif "*" not in word and "?" not in word:
                unknown = [name for name in expand(word) if self.owner(name) is None]
                missing.extend(f"console {name}" for name in unknown[:3])
        return missing
