"""One row of cells. A wide character is its cell and an empty one after it; no edit leaves half of one."""

from collections.abc import Iterator

from solmux.screen.cells import BLANK, Cell

Row = list[Cell]


def cut(row: Row, column: int) -> None:
    """Make *column* a border between characters: a wide one that lies across it becomes two blanks."""
    if 0 < column < len(row) and not row[column].data:
        row[column - 1] = row[column - 1]._replace(data=" ")
        row[column] = row[column]._replace(data=" ")


def erase(row: Row, start: int, end: int, blank: Cell) -> None:
    """Put *blank* into the columns from *start* to before *end*."""
    cut(row, start)
    cut(row, end)
    row[start:end] = [blank] * (end - start)


def insert(row: Row, column: int, count: int, blank: Cell) -> None:
    """Move what stands at *column* and after it to the right by *count*; what leaves the row is lost."""
    columns = len(row)
    count = min(count, columns - column)
    cut(row, column)
    cut(row, columns - count)
    del row[columns - count :]
    row[column:column] = [blank] * count


def delete(row: Row, column: int, count: int, blank: Cell) -> None:
    """Take *count* cells out at *column*; blanks come in at the right end."""
    count = min(count, len(row) - column)
    cut(row, column)
    cut(row, column + count)
    del row[column : column + count]
    row += [blank] * count


def fit(row: Row, columns: int) -> None:
    """Make *row* as long as *columns*."""
    cut(row, columns)
    del row[columns:]
    row += [BLANK] * (columns - len(row))


def text_of(row: Row) -> str:
    """Return the row's characters, blanks at the end included."""
    return "".join([cell.data for cell in row])


def runs(row: Row) -> Iterator[tuple[Cell, list[Cell]]]:
    """Yield the runs of cells of one style, each with that style as a blank cell."""
    start = 0
    while start < len(row):
        style = row[start][1:]
        end = start + 1
        while end < len(row) and row[end][1:] == style:
            end += 1
        yield row[start]._replace(data=" "), row[start:end]
        start = end
