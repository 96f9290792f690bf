"""Answers to queries: what a terminal says, and never what it was told."""

import re

import pytest
from hypothesis import given

from solmux.screen.emulator import Emulator
from tests.screen.test_emulator import ANY_OUTPUT

ANSWERS = re.compile(rb"\x1b\[(?:0n|\?13n|\??[0-9]+;[0-9]+R|\?62;22c|>1;10;0c|\??[0-9]+;[0-2]\$y)")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"\x1b[5n", b"\x1b[0n"),
        (b"ab\r\ncd\x1b[6n", b"\x1b[2;3R"),
        (b"x" * 80 + b"\x1b[6n", b"\x1b[1;80R"),
        (b"\x1b[3;9r\x1b[?6h\x1b[2;1H\x1b[6n", b"\x1b[2;1R"),
        (b"\x1b7\x1b[r\x1b[999;999H\x1b[6n\x1b8", b"\x1b[24;80R"),
        (b"ab\x1b[?6n", b"\x1b[?1;3R"),
        (b"\x1b[?15n", b"\x1b[?13n"),
        (b"\x1b[c\x1b[0c", b"\x1b[?62;22c" * 2),
        (b"\x1b[>c\x1b[>0c", b"\x1b[>1;10;0c" * 2),
        (b"\x1b[?7$p\x1b[?25l\x1b[?25$p", b"\x1b[?7;1$y\x1b[?25;2$y"),
        (b"\x1b[?1049$p\x1b[?1049h\x1b[?1049$p", b"\x1b[?1049;2$y\x1b[?1049;1$y"),
        (b"\x1b[4$p\x1b[20$p", b"\x1b[4;2$y\x1b[20;2$y"),
        (b"\x1b[?2026$p", b"\x1b[?2026;0$y"),
        (b"\x1b[1c\x1b[?1;2c\x1b[=c\x1b[7n\x1b[?26n\x1b[x\x1b[>q\x1b[?u\x1b[18t\x1b[21t\x05", b""),
        (b"\x1b]11;?\a\x1bP$qm\x1b\\\x1bP+q544e\x1b\\\x1bZ\x1b]52;c;?\a", b""),
    ],
)
def test_answers(query: bytes, expected: bytes) -> None:
    emulator = Emulator()
    emulator.feed(query)
    assert emulator.replies() == expected
    assert emulator.replies() == b""


@given(ANY_OUTPUT)
def test_nothing_is_answered_but_fixed_words_and_numbers(data: bytes) -> None:
    emulator = Emulator(20, 5)
    emulator.feed(data)
    assert ANSWERS.sub(b"", emulator.replies()) == b""
