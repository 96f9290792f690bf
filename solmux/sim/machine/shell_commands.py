"""Commands of the simulated shell that take words and lines and answer with lines."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from solmux.sim.machine.state import Machine
from solmux.sim.machine.texts import lines_of

_LONGEST_SEQUENCE = 100_000
_DIRECTORIES = {
    "/root": ("burn-in.log", "disks.txt", "notes"),
    "/": ("boot", "dev", "etc", "proc", "root", "usr", "var"),
}


class UsageError(Exception):
    """A command was given something it cannot work with."""


@dataclass(slots=True)
class Environment:
    """What the commands of a session share."""

    machine: Machine
    directory: str = "/root"
    leaving: bool = False


Command = Callable[[Environment, list[str], list[str]], list[str]]


def _help(_environment: Environment, _words: list[str], _lines: list[str]) -> list[str]:
    return [line.format(commands=" ".join(sorted(COMMANDS))) for line in lines_of("shell_help.txt")]


def _uname(environment: Environment, words: list[str], _lines: list[str]) -> list[str]:
    hardware = environment.machine.hardware
    version = f"#1 SMP PREEMPT_DYNAMIC Debian {hardware.kernel_version}"
    parts = {"s": "Linux", "n": hardware.hostname, "r": hardware.kernel_release, "v": version, "m": "x86_64"}
    letters = "".join(word[1:] for word in words if word.startswith("-")) or "s"
    if "a" in letters:
        return [" ".join((*parts.values(), "GNU/Linux"))]
    return [" ".join(value for letter, value in parts.items() if letter in letters)]


def _uptime(environment: Environment, _words: list[str], _lines: list[str]) -> list[str]:
    machine = environment.machine
    load = ", ".join(f"{machine.chance.uniform(0, 2):.2f}" for _ in range(3))
    up = _span(machine.uptime)
    return [f" {machine.time_of_day():%H:%M:%S} up {up},  1 user,  load average: {load}"]


def _date(environment: Environment, _words: list[str], _lines: list[str]) -> list[str]:
    return [
        f"{environment.machine.time_of_day():%a %b %e %H:%M:%S} UTC {environment.machine.time_of_day():%Y}"
    ]


def _dmesg(environment: Environment, _words: list[str], _lines: list[str]) -> list[str]:
    return list(environment.machine.kernel_log)


def _free(environment: Environment, _words: list[str], _lines: list[str]) -> list[str]:
    total = environment.machine.hardware.memory_gib << 20
    used = total // 7
    return [
        "               total        used        free      shared  buff/cache   available",
        f"Mem:    {total:12d}{used:12d}{total // 2:12d}{9412:12d}{total // 3:12d}{total - used:12d}",
        f"Swap:   {8388604:12d}{0:12d}{8388604:12d}",
    ]


def _df(environment: Environment, _words: list[str], _lines: list[str]) -> list[str]:
    disk = environment.machine.hardware.disks[0]
    return [
        "Filesystem      Size  Used Avail Use% Mounted on",
        f"/dev/{disk.name}p2   62G   11G   48G  19% /",
        f"/dev/{disk.name}p3 {disk.size - 80:4d}G  {disk.size // 3:3d}G  {disk.size // 2:3d}G  39% /var",
    ]


def _ip(environment: Environment, _words: list[str], _lines: list[str]) -> list[str]:
    lines = ["1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN", "    inet 127.0.0.1/8 scope host lo"]
    for number, port in enumerate(environment.machine.hardware.ports, 2):
        lines.append(f"{number}: {port.name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP")
        lines.append(f"    link/ether {port.address} brd ff:ff:ff:ff:ff:ff")
        if number == 2:
            lines.append(f"    inet {environment.machine.hardware.ipv4}/24 scope global {port.name}")
    return lines


def _ps(_environment: Environment, _words: list[str], _lines: list[str]) -> list[str]:
    names = {
        1: "/sbin/init",
        412: "systemd-journald",
        633: "sshd",
        702: "rsyslogd",
        911: "login",
        940: "-bash",
    }
    return ["    PID TTY          TIME CMD"] + [
        f"{pid:7d} ttyS0    00:00:00 {name}" for pid, name in names.items()
    ]


def _ls(environment: Environment, words: list[str], _lines: list[str]) -> list[str]:
    paths = [word for word in words if not word.startswith("-")] or [environment.directory]
    entries = _DIRECTORIES.get(_absolute(environment, paths[0]))
    if entries is None:
        raise UsageError(f"cannot access '{paths[0]}': No such file or directory")
    if any("l" in word for word in words if word.startswith("-")):
        return [f"-rw-r--r-- 1 root root {len(name) * 411:6d} Nov  2 09:14 {name}" for name in entries]
    return ["  ".join(entries)]


def _cd(environment: Environment, words: list[str], _lines: list[str]) -> list[str]:
    path = _absolute(environment, words[0] if words else "/root")
    if path not in _DIRECTORIES:
        raise UsageError(f"{words[0]}: No such file or directory")
    environment.directory = path
    return []


def _cat(environment: Environment, words: list[str], lines: list[str]) -> list[str]:
    if not words:
        return lines
    hardware = environment.machine.hardware
    files = {
        "/etc/hostname": hardware.hostname,
        "/etc/os-release": f'PRETTY_NAME="{hardware.distribution} ({hardware.codename})"',
        "/proc/version": f"Linux version {hardware.kernel_release} (debian-kernel@lists.debian.org)",
        "/proc/uptime": f"{environment.machine.uptime:.2f} {environment.machine.uptime * hardware.cores:.2f}",
        "/root/notes": "Rack 7, unit 12. Do not unplug.",
    }
    path = _absolute(environment, words[0])
    if path not in files:
        raise UsageError(f"{words[0]}: No such file or directory")
    return [files[path]]


def _grep(_environment: Environment, words: list[str], lines: list[str]) -> list[str]:
    patterns = [word for word in words if not word.startswith("-")]
    if not patterns:
        raise UsageError("usage: grep [-iv] PATTERN")
    flags = "".join(word[1:] for word in words if word.startswith("-"))
    pattern = patterns[0].lower() if "i" in flags else patterns[0]
    return [line for line in lines if (pattern in (line.lower() if "i" in flags else line)) != ("v" in flags)]


def _head(_environment: Environment, words: list[str], lines: list[str]) -> list[str]:
    return lines[: _count(words)]


def _tail(_environment: Environment, words: list[str], lines: list[str]) -> list[str]:
    return lines[-_count(words) :]


def _wc(_environment: Environment, words: list[str], lines: list[str]) -> list[str]:
    characters = sum(len(line) + 1 for line in lines)
    return [
        str(len(lines))
        if "-l" in words
        else f"{len(lines):8d}{sum(len(x.split()) for x in lines):8d}{characters:8d}"
    ]


def _seq(_environment: Environment, words: list[str], _lines: list[str]) -> list[str]:
    if not words or not all(re.fullmatch(r"\d{1,9}", word) for word in words):
        raise UsageError("usage: seq [FIRST] LAST")
    first, last = (int(words[0]), int(words[1])) if len(words) > 1 else (1, int(words[0]))
    return [str(number) for number in range(first, min(last, first + _LONGEST_SEQUENCE) + 1)]


def _leave(environment: Environment, _words: list[str], _lines: list[str]) -> list[str]:
    environment.leaving = True
    return ["logout"]


def _fixed(text: Callable[[Machine], str]) -> Command:
    return lambda environment, _words, _lines: [text(environment.machine)]


def _absolute(environment: Environment, path: str) -> str:
    if path in ("~", ""):
        return "/root"
    if path == "..":
        return environment.directory.rpartition("/")[0] or "/"
    return path if path.startswith("/") else f"{environment.directory.rstrip('/')}/{path}"


def _count(words: list[str]) -> int:
    digits = re.search(r"\d{1,6}", " ".join(words))
    return max(1, int(digits[0])) if digits else 10


def _span(seconds: float) -> str:
    span = timedelta(seconds=int(seconds))
    hours, minutes = divmod(span.seconds // 60, 60)
    days = f"{span.days} days, " if span.days else ""
    return f"{days}{hours:2d}:{minutes:02d}" if hours or span.days else f"{minutes} min"


COMMANDS: dict[str, Command] = {
    "cat": _cat,
    "cd": _cd,
    "clear": lambda _environment, _words, _lines: ["\x1b[H\x1b[2J\x1b[3J"],
    "date": _date,
    "df": _df,
    "dmesg": _dmesg,
    "echo": lambda _environment, words, _lines: [" ".join(words)],
    "exit": _leave,
    "free": _free,
    "grep": _grep,
    "head": _head,
    "help": _help,
    "hostname": _fixed(lambda machine: machine.hardware.hostname),
    "id": _fixed(lambda _machine: "uid=0(root) gid=0(root) groups=0(root)"),
    "ip": _ip,
    "logout": _leave,
    "ls": _ls,
    "ps": _ps,
    "pwd": lambda environment, _words, _lines: [environment.directory],
    "seq": _seq,
    "stty": _fixed(lambda _machine: "speed 115200 baud; rows 24; columns 80; line = 0;"),
    "tail": _tail,
    "true": lambda _environment, _words, _lines: [],
    "tty": _fixed(lambda _machine: "/dev/ttyS0"),
    "uname": _uname,
    "uptime": _uptime,
    "wc": _wc,
    "who": lambda environment, _w, _l: [
        f"root     ttyS0        {environment.machine.time_of_day():%Y-%m-%d %H:%M}"
    ],
    "whoami": _fixed(lambda _machine: "root"),
}
