"""Logging in to a BMC: from the capability query to RAKP 4."""

from solmux.ipmi.handshake.driver import ROUND_PATIENCE, Handshake
from solmux.ipmi.handshake.outcome import Credentials, Established, Failed, FailureReason

__all__ = ["ROUND_PATIENCE", "Credentials", "Established", "Failed", "FailureReason", "Handshake"]
