"""Names and host ranges."""

import subprocess
import sys
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from solmux.config.names import (
    RANGE_LIMIT,
    RESERVED,
    RangeError,
    expand,
    fold,
    is_range,
    name_fault,
    split_list,
)


@pytest.mark.parametrize("name", ["a", "server42", "Rack-7.node_3", "7", "a" * 64])
def test_a_name_is_a_name(name: str) -> None:
    assert name_fault(name) is None


@pytest.mark.parametrize(
    "name", ["", "-a", ".a", "_a", "a" * 65, "a b", "a/b", "ä", "a\n", "..", "a+b", "a:b", "@a", "a*"]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    assert name_fault(name) == "not a name"


@pytest.mark.parametrize("verb", sorted(RESERVED))
def test_no_console_can_be_called_like_a_command(verb: str) -> None:
    assert name_fault(verb) == "a reserved word: it is a command"


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("server42", ["server42"]),
        ("server[01-03]", ["server01", "server02", "server03"]),
        ("server[8-11]", ["server8", "server9", "server10", "server11"]),
        ("r[1-2]n[01-02]", ["r1n01", "r1n02", "r2n01", "r2n02"]),
        ("a[1,5,7-9/2]-x", ["a1-x", "a5-x", "a7-x", "a9-x"]),
        ("a[3]", ["a3"]),
        ("b,a[1-2],b", ["b", "a1", "a2"]),
        ("a[098-100]", ["a098", "a099", "a100"]),
    ],
)
def test_a_range_stands_for_its_names_in_order(selector: str, names: list[str]) -> None:
    assert list(expand(selector)) == names


@pytest.mark.parametrize(
    ("selector", "why"),
    [
        ("a[3-1]", "[3-1] counts backwards or not at all"),
        ("a[1-9/0]", "[1-9/0] counts backwards or not at all"),
        ("a[01-100]", "[01-100] mixes lengths: write [001-100]"),
        ("a[001-12]", "[001-12] mixes lengths: write [001-012]"),
        ("a[]", "not a host range such as server[01-64] or r[1-4]n[01,05-09]"),
        ("a[1-3", "not a host range such as server[01-64] or r[1-4]n[01,05-09]"),
        ("a]1[", "not a host range such as server[01-64] or r[1-4]n[01,05-09]"),
        ("a[1-3]*", "not a host range such as server[01-64] or r[1-4]n[01,05-09]"),
        ("a[-3]", "not a host range such as server[01-64] or r[1-4]n[01,05-09]"),
        ("a[1-2]!a[1]", "not a host range such as server[01-64] or r[1-4]n[01,05-09]"),
        ("a[1-10001]", "stands for 10001 names, and 10000 are the limit"),
        ("a[1-100],b[1-9901]", "stands for 10001 names, and 10000 are the limit"),
        ("a[1-1000]b[1-1000]c[1-1000]", "stands for 1000000000 names, and 10000 are the limit"),
    ],
)
def test_a_bad_range_says_why(selector: str, why: str) -> None:
    with pytest.raises(RangeError) as caught:
        expand(selector)
    assert str(caught.value) == why


def test_a_huge_range_is_refused_before_it_takes_memory() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(RangeError):
            expand("server[1-999999999]")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def test_the_largest_range_is_expanded() -> None:
    assert len(expand(f"a[1-{RANGE_LIMIT}]")) == RANGE_LIMIT


def test_commas_in_brackets_do_not_split_a_list() -> None:
    assert split_list("a,b[1,3-4]c,d") == ["a", "b[1,3-4]c", "d"]
    assert [is_range(word) for word in ("a", "a,b", "a[1]")] == [False, True, True]


@given(
    st.lists(st.integers(0, 9999), min_size=1, max_size=60, unique=True),
    st.sampled_from(["node", "r-", "x.y"]),
)
def test_folding_and_expanding_are_opposites(numbers: list[int], stem: str) -> None:
    names = {f"{stem}{number:04}" for number in numbers}
    assert set(expand(fold(sorted(names)))) == names


@given(st.text(alphabet="ab01-9[],/.*@&!^ ", max_size=40) | st.text(max_size=30))
@example("a[1-2]3[4-5]")
@example("a[0-00]")
def test_any_text_is_expanded_within_the_limit_or_refused(text: str) -> None:
    try:
        names = expand(text)
    except RangeError:
        return
    assert 0 < len(names) <= RANGE_LIMIT


def test_reading_names_imports_nothing_heavy() -> None:
    script = (
        "import sys, solmux.config.names as n; n.expand('a,b'); n.name_fault('a');"
        "print(sorted({'ClusterShell', 'pydantic', 'tree_sitter'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
