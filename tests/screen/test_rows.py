"""Editing a row never leaves half of a wide character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.screen import rows
from solmux.screen.cells import BLANK, Cell
from solmux.screen.rows import Row

RED = BLANK._replace(bg="red")


def row_of(text: str) -> Row:
    """Make a row: letters are narrow, Chinese characters take two cells."""
    row: Row = []
    for character in text:
        row.append(Cell(character))
        if character > "\u3000":
            row.append(Cell(""))
    return row


@pytest.mark.parametrize(
    ("column", "expected"),
    [(0, "中a文"), (1, "  a文"), (2, "中a文"), (3, "中a文"), (4, "中a  "), (5, "中a文")],
)
def test_cut(column: int, expected: str) -> None:
    row = row_of("中a文")
    rows.cut(row, column)
    assert rows.text_of(row) == expected


def test_erase_insert_delete_fit() -> None:
    row = row_of("ab中文cd")
    rows.erase(row, 1, 3, RED)
    assert rows.text_of(row) == "a   文cd"
    assert [cell.bg for cell in row[:4]] == ["default", "red", "red", "default"]
    rows.insert(row, 1, 2, BLANK)
    assert rows.text_of(row) == "a     文"
    rows.insert(row, 0, 1, BLANK)
    assert rows.text_of(row) == " a      "
    row = row_of("ab中文cd")
    rows.delete(row, 3, 2, RED)
    assert rows.text_of(row) == "ab  cd  "
    assert row[-1] == RED
    row = row_of("ab中文cd")
    rows.fit(row, 5)
    assert rows.text_of(row) == "ab中 "
    rows.fit(row, 8)
    assert rows.text_of(row) == "ab中    "


def test_runs_are_cut_where_the_style_changes() -> None:
    row = [Cell("a"), Cell("b"), Cell("c", bold=True), Cell("d")]
    assert list(rows.runs(row)) == [
        (BLANK, row[:2]),
        (BLANK._replace(bold=True), row[2:3]),
        (BLANK, row[3:]),
    ]
    assert list(rows.runs([])) == []


EDITS = st.tuples(st.sampled_from(["erase", "insert", "delete"]), st.integers(0, 9), st.integers(1, 12))


@given(st.text(alphabet="ab中文", min_size=5, max_size=5), st.lists(EDITS, max_size=10))
def test_any_edits_keep_the_length_and_whole_characters(text: str, edits: list[tuple[str, int, int]]) -> None:
    row = (row_of(text) + [BLANK] * 10)[:10]
    rows.fit(row, 10)
    for name, column, count in edits:
        if name == "erase":
            rows.erase(row, column, min(column + count, 10), RED)
        else:
            {"insert": rows.insert, "delete": rows.delete}[name](row, column, count, BLANK)
        assert len(row) == 10
        for left, right in zip([BLANK, *row], [*row, BLANK], strict=True):
            assert (right.data == "") == (left.data > "\u3000")
