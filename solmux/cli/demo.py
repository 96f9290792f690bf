"""`solmux demo`: a simulated rack and the whole service on loopback, with throw-away state."""

import contextlib
import logging
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from solmux.cli import fail
from solmux.cli.sim import SIMULATED_USER
from solmux.service.supervisor import Supervisor, service_parts

FIRST_SSH_PORT = 2222
FIRST_BMC_PORT = 9200
CONFIG = """\
[server]
runtime_directory = "{home}/run"
state_directory = "{home}/state"
[ssh]
listen = ["127.0.0.1:{port}"]
authorized_keys = "authorized_keys"
[log]
directory = "{home}/log"
[bmc]
username = "{user}"
password_file = "bmc.password"
"""
SSH_CONFIG = """\
Host mux con
    HostName 127.0.0.1
    Port {port}
    User console
    IdentityFile "{home}/id_ed25519"
    IdentitiesOnly yes
    UserKnownHostsFile "{home}/known_hosts"
    StrictHostKeyChecking accept-new
    LogLevel ERROR
Host con
    RequestTTY yes
"""


@click.command()
@click.option(
    "--consoles", type=click.IntRange(1, 500), default=4, show_default=True, help="Simulated servers."
)
def demo(consoles: int) -> None:
    """Start simulated servers and the service on 127.0.0.1, and print the lines to try.

    The servers boot, log in, panic and reboot behind simulated BMCs that speak RMCP+ over real UDP. Nothing
    has to be configured; everything lives in a temporary directory that Ctrl-C removes.
    """
    logging.basicConfig(level=logging.WARNING, format="solmux demo: %(levelname)s: %(message)s")
    keygen = shutil.which("ssh-keygen")
    if keygen is None:
        fail(2, "ssh-keygen is not installed (Debian: apt-get install openssh-client)")
    with tempfile.TemporaryDirectory(prefix="solmux-demo-") as directory:
        home = Path(directory)
        bmc_port = free_ports(socket.SOCK_DGRAM, FIRST_BMC_PORT, consoles)
        names = prepare(home, keygen, consoles, bmc_port)
        rack = ["sim", "--names", ",".join(names), "--port", str(bmc_port)]
        rack += ["--password-file", str(home / "bmc.password")]
        commands = {"rack": rack, **service_parts(home / "solmux.toml")}
        code = Supervisor(commands, on_ready=lambda: announce(home, names)).run()
    raise SystemExit(code)


def free_ports(kind: socket.SocketKind, first: int, count: int) -> int:
    """Return the first of *count* ports in a row that nobody uses on 127.0.0.1, *first* if it will do."""
    for start in range(first, 60000, max(count, 10)):
        with contextlib.ExitStack() as probes:
            try:
                for port in range(start, start + count):
                    probe = probes.enter_context(socket.socket(socket.AF_INET, kind))
                    probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return start
    return fail(2, f"no {count} free ports in a row on 127.0.0.1")


def prepare(home: Path, keygen: str, consoles: int, bmc_port: int) -> list[str]:
    """Write key, password and configuration into *home*; return the consoles' names."""
    key = [keygen, "-q", "-t", "ed25519", "-N", "", "-C", user_name(), "-f", str(home / "id_ed25519")]
    subprocess.run(key, check=True)
    port = free_ports(socket.SOCK_STREAM, FIRST_SSH_PORT, 1)
    (home / "authorized_keys").write_text((home / "id_ed25519.pub").read_text())
    password = home / "bmc.password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(15)[:20] + "\n")
    names = [f"server{number:02d}" for number in range(1, consoles + 1)]
    lines = [CONFIG.format(home=home, port=port, user=SIMULATED_USER)]
    for index, name in enumerate(names):
        lines.append(f'[consoles.{name}]\naddress = "127.0.0.1:{bmc_port + index}"\n')
    (home / "solmux.toml").write_text("".join(lines))
    (home / "ssh_config").write_text(SSH_CONFIG.format(home=home, port=port))
    return names


def user_name() -> str:
    """Return who runs the demo, as the key's comment."""
    return os.environ.get("USER") or "you"


def announce(home: Path, names: list[str]) -> None:
    """Say what to try."""
    ssh = f"ssh -F {shlex.quote(str(home / 'ssh_config'))}"
    beside = Path(sys.executable).with_name("solmux")  # `./run` puts it where no PATH leads
    solmux = shlex.quote(str(beside)) if beside.exists() else "solmux"
    click.echo(
        f"""
{len(names)} simulated servers are booting. In another terminal:

attach, and log in as root with any password (Ctrl-E c . leaves, Ctrl-E c ? helps):
  {ssh} con {names[0]}
the list; the log as it grows:
  {ssh} mux ls
  {ssh} mux log {names[0]} -f
without SSH:
  {solmux} ls -c {home}/solmux.toml

At a server's prompt try: uname -a, dmesg, reboot, panic. Files are in {home}/log
Ctrl-C ends the demo.
"""
    )
