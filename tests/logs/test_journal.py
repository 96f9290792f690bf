"""The log as the core uses it, on real files; the writer's passes are made by the test."""

import json
from pathlib import Path

import pytest

from solmux.logs.journal import AlarmKind
from solmux.logs.ring import CAPACITY, RingError
from tests.logs.helpers import Clock, Written, make_journal, run


def test_output_and_events_reach_all_three_files(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.event("up", "Console up", suite=17)
    console.append(b"hello\n")
    clock.advance(0.5)
    console.append(b"login: ")
    console.event("break", None)
    console.append(b"root\n")
    run(journal)
    written = Written(tmp_path)
    assert written.output() == b"hello\nlogin: root\n"
    assert written.text() == "[-- Console up --]\nhello\nlogin: root\n"
    assert [(event.kind, event.offset) for event in written.events()] == [
        ("segment", 0), ("up", 0), ("break", 13),
    ]  # fmt: skip
    assert written.events("up")[0].fields == {"suite": 17}
    assert journal.stop(1)


def test_a_record_a_batch_cut_where_an_event_falls(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    for _ in range(10):
        console.append(b"x")
        clock.advance(0.001)
    console.event("break", None)
    for _ in range(10):
        console.append(b"y")
        clock.advance(0.001)
    run(journal)
    console.append(b"z")
    run(journal)
    written = Written(tmp_path)
    assert [record.data for record in written.records()] == [b"x" * 10, b"y" * 10, b"z"]
    [event] = written.events("break")
    assert event.raw == written.records()[1].position
    journal.stop(1)


def test_bytes_written_late_bear_the_time_they_came(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    came = []
    for _ in range(5):
        came.append(round(clock.now * 1e6))
        console.append(b"x")
        clock.advance(0.3)
    run(journal)
    assert [record.micros for record in Written(tmp_path).records()] == pytest.approx(came, abs=2)
    journal.stop(1)


def test_offsets_never_begin_again(tmp_path: Path) -> None:
    clock = Clock()
    for number in range(3):
        journal = make_journal(tmp_path, clock)
        console = journal.open_console("a")
        assert console.received == number * 10
        console.append(b"0123456789")
        assert console.read(number * 10, 100) == (number * 10, b"0123456789")
        assert journal.stop(1)
        clock.advance(10)
    assert Written(tmp_path).output() == b"0123456789" * 3


def test_reading_back_gives_what_the_ring_still_has(tmp_path: Path) -> None:
    journal = make_journal(tmp_path, Clock())
    console = journal.open_console("a")
    for number in range(20):
        console.append(bytes([number]) * 8192)
        run(journal)
    assert (console.first, console.received) == (20 * 8192 - CAPACITY, 20 * 8192)
    offset, data = console.read(0, 10)
    assert (offset, data) == (console.first, bytes([12]) * 10)
    assert console.read(console.received + 5, 10) == (console.received, b"")
    assert console.read(console.received - 3, 10) == (console.received - 3, bytes([19]) * 3)
    journal.stop(1)


def test_the_cores_words_survive(tmp_path: Path) -> None:
    journal = make_journal(tmp_path, Clock())
    console = journal.open_console("a")
    console.session_word, console.sol_word = 0xFFFFFFFF, 7
    epoch = journal.epoch
    journal.stop(1)
    journal = make_journal(tmp_path, Clock())
    console = journal.open_console("a")
    assert (console.session_word, console.sol_word) == (0xFFFFFFFF, 7)
    assert journal.epoch != epoch
    journal.stop(1)


def test_a_console_in_memory_only_leaves_no_files(tmp_path: Path) -> None:
    journal = make_journal(tmp_path, Clock())
    console = journal.open_console("a", log=False)
    console.event("up", "Console up")
    for _ in range(10):
        console.append(b"secret" * 3000)
        run(journal)
    assert console.read(console.first, 6)[1]
    assert journal.stop(1)
    assert not (tmp_path / "log").exists()


def test_memory_only_output_is_not_logged_when_logging_is_switched_on(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a", log=False)
    console.append(b"secret")
    journal.close_console("a")
    console = journal.open_console("a", log=True)
    console.append(b"public")
    run(journal)
    journal.close_console("a")
    console = journal.open_console("a", log=False)
    console.append(b"secret")
    run(journal)
    journal.close_console("a")
    run(journal)
    console = journal.open_console("a", log=True)
    console.append(b"again")
    run(journal)
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.segments() == [(6, b"public"), (18, b"again")]
    assert "secret" not in written.text()
    assert not written.events("gap")
    assert [event.fields["reason"] for event in written.events("segment")] == ["resumed", "resumed"]


def test_memory_only_output_is_not_logged_after_a_restart_either(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"public")
    run(journal)
    journal.close_console("a")
    console = journal.open_console("a", log=False)
    console.append(b"secret")
    assert journal.stop(1)
    journal = make_journal(tmp_path, clock)
    assert journal.unwritten() == []
    console = journal.open_console("a", log=True)
    assert console.received == 12
    console.append(b"again")
    assert journal.stop(1)
    assert Written(tmp_path).segments() == [(0, b"public"), (12, b"again")]


def test_a_console_closed_and_opened_at_once_goes_on(tmp_path: Path) -> None:
    journal = make_journal(tmp_path, Clock())
    console = journal.open_console("a")
    console.append(b"one ")
    journal.close_console("a")
    again = journal.open_console("a")
    again.append(b"two")
    run(journal)
    assert journal.stop(1)
    assert Written(tmp_path).output() == b"one two"


def test_a_closed_console_takes_nothing_and_its_slot_serves_another(tmp_path: Path) -> None:
    journal = make_journal(tmp_path, Clock())
    console = journal.open_console("a")
    console.append(b"last words")
    journal.close_console("a")
    run(journal)
    console.event("detach", "somebody detached")
    with pytest.raises(ValueError, match="closed console"):
        console.append(b"late")
    journal.alarms()
    assert journal.open_console("a").received == 10
    assert journal.stop(1)
    assert [event.kind for event in Written(tmp_path).events()] == ["segment", "closed"]


def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    journal = make_journal(tmp_path, Clock())
    for name in ("../a", "a/b", "", ".."):
        with pytest.raises(ValueError, match="cannot name"):
            journal.open_console(name)
    journal.open_console("a")
    with pytest.raises(ValueError, match="open already"):
        journal.open_console("a")
    journal.stop(1)


def test_two_journals_do_not_share_rings(tmp_path: Path) -> None:
    journal = make_journal(tmp_path, Clock())
    with pytest.raises(RingError):
        make_journal(tmp_path, Clock())
    journal.stop(1)


def test_idle_consoles_leave_no_trace_at_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    for _ in range(3):
        journal = make_journal(tmp_path, clock)
        console = journal.open_console("a")
        journal.open_console("never-used")
        if not console.received:
            console.append(b"x\n")
        run(journal)
        assert journal.stop(1)
        clock.advance(3600)
    assert [event.kind for event in Written(tmp_path).events()] == ["segment", "closed"]
    assert not (tmp_path / "log/never-used").exists()


def test_every_line_of_the_events_has_its_number(tmp_path: Path) -> None:
    clock = Clock()
    for _ in range(3):
        journal = make_journal(tmp_path, clock)
        console = journal.open_console("a")
        console.append(b"x")
        console.event("note", "NOTE -- alice: look here", who="alice")
        assert journal.stop(1)
    events = Written(tmp_path).events()
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    lines = (tmp_path / "log/a/events.jsonl").read_text().splitlines()
    assert all(json.loads(line)["v"] == 1 for line in lines)


def test_a_held_line_is_written_when_its_time_has_come(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"10%\r20%")
    run(journal)
    assert Written(tmp_path).text() == "10%"
    clock.advance(1.1)
    run(journal)
    assert Written(tmp_path).text() == "10%\r20%"
    journal.stop(1)


def test_more_events_than_can_wait_are_counted(tmp_path: Path) -> None:
    journal = make_journal(tmp_path, Clock())
    console = journal.open_console("a")
    for number in range(1007):
        console.event("noise", None, number=number)
    run(journal)
    written = Written(tmp_path)
    assert len(written.events("noise")) == 1000
    [lost] = written.events("events-lost")
    assert lost.fields == {"events": 7}
    assert journal.counters.events_lost == 7
    journal.stop(1)


def test_alarms_are_told_once(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "log").write_bytes(b"in the way")
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    for _ in range(5):
        console.append(b"x")
        run(journal)
        clock.advance(1)
    [alarm] = journal.alarms()
    assert (alarm.kind, alarm.console) == (AlarmKind.WRITE_FAILED, "a")
    assert str(alarm).startswith("a: the log cannot be written: ")
    assert journal.failing == ["a"]
    assert journal.alarms() == []
    (tmp_path / "log").unlink()
    run(journal)
    assert [alarm.kind for alarm in journal.alarms()] == [AlarmKind.HEALED]
    assert journal.failing == []
    assert journal.stop(1)
    assert Written(tmp_path).output() == b"xxxxx"
