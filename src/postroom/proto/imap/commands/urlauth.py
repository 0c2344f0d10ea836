"""Commands about URLs that carry an authorization: GENURLAUTH, RESETKEY, URLFETCH.

RFC 4467 §7 and §9. Not here: whether a URL is good, and URLs themselves (`proto.imap.urls`).
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap.grammar import ImapCursor, astring, keyword, mailbox, text
from postroom.proto.imap.verb import AFTER, Command, Verb

MAX_URLS: Final = 100  # of one command


class GenUrlAuth(Command, frozen=True):
    """Pairs of a URL up to its authorization, and a mechanism in upper case."""

    rumps: tuple[tuple[str, str], ...]


class ResetKey(Command, frozen=True):
    """`mailbox` None: of all mailboxes. `mechanisms` in upper case."""

    mailbox: str | None = None
    mechanisms: tuple[str, ...] = ()


class UrlFetch(Command, frozen=True):
    """Whole URLs."""

    urls: tuple[str, ...]


def _url(c: ImapCursor) -> str:
    return text(astring(c, "a URL"), c, "a URL")


def _gen(c: ImapCursor) -> GenUrlAuth:
    found: list[tuple[str, str]] = []
    while not found or c.accept(b" "):
        if not found:
            c.sp()
        url = _url(c)
        c.sp()
        found.append((url, keyword(c, "a mechanism, such as INTERNAL").decode()))
        _count(c, found)
    return GenUrlAuth(tuple(found))


def _reset(c: ImapCursor) -> ResetKey:
    if not c.accept(b" "):
        return ResetKey()
    name = mailbox(c)
    mechanisms: list[str] = []
    while c.accept(b" "):
        mechanisms.append(keyword(c, "a mechanism, such as INTERNAL").decode())
        _count(c, mechanisms)
    return ResetKey(name, tuple(mechanisms))


def _fetch(c: ImapCursor) -> UrlFetch:
    c.sp()
    found = [_url(c)]
    while c.accept(b" "):
        found.append(_url(c))
        _count(c, found)
    return UrlFetch(tuple(found))


def _count(c: ImapCursor, found: list[str] | list[tuple[str, str]]) -> None:
    if len(found) > MAX_URLS:
        raise c.error(f"at most {MAX_URLS} of them")


VERBS: Final = {
    b"GENURLAUTH": Verb(_gen, AFTER, "RFC 4467 §7", "URLAUTH"),
    b"RESETKEY": Verb(_reset, AFTER, "RFC 4467 §7", "URLAUTH"),
    b"URLFETCH": Verb(_fetch, AFTER, "RFC 4467 §7", "URLAUTH"),
}
