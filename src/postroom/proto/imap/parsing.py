"""A command's line becomes a command, or words that say why it is none.

RFC 9051 §2.2.1 (tag, verb, arguments), §3 (which may be given when). Not here: lines and literals (`proto.imap.collector`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.proto.imap.events import Given
from postroom.proto.imap.grammar import LONGEST_TAG, TAG_CHARS, ImapCursor, atom
from postroom.proto.imap.syntax import SYNTAX
from postroom.proto.imap.verb import NO_NUMBERS, State, Verb
from postroom.proto.imap.verbs import VERBS
from postroom.wire.cursor import GrammarError

HTTP: Final = (b"GET ", b"POST ", b"PUT ", b"HEAD ", b"OPTIONS ", b"CONNECT ", b"DELETE ", b"PATCH ")


class Bad(msgspec.Struct, frozen=True):
    """It is no command, and why; `code` is a response code."""

    words: str
    code: str = ""


def tag_of(line: bytes) -> bytes:
    """The tag at the beginning of a line; `*` when there is none."""
    cursor = ImapCursor(line)
    tag = cursor.take_while(TAG_CHARS, LONGEST_TAG)
    return tag if tag and (cursor.at_end or cursor.peek(b" ")) else b"*"


def parse(line: bytes, state: State, *, utf8: bool, uid_only: bool = False) -> Given | Bad:
    """Reads one command; `utf8` as in `ImapCursor`. `uid_only`: sequence numbers may not be used (RFC 9586 §3)."""
    cursor = ImapCursor(line, utf8=utf8)
    if not cursor.take_while(TAG_CHARS, LONGEST_TAG) or not cursor.accept(b" "):
        return Bad("A command is a tag, a space and a verb, such as: a1 NOOP")
    name = b""
    try:
        name, verb = _verb(cursor)
        if verb is None:
            return Bad(f"Unknown command; {state.value}, there are: {_known(state)}")
        if state not in verb.states:
            return Bad(_elsewhere(state, verb))
        if verb.by_number and uid_only:
            return Bad(NO_NUMBERS, "UIDREQUIRED")
        command = verb.parse(cursor)
        cursor.end()
    except GrammarError as error:
        words = str(error)
        missing = error.position >= len(line) and error.expected.startswith("a space") and name in SYNTAX
        return Bad(words[0].upper() + words[1:] + (f": {SYNTAX[name]}" if missing else ""))
    return Given(command, name, verb.expunges)


def _elsewhere(state: State, verb: Verb) -> str:
    if state is State.NOT_AUTHENTICATED:
        return "Log in first"
    return "Select a mailbox first" if State.SELECTED in verb.states else "You are logged in already"


def _verb(cursor: ImapCursor) -> tuple[bytes, Verb | None]:
    name = atom(cursor, "a command").upper().encode()
    if name == b"UID" and cursor.accept(b" "):
        name = b"UID " + atom(cursor, "a command").upper().encode()
    return name, VERBS.get(name)


def _known(state: State) -> str:
    return " ".join(sorted(name.decode() for name, verb in VERBS.items() if state in verb.states))
