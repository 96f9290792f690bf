"""What each control and each escape sequence does to a screen: the tables between parser and screen."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from solmux.screen import modes
from solmux.screen.cells import MOST_PARAMETERS
from solmux.screen.replies import answer
from solmux.screen.screen import Screen

MOST_REPLIES: Final = 4096  # bytes of answers kept until somebody takes them; more are dropped
LARGEST_PARAMETER: Final = 9999

Parameters = tuple[int, ...]
Handler = Callable[[Screen, Parameters], None]
Movement = Callable[[Screen, int], None]


def _counted(method: Movement) -> Handler:
    """Hand on the first parameter, 1 where it is left out or 0."""
    return lambda screen, parameters: method(screen, parameters[0] or 1)


def _selected(method: Movement) -> Handler:
    """Hand on the first parameter, 0 where it is left out."""
    return lambda screen, parameters: method(screen, parameters[0])


def _position(screen: Screen, parameters: Parameters) -> None:
    screen.cursor_position(parameters[0], parameters[1] if len(parameters) > 1 else 1)


def _margins(screen: Screen, parameters: Parameters) -> None:
    screen.set_margins(parameters[0], parameters[1] if len(parameters) > 1 else 0)


def _scroll_down(screen: Screen, parameters: Parameters) -> None:
    if len(parameters) == 1:  # with more it is xterm's mouse highlighting
        screen.shift_down(*screen.region(), parameters[0] or 1)


def _private(on: bool) -> Handler:
    return lambda screen, parameters: screen.switch_modes(map(modes.private, parameters), on=on)


def _tab_stops(screen: Screen, parameters: Parameters) -> None:
    if parameters[0] == 5:
        screen.reset_tab_stops()


def _next_line(screen: Screen) -> None:
    screen.carriage_return()
    screen.index()


SEQUENCES: Final[dict[str, Handler]] = {
    "@": _counted(Screen.insert_characters),
    "A": _counted(Screen.cursor_up),
    "B": _counted(Screen.cursor_down),
    "C": _counted(Screen.cursor_forward),
    "D": _counted(Screen.cursor_back),
    "E": _counted(Screen.cursor_down1),
    "F": _counted(Screen.cursor_up1),
    "G": _counted(Screen.cursor_to_column),
    "H": _position,
    "I": _counted(Screen.tab),
    "J": _selected(Screen.erase_in_display),
    "K": _selected(Screen.erase_in_line),
    "L": _counted(Screen.insert_lines),
    "M": _counted(Screen.delete_lines),
    "P": _counted(Screen.delete_characters),
    "S": lambda screen, parameters: screen.shift_up(*screen.region(), parameters[0] or 1),
    "T": _scroll_down,
    "X": _counted(Screen.erase_characters),
    "Z": _counted(Screen.tab_back),
    "`": _counted(Screen.cursor_to_column),
    "a": _counted(Screen.cursor_forward),
    "b": _counted(Screen.repeat),
    "d": _counted(Screen.cursor_to_line),
    "e": _counted(Screen.cursor_down),
    "f": _position,
    "g": _selected(Screen.clear_tab_stop),
    "h": lambda screen, parameters: screen.switch_modes(parameters, on=True),
    "l": lambda screen, parameters: screen.switch_modes(parameters, on=False),
    "r": _margins,
    "s": lambda screen, _: screen.save_cursor(),
    "u": lambda screen, _: screen.restore_cursor(),
    "!p": lambda screen, _: screen.soft_reset(),
    "?J": _selected(Screen.erase_in_display),
    "?K": _selected(Screen.erase_in_line),
    "?W": _tab_stops,
    "?h": _private(on=True),
    "?l": _private(on=False),
}

ESCAPES: Final[dict[str, Callable[[Screen], None]]] = {
    "7": Screen.save_cursor,
    "8": Screen.restore_cursor,
    "=": lambda screen: screen.switch_modes([modes.DECNKM], on=True),
    ">": lambda screen: screen.switch_modes([modes.DECNKM], on=False),
    "D": Screen.index,
    "E": _next_line,
    "H": Screen.set_tab_stop,
    "M": Screen.reverse_index,
    "c": Screen.reset,
    "#8": Screen.alignment_display,
}


@lru_cache(maxsize=4096)
def parameters_of(text: str) -> tuple[int, ...]:
    """Return the numbers of a parameter string, 0 where one is left out, at least one, each at most 9999."""
    numbers = text.split(";")[:MOST_PARAMETERS]
    return tuple([min(int(number), LARGEST_PARAMETER) if number else 0 for number in numbers])


class Terminal:
    """Drives a screen as the parser says, and gathers what a terminal would answer.

    Attributes:
      screen: the screen.
      replies: answers to the queries seen, in order.
    """

    __slots__ = ("_controls", "draw", "draw_narrow", "replies", "screen", "select")

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.replies = bytearray()
        self.draw: Callable[[str], None] = screen.draw
        self.draw_narrow: Callable[[str], None] = screen.draw_narrow
        self.select: Callable[[str], None] = screen.select
        self._controls: dict[str, Callable[[], None]] = {
            "\b": screen.backspace,
            "\t": screen.tab,
            "\n": screen.linefeed,
            "\v": screen.linefeed,
            "\f": screen.linefeed,
            "\r": screen.carriage_return,
            "\x0e": screen.shift_out,
            "\x0f": screen.shift_in,
        }

    def control(self, character: str) -> None:
        """Execute a C0 control; most do nothing."""
        execute = self._controls.get(character)
        if execute:
            execute()

    def escape(self, intermediates: str, final: str) -> None:
        """Execute an escape sequence."""
        if intermediates in ("(", ")"):
            self.screen.define_charset(final, intermediates)
        else:
            execute = ESCAPES.get(intermediates + final)
            if execute:
                execute(self.screen)

    def sequence(self, name: str, parameters: str) -> None:
        """Execute a control sequence."""
        execute = SEQUENCES.get(name)
        if execute:
            execute(self.screen, parameters_of(parameters))
        elif len(self.replies) < MOST_REPLIES:
            self.replies += answer(self.screen, name, parameters_of(parameters))
