"""Passwords and keys, read and refused."""
# ruff: noqa: E501, ISC004 - messages are compared as a whole

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from solmux.config.model import (
    Address,
    Console,
    PasswordCommand,
    PasswordCredential,
    PasswordFile,
    PasswordSource,
)
from solmux.config.secrets import Secret, SecretError, read_kg, read_password, secret_problems
from tests.config.support import BMC, loaded


def console_with(password: PasswordSource, kg_file: Path | None = None) -> Console:
    return Console("server42", Address("bmc", 623), "solmux", password, kg_file=kg_file)


def private(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def printing(text: str) -> PasswordCommand:
    """Return a command that writes *text*."""
    return PasswordCommand((sys.executable, "-c", f"import sys; sys.stdout.write({text!r})"))


def refusal(password: PasswordSource) -> str:
    with pytest.raises(SecretError) as caught:
        read_password(console_with(password))
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"s3cret", b"s3cret"),
        (b"s3cret\n", b"s3cret"),
        (b"s3cret\r\n", b"s3cret"),
        (b" pass word \n", b" pass word "),
        (b"\n", b""),
        (b"p\xe4ss\n", b"p\xe4ss"),
        (b"x" * 20 + b"\n", b"x" * 20),
        (b"0x414243\n", b"0x414243"),
    ],
)
def test_a_password_is_the_files_content_less_one_line_end(
    tmp_path: Path, content: bytes, password: bytes
) -> None:
    path = private(tmp_path / "p", content)
    assert read_password(console_with(PasswordFile(path))) == password


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty (for a user without password, write one empty line)"),
        (b"a\nb\n", "has more than one line"),
        (b"a\n\n", "has more than one line"),
        (b"a\rb", "has more than one line"),
        (b"a\0b", "has a NUL byte in it, where a BMC would stop reading"),
        (
            b"twenty-one characters",
            "holds 21 bytes and no BMC keeps more than 20 of a password:"
            " one that is cut off silently would be refused at the next login",
        ),
        (b"x" * 5000, "is longer than 4096 bytes: not a password file"),
    ],
)
def test_a_password_no_bmc_could_have_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = private(tmp_path / "p", content)
    assert refusal(PasswordFile(path)) == f"password file {path} {why}"


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o644, 0o601])
def test_a_file_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "p", b"s3cret", mode)
    assert refusal(PasswordFile(path)) == (
        f"password file {path} can be reached by others than its owner: chmod 600 {path}"
    )


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_the_owner_may_reach_it(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "p", b"s3cret", mode)
    assert read_password(console_with(PasswordFile(path))) == b"s3cret"


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    for name, why in (
        ("fifo", " is not a file"),
        (".", " is not a file"),
        ("missing", ": No such file or directory"),
    ):
        path = tmp_path / name
        assert refusal(PasswordFile(path)) == f"password file {path}{why}"


def test_a_command_prints_the_password() -> None:
    assert read_password(console_with(printing("s3cret\n"))) == b"s3cret"


def test_a_command_reads_nothing_from_our_standard_input() -> None:
    command = PasswordCommand((sys.executable, "-c", "import sys; print(repr(sys.stdin.read()))"))
    assert read_password(console_with(command)) == b"''"


def test_a_commands_arguments_reach_no_shell() -> None:
    command = PasswordCommand((sys.executable, "-c", "import sys; print(sys.argv[1])", "$HOME;*"))
    assert read_password(console_with(command)) == b"$HOME;*"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("raise SystemExit(3)", "failed with exit status 3"),
        ("import os; os.kill(os.getpid(), 9)", "was ended by signal 9"),
        ("", "is empty (for a user without password, write one empty line)"),
    ],
)
def test_a_command_that_fails_is_told_apart(script: str, why: str) -> None:
    said = refusal(PasswordCommand((sys.executable, "-c", script)))
    assert said == f"password command {sys.executable} {why}"


def test_a_command_that_does_not_exist_is_told() -> None:
    said = refusal(PasswordCommand(("/nonexistent/vault",)))
    assert said == "password command /nonexistent/vault: No such file or directory"


def test_a_command_that_hangs_is_stopped() -> None:
    hanging = PasswordCommand((sys.executable, "-c", "import threading; threading.Event().wait()"))
    with pytest.raises(SecretError) as caught:
        read_password(console_with(hanging), command_timeout=0.2)
    assert str(caught.value) == f"password command {sys.executable} was stopped after 0.2 seconds"


def test_a_credential_is_a_file_that_systemd_provides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private(tmp_path / "bmc", b"s3cret\n", 0o444)  # systemd guards the directory, and sets what mode it likes
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_password(console_with(PasswordCredential("bmc"))) == b"s3cret"
    assert refusal(PasswordCredential("x")) == f"credential {tmp_path}/x: No such file or directory"


def test_without_credentials_of_systemd_the_unit_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert refusal(PasswordCredential("bmc")) == (
        "credential bmc: systemd handed over none ($CREDENTIALS_DIRECTORY is not set):"
        " the unit needs LoadCredential=bmc:…"
    )


@pytest.mark.parametrize(
    ("content", "kg"),
    [
        (b"0x00ff41\n", b"\x00\xff\x41"),
        (b"0x" + b"AB" * 20, b"\xab" * 20),
        (b"text\n", b"text"),
        (b"x" * 20, b"x" * 20),
    ],
)
def test_kg_is_text_or_hexadecimal(tmp_path: Path, content: bytes, kg: bytes) -> None:
    path = private(tmp_path / "kg", content)
    assert read_kg(console_with(PasswordFile(path), path)) == kg


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty (for a BMC without Kg, leave out kg_file)"),
        (b"0x", "is empty (for a BMC without Kg, leave out kg_file)"),
        (b"0x123", "begins with 0x, but pairs of hexadecimal digits do not follow"),
        (b"0xkg", "begins with 0x, but pairs of hexadecimal digits do not follow"),
        (b"0x\xff", "begins with 0x, but pairs of hexadecimal digits do not follow"),
        (b"0x" + b"00" * 21, "holds 21 bytes, and Kg has 20 at most"),
        (b"a\nb", "has more than one line"),
    ],
)
def test_a_kg_no_bmc_could_have_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = private(tmp_path / "kg", content)
    with pytest.raises(SecretError) as caught:
        read_kg(console_with(PasswordFile(path), path))
    assert str(caught.value) == f"Kg file {path} {why}"


def test_a_bmc_without_kg_has_an_empty_one() -> None:
    assert read_kg(console_with(printing("x"))) == b""


def test_a_secret_does_not_show() -> None:
    secret = Secret(b"hunter2")
    shown = f"{secret} {secret!r} {secret!s} {[secret]} {{secret!a}} %s %r" % (secret, secret)
    assert "hunter2" not in shown
    assert secret == b"hunter2"


def test_nothing_of_a_refused_secret_is_told(tmp_path: Path) -> None:
    for content in (b"hunter2-hunter2-hunter2", b"hunter2\nhunter2", b"hunter2\0"):
        assert "hunter2" not in refusal(PasswordFile(private(tmp_path / "p", content)))
        with pytest.raises(SecretError) as caught:
            read_kg(console_with(printing(""), private(tmp_path / "kg", b"0x" + content)))
        assert "hunter2" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_every_file_with_a_secret_can_be_tried_at_once(tmp_path: Path) -> None:
    private(tmp_path / "good", b"s3cret")
    private(tmp_path / "open", b"s3cret", 0o644)
    config = loaded(
        tmp_path,
        BMC.replace("bmc.password", "open")
        + 'kg_file = "kg"\n[consoles."s[1-9]"]\naddress = "{name}"\n[consoles.x]\naddress = "x"\nkg_file = ""\n'
        'password_file = "good"\n[consoles.y]\naddress = "y"\npassword_command = ["/nonexistent"]\n',
    )
    assert [str(problem).replace(str(tmp_path), "") for problem in secret_problems(config)] == [
        "/open: password_file: for s1: password file /open can be reached by others than its owner: chmod 600 /open",
        "/kg: kg_file: for s1: Kg file /kg: No such file or directory",
    ]
    fine = replace(config, consoles={"x": config.consoles["x"]})
    assert secret_problems(fine) == []
