"""What is said about a key that is unknown or a value that is not allowed."""
# ruff: noqa: E501 - messages are compared as a whole

from pathlib import Path

import pytest

from tests.config.support import BMC, complaints

PATH = "a path; a relative one starts at the directory of this file"
ADDRESS = "host, host:port or [v6]:port; {name} stands for the console's name"
NAMES = "a list of names (letters, digits, '.', '_' and '-', at most 64, the first a letter or a digit)"
QUIRKS = "a list of intel20, intelplus, nochecksumcheck, idzero, icts, ack0_means_all, strict_next"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('runtime_directory = ""', f'server.runtime_directory: is empty (found ""; allowed {PATH})'),
        (
            'state_directory = "~/x"',
            f'server.state_directory: ~ is not replaced by a home directory (found "~/x"; allowed {PATH})',
        ),
        ("state_directory = 3", f"server.state_directory: must be a string (found 3; allowed {PATH})"),
        (
            'gateway_user = "a\\u0000"',
            'server.gateway_user: has control characters in it (found "a\\u0000"; allowed the name of a system user, "" for none)',
        ),
        ("runtime_dir = 3", "server.runtime_dir: unknown key, did you mean runtime_directory?"),
        ("zzz = 3", "server.zzz: unknown key (allowed runtime_directory, state_directory, gateway_user)"),
        ("rotate_size = 3", "server.rotate_size: unknown key here, it belongs to [log]"),
        ("address = 3", "server.address: unknown key here, it belongs to [bmc]"),
        ("roles = 3", "server.roles: unknown key here, it belongs to [users.NAME]"),
    ],
)
def test_server(tmp_path: Path, line: str, complaint: str) -> None:
    assert complaints(tmp_path, f"[server]\n{line}\n") == [f"solmux.toml:2:1: {complaint}"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (
            "listen = []",
            '2:1: ssh.listen: is empty (found a list; allowed a list of address:port such as ["127.0.0.1:2222", "[::1]:2222"])',
        ),
        (
            'listen = "127.0.0.1:2222"',
            '2:1: ssh.listen: must be a list (found "127.0.0.1:2222"; allowed a list of address:port such as ["127.0.0.1:2222", "[::1]:2222"])',
        ),
        (
            'listen = ["[::1]:2222", "mux"]',
            '2:25: ssh.listen[1]: has no port (found "mux"; allowed a list of address:port such as ["127.0.0.1:2222", "[::1]:2222"])',
        ),
        ('console_names = ["a b"]', f'2:18: ssh.console_names[0]: not a name (found "a b"; allowed {NAMES})'),
        (
            'escape = "^E"',
            r'2:1: ssh.escape: is not two characters (found "^E"; allowed two characters, each as itself, as ^X or as \ooo in octal, such as "^Ec")',
        ),
        (
            'banner = "\\u001b[2J"',
            '2:1: ssh.banner: has control characters in it (found "\\u001b[2J"; allowed text)',
        ),
        (
            'password = "x"',
            "2:1: ssh.password: unknown key (allowed listen, authorized_keys, host_key, console_names, escape, banner)",
        ),
    ],
)
def test_ssh(tmp_path: Path, line: str, complaint: str) -> None:
    assert complaints(tmp_path, f"[ssh]\n{line}\n") == [f"solmux.toml:{complaint}"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (
            'rotate_size = "16MB"',
            '2:1: log.rotate_size: not a size (found "16MB"; allowed a size such as "16MiB" (KiB, MiB or GiB))',
        ),
        (
            'rotate_size = "1KiB"',
            '2:1: log.rotate_size: smaller than 64KiB, and every file would be closed at once (found "1KiB"; allowed a size such as "16MiB" (KiB, MiB or GiB))',
        ),
        (
            "spool_size = 1.5",
            '2:1: log.spool_size: must be a string (found 1.5; allowed a size such as "16MiB" (KiB, MiB or GiB))',
        ),
        (
            "directory = 2026-11-20",
            f"2:1: log.directory: must be a string (found 2026-11-20; allowed {PATH})",
        ),
    ],
)
def test_log(tmp_path: Path, line: str, complaint: str) -> None:
    assert complaints(tmp_path, f"[log]\n{line}\n") == [f"solmux.toml:{complaint}"]


CONSOLE_FAULTS = [
    ('address = "10.0.0.300"', f'address: not an IPv4 address (found "10.0.0.300"; allowed {ADDRESS})'),
    (
        'address = "{host}"',
        f'address: {{host}} means nothing: only {{name}} is replaced (found "{{host}}"; allowed {ADDRESS})',
    ),
    (
        'username = "seventeen letters"',
        'username: longer than 16 bytes, which no BMC can hold (found "seventeen letters"; allowed at most 16 bytes, "" for the null user)',
    ),
    (
        "password_file = 3",
        f"password_file: must be a string (found a number; allowed {PATH}; {{name}} stands for the console's name)",
    ),
    (
        "password_command = []",
        'password_command: is empty (found a list; allowed a program and its arguments, ["program", "argument"]; {name} is replaced in each)',
    ),
    (
        'password_command = "cat x"',
        'password_command: must be a list (found a string; allowed a program and its arguments, ["program", "argument"]; {name} is replaced in each)',
    ),
    (
        'password_credential = "a/b"',
        "password_credential: not the name of a credential (found a string; allowed the name of a credential that systemd hands to the service; {name} is replaced)",
    ),
    (
        'kg_file = "{n}"',
        f'kg_file: {{n}} means nothing: only {{name}} is replaced (found a string; allowed {PATH}; {{name}} stands for the console\'s name; "" for none)',
    ),
    (
        'cipher_suite = "17"',
        'cipher_suite: a number is written without quotes (found "17"; allowed "auto" (17, then 3), 17 or 3)',
    ),
    (
        "cipher_suite = 0",
        'cipher_suite: this cipher suite is refused: it asks for no password, so whoever reaches the BMC is its master (found 0; allowed "auto" (17, then 3), 17 or 3)',
    ),
    (
        'privilege = "admin"',
        'privilege: not one of the values it can have (found "admin"; allowed "administrator" or "operator")',
    ),
    ("steal = true", 'steal: must be a string (found true; allowed "wait", "steal" or "never")'),
    (
        'source_address = "eth0"',
        'source_address: not an IP address (found "eth0"; allowed an IP address of this machine, "" for any)',
    ),
    (
        'keyboard = "qwerty"',
        'keyboard: not one of the values it can have (found "qwerty"; allowed "vt100", "vt220", "linux" or "xterm")',
    ),
    ('backspace = "^H"', 'backspace: not one of the values it can have (found "^H"; allowed "del" or "bs")'),
    (
        'charset = "utf8"',
        'charset: not one of the values it can have (found "utf8"; allowed "auto", "utf-8", "cp437" or "latin-1")',
    ),
    (
        'size = "80x"',
        'size: not columns x rows (found "80x"; allowed columns x rows such as "80x24", 20x5 to 300x120)',
    ),
    ('log = "no"', 'log: must be true or false (found "no"; allowed true or false)'),
    ("tags = {}", f"tags: must be a list (found a table; allowed {NAMES})"),
    ("adress = 1", "adress: unknown key, did you mean address?"),
    ("listen = 1", "listen: unknown key here, it belongs to [ssh]"),
    (
        'password = "s3cret"',
        "password: secrets are not written into the configuration: put it into a file of its own (chmod 600) and name that file with password_file (allowed password_file, password_command, password_credential)",
    ),
    (
        'Kg = "s3cret"',
        "Kg: secrets are not written into the configuration: put it into a file of its own (chmod 600) and name that file with kg_file (allowed kg_file)",
    ),
]


@pytest.mark.parametrize(("line", "complaint"), CONSOLE_FAULTS)
@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("[bmc]", "bmc"),
        ("[templates.x]", "templates.x"),
        ("[consoles.x]", "consoles.x"),
        ('[consoles."x[1-3]"]', 'consoles."x[1-3]"'),
    ],
)
def test_a_key_of_a_console_wherever_it_may_stand(
    tmp_path: Path, table: str, key: str, line: str, complaint: str
) -> None:
    assert complaints(tmp_path, f"{table}\n{line}\n") == [f"solmux.toml:2:1: {key}.{complaint}"]


def test_items_of_lists_have_their_own_place(tmp_path: Path) -> None:
    found = complaints(
        tmp_path, '[bmc]\nquirks = [\n  "strict_next",\n  "strictnext",\n  3,\n]\ntags = ["a", "b c"]\n'
    )
    assert found == [
        f'solmux.toml:4:3: bmc.quirks[1]: not one of the values it can have (found "strictnext"; allowed {QUIRKS})',
        f"solmux.toml:5:3: bmc.quirks[2]: must be a string (found 3; allowed {QUIRKS})",
        f'solmux.toml:7:14: bmc.tags[1]: not a name (found "b c"; allowed {NAMES})',
    ]


def test_a_default_has_neither_aliases_nor_a_template(tmp_path: Path) -> None:
    found = complaints(tmp_path, '[bmc]\naliases = ["a"]\ntemplate = "x"\n[templates.x]\ntemplate = "y"\n')
    assert found == [
        "solmux.toml:2:1: bmc.aliases: unknown key here, it belongs to [templates.NAME]",
        "solmux.toml:3:1: bmc.template: unknown key here, it belongs to [consoles.NAME]",
        "solmux.toml:5:1: templates.x.template: unknown key here, it belongs to [consoles.NAME]",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[console.x]\n", "1:2: console: unknown table, did you mean consoles?"),
        (
            "[metrics]\n",
            "1:2: metrics: unknown table (allowed server, ssh, log, bmc, templates, consoles, users)",
        ),
        ("bmc = 3\n", "1:1: bmc: must be a table (found 3; allowed a table)"),
        ("consoles = []\n", "1:1: consoles: must be a table (found a list; allowed a table)"),
        ("[[server]]\n", "1:3: server: must be a table (found a list; allowed a table)"),
        ("[consoles]\nx = 3\n", "2:1: consoles.x: must be a table (found 3; allowed a table)"),
        ("[users]\nalice = []\n", "2:1: users.alice: must be a table (found a list; allowed a table)"),
        ("users.alice.key = 1\n", "1:1: users.alice.key: unknown key, did you mean keys?"),
    ],
)
def test_tables(tmp_path: Path, text: str, complaint: str) -> None:
    assert complaints(tmp_path, text) == [f"solmux.toml:{complaint}"]


@pytest.mark.parametrize(
    "line",
    [
        'password = "hunter2"',
        'kg = "hunter2"',
        'pasword = "hunter2"',
        "password_file = ['hunter2']",
        'password_command = "echo hunter2"',
        'password_credential = "hunter2/"',
        'bmc_password = "hunter2"',
        'nonsense = "hunter2"',
    ],
)
def test_what_might_be_a_secret_is_not_repeated(tmp_path: Path, line: str) -> None:
    assert "hunter2" not in "\n".join(complaints(tmp_path, f"[bmc]\n{line}\n"))


def test_a_misspelt_key_is_not_reported_missing_too(tmp_path: Path) -> None:
    found = complaints(tmp_path, BMC + '[consoles.x]\nadress = "x"\n')
    assert found == ["solmux.toml:5:1: consoles.x.adress: unknown key, did you mean address?"]
