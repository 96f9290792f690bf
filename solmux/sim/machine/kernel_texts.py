"""Call traces and panics of a kernel."""

Trace = tuple[str, ...]

SYSRQ_WRITE_TRACE: Trace = (
    "sysrq_handle_crash+0x16/0x20",
    "__handle_sysrq.cold+0x44/0x11c",
    "write_sysrq_trigger+0x24/0x40",
    "proc_reg_write+0x56/0xa0",
    "vfs_write+0xc7/0x3f0",
    "ksys_write+0x6b/0xf0",
    "do_syscall_64+0x5d/0x90",
    "? exit_to_user_mode_prepare+0x44/0x240",
    "entry_SYSCALL_64_after_hwframe+0x6e/0xd8",
)
_SERIAL_INTERRUPT_TRACE: Trace = (
    "serial8250_rx_chars+0x1d2/0x280",
    "serial8250_handle_irq.part.0+0x9c/0x130",
    "serial8250_interrupt+0x62/0xc0",
    "__handle_irq_event_percpu+0x4a/0x1a0",
    "common_interrupt+0xb3/0xd0",
    "asm_common_interrupt+0x22/0x40",
)
SYSRQ_BREAK_TRACE: Trace = (
    "sysrq_handle_crash+0x16/0x20",
    "__handle_sysrq.cold+0x44/0x11c",
    *_SERIAL_INTERRUPT_TRACE,
)
NMI_TRACE: Trace = (
    "nmi_panic.cold+0xc/0xc",
    "unknown_nmi_error.cold+0x3b/0x49",
    "exc_nmi+0x11e/0x150",
    "end_repeat_nmi+0x16/0x67",
    "cpuidle_enter_state+0xde/0x420",
    "do_idle+0x206/0x2b0",
)
CRASHES: tuple[tuple[str, Trace, str], ...] = (
    ("Fatal exception in interrupt", ("oops_end.cold+0x18/0x18", *_SERIAL_INTERRUPT_TRACE), "IRQ"),
    (
        "Fatal machine check on current CPU",
        ("mce_panic.cold+0x22/0x9b", "do_machine_check+0x6f4/0x8d0", "asm_exc_machine_check+0x17/0x20"),
        "IRQ",
    ),
    (
        "hung_task: blocked tasks",
        ("watchdog+0x2f1/0x4e0", "kthread+0xd8/0x100", "ret_from_fork+0x1f/0x30"),
        "TASK",
    ),
    (
        "Attempted to kill init! exitcode=0x0000000b",
        ("do_exit.cold+0x15/0x15", "do_group_exit+0x31/0x80", "get_signal+0x9a2/0x9d0"),
        "TASK",
    ),
)
"""Panics that come by themselves: reason, trace and context of a `Crash`."""

SYSRQ_HELP = (
    "sysrq: HELP : loglevel(0-9) reboot(b) crash(c) terminate-all-tasks(e) memory-full-oom-kill(f)"
    " kill-all-tasks(i) thaw-filesystems(j) sak(k) show-backtrace-all-active-cpus(l) show-memory-usage(m)"
    " nice-all-RT-tasks(n) poweroff(o) show-registers(p) show-all-timers(q) unraw(r) sync(s)"
    " show-task-states(t) unmount(u) show-blocked-tasks(w) dump-ftrace-buffer(z) "
)
