"""Errors of the protocol floor: few, typed, and never raised over bytes from a live session."""


class IpmiError(Exception):
    """Something of IPMI went wrong; the base of everything this floor raises."""


class DecodeError(IpmiError):
    """Bytes that are not what they claim to be: too short, wrong lengths, wrong constants or checksums.

    The only thing a parser raises. Whoever receives datagrams catches it, counts a drop and carries on.
    """
