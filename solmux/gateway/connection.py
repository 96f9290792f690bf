"""One SSH connection: who it is, and what may be opened on it."""

import logging
from typing import TYPE_CHECKING

import asyncssh
from asyncssh.constants import MSG_IGNORE
from asyncssh.packet import SSHPacketLogger

from solmux.gateway.admission import CHANNELS_PER_CONNECTION, KEYS_PER_LOGIN
from solmux.gateway.channel import Activity
from solmux.gateway.identity import Person
from solmux.gateway.session import Session

if TYPE_CHECKING:
    from solmux.gateway.server import Gateway

log = logging.getLogger(__name__)


class Connection(asyncssh.SSHServer):
    """One connection. Nothing is forwarded, of any kind.

    Attributes:
      person: whose key it is; known once the login is complete.
      address: where it comes from.
      login: the login name, which selects a console and says nothing about who it is.
    """

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._connection: asyncssh.SSHServerConnection
        self._sessions: set[Session] = set()
        self._admitted = False
        self._congested = False
        self._refused_keys = 0
        self._owner: Person | None = None
        self.person = Person("", "")
        self.address = ""
        self.login = ""

    @property
    def who(self) -> str:
        """Person and address for the log."""
        return f"{self.person.name or 'somebody'}@{self.address}"

    # for sessions

    def activity(self, session: Session) -> Activity:
        """Return what *session* was opened for."""
        return self._gateway.activity(session)

    def opened(self, session: Session) -> None:
        """A channel is open."""
        self._sessions.add(session)
        if self._congested:
            session.congested(True)

    def closed(self, session: Session) -> None:
        """A channel is gone."""
        self._sessions.discard(session)

    def give_up(self) -> None:
        """Cut the connection."""
        self._connection.abort()

    def say_goodbye(self) -> None:
        """The gateway ends: tell everybody and close in order."""
        for session in list(self._sessions):
            session.stop()
        self._connection.disconnect(asyncssh.DISC_BY_APPLICATION, "solmux is stopping")

    async def wait_closed(self) -> None:
        """Wait until the connection is closed."""
        await self._connection.wait_closed()

    # asyncssh's callbacks

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Somebody has connected."""
        self._connection = conn
        self.address = str(conn.get_extra_info("peername", ("",))[0])
        self._admitted = self._gateway.admission.admit(self.address)
        if not self._admitted:
            log.warning("%s: too many connections have not logged in yet; one is closed", self.address)
            conn.abort()
            return
        # asyncssh ignores that the TCP buffer is full: with a client that advertises a huge window and does
        # not read, it would grow without end.
        conn.pause_writing = self._pause_writing  # type: ignore[method-assign]
        conn.resume_writing = self._resume_writing  # type: ignore[method-assign]
        _send_no_filler(conn)
        self._gateway.connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """The connection is gone."""
        self._settle()
        self._gateway.connections.discard(self)
        if self.person.name:
            log.info("%s: disconnected", self.who)

    def begin_auth(self, _username: str) -> bool:
        """Somebody begins to log in: a key is needed, whatever the name."""
        if self._gateway.config.ssh.banner:
            self._connection.send_auth_banner(self._gateway.config.ssh.banner.rstrip("\n") + "\n")
        return True

    def public_key_auth_supported(self) -> bool:
        """Keys are the only way in."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Return whether *key* is somebody's. asyncssh checks the signature, in the same turn of the loop."""
        self.login = username
        self._owner = self._gateway.keys.owner(key)
        if self._owner is None:
            log.info("%s: nobody's key %s", self.address, key.get_fingerprint())
            self._refused_keys += 1
            if self._refused_keys >= KEYS_PER_LOGIN:
                self._connection.disconnect(
                    asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, "Too many authentication failures"
                )
        return self._owner is not None

    def auth_completed(self) -> None:
        """The login is complete."""
        self._settle()
        if self._owner is None:
            log.error("%s: login without a key", self.address)
            self._connection.abort()
            return
        self.person = self._owner
        log.info("%s: logged in as %r with key %s", self.who, self.login, self.person.fingerprint)

    def session_requested(self) -> Session | bool:
        """A channel is to be opened."""
        if not self.person.name or len(self._sessions) >= CHANNELS_PER_CONNECTION:
            log.warning("%s: more than %d sessions on one connection", self.who, CHANNELS_PER_CONNECTION)
            return False
        return Session(self)

    def connection_requested(self, dest_host: str, dest_port: int, _orig_host: str, _orig_port: int) -> bool:
        """TCP forwarding (-L, -D, -W)."""
        return self._refuse(f"forwarding to {dest_host} port {dest_port}")

    def server_requested(self, listen_host: str, listen_port: int) -> bool:
        """Remote TCP forwarding (-R)."""
        return self._refuse(f"forwarding from {listen_host} port {listen_port}")

    def unix_connection_requested(self, dest_path: str) -> bool:
        """Forwarding to a Unix socket."""
        return self._refuse(f"forwarding to {dest_path}")

    def unix_server_requested(self, listen_path: str) -> bool:
        """Remote forwarding of a Unix socket."""
        return self._refuse(f"forwarding from {listen_path}")

    def _refuse(self, what: str) -> bool:
        log.warning("%s: refused: %s", self.who, what)
        return False

    def _settle(self) -> None:
        if self._admitted:
            self._admitted = False
            self._gateway.admission.settled(self.address)

    def _pause_writing(self) -> None:
        self._congested = True
        for session in list(self._sessions):
            session.congested(True)

    def _resume_writing(self) -> None:
        self._congested = False
        for session in list(self._sessions):
            session.congested(False)


def _send_no_filler(connection: asyncssh.SSHServerConnection) -> None:
    """Keep asyncssh from sending an IGNORE packet before every packet, a second write for each echo.

    It hides the initialisation vector of CBC ciphers (RFC 4251 9.3.1), of which none is offered here.
    """
    send_packet = connection.send_packet

    def send(pkttype: int, *args: bytes, handler: SSHPacketLogger | None = None) -> None:
        if pkttype != MSG_IGNORE:
            send_packet(pkttype, *args, handler=handler)

    connection.send_packet = send  # type: ignore[method-assign]
