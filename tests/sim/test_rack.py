import contextlib
import errno
import math
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from solmux.ipmi.rmcp import presence_ping, presence_pong
from solmux.sim.faults import Faults
from solmux.sim.link import LinkFaults
from solmux.sim.rack import Rack, RackSettings, run_sim, serve_rack
from solmux.sim.server import Server
from solmux.sim.sources import PlainSource
from tests.sim.running import free_ports

Body = Callable[[Rack], Coroutine[None, None, None]]


def with_rack(settings: RackSettings, body: Body) -> None:
    """Run *body* beside a rack on a clock that jumps."""

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            rack: Rack = await nursery.start(serve_rack, settings)
            with trio.fail_after(1e6):
                await body(rack)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=MockClock(autojump_threshold=0))


def names(count: int) -> tuple[str, ...]:
    return tuple(f"n{number:03d}" for number in range(1, count + 1))


async def ping(address: tuple[str, int], tag: int = 1) -> bytes:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with trio.socket.socket(family, socket.SOCK_DGRAM) as console:
        await console.sendto(presence_ping(tag), address)
        return await console.recv(100)


def test_every_bmc_has_a_port_of_its_own() -> None:
    base = free_ports(3)

    async def body(rack: Rack) -> None:
        assert rack.addresses() == {
            "n001": ("127.0.0.1", base),
            "n002": ("127.0.0.1", base + 1),
            "n003": ("127.0.0.1", base + 2),
        }
        for tag, address in enumerate(rack.addresses().values()):
            assert await ping(address, tag) == presence_pong(tag)

    with_rack(RackSettings(names=names(3), base_port=base), body)


def test_every_bmc_has_an_address_of_its_own() -> None:
    port = free_ports(1)

    async def body(rack: Rack) -> None:
        assert list(rack.addresses().values()) == [
            ("127.77.0.254", port),
            ("127.77.0.255", port),
            ("127.77.1.0", port),
        ]
        assert await ping(rack.addresses()["n003"]) == presence_pong(1)

    with_rack(RackSettings(names=names(3), host="127.77.0.254", base_port=port, address_each=True), body)


def test_the_system_chooses_the_ports() -> None:
    async def body(rack: Rack) -> None:
        assert len({port for _, port in rack.addresses().values()}) == 3
        slots = rack.slots.values()
        assert [slot.bmc.controller.settings.port for slot in slots] == [
            p for _, p in rack.addresses().values()
        ]

    with_rack(RackSettings(names=names(3), base_port=0), body)


def test_a_bmc_listens_on_ipv6() -> None:
    async def body(rack: Rack) -> None:
        assert await ping(rack.addresses()["n001"]) == presence_pong(1)

    with_rack(RackSettings(names=names(1), host="::1", base_port=0), body)


def test_a_port_in_use_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"in use: UDP 127.0.0.1 port {port}$") as caught:
            Rack(RackSettings(names=names(1), base_port=port), now=0.0)
    assert caught.value.errno == errno.EADDRINUSE


def test_more_bmcs_than_ports() -> None:
    with pytest.raises(ValueError, match="BMC 3 would need UDP port 65536"):
        Rack(RackSettings(names=names(3), base_port=65534), now=0.0)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"username": "n" * 17}, "user name has 17 bytes"),
        ({"operator": "n" * 17}, "operator's name has 17 bytes"),
        ({"password": "\u00e4" * 11}, "password has 22 bytes"),
        ({"kg": bytes(21)}, "BMC key has 21 bytes"),
        ({"names": ("a", "b", "a")}, "a name of its own"),
        ({"rate": 0.0}, "carries nothing"),
    ],
)
def test_settings_that_no_bmc_could_have(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        RackSettings(**{"names": ("a",), **wrong})


def test_a_rack_that_could_not_be_made_leaves_no_socket_open() -> None:
    base = free_ports(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", base + 1))
        with pytest.raises(OSError, match="in use"):
            Rack(RackSettings(names=names(2), base_port=base), now=0.0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", base))


@pytest.mark.parametrize("source", ["silent", "echo", "server"])
def test_hundreds_of_idle_bmcs_cost_nothing(source: str) -> None:
    settings = RackSettings(names=names(300), base_port=0, source=source, booted=True)  # type: ignore[arg-type]  # of the literal

    async def body(rack: Rack) -> None:
        await trio.sleep(10)
        before = time.process_time()
        await trio.sleep(24 * 3600)
        assert time.process_time() - before < 0.5
        assert await ping(rack.addresses()["n300"]) == presence_pong(1)

    with_rack(settings, body)


def test_servers_boot_one_after_the_other_and_differ() -> None:
    async def body(rack: Rack) -> None:
        await trio.sleep(60)
        servers = [slot.host for slot in rack.slots.values()]
        assert all(isinstance(server, Server) and server.machine.ready for server in servers)
        assert len({slot.bmc.controller.settings.guid for slot in rack.slots.values()}) == 5

    with_rack(RackSettings(names=names(5), base_port=0, power_on_spread=20.0), body)


def test_servers_wait_for_somebody_to_switch_them_on() -> None:
    async def body(rack: Rack) -> None:
        await trio.sleep(60)
        assert not any(slot.host.powered for slot in rack.slots.values())
        assert all(slot.deadline == math.inf for slot in rack.slots.values())

    with_rack(RackSettings(names=names(2), base_port=0, start_powered_on=False), body)


def test_numbered_lines_come_at_their_rate() -> None:
    async def body(rack: Rack) -> None:
        await trio.sleep(100)
        for slot in rack.slots.values():
            assert isinstance(slot.host, PlainSource)
            assert 48_000 < slot.host.printed <= 50_000
        for _ in range(500):  # datagrams at any time leave nothing behind in the queue
            await ping(rack.addresses()["n001"])
        assert len(rack._queue) <= 4

    settings = RackSettings(
        names=names(2), base_port=0, source="numbered", bytes_per_second=500.0, power_on_spread=0.0
    )
    with_rack(settings, body)


def test_faults_of_single_bmcs() -> None:
    async def body(rack: Rack) -> None:
        answers = []
        for address in rack.addresses().values():
            with trio.move_on_after(5):
                answers.append(await ping(address))
        assert answers == [presence_pong(1)]

    settings = RackSettings(names=names(2), base_port=0, faults_of={"n002": Faults(ping_silent=True)})
    with_rack(settings, body)


def test_the_link_delays_both_directions() -> None:
    async def body(rack: Rack) -> None:
        start = trio.current_time()
        assert await ping(rack.addresses()["n001"]) == presence_pong(1)
        assert trio.current_time() - start == pytest.approx(0.8, abs=0.01)

    with_rack(RackSettings(names=names(1), base_port=0, link=LinkFaults(delay=0.4)), body)


def test_a_blackout_is_counted_from_the_start_of_the_rack() -> None:
    async def body(rack: Rack) -> None:
        address = rack.addresses()["n001"]
        await trio.sleep(5)
        with trio.move_on_after(100) as scope:
            await ping(address)
        assert scope.cancelled_caught
        await trio.sleep(100)
        assert await ping(address) == presence_pong(1)

    with_rack(RackSettings(names=names(1), base_port=0, link=LinkFaults(blackouts=((1.0, 181.0),))), body)


def test_the_link_loses_datagrams() -> None:
    async def body(rack: Rack) -> None:
        answered = 0
        for _ in range(200):
            with trio.move_on_after(1):
                answered += await ping(rack.addresses()["n001"]) == presence_pong(1)
        assert 80 < answered < 160  # 0.8 x 0.8 of them come through

    with_rack(RackSettings(names=names(1), base_port=0, link=LinkFaults(loss=0.2)), body)


def test_a_console_that_is_gone_hurts_nobody() -> None:
    async def body(rack: Rack) -> None:
        address = rack.addresses()["n001"]
        with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as console:
            await console.sendto(presence_ping(1), address)
        await trio.sleep(1)
        assert await ping(address) == presence_pong(1)

    with_rack(RackSettings(names=names(1), base_port=0), body)


PROGRAM = """\
from solmux.sim.rack import RackSettings, run_sim
settings = RackSettings(names=("server42", "server43"), base_port=0)
run_sim(settings, lambda rack: print(rack.addresses(), flush=True))
print("done", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_rack_on_the_command_line_runs_until_a_signal(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert re.fullmatch(r"\{'server42': \('127.0.0.1', \d+\), 'server43': .*\}\n", line)
            process.send_signal(number)
            assert process.stdout.read() == "done\n"
            assert process.wait(10) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def test_run_sim_raises_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="UDP port 65536"):
        run_sim(RackSettings(names=names(2), base_port=65535))
