"""GETQUOTA, GETQUOTAROOT and SETQUOTA.

RFC 9208 §4.1, §7. Not here: who may set a quota, which resources there are (`serve.imap.mailboxes.quota`).
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap.grammar import (
    ImapCursor,
    astring,
    keyword,
    mailbox,
    number64,
    parenthesized,
    text,
)
from postroom.proto.imap.verb import AFTER, Command, Verb


class GetQuota(Command, frozen=True):
    """GETQUOTA."""

    root: str


class GetQuotaRoot(Command, frozen=True):
    """GETQUOTAROOT."""

    mailbox: str


class SetQuota(Command, frozen=True):
    """SETQUOTA: the names of resources in upper case, and their limits."""

    root: str
    limits: tuple[tuple[str, int], ...]


def _get_quota(c: ImapCursor) -> GetQuota:
    c.sp()
    return GetQuota(text(astring(c, "a quota root"), c, "a quota root"))


def _get_quota_root(c: ImapCursor) -> GetQuotaRoot:
    c.sp()
    return GetQuotaRoot(mailbox(c))


def _set_quota(c: ImapCursor) -> SetQuota:
    c.sp()
    root = text(astring(c, "a quota root"), c, "a quota root")
    c.sp()
    return SetQuota(root, tuple(parenthesized(c, _limit)))


def _limit(c: ImapCursor) -> tuple[str, int]:
    resource = keyword(c, "a resource, such as STORAGE").decode()
    c.sp()
    return resource, number64(c, "its limit")


VERBS: Final = {
    b"GETQUOTA": Verb(_get_quota, AFTER, "RFC 9208 §4.1.1", "QUOTA"),
    b"GETQUOTAROOT": Verb(_get_quota_root, AFTER, "RFC 9208 §4.1.2", "QUOTA"),
    b"SETQUOTA": Verb(_set_quota, AFTER, "RFC 9208 §4.1.3", "QUOTASET"),
}
