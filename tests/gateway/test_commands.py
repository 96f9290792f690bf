"""Commands over SSH: what they print, where, and with which exit code."""

import json
from pathlib import Path

import pytest

from solmux.wire.frames import Attach, Cancel, Detach, Verb
from tests.gateway.ssh_peer import Rack, play
from tests.gateway.waiting import eventually


def test_the_core_answers_with_text_errors_and_an_exit_code(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.verbs["status"] = ("server42: up\n", "server41: BMC does not answer\n", 1)
        answer = await rack.ask("status 'server4[1-2]' --json")
        assert (answer.text, answer.error, answer.code) == (
            "server42: up\n",
            "server41: BMC does not answer\n",
            1,
        )
        verb = rack.core.got(Verb)[-1]
        assert isinstance(verb, Verb)
        assert verb == Verb(verb.request, ("status", "server4[1-2]"), "alice", "127.0.0.1", {"json": True})

    play(scenario, tmp_path)


@pytest.mark.parametrize("command", ["server42 status", "status server42", "db status"])
def test_the_name_may_stand_in_front_of_the_command(tmp_path: Path, command: str) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.verbs["status"] = ("", "", 0)
        await rack.ask(command)
        verb = rack.core.got(Verb)[-1]
        assert isinstance(verb, Verb)
        assert verb.words[1] in ("server42", "db")

    play(scenario, tmp_path)


def test_a_login_name_may_name_the_console(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.verbs["status"] = ("", "", 0)
        for login in ("server42", "db", "alice+server42", "alice:server42"):
            assert (await rack.ask("status", login=login)).code == 0, login
        words = {verb.words for verb in rack.core.got(Verb) if isinstance(verb, Verb)}
        assert words == {("status", "server42")}
        refused = await rack.ask("status", login="bob+server42")
        assert refused.code == 4
        assert "belongs to alice" in refused.error
        for login in ("console", "alice"):
            await rack.ask("status", login=login)
            last = rack.core.got(Verb)[-1]
            assert isinstance(last, Verb)
            assert last.words == ("status", "")

    play(scenario, tmp_path)


@pytest.mark.parametrize(
    ("command", "login", "code", "text"),
    [
        ("server24", "console", 3, "did you mean server42"),
        (None, "server24", 3, "server24"),
        ("status", "server24", 3, "server24"),
        ("server4", "console", 3, "2 consoles"),
        ("server42 frobnicate", "console", 2, "no such command"),
        ("boots server42", "console", 2, "not in this version"),
        ("ls --frobnicate", "console", 2, "no option"),
        ("status 'open", "console", 2, "quote"),
        ("attach server42", "console", 2, "needs a terminal"),
        ("send server42 uptime", "console", 2, "not in this version"),
    ],
)
def test_mistakes_end_with_their_code_and_a_line_on_standard_error(
    tmp_path: Path, command: str | None, login: str, code: int, text: str
) -> None:
    async def scenario(rack: Rack) -> None:
        answer = await rack.ask(command, login=login)
        assert answer.code == code
        assert answer.text == ""
        assert answer.error.startswith("solmux: ")
        assert text in answer.error

    play(scenario, tmp_path)


def test_help_is_answered_without_the_core(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        await rack.core.stop()
        await eventually(lambda: not rack.gateway.hub.up)
        answer = await rack.ask("help")
        assert answer.code == 0
        assert "attach to a console" in answer.text
        assert "ls" in (await rack.ask("help ls")).text
        assert (await rack.ask("help frobnicate")).code == 2

    play(scenario, tmp_path)


def test_without_a_core_a_command_ends_with_5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solmux.gateway.hub.CORE_PATIENCE", 0.1)

    async def scenario(rack: Rack) -> None:
        await rack.core.stop()
        await eventually(lambda: not rack.gateway.hub.up)
        answer = await rack.ask("ls")
        assert answer.code == 5
        assert answer.error.startswith("solmux: the core is not there")

    play(scenario, tmp_path)


def test_a_core_that_comes_back_in_time_answers(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.verbs["ls"] = ("server42\n", "", 0)
        await rack.core.stop()
        await eventually(lambda: not rack.gateway.hub.up)
        async with rack.connect() as connection:
            process = await connection.create_process("ls")
            await rack.core.start()
            done = await process.wait()
            assert done.stdout == "server42\n"

    play(scenario, tmp_path)


def test_on_a_terminal_lines_end_as_a_raw_terminal_wants_them(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.verbs["ls"] = ("server41\nserver42\n", "", 0)
        answer = await rack.ask("ls", terminal="xterm")
        assert answer.text == "server41\r\nserver42\r\n"
        verb = rack.core.got(Verb)[-1]
        assert isinstance(verb, Verb)
        assert verb.options == {"columns": 80}

    play(scenario, tmp_path)


def test_a_terminal_without_a_console_gets_the_list_and_how_to_attach(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.verbs["ls"] = ("server41  up\nserver42  up\n", "", 0)
        for login in ("console", "alice"):
            answer = await rack.ask(None, login=login, terminal="xterm")
            assert answer.code == 0
            assert answer.text.startswith("server41  up\r\nserver42  up\r\n")
            assert "attach" in answer.text

    play(scenario, tmp_path)


def test_an_answer_survives_a_client_that_has_nothing_to_say(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.verbs["ls"] = (json.dumps({"name": "server42"}) + "\n", "", 0)
        async with rack.connect() as connection:
            process = await connection.create_process("ls --json")
            process.stdin.write_eof()  # cron and ansible: before anything is answered
            done = await process.wait()
            assert isinstance(done.stdout, str)
            assert json.loads(done.stdout) == {"name": "server42"}
            assert done.exit_status == 0

    play(scenario, tmp_path)


def test_a_long_answer_waits_for_a_slow_client_and_is_whole(tmp_path: Path) -> None:
    text = "".join(f"line {number}\n" for number in range(60_000))

    async def scenario(rack: Rack) -> None:
        rack.core.verbs["ls"] = (text, "", 0)
        async with rack.connect() as connection:
            process = await connection.create_process("ls", window=4096)
            done = await process.wait()
            assert done.stdout == text

    play(scenario, tmp_path)


def test_control_c_and_a_closed_channel_cancel_what_was_asked(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.verbs["status"] = ("", "", -1)
        async with rack.connect() as connection:
            process = await connection.create_process("status", term_type="xterm")
            await eventually(lambda: rack.core.got(Verb))
            process.stdin.write("\x03")
            assert (await process.wait()).exit_status == 130
            await eventually(lambda: len(rack.core.got(Cancel)) == 1)
            process = await connection.create_process("status")
            await eventually(lambda: len(rack.core.got(Verb)) == 2)
            process.close()
            await eventually(lambda: len(rack.core.got(Cancel)) == 2)

    play(scenario, tmp_path)


def test_a_fault_in_one_session_leaves_the_others_on_the_connection_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("solmux.verbs.manual.overview", broken)
    monkeypatch.setattr("solmux.gateway.request.parse_login", broken, raising=True)

    async def scenario(rack: Rack) -> None:
        async with rack.connect() as connection:
            first = await connection.run("ls")
            assert first.exit_status == 1
            assert isinstance(first.stderr, str)
            assert "internal error" in first.stderr
            monkeypatch.undo()
            rack.core.verbs["ls"] = ("fine\n", "", 0)
            monkeypatch.setattr("solmux.verbs.manual.overview", broken)
            assert (await connection.run("help")).exit_status == 1
            assert (await connection.run("ls")).stdout == "fine\n"

    play(scenario, tmp_path)
    assert "a fault of ours" in caplog.text


# following without a terminal


def test_without_a_terminal_a_console_is_followed_and_nothing_is_typed(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.print("server42", b"".join(b"line %d\r\n" % number for number in range(100)) + b"login: ")
        async with rack.connect() as connection:
            process = await connection.create_process("server42", encoding=None)
            process.stdin.write(b"root\nrm -rf /\n")
            process.stdin.write_eof()
            hint = await process.stderr.readline()
            assert b"watching server42 only" in hint
            assert b"ssh -t" in hint
            first = await process.stdout.readuntil(b"login: ")
            assert first == b"".join(b"line %d\r\n" % number for number in range(80, 100)) + b"login: "
            rack.core.print("server42", b"root\r\n\x1b]52;c;ZXZpbA==\x07# ")
            assert await process.stdout.readuntil(b"# ") == b"root\r\n# "
            people = rack.core.got(Attach)
            assert [(p.person, p.mode) for p in people if isinstance(p, Attach)] == [("alice", "watch")]
            process.close()
            await eventually(lambda: rack.core.got(Detach))
        assert rack.core.consoles["server42"].typed == b""

    play(scenario, tmp_path)


def test_watch_begins_with_as_many_lines_as_asked_for(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.print("server42", b"".join(b"line %d\r\n" % number for number in range(100)))
        async with rack.connect() as connection:
            process = await connection.create_process("watch -n 3 server42", encoding=None)
            assert await process.stdout.readuntil(b"99\r\n") == b"line 97\r\nline 98\r\nline 99\r\n"
            process.close()
            process = await connection.create_process("server42 watch -n 0", encoding=None)
            await eventually(lambda: len(rack.core.consoles["server42"].people) == 1)
            rack.core.print("server42", b"new\r\n")
            assert (await process.stdout.read(100)).endswith(b"new\r\n")
            process.close()

    play(scenario, tmp_path)


def test_whoever_follows_hears_on_standard_error_what_becomes_of_the_console(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.consoles["server42"].state = "connecting"
        async with rack.connect() as connection:
            process = await connection.create_process("watch server42")
            assert await process.stderr.readline() == "solmux: server42 is connecting\n"
            rack.core.notice("server42", "state", "BMC does not answer", state="down")
            assert await process.stderr.readline() == "solmux: server42 is down: BMC does not answer\n"
            await rack.core.stop()
            assert "core is away" in await process.stderr.readline()
            rack.core.print("server42", b"meanwhile\r\n")
            await rack.core.start()
            assert "core is back" in await process.stderr.readline()
            assert await process.stdout.readline() == "meanwhile\r\n"
            rack.core.notice("", "consoles", consoles=["server41"], aliases={})
            assert "removed" in await process.stderr.readline()
            assert (await process.wait()).exit_status == 3

    play(scenario, tmp_path)


def test_the_gateway_says_goodbye(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        async with rack.connect() as connection:
            process = await connection.create_process("watch server42")
            await eventually(lambda: rack.core.consoles["server42"].people)
            await rack.stop_gateway()
            done = await process.wait()
            assert isinstance(done.stderr, str)
            assert "the gateway stops" in done.stderr
        await eventually(lambda: not rack.core.consoles["server42"].people)

    play(scenario, tmp_path)
