"""Somebody at the serial line of a host, on a virtual clock."""

from solmux.sim.host import Host, PowerAction
from solmux.sim.server import Server


class Operator:
    """Reads everything the host prints and types when told.

    Attributes:
      now: the clock.
      output: everything printed so far.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.now = 0.0
        self.output = b""
        self._seen = 0

    def run(self, seconds: float) -> bytes:
        """Let time pass; returns what was printed meanwhile."""
        before = len(self.output)
        until = self.now + seconds
        while True:
            deadline = max(self.now, self.host.deadline)
            self.now = min(deadline, until)
            self.output += self.host.read(self.now)
            if deadline > until:
                return self.output[before:]
            if self.host.deadline <= self.now == until:  # more is due, but not before `until` is over
                return self.output[before:]

    def expect(self, text: bytes, within: float = 90.0) -> bytes:
        """Let time pass until *text* comes after what was expected before; returns all up to its end."""
        until = self.now + within
        while (found := self.output.find(text, self._seen)) < 0:
            if self.now >= until:
                raise AssertionError(f"{text!r} did not come; got {self.output[self._seen :]!r}")
            self.run(min(0.05, until - self.now))
        start, self._seen = self._seen, found + len(text)
        return self.output[start : self._seen]

    def sees_power(self) -> bool:
        """Look at the power light."""
        return self.host.powered

    def type(self, data: bytes) -> None:
        """Type at the present moment."""
        self.host.feed(data, self.now)

    def ask(self, command: bytes, within: float = 30.0) -> bytes:
        """Run a command in the shell; returns what it printed, without echo and prompt."""
        self.type(command + b"\r")
        self.expect(b"\x1b[?2004l\r", within)
        return self.expect(b"\x1b[?2004h", within).removesuffix(b"\x1b[?2004h")

    def control(self, action: PowerAction) -> None:
        """Press a button at the present moment."""
        self.host.control(action, self.now)

    def send_break(self) -> None:
        """Send a BREAK at the present moment."""
        self.host.send_break(self.now)


def booted(name: str = "server42", **options: float) -> Operator:
    """Return the operator of a server that has just come to its login prompt."""
    operator = Operator(Server(name, wall=1_760_000_000.0, **options))  # type: ignore[arg-type]  # seed is an int
    operator.control(PowerAction.ON)
    operator.expect(f"{name} login: ".encode())
    return operator


def logged_in(name: str = "server42", **options: float) -> Operator:
    """Return the operator of a server with a root shell."""
    operator = booted(name, **options)
    operator.type(b"root\r")
    operator.expect(b"Password: ")
    operator.type(b"hunter2\r")
    operator.expect(b":~# ")
    return operator
