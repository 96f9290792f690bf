"""Programs of the simulated shell that take their time, draw on the screen, or end the system."""

from collections.abc import Callable

from solmux.sim.machine import kernel
from solmux.sim.machine.kernel_texts import CRASHES
from solmux.sim.machine.line_editor import Interrupted
from solmux.sim.machine.script import GetKey, Pause, Print, Script
from solmux.sim.machine.shell_commands import Environment
from solmux.sim.machine.state import Crash, Machine, PowerOff, Restart

Program = Callable[[Environment, list[str]], Script[None]]

_TOP_SECONDS = 3.0
_PROCESSES = ("postgres", "nginx", "kworker/3:1", "node_exporter", "chronyd", "rsyslogd", "sshd", "systemd")


def write_file(environment: Environment, path: str, lines: list[str]) -> Script[None]:
    """Write to a file; two of them do something, the others forget."""
    machine = environment.machine
    text = "\n".join(lines)
    if path == "/proc/sysrq-trigger" and text:
        answer, ending = kernel.sysrq(machine, text[0], from_line=False)
        yield Print(answer)
        if ending is not None:
            raise ending
    elif path == "/dev/kmsg":
        yield Print(kernel.say(machine, text))


def _wait(seconds: float) -> Script[str]:
    """Wait that long; returns the key that was pressed, if any; Ctrl-C ends the program."""
    key = yield GetKey(seconds)
    if key == b"\x03":
        raise Interrupted
    return key.decode("latin-1")


def _reboot(_environment: Environment, _words: list[str]) -> Script[None]:
    yield Pause(0.2)
    raise Restart(orderly=True)


def _poweroff(_environment: Environment, _words: list[str]) -> Script[None]:
    yield Pause(0.2)
    raise PowerOff(orderly=True)


def _shutdown(environment: Environment, words: list[str]) -> Script[None]:
    yield from (_reboot if "-r" in words else _poweroff)(environment, words)


def _systemctl(environment: Environment, words: list[str]) -> Script[None]:
    if "--firmware-setup" in words:
        environment.machine.setup_next = True
    verbs = {"reboot": _reboot, "poweroff": _poweroff}
    chosen = next((verbs[word] for word in words if word in verbs), None)
    if chosen is None:
        yield Print(b"systemctl knows reboot [--firmware-setup] and poweroff here\r\n")
    else:
        yield from chosen(environment, words)


def _panic(environment: Environment, words: list[str]) -> Script[None]:
    """Crash: as by SysRq, or in one of the other ways when a number is given."""
    if words and words[0].isdigit():
        raise Crash(*CRASHES[int(words[0]) % len(CRASHES)])
    yield from write_file(environment, "/proc/sysrq-trigger", ["c"])


def _oops(environment: Environment, _words: list[str]) -> Script[None]:
    yield Print(kernel.oops(environment.machine))


def _lockup(environment: Environment, _words: list[str]) -> Script[None]:
    machine = environment.machine
    cpu = machine.chance.randrange(machine.hardware.cores)
    yield Pause(5.0)
    yield Print(
        kernel.say(machine, f"watchdog: BUG: soft lockup - CPU#{cpu} stuck for 22s! [kworker/{cpu}:1:233]")
    )
    yield Print(kernel.say(machine, "Modules linked in: nvme ixgbe ipmi_si ipmi_msghandler"))


def _oom(environment: Environment, _words: list[str]) -> Script[None]:
    machine = environment.machine
    yield Print(
        kernel.say(machine, "postgres invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE), order=0")
    )
    yield Pause(0.2)
    killed = (
        "Out of memory: Killed process 1733 (postgres) total-vm:8412312kB, anon-rss:6120488kB, file-rss:0kB"
    )
    yield Print(kernel.say(machine, killed))


def _sleep(_environment: Environment, words: list[str]) -> Script[None]:
    left = float(words[0]) if words and words[0].replace(".", "", 1).isdigit() else 0.0
    while left > 0:  # keys typed meanwhile are lost on it
        key = yield from _wait(left)
        left = left - 0.1 if key else 0.0


def _yes(_environment: Environment, words: list[str]) -> Script[None]:
    line = _encode(" ".join(words) or "y")
    while True:
        yield Print(line * max(1, 200 // len(line)))
        yield from _wait(0.0)


def _ping(environment: Environment, words: list[str]) -> Script[None]:
    host = words[-1] if words else "192.0.2.1"
    yield Print(_encode(f"PING {host} 56(84) bytes of data."))
    number = 0
    try:
        while "-c" not in words or number < 4:
            number += 1
            time = environment.machine.chance.uniform(0.2, 0.6)
            yield Print(_encode(f"64 bytes from {host}: icmp_seq={number} ttl=64 time={time:.3f} ms"))
            yield from _wait(1.0)
    except Interrupted:
        yield Print(b"^C\r\n")
    yield Print(_encode(f"{number} packets transmitted, {number} received, 0% packet loss"))


def _encode(line: str) -> bytes:
    return line.encode("latin-1", "replace") + b"\r\n"


def _top(environment: Environment, _words: list[str]) -> Script[None]:
    machine = environment.machine
    yield Print(b"\x1b[?1h\x1b=\x1b[?25l\x1b[H\x1b[2J")
    key = ""
    try:
        while key != "q":
            yield Print(_top_screen(machine))
            key = yield from _wait(_TOP_SECONDS * machine.chance.uniform(0.98, 1.02))
    except Interrupted:
        pass
    yield Print(b"\x1b[?1l\x1b>\x1b[24;1H\r\n\x1b[?12l\x1b[?25h\x1b[K")


def _top_screen(machine: Machine) -> bytes:
    chance = machine.chance
    memory = machine.hardware.memory_gib * 1024.0
    up = f"{machine.time_of_day():%H:%M:%S} up {machine.uptime / 60:.0f} min"
    lines = [
        f"top - {up},  1 user,  load average: 0.42, 0.37, 0.31",
        "Tasks: 311 total,   1 running, 310 sleeping,   0 stopped,   0 zombie",
        f"%Cpu(s): {chance.uniform(0, 9):4.1f} us, {chance.uniform(0, 3):4.1f} sy,  0.0 ni, 92.1 id,  0.0 wa",
        f"MiB Mem : {memory:9.1f} total, {memory * 0.6:9.1f} free, {memory * 0.2:9.1f} used",
        "",
        "\x1b[7m" + "    PID USER      PR  NI    VIRT    RES  %CPU  %MEM     TIME+ COMMAND".ljust(79),
    ]
    for number, name in enumerate(_PROCESSES):
        sizes = f"{412 + number}m   {98 - number}m"
        share = chance.uniform(0, 9 - number)
        pid = 900 + 37 * number
        lines.append(f"{pid:7d} root      20   0  {sizes} {share:5.1f}   0.3   0:17.{number:02d} {name}")
    return ("\x1b[H" + "".join(f"{line}\x1b[m\x1b[K\r\n" for line in lines) + "\x1b[J").encode()


PROGRAMS: dict[str, Program] = {
    "halt": _poweroff,
    "lockup": _lockup,
    "oom": _oom,
    "oops": _oops,
    "panic": _panic,
    "ping": _ping,
    "poweroff": _poweroff,
    "reboot": _reboot,
    "shutdown": _shutdown,
    "sleep": _sleep,
    "systemctl": _systemctl,
    "top": _top,
    "yes": _yes,
}
