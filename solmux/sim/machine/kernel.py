"""The kernel of a simulated server: what it says while it starts, when it is asked, and when it dies."""

from solmux.sim.machine.kernel_texts import NMI_TRACE, SYSRQ_BREAK_TRACE, SYSRQ_HELP, SYSRQ_WRITE_TRACE
from solmux.sim.machine.script import Pause, Print, Script
from solmux.sim.machine.state import Crash, Ending, Machine, PowerOff, Restart
from solmux.sim.machine.texts import lines_of, timed_lines_of

REBOOT_AFTER_PANIC = 10
"""Seconds, as with panic=10 on the command line."""

_LOG_LINES = 2000
_RANGE = "0xffffffff81000000 (relocation range: 0xffffffff80000000-0xffffffffbfffffff)"


def say(machine: Machine, text: str, *, early: bool = False) -> bytes:
    """Return *text* as lines of the kernel, with its time stamp; *early* before it has a clock."""
    uptime = 0.0 if early else machine.uptime
    lines = [f"[{uptime:12.6f}] {line}" for line in text.split("\n")]
    machine.kernel_log += lines
    del machine.kernel_log[:-_LOG_LINES]
    return "".join(line + "\r\n" for line in lines).encode()


def run_kernel(machine: Machine, options: str) -> Script[None]:
    """Start the kernel up to the first process. There is no line break before its first line."""
    yield Print(_hand_over(machine))
    machine.kernel_started = machine.player.clock
    machine.kernel_alive = True
    machine.kernel_log.clear()
    early = True
    command_line = _command_line(machine, options)
    for pause, line in timed_lines_of("kernel_boot.txt"):
        if pause:
            early = False
            yield Pause(pause * machine.chance.uniform(0.6, 1.4))
        yield Print(say(machine, _fill(line, machine, command_line), early=early))
    for line in _device_lines(machine):
        yield Pause(machine.chance.uniform(0.02, 0.15))
        yield Print(say(machine, line))
    yield Pause(machine.chance.uniform(0.2, 0.6))


def panic(machine: Machine, crash: Crash) -> Script[None]:
    """Die: panic line, call trace, and the wait for the reboot."""
    machine.kernel_alive = machine.ready = False
    hardware, chance = machine.hardware, machine.chance
    command = "bash" if crash.context == "TASK" else "swapper/0"
    process = f"CPU: {chance.randrange(hardware.cores)} PID: {chance.randrange(1, 90000)} Comm: {command}"
    version = f"{hardware.kernel_release} #1  Debian {hardware.kernel_version.split()[0]}"
    report = [f"Kernel panic - not syncing: {crash.reason}", f"{process} Not tainted {version}"]
    report += [f"Hardware name: {hardware.dmi}", "Call Trace:", f" <{crash.context}>"]
    trace = ("dump_stack_lvl+0x44/0x5c", "panic+0x118/0x2f4", *crash.trace)
    report += [f" {function}" for function in trace]
    report += [
        f" </{crash.context}>",
        f"Kernel Offset: 0x{chance.randrange(0x100, 0x3F0) << 20:x} from {_RANGE}",
    ]
    if crash.context != "NMI":  # in an NMI the last words are missing
        report.append(f"Rebooting in {REBOOT_AFTER_PANIC} seconds..")
    for line in report:
        yield Pause(0.0005)
        yield Print(say(machine, line))
    yield Pause(REBOOT_AFTER_PANIC)


def oops(machine: Machine) -> bytes:
    """Report a fault that the kernel survives."""
    hardware, chance = machine.hardware, machine.chance
    texts = lines_of("kernel_oops.txt")
    address = f"{chance.randrange(1 << 20):016x}"
    cpu = chance.randrange(hardware.cores)
    return say(machine, "\n".join(line.format(h=hardware, address=address, cpu=cpu) for line in texts))


def chatter(machine: Machine) -> bytes:
    """Say something that a kernel says on a quiet day."""
    return say(machine, _fill(machine.chance.choice(lines_of("kernel_chatter.txt")), machine, ""))


def sysrq(machine: Machine, key: str, *, from_line: bool) -> tuple[bytes, Ending | None]:
    """Return what the kernel answers to a SysRq key, and how it ends if the key ends it.

    Args:
      from_line: the key came after a BREAK, not through /proc/sysrq-trigger.
    """
    context, trace = ("IRQ", SYSRQ_BREAK_TRACE) if from_line else ("TASK", SYSRQ_WRITE_TRACE)
    ends = {
        "b": ("sysrq: Resetting", Restart()),
        "o": ("sysrq: Power Off", PowerOff()),
        "c": ("sysrq: Trigger a crash", Crash("sysrq triggered crash", trace, context)),
    }
    if key in ends:
        text, ending = ends[key]
        return say(machine, text), ending
    if key.isdigit():
        return say(machine, f"sysrq: Changing Loglevel\nsysrq: Loglevel set to {key}"), None
    answers = {
        "s": "sysrq: Emergency Sync\nEmergency Sync complete",
        "u": "sysrq: Emergency Remount R/O\nEmergency Remount complete",
        "e": "sysrq: Terminate All Tasks",
        "i": "sysrq: Kill All Tasks",
        "f": "sysrq: Manual OOM execution",
        "w": "sysrq: Show Blocked State",
        "l": "sysrq: Show backtrace of all active CPUs",
        "m": "sysrq: Show Memory\n" + "\n".join(lines_of("sysrq_memory.txt")),
        "r": "sysrq: Keyboard mode set to system default",
    }
    return say(machine, answers.get(key, SYSRQ_HELP)), None


def diagnostic_interrupt() -> Crash:
    """Return the crash that an NMI from the BMC causes."""
    return Crash("NMI: Not continuing", NMI_TRACE, "NMI")


def _hand_over(machine: Machine) -> bytes:
    """Return the last words of the firmware: the cursor is not at the start of a line after them."""
    if machine.hardware.uefi:
        return (
            b"EFI stub: Loaded initrd from LINUX_EFI_INITRD_MEDIA_GUID device path\r\n"
            b"EFI stub: Measured initrd data into PCR 9\x1b[0m\x1b[37m\x1b[40m\x1b[2J\x1b[01;01H"
        )
    return b"Probing EDD (edd=off to disable)... o\x1bc\x1b[?7l\x1b[2Jk\x1bc\x1b[?7l\x1b[2J"


def _command_line(machine: Machine, options: str) -> str:
    guid = machine.hardware.guid.hex()
    root = f"{guid[:8]}-{guid[8:12]}-{guid[12:16]}-{guid[16:20]}-{guid[20:]}"
    words = [f"BOOT_IMAGE=/boot/vmlinuz-{machine.hardware.kernel_release} root=UUID={root} ro"]
    words += [f"console=tty0 console=ttyS0,115200n8 panic={REBOOT_AFTER_PANIC}", options]
    return " ".join(words).rstrip()


def _device_lines(machine: Machine) -> list[str]:
    hardware = machine.hardware
    lines = []
    for number, port in enumerate(hardware.ports):
        lines.append(f"{port.driver} {port.pci} eth{number}: MAC: {port.address}")
        lines.append(f"{port.driver} {port.pci} {port.name}: renamed from eth{number}")
    lines += [f" {disk.name}: p1 p2 p3" for disk in hardware.disks]
    root = hardware.disks[0].name + "p2"
    lines.append(f"EXT4-fs ({root}): mounted filesystem with ordered data mode. Quota mode: none.")
    return lines


def _fill(line: str, machine: Machine, command_line: str) -> str:
    hardware = machine.hardware
    return line.format(
        h=hardware,
        command_line=command_line,
        memory_kib=hardware.memory_gib << 20,
        memory_end=(hardware.memory_gib << 30) - 1,
        disk=hardware.disks[-1].name,
        port=hardware.ports[0],
        mhz=f"{hardware.processor_mhz}.{machine.chance.randrange(1000):03d}",
        random=machine.chance.randrange(1000),
    )
