"""Debian's `ipmi_sim` as the BMC: one process, one BMC, its serial side a TCP connection to the test."""

import contextlib
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.interop.peers import require

USERNAME = "admin"
PASSWORD = "secret12"
KG = "kg-of-the-lab-bmc"  # at most 19 characters: ipmi_sim drops the 20th of a quoted key

LAN = """\
name "bmc1"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcd01
{kg}  endlan
{startcmd}  sol "tcp:127.0.0.1:{serial_port}" 115200
  user 2 true "{username}" "{password}" admin 10 none md2 md5 straight
"""
EMULATOR = """\
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
"""


def free_udp_port() -> int:
    """Return a UDP port of the loopback address that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class IpmiSimulator:
    """A running ipmi_sim. `serial` is the host's end of the serial line.

    Attributes:
      port: UDP port on 127.0.0.1.
    """

    def __init__(self, directory: Path, *, kg: str = "", port: int = 0) -> None:
        self.directory = directory
        self.port = port or free_udp_port()
        self.serial: socket.socket
        self._kg = kg
        self._program = require("ipmi_sim")
        self._process: subprocess.Popen[bytes] | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(20)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._listener.close()

    @property
    def address(self) -> str:
        """Return `host:port`."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the BMC with empty state and wait for its serial side to connect."""
        state = self.directory / "state"
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir(parents=True)
        lan = self.directory / "lan.conf"
        lan.write_text(
            LAN.format(
                port=self.port,
                serial_port=self._listener.getsockname()[1],
                username=USERNAME,
                password=PASSWORD,
                kg=f'    bmc_key "{self._kg}"\n' if self._kg else "",
                startcmd="",
            )
        )
        emulator = self.directory / "bmc.emu"
        emulator.write_text(EMULATOR)
        command = [self._program, "-c", str(lan), "-f", str(emulator), "-s", str(state), "-n"]
        with (self.directory / "ipmi_sim.log").open("ab") as output:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output)
        self.serial, _ = self._listener.accept()
        self.serial.settimeout(60)
        self._wait_for_udp()

    def kill(self) -> None:
        """Kill it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process = None
            self.serial.close()

    def _wait_for_udp(self) -> None:
        """Wait until a presence ping is answered."""
        ping = bytes.fromhex("0600ff06000011be80010000")
        deadline = time.monotonic() + 10
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.2)
            probe.connect(("127.0.0.1", self.port))
            while time.monotonic() < deadline:
                with contextlib.suppress(OSError):
                    probe.send(ping)
                    probe.recv(64)
                    return
        raise AssertionError(f"ipmi_sim does not answer; see {self.directory}/ipmi_sim.log")
