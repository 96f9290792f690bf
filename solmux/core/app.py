"""The core: consoles with their sessions, journal, unix socket; started, reloaded and ended here."""

import logging
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import trio

from solmux.config.diff import diff
from solmux.config.model import Config
from solmux.config.model import Console as ConsoleConfig
from solmux.console.console import Console
from solmux.core.clients import Client
from solmux.core.identity import gateway_users, peer_identity
from solmux.core.runtime import OnlyCore, forget_socket, listen, raise_descriptor_limit
from solmux.core.sessions import session_settings
from solmux.core.verbs import CoreVerbs
from solmux.logs.disk import Disk
from solmux.logs.journal import ConsoleLog, Journal, LogSettings
from solmux.session.keeper import Keeper
from solmux.transport.hub import Hub
from solmux.wire import frames
from solmux.wire.frames import SOCKET_NAME

HANDSHAKES = 50  # logins under way at once: each costs the BMC's small processor, and ours, some milliseconds
SESSIONS_LIMIT = 2.5  # seconds for all sessions to end in order
JOURNAL_LIMIT = 5.0  # seconds for the last bytes to reach the disk
CLIENTS_LIMIT = 256
REOPEN_INTERVAL = 5.0  # seconds until a log that could not be opened is tried again

# Settings of a console that do not concern its BMC: no session has to end for them.
PRESENTATION = frozenset({"aliases", "backspace", "charset", "keyboard", "log", "size", "tags"})

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Unit:
    """A configured console with what belongs to it."""

    config: ConsoleConfig
    console: Console
    log: ConsoleLog
    keeper: Keeper
    scope: trio.CancelScope
    ended: trio.Event = field(default_factory=trio.Event)


class Core:
    """One core process. `run` starts it and returns when it has ended in order."""

    def __init__(
        self,
        config: Config,
        *,
        entropy: Callable[[int], bytes] = os.urandom,
        wall: Callable[[], float] = time.time,
        disk: Disk | None = None,
    ) -> None:
        self.config = config
        self.consoles: dict[str, Console] = {}
        self.units: dict[str, Unit] = {}
        self._entropy = entropy
        self._wall = wall
        self._disk = disk
        self._clients: set[Client] = set()
        self._hub: Hub
        self._journal: Journal
        self._nursery: trio.Nursery
        self._handshakes = trio.CapacityLimiter(HANDSHAKES)
        self._last_alive: float | None = None
        self._reopening: set[str] = set()  # consoles whose logs could not be opened
        self._served: set[str] = set()  # consoles whose logs were opened in this run
        self._verbs = CoreVerbs(self)

    @property
    def epoch(self) -> int:
        """Random number of this run."""
        return self._journal.epoch

    def aliases(self) -> dict[str, str]:
        """Alias to console, for clients."""
        return self.config.aliases()

    def unit(self, name: str) -> Unit | None:
        """Return a console of the configuration with its session; None while its log cannot be opened."""
        return self.units.get(name)

    def wall(self) -> float:
        """Return the wall time."""
        return self._wall()

    async def run(self, stop: trio.Event, ready: Callable[[], None]) -> None:
        """Serve until *stop*; call *ready* once clients can connect. Raises `StartError`."""
        runtime = Path(self.config.server.runtime_directory)
        with OnlyCore(runtime) as life:
            self._last_alive = life.last_alive
            raise_descriptor_limit(len(self.config.consoles))
            self._hub = Hub()
            self._journal = Journal(
                log_settings(self.config), runtime / "ring", wall=self._wall, disk=self._disk
            )
            listener = listen(runtime / SOCKET_NAME)
            for name in self._journal.unwritten():  # of consoles that are no longer configured
                if name not in self.config.consoles:
                    self._journal.open_console(name)
                    self._journal.close_console(name)
            self._journal.start()
            try:
                async with trio.open_nursery() as self._nursery:
                    self._nursery.start_soon(self._hub.run)
                    for name in self.config.consoles:
                        self._start(self.config.consoles[name])
                    self._nursery.start_soon(self._serve_clients, listener)
                    self._nursery.start_soon(self._watch_journal, life)
                    ready()
                    await stop.wait()
                    await self._end_sessions(list(self.units.values()), "solmux stops")
                    self._nursery.cancel_scope.cancel()
            finally:
                forget_socket(runtime / SOCKET_NAME)
                if not self._journal.stop(JOURNAL_LIMIT):
                    log.error(
                        "the last bytes could not be written; they are kept in the ring for the next start"
                    )

    async def reload(self, config: Config) -> list[str]:
        """Take *config* over: touch only the consoles that changed. Return lines that say what changed."""
        changes = diff(self.config, config)
        self._reopening.difference_update(changes.removed, changes.changed)
        removed = [self.units[name] for name in changes.removed if name in self.units]
        changed = [self.units[name] for name in changes.changed if name in self.units]
        reconnect = [
            unit for unit in changed if not PRESENTATION.issuperset(changes.changed[unit.config.name])
        ]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._end_sessions, removed, "solmux stops: removed from the configuration")
            nursery.start_soon(self._end_sessions, reconnect, "its configuration was changed")
        for unit in removed:
            self._forget(unit)
        self.config = config
        for unit in changed:
            unit.config = config.consoles[unit.config.name]
            unit.log.set_log(unit.config.log)
        for unit in reconnect:  # log and people stay with the console
            self._connect(unit.config, unit.console, unit.log)
        for name in (*changes.added, *changes.changed):
            if name not in self.units:
                self._start(config.consoles[name])
        if changes.added or changes.removed or changes.changed:
            self._publish_consoles()
        return changes.lines()

    def publish(self, console: str, kind: str, text: str, fields: dict[str, object]) -> None:
        """Tell every client."""
        notice = frames.Notice(console, kind, text, fields)
        for client in self._clients:
            client.notice(notice)

    def _publish_consoles(self) -> None:
        self.publish("", "consoles", "", {"consoles": list(self.consoles), "aliases": self.aliases()})

    def _start(self, config: ConsoleConfig) -> None:
        name = config.name
        try:
            console_log = self._journal.open_console(name, log=config.log)
        except (OSError, ValueError) as error:  # the others must be served
            text = "%s: its log cannot be opened: %s; tried again in %.0f s"
            log.error(text, name, error, REOPEN_INTERVAL)
            self._reopening.add(name)
            self._nursery.start_soon(self._start_later, name)
            return
        console = self.consoles[name] = Console(name, console_log, self.publish, self._wall)
        if name in self._served:
            console.resume(None, "the console was not configured")
        else:
            console.resume(self._last_alive, "solmux was not running")
        self._served.add(name)
        self._connect(config, console, console_log)

    def _connect(self, config: ConsoleConfig, console: Console, console_log: ConsoleLog) -> None:
        keeper = Keeper(
            session_settings(config),
            self._hub,
            console,
            handshakes=self._handshakes,
            entropy=self._entropy,
            jitter=random.Random(int.from_bytes(self._entropy(8), "little")),  # noqa: S311 - spreads load
        )
        console.source = keeper
        unit = Unit(config, console, console_log, keeper, trio.CancelScope())
        self.units[config.name] = unit
        self._nursery.start_soon(self._keep, unit)

    async def _start_later(self, name: str) -> None:
        await trio.sleep(REOPEN_INTERVAL)
        if name in self._reopening:
            self._reopening.remove(name)
            self._start(self.config.consoles[name])
            if name in self.units:
                self._publish_consoles()

    async def _keep(self, unit: Unit) -> None:
        try:
            with unit.scope:
                await unit.keeper.run()
        finally:
            unit.ended.set()

    async def _end_sessions(self, units: list[Unit], reason: str) -> None:
        """End the sessions of *units* in order, all at once, within `SESSIONS_LIMIT` seconds."""
        with trio.move_on_after(SESSIONS_LIMIT):
            async with trio.open_nursery() as nursery:
                for unit in units:
                    nursery.start_soon(self._end_session, unit, reason)
        for unit in units:
            unit.scope.cancel()

    @staticmethod
    async def _end_session(unit: Unit, reason: str) -> None:
        await unit.keeper.stop(reason)
        await unit.ended.wait()

    def _forget(self, unit: Unit) -> None:
        name = unit.config.name
        for client in self._clients:
            client.forget(unit.console)
        del self.units[name], self.consoles[name]
        self._journal.close_console(name)

    async def _serve_clients(self, listener: trio.SocketListener) -> None:
        trusted = gateway_users(self.config.server.gateway_user)
        async with listener:
            while True:
                stream = await listener.accept()
                if len(self._clients) >= CLIENTS_LIMIT:
                    log.warning("too many clients on the unix socket; one was turned away")
                    await stream.aclose()
                    continue
                client = Client(stream, peer_identity(stream.socket, trusted), self, self._verbs)
                self._nursery.start_soon(self._serve_client, client)

    async def _serve_client(self, client: Client) -> None:
        self._clients.add(client)
        try:
            await client.run()
        except Exception:  # supervisor: one client's fault must not reach a console
            log.exception("a client of the unix socket failed on an internal error")
        finally:
            self._clients.discard(client)

    async def _watch_journal(self, life: OnlyCore) -> None:
        """Pass the writer's alarms on to the log and the clients; leave a sign of life for the next run."""
        while True:
            life.touch()
            for alarm in self._journal.alarms():
                log.error("%s", alarm)
                self.publish("", "alarm", str(alarm), {})
            await trio.sleep(1.0)


def log_settings(config: Config) -> LogSettings:
    """Return the journal's settings from the configuration."""
    return LogSettings(
        directory=Path(config.log.directory),
        rotate_size=config.log.rotate_size,
        spool_size=config.log.spool_size,
    )
