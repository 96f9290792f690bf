"""Defaults, templates, ranges and exact names laid over each other."""
# ruff: noqa: E501, ISC004 - messages are compared as a whole

from pathlib import Path

import pytest

from solmux.config.model import Address, PasswordCommand, PasswordCredential, PasswordFile
from tests.config.support import BMC, complaints, loaded


def test_an_exact_name_refines_its_range_wherever_it_stands(tmp_path: Path) -> None:
    refined = '[consoles.s2]\nsteal = "never"\ntags = ["odd"]\n'
    of_range = (
        '[consoles."s[1-3]"]\naddress = "{name}"\nsteal = "steal"\ntags = ["a", "b"]\nsize = "100x31"\n'
    )
    for text in (BMC + refined + of_range, BMC + of_range + refined):
        consoles = loaded(tmp_path, text).consoles
        assert sorted(consoles) == ["s1", "s2", "s3"]
        assert [consoles[name].steal for name in sorted(consoles)] == ["steal", "never", "steal"]
        assert [consoles[name].tags for name in sorted(consoles)] == [("a", "b"), ("odd",), ("a", "b")]
        assert {console.size for console in consoles.values()} == {(100, 31)}
        assert consoles["s2"].address == Address("s2", 623)


def test_consoles_are_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        BMC
        + '[consoles.z]\naddress = "z"\n[consoles."s[9-11]"]\naddress = "{name}"\n[consoles.a]\naddress = "a"\n'
    )
    assert list(loaded(tmp_path, text).consoles) == ["z", "s9", "s10", "s11", "a"]


def test_layers_lie_over_each_other(tmp_path: Path) -> None:
    text = """\
[bmc]
username = "default"
password_file = "p"
privilege = "operator"
steal = "never"
charset = "cp437"
[templates.dell]
username = "root"
steal = "steal"
size = "100x31"
[consoles."s[1-2]"]
template = "dell"
address = "{name}"
size = "90x30"
[consoles.s2]
username = "admin"
"""
    consoles = loaded(tmp_path, text).consoles
    of = {name: (c.username, c.privilege, c.steal, c.charset, c.size) for name, c in consoles.items()}
    assert of == {
        "s1": ("root", "operator", "steal", "cp437", (90, 30)),
        "s2": ("admin", "operator", "steal", "cp437", (90, 30)),
    }


def test_the_template_of_an_exact_name_replaces_that_of_its_range_and_goes_over_it(tmp_path: Path) -> None:
    text = (
        BMC
        + """\
[templates.dell]
quirks = ["idzero"]
size = "100x31"
[templates.hpe]
steal = "never"
[consoles."s[1-2]"]
template = "dell"
address = "{name}"
steal = "steal"
[consoles.s2]
template = "hpe"
"""
    )
    consoles = loaded(tmp_path, text).consoles
    assert (set(consoles["s1"].quirks), consoles["s1"].size, consoles["s1"].steal) == (
        {"idzero"},
        (100, 31),
        "steal",
    )
    assert (set(consoles["s2"].quirks), consoles["s2"].size, consoles["s2"].steal) == (
        set(),
        (80, 24),
        "never",
    )


def test_the_name_is_put_in_wherever_it_may_stand(tmp_path: Path) -> None:
    text = """\
[bmc]
username = "a"
password_command = ["vault", "read", "bmc/{name}/{name}"]
kg_file = "kg/{name}"
[consoles."s[1-2]"]
address = "{name}-bmc:6230"
aliases = ["{name}-console"]
[consoles.s2]
password_credential = "bmc-{name}"
kg_file = ""
"""
    first, second = loaded(tmp_path, text).consoles.values()
    assert first.address == Address("s1-bmc", 6230)
    assert first.password == PasswordCommand(("vault", "read", "bmc/s1/s1"))
    assert first.kg_file == tmp_path / "kg" / "s1"
    assert first.aliases == ("s1-console",)
    assert second.password == PasswordCredential("bmc-s2")
    assert second.kg_file is None


def test_another_way_to_the_password_replaces_the_former(tmp_path: Path) -> None:
    text = BMC + '[consoles.a]\naddress = "a"\npassword_command = ["x"]\n[consoles.b]\naddress = "b"\n'
    consoles = loaded(tmp_path, text).consoles
    assert consoles["a"].password == PasswordCommand(("x",))
    assert consoles["b"].password == PasswordFile(tmp_path / "bmc.password")


def test_quirks_that_are_always_met_are_accepted_and_dropped(tmp_path: Path) -> None:
    text = BMC + 'quirks = ["solpayloadsize", "strict_next", "solpacketseq"]\n[consoles.a]\naddress = "a"\n'
    assert loaded(tmp_path, text).consoles["a"].quirks == {"strict_next"}


def test_a_source_address_can_be_taken_back(tmp_path: Path) -> None:
    text = (
        BMC
        + 'source_address = "10.0.0.1"\naddress = "{name}"\n[consoles.a]\n[consoles.b]\nsource_address = ""\n'
    )
    consoles = loaded(tmp_path, text).consoles
    assert [consoles[name].source_address for name in "ab"] == ["10.0.0.1", None]


def test_several_ranges_may_share_a_table(tmp_path: Path) -> None:
    text = BMC + '[consoles."s[1-2],db1"]\naddress = "{name}"\n[consoles.db1]\nlog = false\n'
    consoles = loaded(tmp_path, text).consoles
    assert {name: console.log for name, console in consoles.items()} == {"s1": True, "s2": True, "db1": False}


CONSOLE_FAULTS = [
    ("[consoles.a]\n", ["4:2: consoles.a: has no address"]),
    (
        '[consoles."a[1-9]"]\naddress = "x"\n',
        [
            '5:1: consoles."a[1-9]".address: a2 and a1 have the same address x:623: the two would throw each other out'
        ],
    ),
    (
        '[consoles.a]\naddress = "X.example.net"\n[consoles.b]\naddress = "x.example.net.:623"\n',
        [
            "7:1: consoles.b.address: b and a have the same address x.example.net.:623:"
            " the two would throw each other out"
        ],
    ),
    (
        '[consoles.a]\naddress = "[2001:db8::1]"\n[consoles.b]\naddress = "[2001:DB8:0::1]:623"\n',
        [
            "7:1: consoles.b.address: b and a have the same address [2001:DB8:0::1]:623:"
            " the two would throw each other out"
        ],
    ),
    (
        '[consoles."a[1-20]"]\naddress = "{name}"\n[consoles."a[15-30]"]\naddress = "{name}-b"\n[consoles."x,a[1-3]"]\n',
        [
            '6:2: consoles."a[15-30]": shares a[15-20] with "a[1-20]" (solmux.toml:4): ranges may not overlap',
            '8:2: consoles."x,a[1-3]": shares a[1-3] with "a[1-20]" (solmux.toml:4): ranges may not overlap',
            '8:2: consoles."x,a[1-3]": has no address',
        ],
    ),
    (
        '[consoles."a[1-10001]"]\n[consoles."a[3-1]"]\n[consoles."a["]\n',
        [
            '4:2: consoles."a[1-10001]": stands for 10001 names, and 10000 are the limit',
            '5:2: consoles."a[3-1]": [3-1] counts backwards or not at all',
            '6:2: consoles."a[": not a host range such as server[01-64] or r[1-4]n[01,05-09]',
        ],
    ),
    (
        '[consoles."-a"]\naddress = "x"\n[consoles.status]\naddress = "y"\n[consoles."-[1-9]"]\naddress = "{name}z"\n',
        [
            '4:2: consoles.-a: no console can be called "-a": not a name',
            '6:2: consoles.status: no console can be called "status": a reserved word: it is a command',
            '8:2: consoles."-[1-9]": no console can be called "-1": not a name',
            '9:1: consoles."-[1-9]".address: for -1: not a host name or address',
        ],
    ),
    (
        f'[consoles."{"a" * 62}[1-1000]"]\naddress = "{{name}}"\n',
        [f'4:2: consoles."{"a" * 60}…": no console can be called "{"a" * 60}…": not a name'],
    ),
    (
        '[consoles.a]\naddress = "a"\ntemplate = "del"\n[templates.dell]\n[templates.hpe]\n',
        ["6:1: consoles.a.template: there is no [templates.del], did you mean dell?"],
    ),
    (
        '[consoles.a]\naddress = "a"\naliases = ["b", "c", "a"]\n[consoles.b]\naddress = "b"\n'
        'aliases = ["c"]\n',
        [
            "6:12: consoles.a.aliases[0]: b cannot stand for a: it is a console's name already",
            "6:22: consoles.a.aliases[2]: a cannot stand for a: it is a console's name already",
            "9:12: consoles.b.aliases[0]: c cannot stand for b: it is an alias of a already",
        ],
    ),
    (
        '[consoles.l]\naddress = "a"\naliases = ["{name}og", "{name}s", "x{name}"]\n',
        [
            '6:12: consoles.l.aliases[0]: no console can be called "log": a reserved word: it is a command',
            '6:24: consoles.l.aliases[1]: no console can be called "ls": a reserved word: it is a command',
        ],
    ),
    (
        '[consoles."a[1-9]"]\naddress = "{name}"\naliases = ["web"]\n',
        ['6:12: consoles."a[1-9]".aliases[0]: web cannot stand for a2: it is an alias of a1 already'],
    ),
    (
        '[consoles.a]\naddress = "a"\npassword_file = "x"\npassword_command = ["y"]\n',
        ["7:1: consoles.a.password_command: there is password_file too: one of them must go"],
    ),
]


@pytest.mark.parametrize(("text", "found"), CONSOLE_FAULTS)
def test_what_tables_cannot_mean_together(tmp_path: Path, text: str, found: list[str]) -> None:
    assert complaints(tmp_path, BMC + text) == [f"solmux.toml:{line}" for line in found]


def test_a_console_needs_an_address_a_user_and_a_password(tmp_path: Path) -> None:
    assert complaints(tmp_path, "[consoles.a]\n") == [
        "solmux.toml:1:2: consoles.a: has no address",
        'solmux.toml:1:2: consoles.a: has no username ("" is the null user), neither here nor in a template'
        " or [bmc]",
        "solmux.toml:1:2: consoles.a: has no password, neither here nor in a template or [bmc]: set one of"
        " password_file, password_command, password_credential",
    ]


def test_consoles_of_one_address_on_different_ports_are_fine(tmp_path: Path) -> None:
    text = BMC + '[consoles.a]\naddress = "x"\n[consoles.b]\naddress = "x:624"\n'
    assert [str(console.address) for console in loaded(tmp_path, text).consoles.values()] == [
        "x:623",
        "x:624",
    ]


def test_a_range_in_one_file_is_refined_in_another(tmp_path: Path) -> None:
    config = loaded(
        tmp_path, BMC + '[consoles."s[1-2]"]\naddress = "{name}"\n', odd="[consoles.s2]\nlog = false\n"
    )
    assert [console.log for console in config.consoles.values()] == [True, False]
    assert [file.name for file in config.files] == ["solmux.toml", "odd.toml"]
