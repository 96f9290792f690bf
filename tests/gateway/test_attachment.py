"""Attached with a terminal: the client's terminal is an emulator that is shown whatever comes through SSH."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from solmux.screen.emulator import Emulator
from solmux.wire.frames import Acked, Attach, Credit, Detach, Input
from tests.gateway.ssh_peer import Rack, play
from tests.gateway.waiting import eventually

MENU = b"\x1b[2J\x1b[H\x1b[1;44m Setup \x1b[0m" + b"".join(
    b"\x1b[%d;3HOption %02d" % (row, row) for row in range(3, 20)
)


def clock(second: int) -> bytes:
    return b"\x1b[2;60H%02d:%02d:%02d" % (second // 3600, second // 60 % 60, second % 60)


class Person:
    """Somebody at a terminal."""

    def __init__(self, process: asyncssh.SSHClientProcess[bytes], columns: int, rows: int) -> None:
        self.process = process
        self.terminal = Emulator(columns or 80, rows or 24)
        self.seen = b""
        self.reading = True
        self._may_read = asyncio.Event()
        self._may_read.set()

    async def read(self) -> None:
        """Show what comes, for ever."""
        while data := await self.process.stdout.read(4096):
            await self._may_read.wait()
            self.seen += data
            self.terminal.feed(data)

    def type(self, data: bytes) -> None:
        self.process.stdin.write(data)

    def stop_reading(self) -> None:
        self._may_read.clear()

    def read_on(self) -> None:
        self._may_read.set()

    def rows(self) -> list[str]:
        return self.terminal.text()

    async def sees(self, data: bytes) -> None:
        await eventually(lambda: data in self.seen)

    async def sees_more_than(self, count: int) -> None:
        await eventually(lambda: len(self.seen) > count)

    def has(self, text: str) -> bool:
        return any(text in row for row in self.rows())


@contextlib.asynccontextmanager
async def attached(
    rack: Rack,
    command: str | None = "server42",
    *,
    person: str = "alice",
    login: str = "console",
    size: tuple[int, int] = (80, 24),
    window: int = 1 << 20,
) -> AsyncIterator[Person]:
    """Sit down at a console; wait for nothing."""
    async with rack.connect(person, login) as connection:
        process = await connection.create_process(
            command, term_type="xterm", term_size=size, encoding=None, window=window
        )
        somebody = Person(process, *size)
        reader = asyncio.create_task(somebody.read())
        try:
            yield somebody
        finally:
            reader.cancel()
            process.close()
            await asyncio.wait((reader,))


def stop_reading(connection: asyncssh.SSHClientConnection) -> None:
    """Do what a stopped process does: leave everything in the socket."""
    assert connection._transport is not None
    connection._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    connection._transport.pause_reading()


def read_on(connection: asyncssh.SSHClientConnection) -> None:
    assert connection._transport is not None
    connection._transport.resume_reading()


def screen_of(output: bytes) -> Emulator:
    emulator = Emulator()
    emulator.feed(output)
    return emulator


@pytest.mark.parametrize(
    ("command", "login"), [("server42", "console"), (None, "server42"), ("attach db", "bob")]
)
def test_attaching_shows_the_screen_a_status_line_and_what_comes(
    tmp_path: Path, command: str | None, login: str
) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.print("server42", b"Debian GNU/Linux 12\r\n\r\nserver42 login: ")
        async with attached(rack, command, login=login, person="bob") as bob:
            await eventually(lambda: bob.has("read-write"))
            assert bob.rows()[0] == "Debian GNU/Linux 12"
            assert bob.rows()[2] == "server42 login:"
            assert bob.rows()[3].startswith("[solmux: server42 attached read-write, ^Ec? for help")
            assert bob.rows()[4] == "server42 login:"
            assert bob.terminal.cursor[:2] == (len("server42 login: "), 4)
            bob.type(b"root\r")
            await eventually(lambda: rack.core.consoles["server42"].typed == b"root\r")
            rack.core.print("server42", b"root\r\nPassword: ")
            await eventually(lambda: bob.rows()[4:6] == ["server42 login: root", "Password:"])

    play(scenario, tmp_path, more="aliases = ['db']")


def test_a_menu_is_shown_as_it_is_and_the_status_line_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("solmux.gateway.attachment.BAR_TIME", 0.1)

    async def scenario(rack: Rack) -> None:
        output = MENU + b"".join(map(clock, range(50)))
        rack.core.print("server42", output)
        async with attached(rack) as alice:
            await eventually(lambda: alice.rows()[23].startswith("[solmux: server42 attached read-write"))
            assert alice.rows()[:23] == screen_of(output).text()[:23]
            rack.core.print("server42", clock(50))
            await eventually(lambda: alice.rows() == screen_of(output + clock(50)).text())
            assert alice.terminal.cursor == screen_of(output + clock(50)).cursor

    play(scenario, tmp_path)


def test_a_menu_whose_clock_has_emptied_the_ring_is_right_for_whoever_comes_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("solmux.gateway.hub.SAVE_REST", 0)

    async def scenario(rack: Rack) -> None:
        line = rack.core.consoles["server42"]
        rack.core.print("server42", MENU)
        printed = 0
        saved = rack.directory / "state" / "gateway" / "screens" / "server42.screen"
        while printed < 6000:  # 120 kB in a ring of 64: the core asks for the screen in time
            rack.core.print("server42", b"".join(map(clock, range(printed, printed + 1000))))
            printed += 1000
            rack.core.notice("server42", "screen-due", first=line.first, received=line.received)
            await eventually(
                lambda: saved.exists() and f'"offset": {line.received}'.encode() in saved.read_bytes()
            )
        want = screen_of(MENU + clock(5999)).text()

        async def seen() -> None:
            async with attached(rack) as late:
                await eventually(lambda: late.has("attached read-write"))
                assert late.rows()[:23] == want[:23]
                assert "reconstructed" not in late.rows()[23]
            await eventually(lambda: not line.people)

        await seen()
        await rack.stop_gateway()
        await rack.start_gateway()
        await eventually(lambda: rack.core.connected and rack.gateway.hub.up)
        await seen()
        await rack.core.stop()
        await eventually(lambda: not rack.gateway.hub.up)
        await rack.core.start()
        await eventually(lambda: rack.gateway.hub.up)
        await seen()

    play(scenario, tmp_path)


def test_the_second_person_watches_and_is_told_who_types(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        line = rack.core.consoles["server42"]
        rack.core.print("server42", b"login: ")
        async with attached(rack) as alice:
            await eventually(lambda: alice.has("read-write"))
            async with attached(rack, person="bob") as bob:
                await eventually(lambda: bob.has("watching, alice@127.0.0.1 types"))
                bob.type(b"x")
                await eventually(lambda: bob.has("[read-only: alice@127.0.0.1 types -- use `^Ec?']"))
                bob.type(b"\x05ca")
                await eventually(lambda: bob.has("[no, alice@127.0.0.1 is attached]"))
                alice.type(b"\x05cs")
                await eventually(lambda: alice.has("[spy]"))
                await eventually(lambda: bob.has("[nobody types]"))
                bob.type(b"\x05ca")
                await eventually(lambda: bob.has("[attached]"))
                await eventually(lambda: alice.has("[bob@127.0.0.1 types]"))
                bob.type(b"ls\r")
                await eventually(lambda: line.typed == b"ls\r")
            await eventually(lambda: alice.has("[nobody types]"))
            assert alice.seen.count(b"login: ") > 1

    play(scenario, tmp_path)


def test_attach_read_only_types_nothing(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        async with attached(rack, "attach -r server42") as alice:
            await eventually(lambda: alice.has("watching, nobody types"))
            alice.type(b"rm -rf /\r")
            await eventually(lambda: alice.has("[read-only: nobody types"))
            assert [frame.mode for frame in rack.core.got(Attach) if isinstance(frame, Attach)] == ["watch"]
        refused = await rack.ask("attach -f server42", terminal="xterm")
        assert refused.code == 4

    play(scenario, tmp_path)


def test_the_escape_that_leaves_resets_the_terminal_and_ends_with_0(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.print("server42", b"\x1b[?1049h\x1b[?25l\x1b[?1000h\x1b[3;10r\x1b[7mfull screen")
        async with attached(rack) as alice:
            await eventually(lambda: alice.has("read-write"))
            alice.type(b"abc\x05c.never sent")
            await alice.process.wait_closed()
            assert alice.process.exit_status == 0
            await eventually(lambda: alice.has("[server42 detached]"))
            assert not alice.terminal.alternate
            assert alice.terminal.margins == (0, 23)
            assert alice.terminal.cursor.visible
            await eventually(lambda: rack.core.got(Detach))
            assert rack.core.consoles["server42"].typed == b"abc"

    play(scenario, tmp_path)


def test_a_break_by_either_escape_reaches_the_core_once(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        line = rack.core.consoles["server42"]
        async with attached(rack) as alice, attached(rack, person="bob") as bob:
            await eventually(lambda: alice.has("read-write") and bob.has("watching"))
            alice.type(b"a\x05cl0b")
            await eventually(lambda: line.breaks == 1)
            await eventually(lambda: alice.has("[halt sent]"))
            alice.process.send_break(1000)
            await eventually(lambda: line.breaks == 2)
            rack.core.notice("server42", "break", who="alice@127.0.0.1")
            await eventually(lambda: bob.has("break sent by alice@127.0.0.1"))
            bob.process.send_break(1000)
            await eventually(lambda: bob.has("[read-only: alice@127.0.0.1 types"))
            assert line.breaks == 2
            assert line.typed == b"ab"

    play(scenario, tmp_path)


def test_input_beyond_the_credit_waits_for_the_bmc_and_arrives_whole(tmp_path: Path) -> None:
    text = bytes(range(32, 127)) * 300

    async def scenario(rack: Rack) -> None:
        line = rack.core.consoles["server42"]
        rack.core.credit = 1000
        rack.core.answers = False
        async with attached(rack) as alice:
            await eventually(lambda: alice.has("read-write"))
            alice.type(text)
            await eventually(lambda: len(line.typed) == 1000)
            rack.core.answers = True
            rack.core.acknowledge()
            await eventually(lambda: line.typed == text)
            sizes = [len(frame.data) for frame in rack.core.got(Input) if isinstance(frame, Input)]
            assert max(sizes) <= 1000

    play(scenario, tmp_path)


def test_input_that_may_be_lost_is_counted(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.answers = False
        async with attached(rack) as alice:
            await eventually(lambda: alice.has("read-write"))
            alice.type(b"reboot\r")
            await eventually(lambda: rack.core.consoles["server42"].typed)
            rack.core.lose_input("the session broke")
            text = "7 typed characters may not have arrived: the session broke"
            await eventually(lambda: alice.has(text))

    play(scenario, tmp_path)


def test_a_core_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.print("server42", b"login: ")
        async with attached(rack) as alice:
            await eventually(lambda: alice.has("read-write"))
            rack.core.answers = False
            alice.type(b"ro")
            await eventually(lambda: rack.core.consoles["server42"].typed == b"ro")
            await rack.core.stop()
            await eventually(lambda: alice.has("the core is away"))
            await eventually(lambda: alice.has("2 typed characters may not have arrived"))
            assert alice.rows()[0] == "login:"
            alice.type(b"x")
            await eventually(lambda: alice.has("[not sent: the core is away]"))
            rack.core.print("server42", b"meanwhile ")
            await rack.core.start()
            await eventually(lambda: alice.has("[attached]"))
            rack.core.print("server42", b"after")
            await eventually(lambda: alice.has("login: meanwhile after"))
            assert [row for row in alice.rows() if row][-1] == "login: meanwhile after"

    play(scenario, tmp_path)


def test_help_and_answers_of_the_core_are_shown(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.verbs["who"] = ("server42  alice\n", "", 0)
        rack.core.verbs["status"] = ("server42: up\n", "", 0)
        rack.core.print("server42", b"one\r\ntwo\r\nlogin: ")
        async with attached(rack, size=(80, 60)) as alice:
            await eventually(lambda: alice.has("read-write"))
            alice.type(b"\x05c?")
            await eventually(lambda: alice.has("disconnect"))
            alice.type(b"\x05cw")
            await eventually(lambda: alice.has("server42  alice"))
            alice.type(b"\x05ci")
            await eventually(lambda: alice.has("server42: up"))
            alice.type(b"\x05cv")
            await eventually(lambda: alice.has("[solmux "))
            alice.type(b"\x05cr")
            await eventually(lambda: alice.has("[replay]"))
            alice.type(b"\x05cX")
            await eventually(lambda: alice.has("[unknown -- use `^Ec?']"))
            alice.type(b"\x05cf")
            await eventually(lambda: alice.has("role force"))
            alice.type(b"\x05c\x0c")
            await eventually(lambda: [row for row in alice.rows() if row] == ["one", "two", "login:"])
            assert rack.core.consoles["server42"].typed == b""

    play(scenario, tmp_path)


def test_help_over_a_menu_goes_away_with_the_next_key(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.print("server42", MENU)
        async with attached(rack, size=(80, 50)) as alice:
            await eventually(lambda: alice.has("read-write"))
            alice.type(b"\x05c?")
            await eventually(lambda: alice.has("press any key"))
            rack.core.print("server42", clock(1))
            alice.type(b" ")
            await eventually(lambda: alice.rows()[:24] == screen_of(MENU + clock(1)).text())
            alice.type(b"\x05c?")
            await eventually(lambda: alice.has("press any key"))
            alice.type(b"\x05c.")
            await alice.process.wait_closed()
            assert alice.process.exit_status == 0
            assert rack.core.consoles["server42"].typed == b""

    play(scenario, tmp_path)


def test_a_lone_first_character_of_the_escape_reaches_the_console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("solmux.gateway.attachment.ESCAPE_PATIENCE", 0.05)

    async def scenario(rack: Rack) -> None:
        async with attached(rack) as alice:
            await eventually(lambda: alice.has("read-write"))
            alice.type(b"\x05")
            await eventually(lambda: rack.core.consoles["server42"].typed == b"\x05")

    play(scenario, tmp_path)


def test_dangerous_output_and_queries_never_reach_the_terminal(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        line = rack.core.consoles["server42"]
        async with attached(rack) as alice, attached(rack, person="bob") as bob:
            await eventually(lambda: alice.has("read-write") and bob.has("watching"))
            rack.core.print("server42", b"\x1b]52;c;ZXZpbA==\x07\x1b[6n\x1bP$qm\x1b\\\x1b[c\x05done")
            await eventually(lambda: alice.has("done") and bob.has("done"))
            for person in (alice, bob):
                assert b"52;c" not in person.seen
                assert b"\x1b[6n" not in person.seen
                assert b"\x1bP" not in person.seen
            await eventually(lambda: line.typed.endswith(b"c"))
            assert line.typed.count(b"R") == 1  # answered once, for the writer

    play(scenario, tmp_path)


def test_a_new_window_size_redraws_the_screen_and_absurd_ones_do_no_harm(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.print("server42", MENU)
        async with attached(rack, size=(0, 0)) as alice:
            await eventually(lambda: b"Option 03" in alice.seen)
            for size in ((2**31, 2**31), (1, 1), (0, 0), (40, 10)):
                seen = len(alice.seen)
                alice.process.change_terminal_size(*size)
                await alice.sees_more_than(seen)
            assert len(alice.seen) < 100_000

    play(scenario, tmp_path)


def test_a_client_that_does_not_read_loses_output_and_is_shown_the_screen_when_it_does(
    tmp_path: Path,
) -> None:
    async def scenario(rack: Rack) -> None:
        async with attached(rack, window=8192) as slow, attached(rack, person="bob") as fine:
            await eventually(lambda: slow.has("read-write") and fine.has("watching"))
            slow.stop_reading()
            for number in range(20):
                rack.core.print("server42", b"line %d of a flood\r\n" % number * 1000)
                await fine.sees(b"line %d of" % number)
            rack.core.print("server42", b"the end\r\n")
            await eventually(lambda: fine.has("the end"))
            slow.read_on()
            await eventually(lambda: slow.has("the end") and slow.has("bytes skipped"))
            assert b"line 15 of" not in slow.seen
            rack.core.print("server42", b"and on\r\n")
            await eventually(lambda: slow.has("and on"))

    play(scenario, tmp_path)


def test_a_client_that_never_reads_again_is_disconnected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("solmux.gateway.outlet.STUCK_LIMIT", 0.3)

    async def scenario(rack: Rack) -> None:
        line = rack.core.consoles["server42"]
        async with attached(rack, window=8192) as slow, attached(rack, person="bob") as fine:
            await eventually(lambda: slow.has("read-write") and fine.has("watching"))
            slow.stop_reading()
            for number in range(20):
                rack.core.print("server42", b"line %d of a flood\r\n" % number * 1000)
                await fine.sees(b"line %d of" % number)
            await eventually(lambda: len(line.people) == 1)
            rack.core.print("server42", b"on\r\n")
            await eventually(lambda: fine.has("on"))

    play(scenario, tmp_path)


def test_a_client_with_a_huge_window_that_does_not_read_costs_a_bounded_amount(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        async with attached(rack, person="bob") as fine, rack.connect() as connection:
            await eventually(lambda: fine.has("read-write"))
            process = await connection.create_process(
                "server42", term_type="xterm", encoding=None, window=1 << 30
            )
            await process.stdout.read(1)
            stop_reading(connection)
            server = next(c for c in rack.gateway.connections if c.person.name == "alice")
            transport = server._connection._transport
            assert transport is not None
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
            for number in range(30):
                rack.core.print("server42", b"line %d of a flood\r\n" % number * 1500)
                await fine.sees(b"line %d of" % number)
            assert server._congested
            assert transport.get_write_buffer_size() < 200_000
            read_on(connection)
            process.close()

    play(scenario, tmp_path)


def test_a_killed_client_gives_its_seat_up(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        line = rack.core.consoles["server42"]
        async with attached(rack, person="bob") as bob:
            async with rack.connect() as connection:
                process = await connection.create_process("server42", term_type="xterm")
                await process.stdout.read(1)
                await eventually(lambda: len(line.people) == 2)
                connection.abort()
            await eventually(lambda: len(line.people) == 1)
            await eventually(lambda: bob.has("attached"))

    play(scenario, tmp_path)


def test_a_client_that_stops_answering_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solmux.gateway.server.KEEPALIVE_INTERVAL", 0.1)
    monkeypatch.setattr("solmux.gateway.server.KEEPALIVE_COUNT", 2)

    async def scenario(rack: Rack) -> None:
        line = rack.core.consoles["server42"]
        async with rack.connect() as connection:
            process = await connection.create_process("server42", term_type="xterm")
            await process.stdout.read(1)
            await eventually(lambda: len(line.people) == 1)
            stop_reading(connection)
            await eventually(lambda: not line.people)

    play(scenario, tmp_path)


def test_a_fault_of_one_attachment_ends_it_and_no_other_on_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(rack: Rack) -> None:
        async with rack.connect() as connection:
            processes = [
                await connection.create_process(name, term_type="xterm") for name in ("server41", "server42")
            ]
            for process in processes:
                await process.stdout.read(1)
            monkeypatch.setattr(
                "solmux.gateway.attachment.Attachment.resized", lambda self: self.no_such_thing
            )
            processes[0].change_terminal_size(100, 30)
            done = await processes[0].wait()
            assert done.exit_status == 1
            rack.core.print("server42", b"still here")
            await processes[1].stdout.readuntil("still here")
            processes[1].close()

    play(scenario, tmp_path)
    assert "no_such_thing" in caplog.text


def test_a_console_that_is_removed_ends_its_attachments(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        async with attached(rack) as alice:
            await eventually(lambda: alice.has("read-write"))
            rack.core.notice("", "consoles", consoles=["server41"], aliases={})
            await alice.process.wait_closed()
            assert alice.process.exit_status == 3
            await eventually(lambda: alice.has("detached: the console was removed"))

    play(scenario, tmp_path)


def test_a_fast_writer_is_shown_every_echo_and_credit_returns(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        async with attached(rack) as alice:
            await eventually(lambda: alice.has("read-write"))
            for key in b"echo hello":
                alice.type(bytes([key]))
                await eventually(lambda: rack.core.consoles["server42"].typed.endswith(bytes([key])))  # noqa: B023
                rack.core.print("server42", bytes([key]))
            await eventually(lambda: alice.has("echo hello"))
            assert len(rack.core.got(Input)) == 10
            assert not rack.core.got(Acked)
            assert not rack.core.got(Credit)

    play(scenario, tmp_path)
