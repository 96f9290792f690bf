"""Faults of particular BMCs that need another way, as flags in a console's configuration.

Flags have the names of FreeIPMI or ipmitool where these have one. Many of theirs need no flag here, because
solmux always does what the flag would ask for. At login: ``authcap`` (user and key bits of the authentication
capabilities are hints only), ``opensesspriv`` (Open Session names the privilege), ``supermicro20`` and
``sun20`` (a code in RAKP 2 or RAKP 4 that is longer than the suite's is compared up to the suite's length).
For SOL: ``solpayloadsize``, ``ignoresolpayloadsize`` and ``solport`` (sizes are made sane, the port is not
used), ``solstatus`` and ``solchannelsupport`` (not relied upon), ``serialalertsdeferred`` (always asked for).

Not handled: ``i82571spt`` (a profile of its own), ``integritycheckvalue`` (suite 0 only, which is refused)
and every flag of IPMI 1.5.
"""

from enum import StrEnum


class Quirk(StrEnum):
    """One fault of a BMC; each changes exactly what its text says."""

    INTEL20 = "intel20"
    """User names are padded with zeros to 16 bytes in RAKP 1 and in every hash, and the role in the hash of
    RAKP 3 is without its name-only bit. Intel SE7520AF2 with Server Management Module."""
    INTELPLUS = "intelplus"
    """The role in the hash of RAKP 3 is without its name-only bit; the user name is as usual. Older Intel
    BMCs; see also `ACK0_MEANS_ALL`."""
    NOCHECKSUMCHECK = "nochecksumcheck"
    """IPMI messages inside a session may have wrong checksums. Supermicro X9SCM-iiF, X9DRi-F, X9DRFR."""
    IDZERO = "idzero"
    """Authentic packets may carry session id 0. Tyan S2882 with M3289."""
    ICTS = "icts"
    """Integrity padding is computed without its last two bytes. Intel's compliance test suite."""
    ACK0_MEANS_ALL = "ack0_means_all"
    """An acknowledgement of 0 characters without NACK means that all were accepted. Intel."""
    STRICT_NEXT = "strict_next"
    """The BMC accepts only the next SOL number and never acknowledges an earlier one again. OpenBMC."""
