"""The operating system of a simulated server from its first process to the login prompt, and down again."""

from solmux.sim.machine.kernel import say
from solmux.sim.machine.line_editor import EndOfInput, Interrupted, read_line
from solmux.sim.machine.script import Pause, Print, Script
from solmux.sim.machine.shell import run_shell
from solmux.sim.machine.state import Ending, Machine, Restart
from solmux.sim.machine.texts import lines_of

_OK = b"[\x1b[0;32m  OK  \x1b[0m] "
_FAILED = b"[\x1b[0;1;31mFAILED\x1b[0m] "
_IN_PROGRESS = b"         "
_DOING = ("Starting", "Mounting", "Stopping", "Unmounting")
_FLAKY = "chrony.service"
_CUT = "dev-mqueue.mount"
_LOGIN_SECONDS = 60.0
_WRONG_LOGIN_SECONDS = 2.5


def start_userland(machine: Machine) -> Script[None]:
    """Start everything up to the login prompt."""
    hardware = machine.hardware
    version = f"systemd {hardware.systemd} running in system mode (+PAM +AUDIT +SELINUX +APPARMOR)"
    yield Print(say(machine, f"systemd[1]: {version}"))
    yield Print(say(machine, "systemd[1]: Detected architecture x86-64."))
    yield Print(b"\r\nWelcome to \x1b[1m" + _pretty_name(machine).encode() + b"\x1b[0m!\r\n\r\r\n")
    yield Print(say(machine, f"systemd[1]: Hostname set to <{hardware.hostname}>."))
    yield Pause(machine.chance.uniform(0.3, 0.9))
    flaky = machine.chance.random() < 0.25
    for line in lines_of("systemd_start.txt"):
        what, unit, description = line.split("|")
        yield Pause(machine.chance.uniform(0.01, 0.12))
        if flaky and unit == _FLAKY and what == "Started":
            yield Print(_FAILED + _status("Failed to start", unit, description))
            yield Print(b"See 'systemctl status %s' for details.\r\r\n" % unit.encode())
        else:
            yield Print(status_line(what, unit, description))


def log_in(machine: Machine) -> Script[None]:
    """Ask for name and password for ever, and run a shell for whoever gets in."""
    machine.ready = True
    while True:
        yield Print(
            f"\r\r\n{machine.hardware.distribution} {machine.hardware.hostname} ttyS0\r\n\r\n".encode()
        )
        try:
            user = yield from _ask_name(machine)
        except (Interrupted, EndOfInput):  # getty starts afresh
            continue
        yield Print(b"Password: ")
        password = yield from read_line(echo=False, timeout=_LOGIN_SECONDS)
        if password is None:
            yield Print(b"\r\nLogin timed out after 60 seconds.\r\n")
        elif user == "root":
            yield from _session(machine)
        else:
            yield Pause(_WRONG_LOGIN_SECONDS)
            yield Print(b"\r\nLogin incorrect\r\n")


def _ask_name(machine: Machine) -> Script[str]:
    name = ""
    while not name:
        yield Print(f"{machine.hardware.hostname} login: ".encode())
        name = ((yield from read_line()) or "").strip()
    return name


def stop_userland(machine: Machine, ending: Ending) -> Script[None]:
    """Stop everything, as after `reboot` or `poweroff`."""
    machine.ready = False
    for line in lines_of("systemd_stop.txt"):
        yield Pause(machine.chance.uniform(0.01, 0.08))
        yield Print(status_line(*line.split("|")))
    for line in lines_of("shutdown_kernel.txt"):
        yield Pause(machine.chance.uniform(0.01, 0.06))
        yield Print(say(machine, line))
    if isinstance(ending, Restart):
        yield Print(say(machine, "systemd-shutdown[1]: Rebooting."))
        yield Print(say(machine, "reboot: Restarting system\nreboot: machine restart"))
    else:
        yield Print(say(machine, "systemd-shutdown[1]: Powering off."))
        yield Print(say(machine, "ACPI: PM: Preparing to enter system sleep state S5\nreboot: Power down"))
    yield Pause(0.5)


def status_line(what: str, unit: str, description: str) -> bytes:
    """Return a line as systemd shows it on an 80-column console."""
    if what in _DOING:
        return _IN_PROGRESS + _status(what, unit, description + "..", end=".")
    return _OK + _status(what, unit, description)


def _status(what: str, unit: str, description: str, end: str = ".") -> bytes:
    coloured = f"\x1b[0;1;39m{unit}\x1b[0m"
    if unit == _CUT:  # systemd shortens lines to 80 columns and at times cuts an escape sequence in two
        coloured = f"\x1b[0;1;39m{unit}\x1b…"
    elif len(unit) > 24:
        coloured = f"\x1b[0;1;39m{unit[:18]}…{unit[-3:]}\x1b[0m"
    return f"{what} {coloured} - {description}{end}\r\r\n".encode()


def _session(machine: Machine) -> Script[None]:
    hardware = machine.hardware
    now = machine.time_of_day()
    yield Pause(0.2)
    version = f"{hardware.kernel_release} #1 SMP PREEMPT_DYNAMIC Debian {hardware.kernel_version}"
    lines = [
        f"Linux {hardware.hostname} {version} x86_64",
        "",
        "The programs included with this system come with ABSOLUTELY NO WARRANTY,",
        "to the extent permitted by applicable law. This machine is simulated.",
        f"Last login: {now:%a %b %d %H:%M:%S} UTC {now:%Y} on ttyS0",
    ]
    yield Print("".join(line + "\r\n" for line in lines).encode())
    yield from run_shell(machine)


def _pretty_name(machine: Machine) -> str:
    return f"{machine.hardware.distribution} ({machine.hardware.codename})"
