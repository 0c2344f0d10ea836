"""LIST in its basic and extended forms, and LSUB.

RFC 9051 §6.3.9, RFC 3501 §6.3.9 (LSUB), RFC 5258 §3 (LIST-EXTENDED), RFC 6154 §5.1 (SPECIAL-USE), RFC 5819 §2 (STATUS), RFC 9590 §3 (METADATA), RFC 8440 §3
(MYRIGHTS). Not here: how patterns match (`proto.imap.patterns`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from postroom.proto.imap.commands.mailboxes import status_items
from postroom.proto.imap.commands.metadata import entry
from postroom.proto.imap.grammar import ImapCursor, keyword, list_mailbox, mailbox, parenthesized
from postroom.proto.imap.verb import AFTER, Command, Verb

MAX_PATTERNS: Final = 100  # of one LIST
MAX_PATTERN_CHARS: Final = (
    20_000  # of all of them, each with the reference before it: they become numbers of as many bits
)
_SELECT: Final = frozenset((b"SUBSCRIBED", b"REMOTE", b"RECURSIVEMATCH", b"SPECIAL-USE"))
_BASE: Final = frozenset((b"SUBSCRIBED", b"SPECIAL-USE"))  # options by which mailboxes are selected


class List(Command, frozen=True):
    """LIST. `select` has words in upper case; `extended`: the client knows of RFC 5258, and an empty pattern is none (§3). `status` and `metadata` are
    empty where nothing was asked.
    """

    patterns: tuple[str, ...]
    select: frozenset[bytes] = frozenset()
    subscribed: bool = False
    status: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    myrights: bool = False
    extended: bool = False


class Lsub(Command, frozen=True):
    """LSUB."""

    pattern: str


Returned = tuple[bytes, tuple[str, ...]]  # a return option and its value


def _reference(c: ImapCursor) -> str:
    """Whoever types LIST * by hand has left it out."""
    if c.peek(b"*") or c.peek(b"%"):
        raise c.error('a reference before the pattern, mostly "",')
    return mailbox(c)


def _list(c: ImapCursor) -> List:
    # list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]      RFC 9051 §9
    c.sp()
    select: frozenset[bytes] = frozenset()
    extended = c.peek(b"(")
    if extended:
        select = _select(c)
        c.sp()
    reference = _reference(c)
    c.sp()
    several = c.peek(b"(")
    patterns = parenthesized(c, list_mailbox, least=1) if several else [list_mailbox(c)]
    if len(patterns) > MAX_PATTERNS:
        raise c.error(f"at most {MAX_PATTERNS} patterns")
    _check_length(c, reference, patterns)
    extended = extended or several
    returned: dict[bytes, tuple[str, ...]] = {}
    if c.accept(b" "):
        extended = True
        if not c.accept_keyword(b"RETURN"):
            raise c.error("RETURN")
        c.sp()
        returned = dict(parenthesized(c, _return))
    return List(
        tuple(reference + pattern if pattern else "" for pattern in patterns if pattern or not extended),
        select,
        b"SUBSCRIBED" in returned or b"SUBSCRIBED" in select,
        returned.get(b"STATUS", ()),
        returned.get(b"METADATA", ()),
        b"MYRIGHTS" in returned,
        extended,
    )


def _check_length(c: ImapCursor, reference: str, patterns: list[str]) -> None:
    if sum(len(reference) + len(pattern) for pattern in patterns) > MAX_PATTERN_CHARS:
        raise c.error(f"references and patterns of at most {MAX_PATTERN_CHARS} characters")


def _select(c: ImapCursor) -> frozenset[bytes]:
    start = c.position
    found = frozenset(parenthesized(c, lambda c: keyword(c, "a selection option")))
    if found - _SELECT:
        c.position = start
        raise c.error("SUBSCRIBED, REMOTE, RECURSIVEMATCH or SPECIAL-USE")
    if b"RECURSIVEMATCH" in found and not found & _BASE:
        c.position = start
        raise c.error("SUBSCRIBED or SPECIAL-USE beside RECURSIVEMATCH")
    return found


def _return(c: ImapCursor) -> Returned:
    start = c.position
    word = keyword(c, "a return option")
    if word not in _RETURN:
        c.position = start
        raise c.error("SUBSCRIBED, CHILDREN, SPECIAL-USE, STATUS, METADATA or MYRIGHTS")
    value = _RETURN[word]
    if value is None:
        return word, ()
    c.sp()
    return word, value(c)


def _entries(c: ImapCursor) -> tuple[str, ...]:
    return tuple(dict.fromkeys(parenthesized(c, entry, least=1)))


_RETURN: Final[dict[bytes, Callable[[ImapCursor], tuple[str, ...]] | None]] = {
    b"SUBSCRIBED": None,
    b"CHILDREN": None,
    b"SPECIAL-USE": None,
    b"MYRIGHTS": None,
    b"STATUS": status_items,
    b"METADATA": _entries,
}


def _lsub(c: ImapCursor) -> Lsub:
    # lsub = "LSUB" SP mailbox SP list-mailbox                                     RFC 3501 §9
    c.sp()
    reference = _reference(c)
    c.sp()
    pattern = list_mailbox(c)
    _check_length(c, reference, [pattern])
    return Lsub(reference + pattern)


VERBS: Final = {
    b"LIST": Verb(_list, AFTER, "RFC 9051 §6.3.9"),
    b"LSUB": Verb(_lsub, AFTER, "RFC 3501 §6.3.9"),
}
