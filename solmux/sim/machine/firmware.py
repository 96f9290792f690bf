"""Power-on self test, setup and boot menu of a simulated server, on an 80x24 screen."""

from solmux.sim.machine import drawing
from solmux.sim.machine.drawing import at
from solmux.sim.machine.keys import read_key
from solmux.sim.machine.script import Pause, Print, Script
from solmux.sim.machine.state import Machine, Restart

_TABS = ("Main", "Advanced", "Chipset", "Boot", "Server Mgmt", "Exit")
_PORT_80 = ("19", "2B", "34", "4F", "61", "92", "A2", "B2", "AD")


def run_firmware(machine: Machine) -> Script[None]:
    """Run from power on to the hand-over; raises `Restart` when setup is left that way."""
    machine.boots += 1
    machine.kernel_alive = machine.ready = False
    machine.player.flush_input()
    yield Pause(machine.chance.uniform(1.5, 3.0))  # memory training: not a word on the console
    yield Print(b"\x1b[2J\x1b[01;01H\x1b[=3h\x1b[2J\x1b[01;01H" + drawing.PLAIN)
    wish = yield from _self_test(machine, "setup" if machine.setup_next else "")
    machine.setup_next = False
    if wish == "setup":
        yield from _setup(machine)
    device = machine.hardware.disks[0].model
    if wish == "boot menu":
        device = yield from _boot_menu(machine)
    yield Print(drawing.PLAIN + drawing.CLEAR + b"Booting from " + device.encode() + b" ...\r\n")
    yield Pause(machine.chance.uniform(0.3, 0.8))


def _self_test(machine: Machine, wish: str) -> Script[str]:
    """Show the start screen; returns what the keys asked for, else *wish*."""
    hardware = machine.hardware
    head = [
        f"{hardware.bios} {hardware.bios_version}  Copyright (C) 2012-2025 {hardware.vendor}",
        f"{hardware.product}   Serial {hardware.serial}   BIOS date {hardware.bios_date}",
        "",
        f"CPU : {hardware.processor}",
        f" Speed : {hardware.processor_mhz} MHz    Cores : {hardware.cores}",
        "Press <DEL> or <F2> to enter setup, <F11> for the boot menu",
        "",
        "Memory test :",
    ]
    yield Print(drawing.BOLD + "\r\n".join(head[:2]).encode() + drawing.PLAIN)
    yield Print(b"".join(at(row, 1) + line.encode() for row, line in enumerate(head[2:], 3)))
    total = hardware.memory_gib * 1024
    for step, code in enumerate(_PORT_80, 1):
        counted = total * step // len(_PORT_80)
        yield Print(at(8, 15) + b"%8d MB" % counted + at(24, 78) + code.encode())
        wish = (yield from _poll_keys(machine.chance.uniform(0.25, 0.45))) or wish
    yield Print(at(8, 15) + b"%8d MB OK" % total)
    devices = [
        "USB controllers: 2 xHCI, 1 keyboard, 0 mice",
        "BMC: KCS at 0CA2h, firmware answers, SEL 3 % full",
    ]
    devices += [f"NVMe {disk.name[4]}: {disk.model}  {disk.size} GB" for disk in hardware.disks]
    devices += [f"NIC {port.pci[5:]}: {port.address.upper()}" for port in hardware.ports]
    for row, line in enumerate(devices, 10):
        yield Print(at(row, 1) + line.encode())
        wish = (yield from _poll_keys(machine.chance.uniform(0.1, 0.3))) or wish
    wish = (yield from _poll_keys(0.8)) or wish
    if wish:
        yield Print(at(23, 1) + drawing.BOLD + f"Entering {wish} ...".encode() + drawing.PLAIN)
        yield Pause(0.6)
    return wish


def _poll_keys(seconds: float) -> Script[str]:
    """Wait, listening for the keys of the start screen."""
    key = yield from read_key(seconds)
    return {"delete": "setup", "f2": "setup", "f11": "boot menu"}.get(key, "")


def _setup(machine: Machine) -> Script[None]:
    """Show the setup screen with its running clock until Esc (continue) or F10 (restart)."""
    tab = 0
    yield Print(_setup_screen(machine) + _setup_tab(machine, tab))
    while True:
        yield Print(_clock(machine))
        key = yield from read_key(1.0 - machine.time_of_day().microsecond / 1e6)
        if key == "escape":
            return
        if key == "f10":
            yield Print(drawing.PLAIN + drawing.CLEAR)
            raise Restart
        if key in ("left", "right"):
            tab = (tab + (1 if key == "right" else -1)) % len(_TABS)
            yield Print(_setup_tab(machine, tab))


def _setup_screen(machine: Machine) -> bytes:
    title = f"{machine.hardware.bios} Setup - {machine.hardware.product}".center(80)
    foot = " <>: Select Screen   ^v: Select Item   Enter: Change   F10: Save & Reset   ESC: Exit "
    return (
        drawing.CLEAR
        + drawing.WHITE_ON_BLUE
        + at(1, 1)
        + title.encode()
        + drawing.BLUE_ON_GREY
        + drawing.frame(machine.hardware.frames, 3, 1, 20, 80)
        + drawing.WHITE_ON_BLUE
        + at(24, 1)
        + foot[:79].ljust(79).encode()
    )


def _setup_tab(machine: Machine, tab: int) -> bytes:
    names = b"".join(
        (drawing.BLUE_ON_GREY if number == tab else drawing.WHITE_ON_BLUE) + f" {name} ".encode()
        for number, name in enumerate(_TABS)
    )
    rows = b"".join(
        at(row, 4) + line.ljust(74).encode() for row, line in enumerate(_setup_lines(machine, tab), 5)
    )
    return drawing.WHITE_ON_BLUE + at(2, 1) + b" " * 80 + at(2, 3) + names + drawing.BLUE_ON_GREY + rows


def _setup_lines(machine: Machine, tab: int) -> list[str]:
    hardware = machine.hardware
    pages = (
        [
            f"BIOS Version              {hardware.bios_version}",
            f"Build Date                {hardware.bios_date}",
            f"Serial Number             {hardware.serial}",
            f"Total Memory              {hardware.memory_gib * 1024} MB",
        ],
        [
            "> CPU Configuration",
            "> PCIe Configuration",
            "> Serial Port Console Redirection",
            "> Trusted Computing",
        ],
        ["> North Bridge", "> South Bridge", "", "Watch Dog Function        [Disabled]"],
        [f"Boot Option #{number}            [{disk.model}]" for number, disk in enumerate(hardware.disks, 1)],
        ["BMC Self Test Status      PASSED", "Wait For BMC              [Disabled]", "> System Event Log"],
        ["Save Changes and Reset", "Discard Changes and Exit", "Load Optimized Defaults"],
    )
    return pages[tab] + [""] * (9 - len(pages[tab]))


def _clock(machine: Machine) -> bytes:
    """Redraw date and time in the corner, once a second for as long as somebody forgets the screen."""
    now = machine.time_of_day()
    return drawing.BLUE_ON_GREY + at(20, 58) + now.strftime("%m/%d/%Y %H:%M:%S").encode()


def _boot_menu(machine: Machine) -> Script[str]:
    """Let somebody choose the device to start from; returns its name."""
    choices = [disk.model for disk in machine.hardware.disks]
    choices += [f"PXE {port.name} {port.address}" for port in machine.hardware.ports]
    chosen = 0
    height = len(choices) + 4
    box = drawing.frame(machine.hardware.frames, 6, 16, height, 50)
    yield Print(drawing.PLAIN + drawing.CLEAR + drawing.WHITE_ON_BLUE + box)
    yield Print(at(7, 20) + b"Please select a boot device:")
    while True:
        rows = [
            at(9 + number, 18)
            + (drawing.BLACK_ON_CYAN if number == chosen else drawing.WHITE_ON_BLUE)
            + choice.ljust(46).encode()
            for number, choice in enumerate(choices)
        ]
        yield Print(b"".join(rows))
        key = yield from read_key()
        if key in ("enter", "escape"):
            return choices[chosen if key == "enter" else 0]
        if key in ("up", "down"):
            chosen = (chosen + (1 if key == "down" else -1)) % len(choices)
