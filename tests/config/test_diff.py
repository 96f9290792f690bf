"""What a reload would change."""

from pathlib import Path

from solmux.config.diff import diff
from tests.config.support import ALICE_KEY, BMC, loaded

OLD = BMC + '[consoles."s[1-4]"]\naddress = "{name}"\n[consoles.db]\naddress = "db"\n'


def lines(directory: Path, old: str, new: str) -> list[str]:
    before = loaded(directory, old)
    return diff(before, loaded(directory, new)).lines()


def test_the_same_file_changes_nothing(tmp_path: Path) -> None:
    before = loaded(tmp_path, OLD)
    changes = diff(before, loaded(tmp_path, "# a comment\n" + OLD + "\n[users]\n"))
    assert not changes
    assert changes.lines() == []


def test_consoles_come_go_and_change(tmp_path: Path) -> None:
    before = loaded(tmp_path, OLD)
    new = BMC + '[consoles."s[2-6]"]\naddress = "{name}"\n[consoles.s4]\nsteal = "steal"\nsize = "100x31"\n'
    changes = diff(before, loaded(tmp_path, new))
    assert changes.added == ("s5", "s6")
    assert changes.removed == ("s1", "db")
    assert dict(changes.changed) == {"s4": ("steal", "size")}
    assert changes.lines() == ["added: s[5-6]", "removed: db,s1", "changed: s4 (steal, size)"]


def test_consoles_changed_alike_share_a_line(tmp_path: Path) -> None:
    new = OLD.replace('"solmux"', '"root"') + "log = false\n"
    assert lines(tmp_path, OLD, new) == ["changed: s[1-4] (username)", "changed: db (username, log)"]


def test_an_order_changed_changes_nothing(tmp_path: Path) -> None:
    one, other = '[consoles.a]\naddress = "a"\n', '[consoles.b]\naddress = "b"\n'
    assert lines(tmp_path, BMC + one + other, BMC + other + one) == []


def test_users_are_told(tmp_path: Path) -> None:
    user = f'[users.alice]\nkeys = ["{ALICE_KEY}"]\n'
    assert lines(tmp_path, OLD + "[users.bob]\n", OLD + user) == ["users changed: bob, alice"]
    assert lines(tmp_path, OLD + user, OLD + user + 'roles = ["admin"]\n') == ["users changed: alice"]


def test_what_needs_a_restart_is_told(tmp_path: Path) -> None:
    new = OLD + '[server]\nruntime_directory = "/r"\n[ssh]\nescape = "~~"\n[log]\nspool_size = "1MiB"\n'
    assert lines(tmp_path, OLD, new) == [
        "server.runtime_directory: changed, counts from the next start on",
        "ssh.escape: changed, counts from the next start on",
        "log.spool_size: changed, counts from the next start on",
    ]
