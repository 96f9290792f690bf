"""What a client is told about its BMC."""

from dataclasses import dataclass, field

from solmux.ipmi.commands import Privilege
from solmux.ipmi.crypto import SUITE_3, SUITE_17, CipherSuite
from solmux.ipmi.handshake import Credentials
from solmux.ipmi.quirks import Quirk

LEVELS = {
    "user": Privilege.USER,
    "operator": Privilege.OPERATOR,
    "administrator": Privilege.ADMINISTRATOR,
}


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """One BMC and how to deal with it.

    Attributes:
      credentials: whom to log in as.
      suites: cipher suites that are allowed, the preferred first.
      privilege: "administrator" (falls back to operator if the account allows no more), "operator" or "user".
      quirks: faults of this BMC that need another way.
      steal: take SOL from whoever has it.
      orphan_session_ids: the BMC's ids of sessions that were ours and are dead; their SOL is taken back.
      first_sol_sequence: first SOL number to try, 1-15: not the last one used on this BMC.
      activate_sol: False for a session that only sends commands.
      keepalive_interval: seconds from the last command to the next check.
      ask_cipher_suites: ask which suites the BMC offers, for information.
    """

    credentials: Credentials
    suites: tuple[CipherSuite, ...] = (SUITE_17, SUITE_3)
    privilege: str = "administrator"
    quirks: frozenset[Quirk] = field(default_factory=frozenset)
    steal: bool = False
    orphan_session_ids: frozenset[int] = field(default_factory=frozenset)
    first_sol_sequence: int = 1
    activate_sol: bool = True
    keepalive_interval: float = 15.0
    ask_cipher_suites: bool = False

    def __post_init__(self) -> None:
        if self.privilege not in LEVELS:
            raise ValueError(f"privilege must be one of {', '.join(LEVELS)}, got {self.privilege!r}")
        if not 1 <= self.first_sol_sequence <= 15:
            raise ValueError(f"a SOL number is 1-15, got {self.first_sol_sequence}")

    @property
    def level(self) -> Privilege:
        """The privilege as a level."""
        return LEVELS[self.privilege]

    @property
    def falls_back(self) -> bool:
        """Whether operator will do where administrator is refused."""
        return self.level > Privilege.OPERATOR
