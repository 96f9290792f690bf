"""The cleaner on recorded consoles: what people read in the log of a boot, a panic, a menu, an editor."""

import json
import re
from collections import Counter

import pytest

from solmux.logs.log_lines import STAMP_LENGTH, parse_stamp
from tests.logs.recordings import DATA, clean, extract, load

MACHINES: dict[str, list[tuple[int, str]]] = json.loads((DATA / "facts.json").read_text())
ALL = sorted(path.name.removesuffix(".ttyrec.gz") for path in DATA.glob("*.ttyrec.gz"))

EXTRACTS = {  # expected text: recording, from offset, to offset
    "panic-no-root": ("panic-no-root", 0, 1094),
    "boot-ipxe-grub": ("bios-ipxe-grub-linux-reboot", 0, 4958),
    "login-shell-reboot": ("bios-ipxe-grub-linux-reboot", 51229, 53335),
    "reset-grub-editor": ("bios-ipxe-grub-linux-reboot", 80481, 85219),
    "grub-doubled": ("grub-console-and-serial-doubled", 0, 6954),
    "earlyprintk": ("earlycon-ignore-loglevel-halt", 0, 723),
    "earlyprintk-handover": ("earlycon-ignore-loglevel-halt", 7059, 7719),
    "poweroff": ("earlycon-ignore-loglevel-halt", 24102, 25208),
    "nmi-panic": ("nmi-and-mce-panic", 22890, 25926),
    "machine-check": ("nmi-and-mce-panic", 48412, 49122),
    "init-exit": ("panic-init-exit", 21610, 24023),
    "quiet-panic": ("panic-print-replay", 0, 1512),
    "panic-replay": ("panic-print-replay", 52505, 53364),
    "panic-replay-reboot": ("panic-print-replay", 127026, 128106),
    "sysrq-panic": ("panic-sysrq-reboot", 25525, 28302),
    "false-panic": ("panic-sysrq-reboot", 50744, 51368),
    "soft-lockup": ("soft-lockup-recovers", 22903, 24528),
    "ipmitool-break": ("sol-ipmitool-session", 22914, 24277),
    "ipmitool-reset": ("sol-ipmitool-session", 48922, 49454),
    "ipmitool-end": ("sol-ipmitool-session", 94836, 95131),
    "systemd-start": ("systemd-boot-login", 23497, 34331),
    "systemd-login": ("systemd-boot-login", 39378, 42075),
    "systemd-reboot": ("systemd-boot-login", 46243, 55975),
    "ovmf-shell": ("ovmf-boot-shell", 0, 4209),
    "ovmf-edit-reset": ("ovmf-boot-shell", 23013, 1440237),
    "ovmf-menus": ("ovmf-setup-menus", 0, 85009),
    "dialog": ("dialog-vt220", 0, 11656),
    "htop": ("htop-linux", 0, 5156),
    "less": ("less-vt220", 243, 9035),
    "characters": ("sgr-unicode-xterm", 0, 6041),
    "capabilities": ("tput-xterm", 0, 1227),
}


@pytest.mark.parametrize("name", EXTRACTS)
def test_text_is_what_a_person_expects(name: str) -> None:
    recording, start, stop = EXTRACTS[name]
    assert clean(extract(load(recording), start, stop)) == (DATA / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", MACHINES)
def test_boots_panics_and_logins_are_each_one_line_stamped_with_the_time_of_their_first_byte(
    name: str,
) -> None:
    frames = load(name)
    found = [(parse_stamp(line.encode()), line[STAMP_LENGTH:]) for line in clean(frames).splitlines()]
    seen = Counter(text for _, text in found)
    expected = Counter(line for _, line in MACHINES[name])
    assert {text: seen[text] for text in expected} == dict(expected)
    for offset, line in MACHINES[name]:
        wall = extract(frames, offset, offset + 1)[0][0]
        assert [when for when, text in found if text == line and when == pytest.approx(wall, abs=0.001)], line


@pytest.mark.parametrize("name", MACHINES)
def test_every_plain_line_of_a_machine_is_in_the_log_in_order(name: str) -> None:
    raw = b"".join(data for _, data in load(name))
    plain = [
        line.rstrip(b"\r ").decode() for line in raw.split(b"\n") if re.fullmatch(rb"[\t -~]*\r{0,2}", line)
    ]
    lines = (line[STAMP_LENGTH:].rstrip(" ") for line in clean(load(name)).splitlines())
    missing = next((line for line in plain if line and line not in lines), None)  # `in` moves the iterator on
    assert missing is None


@pytest.mark.parametrize("name", ALL)
def test_any_recording_becomes_stamped_lines_of_plain_text(name: str) -> None:
    text = clean(load(name))
    assert text.endswith("\n")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    stamps = [parse_stamp(line.encode()) for line in text.split("\n")[:-1]]
    assert None not in stamps
    assert stamps == sorted(stamp for stamp in stamps if stamp is not None)


def test_a_forgotten_firmware_editor_that_only_moves_the_cursor_adds_nothing_to_the_log() -> None:
    frames = extract(load("ovmf-boot-shell"), 24_000, 700_000)
    assert sum(len(data) for _, data in frames) == 676_000
    assert len(clean(frames)) < 300
