"""What a login name selects. Who somebody is, their key says; the name only picks a console."""

from collections.abc import Collection
from dataclasses import dataclass

from solmux.verbs.names import NameTable

SEPARATORS = "+:"  # alice+server42; the colon is what other console servers have, and breaks scp


@dataclass(frozen=True, slots=True)
class Login:
    """What a login name says.

    Attributes:
      target: the console, None for none: a prompt, or the command names one.
      claim: who somebody says they are (`alice+server42`), empty for nothing said; their key must agree.
    """

    target: str | None = None
    claim: str = ""


def parse_login(login: str, table: NameTable, *, console_names: Collection[str], own_name: str) -> Login:
    """Return what *login* selects for somebody whose key says they are *own_name*.

    A console's name or alias selects it, whole: nothing is guessed from its beginning. One of *console_names*
    selects none, nor does one's own name. Raises `NoSuchConsoleError` for everything else.
    """
    if login in console_names:
        return Login()
    if (target := table.exact(login)) is not None:
        return Login(target)
    if login == own_name:
        return Login()
    for separator in SEPARATORS:
        claim, found, word = login.partition(separator)
        if found:
            return Login(_named(word, table), "" if claim in console_names else claim)
    return Login(_named(login, table))


def _named(word: str, table: NameTable) -> str:
    if (target := table.exact(word)) is None:
        raise table.unknown(word)
    return target
