"""The blocking client against a scripted core on a real socket."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from solmux.wire.blocking import CoreClient, CoreUnavailableError
from solmux.wire.codec import FrameDecoder, encode
from solmux.wire.frames import VERSION, Answer, Done, Frame, Hello, Notice, Verb

HELLO = Hello(VERSION, "core", 7, consoles=("server42",))


class Peer:
    """The core's end of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._decoder = FrameDecoder()
        self._frames: list[Frame] = []

    def send(self, *frames: Frame) -> None:
        self.connection.sendall(b"".join(map(encode, frames)))

    def receive(self) -> Frame:
        while not self._frames:
            data = self.connection.recv(4096)
            assert data
            self._frames += self._decoder.feed(data)
        return self._frames.pop(0)


@contextmanager
def core(path: Path, script: Callable[[Peer], None]) -> Iterator[None]:
    """Listen at *path* and play *script* with the first client."""
    faults: list[BaseException] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(10)

        def play() -> None:
            try:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(10)
                    script(Peer(connection))
            except BaseException as error:  # noqa: BLE001 - carried to the test's own thread
                faults.append(error)

        thread = threading.Thread(target=play)
        thread.start()
        try:
            yield
        finally:
            thread.join(10)
    assert faults == []


def test_a_verb_is_answered_in_pieces_and_frames_for_others_are_kept(tmp_path: Path) -> None:
    notice = Notice("server42", "state", "Console up")

    def script(peer: Peer) -> None:
        peer.send(HELLO)
        assert peer.receive() == Hello(VERSION, "cli", person="alice")
        assert peer.receive() == Verb(1, ("ls",), person="alice", options={"json": True})
        peer.send(
            Answer(1, "server42\n"), notice, Answer(9, "not ours"), Answer(1, error="one\n"), Done(1, 1)
        )
        assert peer.receive() == Verb(2, ("status",))
        peer.send(Done(2, 0))

    with core(tmp_path / "core.sock", script), CoreClient(tmp_path / "core.sock", person="alice") as client:
        assert client.hello == HELLO
        answers = list(client.ask(("ls",), person="alice", options={"json": True}))
        assert answers == [Answer(1, "server42\n"), Answer(1, error="one\n"), Done(1, 1)]
        assert client.skipped == [notice, Answer(9, "not ours")]
        assert list(client.ask(("status",))) == [Done(2, 0)]


def test_a_wait_with_a_limit_ends_without_a_frame(tmp_path: Path) -> None:
    asked = threading.Event()

    def script(peer: Peer) -> None:
        peer.send(HELLO)
        peer.receive()
        assert asked.wait(10)
        peer.send(Done(1, 0), Done(2, 0))
        assert peer.connection.recv(1) == b""

    with core(tmp_path / "core.sock", script), CoreClient(tmp_path / "core.sock") as client:
        assert client.fileno() >= 0
        assert client.receive(0) is None
        assert client.receive(0.01) is None
        asked.set()
        assert client.receive() == Done(1, 0)
        assert client.receive(10) == Done(2, 0)
        assert not client.pending()


@pytest.mark.parametrize(
    ("first", "text"),
    [
        (encode(Hello(VERSION + 1, "core", 7)), f"version {VERSION + 1}"),
        (encode(Hello(VERSION, "core", 7, text="go away")), "go away"),
        (encode(Done(1, 0)), "not a core"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no frame"),
        (b"", "closed"),
    ],
)
def test_what_is_no_core_of_our_version_is_named(tmp_path: Path, first: bytes, text: str) -> None:
    with (
        core(tmp_path / "core.sock", lambda peer: peer.connection.sendall(first)),
        pytest.raises(CoreUnavailableError, match=text),
    ):
        CoreClient(tmp_path / "core.sock")


def test_no_socket_is_said_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(CoreUnavailableError, match=r"core\.sock: No such file"):
        CoreClient(tmp_path / "core.sock")


def test_a_core_that_goes_away_is_noticed(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.send(HELLO)
        peer.receive()
        assert peer.receive() == Verb(1, ("ls",))

    with (
        core(tmp_path / "core.sock", script),
        CoreClient(tmp_path / "core.sock") as client,
        pytest.raises(CoreUnavailableError, match="closed the connection"),
    ):
        list(client.ask(("ls",)))
