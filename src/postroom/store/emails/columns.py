"""What summaries say of many emails, a value each: looked up once, and kept, since it never changes.

RFC 8621 §4.4.1 and §4.4.2 (what is filtered and sorted by). Not here: what changes (`roster`), whole summaries (`emails.contents`).
"""

from __future__ import annotations

import asyncio
import enum
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import msgspec

from postroom.message.encodings.casemap import ascii_casemap, casemap
from postroom.message.headers.header import spaced
from postroom.message.summary.summary import Person, Summary, summarize
from postroom.message.summary.words import people
from postroom.store.emails import emails
from postroom.store.store import Store

AT_ONCE: Final = 500  # emails between two turns of others
MOST_VALUES: Final = 2_000_000  # that are kept of all columns and accounts together
LONG: Final = 1_000  # characters of a value that is kept; a longer one is read each time, since whoever sends mail decides how long it is


class Column(enum.Enum):
    """What is kept: people as they are looked through or sorted by, case-folded."""

    FROM = "from"
    TO = "to"
    CC = "cc"
    BCC = "bcc"
    SUBJECT = "subject"
    FIRST_FROM = "first from"
    FIRST_TO = "first to"
    BASE_SUBJECT = "base subject"
    FIRST_FROM_ASCII = "first from, i;ascii-casemap"
    FIRST_TO_ASCII = "first to, i;ascii-casemap"
    BASE_SUBJECT_ASCII = "base subject, i;ascii-casemap"
    SENT = "sent"
    ATTACHMENT = "attachment"


def _people(found: Sequence[Person], groups: Sequence[str] = ()) -> str:
    """The mailboxes of a field, and its groups by name."""
    return casemap(spaced(", ".join([people(list(found)), *(f"{name}:" for name in groups)])))


def _first(found: Sequence[Person]) -> str:
    return (found[0].name or found[0].email) if found else ""


VALUES: Final[dict[Column, Callable[[Summary], Any]]] = {
    Column.FROM: lambda one: _people(one.told.from_, one.told.groups.get("from", ())),
    Column.TO: lambda one: _people(one.told.to, one.told.groups.get("to", ())),
    Column.CC: lambda one: _people(one.told.cc, one.told.groups.get("cc", ())),
    Column.BCC: lambda one: _people(one.told.bcc, one.told.groups.get("bcc", ())),
    Column.SUBJECT: lambda one: casemap(spaced(one.told.subject)),
    Column.FIRST_FROM: lambda one: casemap(_first(one.told.from_)),
    Column.FIRST_TO: lambda one: casemap(_first(one.told.to)),
    Column.BASE_SUBJECT: lambda one: casemap(one.told.base_subject),
    Column.FIRST_FROM_ASCII: lambda one: ascii_casemap(_first(one.told.from_)),
    Column.FIRST_TO_ASCII: lambda one: ascii_casemap(_first(one.told.to)),
    Column.BASE_SUBJECT_ASCII: lambda one: ascii_casemap(one.told.base_subject),
    Column.SENT: lambda one: one.told.sent_at.seconds if one.told.sent_at is not None else 0,
    Column.ATTACHMENT: lambda one: one.has_attachment,
}


class EmailColumns:
    """The values that were asked for last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, Column], dict[int, Any]] = OrderedDict()

    async def values(
        self, store: Store, account_id: int, column: Column, email_ids: Collection[int]
    ) -> dict[int, Any]:
        """A column's values of at least these emails, by email; those that are gone may be missing."""
        kept = self._kept.setdefault((account_id, column), {})
        self._kept.move_to_end((account_id, column))
        wanted = [email_id for email_id in email_ids if email_id not in kept]
        value = VALUES[column]
        long: dict[int, Any] = {}
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            found = await emails.contents(store.engine.reading(), account_id, part)
            for email_id, content in found.items():
                summary = _read(content.summary) or await _anew(store, account_id, email_id)
                one = value(summary)
                (long if isinstance(one, str) and len(one) > LONG else kept)[email_id] = one
            await asyncio.sleep(0)
        self._forget()
        return kept | long if long else kept

    def _forget(self) -> None:
        total = sum(map(len, self._kept.values()))
        while len(self._kept) > 1 and total > MOST_VALUES:
            _, oldest = self._kept.popitem(last=False)
            total -= len(oldest)


def _read(packed: bytes) -> Summary | None:
    try:
        return Summary.unpack(packed)
    except msgspec.DecodeError:
        return None  # of another version


async def _anew(store: Store, account_id: int, email_id: int) -> Summary:
    raw = await store.read_email(account_id, email_id)
    return await asyncio.to_thread(summarize, raw or b"")
