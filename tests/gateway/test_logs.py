"""Logs and screens over SSH, from files on the disk."""

from pathlib import Path

from tests.gateway.ssh_peer import Rack, play
from tests.gateway.waiting import eventually


def write_log(rack: Rack, name: str, count: int) -> Path:
    """Give a console a log of *count* lines."""
    path = rack.config.log.directory / name / "console.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(line(name, number) for number in range(count)))
    return path


def line(name: str, number: int) -> bytes:
    return b"2026-11-20T17:05:%02d.000Z %s says %d\n" % (number % 60, name.encode(), number)


def lines(name: str, numbers: range) -> str:
    return b"".join(line(name, number) for number in numbers).decode()


def test_a_log_is_printed_whole_or_from_its_end(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        write_log(rack, "server42", 5000)
        answer = await rack.ask("log server42")
        assert answer.code == 0
        assert answer.text == lines("server42", range(5000))
        for command in ("log -n 3 server42", "server42 log -n 3", "log db -n3"):
            assert (await rack.ask(command)).text == lines("server42", range(4997, 5000))

    play(scenario, tmp_path)


def test_a_console_that_never_logged_has_an_empty_log(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        answer = await rack.ask("log server42")
        assert (answer.text, answer.error, answer.code) == ("", "", 0)
        unknown = await rack.ask("log server24")
        assert unknown.code == 3
        unlogged = await rack.ask("log quiet")
        assert unlogged.code == 1
        assert "keeps no log" in unlogged.error

    more = '\n[consoles.quiet]\naddress = "quiet.bmc.example.net"\nlog = false\n'
    play(scenario, tmp_path, more=more)


def test_a_followed_log_goes_on_with_what_is_added(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        path = write_log(rack, "server42", 10)
        async with rack.connect() as connection:
            process = await connection.create_process("log -n 1 -f server42", encoding=None)
            assert await process.stdout.readline() == line("server42", 9)
            with path.open("ab") as file:
                file.write(line("server42", 10))
            assert await process.stdout.readline() == line("server42", 10)
            process.close()
            await process.wait_closed()
            process = await connection.create_process("log -f server42", term_type="xterm", encoding=None)
            assert await process.stdout.readline() == line("server42", 0).replace(b"\n", b"\r\n")
            process.stdin.write(b"\x03")
            await process.wait_closed()
            assert process.exit_status == 130

    play(scenario, tmp_path)


def test_the_ends_of_several_logs_name_their_consoles(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        write_log(rack, "server41", 20)
        path = write_log(rack, "server42", 20)
        answer = await rack.ask("tail -n 2 server[41-42]")
        rows = answer.text.splitlines()
        assert rows == [
            f"{name}: {line(name, number).decode().rstrip()}"
            for name in ("server41", "server42")
            for number in (18, 19)
        ]
        assert len((await rack.ask("tail server42")).text.splitlines()) == 10
        async with rack.connect() as connection:
            process = await connection.create_process("tail -n 1 -f server41 server42", encoding=None)
            for name in ("server41", "server42"):
                assert await process.stdout.readline() == name.encode() + b": " + line(name, 19)
            with path.open("ab", buffering=0) as file:
                file.write(b"half a ")
                assert await process.stdout.readuntil(b"half a ") == b"server42: half a "
                file.write(b"line\nand one\n")
            assert await process.stdout.readline() == b"line\n"
            assert await process.stdout.readline() == b"server42: and one\n"
            process.close()

    play(scenario, tmp_path)


def test_the_screen_is_printed_as_text(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.print("server42", b"\x1b[2J\x1b[H\x1b[1;31mRED\x1b[0m\x1b[5;5Hmenu")
        answer = await rack.ask("screen server42")
        assert answer.text.splitlines()[:5] == ["RED", "", "", "", "    menu"]
        assert len(answer.text.splitlines()) == 24
        assert answer.code == 0
        await rack.core.stop()
        await eventually(lambda: not rack.gateway.hub.up)
        assert (await rack.ask("screen server42")).text == answer.text
        never_seen = await rack.ask("screen server41")
        assert (never_seen.text, never_seen.code) == ("", 5)

    play(scenario, tmp_path)
