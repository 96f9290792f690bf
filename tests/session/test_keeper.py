"""The keeper against simulated BMCs over real loopback UDP: connects, comes back, is honest about why not."""

import os
import random
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import trio

from solmux.ipmi.crypto import SUITE_17
from solmux.ipmi.handshake import Credentials
from solmux.session.keeper import CredentialsUnavailable, Keeper, SessionSettings
from solmux.session.states import State
from solmux.sim.rack import Rack, RackSettings, serve_rack
from solmux.transport.hub import Hub


@dataclass
class Scribe:
    """A console that writes everything down; a `keeper.SessionSink`."""

    recorded_session_id: int = 0
    last_sol_sequence: int = 0
    printed: bytearray = field(default_factory=bytearray)
    states: list[tuple[str, str]] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)
    unknown: list[tuple[int, int]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    changed: trio.Event = field(default_factory=trio.Event)

    def output(self, data: bytes) -> None:
        self.printed += data
        self._wake()

    def activating(self, managed_system_session_id: int) -> None:
        self.recorded_session_id = managed_system_session_id

    def activated(self) -> None:
        self._wake()

    def overrun(self) -> None:
        pass

    def output_gap(self, packets: int) -> None:
        pass

    def late_output(self, data: bytes) -> None:
        pass

    def break_detected(self) -> None:
        pass

    def host_unavailable(self, unavailable: bool) -> None:
        pass

    def input_accepted(self, input_id: int, last_sol_sequence: int) -> None:
        self.accepted.append(input_id)
        self.last_sol_sequence = last_sol_sequence
        self._wake()

    def input_unknown(self, input_id: int, characters: int) -> None:
        self.unknown.append((input_id, characters))
        self._wake()

    def state_changed(self, state: State, reason: str) -> None:
        self.states.append((str(state), reason))
        self._wake()

    def connection_lost(self, reason: str, silent_for: float, *, orphaned: bool) -> None:
        assert silent_for >= 0
        if not orphaned:
            self.recorded_session_id = 0
        self.lost.append(reason)
        self._wake()

    def _wake(self) -> None:
        self.changed.set()
        self.changed = trio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        with trio.fail_after(20):
            while not condition():
                await self.changed.wait()

    async def until_state(self, state: State) -> str:
        await self.until(lambda: bool(self.states) and self.states[-1][0] == state)
        return self.states[-1][1]


def settings(port: int, **changes: object) -> SessionSettings:
    async def load_credentials() -> Credentials:
        return Credentials(b"admin", b"secret12")

    fields: dict[str, object] = {
        "name": "server42",
        "host": "127.0.0.1",
        "port": port,
        "source_address": None,
        "load_credentials": load_credentials,
        "suites": (SUITE_17,),
        **changes,
    }
    return SessionSettings(**fields)  # type: ignore[arg-type] # keyword overrides


@dataclass
class Scene:
    hub: Hub
    nursery: trio.Nursery
    limiter: trio.CapacityLimiter

    def keeper(self, scribe: Scribe, port: int, **changes: object) -> Keeper:
        keeper = Keeper(
            settings(port, **changes),
            self.hub,
            scribe,
            handshakes=self.limiter,
            entropy=os.urandom,
            jitter=random.Random(1),
        )
        self.nursery.start_soon(keeper.run)
        return keeper


def play(scene: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        hub = Hub()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hub.run)
            await scene(Scene(hub, nursery, trio.CapacityLimiter(50)))
            nursery.cancel_scope.cancel()

    trio.run(main)


async def rack_in(nursery: trio.Nursery, port: int = 0) -> tuple[Rack, int]:
    """Start one simulated BMC that echoes; return it and its port."""
    rack = await nursery.start(serve_rack, RackSettings(names=("server42",), source="echo", base_port=port))
    assert isinstance(rack, Rack)
    return rack, rack.addresses()["server42"][1]


def test_it_connects_passes_input_on_and_ends_in_order() -> None:
    async def scene(scene: Scene) -> None:
        rack, port = await rack_in(scene.nursery)
        scribe = Scribe()
        keeper = scene.keeper(scribe, port)
        assert not keeper.send_input(b"too early", 1)
        await scribe.until_state(State.UP)
        assert keeper.suite is SUITE_17
        assert keeper.send_input(b"uptime\r", 2)
        await scribe.until(lambda: scribe.printed == b"uptime\r" and scribe.accepted == [2])
        owner = rack.slots["server42"].bmc.controller.sol_owner
        assert owner is not None
        assert scribe.recorded_session_id in rack.slots["server42"].bmc.controller.sessions
        await keeper.stop()
        assert rack.slots["server42"].bmc.controller.sol_owner is None
        assert rack.slots["server42"].bmc.controller.sessions == {}
        assert await scribe.until_state(State.DOWN) == "solmux stops"

    play(scene)


def test_a_closed_port_is_named_and_tried_again() -> None:
    async def scene(scene: Scene) -> None:
        scribe = Scribe()
        async with trio.open_nursery() as rack_nursery:
            _, port = await rack_in(rack_nursery)
            rack_nursery.cancel_scope.cancel()
        keeper = scene.keeper(scribe, port)
        reason = await scribe.until_state(State.DOWN)
        assert reason == "BMC does not answer (port closed)"
        assert scribe.lost == []  # it never was up, so nothing was lost
        await rack_in(scene.nursery, port)
        keeper.reconnect_now()
        await scribe.until_state(State.UP)

    play(scene)


def test_an_orphan_of_ours_is_taken_back_and_nobody_elses() -> None:
    async def scene(scene: Scene) -> None:
        _, port = await rack_in(scene.nursery)
        first = Scribe()
        with trio.CancelScope() as dead:
            async with trio.open_nursery() as nursery:
                Scene(scene.hub, nursery, scene.limiter).keeper(first, port)
                await first.until_state(State.UP)
                dead.cancel()  # as a kill -9 would: nothing is deactivated
        stranger = Scribe()
        keeper = scene.keeper(stranger, port)
        reason = await stranger.until_state(State.HELD)
        assert reason.startswith("held by ")
        await keeper.stop()
        heir = Scribe(recorded_session_id=first.recorded_session_id)
        scene.keeper(heir, port)
        await heir.until_state(State.UP)

    play(scene)


def test_a_look_at_a_held_console_is_no_news_unless_something_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("solmux.session.keeper.HELD_POLL", 0.02)

    async def scene(scene: Scene) -> None:
        rack, port = await rack_in(scene.nursery)
        controller = rack.slots["server42"].bmc.controller
        owner, watcher = Scribe(), Scribe()
        holder = scene.keeper(owner, port)
        await owner.until_state(State.UP)
        seen: set[int] = set()
        scene.keeper(watcher, port)
        with trio.fail_after(20):
            while len(seen) < 5:  # as many sessions, as many looks
                seen |= set(controller.sessions)
                await trio.lowlevel.checkpoint()
        assert [state for state, _ in dict.fromkeys(watcher.states)] == ["connecting", "held"]
        assert watcher.states[1:] == [watcher.states[1]] * len(watcher.states[1:])
        await holder.stop()
        await watcher.until_state(State.UP)

    play(scene)


def test_a_name_with_several_addresses_is_tried_through(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(_host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        families = ((socket.AF_INET6, "2001:db8::1"), (socket.AF_INET, "127.0.0.1"))  # the first has no route
        return [(family, socket.SOCK_DGRAM, 17, "", (address, port)) for family, address in families]

    async def scene(scene: Scene) -> None:
        _, port = await rack_in(scene.nursery)
        scribe = Scribe()
        keeper = scene.keeper(scribe, port, host="server42-bmc")
        await scribe.until_state(State.UP)
        assert keeper.peer == "127.0.0.1"

    monkeypatch.setattr(trio.socket, "getaddrinfo", getaddrinfo)
    play(scene)


def test_a_wrong_password_is_a_refusal_and_is_not_hammered() -> None:
    async def wrong() -> Credentials:
        return Credentials(b"admin", b"wrong")

    async def scene(scene: Scene) -> None:
        _, port = await rack_in(scene.nursery)
        scribe = Scribe()
        scene.keeper(scribe, port, load_credentials=wrong)
        reason = await scribe.until_state(State.REFUSED)
        assert "password" in reason
        count = len(scribe.states)
        with trio.move_on_after(2.5):
            await scribe.changed.wait()
        assert len(scribe.states) == count

    play(scene)


def test_a_password_that_cannot_be_read_is_told_as_it_is() -> None:
    async def unreadable() -> Credentials:
        raise CredentialsUnavailable("/etc/solmux/bmc.password: Permission denied")

    async def scene(scene: Scene) -> None:
        scribe = Scribe()
        scene.keeper(scribe, 1, load_credentials=unreadable)
        reason = await scribe.until_state(State.REFUSED)
        assert reason == "/etc/solmux/bmc.password: Permission denied"

    play(scene)
