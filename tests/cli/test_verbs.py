"""`solmux ls` and its like, against a core that runs in this process and against none."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import trio

from tests.cli.home import Home
from tests.core.rig import Scene, play


def test_without_a_core_it_is_said_where_one_was_looked_for(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for words in (["ls"], ["status"], ["who"], ["reconnect", "server41"]):
        done = home.run(*words)
        assert (done.returncode, done.stdout) == (5, "")
        assert done.stderr.startswith(
            f"solmux: no core at {tmp_path}/run/core.sock: No such file or directory"
        )
        assert done.stderr.endswith("(is `solmux serve` running?)\n")


def test_bytes_that_are_no_text_are_no_wildcard(tmp_path: Path) -> None:
    done = Home(tmp_path).run("reconnect", os.fsdecode(b"\xffserver41"))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "solmux: no such console: \\udcffserver41\n"


def test_a_configuration_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.config.write_text("[server\n")
    done = home.run("ls")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"solmux: {home.config}: ")
    home.config.unlink()
    done = home.run("ls")
    assert done.returncode == 2
    assert f"{home.config}: No such file or directory" in done.stderr


@pytest.mark.parametrize("value", ["5", "{ a = 1 }", '"run"\n[server]'])
def test_a_configuration_of_odd_shape_is_no_crash(tmp_path: Path, value: str) -> None:
    home = Home(tmp_path)
    home.config.write_text(f"[server]\nruntime_directory = {value}\n")
    done = home.run("ls")
    assert done.returncode in (2, 5)
    assert "Traceback" not in done.stderr


def test_later_files_of_the_configuration_win(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "10-here.toml").write_text('[server]\nruntime_directory = "../elsewhere"\n')
    assert f"{tmp_path}/conf.d/../elsewhere/core.sock" in home.run("ls").stderr


def test_the_core_answers_with_text_errors_and_exit_codes(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        await scene.rack("server41", "server42", source="silent")
        running = await scene.start()
        await running.up()
        home = Home(tmp_path, scene.config().path.read_text())

        async def run(verb: str, *words: str) -> tuple[int, str, str]:
            done = await trio.to_thread.run_sync(lambda: home.run(verb, *words))
            return done.returncode, done.stdout, done.stderr

        assert await run("ls", "-q") == (0, "server41\nserver42\n", "")
        assert await run("ls", "-q", "server42", "server41") == (0, "server42\nserver41\n", "")
        code, text, _ = await run("status", "--json", "server4*")
        assert code == 0
        assert [json.loads(line)["state"] for line in text.splitlines()] == ["up", "up"]
        assert await run("who") == (0, "", "")
        assert await run("reconnect", "server41") == (0, "", "")
        code, text, error = await run("ls", "sever41")
        assert (code, text) == (3, "")
        assert error.startswith("solmux: no such console: sever41 (did you mean server41")
        code, text, error = await run("ls", "server[1-")
        assert (code, text) == (2, "")
        assert error.startswith("solmux: ")
        code, text, error = await run("ls", os.fsdecode(b"\xffserver41"))
        assert (code, text) == (3, "")
        assert error.startswith("solmux: no ")
        assert "Traceback" not in error
        await running.end()

    play(tmp_path, scene)


def test_a_reader_that_has_seen_enough_of_a_list_is_no_error(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        await scene.rack("server41", source="silent")
        running = await scene.start()
        home = Home(tmp_path, scene.config().path.read_text())

        def run() -> tuple[int, bytes]:
            reading, writing = os.pipe()
            os.close(reading)
            with open(writing, "wb") as pipe:  # noqa: PTH123 - a descriptor
                done = subprocess.run(
                    home.command("ls"), stdout=pipe, stderr=subprocess.PIPE, check=False, timeout=60
                )
            return done.returncode, done.stderr

        assert await trio.to_thread.run_sync(run) == (0, b"")
        await running.end()

    play(tmp_path, scene)
