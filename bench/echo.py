"""Keystroke to echo through `ssh`, and through bare `ipmitool`, side by side in one run.

Usage: python -m bench.echo [KEYS]

Each client has an ipmi_sim of its own, because a BMC has one SOL session; the host's end of the serial line
echoes every character at once. Both are attached all the time and get their keys in turn, one each, at
irregular intervals: whatever else the machine does hits both alike. The processor time of core and gateway is
everything they use meanwhile, the writing of the logs included.
"""

import contextlib
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.interop.ipmi_simulator import PASSWORD, USERNAME, IpmiSimulator
from tests.interop.peers import require
from tests.interop.service import Service
from tests.interop.terminal import Terminal

WARM_UP = 20  # keys of each client that are not counted
GAP = (0.02, 0.06)  # seconds between keystrokes


def echo(bmc: IpmiSimulator) -> None:
    """Send every character of the serial line back until it is closed."""
    try:
        while data := bmc.serial.recv(4096):
            bmc.serial.sendall(data)
    except OSError:
        return


def type_key(terminal: Terminal, source: random.Random) -> float:
    """Type one key; return the seconds until it came back."""
    time.sleep(source.uniform(*GAP))
    key = source.choice("abcdefghijklmnopqrstuvwxyz")
    start = time.perf_counter()
    terminal.type(key)
    terminal.expect(key, 10)
    return time.perf_counter() - start


@contextlib.contextmanager
def through_ipmitool(bmc: IpmiSimulator) -> Iterator[Terminal]:
    """Attach with bare `ipmitool`."""
    command = [require("ipmitool"), "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(bmc.port)]
    command += ["-U", USERNAME, "-P", PASSWORD]
    with Terminal([*command, "sol", "activate"]) as terminal:
        terminal.expect("SOL Session operational")
        yield terminal
        terminal.type("\r~.")
        terminal.wait(10)


@contextlib.contextmanager
def through_ssh(service: Service) -> Iterator[Terminal]:
    """Attach with `ssh` to solmux."""
    service.await_state("server42", "up")
    with Terminal(service.ssh_command(login="server42", terminal=True)) as terminal:
        terminal.expect("read-write")
        yield terminal
        terminal.type("\x05c.")
        terminal.wait(10)


def processor_time(process: int) -> float:
    """Return the processor seconds that *process* has used, to a hundredth."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentiles(times: list[float]) -> str:
    """Return p50, p90 and p99 in milliseconds."""
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return "  ".join(f"p{p} {cuts[p - 1] * 1000:6.2f} ms" for p in (50, 90, 99))


def main() -> None:
    """Type, and print both distributions, what ssh adds, and what it costs."""
    keys = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    source = random.Random(1)
    ipmitool: list[float] = []
    ssh: list[float] = []
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bmcs = [stack.enter_context(IpmiSimulator(directory / name)) for name in ("bmc1", "bmc2")]
        for bmc in bmcs:
            threading.Thread(target=echo, args=(bmc,), daemon=True).start()
        service = Service(directory / "mux", {"server42": [f'address = "{bmcs[1].address}"']})
        stack.enter_context(service)
        bare = stack.enter_context(through_ipmitool(bmcs[0]))
        through = stack.enter_context(through_ssh(service))
        for _ in range(WARM_UP):
            type_key(bare, source)
            type_key(through, source)
        parts = {name: service.part(name) for name in ("core", "gateway")}
        before = {name: processor_time(process) for name, process in parts.items()}
        for _ in range(keys):
            ipmitool.append(type_key(bare, source))
            ssh.append(type_key(through, source))
        used = {name: processor_time(process) - before[name] for name, process in parts.items()}
    print(f"{keys} keys each, in turn")
    print(f"ipmitool           {percentiles(ipmitool)}")
    print(f"ssh through solmux {percentiles(ssh)}")
    p50, p50_ssh = statistics.median(ipmitool), statistics.median(ssh)
    print(f"added at the median: {(p50_ssh - p50) * 1000:+.2f} ms; ratio {p50_ssh / p50:.2f}")
    print("processor time per key: " + ", ".join(f"{n} {s / keys * 1000:.2f} ms" for n, s in used.items()))


if __name__ == "__main__":
    main()
