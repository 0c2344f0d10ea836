"""What a command is: a value, how it is read from its line, in which states it may be given, and what must be offered for it.

RFC 9051 §3 (states), §5.5 (commands in progress: which answers may carry EXPUNGE), §6. Not here: any command (`proto.imap.commands`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final

import msgspec

from postroom.proto.imap.grammar import ImapCursor


class State(enum.Enum):
    """The states of RFC 9051 §3."""

    NOT_AUTHENTICATED = "not authenticated"
    AUTHENTICATED = "authenticated"
    SELECTED = "selected"
    LOGOUT = "logout"


ANY: Final = frozenset({State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED})
BEFORE: Final = frozenset({State.NOT_AUTHENTICATED})
AFTER: Final = frozenset({State.AUTHENTICATED, State.SELECTED})
SELECTED: Final = frozenset({State.SELECTED})

NO_NUMBERS: Final = "After ENABLE UIDONLY messages have no numbers: use the command with UID"


class Command(msgspec.Struct, frozen=True):
    """The base of all commands."""


class Verb(msgspec.Struct, frozen=True):
    """A row of a family's table.

    `parse` reads what follows the verb, its leading space included, up to the end of the line, which the caller checks. `capability`: one that
    must be offered, "" for none. `expunges`: EXPUNGE may be sent while the command runs (RFC 9051 §7.5.1 forbids it for FETCH, STORE and SEARCH).
    `by_number`: its messages, or its answers, are sequence numbers.
    """

    parse: Callable[[ImapCursor], Command]
    states: frozenset[State]
    rfc: str
    capability: str = ""
    expunges: bool = True
    by_number: bool = False


def bare(command: Command) -> Callable[[ImapCursor], Command]:
    """The parser of a command without arguments."""
    return lambda _: command
