"""The simulated rack, driven by Debian's ipmitool."""

import subprocess
from collections.abc import Iterator

import pytest

from solmux.sim.faults import GOIPMI, OPENBMC
from solmux.sim.link import LinkFaults
from solmux.sim.rack import Rack, RackSettings
from tests.interop.peers import require
from tests.interop.terminal import Terminal
from tests.sim.running import running_rack

pytestmark = pytest.mark.interop

SUITES = ["3", "17"]
KG = "kg-of-the-lab-bmc-20"
NAMES = ("plain", "keyed", "bad-link", "openbmc", "goipmi")


@pytest.fixture(scope="module")
def rack() -> Iterator[Rack]:
    settings = RackSettings(
        names=NAMES,
        base_port=0,
        source="server",
        booted=True,
        power_on_spread=0.0,
        faults_of={"openbmc": OPENBMC, "goipmi": GOIPMI},
    )
    with running_rack(settings) as rack:
        yield rack


@pytest.fixture(scope="module")
def keyed() -> Iterator[Rack]:
    settings = RackSettings(
        names=("keyed",), base_port=0, kg=KG.encode(), booted=True, power_on_spread=0.0, operator="op"
    )
    with running_rack(settings) as rack:
        yield rack


def command(
    rack: Rack, name: str, suite: str, *words: str, user: str = "admin", level: str = "ADMINISTRATOR"
) -> list[str]:
    host, port = rack.addresses()[name]
    key = ["-k", KG] if name == "keyed" else []
    head = [require("ipmitool"), "-I", "lanplus", "-C", suite, "-H", host, "-p", str(port)]
    return [*head, "-U", user, "-P", "secret12", "-L", level, *key, *words]


def ipmitool(rack: Rack, name: str, suite: str, *words: str, fails: bool = False, **options: str) -> str:
    run = subprocess.run(
        command(rack, name, suite, *words, **options), capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode != 0) == fails, run.stdout + run.stderr
    return run.stdout + run.stderr


@pytest.mark.parametrize("suite", SUITES)
def test_identity_and_state(rack: Rack, suite: str) -> None:
    assert "IPMI Version              : 2.0" in ipmitool(rack, "plain", suite, "mc", "info")
    assert "System Power         : on" in ipmitool(rack, "plain", suite, "chassis", "status")
    sol = ipmitool(rack, "plain", suite, "sol", "info")
    assert "Enabled                         : true" in sol
    assert "Retry Interval (ms)             : 500" in sol
    assert "Volatile Bit Rate (kbps)        : 115.2" in sol
    sessions = ipmitool(rack, "plain", suite, "session", "info", "active")
    assert "console ip                    : 127.0.0.1" in sessions
    ciphers = ipmitool(rack, "plain", suite, "channel", "getciphers", "ipmi")
    assert "hmac_sha256     sha256_128      aes_cbc_128" in ciphers


@pytest.mark.parametrize("suite", SUITES)
def test_a_bmc_key(keyed: Rack, suite: str) -> None:
    assert "IPMI Version" in ipmitool(keyed, "keyed", suite, "mc", "info")
    without = command(keyed, "keyed", suite, "mc", "info")
    place = without.index("-k")
    del without[place : place + 2]
    run = subprocess.run(without, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode != 0


def test_wrong_credentials(rack: Rack) -> None:
    words = command(rack, "plain", "17", "-v", "mc", "info")
    words[words.index("-P") + 1] = "wrong"
    run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert "RAKP 2 HMAC is invalid" in run.stderr
    unknown = ipmitool(rack, "plain", "17", "-v", "mc", "info", user="nobody", fails=True)
    assert "unauthorized name" in unknown


def test_an_operator_may_not_be_administrator(keyed: Rack) -> None:
    refused = ipmitool(keyed, "keyed", "17", "-v", "mc", "info", user="op", fails=True)
    assert "unauthorized role" in refused
    assert "on" in ipmitool(keyed, "keyed", "17", "power", "status", user="op", level="OPERATOR")


def test_sol_configuration(rack: Rack) -> None:
    ipmitool(rack, "goipmi", "17", "sol", "set", "retry-interval", "7")
    ipmitool(rack, "goipmi", "17", "sol", "set", "character-send-threshold", "96")
    info = ipmitool(rack, "goipmi", "17", "sol", "info")
    assert "Retry Interval (ms)             : 70" in info
    assert "Character Send Threshold        : 96" in info


def test_commands_that_the_bmc_does_not_know(rack: Rack) -> None:
    assert "Invalid command" in ipmitool(rack, "plain", "17", "sel", "info", fails=True)


@pytest.mark.parametrize(
    ("name", "suite"),
    [("plain", "3"), ("plain", "17"), ("openbmc", "17"), ("goipmi", "17"), ("keyed", "3"), ("keyed", "17")],
)
def test_a_console_session(rack: Rack, keyed: Rack, name: str, suite: str) -> None:
    with Terminal(command(keyed if name == "keyed" else rack, name, suite, "sol", "activate")) as terminal:
        terminal.expect("SOL Session operational")
        log_in(terminal, name)
        terminal.type("uname -n; echo '4 2'\r")
        terminal.expect(rf"uname -n; echo '4 2'\r\n.*{name}\r\n4 2\r\n")
        terminal.type("~B")
        terminal.expect(r"\[send break\]")
        terminal.type("h")
        terminal.expect("sysrq: HELP : loglevel")
        terminal.type("exit\r")
        terminal.expect("logout")
        terminal.type("\r~.")
        terminal.expect("terminated ipmitool")
        assert terminal.wait() == 0


def log_in(terminal: Terminal, name: str) -> None:
    terminal.type("\r")
    terminal.expect(f"{name} login: ")
    terminal.type("root\r")
    terminal.expect("Password: ")
    terminal.type("x\r")
    terminal.expect(f"root@{name}:~# ")


def test_much_output_arrives_whole(rack: Rack) -> None:
    with Terminal(command(rack, "plain", "17", "sol", "activate")) as terminal:
        terminal.expect("SOL Session operational")
        log_in(terminal, "plain")
        terminal.type("seq 10001 14000\r")
        terminal.expect("13999\r\n14000\r\n", within=30)
        start = terminal.output.index(b"10001\r\n", terminal.output.index(b"seq 10001"))
        numbers = b"".join(b"%d\r\n" % number for number in range(10001, 14001))
        assert terminal.output[start : start + len(numbers)] == numbers
        terminal.type("exit\r~.")
        terminal.wait()


def test_the_victim_of_a_theft_notices_when_it_types(rack: Rack) -> None:
    with Terminal(command(rack, "plain", "17", "sol", "activate")) as victim:
        victim.expect("SOL Session operational")
        assert "already active on another session" in ipmitool(
            rack, "plain", "3", "sol", "activate", fails=True
        )
        ipmitool(rack, "plain", "3", "sol", "deactivate")
        victim.type("x")  # ipmitool takes no notice of the BMC's farewell
        victim.expect("SOL session closed by BMC")
        victim.wait()


def test_a_session_over_a_bad_link() -> None:
    settings = RackSettings(
        names=("far",),
        base_port=0,
        booted=True,
        power_on_spread=0.0,
        link=LinkFaults(duplication=0.1, delay=0.02, jitter=0.01),
    )
    with (
        running_rack(settings) as rack,
        Terminal(command(rack, "far", "17", "sol", "activate")) as terminal,
    ):
        terminal.expect("SOL Session operational")
        log_in(terminal, "far")
        terminal.type("seq 101 200\r")
        terminal.expect("".join(f"{number}\r\n" for number in range(101, 201)))
        terminal.type("exit\r~.")
        terminal.wait()


def test_power_on_shows_the_boot() -> None:
    settings = RackSettings(names=("cold",), base_port=0, start_powered_on=False)
    with running_rack(settings) as rack:
        assert "Chassis Power is off" in ipmitool(rack, "cold", "17", "power", "status")
        with Terminal(command(rack, "cold", "17", "sol", "activate")) as terminal:
            terminal.expect("SOL Session operational")
            ipmitool(rack, "cold", "3", "power", "on")
            terminal.expect("Press <DEL>")
            terminal.expect("GNU GRUB")
            ipmitool(rack, "cold", "3", "power", "off")
            assert "Chassis Power is off" in ipmitool(rack, "cold", "17", "power", "status")
