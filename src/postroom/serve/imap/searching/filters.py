"""Searches that a client has stored under a name, in the place of FILTER.

RFC 5466 §3: the value of the server annotation /private/filters/values/NAME, else of /shared/filters/values/NAME. A filter may name others; what is
nested deeper, missing, or no search counts as missing. What comes out has the limits of one search. Not here: how filters are stored (`metadata`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from postroom.message.query.query import And, Fuzzy, Key, Not, Or, leaves
from postroom.proto.imap.grammar import MAX_DEPTH, ImapCursor
from postroom.proto.imap.search_keys import CHARSETS, MAX_KEYS, Program, Stored, program
from postroom.serve.imap.conversation.conversation import Conversation, Refusal
from postroom.store.mailboxes.annotations import ACCOUNT, read
from postroom.store.mailboxes.rights import MailboxRef
from postroom.wire.cursor import GrammarError

PASSES: Final = 3  # filters within filters, RFC 5466 §3.1

_PLACES: Final = ("/private/filters/values/", "/shared/filters/values/")
_WITH_UTF8: Final = frozenset({"", "UTF-8", "US-ASCII"})


async def filled(conversation: Conversation, asked: Program) -> Key:
    """The tree of a program with the stored searches in their places. Raises `Refusal`."""
    wanted = _names(asked.key)
    if not wanted:
        return asked.key
    if asked.charset.upper() not in _WITH_UTF8:
        raise Refusal("FILTER is in UTF-8", f"BADCHARSET ({CHARSETS})", "BAD")
    who = conversation.account_id
    notes = await read(conversation.reading, MailboxRef(who, ACCOUNT, who))
    levels: list[dict[str, Key]] = []
    for _ in range(PASSES):
        levels.append({name: _stored(notes, name) for name in wanted})
        wanted = sorted({inner for key in levels[-1].values() for inner in _names(key)})
        if not wanted:
            break
    else:
        raise _undefined(wanted[0])
    known: dict[str, Key] = {}
    for level in reversed(levels):
        known.update({name: _replaced(key, known) for name, key in level.items()})
    return _replaced(asked.key, known)


def _names(key: Key) -> list[str]:
    return sorted({leaf.name for leaf in leaves(key) if isinstance(leaf, Stored)})


def _stored(notes: Mapping[str, bytes], name: str) -> Key:
    value = next((notes[place + name.lower()] for place in _PLACES if place + name.lower() in notes), None)
    if value is None:
        raise _undefined(name)
    try:
        return program(ImapCursor(b" " + value)).key
    except GrammarError:
        raise _undefined(name) from None


def _undefined(name: str) -> Refusal:
    return Refusal("There is no such filter, or it is no search", f"UNDEFINED-FILTER {name}")


def _replaced(key: Key, known: Mapping[str, Key]) -> Key:
    """The tree with keys in the place of names, if it is small enough for one search then."""
    size = depth = 0
    waiting: list[tuple[Key, int]] = [(key, 0)]
    while waiting:
        one, level = waiting.pop()
        size, depth = size + 1, max(depth, level)
        if size > MAX_KEYS or depth > MAX_DEPTH:
            raise Refusal("With its filters this is too long a search", "LIMIT")
        if isinstance(one, Stored):
            waiting.append((known[one.name], level))
        elif isinstance(one, And | Or):
            waiting += [(inner, level + 1) for inner in one.keys]
        elif isinstance(one, Not | Fuzzy):
            waiting.append((one.key, level + 1))
    return _substituted(key, known)


def _substituted(key: Key, known: Mapping[str, Key]) -> Key:
    match key:
        case Stored(name=name):
            return known[name]
        case And(keys=keys):
            return And(tuple([_substituted(one, known) for one in keys]))
        case Or(keys=keys):
            return Or(tuple([_substituted(one, known) for one in keys]))
        case Not(key=inner):
            return Not(_substituted(inner, known))
        case Fuzzy(key=inner):
            return Fuzzy(_substituted(inner, known))
        case _:
            return key
