"""What a reload would change."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from solmux.config.model import Config
from solmux.config.names import fold


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference between two configurations.

    Attributes:
      added: consoles that are new.
      removed: consoles that are gone.
      changed: console -> the settings in which it differs.
      users: people who are new, gone, or have other keys or roles.
      restart: keys outside of consoles and users that differ; they count from the next start on.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]
    users: tuple[str, ...]
    restart: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return any((self.added, self.removed, self.changed, self.users, self.restart))

    def lines(self) -> list[str]:
        """Return what changes, for people; nothing if nothing does."""
        lines = []
        if self.added:
            lines.append(f"added: {fold(self.added)}")
        if self.removed:
            lines.append(f"removed: {fold(self.removed)}")
        alike: dict[tuple[str, ...], list[str]] = {}
        for name, settings in self.changed.items():
            alike.setdefault(settings, []).append(name)
        lines.extend(f"changed: {fold(names)} ({', '.join(settings)})" for settings, names in alike.items())
        if self.users:
            lines.append(f"users changed: {', '.join(self.users)}")
        lines.extend(f"{key}: changed, counts from the next start on" for key in self.restart)
        return lines


def diff(old: Config, new: Config) -> Changes:
    """Return what taking *new* over in place of *old* would change."""
    return Changes(
        added=tuple(name for name in new.consoles if name not in old.consoles),
        removed=tuple(name for name in old.consoles if name not in new.consoles),
        changed=MappingProxyType(
            {
                name: _differing(old.consoles[name], console)
                for name, console in new.consoles.items()
                if name in old.consoles and old.consoles[name] != console
            }
        ),
        users=tuple(
            name for name in {**old.users, **new.users} if old.users.get(name) != new.users.get(name)
        ),
        restart=tuple(
            f"{section}.{key}"
            for section in ("server", "ssh", "log")
            for key in _differing(getattr(old, section), getattr(new, section))
        ),
    )


def _differing(old: object, new: object) -> tuple[str, ...]:
    """Return the fields in which two objects of the same dataclass differ."""
    return tuple(
        field.name
        for field in fields(new)  # type: ignore[arg-type] # the model's objects are dataclasses
        if getattr(old, field.name) != getattr(new, field.name)
    )
