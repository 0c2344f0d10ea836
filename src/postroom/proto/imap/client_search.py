"""A query of people as the keys of SEARCH (RFC 9051 §6.4.4).

Days are the server's: SEARCH knows no others, so ages are told by the day, too. Not here: reading the query (`message.query.language`), SEARCH itself (`client_commands`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import msgspec

from postroom.message.query.language import All, AnyOf, Not, Term, Tree, fold
from postroom.message.query.operators import HEADERS, size_of
from postroom.proto.imap.client_commands import Part, search_day, string

_DAYS: Final = {"h": 1 / 24, "d": 1, "w": 7, "m": 30.5, "y": 365.25}
_STATES: Final[Mapping[str, bytes]] = {
    "unread": b"UNSEEN",
    "read": b"SEEN",
    "starred": b"FLAGGED",
    "unstarred": b"UNFLAGGED",
    "answered": b"ANSWERED",
    "unanswered": b"UNANSWERED",
    "forwarded": b"KEYWORD $Forwarded",
    "draft": b"DRAFT",
    "important": b"KEYWORD $Important",
    "muted": b"KEYWORD $Muted",
    "junk": b"KEYWORD $Junk",
    "phishing": b"KEYWORD $Phishing",
}
_FIELDS: Final = {
    "": b"TEXT",
    "from": b"FROM",
    "to": b"TO",
    "cc": b"CC",
    "bcc": b"BCC",
    "subject": b"SUBJECT",
    "body": b"BODY",
}
NOT_HERE: Final[Mapping[str, str]] = {  # what SEARCH cannot ask for, and what to do instead
    "in": "name the folder with --folder",
    "under": "name the folder with --folder",
    "has": "IMAP cannot ask for attachments; larger:100K finds most of them",
}


class NotSearchable(Exception):
    """A term that SEARCH does not know; the words say what to do instead."""


class Said(msgspec.Struct, frozen=True):
    """How a server is spoken to: UTF-8 in quoted strings, and what day it is."""

    utf8: bool
    today: dt.date


def search_keys(tree: Tree, said: Said) -> list[Part]:
    """The keys, with spaces between them. Raises `NotSearchable`."""
    if tree == All(()):
        return [b"ALL"]
    return fold(tree, lambda term: _term(term, said), _joined)


def texts(tree: Tree) -> list[str]:
    """Everything in a query that may not be ASCII."""
    return fold(
        tree, lambda term: [term.value, term.of], lambda _, below: [text for one in below for text in one]
    )


def _joined(node: Tree, below: list[list[Part]]) -> list[Part]:
    if isinstance(node, Not):
        return [b"NOT ", *below[0]]
    if isinstance(node, AnyOf):  # OR takes two
        parts = below[-1]
        for one in reversed(below[:-1]):
            parts = [b"OR ", *one, b" ", *parts]
        return parts
    spaced = [part for one in below for part in (b" ", *one)]
    return [b"(", *spaced[1:], b")"]


def _term(term: Term, said: Said) -> list[Part]:
    value = string(term.value, utf8=said.utf8)
    if term.name in NOT_HERE:
        raise NotSearchable(f"{term.name}: cannot be searched for by IMAP; {NOT_HERE[term.name]}")
    if term.name in _FIELDS:
        return [_FIELDS[term.name], b" ", value]
    if term.name == "header" or term.name in HEADERS:
        return [b"HEADER ", string(HEADERS.get(term.name, term.of), utf8=said.utf8), b" ", value]
    if term.name == "label":
        return [b"KEYWORD " + term.value.encode()]
    if term.name == "is":
        return [_STATES[term.value]]
    if term.name in ("larger", "smaller"):
        size = size_of(term.value)
        return [b"LARGER %d" % max(0, size - 1) if term.name == "larger" else b"SMALLER %d" % size]
    return [_day(term, said.today)]


def _day(term: Term, today: dt.date) -> bytes:
    if term.name in ("older_than", "newer_than"):
        try:
            day = today - dt.timedelta(days=int(int(term.value[:-1]) * _DAYS[term.value[-1]]))
        except OverflowError:
            day = dt.date(1970, 1, 1)
        word = b"BEFORE" if term.name == "older_than" else b"SINCE"
    else:
        past = {"today": 0, "yesterday": 1}.get(term.value)
        day = dt.date.fromisoformat(term.value) if past is None else today - dt.timedelta(days=past)
        word = {"before": b"BEFORE", "after": b"SINCE", "on": b"ON"}[term.name]
    return b"%b %b" % (word, search_day(day))
