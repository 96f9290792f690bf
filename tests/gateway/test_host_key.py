"""The server's own key."""

import stat
import threading
from pathlib import Path

import asyncssh
import pytest

from solmux.gateway.host_key import HostKeyError, load_host_key


def test_the_first_start_makes_a_key_that_only_its_owner_can_read(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ssh_host_ed25519_key"
    key = load_host_key(path)
    assert key.get_algorithm() == "ssh-ed25519"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    public = asyncssh.read_public_key(path.with_name("ssh_host_ed25519_key.pub"))
    assert public.public_data == key.public_data
    assert load_host_key(path).public_data == key.public_data
    assert sorted(entry.name for entry in path.parent.iterdir()) == [path.name, path.name + ".pub"]


def test_two_starts_at_once_end_with_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    barrier = threading.Barrier(4)
    found: list[bytes] = []

    def start() -> None:
        barrier.wait(10)
        found.append(load_host_key(path).public_data)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 4
    assert set(found) == {load_host_key(path).public_data}


def test_a_key_that_others_can_use_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    load_host_key(path)
    path.chmod(0o644)
    with pytest.raises(HostKeyError, match="chmod 0600"):
        load_host_key(path)


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("no key")
    path.chmod(0o600)
    with pytest.raises(HostKeyError, match=str(path)):
        load_host_key(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HostKeyError, match="File exists"):
        load_host_key(tmp_path / "file" / "key")
