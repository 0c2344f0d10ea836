"""A Received field that anybody has written, read: from whom, by whom, how, when, and whether encrypted.

RFC 5321 §4.4 (the clauses), RFC 3848 and RFC 6531 §4.3 (what WITH tells of TLS), RFC 5322 §3.6.7. Much is written otherwise than the RFC has it, so that
what cannot be read is "", and nothing is raised. Linear and bounded. Not here: our own fields, as they are written (`trace`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from postroom.message.headers.dates import parse_date
from postroom.message.printable import printable

MAX_RECEIVED: Final = 8_192  # octets of a field that are looked at
MAX_VALUE: Final = 300  # characters of a value

_CLAUSES: Final = frozenset(("from", "by", "via", "with", "id", "for"))
_PIECE: Final = re.compile(r"[^()\\]++|\\.?|[()]", re.DOTALL)
_WORD: Final = re.compile(r"[^\s()]++")
_IP: Final = re.compile(
    r"\[(?:IPv6:)?([0-9A-Fa-f:.]{3,45})\]|(?<![\w.:-])((?:[0-9]{1,3}\.){3}[0-9]{1,3})(?![\w.-])"
)
_TLS: Final = re.compile(r"\bTLS|\bSSL|\bcipher\b", re.IGNORECASE)
_VERSION: Final = re.compile(r"(?:TLS|SSL)[ _v=]{0,3}([0-9](?:[._][0-9])?)", re.IGNORECASE)
_SECURE: Final = re.compile(r"(?:UTF8)?(?:ESMTP|SMTP|LMTP)SA?|HTTPS", re.IGNORECASE)
_OPEN: Final = re.compile(r"(?:UTF8)?(?:ESMTP|SMTP|LMTP)A?", re.IGNORECASE)
_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,250}[A-Za-z0-9])?")


class Received(msgspec.Struct, frozen=True, rename="camel"):
    """One hop. `at`: unix seconds; `tls`: None when nothing is said of it; `reverse`: the name of the address, as the one who wrote has found it."""

    helo: str = ""
    reverse: str = ""
    ip: str = ""
    by: str = ""
    protocol: str = ""
    id: str = ""
    recipient: str = ""
    at: int | None = None
    tls: bool | None = None
    tls_version: str = ""
    login: bool = False


class _Token(NamedTuple):
    text: str
    comment: bool


def read_received(value: bytes) -> Received:
    """Reads an unfolded value."""
    text = value[:MAX_RECEIVED].decode("utf-8", "replace")
    head, _, date = text.rpartition(";")
    if not head:
        head, date = text, ""
    said: dict[str, str] = {}
    comments: dict[str, str] = {}
    clause = ""
    for token in _tokens(head):
        if token.comment:
            comments[clause] = f"{comments.get(clause, '')} {token.text}"
        elif token.text.lower() in _CLAUSES and token.text.lower() not in said:
            clause = token.text.lower()
            said[clause] = ""
        elif clause and not said[clause]:
            said[clause] = token.text
    return _made(said, comments, date)


def _made(said: dict[str, str], comments: dict[str, str], date: str) -> Received:
    moment = parse_date(date.strip())
    origin = comments.get("from", "")
    helo = _shown(said.get("from", ""))
    found = _IP.search(origin) or _IP.search(helo)
    protocol = _shown(said.get("with", ""))
    about = " ".join(comments.values())
    version = _VERSION.search(about)
    name = _NAME.match(origin.strip())
    return Received(
        helo=helo,
        reverse=name[0] if name is not None and "." in name[0] and name[0] != _ip(found) else "",
        ip=_ip(found),
        by=_shown(said.get("by", "")),
        protocol=protocol,
        id=_shown(said.get("id", "")),
        recipient=_shown(said.get("for", "").strip("<>")),
        at=None if moment is None else moment.seconds,
        tls=_encrypted(protocol, about),
        tls_version="" if version is None else version[1].replace("_", "."),
        login=bool(_SECURE.fullmatch(protocol) or _OPEN.fullmatch(protocol))
        and protocol.upper().endswith("A"),
    )


def _encrypted(protocol: str, about: str) -> bool | None:
    if _SECURE.fullmatch(protocol) or _TLS.search(about):
        return True
    return False if _OPEN.fullmatch(protocol) else None


def _ip(found: re.Match[str] | None) -> str:
    return "" if found is None else (found[1] or found[2])


def _shown(value: str) -> str:
    return printable(value, MAX_VALUE)


def _tokens(text: str) -> Iterator[_Token]:
    """Words, and comments with what lies in them (RFC 5322 §3.2.2); one that is not closed reaches to the end."""
    depth, inside = 0, ""
    for piece in _PIECE.findall(text):
        if piece == "(":
            depth += 1
            inside += "(" if depth > 1 else ""
        elif piece == ")" and depth:
            depth -= 1
            if depth:
                inside += ")"
            else:
                yield _Token(inside, comment=True)
                inside = ""
        elif depth:
            inside += piece
        else:
            yield from (_Token(word, comment=False) for word in _WORD.findall(piece))
    if inside:
        yield _Token(inside, comment=True)
