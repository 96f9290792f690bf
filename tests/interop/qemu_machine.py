"""A real guest behind a real BMC: QEMU's serial port is ipmi_sim's SOL, and IPMI switches the guest.

ipmi_sim starts and stops QEMU over its VM protocol. Between their serial sides stands a relay of the test: it
lets either side come and go, and keeps every byte that the guest sent, as the truth.
"""

import contextlib
import os
import selectors
import shlex
import signal
import socket
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.interop.guest import guest
from tests.interop.ipmi_simulator import EMULATOR, PASSWORD, USERNAME, free_udp_port
from tests.interop.peers import require

LAN = """\
name "machine"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {port}
    priv_limit admin
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdee
  endlan
  serial kcs 127.0.0.1 {vm_port} codec VM
  startcmd "{script}"
  startnow false
  poweroff_wait 5
  kill_wait 2
  sol "tcp:127.0.0.1:{sol_port}" 115200
  user 1 true "" "test" user 10 none md2 md5 straight
  user 2 true "{username}" "{password}" admin 10 none md2 md5 straight
"""
TELNET_BREAK = b"\xff\xf3"  # how ipmi_sim writes a BREAK into a tcp: serial line


class Machine:
    """Guest, BMC and relay.

    Attributes:
      port: the BMC's UDP port on 127.0.0.1.
      truth: every byte the guest's serial port has sent.
    """

    def __init__(self, directory: Path) -> None:
        self.port = free_udp_port()
        self.truth = bytearray()
        self.breaks = 0
        self._directory = directory
        self._listeners = {side: socket.create_server(("127.0.0.1", 0)) for side in ("guest", "bmc")}
        self._vm_port = free_udp_port()
        self._sides: dict[str, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._stop_read, self._stop_write = os.pipe()
        self._relay = threading.Thread(target=self._run_relay, name="serial relay")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / "state").mkdir()
        self._write_files()
        command = [require("ipmi_sim"), "-c", "lan.conf", "-f", "bmc.emu", "-s", "state", "-n"]
        self._relay.start()
        with (self._directory / "ipmi_sim.log").open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)  # ipmi_sim and the guest it started
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._stop_write)
        self._relay.join(10)

    def ipmitool(self, *words: str) -> str:
        """Run ipmitool against the BMC."""
        command = [require("ipmitool"), "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(self.port)]
        command += ["-U", USERNAME, "-P", PASSWORD, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout

    def _write_files(self) -> None:
        kernel, disk = guest()
        port = {side: listener.getsockname()[1] for side, listener in self._listeners.items()}
        command = [require("qemu-system-x86_64"), "-m", "256", "-nographic", "-vga", "std", "-nic", "none"]
        command += ["-monitor", f"unix:{self._directory}/monitor,server=on,wait=off"]
        command += ["-chardev", f"socket,id=ser,host=127.0.0.1,port={port['guest']},reconnect=1,nodelay=on"]
        command += ["-serial", "chardev:ser"]
        command += ["-chardev", f"socket,id=vm,host=127.0.0.1,port={self._vm_port},reconnect=1"]
        command += ["-device", "ipmi-bmc-extern,id=bmc0,chardev=vm", "-device", "isa-ipmi-kcs,bmc=bmc0,irq=5"]
        command += ["-kernel", str(kernel), "-initrd", str(disk)]
        command += ["-append", "console=ttyS0,115200n8 panic=2 sysrq_always_enabled"]
        script = self._directory / "guest.sh"
        script.write_text(f"#!/bin/sh\nexec {shlex.join(command)} </dev/null >>qemu.log 2>&1\n")
        script.chmod(0o755)
        (self._directory / "lan.conf").write_text(
            LAN.format(
                port=self.port,
                vm_port=self._vm_port,
                script=script,
                sol_port=port["bmc"],
                username=USERNAME,
                password=PASSWORD,
            )
        )
        (self._directory / "bmc.emu").write_text(EMULATOR)

    def _run_relay(self) -> None:
        self._selector.register(self._stop_read, selectors.EVENT_READ, None)
        for side, listener in self._listeners.items():
            self._selector.register(listener, selectors.EVENT_READ, side)
        try:
            while True:
                for key, _ in self._selector.select():
                    if key.data is None:
                        return
                    if key.fileobj is self._listeners[key.data]:
                        self._accept(key.data)
                    elif key.fileobj is self._sides.get(key.data):
                        self._pass_on(key.data)
        finally:
            for each in (*self._listeners.values(), *self._sides.values()):
                each.close()
            os.close(self._stop_read)
            self._selector.close()

    def _accept(self, side: str) -> None:
        self._drop(side)
        connection, _ = self._listeners[side].accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sides[side] = connection
        self._selector.register(connection, selectors.EVENT_READ, side)

    def _drop(self, side: str) -> None:
        connection = self._sides.pop(side, None)
        if connection is not None:
            self._selector.unregister(connection)
            connection.close()

    def _pass_on(self, side: str) -> None:
        try:
            data = self._sides[side].recv(4096)
        except OSError:
            data = b""
        if not data:
            self._drop(side)
            return
        if side == "guest":
            self.truth += data
        elif TELNET_BREAK in data:
            data = data.replace(TELNET_BREAK, b"")
            self._send_break()
        other = self._sides.get("bmc" if side == "guest" else "guest")
        if other is not None and data:
            with contextlib.suppress(OSError):
                other.sendall(data)

    def _send_break(self) -> None:
        """Ask QEMU's monitor for the BREAK that ipmi_sim passed on in its own way."""
        self.breaks += 1
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(5)
            monitor.connect(f"{self._directory}/monitor")
            said = b""
            monitor.sendall(b"chardev-send-break ser\n")
            while said.count(b"(qemu)") < 2:  # the prompt it greets with, and the one after the command
                said += monitor.recv(4096)
