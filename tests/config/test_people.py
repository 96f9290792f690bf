"""Users, keys, roles and login names."""
# ruff: noqa: E501 - messages are compared as a whole

from pathlib import Path

import pytest

from solmux.config.model import Address, Role
from tests.config.support import ALICE_KEY, BMC, BOB_KEY, complaints, loaded

CONSOLES = (
    BMC + '[consoles."s[1-2]"]\naddress = "{name}"\naliases = ["web-{name}"]\ntags = ["rack7"]\n'
)  # 7 lines


def test_users_have_keys_and_roles(tmp_path: Path) -> None:
    roles = '["admin", "power:@rack7", "force:s1,s*,web-s2"]'
    config = loaded(
        tmp_path,
        CONSOLES
        + f'[users.alice]\nkeys = ["{ALICE_KEY}"]\nroles = {roles}\n[users.bob]\nkeys = ["{BOB_KEY}"]\n',
    )
    assert list(config.users) == ["alice", "bob"]
    assert config.users["alice"].keys == (ALICE_KEY,)
    assert config.users["alice"].roles == (
        Role("admin"),
        Role("power", ("@rack7",)),
        Role("force", ("s1", "s*", "web-s2")),
    )
    assert config.users["bob"].roles == ()


def test_the_gateway_is_configured(tmp_path: Path) -> None:
    ssh = loaded(
        tmp_path,
        '[ssh]\nlisten = ["10.0.0.1:22", "[::]:2222"]\nauthorized_keys = "/k/keys"\nhost_key = "host"\n'
        'console_names = ["console", "con"]\nescape = "~~"\nbanner = "hello\\n"\n',
    ).ssh
    assert ssh.listen == (Address("10.0.0.1", 22), Address("::", 2222))
    assert ssh.authorized_keys == Path("/k/keys")
    assert ssh.authorized_keys_directory == Path("/k/keys.d")
    assert ssh.host_key == tmp_path / "host"
    assert (ssh.console_names, ssh.escape, ssh.banner) == (("console", "con"), b"~~", "hello\n")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[users.s1]\n", ["8:2: users.s1: s1 is a console: ssh s1@… could mean either"]),
        ("[users.web-s2]\n", ["8:2: users.web-s2: web-s2 is an alias of s2: ssh web-s2@… could mean either"]),
        ("[users.ls]\n", ['8:2: users.ls: no user can be called "ls": a reserved word: it is a command']),
        ('[users."a b"]\n', ['8:2: users."a b": no user can be called "a b": not a name']),
        (
            f'[users.alice]\nkeys = ["{ALICE_KEY}"]\n[users.bob]\nkeys = ["{BOB_KEY}", "restrict {ALICE_KEY}"]\n',
            ["11:109: users.bob.keys[1]: this key is alice's too: whose login would it be?"],
        ),
        (
            '[users.alice]\nroles = ["power:@rack8", "power:s1,s3", "power:s[2-9]"]\n',
            [
                "9:10: users.alice.roles[0]: there is no tag rack8, did you mean @rack7?",
                "9:26: users.alice.roles[1]: there is no console s3",
                "9:41: users.alice.roles[2]: there is no console s3",
                "9:41: users.alice.roles[2]: there is no console s4",
                "9:41: users.alice.roles[2]: there is no console s5",
            ],
        ),
        (
            '[ssh]\nconsole_names = ["con", "s1", "web-s2", "alice"]\n[users.alice]\n',
            [
                "9:25: ssh.console_names[1]: the login name s1, which selects no console, is a console too",
                "9:31: ssh.console_names[2]: the login name web-s2, which selects no console, is an alias of s2 too",
                "9:41: ssh.console_names[3]: the login name alice, which selects no console, is a user too",
            ],
        ),
    ],
)
def test_names_and_keys_mean_one_thing(tmp_path: Path, text: str, found: list[str]) -> None:
    assert complaints(tmp_path, CONSOLES + text) == [f"solmux.toml:{line}" for line in found]


def test_no_console_can_be_called_console_unless_the_login_name_is_another(tmp_path: Path) -> None:
    text = BMC + '[consoles.console]\naddress = "x"\n'
    (found,) = complaints(tmp_path, text)
    assert found.endswith("the login name console, which selects no console, is a console too")
    assert list(loaded(tmp_path, text + '[ssh]\nconsole_names = ["con"]\n').consoles) == ["console"]
