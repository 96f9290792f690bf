"""What the schema found wrong, told in the file's own terms."""

from collections.abc import Iterator

from pydantic import ValidationError

from solmux.config.documents import Documents, Table
from solmux.config.problems import Problem
from solmux.config.schema import NAMED_TABLES, ONE_TABLE, BmcSection, Root, Section
from solmux.config.text import KeyPath, is_secret, nearest, value_text

# Keys that people coming from other console servers write, with the key that replaces them.
_INLINE_SECRETS = {
    **dict.fromkeys(("password", "passwd", "passphrase", "pass", "secret"), "password_file"),
    **dict.fromkeys(("kg", "k_g", "ipmikg", "kg_key"), "kg_file"),
}
_WRONG_TYPES = {
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
}


def schema_problems(error: ValidationError, documents: Documents) -> Iterator[Problem]:
    """Yield a problem for each fault in *error*, which came of validating the merged *documents*."""
    for detail in error.errors(include_input=False, include_url=False):
        path: KeyPath = detail["loc"]
        if detail["type"] == "extra_forbidden":
            yield _unknown_key(path, documents)
        else:
            cause = detail["ctx"]["error"] if detail["type"] == "value_error" else None
            yield _bad_value(path, str(cause or _WRONG_TYPES.get(detail["type"], detail["msg"])), documents)


def _bad_value(path: KeyPath, text: str, documents: Documents) -> Problem:
    keys = [part for part in path if isinstance(part, str)]
    found = value_text(_value_at(documents.merged, path), hide=is_secret(keys[-1]) and keys[0] != "users")
    return documents.problem(path, text, found, _allowed(path))


def _value_at(value: object, path: KeyPath) -> object:
    for part in path:
        value = value[part]  # type: ignore[index] # the path comes from the values themselves
    return value


def _allowed(path: KeyPath) -> str:
    """Return what may stand at *path*, in words."""
    section, way = _key_of(path)
    return "a table" if section is None else section.model_fields[str(way[-1])].description or ""


def _key_of(path: KeyPath) -> tuple[type[Section] | None, KeyPath]:
    """Return the schema of the table that *path* leads into and the path of the key in it.

    A path that ends before such a table is returned as it is, without a schema.
    """
    for tables, depth in ((ONE_TABLE, 1), (NAMED_TABLES, 2)):
        if path[0] in tables and len(path) > depth:
            return tables[str(path[0])], path[: depth + 1]
    return None, path


def _unknown_key(path: KeyPath, documents: Documents) -> Problem:
    section, _ = _key_of(path)
    key = str(path[-1])
    fields = (section or Root).model_fields
    in_console = section is not None and issubclass(section, BmcSection)
    if in_console and (replacement := _INLINE_SECRETS.get(key.casefold())):
        return documents.problem(
            path,
            f"secrets are not written into the configuration: put it into a file of its own (chmod 600) "
            f"and name that file with {replacement}",
            allowed=", ".join(field for field in fields if field.startswith(replacement.partition("_")[0])),
        )
    homes = [name for name, table in (ONE_TABLE | NAMED_TABLES).items() if key in table.model_fields]
    if section is not None and homes:
        home = homes[0] if homes[0] in ONE_TABLE else f"{homes[0]}.NAME"
        return documents.problem(path, f"unknown key here, it belongs to [{home}]")
    what = "unknown key" if section is not None else "unknown table"
    if (meant := nearest(key, fields)) is not None:
        return documents.problem(path, f"{what}, did you mean {meant}?")
    return documents.problem(path, what, allowed=", ".join(fields))


def without_faults(values: Table, error: ValidationError) -> Table:
    """Return *values* less the keys (or whole tables) that *error* complains of, to check the rest too."""
    for detail in error.errors(include_input=False, include_url=False, include_context=False):
        _, way = _key_of(detail["loc"])
        table: object = values
        for part in way[:-1]:
            table = table.get(part) if isinstance(table, dict) else None
        if isinstance(table, dict):
            table.pop(way[-1], None)  # a list with two bad items is complained of twice
    return values
