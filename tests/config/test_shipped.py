"""The files that are shipped: the sample configuration, the units, the client's configuration."""

import re
from pathlib import Path

import pytest

from solmux.config.load import load
from solmux.config.model import QUIRKS, QUIRKS_ALWAYS_MET
from solmux.config.schema import NAMED_TABLES, ONE_TABLE
from tests.config.support import BMC, loaded

ROOT = Path(__file__).parents[2]
SAMPLE = (ROOT / "etc" / "solmux.toml").read_text()
MANUAL = (ROOT / "docs" / "configuration.md").read_text()
SWITCHED_OFF = re.compile(r"^#(?=[a-z_]+ = |\[)", re.MULTILINE)
ALTERNATIVES = ("password_command", "password_credential", "address", "kg_file", "source_address")


def switched_on(text: str, *, but: tuple[str, ...] = ()) -> str:
    """Return *text* with every key that is shown switched on, *but* some in [bmc]."""
    lines = SWITCHED_OFF.sub("", text).splitlines()
    in_bmc = False
    kept = []
    for line in lines:
        if line.startswith("["):
            in_bmc = line == "[bmc]"
        if not (in_bmc and line.partition(" ")[0] in but):
            kept.append(line)
    return "\n".join(kept) + "\n"


def test_the_sample_loads_as_it_is_and_changes_no_default(tmp_path: Path) -> None:
    sample, empty = tmp_path / "solmux.toml", tmp_path / "empty.toml"
    sample.write_text(SAMPLE)
    empty.write_text("")
    config, defaults = load(sample), load(empty)
    assert (config.server, config.ssh, config.log) == (defaults.server, defaults.ssh, defaults.log)
    assert not config.consoles
    assert not config.users


def test_every_default_in_the_sample_is_true(tmp_path: Path) -> None:
    before_consoles = SAMPLE[: SAMPLE.index("# Consoles. The name")]
    console = '[consoles.x]\naddress = "x"\n'
    shown = loaded(tmp_path, switched_on(before_consoles, but=ALTERNATIVES) + console)
    defaults = loaded(tmp_path, BMC + console)
    assert (shown.server, shown.ssh, shown.log) == (defaults.server, defaults.ssh, defaults.log)
    assert shown.consoles == defaults.consoles


def test_everything_in_the_sample_can_be_switched_on(tmp_path: Path) -> None:
    without = ("password_command", "password_credential")
    config = loaded(tmp_path, switched_on(SAMPLE, but=without))
    assert len(config.consoles) == 64
    assert config.consoles["server42"].aliases == ("db1",)
    assert config.consoles["server42"].quirks == {"intelplus"}
    assert str(config.consoles["server42"].address) == "[2001:db8::42]:6230"
    assert config.users["alice"].roles[0].names == ("@rack7",)


KEYS = {key for schema in (*ONE_TABLE.values(), *NAMED_TABLES.values()) for key in schema.model_fields}


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_is_shown_and_explained(key: str) -> None:
    assert re.search(rf"^#?{key} = ", SAMPLE, re.MULTILINE)
    assert f"| `{key}` |" in MANUAL


def test_every_quirk_is_explained() -> None:
    assert all(f"| `{quirk}` |" in MANUAL for quirk in QUIRKS)
    assert all(f"`{quirk}`" in MANUAL for quirk in QUIRKS_ALWAYS_MET)


def test_the_examples_of_the_manual_load(tmp_path: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", MANUAL, re.DOTALL)
    assert len(examples) >= 3
    for example in examples:
        loaded(tmp_path, example)


def unit(name: str) -> dict[str, list[str]]:
    lines = (ROOT / "systemd" / f"solmux-{name}.service").read_text().splitlines()
    settings: dict[str, list[str]] = {}
    for line in lines:
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            settings.setdefault(key, []).append(value)
    return settings


@pytest.mark.parametrize("part", ["core", "gateway"])
def test_a_unit_starts_its_part_and_goes_on_trying(part: str) -> None:
    settings = unit(part)
    assert settings["ExecStart"] == [f"/opt/solmux/bin/solmux serve --part {part}"]
    assert settings["Restart"] == ["always"]
    assert settings["StartLimitIntervalSec"] == ["0"]
    assert settings["Type"] == ["notify"]


def test_the_units_fit_the_defaults_of_the_configuration(tmp_path: Path) -> None:
    config = loaded(tmp_path, "")
    core, gateway = unit("core"), unit("gateway")
    assert [f"/run/{name}" for name in core["RuntimeDirectory"]] == [str(config.server.runtime_directory)]
    assert core["RuntimeDirectoryPreserve"] == ["yes"]
    assert [f"/var/lib/{name}" for name in core["StateDirectory"]] == [str(config.server.state_directory)]
    assert [f"/var/log/{name}" for name in core["LogsDirectory"]] == [str(config.log.directory)]
    assert [f"/var/lib/{name}" for name in gateway["StateDirectory"]] == [str(config.ssh.host_key.parent)]
    assert gateway["User"] == [config.server.gateway_user] != core["User"]
    assert core["Group"][0] in gateway["SupplementaryGroups"][0].split()
    assert config.log.group in core["SupplementaryGroups"][0].split()
    assert config.log.group in gateway["SupplementaryGroups"][0].split()


def test_the_clients_have_a_name_for_commands_and_one_for_consoles() -> None:
    text = (ROOT / "etc" / "ssh_config.d" / "solmux.conf").read_text()
    hosts = {block.split("\n")[0]: block for block in re.split(r"^Host ", text, flags=re.MULTILINE)[1:]}
    assert set(hosts) == {"mux", "con", "mux con"}
    assert "RequestTTY yes" in hosts["con"]
    assert "RequestTTY auto" in hosts["mux"]
    assert "User console" in hosts["mux con"]
    assert "ForwardAgent no" in hosts["mux con"]
