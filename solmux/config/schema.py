"""The configuration as it is written: every table and key, with what is allowed there in words.

The words of `Field(description=...)` are the "allowed" of error messages. Nothing is converted on the sly:
"17" is not 17. What the tables mean together (defaults, templates, ranges) is `expand`'s business.
"""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator

from solmux.config.model import QUIRKS, QUIRKS_ALWAYS_MET
from solmux.config.names import NAME_WORDS, name_fault
from solmux.config.text import quoted
from solmux.config.units import SIZE_WORDS, parse_size
from solmux.config.values import (
    ROLES,
    check_ip,
    check_path,
    check_placeholders,
    check_plain,
    check_public_key,
    check_text,
    check_username,
    parse_address,
    parse_cipher_suite,
    parse_escape,
    parse_role,
    parse_screen_size,
)

ADDRESS = "host, host:port or [v6]:port; {name} stands for the console's name"
PATH = "a path; a relative one starts at the directory of this file"
NAMED_PATH = f"{PATH}; {{name}} stands for the console's name"
ROTATE_MINIMUM = 64 << 10
NAMES = f"a list of names ({NAME_WORDS})"


def words_of(*values: str) -> str:
    """Return `"a", "b" or "c"`."""
    *most, last = (quoted(value) for value in values)
    return f"{', '.join(most)} or {last}" if most else last


def _checked(*checks: Callable[[str], object]) -> AfterValidator:
    """Run *checks* for their errors; the string stays as it is written."""

    def check(value: str) -> str:
        for function in checks:
            function(value)
        return value

    return AfterValidator(check)


def _one_of(*values: str) -> AfterValidator:
    def check(value: str) -> None:
        if value not in values:
            raise ValueError("not one of the values it can have")

    return _checked(check)


def _not_empty(items: list[str]) -> list[str]:
    if not items:
        raise ValueError("is empty")
    return items


def _check_name(text: str) -> None:
    if (fault := name_fault(text)) is not None:
        raise ValueError(fault)


def _check_alias_template(text: str) -> None:
    _check_name(check_placeholders(text).replace("{name}", "x"))


def _check_address_template(text: str) -> None:
    parse_address(check_placeholders(text).replace("{name}", "x"))


def _check_rotate_size(text: str) -> None:
    if parse_size(text) < ROTATE_MINIMUM:
        raise ValueError("smaller than 64KiB, and every file would be closed at once")


def _check_optional_path(text: str) -> None:
    if text:
        check_path(text)


def _check_credential(text: str) -> None:
    if not text or "/" in check_plain(text):
        raise ValueError("not the name of a credential")


PathText = Annotated[str, _checked(check_path)]
NamedPath = Annotated[str, _checked(check_path, check_placeholders)]
Name = Annotated[str, _checked(_check_name)]


class Section(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class ServerSection(Section):
    """[server]"""

    runtime_directory: PathText = Field("/run/solmux", description=PATH)
    state_directory: PathText = Field("/var/lib/solmux", description=PATH)
    gateway_user: Annotated[str, _checked(check_plain)] = Field(
        "solmux-gateway", description='the name of a system user, "" for none'
    )


class SshSection(Section):
    """[ssh]"""

    listen: Annotated[
        list[Annotated[str, _checked(lambda text: parse_address(text, None))]], AfterValidator(_not_empty)
    ] = Field(
        ["127.0.0.1:2222"], description='a list of address:port such as ["127.0.0.1:2222", "[::1]:2222"]'
    )
    authorized_keys: PathText = Field("authorized_keys", description=PATH)
    host_key: PathText | None = Field(None, description=PATH)
    console_names: list[Name] = Field(["console"], description=NAMES)
    escape: Annotated[str, _checked(parse_escape)] = Field(
        "^Ec", description=r'two characters, each as itself, as ^X or as \ooo in octal, such as "^Ec"'
    )
    banner: Annotated[str, _checked(check_text)] = Field("", description="text")


class LogSection(Section):
    """[log]"""

    directory: PathText = Field("/var/log/solmux", description=PATH)
    rotate_size: Annotated[str, _checked(_check_rotate_size)] = Field("16MiB", description=SIZE_WORDS)
    spool_size: Annotated[str, _checked(parse_size)] = Field("64MiB", description=SIZE_WORDS)
    group: Annotated[str, _checked(check_plain)] = Field(
        "adm", description='the name of a system group, "" for the service\'s own'
    )


class BmcSection(Section):
    """[bmc]: the keys that every console, range and template may have too."""

    address: Annotated[str, _checked(_check_address_template)] | None = Field(None, description=ADDRESS)
    username: Annotated[str, _checked(check_username)] | None = Field(
        None, description='at most 16 bytes, "" for the null user'
    )
    password_file: NamedPath | None = Field(None, description=NAMED_PATH)
    password_command: (
        Annotated[list[Annotated[str, _checked(check_plain, check_placeholders)]], AfterValidator(_not_empty)]
        | None
    ) = Field(
        None, description='a program and its arguments, ["program", "argument"]; {name} is replaced in each'
    )
    password_credential: Annotated[str, _checked(_check_credential, check_placeholders)] | None = Field(
        None, description="the name of a credential that systemd hands to the service; {name} is replaced"
    )
    kg_file: Annotated[str, _checked(_check_optional_path, check_placeholders)] | None = Field(
        None, description=f'{NAMED_PATH}; "" for none'
    )
    cipher_suite: Annotated[object, PlainValidator(parse_cipher_suite)] = Field(
        "auto", description='"auto" (17, then 3), 17 or 3'
    )
    privilege: Annotated[str, _one_of("administrator", "operator")] = Field(
        "administrator", description=words_of("administrator", "operator")
    )
    steal: Annotated[str, _one_of("wait", "steal", "never")] = Field(
        "wait", description=words_of("wait", "steal", "never")
    )
    quirks: list[Annotated[str, _one_of(*QUIRKS, *QUIRKS_ALWAYS_MET)]] = Field(
        [], description=f"a list of {', '.join(QUIRKS)}"
    )
    source_address: Annotated[str, _checked(check_ip)] | None = Field(
        None, description='an IP address of this machine, "" for any'
    )
    keyboard: Annotated[str, _one_of("vt100", "vt220", "linux", "xterm")] = Field(
        "vt100", description=words_of("vt100", "vt220", "linux", "xterm")
    )
    backspace: Annotated[str, _one_of("del", "bs")] = Field("del", description=words_of("del", "bs"))
    charset: Annotated[str, _one_of("auto", "utf-8", "cp437", "latin-1")] = Field(
        "auto", description=words_of("auto", "utf-8", "cp437", "latin-1")
    )
    size: Annotated[str, _checked(parse_screen_size)] = Field(
        "80x24", description='columns x rows such as "80x24", 20x5 to 300x120'
    )
    log: bool = Field(True, description="true or false")
    tags: list[Name] = Field([], description=NAMES)


class TemplateSection(BmcSection):
    """[templates.NAME]"""

    aliases: list[Annotated[str, _checked(_check_alias_template)]] = Field(
        [], description=f"{NAMES}; {{name}} stands for the console's name"
    )


class ConsoleSection(TemplateSection):
    """[consoles.NAME] and [consoles."RANGE"]"""

    template: Name | None = Field(None, description="the name of a table [templates.NAME]")


class UserSection(Section):
    """[users.NAME]"""

    keys: list[Annotated[str, _checked(check_public_key)]] = Field(
        [], description='a list of public keys as in an authorized_keys file, ["ssh-ed25519 AAAA... comment"]'
    )
    roles: list[Annotated[str, _checked(parse_role)]] = Field(
        [], description=f'a list of ROLE or ROLE:NAMES such as "power:@rack7"; roles are {", ".join(ROLES)}'
    )


class Root(Section):
    """The whole file."""

    server: ServerSection = ServerSection.model_construct()
    ssh: SshSection = SshSection.model_construct()
    log: LogSection = LogSection.model_construct()
    bmc: BmcSection = BmcSection.model_construct()
    templates: dict[str, TemplateSection] = {}
    consoles: dict[str, ConsoleSection] = {}
    users: dict[str, UserSection] = {}


ONE_TABLE: dict[str, type[Section]] = {
    "server": ServerSection,
    "ssh": SshSection,
    "log": LogSection,
    "bmc": BmcSection,
}
NAMED_TABLES: dict[str, type[Section]] = {
    "templates": TemplateSection,
    "consoles": ConsoleSection,
    "users": UserSection,
}
