"""What the bytes of a console are made of: text, line ends, control characters and escape sequences.

The grammar is ECMA-48's as terminals read it, but a sequence that was cut short ends where it was cut, so
that the text behind it is kept. systemd cuts its lines to 80 columns in the middle of sequences
(``ESC [ … - D-Bus``), EDK2 begins a sequence inside another (``ESC [ 0 2 ; 0 SP ESC [ 0 2 ; 0 1 H``).
"""

import re

STRING_LIMIT = 4096  # bytes of an OSC, DCS, SOS, PM, APC or title string; what is longer is taken for text

# Groups of TOKEN, to compare with `match.lastindex`. No group: nothing to do (colours, modes, whole strings).
TEXT, LINE_END, PARAMETERS, INTERMEDIATE, CSI, ESCAPE, SLOT, CHARSET, CONTROL, UNFINISHED = range(1, 11)

_CSI_START = rb"\x1b\[[0-?]{0,64}"
_STRING_START = rb"\x1b[\]PX^_k][^\x00-\x1f]{0,%d}+" % STRING_LIMIT

TOKEN = re.compile(
    b"|".join(
        (
            rb"([ -~\x80-\xff]+)",
            rb"\r{0,2}([\n\v\f])",
            rb"\x1b\[[0-9;:]{0,64}m",
            rb"\x1b\[([0-?]{0,64})([ -/]?)([@-~])",
            rb"\x1b\](?:R|P[0-9A-Fa-f]{7})",  # Linux sets and resets its palette with an OSC that has no end
            _STRING_START + rb"(?:\x07|\x1b\\)",
            rb"\x1b([0-OQ-WYZ\\`a-jl-~])",
            rb"\x1b([()*+./-])[\"%&]?([0-~])",
            rb"\x1b(?:#[3-8]|%[G@8]|%/[G-L]| [FGLMN])",
            rb"([\x00-\x1a\x1c-\x1f\x7f])",
            rb"((?:"
            + _CSI_START
            + rb"[ -/]?|"
            + _STRING_START
            + rb"\x1b?|\x1b(?:[()*+./-][\"%&]?|[# ]|%/?)?)\Z)",
            # Cut short. Only what cannot be text is dropped; a string's text has been shown to have no end.
            _CSI_START + rb"(?:[ -/](?=\x1b))?",
            rb"\x1b",
        )
    )
)

STRING_INTRODUCERS = (b"\x1b]", b"\x1bP", b"\x1bX", b"\x1b^", b"\x1b_", b"\x1bk")

# The beginning of a UTF-8 character whose rest may be in the next packet.
PARTIAL_UTF8 = re.compile(rb"(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})\Z")

# DEC Special Graphics (VT100): what the letters show while the set is in use.
LINE_DRAWING = str.maketrans(
    "_`abcdefghijklmnopqrstuvwxyz{|}~",
    " ◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·",
)
