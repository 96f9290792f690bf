"""One SSH channel: asyncssh's callbacks, guarded, passed on to what the channel was opened for."""

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import asyncssh

from solmux.gateway.channel import Activity, Terminal
from solmux.gateway.outlet import Outlet

if TYPE_CHECKING:
    from solmux.gateway.connection import Connection

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger(__name__)


def _guarded(
    fallback: R,
) -> Callable[[Callable[Concatenate["Session", P], R]], Callable[Concatenate["Session", P], R]]:
    """Keep a callback's fault in its own channel: asyncssh would end the connection, and all others on it."""

    def decorate(
        callback: Callable[Concatenate["Session", P], R],
    ) -> Callable[Concatenate["Session", P], R]:
        def call(self: "Session", /, *args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return callback(self, *args, **kwargs)
            except Exception:  # noqa: BLE001 - a supervisor: logged by `failed`
                self.failed()
                return fallback

        functools.update_wrapper(call, callback)
        return call

    return decorate


class Session(asyncssh.SSHServerSession[bytes]):
    """One channel.

    Attributes:
      terminal: None when the client has none.
      command: what the client wants to run, None for a login.
      subsystem: the subsystem asked for, "" for none.
      outlet: where output goes.
      over: whether the channel is being closed, or is.
    """

    def __init__(self, connection: "Connection") -> None:
        self.connection = connection
        self.terminal: Terminal | None = None
        self.command: str | None = None
        self.subsystem = ""
        self._channel: asyncssh.SSHServerChannel[bytes]
        self.outlet: Outlet
        self._activity: Activity | None = None
        self.over = False

    # for activities

    def finish(self, code: int) -> None:
        """Write what is left, report *code* and close the channel."""
        if not self.over:
            self.over = True
            self.outlet.flush()
            self._channel.exit(code)

    def abort(self) -> None:
        """Close the channel without writing what is left."""
        self.over = True
        self._channel.abort()

    def line_ends(self, data: bytes) -> bytes:
        """Return *data* with line ends for the client: a terminal is raw, and wants both characters."""
        return data.replace(b"\n", b"\r\n") if self.terminal is not None else data

    def error(self, text: str) -> None:
        """Write *text* to standard error."""
        if not self.over:
            self.outlet.error(self.line_ends(text.encode("utf-8", "replace")))

    @_guarded(fallback=None)
    def stop(self) -> None:
        """The gateway ends."""
        if self._activity is not None and not self.over:
            self._activity.stopped()

    def read_more(self, wanted: bool) -> None:
        """Go on or stop reading from the client."""
        if wanted:
            self._channel.resume_reading()
        else:
            self._channel.pause_reading()

    @_guarded(fallback=None)
    def congested(self, so: bool) -> None:
        """The connection as a whole takes no more, or does again."""
        if so:
            self.outlet.close("connection")
        else:
            self.outlet.open("connection")

    @_guarded(fallback=None)
    def guard(self, call: Callable[[], None]) -> None:
        """Call *call*, which a timer would call otherwise."""
        if not self.over:
            call()

    def failed(self) -> None:
        """Something of ours went wrong: log it, end this channel and no other. Called from an `except`."""
        log.exception("%s: session of %s failed", self.command or "login", self.connection.who)
        if not self.over:
            self.over = True
            self._channel.write(b"solmux: internal error; this session ends, see the gateway's log\r\n", 1)
            self._channel.exit(1)

    # asyncssh's callbacks

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """The channel is open."""
        self._channel = chan
        self.outlet = Outlet(chan, self._resumed, self._stuck)
        self.connection.opened(self)

    @_guarded(fallback=False)
    def pty_requested(
        self, _term_type: str, term_size: tuple[int, int, int, int], _term_modes: object
    ) -> bool:
        """There is a terminal at the other end."""
        self.terminal = Terminal(term_size[0], term_size[1])
        return True

    def shell_requested(self) -> bool:
        """A login without a command."""
        return True

    def exec_requested(self, command: str) -> bool:
        """A command: one string, because ssh joins its words."""
        self.command = command
        return True

    def subsystem_requested(self, subsystem: str) -> bool:
        """A subsystem; taken here to be refused with a reason."""
        self.subsystem = subsystem
        return True

    @_guarded(fallback=None)
    def session_started(self) -> None:
        """The request was granted: begin."""
        self._activity = self.connection.activity(self)
        self._activity.start()

    @_guarded(fallback=None)
    def data_received(self, data: bytes, _datatype: int | None) -> None:
        """Bytes from the client."""
        if self._activity is not None and not self.over:
            self._activity.typed(data)

    def eof_received(self) -> bool:
        """No more input; the channel stays: cron and ansible send this first of all."""
        return True

    @_guarded(fallback=False)
    def break_received(self, _msec: int) -> bool:
        """The client sends a BREAK."""
        return self._activity is not None and not self.over and self._activity.break_pressed()

    @_guarded(fallback=None)
    def terminal_size_changed(self, width: int, height: int, _pixwidth: int, _pixheight: int) -> None:
        """The client's window has changed."""
        if self.terminal is not None:
            self.terminal.resize(width, height)
            if self._activity is not None and not self.over:
                self._activity.resized()

    @_guarded(fallback=None)
    def pause_writing(self) -> None:
        """The client's window is used up, and our buffer with it."""
        self.outlet.close("channel")

    @_guarded(fallback=None)
    def resume_writing(self) -> None:
        """The client reads again."""
        self.outlet.open("channel")

    def connection_lost(self, _exc: Exception | None) -> None:
        """The channel is gone."""
        self.over = True
        try:
            self.outlet.end()
            if self._activity is not None:
                self._activity.ended()
        except Exception:  # a supervisor: asyncssh would end the connection, and its other channels
            log.exception("%s: the end of a session failed", self.connection.who)
        finally:
            self.connection.closed(self)

    def _resumed(self, skipped: int) -> None:
        if self._activity is not None and not self.over:
            self._activity.resumed(skipped)

    def _stuck(self) -> None:
        log.warning("%s takes no output any more; the connection is closed", self.connection.who)
        self.connection.give_up()
