"""Getting in, and what is refused, with asyncssh's client and raw sockets."""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest
from asyncssh.connection import SSHConnection
from asyncssh.constants import MSG_IGNORE

from solmux.config.load import load
from solmux.gateway import admission
from solmux.gateway.server import CIPHERS, GatewayError, serve_gateway
from tests.gateway.configuration import configuration
from tests.gateway.ssh_peer import Rack, play
from tests.gateway.waiting import eventually


def name_lists(packet: bytes) -> Iterator[bytes]:
    """Yield every name of the ten lists of a key exchange (RFC 4253 7.1)."""
    for _ in range(10):
        length = int.from_bytes(packet[:4], "big")
        yield from packet[4 : 4 + length].split(b",")
        packet = packet[4 + length :]


def test_a_known_key_gets_in_and_a_command_is_answered(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.verbs["ls"] = ("server41\nserver42\n", "", 0)
        answer = await rack.ask("ls")
        assert (answer.text, answer.error, answer.code) == ("server41\nserver42\n", "", 0)

    play(scenario, tmp_path)


def test_an_echo_is_one_packet_without_another_before_it_that_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ignored = []

    def ignore(connection: SSHConnection, *_: object) -> None:
        if isinstance(connection, asyncssh.SSHClientConnection):
            ignored.append(connection)

    monkeypatch.setitem(SSHConnection._packet_handlers, MSG_IGNORE, ignore)

    async def scenario(rack: Rack) -> None:
        rack.core.verbs["ls"] = ("server42\n", "", 0)
        assert (await rack.ask("ls")).text == "server42\n"
        assert ignored == []

    play(scenario, tmp_path)


def test_an_unknown_key_a_password_and_nothing_stay_out(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        stranger = asyncssh.generate_private_key("ssh-ed25519")
        for credentials in (
            {"client_keys": [stranger]},
            {"client_keys": None, "password": "solmux"},
            {"client_keys": None},
        ):
            with pytest.raises(asyncssh.PermissionDenied):
                await asyncssh.connect(
                    "127.0.0.1",
                    rack.port,
                    username="console",
                    known_hosts=None,
                    config=None,
                    agent_path=None,
                    **credentials,
                )
        methods = await asyncssh.get_server_auth_methods("127.0.0.1", rack.port, username="x", config=None)
        assert list(methods) == ["publickey"]

    play(scenario, tmp_path)


def test_too_many_keys_end_the_attempt(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        keys = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(admission.KEYS_PER_LOGIN + 2)]
        with pytest.raises(asyncssh.DisconnectError, match="Too many authentication failures"):
            await asyncssh.connect(
                "127.0.0.1", rack.port, username="console", client_keys=keys, known_hosts=None, config=None,
                agent_path=None,
            )  # fmt: skip

    play(scenario, tmp_path)


def test_only_modern_algorithms_are_offered(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", rack.port)
        assert (await reader.readline()).startswith(b"SSH-2.0-solmux_")
        writer.write(b"SSH-2.0-test\r\n")
        length = int.from_bytes(await reader.readexactly(4), "big")
        packet = await reader.readexactly(length)
        writer.close()
        offered = set(name_lists(packet[1 + 1 + 16 :]))  # behind padding length, type and cookie
        weak = re.compile(
            rb"sha1$|sha1-|chacha20|-cbc|arcfour|md5|group1|gss|dss|^ssh-rsa$|umac-64|zlib|rsa2048"
        )
        assert [name for name in offered if weak.search(name)] == []
        assert {name.encode() for name in CIPHERS} <= offered
        assert {b"curve25519-sha256", b"ssh-ed25519", b"kex-strict-s-v00@openssh.com"} <= offered

    play(scenario, tmp_path)


def test_connections_that_do_not_log_in_are_few_and_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "UNAUTHENTICATED_PER_SOURCE", 3)

    async def scenario(rack: Rack) -> None:
        rack.core.verbs["ls"] = ("", "", 0)
        silent = [await asyncio.open_connection("127.0.0.1", rack.port) for _ in range(3)]
        for reader, _ in silent:
            assert (await reader.readline()).startswith(b"SSH-2.0-")
        reader, writer = await asyncio.open_connection("127.0.0.1", rack.port)
        assert not (await reader.read()).startswith(b"\x00")  # at its end: nothing follows the version
        writer.close()
        for _, other in silent:
            other.close()
        await eventually(lambda: not rack.gateway.connections)
        assert (await rack.ask("ls")).code == 0

    play(scenario, tmp_path)


def test_a_login_takes_its_place_from_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "UNAUTHENTICATED_PER_SOURCE", 1)

    async def scenario(rack: Rack) -> None:
        rack.core.verbs["ls"] = ("", "", 0)
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(4):
                await stack.enter_async_context(rack.connect())
            assert (await rack.ask("ls")).code == 0

    play(scenario, tmp_path)


def test_a_silent_connection_is_closed_after_the_grace_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("solmux.gateway.server.LOGIN_GRACE_TIME", 0.2)

    async def scenario(rack: Rack) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", rack.port)
        await reader.read()  # until it is closed
        writer.close()
        await eventually(lambda: not rack.gateway.connections)

    play(scenario, tmp_path)


def test_nothing_is_forwarded(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.verbs["ls"] = ("still here\n", "", 0)
        async with rack.connect() as connection:
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection("127.0.0.1", 22)
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_unix_connection("/run/docker.sock")
            with pytest.raises(asyncssh.ChannelListenError):
                await connection.forward_remote_port("", 0, "127.0.0.1", 22)
            with pytest.raises(asyncssh.ChannelListenError):
                await connection.forward_remote_path(str(tmp_path / "listen"), "/run/docker.sock")
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_tun()
            assert (await connection.run("ls")).stdout == "still here\n"
        async with asyncssh.connect(
            "127.0.0.1", rack.port, username="console", client_keys=[rack.keys["alice"]], known_hosts=None,
            config=None, agent_path=None, agent_forwarding=True,
        ) as connection:  # fmt: skip
            assert (await connection.run("ls")).stdout == "still here\n"

    play(scenario, tmp_path)


def test_sftp_and_foreign_programs_get_one_clear_line(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        async with rack.connect() as connection:
            done = await connection.run(subsystem="sftp", encoding=None)
            assert isinstance(done.stderr, bytes)
            assert done.exit_status == 2
            assert done.stderr.count(b"\n") == 1
            assert b"sftp" in done.stderr
        for command in ("scp -t /tmp/x", "rsync --server .", "/bin/sh -c id", "git-upload-pack 'x.git'"):
            answer = await rack.ask(command)
            assert answer.code == 2, command
            assert answer.text == ""
            assert answer.error.count("\n") == 1
            assert "no programs run here" in answer.error

    play(scenario, tmp_path)


def test_a_connection_has_a_bounded_number_of_channels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("solmux.gateway.connection.CHANNELS_PER_CONNECTION", 3)

    async def scenario(rack: Rack) -> None:
        rack.core.verbs["status"] = ("", "", -1)
        async with rack.connect() as connection:
            running = [await connection.create_process("status") for _ in range(3)]
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.create_process("status")
            running[0].close()
            await running[0].wait_closed()
            await (await connection.create_process("status")).stdin.drain()

    play(scenario, tmp_path)


def test_a_reload_lets_new_people_in_and_keeps_those_who_are_there(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        rack.core.verbs["ls"] = ("", "", 0)
        async with rack.connect() as connection:
            rack.add_person("carol")
            with pytest.raises(asyncssh.PermissionDenied):
                await rack.ask("ls", person="carol")
            rack.gateway.reload(rack.config)
            assert (await rack.ask("ls", person="carol")).code == 0
            rack.config.ssh.authorized_keys.write_text("")
            rack.gateway.reload(rack.config)
            with pytest.raises(asyncssh.PermissionDenied):
                await rack.ask("ls", person="carol")
            assert (await connection.run("ls")).exit_status == 0

    play(scenario, tmp_path)


def test_the_host_key_stays_the_same(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        first = await asyncssh.get_server_host_key("127.0.0.1", rack.port, config=None)
        await rack.stop_gateway()
        await rack.start_gateway()
        second = await asyncssh.get_server_host_key("127.0.0.1", rack.port, config=None)
        assert first is not None
        assert second is not None
        assert first.public_data == second.public_data

    play(scenario, tmp_path)


def test_a_gateway_that_cannot_listen_says_so(tmp_path: Path) -> None:
    async def scenario(rack: Rack) -> None:
        taken = configuration(tmp_path)
        text = taken.path.read_text().replace('"127.0.0.1:0"', f'"127.0.0.1:{rack.port}"')
        taken.path.write_text(text)
        with pytest.raises(GatewayError, match=f"127.0.0.1 port {rack.port}"):
            await serve_gateway(load(taken.path), ready=lambda _: None, stop=asyncio.Event())

    play(scenario, tmp_path)


def test_a_banner_is_shown_before_the_login(tmp_path: Path) -> None:
    banners: list[str] = []

    class Client(asyncssh.SSHClient):
        def auth_banner_received(self, msg: str, _lang: str) -> None:
            banners.append(msg)

    async def scenario(rack: Rack) -> None:
        text = rack.config.path.read_text().replace("[ssh]", '[ssh]\nbanner = "Authorised people only"')
        rack.config.path.write_text(text)
        rack.gateway.reload(load(rack.config.path))
        async with asyncssh.connect(
            "127.0.0.1", rack.port, username="console", client_keys=[rack.keys["alice"]], known_hosts=None,
            config=None, agent_path=None, client_factory=Client,
        ):  # fmt: skip
            pass
        assert banners == ["Authorised people only\n"]

    play(scenario, tmp_path)
