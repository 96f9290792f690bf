"""Keystroke to echo through `ssh`, and through bare `ipmitool`, on the same ipmi_sim in the same run.

Usage: python -m bench.echo [KEYS]

The host's end of the serial line echoes every character at once. The two clients take turns, because a BMC
has one SOL session; each turn is one login and KEYS/ROUNDS single keystrokes, typed at irregular intervals.
"""

import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.interop.ipmi_simulator import PASSWORD, USERNAME, IpmiSimulator
from tests.interop.peers import require
from tests.interop.service import Service
from tests.interop.terminal import Terminal

ROUNDS = 3
GAP = (0.02, 0.06)  # seconds between keystrokes


def echo(bmc: IpmiSimulator) -> None:
    """Send every character of the serial line back until it is closed."""
    try:
        while data := bmc.serial.recv(4096):
            bmc.serial.sendall(data)
    except OSError:
        return


def type_keys(terminal: Terminal, keys: int, source: random.Random) -> list[float]:
    """Type single keys; return the seconds until each came back."""
    times = []
    for _ in range(keys):
        time.sleep(source.uniform(*GAP))
        key = source.choice("abcdefghijklmnopqrstuvwxyz")
        start = time.perf_counter()
        terminal.type(key)
        terminal.expect(key, 10)
        times.append(time.perf_counter() - start)
    return times


def through_ipmitool(bmc: IpmiSimulator, keys: int, source: random.Random) -> list[float]:
    """One turn of bare `ipmitool`."""
    command = [require("ipmitool"), "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(bmc.port)]
    command += ["-U", USERNAME, "-P", PASSWORD]
    subprocess.run([*command, "sol", "deactivate"], capture_output=True, check=False)
    with Terminal([*command, "sol", "activate"]) as terminal:
        terminal.expect("SOL Session operational")
        terminal.type("=")
        terminal.expect("=.*=|=")
        times = type_keys(terminal, keys, source)
        terminal.type("\r~.")
        terminal.wait(10)
    return times


def through_ssh(service: Service, keys: int, source: random.Random) -> list[float]:
    """One turn of `ssh` to solmux."""
    service.start()
    try:
        service.await_state("server42", "up")
        with Terminal(service.ssh_command(login="server42", terminal=True)) as terminal:
            terminal.expect("read-write")
            terminal.type("=")
            terminal.expect("=")
            times = type_keys(terminal, keys, source)
            terminal.type("\x05c.")
            terminal.wait(10)
    finally:
        service.stop()
    return times


def percentiles(times: list[float]) -> str:
    """Return p50, p90 and p99 in milliseconds."""
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return "  ".join(f"p{p} {cuts[p - 1] * 1000:6.2f} ms" for p in (50, 90, 99))


def main() -> None:
    """Take turns and print both distributions and what ssh adds."""
    keys = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    source = random.Random(1)
    ipmitool: list[float] = []
    ssh: list[float] = []
    with tempfile.TemporaryDirectory() as directory, IpmiSimulator(Path(directory) / "bmc") as bmc:
        threading.Thread(target=echo, args=(bmc,), daemon=True).start()
        service = Service(Path(directory) / "mux", {"server42": [f'address = "{bmc.address}"']})
        for _ in range(ROUNDS):
            ipmitool += through_ipmitool(bmc, keys // ROUNDS, source)
            ssh += through_ssh(service, keys // ROUNDS, source)
    print(f"{len(ipmitool)} keys each, {ROUNDS} turns each")
    print(f"ipmitool           {percentiles(ipmitool)}")
    print(f"ssh through solmux {percentiles(ssh)}")
    bare, through = statistics.median(ipmitool), statistics.median(ssh)
    print(f"added at the median: {(through - bare) * 1000:+.2f} ms; ratio {through / bare:.2f}")


if __name__ == "__main__":
    main()
