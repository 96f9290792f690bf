"""What control sequences (CSI) do to a page: cursor movements, erasing, editing. All others are ignored."""

from collections.abc import Callable

from solmux.logs.cleaner_page import LINE_LIMIT, Page

_OTHER_SCREEN = {"?47", "?1047", "?1049"}  # private modes that switch to the alternate screen and back

_Action = Callable[[Page, int, float], None]


def apply_sequence(page: Page, parameters: bytes, final: bytes, wall: float) -> None:
    """Carry out ``CSI parameters final`` on *page*."""
    if parameters[:1] in (b"<", b"=", b">", b"?"):
        if final in b"hl" and not _OTHER_SCREEN.isdisjoint(parameters.decode().split(";")):
            page.clear()
        return
    numbers = [int(number) if number.isdigit() else 0 for number in parameters.split(b";")]
    if final in b"Hf":
        column = numbers[1] if len(numbers) > 1 else 1
        page.move(max(1, numbers[0]), max(1, column) - 1)
    elif final == b"r":
        page.move(1, 0)  # setting the scroll region homes the cursor
    elif action := _ACTIONS.get(final):
        action(page, numbers[0], wall)


def _up(page: Page, count: int, _wall: float) -> None:
    page.move(page.y - max(1, count))


def _down(page: Page, count: int, _wall: float) -> None:
    page.move(page.y + max(1, count))


def _next_line(page: Page, count: int, _wall: float) -> None:
    page.move(page.y + max(1, count), 0)


def _previous_line(page: Page, count: int, _wall: float) -> None:
    page.move(page.y - max(1, count), 0)


def _right(page: Page, count: int, _wall: float) -> None:
    # A real cursor stops at the right margin; programs send 80 or 999 to get there, and go back from it.
    margin = 79
    page.move(x=min(page.x + max(1, count), max(page.x, margin)))


def _left(page: Page, count: int, _wall: float) -> None:
    page.move(x=page.x - max(1, count))


def _column(page: Page, number: int, _wall: float) -> None:
    page.move(x=max(1, number) - 1)


def _row(page: Page, number: int, _wall: float) -> None:
    page.move(max(1, number))


def _erase_in_page(page: Page, kind: int, wall: float) -> None:
    if kind == 0:
        page.erase_below(wall)
    elif kind == 1:
        page.erase(0, page.x + 1, wall)
    elif kind == 2:
        page.clear()


def _erase_in_row(page: Page, kind: int, wall: float) -> None:
    start = page.x if kind == 0 else 0
    stop = page.x + 1 if kind == 1 else LINE_LIMIT
    page.erase(start, stop, wall)


def _erase_characters(page: Page, count: int, wall: float) -> None:
    page.erase(page.x, page.x + max(1, count), wall)


def _insert_characters(page: Page, count: int, wall: float) -> None:
    page.insert(max(1, count), wall)


def _delete_characters(page: Page, count: int, wall: float) -> None:
    page.delete(max(1, count), wall)


def _repeat(page: Page, count: int, wall: float) -> None:
    page.repeat(max(1, count), wall)


def _scroll(page: Page, _count: int, _wall: float) -> None:
    page.scroll()


def _save(page: Page, _count: int, _wall: float) -> None:
    page.save_cursor()


def _restore(page: Page, _count: int, _wall: float) -> None:
    page.restore_cursor()


_ACTIONS: dict[bytes, _Action] = {
    b"A": _up,
    b"B": _down,
    b"C": _right,
    b"D": _left,
    b"E": _next_line,
    b"F": _previous_line,
    b"G": _column,
    b"`": _column,
    b"J": _erase_in_page,
    b"K": _erase_in_row,
    b"L": _scroll,  # rows inserted, deleted, scrolled: what stood on a row is elsewhere
    b"M": _scroll,
    b"P": _delete_characters,
    b"S": _scroll,
    b"T": _scroll,
    b"X": _erase_characters,
    b"@": _insert_characters,
    b"a": _right,
    b"b": _repeat,
    b"d": _row,
    b"e": _down,
    b"s": _save,
    b"u": _restore,
}
