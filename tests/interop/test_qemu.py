"""A real Linux kernel behind ipmi_sim, seen through `ssh`: firmware to shell, SysRq, panic, reboot."""

import subprocess
from pathlib import Path

import pytest

from tests.interop.qemu_machine import Machine
from tests.interop.service import Service, eventually
from tests.interop.terminal import Terminal

pytestmark = pytest.mark.interop

NAME = "guest"


def bmc_answers(machine: Machine) -> bool:
    """Whether the BMC is up."""
    try:
        return "Power is off" in machine.ipmitool("power", "status")
    except subprocess.SubprocessError:
        return False


def test_a_real_machine_from_power_on_to_panic_and_back(tmp_path: Path) -> None:
    lines: dict[str, list[str]] = {NAME: []}
    with Machine(tmp_path / "machine") as machine:
        eventually(lambda: bmc_answers(machine), "the BMC answers", 30)
        lines[NAME] = [f'address = "127.0.0.1:{machine.port}"']
        with Service(tmp_path / "mux", lines) as service:
            service.await_state(NAME, "up")
            with Terminal(service.ssh_command(NAME, terminal=True)) as terminal:
                terminal.expect("attached read-write")
                machine.ipmitool("power", "on")
                terminal.expect("SeaBIOS", 30)
                terminal.expect("Linux version", 60)
                terminal.expect("guest login: ", 120)
                terminal.type("root\r")
                terminal.expect("guest# ", 30)
                terminal.type("uname -s\r")
                terminal.expect("Linux\r\n", 30)
                terminal.type("\r~B")
                terminal.type("h\r")
                terminal.expect("sysrq: HELP", 30)
                terminal.expect("guest# ", 30)
                terminal.type("echo c > /proc/sysrq-trigger\r")
                terminal.expect("Kernel panic - not syncing", 30)
                terminal.expect("guest login: ", 120)  # panic=2 reboots
                terminal.type("\x05c.")
                assert terminal.wait() == 0
            machine.ipmitool("power", "off")
            eventually(lambda: len(service.record(NAME)) >= len(machine.truth), "the record is complete")
            assert service.record(NAME) == bytes(machine.truth)
            assert machine.breaks == 1
            text = service.text(NAME)
            assert "GAP" not in text
            banners = [line for line in text.splitlines() if "Linux version" in line]
            assert len(banners) == 2
            assert all("Z [    0.000000] Linux version" in line for line in banners)
            assert (
                sum("Z [" in line and "Kernel panic - not syncing" in line for line in text.splitlines()) >= 1
            )
