import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solmux.sim.host import PowerAction
from solmux.sim.server import Server
from tests.sim.operator import Operator, booted, logged_in


def switched_on(name: str = "server42", seed: int = 0, rate: float = 11520.0) -> Operator:
    operator = Operator(Server(name, seed=seed, rate=rate, wall=1_760_000_000.0))
    operator.control(PowerAction.ON)
    return operator


@pytest.mark.parametrize("number", range(12))
def test_a_server_boots_to_its_login_prompt(number: int) -> None:
    name = f"rack7-u{number:02d}"
    operator = switched_on(name)
    operator.expect(b"Press <DEL> or <F2> to enter setup, <F11> for the boot menu", 10)
    operator.expect(b"GNU GRUB", 15)
    operator.expect(b"[    0.000000] Linux version ", 15)
    operator.expect(b"Welcome to ", 15)
    operator.expect(b"[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39mcron.service", 15)
    operator.expect(f"{name} login: ".encode(), 15)
    assert 20 < operator.now < 45
    assert operator.run(3600.0) == b""


def test_there_is_no_line_break_before_the_first_line_of_the_kernel() -> None:
    endings = set()
    for number in range(12):
        output = booted(f"node{number}").output
        before = output[: output.index(b"[    0.000000] Linux version")]
        assert not before.endswith(b"\n")
        endings.add(before[-12:])
    assert len(endings) == 2  # UEFI and an old BIOS


def test_kernel_time_stamps_never_go_back() -> None:
    stamps = [float(stamp) for stamp in re.findall(rb"\r\n\[ *(\d+\.\d{6})\] ", booted().output)]
    assert len(stamps) > 90
    assert stamps == sorted(stamps)


def test_servers_differ_and_each_stays_itself() -> None:
    outputs = [booted(name).output for name in ("server1", "server1", "server2")]
    assert outputs[0] == outputs[1]
    assert outputs[0].replace(b"server1", b"server2") != outputs[2]
    assert booted("server1", seed=1).output != outputs[0]


def test_the_line_rate_paces_everything() -> None:
    operator = switched_on(rate=2400.0)
    for _ in range(200):
        assert len(operator.run(0.25)) <= 600 + 36  # a piece in advance at most


def test_the_password_is_not_echoed() -> None:
    operator = booted()
    operator.type(b"root\r")
    assert operator.expect(b"Password: ") == b"root\r\nPassword: "
    operator.type(b"hunter2\r")
    operator.expect(b"server42:~# ")
    assert b"hunter2" not in operator.output


def test_nobody_but_root_gets_in() -> None:
    operator = booted()
    operator.type(b"admin\rsecret\r")
    operator.expect(b"Login incorrect", 5)
    operator.expect(b"login: ", 5)


def test_the_login_prompt_comes_again_for_an_empty_name_and_after_a_minute() -> None:
    operator = booted()
    operator.type(b"\r")
    operator.expect(b"\r\nserver42 login: ", 1)
    operator.type(b"root\r")
    operator.expect(b"Login timed out after 60 seconds.", 61)
    operator.expect(b"login: ", 1)
    operator.type(b"\x04")
    operator.expect(b"login: ", 1)
    operator.type(b"x\x03")
    operator.expect(b"login: ", 1)


def test_the_shell_echoes_and_answers() -> None:
    operator = logged_in()
    assert operator.ask(b"hostname") == b"server42\r\n"
    assert operator.ask(b"echo one  'two  three'") == b"one two  three\r\n"
    assert operator.ask(b"") == b""
    assert b"dmesg" in operator.ask(b"help")
    assert operator.ask(b"nonsense") == b"-bash: nonsense: command not found\r\n"
    assert operator.ask(b"echo 'open") == b"-bash: No closing quotation\r\n"
    assert operator.ask(b"pwd; cd / && pwd; ls").splitlines() == [
        b"/root",
        b"/",
        b"boot  dev  etc  proc  root  usr  var",
    ]
    assert operator.ask(b"date").startswith(b"Thu Oct  9 08:5")


def test_a_typed_line_is_echoed_as_it_is_typed() -> None:
    operator = logged_in()
    operator.run(1.0)
    operator.type(b"echo hi")
    assert operator.run(0.1) == b"echo hi"
    operator.type(b"\r")
    assert operator.run(0.1).startswith(b"\r\n\x1b[?2004l\rhi\r\n\x1b[?2004hroot@")


def test_a_line_feed_ends_a_line_as_well() -> None:
    operator = booted()
    for ending in (b"\r", b"\n", b"\n", b"\r"):
        operator.run(10.0)
        operator.type(ending)
        operator.expect(b"\r\nserver42 login: ", 1)


@pytest.mark.parametrize(
    ("typed", "echoed", "answer"),
    [
        (b"echo ab\x7f\x08c", b"echo ab\b \b\b \bc", b"c\r\n"),
        (b"junk\x15echo x", b"junk" + b"\b \b" * 4 + b"echo x", b"x\r\n"),
        (b"echo one two \x17x", b"echo one two " + b"\b \b" * 4 + b"x", b"one x\r\n"),
        (b"echo a\x1b[Ab\x1bOC", b"echo ab", b"ab\r\n"),
        (b"\x7fecho x", b"echo x", b"x\r\n"),
    ],
)
def test_a_line_can_be_mended(typed: bytes, echoed: bytes, answer: bytes) -> None:
    operator = logged_in()
    operator.run(1.0)
    operator.type(typed)
    assert operator.run(0.5) == echoed
    assert operator.ask(b"") == answer


def test_pipes_and_files() -> None:
    operator = logged_in()
    assert operator.ask(b"seq 5 9 | tail -2") == b"8\r\n9\r\n"
    assert operator.ask(b"seq 20 | grep 1 | wc -l") == b"11\r\n"
    assert operator.ask(b"dmesg | head -1").startswith(b"[    0.000000] Linux version ")
    assert b"Command line: BOOT_IMAGE" in operator.ask(b"dmesg | grep -iv LINUX | head -n 1")
    assert operator.ask(b"echo gone > /tmp/x") == b""
    assert re.fullmatch(rb"\[ *\d+\.\d{6}\] hello\r\n", operator.ask(b"echo hello > /dev/kmsg"))
    assert operator.ask(b"ls | | wc") == b"-bash: syntax error near unexpected token `|'\r\n"
    assert operator.ask(b"cat /nonsense") == b"cat: /nonsense: No such file or directory\r\n"


@pytest.mark.parametrize(
    "command",
    ["uname -a", "uptime", "free", "df", "ip a", "ps", "id", "who", "whoami", "tty", "stty size", "ls -l"],
)
def test_every_day_commands_answer(command: str) -> None:
    answer = logged_in().ask(command.encode())
    assert b"not found" not in answer
    assert answer.endswith(b"\r\n")


def test_control_c_and_control_d() -> None:
    operator = logged_in()
    operator.type(b"rubbish\x03")
    operator.expect(b"rubbish^C\r\n\x1b[?2004hroot@", 1)
    operator.type(b"sleep 100\r")
    operator.run(1.0)
    operator.type(b"\x03")
    operator.expect(b"^C\r\n", 1)
    operator.type(b"\x04")
    operator.expect(b"logout\r\n", 1)
    operator.expect(b"login: ", 1)


def test_programs_that_take_their_time() -> None:
    operator = logged_in()
    operator.type(b"ping 192.0.2.9\r")
    operator.expect(b"icmp_seq=3", 4)
    operator.type(b"\x03")
    operator.expect(b"3 received, 0% packet loss", 1)
    assert operator.ask(b"ping -c 4 x").count(b"icmp_seq=") == 4
    operator.type(b"top\r")
    operator.expect(b"\x1b[H\x1b[2J\x1b[Htop - ", 1)
    operator.expect(b"\x1b[Htop - ", 4)
    operator.type(b"q")
    operator.expect(b"\x1b[?25h", 1)
    operator.type(b"yes\r")
    assert len(operator.run(2.0)) > 20_000
    operator.type(b"\x03")
    operator.expect(b"^C\r\n", 2)


def test_setup_shows_a_running_clock_until_somebody_leaves_it() -> None:
    for key in (b"\x7f", b"\x1b[3~", b"\x1b2", b"\x1bOQ"):
        operator = switched_on()
        operator.expect(b"Press <DEL>")
        operator.type(key)
        operator.expect(b"F10: Save & Reset", 15)
        clocks = re.findall(rb"\x1b\[20;58H\d\d/\d\d/\d{4} (\d\d:\d\d:\d\d)", operator.run(10.0))
        assert 9 <= len(clocks) == len(set(clocks))
        operator.type(b"\x1b[C\x1b[C")
        operator.expect(b"> North Bridge", 2)
        operator.type(b"\x1b")
        operator.expect(b"GNU GRUB", 10)


def test_setup_is_left_with_a_restart() -> None:
    operator = logged_in()
    operator.type(b"systemctl reboot --firmware-setup\r")
    operator.expect(b"F10: Save & Reset", 30)
    operator.type(b"\x1b0")
    operator.expect(b"Press <DEL>", 10)
    operator.expect(b"GNU GRUB", 15)


def test_the_boot_menu_waits_for_a_choice() -> None:
    operator = switched_on()
    operator.expect(b"Press <DEL>")
    operator.type(b"\x1b!")
    operator.expect(b"Please select a boot device:", 15)
    assert b"GNU GRUB" not in operator.run(300.0)
    operator.type(b"\x1b[A\r")
    operator.expect(b"Booting from PXE enp", 5)


def test_the_boot_loader_counts_down_until_a_key_is_pressed() -> None:
    operator = switched_on()
    operator.expect(b"executed automatically in 3s.")
    operator.type(b"\x1b[B")
    assert b"Loading Linux" not in operator.run(60.0)
    operator.type(b"\r")
    operator.expect(b"(recovery mode)", 5)
    operator.type(b"\x1b[B\r")
    operator.expect(b"panic=10 single\r\n", 10)
    operator.expect(b"login: ")


def test_the_boot_loader_has_an_editor_and_a_command_line() -> None:
    operator = switched_on()
    operator.expect(b"executed automatically in")
    operator.type(b"e")
    operator.expect(b"setparams", 2)
    operator.type(b"\x1b")
    operator.expect(b"*Debian GNU/Linux", 2)
    operator.type(b"c")
    operator.expect(b"grub> ", 2)
    operator.type(b"nonsense\r")
    operator.expect(b"can't find command `nonsense'", 2)
    operator.type(b"normal\r")
    operator.expect(b"*Debian GNU/Linux", 2)
    operator.type(b"cboot\r")
    operator.expect(b"login: ", 60)


def test_the_boot_loader_can_halt_the_machine() -> None:
    operator = switched_on()
    operator.expect(b"executed automatically in")
    operator.type(b"chalt\r")
    operator.run(2.0)
    assert not operator.sees_power()


def test_the_memory_test_runs_until_escape_and_restarts() -> None:
    operator = switched_on()
    operator.expect(b"executed automatically in")
    operator.type(b"\x1b[B\x1b[B\r")
    operator.expect(b"Memtest86+", 5)
    operator.expect(b"Pass   9%", 6)
    operator.type(b"\x1b")
    operator.expect(b"Press <DEL>", 10)


def test_break_and_a_key_ask_the_kernel() -> None:
    operator = logged_in()
    operator.run(3.0)
    operator.send_break()
    operator.type(b"hdate\r")
    printed = operator.run(1.0)
    assert re.match(rb"\[ *\d+\.\d{6}\] sysrq: HELP : loglevel\(0-9\) reboot\(b\)", printed)
    assert b"\r\ndate\r\n" in printed  # only the first character was the kernel's
    operator.send_break()
    operator.type(b"s")
    operator.expect(b"Emergency Sync complete", 1)
    operator.send_break()
    operator.run(6.0)
    operator.type(b"b")  # too late: an ordinary letter
    assert operator.run(1.0) == b"b"


def test_break_means_nothing_to_firmware() -> None:
    operator = switched_on()
    operator.expect(b"Memory test")
    operator.send_break()
    operator.type(b"b")
    operator.expect(b"login: ")
    assert b"sysrq" not in operator.output


def test_sysrq_restarts_at_once() -> None:
    operator = booted()
    operator.send_break()
    operator.type(b"b")
    assert b"Stopping" not in operator.expect(b"Press <DEL>", 10)


@pytest.mark.parametrize("way", ["break", "trigger", "panic", "panic 1", "panic 2", "panic 3"])
def test_a_panic_shows_a_trace_and_restarts_after_ten_seconds(way: str) -> None:
    operator = logged_in()
    if way == "break":
        operator.send_break()
        operator.type(b"c")
    else:
        command = "echo c > /proc/sysrq-trigger" if way == "trigger" else way
        operator.type(command.encode() + b"\r")
    operator.expect(b"] Kernel panic - not syncing: ", 2)
    operator.expect(b"Call Trace:", 2)
    operator.expect(b"] Rebooting in 10 seconds..\r\n", 2)
    operator.type(b"ignored\r")
    operator.send_break()
    operator.type(b"c")
    assert operator.run(9.5) == b""
    operator.expect(b"Press <DEL>", 10)
    operator.expect(b"login: ")


def test_a_diagnostic_interrupt_crashes_without_last_words() -> None:
    operator = booted()
    operator.control(PowerAction.DIAGNOSTIC_INTERRUPT)
    operator.expect(b"Uhhuh. NMI received", 1)
    operator.expect(b"Kernel panic - not syncing: NMI", 1)
    assert b"Rebooting in" not in operator.expect(b"Press <DEL>", 20)


def test_faults_that_the_kernel_survives() -> None:
    operator = logged_in()
    assert b"BUG: kernel NULL pointer dereference, address: 0000" in operator.ask(b"oops")
    assert b"Out of memory: Killed process" in operator.ask(b"oom")
    assert b"soft lockup - CPU#" in operator.ask(b"lockup")
    assert operator.ask(b"echo alive") == b"alive\r\n"


def test_a_reboot_stops_the_services_first() -> None:
    operator = logged_in()
    operator.type(b"reboot\r")
    operator.expect(b"Stopped target", 5)
    operator.expect(b"] reboot: Restarting system\r\n", 10)
    operator.expect(b"Press <DEL>", 10)
    operator.expect(b"login: ")
    assert isinstance(operator.host, Server)
    assert operator.host.machine.boots == 2


def test_a_machine_that_is_powered_off_is_silent_until_it_is_switched_on() -> None:
    operator = logged_in()
    operator.type(b"poweroff\r")
    operator.expect(b"] reboot: Power down\r\n", 10)
    operator.run(2.0)
    assert not operator.sees_power()
    operator.type(b"hello")
    operator.send_break()
    assert operator.run(60.0) == b""
    assert operator.host.deadline == math.inf
    operator.control(PowerAction.ON)
    operator.expect(b"login: ")


def test_a_soft_shutdown_asks_the_system() -> None:
    operator = booted()
    operator.control(PowerAction.SOFT_OFF)
    operator.expect(b"] reboot: Power down\r\n", 10)
    operator.run(1.0)
    assert not operator.sees_power()


@pytest.mark.parametrize("stage", [b"Memory test", b"GNU GRUB", b"smpboot", b"Started", b"login: "])
def test_the_plug_can_be_pulled_at_any_time(stage: bytes) -> None:
    operator = switched_on()
    operator.expect(stage)
    operator.control(PowerAction.OFF)
    assert not operator.sees_power()
    assert operator.run(60.0) == b""
    operator.control(PowerAction.RESET)  # means nothing while it is off
    assert operator.run(60.0) == b""
    operator.control(PowerAction.ON)
    operator.expect(b"login: ")


def test_a_reset_says_nothing_and_starts_again() -> None:
    operator = booted()
    operator.control(PowerAction.RESET)
    assert operator.expect(b"Press <DEL>", 10).startswith(b"\x1b[2J")


def test_a_power_cycle_stays_off_for_a_while() -> None:
    operator = booted()
    operator.control(PowerAction.CYCLE)
    assert not operator.sees_power()
    assert operator.run(1.9) == b""
    operator.run(0.2)
    assert operator.sees_power()
    operator.expect(b"login: ")


def test_a_server_that_booted_long_ago_waits_at_its_prompt() -> None:
    server = Server("server42")
    operator = Operator(server)
    server.start_booted(0.0)
    operator.expect(b"server42 login: ", 1)
    assert operator.run(100.0) == b""
    operator.type(b"root\rx\r")
    operator.expect(b":~# ", 5)
    assert re.search(rb" up \d+ days, ", operator.ask(b"uptime"))
    operator.type(b"reboot\r")
    operator.expect(b"Press <DEL>", 30)


def test_a_kernel_says_something_by_itself_now_and_then() -> None:
    operator = booted(chatter_interval=60.0)
    stamps = re.findall(rb"\[ *\d+\.\d{6}\] ", operator.run(3600.0))
    assert 30 < len(stamps) < 120


def test_a_server_panics_by_itself_now_and_then() -> None:
    operator = booted(panic_interval=600.0)
    printed = operator.run(7200.0)
    assert 4 < printed.count(b"Kernel panic - not syncing: ") < 25
    assert printed.count(b"Linux version") >= 4


@settings(max_examples=60, deadline=None)
@given(
    typed=st.lists(
        st.tuples(
            st.floats(0.0, 20.0),
            st.one_of(
                st.binary(max_size=12),
                st.sampled_from(
                    [b"root\r", b"\r", b"\x1b[B", b"\x1b", b"panic\r", b"reboot\r", b"yes\r", b"\x03"]
                ),
                st.sampled_from(list(PowerAction)),
                st.none(),
            ),
        ),
        max_size=12,
    )
)
def test_whatever_is_done_to_a_server_it_goes_on(
    typed: list[tuple[float, bytes | PowerAction | None]],
) -> None:
    operator = switched_on()
    for seconds, what in typed:
        operator.run(seconds)
        if what is None:
            operator.send_break()
        elif isinstance(what, PowerAction):
            operator.control(what)
        else:
            operator.type(what)
    operator.run(5.0)
    operator.control(PowerAction.OFF)
    operator.control(PowerAction.ON)
    operator.expect(b"login: ")
