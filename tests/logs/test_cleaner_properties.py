"""What holds for the cleaner whatever a console sends, and however its bytes arrive."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from solmux.logs.cleaner import Cleaner
from solmux.logs.log_lines import parse_event, parse_stamp

T0 = 1795194340.0

TOKENS = {
    "words": [b"abc", b"Hello world", b"login: ", b" ", b"   ", b"12345", b"y" * 79, b"qqq", b"[-- x -- "],
    "ends": [b"\r", b"\n", b"\r\n", b"\r\r\n", b"\b", b"\b \b", b"\t", b"\x0b", b"\x0e", b"\x0f", b"\x00"],
    "moves": [
        *(
            b"\x1b[" + move
            for move in (b"H", b"5;5H", b"5;9H", b"24;1H", b"25;9H", b"A", b"B", b"3C", b"2D", b"7G")
        ),
        *(b"\x1b" + move for move in (b"7", b"8", b"M", b"D", b"[r")),
    ],
    "edits": [
        *(
            b"\x1b[" + edit
            for edit in (b"K", b"1K", b"2K", b"J", b"1J", b"2J", b"3P", b"3@", b"4X", b"5b", b"L")
        ),
        *(b"\x1b" + edit for edit in (b"c", b"[?1049h", b"(0", b"(B", b")0")),
    ],
    "pieces": [
        *(b"\x1b" + piece for piece in (b"[0m", b"]0;t\x07", b"]8;;u\x1b\\", b"P", b"]", b"", b"[", b"[0;3")),
        *(b"\xe2\x80\xa6", b"\xe2", b"\x80", b"\xff", b"\xc4", "漢é\u202e\x85".encode()),
    ],
}

console_bytes = st.lists(
    st.one_of(*(st.sampled_from(tokens) for tokens in TOKENS.values()), st.binary(max_size=4)),
    max_size=60,
).map(b"".join)
frames = st.lists(st.tuples(st.sampled_from([0.0, 0.2, 1.3, 40.0]), console_bytes), max_size=6)


@given(frames, st.data())
def test_text_does_not_depend_on_how_bytes_are_cut_nor_on_ticks(
    timed: list[tuple[float, bytes]], data: st.DataObject
) -> None:
    whole, cut = Cleaner(), Cleaner()
    expected = found = b""
    wall = T0
    for pause, received in timed:
        if data.draw(st.booleans()):
            found += cut.tick(wall + data.draw(st.floats(0, pause)))
        wall += pause
        expected += whole.feed(received, wall)
        at = 0
        while at <= len(received):
            size = data.draw(st.integers(1, len(received) + 1))
            found += cut.feed(received[at : at + size], wall)
            at += size
        assert cut.settled == whole.settled
        assert cut.deadline == whole.deadline
    assert found + cut.finish(wall) == expected + whole.finish(wall)


@given(frames, st.lists(st.floats(-100, 100), max_size=6))
def test_output_is_stamped_lines_of_valid_text_whose_times_never_decrease(
    timed: list[tuple[float, bytes]], jumps: list[float]
) -> None:
    cleaner = Cleaner(T0 - 50)
    text = b""
    wall = T0
    for number, (pause, received) in enumerate(timed):
        wall += pause + (jumps[number] if number < len(jumps) else 0)
        text += cleaner.feed(received, wall) + cleaner.event(f"number {number}", wall)
    text += cleaner.finish(wall)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text.decode())
    lines = text.split(b"\n")
    assert lines.pop() == b""
    events = [line for line in lines if parse_event(line)]
    assert len(events) == len(timed)
    stamps = [parse_stamp(line) for line in lines if line not in events]
    assert all(stamp is not None and stamp >= T0 - 50 for stamp in stamps)
    assert stamps == sorted(stamp for stamp in stamps if stamp is not None)


@given(console_bytes)
def test_settled_bytes_and_no_others_have_been_written(received: bytes) -> None:
    cleaner, prefix = Cleaner(), Cleaner()
    written = cleaner.feed(received, T0)
    settled = cleaner.settled
    assert written.rstrip(b"\n ") == (prefix.feed(received[:settled], T0) + prefix.finish(T0)).rstrip(b"\n ")


@given(console_bytes)
def test_everything_is_written_within_the_limit_of_holding(received: bytes) -> None:
    cleaner = Cleaner()
    cleaner.feed(received, T0)
    cleaner.tick(T0 + 60)
    assert cleaner.deadline is None
    assert len(received) - cleaner.settled < 70  # at most the beginning of a sequence is left


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=60)))
@settings(max_examples=50)
def test_plain_lines_come_out_as_they_went_in(texts: list[str]) -> None:
    cleaner = Cleaner()
    written = cleaner.feed("".join(text + "\r\n" for text in texts).encode(), T0)
    assert [line[25:] for line in written.decode().split("\n")[:-1]] == texts
