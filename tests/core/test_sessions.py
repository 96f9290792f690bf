"""From configuration to session settings."""

from pathlib import Path

import pytest
import trio

from solmux.config.model import Address, Console, PasswordFile
from solmux.core.sessions import session_settings
from solmux.ipmi.crypto import SUITE_3, SUITE_17
from solmux.ipmi.quirks import Quirk
from solmux.session.keeper import CredentialsUnavailable


def console(secret: Path, **more: object) -> Console:
    fields = {"username": "solmux", "password": PasswordFile(secret), **more}
    return Console("server42", Address("10.0.0.1", 623), **fields)  # type: ignore[arg-type] # keyword overrides


def test_suites_follow_the_choice(tmp_path: Path) -> None:
    choices = {
        choice: session_settings(console(tmp_path, cipher_suite=choice)).suites for choice in ("auto", 17, 3)
    }
    assert choices == {"auto": (SUITE_17, SUITE_3), 17: (SUITE_17,), 3: (SUITE_3,)}


def test_the_quirks_of_the_configuration_reach_the_session(tmp_path: Path) -> None:
    settings = session_settings(console(tmp_path, quirks=frozenset({"strict_next", "idzero"})))
    assert settings.quirks == {Quirk.STRICT_NEXT, Quirk.IDZERO}


def test_a_password_file_that_cannot_be_read_is_named_and_nothing_of_it_shown(tmp_path: Path) -> None:
    settings = session_settings(console(tmp_path / "missing"))
    with pytest.raises(CredentialsUnavailable, match="missing"):
        trio.run(settings.load_credentials)


def test_a_changed_password_is_read_at_the_next_attempt(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("first\n")
    secret.chmod(0o600)
    settings = session_settings(console(secret))
    assert trio.run(settings.load_credentials).password == b"first"
    secret.write_text("second\n")
    credentials = trio.run(settings.load_credentials)
    assert credentials.password == b"second"
    assert "second" not in repr(credentials)
