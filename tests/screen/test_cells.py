"""Styles: what SGR makes of them, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyte.screens import Char

from solmux.screen.cells import (
    BACKGROUND,
    BLANK,
    FOREGROUND,
    MOST_BRUSHES,
    Brush,
    Cell,
    Palette,
    is_colour,
    rendition,
    sgr_parameters,
)

RED = BLANK._replace(fg="red")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("", BLANK),
        ("0", BLANK),
        ("1;31", RED._replace(bold=True)),
        ("31;1;0", BLANK),
        ("31;;1", BLANK._replace(bold=True)),
        ("97;105", BLANK._replace(fg="brightwhite", bg="brightmagenta")),
        ("2;8;21", BLANK._replace(faint=True, conceal=True, underscore=True)),
        ("1;2;22", BLANK),
        ("38;5;1", RED),
        ("38;5;196", BLANK._replace(fg="ff0000")),
        ("48;2;1;2;3", BLANK._replace(bg="010203")),
        ("38:5:196", BLANK._replace(fg="ff0000")),
        ("38:2:1:2:3", BLANK._replace(fg="010203")),
        ("38:2::1:2:3", BLANK._replace(fg="010203")),
        ("58;5;196;1", BLANK._replace(bold=True)),
        ("58:2::1:2:3;1", BLANK._replace(bold=True)),
        ("4:3", BLANK._replace(underscore=True)),
        ("4;4:0", BLANK),
        ("38;5;256;1", BLANK._replace(bold=True)),
        ("38;2;999;0;0;1", BLANK._replace(bold=True)),
        ("38;7;1", BLANK._replace(bold=True)),
        ("38", BLANK),
        ("38:5", BLANK),
        ("1:2;3", BLANK._replace(italics=True)),
        ("9999;53;1", BLANK._replace(bold=True)),
        (";".join(["1"] * 32 + ["31"]), BLANK._replace(bold=True)),
    ],
)
def test_rendition(parameters: str, expected: Cell) -> None:
    assert rendition(BLANK, parameters) == expected


def test_a_rendition_changes_what_it_names() -> None:
    style = Cell(" ", "green", "blue", *[True] * 8)
    assert rendition(style, "31;24") == style._replace(fg="red", underscore=False)
    assert rendition(style, "39;49") == style._replace(fg="default", bg="default")
    assert rendition(style, "0") == BLANK


COLOURS = st.sampled_from(sorted(FOREGROUND.values())) | st.from_regex("[0-9a-f]{6}", fullmatch=True)
STYLES = st.builds(Cell, st.just(" "), COLOURS, COLOURS, *[st.booleans()] * 8)


@given(STYLES, STYLES)
def test_the_parameters_of_a_style_lead_to_it_from_any_other(style: Cell, other: Cell) -> None:
    assert rendition(other, sgr_parameters(style)) == style
    assert is_colour(style.fg)
    assert is_colour(style.bg)


@given(st.text(alphabet="0123456789;:", max_size=40), STYLES)
def test_any_parameters_lead_to_a_style_that_can_be_written(parameters: str, style: Cell) -> None:
    changed = rendition(style, parameters)
    assert rendition(BLANK, sgr_parameters(changed)) == changed


def test_a_cell_reads_as_a_character_of_pyte() -> None:
    assert Cell._fields[: len(Char._fields)] == Char._fields
    assert tuple(Char("x", "red", bold=True)) == Cell("x", "red", bold=True)[: len(Char._fields)]
    assert set(FOREGROUND.values()) == set(BACKGROUND.values())


def test_a_brush_remembers_a_bounded_number_of_things() -> None:
    palette = Palette()
    brush = palette.brush(RED)
    assert brush.cell("x") is brush.cell("x")
    assert brush.next("1", palette) is brush.next("1", palette)
    for code in range(5000):
        assert brush.cell(chr(0x4E00 + code)) == RED._replace(data=chr(0x4E00 + code))
        assert brush.next(f"38;5;{code % 256};{code}", palette).style == rendition(
            RED, f"38;5;{code % 256};{code}"
        )
    assert sizes(brush) <= 512


def test_a_palette_lets_go_of_brushes_nobody_uses() -> None:
    palette = Palette()
    first = palette.brush(BLANK)
    for red in range(MOST_BRUSHES * 3):
        first = first.next(f"38;2;{red % 256};{red // 256};0", palette)
    assert palette.brush(BLANK) is palette.brush(BLANK)
    assert first.cell("x").data == "x"


def sizes(brush: Brush) -> int:
    return len(brush._cells) + len(brush._next)
