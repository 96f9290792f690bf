"""Who is at the other end of the unix socket."""

import os
import pwd
import socket as stdlib_socket
import struct
from dataclasses import dataclass

import trio


@dataclass(frozen=True, slots=True)
class PeerIdentity:
    """Who is at the other end of the unix socket, from the kernel.

    Attributes:
      person: the system user's name.
      speaks_for_others: root, or the core's own or the gateway's user: its frames name the person.
    """

    person: str
    speaks_for_others: bool


def peer_identity(
    socket: stdlib_socket.socket | trio.socket.SocketType, trusted: frozenset[int]
) -> PeerIdentity:
    """Ask the kernel who connected *socket*; *trusted* user ids may speak for others."""
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack(
        "3i", socket.getsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_PEERCRED, size)
    )
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:
        name = f"uid-{user}"
    return PeerIdentity(name, user in trusted or user in (0, os.geteuid()))


def gateway_users(user: str) -> frozenset[int]:
    """User ids that may speak for others on the unix socket, beside root and our own: the gateway's."""
    try:
        return frozenset({pwd.getpwnam(user).pw_uid}) if user else frozenset()
    except KeyError:
        return frozenset()
