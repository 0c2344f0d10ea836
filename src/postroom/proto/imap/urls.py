"""IMAP URLs of messages and their parts, read and written.

RFC 5092 §6 and §11 (syntax), §6.1 (URLAUTH), RFC 5550 §3 (PARTIAL). Absolute ones name a user and a server, the others begin with a path or, within a
selected mailbox, with a uid. Not here: lists of messages and searches, which nothing here asks for; what a URL leads to.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from postroom.proto.imap.grammar import ImapCursor, date_time
from postroom.proto.imap.sections import WHOLE, Section, section
from postroom.wire.cursor import GrammarError

_SERVER: Final = re.compile(r"imap://(?:([^@/;]*)(?:;AUTH=[^@/]*)?@)?([^@/?#]+)/", re.IGNORECASE)
_MESSAGE: Final = re.compile(
    r"(?P<box>(?:/[^;]*[^;/])?)(?:;UIDVALIDITY=(?P<validity>[0-9]{1,10}))?(?P<slash>/?);UID=(?P<uid>[0-9]{1,10})"
    r"(?:/;SECTION=(?P<section>[^;]+?))?(?:/;PARTIAL=(?P<first>[0-9]{1,19})(?:\.(?P<length>[0-9]{1,19}))?)?"
    r"(?P<rump>(?:;EXPIRE=(?P<expire>[^;]{1,40}))?;URLAUTH=(?P<access>[^:;]+))?"
    r"(?::(?P<mechanism>[A-Za-z0-9.-]+):(?P<token>[0-9A-Fa-f]{32,}))?\Z",
    re.IGNORECASE,
)  # each part begins with what the one before it cannot hold
_ISO: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})\Z"
)
_MONTHS: Final = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_UNSAFE: Final = re.compile(r"[^!#-\[^-~]|\[|\]")


class BadUrl(ValueError):
    """It is no URL of a message."""


class ImapUrl(msgspec.Struct, frozen=True):
    """`host` "" for one that is not absolute; `mailbox` "" for the selected one. `partial`: the first octet, and how many, None for all.

    `access`, with `expire` (unix microseconds), `mechanism` and `token` in lower case, are of URLAUTH; `rump` is all up to the mechanism.
    """

    mailbox: str
    uid: int
    uidvalidity: int | None = None
    section: Section = WHOLE
    partial: tuple[int, int | None] | None = None
    user: str = ""
    host: str = ""
    expire: int | None = None
    access: str = ""
    mechanism: str = ""
    token: str = ""
    rump: str = ""


def parse_url(url: str) -> ImapUrl:
    """Reads one. Raises `BadUrl`."""
    server = _SERVER.match(url)
    path = url[server.end() - 1 :] if server else url
    found = _MESSAGE.match(path)
    if found is None or bool(found["box"]) != bool(found["slash"]) or (server and not found["box"]):
        raise BadUrl
    if found["mechanism"] and not found["access"]:
        raise BadUrl
    uid, validity = int(found["uid"]), found["validity"]
    if not uid or (validity is not None and not int(validity)) or (validity and not found["box"]):
        raise BadUrl
    rump = url if found["mechanism"] is None else url[: len(url) - len(path) + found.start("mechanism") - 1]
    return ImapUrl(
        _mailbox(found["box"]),
        uid,
        None if validity is None else int(validity),
        _section(found["section"]),
        _partial(found["first"], found["length"]),
        _decoded((server[1] or "") if server else ""),
        server[2] if server else "",
        _moment(found["expire"]),
        _decoded(found["access"] or ""),
        (found["mechanism"] or "").upper(),
        (found["token"] or "").lower(),
        rump if found["access"] else "",
    )


def shown(url: str) -> str:
    """A URL as a response code can hold it (RFC 4469 §5): what cannot stand there is encoded."""
    return _UNSAFE.sub(lambda found: quote(found[0], safe=""), url)


def _decoded(text: str) -> str:
    try:
        found = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise BadUrl from None
    if "\0" in found:
        raise BadUrl
    return found


def _mailbox(box: str) -> str:
    if not box:
        return ""
    found = _decoded(box[1:])
    if not found:
        raise BadUrl
    first, slash, rest = found.partition("/")
    return f"INBOX{slash}{rest}" if first.upper() == "INBOX" else found


def _section(text: str | None) -> Section:
    if text is None:
        return WHOLE
    c = ImapCursor(b"[%b]" % _decoded(text).encode())
    try:
        found = section(c)
        c.end()
    except GrammarError:
        raise BadUrl from None
    return found


def _partial(first: str | None, length: str | None) -> tuple[int, int | None] | None:
    if first is None:
        return None
    if length is not None and not int(length):
        raise BadUrl
    return int(first), None if length is None else int(length)


def _moment(text: str | None) -> int | None:
    """A date and time of RFC 3339 §5.6 as unix microseconds, whole seconds."""
    if text is None:
        return None
    found = _ISO.match(_decoded(text).upper())
    if found is None or not 1 <= int(found[2]) <= len(_MONTHS):
        raise BadUrl
    year, month, day, time, zone = found.groups()
    zone = "+0000" if zone == "Z" else zone.replace(":", "")
    try:
        return date_time(ImapCursor(f'"{day}-{_MONTHS[int(month) - 1]}-{year} {time} {zone}"'.encode()))
    except GrammarError:
        raise BadUrl from None
