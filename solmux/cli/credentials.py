"""Credentials from files that a command line names, read as strictly as the service reads its own."""

from pathlib import Path

from solmux.cli import fail
from solmux.config.model import Address, Console, PasswordFile
from solmux.config.secrets import SecretError, read_kg, read_password
from solmux.ipmi.handshake import Credentials


def credentials_or_fail(user: str, password_file: Path, kg_file: Path | None) -> Credentials:
    """Return user, password and Kg, or exit 2 with what is wrong with them."""
    console = Console("", Address("", 0), user, PasswordFile(password_file), kg_file)
    try:
        return Credentials(user.encode(), read_password(console), read_kg(console))
    except (SecretError, ValueError) as error:
        fail(2, str(error))
