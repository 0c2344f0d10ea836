"""GETQUOTA and GETQUOTAROOT.

RFC 9208 §4.1.1, §4.1.2, §7. SETQUOTA is not offered (no QUOTASET): quotas are the administrator's, who does not come by IMAP.
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap.grammar import ImapCursor, astring, mailbox, text
from postroom.proto.imap.verb import AFTER, Command, Verb


class GetQuota(Command, frozen=True):
    """GETQUOTA."""

    root: str


class GetQuotaRoot(Command, frozen=True):
    """GETQUOTAROOT."""

    mailbox: str


def _get_quota(c: ImapCursor) -> GetQuota:
    c.sp()
    return GetQuota(text(astring(c, "a quota root"), c, "a quota root"))


def _get_quota_root(c: ImapCursor) -> GetQuotaRoot:
    c.sp()
    return GetQuotaRoot(mailbox(c))


VERBS: Final = {
    b"GETQUOTA": Verb(_get_quota, AFTER, "RFC 9208 §4.1.1", "QUOTA"),
    b"GETQUOTAROOT": Verb(_get_quota_root, AFTER, "RFC 9208 §4.1.2", "QUOTA"),
}
