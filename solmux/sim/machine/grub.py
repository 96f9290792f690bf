"""The boot loader's menu, drawn as GRUB 2.06 does on a serial terminal."""

import math
from dataclasses import dataclass

from solmux.sim.machine.keys import read_key
from solmux.sim.machine.line_editor import EndOfInput, Interrupted, read_line
from solmux.sim.machine.script import Pause, Print, Script
from solmux.sim.machine.state import Machine, PowerOff, Restart

COUNTDOWN = 5
_ROWS = 12
_WIDTH = 76
_TOP = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: extra words on the kernel's command line."""

    options: str = ""


def run_grub(machine: Machine) -> Script[Choice]:
    """Show the menu until Enter or until the countdown ends; raises `Restart` when that was chosen."""
    system = machine.hardware.distribution.rsplit(" ", 1)[0]
    entries = [system, f"Advanced options for {system}", "Memory test (memtest86+x64.efi)", "Restart"]
    yield Print(b"\x1b[0;30;47mWelcome to GRUB!\r\n\n")
    yield Pause(0.4)
    chosen = yield from _menu(machine, entries, COUNTDOWN)
    choice = Choice()
    if chosen == 1:
        release = machine.hardware.kernel_release
        advanced = [f"{system}, with Linux {release}", f"{system}, with Linux {release} (recovery mode)"]
        if (yield from _menu(machine, advanced, 0)) == 1:
            choice = Choice("single")
    elif chosen == 2:
        yield from _memory_test(machine)
    elif chosen == 3:
        yield Print(b"\x1b[H\x1b[J")
        raise Restart
    yield Print(b"\x1b[?25h\x1b[H\x1b[J\x1b[1;1H")
    yield Print(f"Loading Linux {machine.hardware.kernel_release} ...\n\r".encode())
    yield Pause(machine.chance.uniform(0.3, 0.7))
    yield Print(b"Loading initial ramdisk ...\n\r")
    yield Pause(machine.chance.uniform(0.5, 1.2))
    return choice


def _menu(machine: Machine, entries: list[str], countdown: int) -> Script[int]:
    """Return the number of the entry chosen; *countdown* in seconds, 0 for none."""
    chosen = 0
    yield Print(_whole_menu(entries, chosen))
    while True:
        if countdown:
            text = f"   The highlighted entry will be executed automatically in {countdown}s."
            yield Print(b"\x1b[22;1H" + text.ljust(79).encode() + b"\x1b[%d;78H" % (_TOP + chosen))
        key = yield from read_key(1.0 if countdown else math.inf)
        if not key:
            countdown -= 1
            if countdown == 0:
                return chosen
            continue
        if countdown:
            countdown = 0
            yield Print(b"\x1b[22;1H" + b" " * 79 + b"\x1b[%d;78H" % (_TOP + chosen))
        if key == "enter":
            return chosen
        if key in ("e", "c"):
            if (yield from (_edit_entry(machine) if key == "e" else _command_line())):
                return chosen
            yield Print(_whole_menu(entries, chosen))
        elif key in ("up", "down"):
            before, chosen = chosen, max(0, min(len(entries) - 1, chosen + (1 if key == "down" else -1)))
            yield Print(_entry(before, entries[before], False) + _entry(chosen, entries[chosen], True))


def _edit_entry(machine: Machine) -> Script[bool]:
    """Show the commands of the entry to read; returns whether to boot (Ctrl-X, F10) or not (Esc)."""
    release = machine.hardware.kernel_release
    lines = [
        "setparams 'Debian GNU/Linux'",
        "",
        "        insmod part_gpt",
        "        insmod ext2",
        f"        linux  /boot/vmlinuz-{release} root=/dev/nvme0n1p2 ro console=ttyS0,115200n8",
        f"        initrd /boot/initrd.img-{release}",
    ]
    yield Print(
        _screen() + b"".join(b"\x1b[%d;4H%b" % (_TOP + row, line.encode()) for row, line in enumerate(lines))
    )
    while (key := (yield from read_key())) != "escape":
        if key in ("\x18", "f10"):
            return True
    return False


def _command_line() -> Script[bool]:
    """Take GRUB commands; returns whether to boot or to go back to the menu."""
    yield Print(
        b"\x1b[H\x1b[J\x1b[2;30HGNU GRUB  version 2.06\n\r\n\r   Minimal BASH-like line editing is supported."
    )
    yield Print(b"\n\r\n\r")
    while True:
        yield Print(b"grub> ")
        try:
            line = ((yield from read_line()) or "").strip()
        except (Interrupted, EndOfInput):
            return False
        if line in ("boot", "normal", "exit"):
            return line == "boot"
        if line == "reboot":
            raise Restart
        if line == "halt":
            raise PowerOff
        if line == "ls":
            yield Print(b"(hd0) (hd0,gpt3) (hd0,gpt2) (hd0,gpt1)\n\r")
        elif line:
            yield Print(f"error: can't find command `{line.split()[0]}'.\n\r".encode("latin-1", "replace"))


def _whole_menu(entries: list[str], chosen: int) -> bytes:
    return _screen() + b"".join(_entry(number, text, number == chosen) for number, text in enumerate(entries))


def _screen() -> bytes:
    border = b"+" + b"-" * _WIDTH + b"+"
    parts = [
        b"\x1b[H\x1b[J\x1b[1;1H\x1b[?25l\x1b[m\x1b[H\x1b[J\x1b[1;1H\x1b[2;30HGNU GRUB  version 2.06\n\r\n\r",
        b"\x1b[m\x1b[4;2H%b" % border,
        *(b"\x1b[%d;2H|\x1b[%d;79H|" % (row, row) for row in range(_TOP, _TOP + _ROWS)),
        b"\x1b[%d;2H%b" % (_TOP + _ROWS, border),
        b"\x1b[m\x1b[18;2H\x1b[19;2H",
        b"     Use the ^ and v keys to select which entry is highlighted.\n\r",
        b"      Press enter to boot the selected OS, `e' to edit the commands\n\r",
        b"      before booting or `c' for a command-line.",
    ]
    return b"".join(parts)


def _entry(number: int, text: str, highlighted: bool) -> bytes:
    row = _TOP + number
    mark = "*" if highlighted else " "
    start = b"\x1b[7m" if highlighted else b"\x1b[m"
    return start + b"\x1b[%d;3H" % row + (mark + text).ljust(_WIDTH).encode() + b"\x1b[m\x1b[%d;78H" % row


def _memory_test(machine: Machine) -> Script[None]:
    """Pretend to test memory until Esc; redraws in place, like the real one."""
    yield Print(
        b"\x1b[0;37;44m\x1b[2J\x1b[1;1H      Memtest86+ v6.10      | " + machine.hardware.processor.encode()
    )
    done = 0
    while (yield from read_key(0.5)) != "escape":
        done = (done + 1) % 101
        bar = "#" * (done * 38 // 100)
        yield Print(
            b"\x1b[3;1HPass %3d%% %s\x1b[4;1HTime: %6.0f s" % (done, bar.ljust(38).encode(), done / 2)
        )
    yield Print(b"\x1b[0m\x1b[2J")
    raise Restart
