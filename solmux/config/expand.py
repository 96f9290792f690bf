"""From tables to consoles: defaults, templates, ranges and exact names, laid over each other in this order.

A console is described by its range, by its exact name, or by the range and then the name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from solmux.config.documents import Documents
from solmux.config.model import (
    QUIRKS,
    Address,
    Console,
    PasswordCommand,
    PasswordCredential,
    PasswordFile,
    PasswordSource,
)
from solmux.config.names import RangeError, expand, fold, is_range, name_fault
from solmux.config.problems import Problem
from solmux.config.schema import Root, Section
from solmux.config.text import KeyPath, nearest, quoted
from solmux.config.values import PLACEHOLDER, canonical, parse_address, parse_cipher_suite, parse_screen_size

PASSWORD_KEYS = ("password_file", "password_command", "password_credential")
FILE_KEYS = ("password_file", "kg_file")
KEPT_KEYS = ("privilege", "steal", "keyboard", "backspace", "charset", "log")


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it is written."""

    value: Any  # of the type that the schema gives its key
    path: KeyPath


Layer = Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the consoles of the same tables have in common.

    Attributes:
      layer: the settings, `{name}` not yet replaced.
      fixed: arguments of `Console` that do not depend on the name.
      password: the one of `PASSWORD_KEYS` that is set.
    """

    layer: Layer
    fixed: dict[str, Any]
    password: str


@dataclass(slots=True)
class Expander:
    """Turns the tables of one configuration into consoles.

    Attributes:
      complete: whether every key was understood; if not, one that seems to be missing may only be misspelt.
      problems: what was found wrong; with any in it the consoles are not to be used.
    """

    root: Root
    documents: Documents
    complete: bool = True
    problems: list[Problem] = field(default_factory=list)
    _reported: set[tuple[KeyPath, str]] = field(default_factory=set)

    def consoles(self) -> dict[str, Console]:
        """Return every console, in the order of the files."""
        recipes: dict[tuple[str, ...], Recipe | None] = {}
        consoles: dict[str, Console] = {}
        addresses: dict[Address, str] = {}
        tables_by_name = self._tables_by_name()
        owners = {name: name for name in tables_by_name}
        for name, tables in tables_by_name.items():
            if tables not in recipes:
                recipes[tables] = self._recipe(tables)
            recipe = recipes[tables]
            if recipe is not None and (address := self._address(name, recipe, addresses)) is not None:
                aliases = self._aliases(name, recipe, owners)
                consoles[name] = _console(name, address, aliases, recipe)
        return consoles

    def report(self, path: KeyPath, text: str, found: str = "", *, once: str = "") -> None:
        """Note a problem; with *once*, only the first of that kind at *path*: a range has it many times."""
        key = (path, once or text)
        if key not in self._reported:
            self._reported.add(key)
            self.problems.append(self.documents.problem(path, text, found))

    def _tables_by_name(self) -> dict[str, tuple[str, ...]]:
        """Return the tables that describe each console, the more exact last."""
        tables: dict[str, tuple[str, ...]] = {}
        ranges: dict[str, str] = {}
        for selector in self.root.consoles:
            path = ("consoles", selector)
            try:
                names = expand(selector)
            except RangeError as error:
                self.report(path, str(error))
                continue
            if faults := [(name, fault) for name in names if (fault := name_fault(name)) is not None]:
                name, fault = faults[0]
                self.report(path, f"no console can be called {quoted(name)}: {fault}")
            if not is_range(selector):
                tables[selector] = (*tables.get(selector, ()), selector)
                continue
            if shared := [name for name in names if name in ranges]:
                other = self.documents.place(("consoles", ranges[shared[0]]))
                both = f"{fold(shared)} with {quoted(ranges[shared[0]])} ({other[0]}:{other[1]})"
                self.report(path, f"shares {both}: ranges may not overlap")
            for name in names:
                ranges.setdefault(name, selector)
                tables[name] = (selector, *(table for table in tables.get(name, ()) if table == name))
        return tables

    def _recipe(self, tables: tuple[str, ...]) -> Recipe | None:
        """Lay *tables* over the defaults; None if something is missing."""
        sections = [self.root.consoles[table] for table in tables]
        template_of = [section.template for section in sections]
        layers = [self._layer(("bmc",), self.root.bmc)]
        for index, (table, section) in enumerate(zip(tables, sections, strict=True)):
            replaced = any(template_of[index + 1 :])  # by the exact name's template
            if section.template is not None and not replaced:
                layers.append(self._template(("consoles", table, "template"), section.template))
            layers.append(self._layer(("consoles", table), section))
        layer: dict[str, Setting] = {}
        for above in layers:
            if any(key in above for key in PASSWORD_KEYS):  # another way to the password replaces the former
                layer = {key: setting for key, setting in layer.items() if key not in PASSWORD_KEYS}
            layer.update(above)
        return self._checked_recipe(("consoles", tables[-1]), layer)

    def _checked_recipe(self, path: KeyPath, layer: Layer) -> Recipe | None:
        passwords = [key for key in PASSWORD_KEYS if key in layer]
        if self.complete:
            self._report_missing(path, layer, passwords)
        if len(passwords) > 1:
            self.report(layer[passwords[1]].path, f"there is {passwords[0]} too: one of them must go")
        if len(passwords) != 1 or "address" not in layer or "username" not in layer:
            return None
        values = {key: setting.value for key, setting in layer.items()}
        fixed: dict[str, Any] = {key: values[key] for key in KEPT_KEYS if key in values}
        fixed["username"] = values["username"]
        fixed["cipher_suite"] = parse_cipher_suite(values.get("cipher_suite", "auto"))
        fixed["size"] = parse_screen_size(values.get("size", "80x24"))
        fixed["quirks"] = frozenset(values.get("quirks", ())).intersection(QUIRKS)
        fixed["tags"] = tuple(values.get("tags", ()))
        fixed["source_address"] = values.get("source_address") or None
        return Recipe(layer, fixed, passwords[0])

    def _report_missing(self, path: KeyPath, layer: Layer, passwords: list[str]) -> None:
        if "address" not in layer:
            self.report(path, "has no address")
        if "username" not in layer:
            self.report(
                path, 'has no username ("" is the null user), neither here nor in a template or [bmc]'
            )
        if not passwords:
            words = ", ".join(PASSWORD_KEYS)
            self.report(path, f"has no password, neither here nor in a template or [bmc]: set one of {words}")

    def _template(self, path: KeyPath, name: str) -> Layer:
        section = self.root.templates.get(name)
        if section is None:
            meant = nearest(name, self.root.templates)
            self.report(
                path, f"there is no [templates.{name}]" + (f", did you mean {meant}?" if meant else "")
            )
            return {}
        return self._layer(("templates", name), section)

    def _layer(self, path: KeyPath, section: Section) -> Layer:
        """Return what *section* sets, its paths made absolute."""
        layer = {}
        for key in section.model_fields_set:
            value = getattr(section, key)
            here = (*path, key)
            if key in FILE_KEYS and value:
                value = str(self.documents.directory(here) / value)
            layer[key] = Setting(value, here)
        return layer

    def _address(self, name: str, recipe: Recipe, taken: dict[Address, str]) -> Address | None:
        """Return the address of console *name*; None if it is none, or another console's already."""
        setting = recipe.layer["address"]
        try:
            address = parse_address(setting.value.replace(PLACEHOLDER, name))
        except ValueError as error:
            self.report(setting.path, f"for {name}: {error}", once="address")
            return None
        if (other := taken.setdefault(canonical(address), name)) != name:
            self.report(
                setting.path,
                f"{name} and {other} have the same address {address}: the two would throw each other out",
                once="same address",
            )
            return None
        return address

    def _aliases(self, name: str, recipe: Recipe, owners: dict[str, str]) -> tuple[str, ...]:
        """Return the aliases of console *name*; report those that are no names, or (by *owners*) taken."""
        setting = recipe.layer.get("aliases")
        if setting is None:
            return ()
        aliases = tuple(alias.replace(PLACEHOLDER, name) for alias in setting.value)
        for index, alias in enumerate(aliases):
            path = (*setting.path, index)
            if (fault := name_fault(alias)) is not None:
                self.report(path, f"no console can be called {quoted(alias)}: {fault}", once="fault")
            elif (other := owners.setdefault(alias, name)) != name or alias == name:
                what = "is a console's name" if other == alias else f"is an alias of {other}"
                self.report(path, f"{alias} cannot stand for {name}: it {what} already", once="taken")
        return aliases


def _console(name: str, address: Address, aliases: tuple[str, ...], recipe: Recipe) -> Console:
    layer = recipe.layer
    kg_file = layer["kg_file"].value.replace(PLACEHOLDER, name) if "kg_file" in layer else ""
    return Console(
        name=name,
        address=address,
        password=_password(recipe.password, layer[recipe.password].value, name),
        kg_file=Path(kg_file) if kg_file else None,
        aliases=aliases,
        **recipe.fixed,
    )


def _password(key: str, value: Any, name: str) -> PasswordSource:
    if key == "password_file":
        return PasswordFile(Path(value.replace(PLACEHOLDER, name)))
    if key == "password_command":
        return PasswordCommand(tuple(argument.replace(PLACEHOLDER, name) for argument in value))
    return PasswordCredential(value.replace(PLACEHOLDER, name))
