"""Where typed input may be cut: never inside an escape sequence or a character.

Firmware reads a lone ESC as "leave this page", because it waits only some milliseconds for the rest of a
sequence. The rest of a sequence that was cut into two SOL packets comes a round trip later.
"""

import re

_UNIT = re.compile(
    rb"""
      [^\x1b\xc2-\xf4]+                     # a run of anything that stands alone
    | \x1b? \x1b (?:                        # with Meta, a terminal puts one more ESC in front
          \[ \[ [\x20-\x7e]?                # Linux console: F1 to F5
        | \[ M [\x20-\xff]{0,3}             # mouse report with three bytes
        | \[ [0-?]* [ -/]* [@-~]?           # CSI: parameters, intermediates, final
        | O [0-?]* [@-~]?                   # SS3, some with a modifier
        | [\xc2-\xdf] [\x80-\xbf]?          # Meta and a character of UTF-8
        | [\xe0-\xef] [\x80-\xbf]{0,2}
        | [\xf0-\xf4] [\x80-\xbf]{0,3}
        | [^\x1b]?                          # Meta and a key; or ESC alone
      )
    | [\xc2-\xdf] [\x80-\xbf]?
    | [\xe0-\xef] [\x80-\xbf]{0,2}
    | [\xf0-\xf4] [\x80-\xbf]{0,3}
    """,
    re.VERBOSE | re.DOTALL,
)


def cut(data: bytes | bytearray, limit: int) -> int:
    """Return how many bytes of *data*, at most *limit*, make the next packet.

    The border is the last one between two sequences. A single sequence longer than *limit* is cut all the
    same, into whole packets. An unfinished sequence at the very end counts as a sequence.

    Args:
      limit: at least 1.
    """
    if len(data) <= limit:
        return len(data)
    position = 0
    while True:
        unit = _UNIT.match(data, position, limit + 1)  # one byte more shows whether it goes on
        assert unit is not None, "every byte begins a unit"
        end = unit.end()
        if end > limit:
            break
        position = end
    if data[position] != 0x1B and not 0xC2 <= data[position] <= 0xF4:
        return limit  # a run may be cut anywhere
    return position or limit
