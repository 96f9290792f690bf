"""Console bytes in, lines for people out: the text of ``console.log``.

What comes out is always valid UTF-8 with LF and TAB as its only controls. Escape sequences are carried out or
removed; what is neither text nor understood appears as ``\\xNN``. Each line begins with the UTC time of its
first byte; those times never decrease. The text depends on the bytes and their times only, not on how the
bytes were cut into chunks, nor on how often `Cleaner.tick` is called.
"""

import math
import re

from solmux.logs import cleaner_grammar as grammar
from solmux.logs.cleaner_held import QUIET
from solmux.logs.cleaner_page import LINE_LIMIT, Page
from solmux.logs.cleaner_sequences import apply_sequence
from solmux.logs.log_lines import shows_as_is

_PIECE = 4096  # bytes handled at a time: one odd byte in a large chunk takes the slow path for its piece only
_COLOUR = re.compile(rb"\x1b\[[0-9;:]{0,64}m")
_PLAIN = bytes([*b"\t\n\r", *range(0x20, 0x7F), *range(0x80, 0x100)])


class Cleaner:
    """Turns one console's bytes into what is appended to its ``console.log``.

    A cleaner begins at the start of a line of the file. All times are wall times in seconds.
    """

    def __init__(self, not_before: float = 0.0) -> None:
        """*not_before*: the last stamp the file already has; none of this cleaner's is earlier."""
        self._page = Page(not_before)
        self._fed = 0
        self._tail = b""  # the beginning of a sequence or character whose end has not come yet
        self._heard = 0.0  # wall time of the last bytes
        self._charsets = [False, False]  # is DEC line drawing in slot G0, G1
        self._shift = 0  # the slot in use

    @property
    def deadline(self) -> float | None:
        """Wall time at which `tick` has work, or None."""
        deadline = min(self._page.held.deadline, self._tail_deadline())
        return None if deadline == math.inf else deadline

    @property
    def settled(self) -> int:
        """How many of the bytes fed, from the first, have had all their text returned."""
        settled = self._fed - len(self._tail)
        held_since = self._page.held.since
        return settled if held_since is None else min(settled, held_since)

    def feed(self, data: bytes, wall: float) -> bytes:
        """Take *data*, received at *wall*; return the text to append."""
        self._advance(wall)
        if data:
            self._heard = wall
            for start in range(0, len(data), _PIECE):
                self._feed_piece(data[start : start + _PIECE], wall)
        return self._page.take()

    def tick(self, wall: float) -> bytes:
        """Return text that was held and is due at *wall*."""
        self._advance(wall)
        return self._page.take()

    def event(self, text: str, wall: float) -> bytes:
        """Return what is held, the end of the open line, and the event line for *text*."""
        self._advance(wall)
        self._page.event(text, wall)
        return self._page.take()

    def finish(self, wall: float) -> bytes:
        """End the stream: return everything held and the end of the open line."""
        self._advance(wall)
        self._give_up_tail()
        self._page.end()
        return self._page.take()

    def _advance(self, wall: float) -> None:
        """Do what was due before *wall*, at the time it was due."""
        held = self._page.held
        if wall < self._heard:
            self._heard = wall
            held.clock_set_back(wall)
        while (due := min(held.deadline, self._tail_deadline())) <= wall:
            if due == self._tail_deadline():
                self._give_up_tail()
            else:
                held.flush()

    def _tail_deadline(self) -> float:
        """Return when a string or character without end is taken for text; nobody waits for a bare CSI."""
        tail = self._tail
        if not tail or (tail[0] == 0x1B and not tail.startswith(grammar.STRING_INTRODUCERS)):
            return math.inf
        return self._heard + QUIET

    def _give_up_tail(self) -> None:
        """Take for text what was kept back; its time is that of the last bytes."""
        tail, self._tail = self._tail, b""
        self._page.held.control(self._fed - len(tail))
        if tail.startswith(grammar.STRING_INTRODUCERS):
            self._put(tail.strip(b"\x1b"), self._heard)
        elif not tail.startswith(b"\x1b"):
            self._put(tail, self._heard)

    def _feed_piece(self, piece: bytes, wall: float) -> None:
        if self._tail:
            piece = self._tail + piece
        base = self._fed - len(self._tail)
        self._fed = base + len(piece)
        self._tail = b""
        position = self._feed_lines(piece, wall)
        for match in grammar.TOKEN.finditer(piece, position):
            kind = match.lastindex
            if kind == grammar.TEXT:
                run = match[0]
                if match.end() == len(piece) and (partial := grammar.PARTIAL_UTF8.search(run)):
                    self._tail = partial[0]
                    run = run[: partial.start()]
                self._put(run, wall)
            elif kind == grammar.UNFINISHED:
                self._tail = match[0]
            elif kind is not None:
                self._control(match, base + match.start(), wall)

    def _feed_lines(self, piece: bytes, wall: float) -> int:
        """Take the whole lines of *piece* at once if nothing in them needs care; return where the rest is."""
        end = piece.rfind(b"\n") + 1
        if not end or self._shift or self._charsets[0] or not self._page.flowing():
            return 0
        lines = piece[:end]
        if not lines.isascii() and not shows_as_is(lines):
            return 0
        if b"\x1b" in lines:
            lines = _COLOUR.sub(b"", lines)
        if b"\r" in lines:
            lines = lines.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")
        if lines.translate(None, _PLAIN) or b"\r" in lines or b" \n" in lines:
            return 0
        if len(lines) + 7 * lines.count(b"\t") + self._page.x >= LINE_LIMIT:
            return 0
        self._page.flow_lines(lines, wall)
        return end

    def _put(self, run: bytes, wall: float) -> None:
        text = run.decode(errors="surrogateescape")
        if self._charsets[self._shift]:
            text = text.translate(grammar.LINE_DRAWING)
        self._page.put(text, wall)

    def _control(self, match: re.Match[bytes], offset: int, wall: float) -> None:
        page = self._page
        page.held.control(offset)
        kind = match.lastindex
        if kind == grammar.LINE_END:
            page.line_end(wall)
            self._charsets[0] = False  # a set left in use would turn all that follows into lines
            self._shift = 0
        elif kind == grammar.CONTROL:
            self._control_character(match[0], wall)
        elif kind == grammar.CSI:
            if not match[grammar.INTERMEDIATE]:
                apply_sequence(page, match[grammar.PARAMETERS], match[grammar.CSI], wall)
        elif kind == grammar.ESCAPE:
            self._escape_sequence(match[grammar.ESCAPE], wall)
        elif match[grammar.SLOT] in b"()":
            self._charsets[match[grammar.SLOT] == b")"] = match[grammar.CHARSET] == b"0"

    def _control_character(self, character: bytes, wall: float) -> None:
        if character == b"\r":
            self._page.carriage_return()
        elif character == b"\b":
            self._page.move(x=self._page.x - 1)
        elif character == b"\t":
            self._page.tab(wall)
        elif character in b"\x0e\x0f":
            self._shift = int(character == b"\x0e")
        else:
            self._page.put(character.decode(), wall)

    def _escape_sequence(self, final: bytes, wall: float) -> None:
        page = self._page
        if final == b"c":
            page.clear()
            page.move(1, 0)
            self._charsets = [False, False]
            self._shift = 0
        elif final == b"M":
            page.reverse_line_feed()
        elif final in b"DE":
            page.line_end(wall)
        elif final == b"7":
            page.save_cursor()
        elif final == b"8":
            page.restore_cursor()
