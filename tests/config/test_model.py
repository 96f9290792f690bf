"""The configuration's objects, and the lists they share with other rooms."""

from pathlib import Path

from solmux.config.model import QUIRKS, QUIRKS_ALWAYS_MET, Address, Console, PasswordFile
from solmux.config.values import ROLES
from solmux.ipmi.quirks import Quirk
from tests.config.support import BMC, loaded


def test_the_quirks_are_those_of_the_protocol() -> None:
    assert set(QUIRKS) == {quirk.value for quirk in Quirk}
    assert not set(QUIRKS) & set(QUIRKS_ALWAYS_MET)


def test_the_defaults_of_a_console_are_those_of_the_file(tmp_path: Path) -> None:
    loaded_console = loaded(tmp_path, BMC + '[consoles.x]\naddress = "x"\n').consoles["x"]
    assert loaded_console == Console(
        "x", Address("x", 623), "solmux", PasswordFile(tmp_path / "bmc.password")
    )


def test_aliases_and_tags_are_found_by_name(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        BMC + '[consoles."s[1-2]"]\naddress = "{name}"\naliases = ["{name}x"]\ntags = ["a"]\n'
        '[consoles.s2]\ntags = ["a", "b"]\n',
    )
    assert config.aliases() == {"s1x": "s1", "s2x": "s2"}
    assert config.tags() == {"a": ("s1", "s2"), "b": ("s2",)}


def test_there_is_a_word_for_every_right() -> None:
    assert set(ROLES) >= {"watch", "type", "break", "force", "power", "admin"}
