"""The verbs that the core answers, asked over its unix socket as any client does."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio

from solmux.wire import frames
from tests.core.rig import Person, Running, Scene, play

Talk = Callable[[Person, Running], Awaitable[None]]


def ask_a_rack(home: Path, talk: Talk) -> None:
    """Run *talk* with a client of a core that has four consoles, one of whose BMCs is not there."""

    async def scene(scene: Scene) -> None:
        await scene.rack("server41", "server42", "server43", source="echo")
        scene.lines["server42"] += ['aliases = ["db"]', 'tags = ["rack7", "sql"]']
        scene.lines["server43"] += ['tags = ["rack7"]']
        scene.lines["storage1"] = ['address = "127.0.0.1:9"']
        running = await scene.start()
        await running.up("server41", "server42", "server43")
        person = await Person.connect(scene)
        await talk(person, running)
        await running.end()

    play(home, scene)


def test_ls_lists_every_console_in_the_order_of_the_configuration(tmp_path: Path) -> None:
    async def talk(person: Person, running: Running) -> None:  # noqa: ARG001
        code, text, error = await person.ask("ls")
        assert (code, error) == (0, "")
        header, *rows = text.splitlines()
        assert header.split() == ["NAME", "STATE", "SINCE", "OUTPUT", "WRITER", "WATCHERS", "REASON"]
        assert [row.split()[:2] for row in rows[:3]] == [[f"server4{n}", "up"] for n in (1, 2, 3)]
        assert rows[3].split()[0] == "storage1"
        assert "\x1b" not in text

    ask_a_rack(tmp_path, talk)


def test_names_globs_ranges_tags_aliases_and_beginnings_select(tmp_path: Path) -> None:
    async def talk(person: Person, running: Running) -> None:  # noqa: ARG001
        for names, meant in {
            ("server43", "server41"): ["server43", "server41"],
            ("server4*",): ["server41", "server42", "server43"],
            ("server[41-42]",): ["server41", "server42"],
            ("@rack7",): ["server42", "server43"],
            ("@sql", "server4?"): ["server42", "server41", "server43"],
            ("db",): ["server42"],
            ("stor",): ["storage1"],
        }.items():
            code, text, error = await person.ask("ls", *names, options={"quiet": True})
            assert (code, text.split(), error) == (0, meant, ""), names

    ask_a_rack(tmp_path, talk)


def test_json_says_all_there_is_to_know_one_object_a_line(tmp_path: Path) -> None:
    async def talk(person: Person, running: Running) -> None:
        await person.sit_down("server42")
        await person.echo(b"select 1;\r", 1)
        for verb in ("ls", "status"):
            code, text, _ = await person.ask(verb, "server42", options={"json": True})
            row = json.loads(text)
            assert code == 0
            assert text.count("\n") == 1
            assert row["name"] == "server42"
            assert (row["state"], row["reason"], row["suite"]) == ("up", "", 17)
            assert row["address"] == str(running.core.config.consoles["server42"].address)
            assert row["offset"] == len(b"select 1;\r")
            assert row["writer"] == running.core.consoles["server42"].attachments[0].who
            assert row["watchers"] == 0
            assert row["last_output"] >= row["since"]
            assert len(bytes.fromhex(row["guid"])) == 16
            assert row["counters"]["received"] > 0

    ask_a_rack(tmp_path, talk)


def test_status_explains_a_console_in_a_paragraph(tmp_path: Path) -> None:
    async def talk(person: Person, running: Running) -> None:
        code, text, _ = await person.ask("status", "server41", "db")
        assert code == 0
        first, second = text.split("\n\n")
        assert first.startswith("server41: up\n")
        assert second.startswith("server42: up\n")
        assert f"address       {running.core.config.consoles['server41'].address}" in first
        assert "cipher suite  17" in first

    ask_a_rack(tmp_path, talk)


def test_who_lists_people_and_says_nothing_when_nobody_is_there(tmp_path: Path) -> None:
    async def talk(person: Person, running: Running) -> None:  # noqa: ARG001
        assert await person.ask("who") == (0, "", "")
        await person.send(
            frames.Attach(1, "server41", "write", "alice", "10.0.0.7"),
            frames.Attach(2, "server41", "watch", "bob", "10.0.0.8"),
        )
        code, text, _ = await person.ask("who")
        assert code == 0
        rows = [line.split()[:4] for line in text.splitlines()]
        assert rows == [
            ["CONSOLE", "PERSON", "FROM", "MODE"],
            ["server41", "alice", "10.0.0.7", "write"],
            ["server41", "bob", "10.0.0.8", "watch"],
        ]
        assert await person.ask("who", "server42") == (0, "", "")
        _, text, _ = await person.ask("who", options={"json": True})
        assert [json.loads(line)["person"] for line in text.splitlines()] == ["alice", "bob"]

    ask_a_rack(tmp_path, talk)


def test_a_terminal_gets_colours_and_folded_reasons(tmp_path: Path) -> None:
    async def talk(person: Person, running: Running) -> None:
        running.core.consoles["server41"].reason = "one word after the other " * 4
        _, text, _ = await person.ask("ls", "server41", options={"columns": 70})
        assert "\x1b[32mup" in text
        assert len(text.splitlines()) > 3

    ask_a_rack(tmp_path, talk)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("server14", "no such console: server14 (did you mean server4"),
        ("sever42", "no such console: sever42 (did you mean server42"),
        ("xyz", "no such console: xyz\n"),
        ("server", "'server' is the beginning of 3 consoles: server41, server42, server43"),
        ("@rack8", "no console has the tag 'rack8' (did you mean @rack7?)"),
        ("server[41-44]", "no such console: server44 of 'server[41-44]'"),
        ("x*", "no console matches 'x*'"),
    ],
)
def test_a_name_that_is_nobodys_is_refused_with_what_may_have_been_meant(
    tmp_path: Path, name: str, said: str
) -> None:
    async def talk(person: Person, running: Running) -> None:  # noqa: ARG001
        for verb in ("ls", "status", "who"):
            code, text, error = await person.ask(verb, name)
            assert (code, text) == (3, "")
            assert error.replace('"', "'").startswith(f"solmux: {said}")
        code, text, error = await person.ask("ls", "server41", name)  # all or nothing
        assert (code, text) == (3, "")

    ask_a_rack(tmp_path, talk)


def test_reconnect_tries_again_at_once_and_never_guesses_a_name(tmp_path: Path) -> None:
    async def talk(person: Person, running: Running) -> None:
        code, text, error = await person.ask("reconnect", "stor")
        assert (code, text) == (3, "")
        assert error == "solmux: no such console: stor\n"
        console = running.core.consoles["storage1"]
        with trio.fail_after(20):
            while console.state != "down":
                await trio.lowlevel.checkpoint()
        keeper = running.core.units["storage1"].keeper
        keeper._back_off.attempts = 7  # minutes to go
        assert await person.ask("reconnect", "storage1") == (0, "", "")
        assert keeper._back_off.attempts == 0
        sessions = running.core.consoles["server41"].log.session_word
        assert await person.ask("reconnect", "server41") == (0, "", "")
        assert running.core.consoles["server41"].log.session_word == sessions  # an open session is left alone

    ask_a_rack(tmp_path, talk)


def test_what_is_no_request_of_the_core_is_a_usage_error(tmp_path: Path) -> None:
    async def talk(person: Person, running: Running) -> None:  # noqa: ARG001
        for verb in ("attach", "log", "power", "frobnicate", ""):
            code, text, error = await person.ask(verb, "server41")
            assert (code, text) == (2, ""), verb
            assert error.startswith("solmux: ")

    ask_a_rack(tmp_path, talk)


@pytest.mark.parametrize(
    "options",
    [
        {"columns": 0},
        {"columns": -5},
        {"columns": 1e308},
        {"columns": "wide"},
        {"columns": True},
        {"columns": None, "json": [], "quiet": {}},
        {"no-such-option": 1},
    ],
)
def test_options_of_the_wrong_kind_do_no_harm(tmp_path: Path, options: dict[str, object]) -> None:
    async def talk(person: Person, running: Running) -> None:  # noqa: ARG001
        code, text, _ = await person.ask("ls", "server41", options=options)
        assert code == 0
        assert "server41" in text

    ask_a_rack(tmp_path, talk)
