"""Keys and their owners."""

import dataclasses
from pathlib import Path

import asyncssh
import pytest

from solmux.config.model import Config, User
from solmux.gateway.identity import load_keys
from tests.gateway.configuration import configuration, public_line


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return configuration(tmp_path)


def test_the_comment_names_the_owner(config: Config) -> None:
    key, line = public_line("alice@laptop example")
    other, other_line = public_line("bob")
    config.ssh.authorized_keys.write_text(f"# people\n\n  {line}\n{other_line}\n")
    ring = load_keys(config)
    assert ring.problems == ()
    owner = ring.owner(key)
    assert owner is not None
    assert owner.name == "alice"
    assert owner.fingerprint == key.get_fingerprint()
    assert (found := ring.owner(other)) is not None
    assert found.name == "bob"
    assert ring.owner(asyncssh.generate_private_key("ssh-ed25519")) is None


@pytest.mark.parametrize("comment", ["", "@laptop", "../etc/passwd", "a b;c"[2:] + "/", "x" * 65])
def test_a_comment_that_is_no_name_leaves_the_key_nameless(config: Config, comment: str) -> None:
    key, line = public_line(comment)
    config.ssh.authorized_keys.write_text(line)
    owner = load_keys(config).owner(key)
    assert owner is not None
    assert owner.name.startswith("key-")


def test_users_of_the_configuration_and_of_the_directory_have_their_keys(config: Config) -> None:
    alice, alice_line = public_line("whatever")
    bob, bob_line = public_line("mallory")
    config.ssh.authorized_keys_directory.mkdir()
    (config.ssh.authorized_keys_directory / "bob").write_text(bob_line)
    (config.ssh.authorized_keys_directory / "bob~ backup").write_text(bob_line)
    config.ssh.authorized_keys.write_text(alice_line)  # the configuration's own entry decides
    config = dataclasses.replace(config, users={"alice": User("alice", (alice_line,))})
    ring = load_keys(config)
    assert {person.name for person in ring.people.values()} == {"alice", "bob"}
    assert (owner := ring.owner(alice)) is not None
    assert owner.name == "alice"
    assert (owner := ring.owner(bob)) is not None
    assert owner.name == "bob"
    assert len(ring.problems) == 1
    assert "bob~ backup" in ring.problems[0]


def test_a_comment_does_not_make_somebody_a_configured_user(config: Config) -> None:
    key, line = public_line("alice")
    config.ssh.authorized_keys.write_text(line)
    config = dataclasses.replace(config, users={"alice": User("alice")})
    ring = load_keys(config)
    owner = ring.owner(key)
    assert owner is not None
    assert owner.name.startswith("key-")
    assert "[users.alice]" in ring.problems[0]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('command="ls" {}', "not honoured"),
        ('from="10.0.0.0/8,!10.0.0.1",restrict {}', "not honoured"),
        ("cert-authority {}", "not honoured"),
        ("no-pty {}", "not honoured"),
        ("ssh-ed25519 AAAAnonsense alice", "no public key"),
        ("ssh-ed25519", "no public key"),
        ('"', "no public key"),
        ("restrict", "no public key"),
        ("\udc80".encode("utf-8", "surrogateescape").decode("latin-1"), "not honoured"),
    ],
)
def test_a_line_that_cannot_be_honoured_is_left_out_and_named(
    config: Config, line: str, problem: str
) -> None:
    _, key_line = public_line("alice")
    good, good_line = public_line("bob")
    config.ssh.authorized_keys.write_text(f"{line.format(key_line)}\n{good_line}\n")
    ring = load_keys(config)
    assert ring.owner(good) is not None
    assert len(ring.people) == 1
    assert len(ring.problems) == 1
    assert f"{config.ssh.authorized_keys}:1: " in ring.problems[0]
    assert problem in ring.problems[0]


def test_options_that_forbid_what_nobody_gets_are_fine(config: Config) -> None:
    key, line = public_line("alice")
    config.ssh.authorized_keys.write_text(f"restrict,no-port-forwarding,no-X11-forwarding {line}\n")
    ring = load_keys(config)
    assert ring.owner(key) is not None
    assert ring.problems == ()


def test_weak_keys_are_refused(config: Config) -> None:
    weak = asyncssh.generate_private_key("ssh-rsa", key_size=1024, comment="weak")
    strong = asyncssh.generate_private_key("ssh-rsa", key_size=2048, comment="strong")
    lines = [key.export_public_key().decode() for key in (weak, strong)]
    config.ssh.authorized_keys.write_text("".join(lines))
    ring = load_keys(config)
    assert {person.name for person in ring.people.values()} == {"strong"}
    assert "2048 bits" in ring.problems[0]


def test_a_missing_file_is_a_problem_and_no_error(config: Config) -> None:
    ring = load_keys(config)
    assert ring.people == {}
    assert str(config.ssh.authorized_keys) in ring.problems[0]
