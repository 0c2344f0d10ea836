"""A server's response, whole with its literals, becomes a value.

RFC 9051 §7 and §9 (response-data), RFC 3501 §7.2 (SEARCH, which IMAP4rev2 has no more), RFC 4731 §3.1 (ESEARCH), RFC 7162 §3.2.10 (VANISHED). Data that
is not known is `Other`; data that is known and broken raises `GrammarError`, since what it said would be missed. Not here: where a response ends
(`client_collector`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from postroom.proto.imap.client_structure import envelope, structure
from postroom.proto.imap.client_tokens import plain, scalar, value, whole_number, word
from postroom.proto.imap.client_values import (
    Capabilities,
    Continue,
    Data,
    Enabled,
    Exists,
    Expunged,
    Fetched,
    Found,
    Listed,
    MailboxStatus,
    Other,
    ServerResponse,
    Status,
    Vanished,
)
from postroom.proto.imap.grammar import ImapCursor
from postroom.proto.imap.sets import joined, uid_set
from postroom.wire.utf7 import Utf7Error, decode_utf7

CONDITIONS: Final = frozenset({"OK", "NO", "BAD", "PREAUTH", "BYE"})


def parse_response(text: bytes, *, utf8: bool = False) -> ServerResponse:
    """Reads a response; `utf8`: names are UTF-8 as they stand (RFC 9051 §5.1). Raises `GrammarError`."""
    c = ImapCursor(text, utf8=utf8)
    if c.accept(b"+"):
        c.accept(b" ")
        return Continue(c.rest().decode("utf-8", "replace"))
    if c.accept(b"* "):
        return _untagged(c)
    tag = scalar(c)
    c.sp()
    condition = word(c, "OK, NO or BAD")
    if not isinstance(tag, str) or condition not in {"OK", "NO", "BAD"}:
        raise c.error("OK, NO or BAD")
    return _status(c, tag, condition)


def capabilities(argument: str) -> Capabilities:
    """What stands behind CAPABILITY, in a response or in a response code."""
    return Capabilities(frozenset(argument.upper().split()))


def _untagged(c: ImapCursor) -> Data | Status:
    keyword = word(c, "a response")
    number = whole_number(keyword)
    if number is not None:
        c.sp()
        keyword = word(c, "EXISTS, EXPUNGE or FETCH")
        numbered = _NUMBERED.get(keyword)
        return numbered(c, number) if numbered else Other(keyword)
    if keyword in CONDITIONS:
        return _status(c, "", keyword)
    read = _DATA.get(keyword)
    return read(c) if read else Other(keyword)


def _status(c: ImapCursor, tag: str, condition: str) -> Status:
    c.accept(b" ")
    rest = c.rest().decode("utf-8", "replace")
    code, argument = "", ""
    if rest.startswith("[") and (end := rest.find("]")) > 0:
        code, _, argument = rest[1:end].partition(" ")
        rest = rest[end + 1 :].lstrip(" ")
    return Status(tag, condition, rest, code.upper(), argument)


def _capability(c: ImapCursor) -> Capabilities:
    return capabilities(c.rest().decode("ascii", "replace"))


def _enabled(c: ImapCursor) -> Enabled:
    return Enabled(capabilities(c.rest().decode("ascii", "replace")).names)


def _list(c: ImapCursor) -> Listed:
    # mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox  RFC 9051 §9
    c.sp()
    attributes = value(c)
    c.sp()
    delimiter = plain(scalar(c))
    c.sp()
    found = attributes if isinstance(attributes, list) else []
    return Listed(_name(c, scalar(c)), delimiter, frozenset(plain(one).lower() for one in found))


def _status_data(c: ImapCursor) -> MailboxStatus:
    c.sp()
    name = _name(c, scalar(c))
    c.sp()
    found = value(c)
    values = found if isinstance(found, list) else []
    pairs = zip(values[::2], values[1::2], strict=False)
    numbers = {plain(key).upper(): whole_number(number) for key, number in pairs}
    return MailboxStatus(name, {key: number for key, number in numbers.items() if number is not None})


def _name(c: ImapCursor, found: bytes | str | None) -> str:
    """A mailbox's name; one that is not what it should be stays as it came, so that it can be named all the same."""
    name = "NIL" if found is None else plain(found)
    if not c.utf8 and name.isascii():
        try:
            name = decode_utf7(name)
        except Utf7Error:
            pass
    return "INBOX" if name.upper() == "INBOX" else name


def _search(c: ImapCursor) -> Found:
    # RFC 3501 §7.2.5; RFC 7162 §3.1.5 puts (MODSEQ n) behind it
    numbers = []
    while c.accept(b" ") and not c.at_end and not c.peek(b"("):
        numbers.append(c.number(10, "a number of a message"))
    return Found(joined((one, one) for one in numbers))


def _esearch(c: ImapCursor) -> Found:
    # esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)     RFC 9051 §9
    found: list[tuple[int, int]] = []
    if c.accept(b" ("):
        c.position -= 1
        value(c)
    c.accept_keyword(b" UID")
    while c.accept(b" ") and not c.at_end:
        name = word(c, "ALL, COUNT, MIN or MAX")
        c.sp()
        if name == "ALL":
            found = uid_set(c)
        else:
            value(c)
    return Found(found)


def _vanished(c: ImapCursor) -> Vanished:
    c.accept_keyword(b" (EARLIER)")
    c.sp()
    return Vanished(uid_set(c))


def _fetch(c: ImapCursor, number: int) -> Fetched:
    # msg-att = "(" (msg-att-dynamic / msg-att-static) *(SP …) ")"                            RFC 9051 §9
    c.sp()
    c.expect(b"(", "a list in parentheses")
    facts: dict[str, object] = {}
    sections: dict[str, bytes | None] = {}
    while not c.accept(b")"):
        c.spaces()
        name = c.take_until(b" [()").decode("ascii", "replace").upper()
        if not name:
            raise c.error("the name of a data item")
        if c.peek(b"["):
            name += _section(c)
        c.sp()
        found = value(c)
        if "[" in name:
            sections[name] = (
                found.encode() if isinstance(found, str) else found if isinstance(found, bytes) else None
            )
        elif name in _ITEMS:
            facts[_ITEMS[name][0]] = _ITEMS[name][1](found)
    return Fetched(number, sections=sections, **facts)  # type: ignore[arg-type]


def _section(c: ImapCursor) -> str:
    """`[HEADER.FIELDS (FROM TO)]<0>` in upper case, quotes left out."""
    text = c.take_until(b"]\r\n").decode("utf-8", "replace")
    c.expect(b"]", "the end of the section")
    origin = c.take_until(b" ").decode("ascii", "replace") if c.peek(b"<") else ""
    return f"{text}]{origin}".upper().replace('"', "")


def _flags(found: object) -> tuple[str, ...]:
    return tuple(plain(one) for one in found) if isinstance(found, list) else ()


def _exists(_: ImapCursor, number: int) -> Data:
    return Exists(number)


def _expunge(_: ImapCursor, number: int) -> Data:
    return Expunged(number)


_ITEMS: Final[dict[str, tuple[str, Callable[[object], object]]]] = {
    "UID": ("uid", lambda found: whole_number(found) or 0),
    "FLAGS": ("flags", _flags),
    "RFC822.SIZE": ("size", whole_number),
    "ENVELOPE": ("envelope", envelope),
    "BODYSTRUCTURE": ("structure", structure),
}
_NUMBERED: Final[dict[str, Callable[[ImapCursor, int], Data]]] = {
    "EXISTS": _exists,
    "EXPUNGE": _expunge,
    "FETCH": _fetch,
}
_DATA: Final[dict[str, Callable[[ImapCursor], Data]]] = {
    "CAPABILITY": _capability,
    "ENABLED": _enabled,
    "LIST": _list,
    "STATUS": _status_data,
    "SEARCH": _search,
    "ESEARCH": _esearch,
    "VANISHED": _vanished,
}
