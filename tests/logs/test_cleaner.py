"""The cleaner byte by byte: what flows, what is held, what is removed, and the traps of real consoles."""

import re
import subprocess
import time
from pathlib import Path

import pytest

from solmux.logs.cleaner import Cleaner
from solmux.logs.cleaner_grammar import STRING_LIMIT
from solmux.logs.cleaner_held import HOLD_BYTES, HOLD_LIMIT, QUIET
from solmux.logs.cleaner_page import LINE_LIMIT
from solmux.logs.log_lines import STAMP_LENGTH, parse_event, parse_stamp

T0 = 1795194340.5  # 2026-11-20T17:05:40.500Z
STAMP = b"2026-11-20T17:05:40.500Z "


def lines(*chunks: bytes) -> list[str]:
    """Return the lines, without stamps, that *chunks* received at one moment become in the end."""
    cleaner = Cleaner()
    text = b"".join(cleaner.feed(chunk, T0) for chunk in chunks) + cleaner.finish(T0)
    assert text.endswith(b"\n") or not text
    found = text.decode().split("\n")[:-1]
    assert all(parse_stamp(line.encode()) == T0 for line in found)
    return [line[STAMP_LENGTH:] for line in found]


def drawn(*frames: tuple[float, bytes]) -> list[str]:
    """Return the lines that *frames* (seconds after T0, bytes) become, each with the seconds of its stamp."""
    cleaner = Cleaner()
    text = b""
    for seconds, data in frames:
        text += cleaner.feed(data, T0 + seconds)
    text += cleaner.finish(T0 + frames[-1][0])
    return [
        f"{(parse_stamp(line) or 0) - T0:g} {line[STAMP_LENGTH:].decode()}" for line in text.split(b"\n")[:-1]
    ]


class TestFlow:
    def test_line_begins_with_the_time_of_its_first_byte(self) -> None:
        cleaner = Cleaner()
        assert cleaner.feed(b"[    1.5] usb 1-1:", T0) == STAMP + b"[    1.5] usb 1-1:"
        assert cleaner.feed(b" new device\r\nnext", T0 + 1) == (b" new device\n2026-11-20T17:05:41.500Z next")

    def test_prompt_is_written_at_once_and_continued_in_place(self) -> None:
        cleaner = Cleaner()
        assert cleaner.feed(b"\r\nmux login: ", T0) == STAMP + b"\n" + STAMP + b"mux login: "
        assert cleaner.deadline is None
        assert [cleaner.feed(bytes([byte]), T0 + 5) for byte in b"root"] == [b"r", b"o", b"o", b"t"]
        assert cleaner.feed(b"\r\nPassword: ", T0 + 6) == b"\n2026-11-20T17:05:46.500Z Password: "

    @pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n", b"\n\r", b"\r\r\r\n"])
    def test_each_kind_of_line_end_ends_one_line(self, end: bytes) -> None:
        assert lines(b"one" + end + b"two" + end) == ["one", "two"]

    def test_empty_lines_are_kept(self) -> None:
        assert lines(b"one\r\n\r\n\r\r\ntwo\r\n") == ["one", "", "", "two"]

    def test_blanks_at_the_end_are_kept_back_but_for_the_first(self) -> None:
        cleaner = Cleaner()
        assert cleaner.feed(b"login:   ", T0) == STAMP + b"login: "
        assert cleaner.feed(b"x   \r\n", T0) == b"  x \n"

    def test_tabs_stay_tabs(self) -> None:
        assert lines(b"cpu\t: 0\r\n") == ["cpu\t: 0"]

    def test_unicode_text_is_kept_and_may_be_cut_between_packets(self) -> None:
        assert lines("Grüße, 漢字 … 😀\r\n".encode()) == ["Grüße, 漢字 … 😀"]
        assert lines(b"\xe2", b"\x80", b"\xa6\n") == ["…"]

    def test_finish_ends_the_open_line(self) -> None:
        cleaner = Cleaner()
        cleaner.feed(b"half", T0)
        assert cleaner.finish(T0) == b"\n"

    def test_nothing_becomes_nothing(self) -> None:
        cleaner = Cleaner()
        assert cleaner.feed(b"", T0) + cleaner.tick(T0 + 99) + cleaner.finish(T0 + 99) == b""
        assert (cleaner.deadline, cleaner.settled) == (None, 0)


class TestStamps:
    def test_stamps_do_not_decrease_when_the_clock_is_set_back(self) -> None:
        cleaner = Cleaner()
        text = (
            cleaner.feed(b"one\n", T0) + cleaner.feed(b"two\n", T0 - 3600) + cleaner.feed(b"three\n", T0 + 1)
        )
        assert text == STAMP + b"one\n" + STAMP + b"two\n" + b"2026-11-20T17:05:41.500Z three\n"

    def test_stamps_do_not_decrease_across_a_restart(self) -> None:
        assert Cleaner(T0).feed(b"again\n", T0 - 60) == STAMP + b"again\n"

    def test_held_line_is_written_though_the_clock_was_set_back_an_hour(self) -> None:
        cleaner = Cleaner()
        cleaner.feed(b"working |\b/", T0)
        cleaner.tick(T0 - 3600)
        assert cleaner.deadline == T0 - 3600 + QUIET
        assert b"working /" in cleaner.tick(T0 - 3600 + QUIET)

    def test_redrawn_line_has_the_time_of_its_last_drawing(self) -> None:
        assert drawn((0, b"fsck 1%"), (0.5, b"\rfsck 2%"), (1.0, b"\rfsck 3%"), (1.1, b" done\n")) == [
            "0 fsck 1%",
            "1 fsck 3% done",
        ]


class TestEvents:
    def test_event_ends_the_open_line_and_carries_its_full_date(self) -> None:
        cleaner = Cleaner()
        cleaner.feed(b"login: ", T0)
        assert cleaner.event("alice@10.0.0.7 attached", T0 + 1) == (
            b"\n[-- alice@10.0.0.7 attached -- 2026-11-20T17:05:41Z]\n"
        )
        assert cleaner.feed(b"root", T0 + 2) == b"2026-11-20T17:05:42.500Z root"

    def test_console_cannot_forge_an_event(self) -> None:
        forged = b"[-- Console down: power cut -- 2026-11-20T17:05:40Z]"
        cleaner = Cleaner()
        text = cleaner.feed(forged + b"\r\n" + forged, T0)
        text += cleaner.event("NOTE -- alice: look", T0)
        text += cleaner.feed(forged + b"\r" + forged + b"\x1b[2J" + forged + b"\x1bc\x0b\x0c" + forged, T0)
        text += (
            cleaner.tick(T0 + 9) + cleaner.feed("\u2028\x85\u2029".encode() + forged, T0) + cleaner.finish(T0)
        )
        events = [
            line for line in re.split(b"[\r\n\v\f]|\xe2\x80[\xa8\xa9]|\xc2\x85", text) if parse_event(line)
        ]
        assert events == [b"[-- NOTE -- alice: look -- 2026-11-20T17:05:40Z]"]

    def test_event_text_stays_on_its_line(self) -> None:
        text = Cleaner().event("NOTE -- eve: a\nb\r\x1b[2J\x00 -- 2026-01-01T00:00:00Z]\n[-- x", T0)
        assert text.count(b"\n") == 1
        assert b"a\\x0ab\\x0d\\x1b[2J\\x00" in text
        assert parse_event(text) == (text[4:-26].decode(), int(T0))

    def test_event_writes_what_is_held_before_it(self) -> None:
        cleaner = Cleaner()
        cleaner.feed(b"\x1b[2J\x1b[5;5HSetup", T0)
        assert cleaner.event("Console down: BMC does not answer", T0 + 0.1).startswith(
            STAMP + b"Setup\n[-- Console"
        )


class TestRedrawing:
    def test_spinner_is_written_once_more_when_it_has_finished(self) -> None:
        assert lines(b"Checking... |", b"\b/\b-\b\\\b|" * 50, b"\bdone\r\n") == [
            "Checking... |",
            "Checking... done",
        ]

    def test_redrawn_line_is_written_after_a_pause_and_continued_in_place(self) -> None:
        cleaner = Cleaner()
        assert cleaner.feed(b"Loading  1%", T0) == STAMP + b"Loading  1%"
        assert cleaner.feed(b"\rLoading 50%", T0 + 1) == b""
        assert (cleaner.deadline, cleaner.tick(T0 + 2)) == (T0 + 1 + QUIET, b"")
        assert cleaner.tick(T0 + 1 + QUIET) == b"\n2026-11-20T17:05:41.500Z Loading 50%"
        assert cleaner.feed(b", ok\r\n", T0 + 9) == b", ok\n"

    def test_text_does_not_depend_on_when_tick_is_called(self) -> None:
        late = Cleaner()
        text = late.feed(b"a 1\ra 2", T0) + late.feed(b" b\r\n", T0 + 60)
        assert text == STAMP + b"a 1\n" + STAMP + b"a 2 b\n"

    def test_countdown_of_one_step_a_second_is_one_drawing(self) -> None:
        steps = [(float(n), b"\rBooting in %d s" % (9 - n)) for n in range(10)]
        assert drawn(*steps, (9.5, b"\r\nGRUB\n")) == ["0 Booting in 9 s", "9 Booting in 0 s", "9.5 GRUB"]

    def test_bios_clock_that_never_stops_is_written_now_and_then(self) -> None:
        ticks = [(float(n), b"\x1b[3;10H[12:00:%02d]" % (n % 60)) for n in range(120)]
        found = drawn((0, b"\x1b[2J\x1b[3;1HTime"), *ticks)
        assert len(found) == 120 // int(HOLD_LIMIT)
        assert found[1] == "59 Time     [12:00:59]"

    def test_line_held_for_too_many_bytes_is_written(self) -> None:
        cleaner = Cleaner()
        text = cleaner.feed(b"\x1b[3;1H[12:00:00]" + b"\x1b[3;9H1\x1b[3;9H2" * (HOLD_BYTES // 14 + 2), T0)
        assert text == STAMP + b"[12:00:01]" or text == STAMP + b"[12:00:02]"

    def test_progress_that_is_wiped_before_each_step_is_not_written_at_each(self) -> None:
        steps = b"".join(b"\r%s\r%3d%% of linux-image" % (b" " * 30, n) for n in range(100))
        assert lines(b"  0% of linux-image", steps, b" done\r\n") == [
            "  0% of linux-image",
            " 99% of linux-image done",
        ]

    def test_same_text_drawn_again_is_not_written_again(self) -> None:
        assert lines(b"root@h:~# \r\x1b[Kroot@h:~# \rroot@h:~# ls\r\n") == ["root@h:~# ls"]

    def test_corrected_command_is_written_as_it_was_entered(self) -> None:
        assert lines(b"# echo typpo", b"\b \b" * 2, b"o\r\n") == ["# echo typpo", "# echo typo"]
        assert lines(b"# lss", b"\b\x1b[K", b"\r\n") == ["# lss", "# ls"]

    def test_wiped_line_is_left_as_it_was(self) -> None:
        wiped = b"Press Ctrl-B for the command line..." + b"\b \b" * 36 + b"net0: open\r\n"
        assert lines(wiped) == ["Press Ctrl-B for the command line...", "net0: open"]
        assert lines(b"Press Ctrl-B...\r" + b" " * 79 + b"\r\r\nBooting\r\n") == [
            "Press Ctrl-B...",
            "Booting",
        ]

    def test_message_that_is_drawn_and_wiped_at_once_is_not_lost(self) -> None:
        assert lines(b"\x1b[2J\x1b[20;1HKeyboard error\x1b[20;1H\x1b[K\x1b[1;1HSetup") == [
            "Setup",
            "Keyboard error",
        ]
        assert lines(b"\x1b[2J\x1b[20;1HKeyboard error\x1b[2JSetup") == ["Keyboard error", "Setup"]

    def test_message_that_another_one_covers_is_not_lost(self) -> None:
        assert lines(
            b"\x1b[2J\x1b[20;1HPress DEL to enter setup\x1b[20;1HLoading from disk 0x80  \x1b[20;1H"
        ) == [
            "Press DEL to enter setup",
            "Loading from disk 0x80",
        ]

    def test_editing_in_a_line(self) -> None:
        assert lines(b"# ls tmp\b\b\b\x1b[1@/\r\n")[-1] == "# ls /tmp"
        assert lines(b"# ls //tmp\x1b[5D\x1b[P\r\n")[-1] == "# ls /tmp"
        assert lines(b"# rm -rf /\x1b[8D\x1b[2Xls\r\n")[-1] == "# ls -rf /"
        assert lines(b"one two\x1b[4D\x1b[1K\r\n")[-1] == "    two"

    def test_settled_stays_behind_while_a_line_is_held(self) -> None:
        cleaner = Cleaner()
        cleaner.feed(b"fsck 1%", T0)
        assert cleaner.settled == 7
        cleaner.feed(b"\rfsck 2%", T0)
        assert cleaner.settled == 7
        cleaner.tick(T0 + QUIET)
        assert cleaner.settled == 15

    def test_settled_waits_for_the_end_of_a_sequence_and_of_a_character(self) -> None:
        cleaner = Cleaner()
        cleaner.feed(b"ok\x1b[0;3", T0)
        assert cleaner.settled == 2
        cleaner.feed(b"1m\xe2\x80", T0)
        assert cleaner.settled == 9
        cleaner.feed(b"\xa6", T0)
        assert cleaner.settled == 12


class TestScreens:
    def test_rows_of_a_screen_are_lines_from_the_top_whatever_the_order_of_drawing(self) -> None:
        screen = b"\x1b[2J\x1b[12;3HContinue\x1b[2;2HSetup\x1b[2;20Hv1.2\x1b[12;1H> \x1b[24;1HF10=Save"
        assert lines(screen) == ["Setup             v1.2", "> Continue", "F10=Save"]

    def test_row_is_one_line_though_it_is_drawn_in_pieces(self) -> None:
        assert lines(b"\x1b[08;31H<English>\x1b[08;01H   \x1b[08;04HLanguage        ") == [
            "   Language                   <English>"
        ]

    def test_moving_the_highlight_adds_nothing(self) -> None:
        cleaner = Cleaner()
        text = cleaner.feed(b"\x1b[2J\x1b[3;1H\x1b[7mBoot\x1b[m\x1b[4;1HSetup", T0)
        text += cleaner.tick(T0 + 2)
        assert text.count(b"\n") == 1
        assert cleaner.feed(b"\x1b[3;1HBoot\x1b[4;1H\x1b[7mSetup\x1b[m\x1b[4;1H", T0 + 3) == b""
        assert (cleaner.deadline, cleaner.settled) == (None, 52 + 14)

    def test_cursor_that_goes_away_and_comes_back_does_not_end_the_line(self) -> None:
        assert lines(b"# \x1b7\x1b[r\x1b[999;999H\x1b[6n\x1b8ls\r\n") == ["# ls"]

    def test_line_goes_on_after_a_status_row_was_drawn(self) -> None:
        apt = b"Unpacking foo ...\x1b7\x1b[24;0fProgress: [ 12%]\x1b8 done\r\n"
        assert lines(apt) == ["Unpacking foo ... done", "Progress: [ 12%]"]

    def test_scrolling_backwards_writes_each_line(self) -> None:
        assert lines(b"\x1b[H\x1bMthree\x1b[H\x1bMtwo\x1b[H\x1bMone\x1b[24;1H:") == [
            "three",
            "two",
            "one",
            ":",
        ]

    def test_alternate_screen_is_another_page(self) -> None:
        assert lines(b"# vi\r\n\x1b[?1049h\x1b[HHello\x1b[?1049l# ") == ["# vi", "Hello", "# "]

    @pytest.mark.parametrize(
        "clear", [b"\x1b[H\x1b[J", b"\x1b[H\x1b[2J\x1b[3J", b"\x1b[2J\x1b[01;01H", b"\x1bc"]
    )
    def test_prompt_on_a_cleared_screen_is_written_at_once(self, clear: bytes) -> None:
        cleaner = Cleaner()
        cleaner.feed(b"\x1b[5;5Hbefore\r\n", T0)
        assert cleaner.feed(clear + b"login: ", T0 + 1) == b"2026-11-20T17:05:41.500Z login: "

    def test_line_drawing_characters_are_drawn(self) -> None:
        assert lines(b"\x1b(0lqk\x1b(B x\r\n\x1b)0\x0ex\x0f RAID \x0ex\x0f\r\n") == ["┌─┐ x", "│ RAID │"]

    def test_line_drawing_that_was_never_switched_off_ends_with_the_line(self) -> None:
        assert lines(b"\x1b(0qqq\r\nkernel panic\r\n") == ["───", "kernel panic"]

    def test_half_of_a_wide_character_is_blanked(self) -> None:
        assert lines("\x1b[5;1H漢字\x1b[5;2HX".encode()) == [" X字"]

    def test_repeat_sequence_repeats(self) -> None:
        assert lines(b"-\x1b[4b>\r\n") == ["----->"]

    def test_command_longer_than_the_terminal_is_one_line(self) -> None:
        command = b"# " + b"wget http://mirror.example.net/" * 3
        wrapped = command[:80] + b" \r" + command[80:]
        assert lines(wrapped + b"\r\n") == [command.decode()]
        assert lines(*(bytes([byte]) for byte in wrapped), b"\r\n") == [command.decode()]


class TestRemoved:
    def test_colours_modes_titles_and_links_are_removed(self) -> None:
        assert lines(b"[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39mssh\x1b[0m\r\n") == [
            "[  OK  ] Started ssh"
        ]
        assert lines(b"\x1b[?2004h\x1b]0;root@h\x07# \x1b[?25l\x1b[38:2::1:2:3mls\x1b[!p\x1b[>c\r\n") == [
            "# ls"
        ]
        assert lines(
            b"(\x1b]8;;file://h/x\x07/x\x1b]8;;\x1b\\)\x1bP$q\x1b\\\x1b_a\x1b\\\x1b^b\x07\x1bXc\x07\n"
        ) == ["(/x)"]

    def test_palette_of_the_linux_console_needs_no_end(self) -> None:
        assert lines(b"\x1b]R\x1b]P0000000login: \r\n") == ["login: "]

    def test_other_bytes_appear_as_hexadecimal(self) -> None:
        assert lines(b"\x00\x01\x05\x07\x11\x18\x7f \x80\xff\xc0\xaf \xed\xa0\x80\r\n") == [
            "\\x00\\x01\\x05\\x07\\x11\\x18\\x7f \\x80\\xff\\xc0\\xaf \\xed\\xa0\\x80"
        ]

    def test_characters_that_hide_or_turn_text_appear_as_hexadecimal(self) -> None:
        hidden = "a\u202eb\u2066c\u200bd\u2028e\x85f\x9b2Jg\ufeffh"
        assert lines(hidden.encode() + b"\n") == [
            "a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6c\\xe2\\x80\\x8bd\\xe2\\x80\\xa8e\\xc2\\x85f\\xc2\\x9b2Jg\\xef\\xbb\\xbfh"
        ]

    def test_string_without_end_is_text_from_the_line_end_on(self) -> None:
        assert lines(b"a\x1b]0;title\r\nb\r\n") == ["a]0;title", "b"]
        assert lines(b"dev-mqueue.mount\x1bPOSIX Message Queue\r\nnext\r\n") == [
            "dev-mqueue.mountPOSIX Message Queue",
            "next",
        ]

    def test_string_without_end_is_text_after_a_pause(self) -> None:
        cleaner = Cleaner()
        assert cleaner.feed(b"\x1b_login: ", T0) == b""
        assert (cleaner.deadline, cleaner.settled) == (T0 + QUIET, 0)
        assert cleaner.tick(T0 + QUIET) == STAMP + b"_login: "
        assert (cleaner.deadline, cleaner.settled) == (None, 9)

    def test_string_that_is_too_long_is_text(self) -> None:
        assert lines(b"\x1b]" + b"x" * STRING_LIMIT + b"\x07") == []
        assert lines(b"\x1b]" + b"x" * (STRING_LIMIT + 1) + b"\x07") == [
            "]" + "x" * (STRING_LIMIT + 1) + "\\x07"
        ]

    def test_broken_character_appears_after_a_pause(self) -> None:
        cleaner = Cleaner()
        assert cleaner.feed(b"> \xc9", T0) == STAMP + b"> "
        assert cleaner.tick(T0 + QUIET) == b"\\xc9"

    def test_sequence_may_be_cut_anywhere_between_packets(self) -> None:
        whole = b"a\x1b[0;1;39mb\x1b]8;;x\x1b\\c\x1b(0q\x1b(Bd\x1b[20;3He\n"
        for at in range(len(whole)):
            assert lines(whole[:at], whole[at:]) == lines(whole)


class TestTraps:
    """What recorded consoles do (the sequences are theirs)."""

    def test_long_line_is_whole_though_seabios_switched_autowrap_off(self) -> None:
        panic = (
            b"[    4.149048] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"
        )
        assert lines(b"\x1bc\x1b[?7l\x1b[2J\x1b[0mSeaBIOS (version 1.16.2)\r\n" + panic + b"\r\n") == [
            "SeaBIOS (version 1.16.2)",
            panic.decode(),
        ]

    @pytest.mark.parametrize(
        "reset", [b"\x1bc\x1b[?7l\x1b[2J\x1b[0mk\r", b"\x1bc\x1b[?7l\x1b[2J", b"\x1b[2J"]
    )
    def test_banner_of_the_kernel_begins_a_line_though_no_line_end_is_before_it(self, reset: bytes) -> None:
        found = lines(
            b"Probing EDD (edd=off to disable)... o" + reset + b"[    0.000000] Linux version 6.1.0\r\n"
        )
        assert found[0] == "Probing EDD (edd=off to disable)... o"
        assert found[-1] == "[    0.000000] Linux version 6.1.0"

    def test_silent_reset_in_a_prompt_ends_the_prompt(self) -> None:
        assert lines(
            b"root@mux-guest:/root# \x1b[6n\x1bc\x1b[?7l\x1b[2J\x1b[0mSeaBIOS (version 1.16.2)\r\n"
        ) == [
            "root@mux-guest:/root# ",
            "SeaBIOS (version 1.16.2)",
        ]

    def test_kernel_message_in_a_prompt_follows_it(self) -> None:
        assert lines(b"root@mux-guest:/root# \x1b[6n[   19.114233] INFO: task jbd2 blocked\r\n") == [
            "root@mux-guest:/root# [   19.114233] INFO: task jbd2 blocked"
        ]

    def test_prompt_with_a_query_is_written_at_once_and_not_answered(self) -> None:
        cleaner = Cleaner()
        assert cleaner.feed(b"root@mux-guest:/root# \x1b[6n", T0) == STAMP + b"root@mux-guest:/root# "

    def test_ipxe_wipes_its_countdown_and_wraps_its_address(self) -> None:
        text = b"-- \x1b[0;36mhttp\r\n://ipxe.org\r\n\x1b[0mFeatures: DNS\r\n"
        assert lines(text) == ["-- http", "://ipxe.org", "Features: DNS"]

    def test_systemd_cuts_sequences_and_no_text_is_lost(self) -> None:
        cut = (
            b"         Mounting \x1b[0;1;39mdev-mqueue.mount\x1b\xe2\x80\xa6POSIX Message Queue...\r\r\n"
            b"[\x1b[0;32m  OK  \x1b[0m] Listening on \x1b[0;1;39mdbus.socket\x1b[\xe2\x80\xa6- D-Bus.\r\r\n"
            b"         Starting \x1b[0;1;39mmodprobe@dm_mod.s\xe2\x80\xa6[0m - Load Kernel Module...\r\r\n"
        )
        assert lines(cut) == [
            "         Mounting dev-mqueue.mount…POSIX Message Queue...",
            "[  OK  ] Listening on dbus.socket…- D-Bus.",
            "         Starting modprobe@dm_mod.s…[0m - Load Kernel Module...",
        ]

    def test_cut_sequence_before_a_blank_keeps_the_text(self) -> None:
        assert lines(b"dbus.socket\x1b[ - D-Bus\r\n") == ["dbus.socket - D-Bus"]

    def test_edk2_clears_three_times_and_sets_modes_with_an_equals_sign(self) -> None:
        start = b"\x1b[2J\x1b[01;01H\x1b[=3h\x1b[2J\x1b[01;01H\x1b[2J\x1b[01;01H\x1b[=3h"
        assert lines(start + b"BdsDxe: loading Boot0001\r\nBdsDxe: starting Boot0001\r\n") == [
            "BdsDxe: loading Boot0001",
            "BdsDxe: starting Boot0001",
        ]

    def test_edk2_frames_in_code_page_437_appear_as_hexadecimal_and_keep_their_columns(self) -> None:
        assert lines(b"\x1b[01;01H\xda\xc4\xc4\x1b[02;01H\xb3\x1b[02;05H\xb3\x1b[02;02H ok") == [
            "\\xda\\xc4\\xc4",
            "\\xb3 ok\\xb3",
        ]

    def test_frame_that_ends_with_a_byte_like_the_start_of_utf8_is_written_once(self) -> None:
        cleaner = Cleaner()
        text = cleaner.feed(b"\x1b[2J\x1b[3;1H\xc0\xc4\xd9", T0)
        assert text + cleaner.tick(T0 + 9) == STAMP + b"\\xc0\\xc4\\xd9"

    def test_edk2_draws_below_row_24_and_right_of_column_80(self) -> None:
        assert lines(b"\x1b[31;01Hleft\x1b[31;95Hright") == ["left" + " " * 90 + "right"]

    def test_edk2_begins_a_sequence_inside_another(self) -> None:
        assert lines(b"\x1b[02;01Ha\x1b[02;0 \x1b[02;02Hb\x1b\x1b[02;03Hc") == ["abc"]

    def test_edk2_editor_floods_without_text(self) -> None:
        cleaner = Cleaner()
        assert cleaner.feed(b"\x1b[02;01H" * 10_000, T0) == b""
        assert (cleaner.settled, cleaner.deadline) == (80_000, None)

    def test_bios_that_mirrors_grub_moves_the_cursor_with_line_ends(self) -> None:
        mirrored = b"\x1b[05;03H*Debian\x1b[05;78H\r\n" + b"\n" * 17 + b"   executed automatically in 7s."
        assert lines(mirrored) == ["*Debian", "   executed automatically in 7s."]

    def test_seabios_names_the_cursors_place_in_the_middle_of_a_word(self) -> None:
        start = b"\x1bc\x1b[?7l\x1b[2J\x1b[0mSeaBIOS\r\n" + b"\r\n" * 30
        assert lines(start + b"Welcome \x1b[25;08H\x1b[25;09Hto GRUB!\r\n")[-1] == "Welcome to GRUB!"
        assert lines(b"Welcome \x1b[25;08H\x1b[25;09Hto GRUB!\r\n") == ["Welcome to GRUB!"]


class TestBounds:
    def test_line_without_end_is_cut_and_continued_on_a_stamped_line(self) -> None:
        found = lines(b"x" * (LINE_LIMIT * 2 + 5))
        assert [len(line) for line in found] == [LINE_LIMIT, LINE_LIMIT, 5]
        assert lines(b"x" * (LINE_LIMIT - 1) + b"\r\n", b"y\r\n")[1] == "y"

    def test_tabs_count_as_columns(self) -> None:
        assert [line.count("\t") for line in lines(b"\t" * (LINE_LIMIT // 8 + 1) + b"\n")] == [
            LINE_LIMIT // 8,
            1,
        ]

    @pytest.mark.parametrize(
        "pattern",
        [
            b"\r",
            b"\b",
            b"a\b",
            b"working |\r",
            b"\x1b[5;5Hx",
            b"\x1b[9;250Hx\x1b[8;1Hy",
            b"\x1b]",
            b"\x1bP",
            b"\x1b",
            b"\x00",
            b"\xff",
            b"\t\r",
            b"\x1b[255@x",
            b"\x1b[P",
            b"x\x1b[255b",
            b"\x1b[9999B.",
            b"\n",
        ],
    )
    def test_hostile_output_costs_linear_time_and_bounded_memory(self, pattern: bytes) -> None:
        cleaner = Cleaner()
        data = (b"y" * 250 + pattern * 100_000)[:100_000]
        started = time.process_time()
        size = sum(len(cleaner.feed(data[at : at + 80], T0 + at / 11520)) for at in range(0, len(data), 80))
        assert time.process_time() - started < 10
        assert size < 40 * len(data)
        assert len(data) - cleaner.settled <= HOLD_BYTES + 80

    def test_grep_and_wc_take_any_log_for_text(self, tmp_path: Path) -> None:
        cleaner = Cleaner()
        path = tmp_path / "console.log"
        path.write_bytes(cleaner.feed(bytes(range(256)) * 8 + b"needle\r\n", T0) + cleaner.finish(T0))
        found = subprocess.run(["grep", "-c", "needle", path], capture_output=True, text=True, check=True)
        assert found.stdout == "1\n"
