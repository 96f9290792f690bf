"""Commands, read as SSH brings them."""
# ruff: noqa: ISC004 - messages are compared as a whole

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.verbs.exits import UsageError
from solmux.verbs.grammar import BLANKS, COMMAND_LIMIT, Request, next_word, parse, split
from solmux.verbs.table import VERBS

ALL_BUILT = {name: replace(verb, built=True) for name, verb in VERBS.items()}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", []),
        ("  \t ", []),
        ("ls", ["ls"]),
        ("  ls   server42\t@rack7 ", ["ls", "server42", "@rack7"]),
        ("'a b' \"c d\"", ["a b", "c d"]),
        ("a'b c'd\"e\"", ["ab cde"]),
        ("''", [""]),
        (r"a\ b \'c'", ["a\\", "b", "\\c"]),
        ('"it\'s" \'say "hi"\'', ["it's", 'say "hi"']),
        ("über grün", ["über", "grün"]),
    ],
)
def test_words_are_split_at_blanks_outside_of_quotes(command: str, words: list[str]) -> None:
    assert split(command) == words


@pytest.mark.parametrize("command", ["don't", '"', "a 'b", "a \"b' c"])
def test_an_open_quote_is_an_error(command: str) -> None:
    with pytest.raises(UsageError, match="a quote is not closed"):
        split(command)


WORDS = st.text(alphabet=st.characters(exclude_characters="'\"", exclude_categories=["Cs"]), max_size=12)


@given(
    st.lists(WORDS, max_size=8), st.sampled_from(["'", '"']), st.text(alphabet=BLANKS, min_size=1, max_size=3)
)
def test_quoted_words_come_back_as_they_were(words: list[str], quote: str, blanks: str) -> None:
    assert split(blanks.join(f"{quote}{word}{quote}" for word in words)) == words


@given(st.lists(WORDS.filter(lambda word: word and not set(word) & set(BLANKS)), max_size=8))
def test_words_without_quotes_are_split_as_ssh_joined_them(words: list[str]) -> None:
    assert split(" ".join(words)) == words


@given(st.text(max_size=60))
def test_any_text_is_split_or_refused_and_every_word_moves_on(text: str) -> None:
    at = 0
    try:
        while (word := next_word(text, at)) is not None:
            assert word.end > at
            at = word.end
    except UsageError:
        return
    assert not text[at:].strip(BLANKS)


@pytest.mark.parametrize(
    ("command", "target", "request_"),
    [
        ("", None, Request("")),
        ("", "server42", Request("", ("server42",))),
        ("server42", None, Request("", ("server42",))),
        ("ls", None, Request("ls")),
        ("ls", "server42", Request("ls", ("server42",))),
        (
            "ls --json @rack7 server[1-3]",
            None,
            Request("ls", ("@rack7", "server[1-3]"), options={"json": True}),
        ),
        ("server42 status", None, Request("status", ("server42",))),
        ("status server42 server43", None, Request("status", ("server42", "server43"))),
        ("@rack7 ls -q", None, Request("ls", ("@rack7",), options={"quiet": True})),
        ("log server42 -n 20 -f", None, Request("log", ("server42",), options={"lines": 20, "follow": True})),
        ("log -fn20 server42", None, Request("log", ("server42",), options={"lines": 20, "follow": True})),
        ("server42 log --lines=20", None, Request("log", ("server42",), options={"lines": 20})),
        ("log --lines 20", "server42", Request("log", ("server42",), options={"lines": 20})),
        ("tail -- -x", None, Request("tail", ("-x",))),
        ("tail '-x'", None, Request("tail", ("-x",))),
        ("attach -r server42", None, Request("attach", ("server42",), options={"read-only": True})),
        ("sysrq server42 w", None, Request("sysrq", ("server42",), ("w",))),
        ("server42 sysrq w", None, Request("sysrq", ("server42",), ("w",))),
        ("sysrq w", "server42", Request("sysrq", ("server42",), ("w",))),
        ("help", None, Request("help")),
        ("help ls", None, Request("help", (), ("ls",))),
        ("--help", None, Request("help")),
        ("-h", "server42", Request("help")),
    ],
)
def test_a_command_is_understood(command: str, target: str | None, request_: Request) -> None:
    assert parse(command, target, ALL_BUILT) == request_


@pytest.mark.parametrize(
    ("command", "target", "request_"),
    [
        ("send server42 uptime", None, Request("send", ("server42",), text="uptime")),
        ("server42 send uptime", None, Request("send", ("server42",), text="uptime")),
        ("send uptime", "server42", Request("send", ("server42",), text="uptime")),
        (
            """send server42 echo  "a   b" 'c' \\ $HOME | cat  """,
            None,
            Request("send", ("server42",), text="""echo  "a   b" 'c' \\ $HOME | cat  """),
        ),
        ("send -- server42 -n", None, Request("send", ("server42",), text="-n")),
        ("send server42 don't", None, Request("send", ("server42",), text="don't")),
        ("send server42  two blanks", None, Request("send", ("server42",), text=" two blanks")),
        ("send -n server42 y", None, Request("send", ("server42",), text="y", options={"no-newline": True})),
        ("send server42 -n y", None, Request("send", ("server42",), text="y", options={"no-newline": True})),
        ("send server42 -- -n y", None, Request("send", ("server42",), text="-n y")),
        ("send server42 --  -n", None, Request("send", ("server42",), text=" -n")),
        ("send server42 '-n' y", None, Request("send", ("server42",), text="'-n' y")),
        ("send server42 ls -l", None, Request("send", ("server42",), text="ls -l")),
        ("send server42", None, Request("send", ("server42",))),
        ("send server42 ", None, Request("send", ("server42",))),
        ("send", "server42", Request("send", ("server42",))),
        ("send a,b[1-3] x\ny", None, Request("send", ("a,b[1-3]",), text="x\ny")),
        (
            "wait -t 5m server42 login: $",
            None,
            Request("wait", ("server42",), text="login: $", options={"timeout": 300.0}),
        ),
        ("note server42 it's  fixed", None, Request("note", ("server42",), text="it's  fixed")),
        ("grep Kernel panic", None, Request("grep", text="Kernel panic")),
        ("grep 'Kernel   panic' -v", None, Request("grep", text="Kernel   panic -v")),
        (
            "grep --on @rack7 --json nvme",
            None,
            Request("grep", ("@rack7",), text="nvme", options={"json": True}),
        ),
        ("server42 grep nvme 0", None, Request("grep", ("server42",), text="nvme 0")),
        ("grep -- -x", None, Request("grep", text="-x")),
    ],
)
def test_text_is_taken_as_it_stands(command: str, target: str | None, request_: Request) -> None:
    assert parse(command, target, ALL_BUILT) == request_


@pytest.mark.parametrize(
    ("command", "target", "error"),
    [
        ("server42 xyzzy", None, 'no such command: "xyzzy"; try help'),
        ("send server42 -x'y", None, 'a quote is not closed: "\'y"'),
        ("server42 lgo", None, 'no such command: "lgo", did you mean log?'),
        (
            "bash -i",
            "server42",
            'no such command: "bash"; try help (the console is server42, by the login name)',
        ),
        ("-x", None, '"-x" is an option of no command: the command comes first'),
        ("server42 'ls'", None, 'no such command: "ls", did you mean ls?'),
        ("log", None, "log: names no console\nusage: log [-n COUNT] [-f] NAME"),
        ("log a b", None, 'log: has one word too many, "b"\nusage: log [-n COUNT] [-f] NAME'),
        ("log b", "a", 'log: has one word too many, "b"\nusage: log [-n COUNT] [-f] NAME'),
        ("a status b", None, 'status: has one word too many, "b"\nusage: status [--json] [NAMES…]'),
        ("a help", None, "help: takes no console\nusage: help [COMMAND]"),
        ("log a -n", None, "log: --lines lacks its COUNT\nusage: log [-n COUNT] [-f] NAME"),
        (
            "log a -n x",
            None,
            'log: --lines is a number up to 1000000, not "x"\nusage: log [-n COUNT] [-f] NAME',
        ),
        (
            "log a -n-1",
            None,
            'log: --lines is a number up to 1000000, not "-1"\nusage: log [-n COUNT] [-f] NAME',
        ),
        (
            "log a -n ٣",
            None,
            'log: --lines is a number up to 1000000, not "٣"\nusage: log [-n COUNT] [-f] NAME',
        ),
        ("log a --follow=yes", None, "log: --follow has no value\nusage: log [-n COUNT] [-f] NAME"),
        ("log a --f", None, 'log: has no option "--f"\nusage: log [-n COUNT] [-f] NAME'),
        ("log a -fz", None, 'log: has no option "-fz"\nusage: log [-n COUNT] [-f] NAME'),
        ("log a --json", None, 'log: has no option "--json"\nusage: log [-n COUNT] [-f] NAME'),
        ("sysrq a", None, "sysrq: lacks KEY\nusage: sysrq NAMES KEY"),
        ("sysrq", None, "sysrq: names no console\nusage: sysrq NAMES KEY"),
        ("note a", None, "note: lacks TEXT\nusage: note NAMES TEXT"),
        ("send", None, "send: names no console\nusage: send [-n] NAMES [TEXT]"),
        (
            "send a -x",
            None,
            'send: has no option "-x"; write -- in front of text that begins with -\n'
            "usage: send [-n] NAMES [TEXT]",
        ),
        ("ls 'a", None, 'a quote is not closed: "\'a"'),
        ("x" * (COMMAND_LIMIT + 1), None, "a command has at most 65536 characters"),
    ],
)
def test_a_command_that_makes_no_sense_is_told(command: str, target: str | None, error: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(command, target, ALL_BUILT)
    assert str(caught.value) == error
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("command", ["VERB", "VERB server42", "server42 VERB x", "VERB 'open"])
@pytest.mark.parametrize("name", [verb.name for verb in VERBS.values() if not verb.built])
def test_what_this_version_lacks_says_so_however_it_is_written(name: str, command: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(command.replace("VERB", name))
    assert str(caught.value) == f"{name}: not in this version"


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("wait a -t soon x", 'wait: --timeout is a duration such as 90, 90s, 15m, 12h or 30d, not "soon"'),
        ("wait a", "wait: lacks PATTERN"),
        ("grep", "grep: lacks PATTERN"),
        ("a grep --on b x", 'grep: names consoles twice, "a" and "b"'),
        ("power server42", "power: lacks on|off|cycle|reset|soft|status"),
    ],
)
def test_what_is_still_to_come_is_checked_likewise(command: str, error: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(command, None, ALL_BUILT)
    assert str(caught.value).splitlines()[0] == error


COMMANDS = st.lists(
    st.sampled_from(
        [*VERBS, "server42", "@rack7", "-n", "-f", "--json", "--", "5", "'a b'", '"', "x", "--lines=3", ""]
    ),
    max_size=8,
).map(" ".join)


@given(st.text(max_size=60) | COMMANDS, st.none() | st.just("server42"))
def test_any_command_is_understood_or_refused_in_words(command: str, target: str | None) -> None:
    try:
        request = parse(command, target, ALL_BUILT)
    except UsageError as error:
        assert str(error)  # noqa: PT017 - either outcome is right, but not a refusal without a reason
        return
    assert request.verb in ("", *VERBS)
    if target is not None and request.verb != "help":
        assert request.names[:1] == (target,)


@given(COMMANDS)
def test_a_request_survives_its_way_to_the_core(command: str) -> None:
    try:
        request = parse(command, None, ALL_BUILT)
    except UsageError:
        return
    if request.verb and "," not in "".join(request.names):
        again = Request.from_words(request.words(), request.options)
        assert (again.verb, again.arguments, again.text, again.options) == (
            request.verb,
            request.arguments,
            request.text,
            request.options,
        )
        assert ",".join(again.names) == ",".join(request.names)


@pytest.mark.parametrize("words", [(), ("ls",), ("nonsense", ""), ("send", "a", "b", "c")])
def test_words_that_are_no_request_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="not a request"):
        Request.from_words(words, {})
