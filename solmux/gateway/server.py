"""The SSH server: wiring, listening, reloading, ending."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncssh

from solmux import __version__
from solmux.config.model import Config
from solmux.gateway.admission import LOGIN_GRACE_TIME, Admission
from solmux.gateway.channel import Activity
from solmux.gateway.connection import Connection
from solmux.gateway.drawing import History
from solmux.gateway.history import ConsoleHistory, screens_directory
from solmux.gateway.host_key import HostKeyError, load_host_key
from solmux.gateway.hub import Hub
from solmux.gateway.identity import KeyRing, load_keys
from solmux.gateway.request import activity_for
from solmux.gateway.session import Session
from solmux.screen.store import ScreenStore
from solmux.wire.frames import SOCKET_NAME

KEEPALIVE_INTERVAL = 15.0  # seconds of silence from a client before it is asked whether it lives
KEEPALIVE_COUNT = 4  # questions without an answer before it is given up
RECEIVE_WINDOW = 128 << 10  # bytes a client may send to one channel before we have taken them
CLOSE_LIMIT = 2.0  # seconds for clients to be told goodbye

KEY_EXCHANGES = (
    "mlkem768x25519-sha256",
    "sntrup761x25519-sha512",
    "sntrup761x25519-sha512@openssh.com",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
)
# AES-GCM costs a third of chacha20-poly1305 per write, and without that there is no prefix truncation either.
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr")
MACS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
SIGNATURES = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
)

log = logging.getLogger(__name__)


class GatewayError(Exception):
    """The gateway cannot start; the text says what is in the way."""


@dataclass(slots=True, eq=False)
class Gateway:
    """What the connections of one gateway share.

    Attributes:
      config: as last read.
      keys: who may log in, as last read.
    """

    config: Config
    keys: KeyRing = field(init=False)
    hub: Hub = field(init=False)
    store: ScreenStore = field(init=False)
    admission: Admission = field(default_factory=Admission)
    connections: set[Connection] = field(default_factory=set)
    ports: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = _load_keys(self.config)
        self.store = _screen_store(self.config)
        self.hub = Hub(self.config.server.runtime_directory / SOCKET_NAME, self.history)

    def history(self, console: str) -> History:
        """Return what is recorded of a console."""
        return ConsoleHistory(self.config, console, self.store)

    def activity(self, session: Session) -> Activity:
        """Return what *session* was opened for."""
        return activity_for(session, self.config, self.hub)

    def reload(self, config: Config) -> None:
        """Take *config* and the keys over. Sessions go on; a new address to listen on waits for a restart."""
        if config.ssh.listen != self.config.ssh.listen:
            log.warning("reload: ssh.listen is taken over at the next start only")
        if config.ssh.host_key != self.config.ssh.host_key:
            log.warning("reload: ssh.host_key is taken over at the next start only")
        self.config = config
        self.keys = _load_keys(config)
        log.info("reload: %d consoles, %d keys", len(config.consoles), len(self.keys.people))


async def serve_gateway(
    config: Config,
    *,
    ready: Callable[[Gateway], None],
    stop: asyncio.Event,
) -> None:
    """Serve SSH until *stop*; call *ready* once clients can connect.

    Raises:
      GatewayError: it cannot start.
    """
    asyncssh.set_log_level(logging.WARNING)
    asyncssh.set_sftp_log_level(logging.WARNING)
    try:
        host_key = load_host_key(config.ssh.host_key)
    except HostKeyError as error:
        raise GatewayError(str(error)) from error
    gateway = Gateway(config)
    async with contextlib.AsyncExitStack() as stack:
        for address in config.ssh.listen:
            acceptor = await _listen(gateway, address.host, address.port, host_key)
            stack.push_async_callback(_close, acceptor)
            gateway.ports.append(acceptor.get_port())
        link = asyncio.create_task(gateway.hub.run())
        ended = asyncio.create_task(stop.wait())
        ready(gateway)
        await asyncio.wait((link, ended), return_when=asyncio.FIRST_COMPLETED)
        for task in (link, ended):
            task.cancel()
        await _say_goodbye(gateway)
        if link.done() and not link.cancelled():
            link.result()  # a fault of ours, to be seen by the supervisor


async def _listen(gateway: Gateway, host: str, port: int, host_key: asyncssh.SSHKey) -> asyncssh.SSHAcceptor:
    known = {name.decode() for name in asyncssh.kex.get_kex_algs()}
    try:
        return await asyncssh.listen(
            host,
            port,
            server_factory=lambda: Connection(gateway),
            server_host_keys=[host_key],
            server_version=f"solmux_{__version__}",
            kex_algs=[name for name in KEY_EXCHANGES if name in known],
            encryption_algs=CIPHERS,
            mac_algs=MACS,
            signature_algs=SIGNATURES,
            compression_algs=None,
            gss_host=None,
            x509_trusted_certs=None,
            password_auth=False,
            kbdint_auth=False,
            host_based_auth=False,
            agent_forwarding=False,
            x11_forwarding=False,
            line_editor=False,
            encoding=None,
            window=RECEIVE_WINDOW,
            login_timeout=LOGIN_GRACE_TIME,
            keepalive_interval=KEEPALIVE_INTERVAL,
            keepalive_count_max=KEEPALIVE_COUNT,
            reuse_address=True,
        )
    except OSError as error:
        raise GatewayError(f"cannot listen on {host} port {port}: {error.strerror or error}") from error


async def _close(acceptor: asyncssh.SSHAcceptor) -> None:
    acceptor.close()


async def _say_goodbye(gateway: Gateway) -> None:
    """Detach everybody, with a line that says why."""
    for connection in list(gateway.connections):
        connection.say_goodbye()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_LIMIT):
            for connection in list(gateway.connections):
                await connection.wait_closed()
    for connection in list(gateway.connections):
        connection.give_up()


def _screen_store(config: Config) -> ScreenStore:
    """Return where screens are saved, made if need be."""
    directory = screens_directory(config)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        log.warning("screens cannot be saved: %s: %s", directory, error.strerror)
    return ScreenStore(directory)


def _load_keys(config: Config) -> KeyRing:
    keys = load_keys(config)
    for problem in keys.problems:
        log.warning("%s", problem)
    if not keys.people:
        log.warning("nobody can log in: there is no key in %s", config.ssh.authorized_keys)
    return keys
