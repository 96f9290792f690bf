"""The verbs that the core answers itself: what it knows of its consoles, and what it does to them."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from solmux.config.model import Config
from solmux.config.model import Console as ConsoleConfig
from solmux.console.console import Console
from solmux.session.keeper import Keeper
from solmux.verbs import render
from solmux.verbs.exits import ExitCode, UsageError, VerbError
from solmux.verbs.grammar import Request
from solmux.verbs.names import NameTable
from solmux.verbs.table import VERBS
from solmux.wire import frames

NO_LOG = "its log cannot be opened; the core's messages say why"

Answer = Callable[[str, str], Awaitable[None]]
Row = dict[str, object]


class Unit(Protocol):
    """A console with its session, as the verbs see it."""

    @property
    def config(self) -> ConsoleConfig: ...
    @property
    def console(self) -> Console: ...
    @property
    def keeper(self) -> Keeper: ...


class Rack(Protocol):
    """All consoles."""

    @property
    def config(self) -> Config: ...
    def unit(self, name: str) -> Unit | None: ...
    def wall(self) -> float: ...


@dataclass(frozen=True, slots=True)
class CoreVerbs:
    """Runs verbs for clients; a `clients.Verbs`."""

    rack: Rack

    async def run(self, verb: frames.Verb, person: str, answer: Answer) -> int:
        """Run *verb* for *person*; return its exit code. What cannot be done is said on the error side."""
        try:
            request = Request.from_words(verb.words, _options(verb.options))
            names = self._names(request)
            match request.verb:
                case "ls" | "status" | "who":
                    await answer(self._listing(request, names), "")
                case "reconnect":
                    for unit in self._units(names):
                        unit.console.log.event("reconnect", None, who=person)
                        unit.keeper.reconnect_now()
                case _:
                    raise UsageError(f"{request.verb} is not for the core")
        except VerbError as error:
            await answer("", f"solmux: {error}\n")
            return error.exit_code
        return ExitCode.OK

    def _names(self, request: Request) -> tuple[str, ...]:
        """Return the consoles meant; no names at all mean every console."""
        config = self.rack.config
        table = NameTable(tuple(config.consoles), config.aliases(), config.tags())
        guess = VERBS[request.verb].guesses
        return table.several(request.names, guess=guess) if request.names else table.consoles

    def _units(self, names: tuple[str, ...]) -> list[Unit]:
        """Return the consoles *names* with their sessions; raises `VerbError` if one has none."""
        units = []
        for name in names:
            unit = self.rack.unit(name)
            if unit is None:
                raise VerbError(f"{name}: {NO_LOG}")
            units.append(unit)
        return units

    def _rows(self, verb: str, name: str) -> list[Row]:
        unit = self.rack.unit(name)
        if unit is not None:
            return _people(unit) if verb == "who" else [_row(unit)]
        if verb == "who":
            return []
        address = str(self.rack.config.consoles[name].address)
        return [{"name": name, "state": "down", "reason": NO_LOG, "address": address}]

    def _listing(self, request: Request, names: tuple[str, ...]) -> str:
        options = request.options
        columns = options.get("columns")
        width = int(columns) if isinstance(columns, int | float) and 0 < columns < math.inf else None
        rows = [row for name in names for row in self._rows(request.verb, name)]
        if options.get("json"):
            return render.json_lines(rows)
        if options.get("quiet"):
            return render.ls_names(rows)
        wall = self.rack.wall()
        if request.verb == "status":
            return render.status_text(rows, wall)
        return (
            render.who_text(rows, wall, width) if request.verb == "who" else render.ls_text(rows, wall, width)
        )


def _options(given: Mapping[str, object]) -> dict[str, bool | int | float | str]:
    """Return the options of a frame that have a type an option can have."""
    return {name: value for name, value in given.items() if isinstance(value, bool | int | float | str)}


def _row(unit: Unit) -> Row:
    """Return all that `ls` and `status` show of a console."""
    keeper = unit.keeper
    brief = unit.console.brief()
    watchers = brief.pop("watchers")
    assert isinstance(watchers, list)
    return {
        **brief,
        "reason": "" if brief["reason"] == brief["state"] else brief["reason"],
        "watchers": len(watchers),
        "address": str(unit.config.address),
        "suite": keeper.suite.identifier if keeper.suite else None,
        "guid": keeper.guid.hex() if keeper.guid else None,
        "counters": {**keeper.counters(), **unit.console.marks},
    }


def _people(unit: Unit) -> list[Row]:
    return [
        {
            "console": unit.console.name,
            "person": attachment.person,
            "address": attachment.address,
            "mode": attachment.mode,
            "since": attachment.since,
        }
        for attachment in unit.console.attachments
    ]
