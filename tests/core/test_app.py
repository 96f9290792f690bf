"""A whole core over real loopback UDP: hung disks, second cores, reloads, orderly ends, hostile clients."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from solmux.core.app import Core
from solmux.core.runtime import StartError
from solmux.ipmi.commands import Privilege
from solmux.service.notify import VARIABLE, NotifySocket
from solmux.sim.rack import Rack
from solmux.sim.sources import PlainSource, numbered_bytes
from solmux.wire import frames
from tests.core.rig import Person, Running, Scene, eventually, play
from tests.logs.helpers import FaultyDisk, Hang, no_fault


def free_of_sessions(rack: Rack) -> bool:
    """Whether no BMC of *rack* knows a session, or a SOL activation."""
    controllers = [slot.bmc.controller for slot in rack.slots.values()]
    return all(not controller.sessions and controller.sol_owner is None for controller in controllers)


def test_a_disk_that_hangs_keeps_nobody_waiting_and_costs_no_byte(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        await scene.rack("server41", source="echo")
        stream = await scene.rack("server42", source="numbered", bytes_per_second=60_000.0)
        disk = FaultyDisk()
        running = await scene.start(disk)
        await running.up()
        hang = Hang()
        disk.fault = hang
        person = await Person.connect(scene)
        await person.sit_down("server41")
        await person.send(frames.Subscribe(2, "server42", 0))
        try:
            for number in range(1, 6):
                await person.echo(b"still here %d\r" % number, number)
            assert hang.reached.is_set()
            # more than a ring holds: BMC and reader go on while nothing of it reaches the disk
            await person.read_until(lambda: len(person.output(2)) > 100_000, "the stream")
            assert person.answers(frames.Lagged) == []
            assert len(scene.record("server42")) < 60_000
        finally:
            disk.fault = no_fault
            hang.let_go()
        host = stream.slots["server42"].host
        assert isinstance(host, PlainSource)
        await running.end()
        record = scene.record("server42")
        assert len(record) >= len(person.output(2))
        assert record == numbered_bytes("server42", 0, len(record))
        assert scene.record("server41") == person.output(1)
        assert "GAP" not in scene.text("server41") + scene.text("server42")

    play(tmp_path, scene)


def test_a_second_core_on_the_same_directory_names_the_first(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        await scene.rack("server41", source="silent")
        running = await scene.start()
        with pytest.raises(StartError, match=rf"process {os.getpid()}\b.*{scene.runtime}"):
            await Core(scene.config()).run(trio.Event(), lambda: None)
        person = await Person.connect(scene)  # the first one's socket is still its own
        assert person.hello.consoles == ("server41",)
        await running.end()
        again = await scene.start()  # and the lock goes with its holder
        await again.end()

    play(tmp_path, scene)


def test_a_reload_adds_and_removes_consoles_and_tells_clients(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        old = await scene.rack("server41", "server42", source="echo")
        running = await scene.start()
        await running.up()
        person = await Person.connect(scene)
        await person.sit_down("server41")
        await person.sit_down("server42", 2)
        sessions = set(old.slots["server41"].bmc.controller.sessions)
        await scene.rack("server43", source="echo")
        del scene.lines["server42"]
        assert await running.core.reload(scene.config()) == ["added: server43", "removed: server42"]
        await running.up("server43")
        assert not old.slots["server42"].bmc.controller.sessions
        assert set(old.slots["server41"].bmc.controller.sessions) == sessions
        await person.read_until(
            lambda: any(f.kind == "consoles" for f in person.seen if isinstance(f, frames.Notice)), "notice"
        )
        assert frames.Attached(2, "server42", "watch", error="console was removed") in person.seen
        await person.echo(b"undisturbed\r", 1)
        await person.send(frames.Attach(3, "server42", "write"))
        await person.read_until(lambda: person.seen[-1] == no_such(3, "server42"), "refusal")
        await running.end()
        assert scene.text("server41").count("[-- Console up") == 1
        assert "[-- Console down: solmux stops: removed from the configuration" in scene.text("server42")

    play(tmp_path, scene)


def no_such(number: int, console: str) -> frames.Attached:
    """The answer to an Attach to a console that is not there."""
    return frames.Attached(number, console, "watch", error="no such console")


def test_a_changed_console_logs_in_anew_and_keeps_its_people(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        rack = await scene.rack("server41", source="echo")
        controller = rack.slots["server41"].bmc.controller
        running = await scene.start()
        await running.up()
        person = await Person.connect(scene)
        await person.sit_down("server41")
        await person.echo(b"before\r", 1)
        scene.lines["server41"].append('privilege = "operator"')
        assert await running.core.reload(scene.config()) == ["changed: server41 (privilege)"]
        await running.up()
        assert [session.privilege for session in controller.sessions.values()] == [Privilege.OPERATOR]
        await person.echo(b"after\r", 2)
        assert person.output(1) == b"before\rafter\r"
        await running.end()
        text = scene.text("server41")
        assert text.count("[-- Console up") == 2
        assert text.count("[-- GAP ") == text.count(": its configuration was changed -- ") - 1 == 1

    play(tmp_path, scene)


def test_a_change_that_the_bmc_need_not_know_leaves_the_session_alone(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        rack = await scene.rack("server41", source="echo")
        controller = rack.slots["server41"].bmc.controller
        running = await scene.start()
        await running.up()
        sessions = set(controller.sessions)
        person = await Person.connect(scene)
        await person.sit_down("server41")
        await person.echo(b"logged\r", 1)
        scene.lines["server41"] += ['tags = ["rack7"]', 'aliases = ["s41"]', "log = false"]
        assert await running.core.reload(scene.config()) == ["changed: server41 (log, tags, aliases)"]
        assert running.core.aliases() == {"s41": "server41"}
        assert await person.ask("ls", "@rack7", options={"quiet": True}) == (0, "server41\n", "")
        await person.echo(b"not logged\r", 2)
        assert set(controller.sessions) == sessions
        await running.end()
        assert scene.record("server41") == b"logged\r"
        assert scene.text("server41").count("[-- Console up") == 1

    play(tmp_path, scene)


def test_a_reload_that_changes_nothing_does_nothing(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        await scene.rack("server41", source="echo")
        running = await scene.start()
        await running.up()
        unit = running.core.units["server41"]
        assert await running.core.reload(scene.config()) == []
        assert running.core.units["server41"] is unit
        await running.end()

    play(tmp_path, scene)


def test_a_console_whose_log_cannot_be_opened_is_taken_up_later_even_over_a_reload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("solmux.core.app.REOPEN_INTERVAL", 0.2)

    async def scene(scene: Scene) -> None:
        await scene.rack("server41", "server42", source="echo")
        disk = FaultyDisk()

        def broken(call: str, path: str) -> None:
            if call == "names" and "/server42" in path:
                raise OSError(5, "Input/output error", path)

        disk.fault = broken
        running = await scene.start(disk)
        await running.up("server41")
        assert running.state("server42") == "absent"
        scene.lines["server42"].append('tags = ["rack7"]')
        await running.core.reload(scene.config())
        assert running.state("server42") == "absent"
        person = await Person.connect(scene)
        assert person.hello.consoles == ("server41",)
        code, text, _ = await person.ask("ls", options={"json": True})
        row = json.loads(text.splitlines()[1])
        assert (code, row["name"], row["state"]) == (0, "server42", "down")
        assert row["reason"].startswith("its log cannot be opened")
        assert (await person.ask("reconnect", "server42"))[0] == 1
        disk.fault = no_fault
        await running.up("server42")
        assert await person.ask("who") == (0, "", "")
        lists = [
            f.fields["consoles"] for f in person.seen if isinstance(f, frames.Notice) and f.kind == "consoles"
        ]
        assert lists[-1] == ["server41", "server42"]
        assert running.core.units["server42"].config.tags == ("rack7",)
        disk.fault = broken
        del scene.lines["server42"]
        await running.core.reload(scene.config())
        await running.end()

    play(tmp_path, scene)


def test_an_orderly_stop_leaves_no_session_on_any_of_40_bmcs(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        names = [f"server{number:02}" for number in range(40)]
        rack = await scene.rack(*names, source="silent")
        running = await scene.start()
        await running.up()
        assert not free_of_sessions(rack)
        begun = trio.current_time()
        await running.end()
        assert trio.current_time() - begun < 5
        assert free_of_sessions(rack)
        for name in names:
            assert "[-- Console down: solmux stops --" in scene.text(name)

    play(tmp_path, scene)


def test_a_stop_while_logins_wait_their_turn_begins_no_session_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("solmux.core.app.HANDSHAKES", 2)

    async def scene(scene: Scene) -> None:
        rack = await scene.rack(*[f"server{number:02}" for number in range(40)], source="silent")
        running = await scene.start()
        await eventually(
            lambda: any(slot.bmc.controller.sol_owner for slot in rack.slots.values()), "the first is up"
        )
        await running.end()
        assert free_of_sessions(rack)

    play(tmp_path, scene)


def test_what_a_killed_core_had_of_a_removed_console_is_written_at_the_next_start(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        await scene.rack("server41", source="echo")
        (tmp_path / "log").write_text("in the way: nothing can be logged")
        scene.config()
        notices = NotifySocket("test-app")
        command = [sys.executable, "-m", "solmux", "serve", "--part", "core", "-c", f"{tmp_path}/solmux.toml"]
        environment = {**os.environ, VARIABLE: notices.address}
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
        try:
            await eventually(lambda: "READY=1" in notices.messages(), "the core is ready")
            person = await Person.connect(scene)
            await person.sit_down("server41")
            await person.echo_when_up(b"last words\r")
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            notices.close()
        (tmp_path / "log").unlink()
        await scene.rack("server42", source="echo")
        del scene.lines["server41"]
        running = await scene.start()
        await eventually(lambda: scene.record("server41") == b"last words\r", "the ring is written")
        await running.end()
        assert "last words" in scene.text("server41")

    play(tmp_path, scene)


def test_garbage_and_silence_of_one_client_do_not_disturb_another(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        await scene.rack("server41", source="echo")
        running = await scene.start()
        await running.up()
        person = await Person.connect(scene)
        await person.sit_down("server41")
        hostile = [
            b"\xff" * 64,
            b"\x00\x00\x00\x00",
            b"\x00\x00\x00\x05\x7f{}{}",
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x00\x00\x00\x03",  # and then nothing
        ]
        streams = []
        for data in hostile:
            streams.append(await scene.stream())
            await streams[-1].send_all(data)
        odd = await Person.connect(scene)
        await odd.send(
            frames.Subscribe(1, "server41", 1 << 60),
            frames.Subscribe(1, "server41", 0),
            frames.Unsubscribe(77),
            frames.Detach(77),
            frames.Cancel(77),
            frames.Input(77, 1, b"x"),
            frames.Checkpoint("server41", 1 << 62),
            frames.Verb(1, ()),
            frames.Verb(2, ("ls", ""), options={"columns": 1e308, "json": [], "quiet": None}),
            frames.Hello(frames.VERSION, "cli"),  # a second hello is not for the core
        )
        with pytest.raises(AssertionError, match="the core closed the connection"):
            await odd.read_until(lambda: False, "the end")
        for number in range(1, 4):
            await person.echo(b"undisturbed\r", number)
        for stream in streams[:-1]:
            with trio.fail_after(5):
                while await stream.receive_some(4096):
                    pass
        await running.end()
        assert scene.record("server41") == b"undisturbed\r" * 3

    play(tmp_path, scene)


def test_a_fault_of_ours_in_one_client_ends_that_client_only(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        await scene.rack("server41", source="echo")
        running = await scene.start()
        await running.up()
        person, other = await Person.connect(scene), await Person.connect(scene)
        await person.sit_down("server41")
        running.core.config = None  # type: ignore[assignment] # what the next verb stumbles over
        await other.send(frames.Verb(1, ("ls", "")))
        with pytest.raises(AssertionError, match="the core closed the connection"):
            await other.read_until(lambda: False, "the end")
        await person.echo(b"undisturbed\r", 1)
        await running.end()

    play(tmp_path, scene)


def test_a_restart_leaves_a_gap_mark_and_an_undisturbed_run_none(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        rack = await scene.rack("server41", source="echo")

        async def run(text: bytes) -> Running:
            running = await scene.start()
            await running.up()
            person = await Person.connect(scene)
            await person.sit_down("server41")
            await person.echo(text, 1)
            await running.end()
            return running

        await run(b"first\r")
        assert "GAP" not in scene.text("server41")
        assert free_of_sessions(rack)
        await run(b"second\r")
        lines = scene.text("server41").splitlines()
        marks = [line for line in lines if "GAP" in line]
        assert len(marks) == 1
        assert marks[0].startswith("[-- GAP ")
        assert ": solmux was not running -- " in marks[0]
        first, second = (
            next(n for n, line in enumerate(lines) if word in line) for word in ("first", "second")
        )
        assert first < lines.index(marks[0]) < second
        assert scene.record("server41") == b"first\rsecond\r"

    play(tmp_path, scene)
