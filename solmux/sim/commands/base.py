"""What the functions that answer a command have in common."""

from collections.abc import Callable
from dataclasses import dataclass

from solmux.ipmi.commands import Privilege
from solmux.sim.controller import Controller
from solmux.sim.session import Session


class RefusedError(Exception):
    """The command is answered with a completion code other than 0.

    Attributes:
      code: the completion code.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"completion code {code:02X}h")
        self.code = code


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way to the function that answers it.

    Attributes:
      bmc: whom it is for.
      session: where it came from; none outside of sessions.
      data: behind the command byte.
      now: when it came.
    """

    bmc: Controller
    session: Session | None
    data: bytes
    now: float

    @property
    def own_session(self) -> Session:
        """The session it came from; a command that needs one is refused outside of any."""
        if self.session is None:
            raise RefusedError(0xD4)
        return self.session


@dataclass(frozen=True, slots=True)
class Command:
    """How a command is answered.

    Attributes:
      answer: returns the data behind the completion code; raises `RefusedError`, or `DecodeError` for a
        request of the wrong length.
      privilege: least level of the session; none for commands that need no session.
    """

    answer: Callable[[Call], bytes]
    privilege: int | None = Privilege.USER
