"""From a console's configuration to its session's settings."""

import trio

from solmux.config.model import Console
from solmux.config.secrets import SecretError, read_kg, read_password
from solmux.ipmi.crypto import SUITE_3, SUITE_17, CipherSuite
from solmux.ipmi.handshake import Credentials
from solmux.ipmi.quirks import Quirk
from solmux.session.keeper import CredentialsUnavailable, SessionSettings

SUITES: dict[object, tuple[CipherSuite, ...]] = {
    "auto": (SUITE_17, SUITE_3),
    17: (SUITE_17,),
    3: (SUITE_3,),
}


def session_settings(config: Console) -> SessionSettings:
    """Return what a keeper needs; secrets are read at each attempt, so that a changed file is taken up."""

    async def load_credentials() -> Credentials:
        try:
            return await trio.to_thread.run_sync(credentials_of, config)
        except SecretError as error:
            raise CredentialsUnavailable(str(error)) from error

    return SessionSettings(
        name=config.name,
        host=config.address.host,
        port=config.address.port,
        source_address=config.source_address,
        load_credentials=load_credentials,
        suites=SUITES[config.cipher_suite],
        privilege=config.privilege,
        steal=config.steal,
        quirks=frozenset(Quirk(name) for name in config.quirks),
    )


def credentials_of(config: Console) -> Credentials:
    """Read user, password and Kg of *config*; blocks. Raises `SecretError`."""
    return Credentials(config.username.encode(), read_password(config), read_kg(config))
