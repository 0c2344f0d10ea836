"""FETCH and UID FETCH.

RFC 9051 §6.4.5 and §9 (fetch-att), RFC 3501 §6.4.5 (RFC822 and its kin), RFC 3516 (BINARY), RFC 7162 §3.1.4 and §3.2.6 (CHANGEDSINCE, VANISHED),
RFC 8474 §5 (EMAILID, THREADID), RFC 8514 §4.2 (SAVEDATE), RFC 8970 §3 (PREVIEW), RFC 9394 §3.3 (PARTIAL). What is asked for twice is answered once.
Not here: what the attributes of a message are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from postroom.proto.imap.grammar import ImapCursor, keyword, number64, parenthesized
from postroom.proto.imap.sections import WHOLE, Of, Section, partial, section, section_binary
from postroom.proto.imap.sets import SequenceSet, partial_range, sequence_set
from postroom.proto.imap.verb import SELECTED, Command, Verb

MAX_ATTRIBUTES: Final = 500  # different ones in one FETCH


class Attribute(msgspec.Struct, frozen=True):
    """One thing to tell of a message. `name` is a key of the table of attributes; `label` is what stands before the value.

    `partial`: the first octet and how many. `marks`: asking for it sets \\Seen.
    """

    name: str
    label: bytes
    section: Section = WHOLE
    partial: tuple[int, int] | None = None
    marks: bool = False


class Fetch(Command, frozen=True):
    """`changed_since`: only messages with a higher modseq; `vanished`: uids that have gone since are told too; `span`: PARTIAL, both ends of it
    negative when it counts from the last message. `names_uid`: UID was among the attributes that were asked for.
    """

    messages: SequenceSet
    attributes: tuple[Attribute, ...]
    by_uid: bool = False
    changed_since: int | None = None
    vanished: bool = False
    span: tuple[int, int] | None = None
    names_uid: bool = False


def _plain(name: str) -> Attribute:
    return Attribute(name, name.encode())


UID: Final = _plain("UID")
FLAGS: Final = _plain("FLAGS")
MODSEQ: Final = _plain("MODSEQ")
PLAIN: Final = {
    attribute.label: attribute
    for attribute in (
        UID,
        FLAGS,
        MODSEQ,
        *map(
            _plain,
            (
                "INTERNALDATE",
                "RFC822.SIZE",
                "ENVELOPE",
                "BODYSTRUCTURE",
                "BODY",
                "EMAILID",
                "THREADID",
                "SAVEDATE",
                "PREVIEW",
                "SNIPPET",
            ),
        ),
        # RFC 3501 §6.4.5: other names of sections
        Attribute("BODY[]", b"RFC822", marks=True),
        Attribute("BODY[]", b"RFC822.HEADER", Section(of=Of.HEADER)),
        Attribute("BODY[]", b"RFC822.TEXT", Section(of=Of.TEXT), marks=True),
    )
}
_FAST: Final = (b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE")
MACROS: Final = {
    b"FAST": tuple(PLAIN[name] for name in _FAST),
    b"ALL": tuple(PLAIN[name] for name in (*_FAST, b"ENVELOPE")),
    b"FULL": tuple(PLAIN[name] for name in (*_FAST, b"ENVELOPE", b"BODY")),
}
_NAME_CHARS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.")


def _fetch(c: ImapCursor, *, by_uid: bool = False) -> Fetch:
    # fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")") [fetch-modifiers]
    # RFC 9051 §9, RFC 4466 §2.4
    c.sp()
    messages = sequence_set(c)
    c.sp()
    found = parenthesized(c, _attribute, least=1) if c.peek(b"(") else _one(c)
    given = {UID: None} if by_uid else {}
    given.update(dict.fromkeys(found))
    changed_since, vanished, span = _modifiers(c, by_uid=by_uid)
    if changed_since is not None:  # RFC 7162 §3.1.4.1
        given[MODSEQ] = None
    if len(given) > MAX_ATTRIBUTES:
        raise c.error(f"at most {MAX_ATTRIBUTES} different attributes")
    return Fetch(messages, tuple(given), by_uid, changed_since, vanished, span, UID in found)


def _uid_fetch(c: ImapCursor) -> Fetch:
    return _fetch(c, by_uid=True)


def attributes(c: ImapCursor) -> tuple[Attribute, ...]:
    """`(` fetch-att *(SP fetch-att) `)`, each once: what is told of messages that come (RFC 5465 §5.2 and §7)."""
    found = dict.fromkeys(parenthesized(c, _attribute, least=1))
    if len(found) > MAX_ATTRIBUTES:
        raise c.error(f"at most {MAX_ATTRIBUTES} different attributes")
    return tuple(found)


def _one(c: ImapCursor) -> list[Attribute]:
    start = c.position
    macro = MACROS.get(c.take_while(_NAME_CHARS).upper())
    if macro is not None:
        return list(macro)
    c.position = start
    return [_attribute(c)]


def _attribute(c: ImapCursor) -> Attribute:
    start = c.position
    name = c.take_while(_NAME_CHARS).upper()
    if c.peek(b"["):
        sectioned = _SECTIONED.get(name)
        if sectioned is not None:
            return sectioned(c)
    elif name in PLAIN:
        if name in _MODIFIERS and c.peek(b" (") and not _modifiers_follow(c):
            c.sp()
            parenthesized(c, _MODIFIERS[name], least=1)
        return PLAIN[name]
    c.position = start
    raise c.error("an attribute of a message, such as FLAGS, ENVELOPE or BODY[],")


def _modifiers_follow(c: ImapCursor) -> bool:
    """Whether what begins here belongs to the command: the list behind an attribute that stands alone can be either's."""
    start = c.position + len(b" (")
    return c.text[start : start + _LONGEST_MODIFIER].upper().startswith(_OF_COMMAND)


def _words(*known: bytes) -> Callable[[ImapCursor], None]:
    """Modifiers that change nothing: previews are made with the summary, and there is nothing left to be lazy about."""

    def word(c: ImapCursor) -> None:
        start = c.position
        if keyword(c) not in known:
            c.position = start
            raise c.error(" or ".join(name.decode() for name in known))

    return word


_OF_COMMAND: Final = (b"CHANGEDSINCE", b"VANISHED", b"PARTIAL")
_LONGEST_MODIFIER: Final = max(map(len, _OF_COMMAND))
_MODIFIERS: Final = {
    b"PREVIEW": _words(b"LAZY"),  # RFC 8970 §6
    b"SNIPPET": _words(b"FUZZY", b"LAZY=FUZZY"),  # PREVIEW before it was a standard; Dovecot has it still
}


def _body(c: ImapCursor, *, marks: bool = True) -> Attribute:
    found = section(c)
    return _sectioned("BODY", found, partial(c), marks=marks)


def _body_peek(c: ImapCursor) -> Attribute:
    return _body(c, marks=False)


def _binary(c: ImapCursor, *, marks: bool = True) -> Attribute:
    found = section_binary(c)
    return _sectioned("BINARY", found, partial(c), marks=marks)


def _binary_peek(c: ImapCursor) -> Attribute:
    return _binary(c, marks=False)


def _binary_size(c: ImapCursor) -> Attribute:
    return _sectioned("BINARY.SIZE", section_binary(c), None, marks=False)


def _sectioned(name: str, of: Section, part: tuple[int, int] | None, *, marks: bool) -> Attribute:
    offset = b"<%d>" % part[0] if part else b""
    return Attribute(f"{name}[]", b"%b[%b]%b" % (name.encode(), of.render(), offset), of, part, marks)


_SECTIONED: Final = {
    b"BODY": _body,
    b"BODY.PEEK": _body_peek,
    b"BINARY": _binary,
    b"BINARY.PEEK": _binary_peek,
    b"BINARY.SIZE": _binary_size,
}


def _modifiers(c: ImapCursor, *, by_uid: bool) -> tuple[int | None, bool, tuple[int, int] | None]:
    changed_since: int | None = None
    span: tuple[int, int] | None = None
    vanished = False
    if not c.accept(b" "):
        return changed_since, vanished, span

    def modifier(c: ImapCursor) -> None:
        nonlocal changed_since, span, vanished
        start = c.position
        word = keyword(c, "a modifier of FETCH")
        if word == b"CHANGEDSINCE":
            c.sp()
            changed_since = number64(c, "a modseq")
        elif word == b"VANISHED" and by_uid:
            vanished = True
        elif word == b"PARTIAL" and by_uid:
            c.sp()
            span = _nearer_first(*partial_range(c))
        else:
            c.position = start
            raise c.error("CHANGEDSINCE, or with UID FETCH also VANISHED or PARTIAL,")

    parenthesized(c, modifier, least=1)
    if vanished and changed_since is None:  # RFC 7162 §3.2.6
        raise c.error("CHANGEDSINCE, which VANISHED needs,")
    return changed_since, vanished, span


def _nearer_first(one: int, other: int) -> tuple[int, int]:
    return (one, other) if abs(one) <= abs(other) else (other, one)


VERBS: Final = {
    b"FETCH": Verb(_fetch, SELECTED, "RFC 9051 §6.4.5", expunges=False, by_number=True),
    b"UID FETCH": Verb(_uid_fetch, SELECTED, "RFC 9051 §6.4.9"),
}
