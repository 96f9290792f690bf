"""The codec against the bytes of the specification, and against anything at all."""

import dataclasses
import itertools
import json
import struct
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solmux.wire.codec import FrameDecoder, WireError, encode
from solmux.wire.frames import (
    FRAME_TYPES,
    MAXIMUM_LENGTH,
    U32,
    U64,
    Answer,
    Data,
    Detach,
    Done,
    Fields,
    Frame,
    Hello,
    Input,
    Notice,
    Subscribe,
    Texts,
)
from tests.wire.page import PAGE, examples, faults, session

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
STRATEGIES: dict[object, st.SearchStrategy[object]] = {
    U32: st.integers(0, 2**32 - 1),
    U64: st.integers(0, 2**64 - 1),
    U64 | None: st.none() | st.integers(0, 2**64 - 1),
    str: TEXT,
    bytes: st.binary(max_size=60),
    Texts: st.lists(TEXT, max_size=4).map(tuple),
    Fields: st.dictionaries(TEXT, JSON_VALUES, max_size=3),
    Mapping[str, str]: st.dictionaries(TEXT, TEXT, max_size=3),
}


def frames_of(cls: type[Frame]) -> st.SearchStrategy[Frame]:
    arguments: dict[str, Any] = {entry.name: STRATEGIES[entry.type] for entry in dataclasses.fields(cls)}
    return st.builds(cls, **arguments)


ANY_FRAME = st.sampled_from(sorted(FRAME_TYPES.items())).flatmap(lambda item: frames_of(item[1]))


def raw_frame(code: int, body: bytes) -> bytes:
    return struct.pack(">IB", 1 + len(body), code) + body


def feed_in_pieces(raw: bytes, cuts: list[int]) -> tuple[list[Frame], str]:
    """Feed *raw* cut at *cuts*; return the frames and the text of the fault, if any."""
    decoder = FrameDecoder()
    found: list[Frame] = []
    edges = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(edges):
        try:
            found += decoder.feed(raw[start:end])
        except WireError as error:
            return found + error.frames, str(error)
    return found, ""


@pytest.mark.parametrize(("line", "frame", "raw"), examples())
def test_example_of_the_page_encodes_and_decodes(line: str, frame: Frame, raw: bytes) -> None:
    assert encode(frame) == raw, line
    assert FrameDecoder().feed(raw) == [frame], line


def test_the_page_has_an_example_of_every_frame_type() -> None:
    shown = {type(frame) for _, frame, _ in examples()}
    assert shown == set(FRAME_TYPES.values())


def test_the_page_lists_every_frame_with_its_type_code_and_fields() -> None:
    rows = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].startswith("0x"):
            names = [part.split()[0] for part in cells[3].removeprefix("binary: ").split(", ")]
            rows[int(cells[0], 16)] = (cells[1], names)
    wanted = {
        code: (cls.__name__, [f.name for f in dataclasses.fields(cls)]) for code, cls in FRAME_TYPES.items()
    }
    assert rows == wanted


@pytest.mark.parametrize("raw", faults())
def test_malformed_example_of_the_page_is_refused(raw: bytes) -> None:
    with pytest.raises(WireError):
        FrameDecoder().feed(raw)


def test_the_example_session_survives_the_wire_as_one_stream_a_side() -> None:
    steps = session()
    for side in ("core", "client"):
        sent = [frame for who, frame in steps if who == side]
        assert FrameDecoder().feed(b"".join(map(encode, sent))) == sent


@given(st.lists(ANY_FRAME, max_size=5), st.lists(st.integers(0, 10_000), max_size=6))
@settings(max_examples=150, deadline=None)
def test_frames_survive_any_chunking(frames: list[Frame], cuts: list[int]) -> None:
    raw = b"".join(encode(frame) for frame in frames)
    assert feed_in_pieces(raw, cuts) == (frames, "")


@given(st.binary(max_size=200), st.lists(st.integers(0, 10_000), max_size=6))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_frames_or_a_wire_error_however_they_are_cut(raw: bytes, cuts: list[int]) -> None:
    assert feed_in_pieces(raw, cuts) == feed_in_pieces(raw, list(range(len(raw))))


@given(
    st.sampled_from(sorted(FRAME_TYPES)),
    st.one_of(st.binary(max_size=40), JSON_VALUES.map(lambda v: json.dumps(v).encode())),
)
@settings(max_examples=200, deadline=None)
def test_any_body_gives_a_frame_that_can_be_sent_again_or_a_wire_error(code: int, body: bytes) -> None:
    try:
        frames = FrameDecoder().feed(raw_frame(code, body))
    except WireError:
        return
    assert FrameDecoder().feed(encode(frames[0])) == frames


@pytest.mark.parametrize(
    "body",
    [
        b'{"request":1,"exit_code":true}',
        b'{"request":1,"exit_code":1.0}',
        b'{"request":1,"exit_code":"1"}',
        b'{"request":4294967296,"exit_code":1}',
        b'{"request":NaN,"exit_code":1}',
        b'{"request":1,"exit_code":' + b"9" * 5000 + b"}",
        b'\xff{"request":1,"exit_code":1}',
        b"[" * 100_000,
    ],
)
def test_a_field_of_the_wrong_type_or_range_is_refused(body: bytes) -> None:
    with pytest.raises(WireError, match=r"^Done: "):
        FrameDecoder().feed(raw_frame(0x32, body))


@pytest.mark.parametrize("fields", ["[]", '{"a":"\\ud800"}', '{"a":1e999}', "null"])
def test_an_object_that_could_not_be_passed_on_is_refused(fields: str) -> None:
    body = f'{{"console":"","kind":"state","fields":{fields}}}'.encode()
    with pytest.raises(WireError, match=r"^Notice: fields: "):
        FrameDecoder().feed(raw_frame(0x40, body))


def test_a_list_of_texts_with_something_else_in_it_is_refused() -> None:
    with pytest.raises(WireError, match="consoles"):
        FrameDecoder().feed(raw_frame(0x01, b'{"version":1,"role":"core","consoles":["a",1]}'))
    with pytest.raises(WireError, match="aliases"):
        FrameDecoder().feed(raw_frame(0x01, b'{"version":1,"role":"core","aliases":{"a":1}}'))


def test_fields_left_out_take_their_defaults_and_unknown_ones_are_ignored() -> None:
    raw = raw_frame(0x01, b'{"version":1,"role":"cli","of a later minor version":[1]}')
    assert FrameDecoder().feed(raw) == [Hello(1, "cli")]
    assert FrameDecoder().feed(raw_frame(0x10, b'{"channel":1,"console":"a"}')) == [Subscribe(1, "a", None)]


def test_frames_before_a_fault_are_not_lost_and_the_decoder_stays_failed() -> None:
    decoder = FrameDecoder()
    with pytest.raises(WireError) as caught:
        decoder.feed(encode(Detach(1)) + raw_frame(0x7F, b""))
    assert caught.value.frames == [Detach(1)]
    with pytest.raises(WireError, match="0x7f") as again:
        decoder.feed(encode(Detach(2)))
    assert again.value.frames == []


def test_an_announced_length_over_the_limit_is_refused_before_the_body_comes() -> None:
    with pytest.raises(WireError, match="length"):
        FrameDecoder().feed(struct.pack(">IB", MAXIMUM_LENGTH + 1, 0x12))


def test_a_frame_of_the_greatest_length_passes_and_a_greater_one_is_not_sent() -> None:
    largest = Data(1, 2, 3, b"x" * (MAXIMUM_LENGTH - 21))
    assert FrameDecoder().feed(encode(largest)) == [largest]
    for frame in (
        Data(1, 2, 3, b"x" * (MAXIMUM_LENGTH - 20)),
        Input(1, 2, b"x" * MAXIMUM_LENGTH),
        Answer(1, "x" * MAXIMUM_LENGTH),
    ):
        with pytest.raises(ValueError, match="at most"):
            encode(frame)


def test_text_that_utf8_cannot_carry_goes_out_as_question_marks() -> None:
    assert FrameDecoder().feed(encode(Notice("a", "state", "x\udc80y"))) == [Notice("a", "state", "x?y")]


def test_bytes_of_a_body_are_kept_as_they_are() -> None:
    everything = bytes(range(256))
    assert FrameDecoder().feed(encode(Data(1, 2, 3, everything))) == [Data(1, 2, 3, everything)]
    assert FrameDecoder().feed(encode(Input(1, 2, everything))) == [Input(1, 2, everything)]
    assert FrameDecoder().feed(encode(Done(1, 124))) == [Done(1, 124)]
