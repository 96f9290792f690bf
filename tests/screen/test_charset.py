"""Bytes to text, where the bytes do not say what they are."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcwidth

from solmux.screen.charset import LEGACY_SPAN, AutoDecoder, Charset, decoder_of
from solmux.screen.parser import NARROW

FRAME_TOP = b"\xda" + b"\xc4" * 6 + b"\xbf"  # its end is valid UTF-8


def test_utf8_is_utf8() -> None:
    assert AutoDecoder().decode("é ─ 中 😀 ąęść".encode()) == "é ─ 中 😀 ąęść"


def test_a_frame_of_code_page_437_is_drawn_to_its_end() -> None:
    assert AutoDecoder().decode(FRAME_TOP + b"\xb3 \xb3 \xc0\xc4\xc4\xd9\r\n") == "┌──────┐│ │ └──┘\r\n"


def test_an_ambiguous_pair_follows_the_frame_before_it() -> None:
    decoder = AutoDecoder()
    assert decoder.decode(b"\xc4\xbf") == "Ŀ"
    assert decoder.decode(FRAME_TOP + b"\x1b[1;80H\xc4\xbf") == "┌──────┐\x1b[1;80H─┐"
    assert decoder.decode(b" " * LEGACY_SPAN + b"\xc4\xbf") == " " * LEGACY_SPAN + "Ŀ"


def test_a_frame_of_three_bytes_is_a_frame() -> None:
    assert AutoDecoder().decode(b"\xc9\xcd\xbb \xb3\xc4\xbf \xc3\xc4\xbf\xc4\xbf.") == "╔═╗ │─┐ ├─┐─┐."


def test_a_frame_cut_between_packets_is_a_frame() -> None:
    decoder = AutoDecoder()
    assert [decoder.decode(piece) for piece in (b"\xb3", b"\xc4\xbf", b"\xc4", b"\xbf.")] == [
        "│",
        "─┐",
        "",
        "─┐.",
    ]


def test_a_longer_character_ends_the_frames() -> None:
    assert AutoDecoder().decode(FRAME_TOP + "… é".encode()) == "┌──────┐… é"


def test_a_character_cut_by_lost_output_does_not_change_what_follows() -> None:
    text = "przyjęty".encode()
    cut = text.replace("ę".encode(), b"\xc4") + b"\x80" + "ę → é".encode()
    assert AutoDecoder().decode(cut) == "przyj─ty" + "Ç" + "ę → é"


def test_cyrillic_with_a_lost_byte_stays_cyrillic() -> None:
    text = "ошибка загрузки".encode()
    assert AutoDecoder().decode(text[:2] + text[3:]).endswith("ибка загрузки")


def test_a_fixed_set_means_one_thing() -> None:
    assert decoder_of(Charset.CP437).decode(b"\xc4\xbf") == "─┐"
    assert decoder_of(Charset.LATIN_1).decode(b"\xc4\xbf") == "Ä¿"
    assert decoder_of(Charset.UTF_8).decode(b"\xc4\xbf\xda\xc4") == "Ŀ\ufffd"


def test_forgetting_drops_the_beginning_of_a_character() -> None:
    for charset in (Charset.AUTO, Charset.UTF_8):
        decoder = decoder_of(charset)
        assert decoder.decode(b"a\xe2\x94") == "a"
        assert decoder.held == b"\xe2\x94"
        decoder.forget()
        assert decoder.decode(b"b") == "b"


PARTS = [
    b"\xc9",
    b"\xcd",
    b"\xbb",
    b"\xb3",
    b"\xc4",
    b"\xbf",
    b"\xe2\x94",
    "é".encode(),
    "…".encode(),
    b"a",
    b"\xff",
]
MIXED = st.lists(st.sampled_from(PARTS), max_size=40).map(b"".join)


@pytest.mark.parametrize("charset", list(Charset))
@given(data=st.binary(max_size=200) | MIXED, cuts=st.lists(st.integers(0, 200), max_size=5))
def test_pieces_decode_as_the_whole(charset: Charset, data: bytes, cuts: list[int]) -> None:
    whole, pieces = decoder_of(charset), decoder_of(charset)
    borders = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    assert "".join(pieces.decode(data[a:b]) for a, b in pairwise(borders)) == whole.decode(data)
    assert (pieces.held, pieces.legacy, pieces.alone) == (whole.held, whole.legacy, whole.alone)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_any_valid_text_is_taken_as_utf8(text: str) -> None:
    assert AutoDecoder().decode(text.encode()) == text


@given(st.binary(max_size=100))
def test_every_byte_becomes_something(data: bytes) -> None:
    decoder = AutoDecoder()
    text = decoder.decode(data)
    assert len(decoder.held) <= 3
    assert not text.count("\ufffd")
    assert len(text) >= (len(data) - len(decoder.held)) / 4


def test_characters_drawn_without_asking_for_their_width_take_one_cell() -> None:
    narrow = re.compile(f"[{NARROW}]")
    wide = [hex(code) for code in range(0x3000) if narrow.fullmatch(chr(code)) and wcwidth(chr(code)) != 1]
    assert wide == []
