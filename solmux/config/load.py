"""Read, check and put together a configuration: all of it, or every reason why not."""

from pathlib import Path

from pydantic import ValidationError

from solmux.config import people
from solmux.config.documents import Documents, read
from solmux.config.expand import Expander
from solmux.config.faults import schema_problems, without_faults
from solmux.config.model import Config, Log, Server
from solmux.config.problems import ConfigError, Problem
from solmux.config.schema import Root
from solmux.config.units import parse_size

__all__ = ["ConfigError", "load"]


def load(path: Path) -> Config:
    """Read *path* and `conf.d/*.toml` beside it; raises `ConfigError` with every fault found."""
    documents = read(path)
    problems = list(documents.merge())
    root = _validate(documents, problems)
    expander = Expander(root, documents, complete=not problems, problems=problems)
    consoles = expander.consoles()
    users = people.users(expander, consoles)
    ssh = people.ssh(expander, consoles)
    if problems:
        raise ConfigError(documents.ordered(problems))
    server = Server(
        documents.directory(("server", "runtime_directory")) / root.server.runtime_directory,
        documents.directory(("server", "state_directory")) / root.server.state_directory,
        root.server.gateway_user,
    )
    log = Log(
        documents.directory(("log", "directory")) / root.log.directory,
        parse_size(root.log.rotate_size),
        parse_size(root.log.spool_size),
        root.log.group or None,
    )
    files = tuple(document.path for document in documents.documents)
    return Config(path, files, server, ssh, log, consoles, users)


def _validate(documents: Documents, problems: list[Problem]) -> Root:
    """Return the tables as the schema has them; of keys with faults note *problems* and keep the defaults."""
    try:
        return Root.model_validate(documents.merged)
    except ValidationError as error:
        problems.extend(schema_problems(error, documents))
        return Root.model_validate(without_faults(documents.merged, error))
