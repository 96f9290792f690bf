"""The configuration as a whole."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from solmux.config.load import ConfigError, load
from solmux.config.model import Address, Config, Log, PasswordFile, Role, Server, Ssh, User
from solmux.config.schema import NAMED_TABLES, ONE_TABLE
from tests.config.support import ALICE_KEY, BMC, complaints, loaded, write

EXAMPLE = f"""\
[server]
runtime_directory = "/run/solmux"
state_directory = "/var/lib/solmux"

[ssh]
listen = ["127.0.0.1:2222"]
authorized_keys = "authorized_keys"

[log]
directory = "/var/log/solmux"

[bmc]
username = "solmux"
password_file = "bmc.password"
cipher_suite = "auto"

[consoles."server[01-64]"]
address = "{{name}}-bmc.mgmt.example.net"
tags = ["rack7"]

[consoles.server42]
quirks = ["strict_next"]

[users.alice]
keys = ["{ALICE_KEY}"]
roles = ["power:@rack7"]
"""


def test_the_example_of_the_manual_means_what_it_says(tmp_path: Path) -> None:
    config = loaded(tmp_path, EXAMPLE)
    assert list(config.consoles) == [f"server{number:02}" for number in range(1, 65)]
    console = config.consoles["server07"]
    assert console.address == Address("server07-bmc.mgmt.example.net", 623)
    assert (console.host, console.port) == ("server07-bmc.mgmt.example.net", 623)
    assert console.password == PasswordFile(tmp_path / "bmc.password")
    assert (console.username, console.cipher_suite, console.tags) == ("solmux", "auto", ("rack7",))
    assert console.quirks == frozenset()
    assert config.consoles["server42"].quirks == {"strict_next"}
    assert config.consoles["server42"].tags == ("rack7",)
    assert config.users == {"alice": User("alice", (ALICE_KEY,), (Role("power", ("@rack7",)),))}
    assert config.tags() == {"rack7": tuple(config.consoles)}
    assert config.aliases() == {}


def test_an_empty_file_is_a_configuration_with_every_default(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    assert load(path) == Config(
        path=path,
        files=(path,),
        server=Server(Path("/run/solmux"), Path("/var/lib/solmux"), "solmux-gateway"),
        ssh=Ssh(
            listen=(Address("127.0.0.1", 2222),),
            authorized_keys=tmp_path / "authorized_keys",
            authorized_keys_directory=tmp_path / "authorized_keys.d",
            host_key=Path("/var/lib/solmux/gateway/ssh_host_ed25519_key"),
            console_names=("console",),
            escape=b"\x05c",
            banner="",
        ),
        log=Log(Path("/var/log/solmux"), 16 << 20, 64 << 20, "adm"),
        consoles={},
        users={},
    )


def test_relative_paths_start_at_the_file_that_names_them(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        '[server]\nstate_directory = "state"\n[bmc]\nusername = "a"\npassword_file = "secrets/{name}"\n'
        '[consoles.x]\naddress = "x"\n[consoles.y]\naddress = "y"\npassword_file = "/abs/y"\n',
        more='[log]\ndirectory = "logs"\n[consoles.z]\naddress = "z"\nkg_file = "z.kg"\n',
    )
    assert config.server.state_directory == tmp_path / "state"
    assert config.ssh.host_key == tmp_path / "state" / "gateway" / "ssh_host_ed25519_key"
    assert config.log.directory == tmp_path / "conf.d" / "logs"
    assert config.consoles["x"].password == PasswordFile(tmp_path / "secrets" / "x")
    assert config.consoles["y"].password == PasswordFile(Path("/abs/y"))
    assert config.consoles["z"].password == PasswordFile(tmp_path / "secrets" / "z")
    assert config.consoles["z"].kg_file == tmp_path / "conf.d" / "z.kg"


def test_a_relative_configuration_gives_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, BMC + '[consoles.x]\naddress = "x"\n')
    monkeypatch.chdir(tmp_path)
    assert load(Path("solmux.toml")).consoles["x"].password == PasswordFile(tmp_path / "bmc.password")


EVERY_FAULT = """\
solmux.toml:1:1: sever: unknown table, did you mean server?
solmux.toml:3:1: server.listen: unknown key here, it belongs to [ssh]
solmux.toml:5:1: bmc.usrname: unknown key, did you mean username?
solmux.toml:6:1: bmc.cipher_suite: a number is written without quotes \
(found "17"; allowed "auto" (17, then 3), 17 or 3)
solmux.toml:8:1: consoles."server[01-64]".address: {nme} means nothing: only {name} is replaced \
(found "{nme}-bmc"; allowed host, host:port or [v6]:port; {name} stands for the console's name)
solmux.toml:9:2: consoles."server[60-70]": shares server[60-64] with "server[01-64]" (solmux.toml:7): \
ranges may not overlap
solmux.toml:10:2: consoles.log: no console can be called "log": a reserved word: it is a command
solmux.toml:12:10: users.alice.roles[0]: not a role (found "root"; allowed a list of ROLE or ROLE:NAMES \
such as "power:@rack7"; roles are watch, type, break, force, power, admin)
conf.d/more.toml:2:1: log.rotate_size: must be a string \
(found 5; allowed a size such as "16MiB" (KiB, MiB or GiB))
"""


def test_all_faults_are_told_at_once_in_the_order_of_the_files(tmp_path: Path) -> None:
    text = """\
sever = 1
[server]
listen = "x"
[bmc]
usrname = "solmux"
cipher_suite = "17"
[consoles."server[01-64]"]
address = "{nme}-bmc"
[consoles."server[60-70]"]
[consoles.log]
[users.alice]
roles = ["root"]
"""
    found = complaints(tmp_path, text, more="[log]\nrotate_size = 5\n")
    assert found == EVERY_FAULT.splitlines()


def test_two_thousand_consoles_load_in_a_second(tmp_path: Path) -> None:
    tables = "".join(
        f'[consoles.server{number:04}]\naddress = "10.0.{number // 250}.{number % 250}"\n'
        f'tags = ["rack{number // 40}"]\naliases = ["{{name}}-c"]\n'
        for number in range(2000)
    )
    path = write(tmp_path, BMC + tables)
    started = time.process_time()
    config = load(path)
    assert time.process_time() - started < 1.0
    assert len(config.consoles) == 2000


KEYS = st.sampled_from(
    [
        *(key for section in (*ONE_TABLE.values(), *NAMED_TABLES.values()) for key in section.model_fields),
        *("password", "nonsense"),
    ]
)
SCALARS = st.one_of(
    st.sampled_from(
        ['"x"', '"{name}"', '""', "[]", '["x"]', '[""]', "17", "true", "{}", "2026-11-20", "nan", "[[1]]"]
    ),
    st.text(alphabet='abz{}[]:.,@*~^\\"', max_size=8).map(lambda text: f"'{text}'"),
)
TABLES = st.sampled_from(
    [
        *("[server]", "[ssh]", "[log]", "[bmc]", "[consoles]", "[[consoles]]", "[templates.x]", "[users.x]"),
        *('[consoles."a[1-3]"]', '[consoles."a[2-4]"]', "[consoles.a2]", "[consoles.log]", '[consoles."[["]'),
        *('[consoles."a[1-99999]"]', "[templates]", "[users]", "[nonsense]", '[consoles.""]'),
    ]
)
LINES = TABLES | st.tuples(KEYS, SCALARS).map(" = ".join)


def is_loaded_or_explained(directory: Path, text: str) -> None:
    path = directory / "solmux.toml"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    try:
        assert isinstance(load(path), Config)
    except ConfigError as error:
        assert error.problems  # noqa: PT017 - either outcome is right, but not an error without a reason
        assert all(line.isprintable() for line in map(str, error.problems))  # noqa: PT017


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=timedelta(seconds=5))
@given(st.lists(LINES, max_size=12).map("\n".join))
@example("consoles = 3\nbmc = []\ntemplates.x = 1\nusers.a.b.c = 1\n")
@example("ssh.listen = [[[[1]]]]\nbmc.quirks = {a = 1}\n[consoles.x.y.z]\n")
@example(f"log.rotate_size = 0x{'f' * 9000}\n[consoles.'\\u0000']\n")
@example(".".join(["bmc"] * 1500) + " = 1\n")
def test_any_table_of_any_keys_is_loaded_or_explained(tmp_path: Path, text: str) -> None:
    is_loaded_or_explained(tmp_path, text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=timedelta(seconds=5))
@given(st.text(max_size=80), st.integers(0, len(EXAMPLE)))
def test_any_text_anywhere_in_a_good_file_is_loaded_or_explained(tmp_path: Path, text: str, at: int) -> None:
    is_loaded_or_explained(tmp_path, EXAMPLE[:at] + text + EXAMPLE[at:])
