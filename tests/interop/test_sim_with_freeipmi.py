"""The simulated rack, driven by FreeIPMI's ipmiconsole, without any of its workaround flags."""

import subprocess
from collections.abc import Iterator

import pytest

from solmux.sim.rack import Rack, RackSettings
from tests.interop.peers import require
from tests.interop.terminal import Terminal
from tests.sim.running import free_ports, running_rack

pytestmark = pytest.mark.interop

KG = "kg-of-the-lab-bmc-20"


@pytest.fixture(scope="module", params=["", KG])
def rack(request: pytest.FixtureRequest) -> Iterator[Rack]:
    settings = RackSettings(
        names=("server42",),
        base_port=free_ports(1),
        kg=request.param.encode(),
        booted=True,
        power_on_spread=0.0,
    )
    with running_rack(settings) as rack:
        yield rack


def command(rack: Rack, suite: str, *words: str) -> list[str]:
    host, port = rack.addresses()["server42"]
    kg = rack.settings.kg.decode()
    head = [require("ipmiconsole"), "-h", f"{host}:{port}", "-u", "admin", "-p", "secret12", "-I", suite]
    return [*head, *(["-k", kg] if kg else []), *words]


@pytest.mark.parametrize("suite", ["3", "17"])
def test_a_console_session(rack: Rack, suite: str) -> None:
    with Terminal(command(rack, suite)) as terminal:
        terminal.expect(r"\[SOL established\]")
        terminal.type("\r")
        terminal.expect("server42 login: ")
        terminal.type("root\r")
        terminal.expect("Password: ")
        terminal.type("x\r")
        terminal.expect("root@server42:~# ")
        terminal.type("seq 101 150\r")
        terminal.expect("".join(f"{number}\r\n" for number in range(101, 151)))
        terminal.type("&B")
        terminal.type("h")
        terminal.expect("sysrq: HELP : loglevel")
        terminal.type("exit\r")
        terminal.expect("login: ")
        terminal.type("&.")
        terminal.expect(r"\[closing the connection\]")
        terminal.wait()


def test_a_thief_gets_the_console_and_the_victim_is_told(rack: Rack) -> None:
    with Terminal(command(rack, "17")) as victim:
        victim.expect(r"\[SOL established\]")
        with Terminal(command(rack, "3")) as thief:
            thief.expect(r"\[SOL established\]")
            victim.expect("error|stolen|closing", within=20)
            thief.type("\r")
            thief.expect("login: ")
            thief.type("&.")
            thief.wait()


def test_deactivation(rack: Rack) -> None:
    with Terminal(command(rack, "17")) as terminal:
        terminal.expect(r"\[SOL established\]")
        subprocess.run(command(rack, "17", "--deactivate"), timeout=30, check=True, capture_output=True)
        terminal.expect("error|stolen|closing", within=20)


def test_a_wrong_password(rack: Rack) -> None:
    words = command(rack, "17")
    words[words.index("-p") + 1] = "wrong"
    with Terminal(words) as terminal:
        terminal.expect("password invalid", within=30)
