"""Every letter of a public archive as FETCH tells of it, beside what the standard library reads in it.

RFC 9051 §7.5.2 (ENVELOPE, BODYSTRUCTURE, BODY[section]<partial>), RFC 3516 §4.2 (BINARY). Where the two read a letter differently, the library is wrong,
and the comparison leaves it out: nested comments, an unquoted `a@b.test` as a name, members of groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from typing import Any

import pytest

import mail_oracle
from archive import archived, as_sent
from imap_reader import check_body, check_envelope, read
from mail_oracle import Leaf
from postroom.message.summary.summary import summarize
from postroom.proto.imap.commands.fetching import Attribute
from postroom.proto.imap.grammar import ImapCursor
from postroom.proto.imap.sections import section
from postroom.serve.imap.fetching.items import Found, Sectioned
from sections_walk import check_message

CHUNKS = 6  # tests that share the letters, so that several processes do
NAMED = {b"Date": 0, b"Subject": 1, b"In-Reply-To": 8, b"Message-ID": 9}  # places in an ENVELOPE
PEOPLE = {b"From": 2, b"Sender": 3, b"Reply-To": 4, b"To": 5, b"Cc": 6, b"Bcc": 7}
UNQUOTED = re.compile(rb"@\S+ <")


@pytest.fixture(scope="module")
def letters() -> list[bytes]:
    return archived()


def fetched(m: Found, number: str, kind: str = "BODY[]", partial: tuple[int, int] | None = None) -> bytes:
    """The octets of the literal in the response, whose size must be right."""
    asked = Attribute(kind, b"", section(ImapCursor(f"[{number}]".encode())), partial)
    size, _, octets = Sectioned(asked).render(m).lstrip(b"~").partition(b"}\r\n")
    assert int(size[1:]) == len(octets)
    return octets


def check_people(envelope: list[Any], message: Message) -> None:
    for name, place in PEOPLE.items():
        theirs = mail_oracle.addresses(message, name.decode())
        if theirs is None or UNQUOTED.search(mail_oracle.field(message, name.decode()) or b""):
            continue
        ours = [
            (mail_oracle.spaced(person or b""), b"@".join(filter(None, (mailbox, host))))
            for person, _, mailbox, host in envelope[place] or []
        ]
        assert [(plain(person), one) for person, one in ours] == [
            (plain(person), one) for person, one in theirs
        ]


def plain(name: bytes) -> bytes:
    """Without parentheses, of which the library leaves out the inner ones."""
    return name.replace(b"(", b"").replace(b")", b"")


def parts(tree: list[Any], number: str = "") -> Iterator[tuple[str, list[Any]]]:
    """The leaves of a BODYSTRUCTURE with their numbers, read as RFC 9051 §6.4.5.1 counts them."""
    if isinstance(tree[0], list):
        for at, child in enumerate(tree, 1):
            if not isinstance(child, list):
                return
            yield from parts(child, f"{number}.{at}" if number else str(at))
    elif tree[0] == b"message" and tree[1] in (b"rfc822", b"global"):
        inner = tree[8]
        yield from (
            parts(inner, number or "1") if isinstance(inner[0], list) else parts(inner, f"{number or 1}.1")
        )
    else:
        yield number or "1", tree


def check_leaf(m: Found, ours: list[Any], theirs: Leaf) -> None:
    maintype, subtype, listed, _, _, encoding, size, lines = ours[:8]
    assert f"{maintype.decode()}/{subtype.decode()}" == theirs.media_type
    assert encoding.decode() == theirs.encoding
    pairs = [value.decode("latin-1") for value in listed or []]
    assert dict(zip(pairs[::2], pairs[1::2], strict=True)) == theirs.parameters
    assert size == len(theirs.octets)
    if maintype == b"text":
        assert lines == theirs.octets.count(b"\n")
    assert fetched(m, theirs.number) == theirs.octets
    for start, count in ((0, 10), (size // 2, 40), (size, 1), (max(0, size - 5), 1 << 31)):
        piece = theirs.octets[start : start + count]
        assert fetched(m, theirs.number, partial=(start, count)) == piece
    content = theirs.content
    if maintype == b"text" and b"\0" not in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert fetched(m, theirs.number, "BINARY[]") == content


def check(raw: bytes) -> None:
    packed = summarize(raw).pack()
    m = Found(1, (1, 1, 0, "", 0, 0, 1, 1, len(raw), packed), recent=False)
    m.octets = raw
    [envelope], [structure] = read(m.opening.envelope), read(m.opening.body_structure)
    check_envelope(envelope)
    check_body(structure)
    message = mail_oracle.read(raw)
    for name, place in NAMED.items():
        assert (envelope[place] or b"") == (mail_oracle.field(message, name.decode()) or b"")
    check_people(envelope, message)
    theirs = {leaf.number: leaf for leaf in mail_oracle.leaves(message)}
    ours = dict(parts(structure))
    assert list(ours) == list(theirs)
    for number, leaf in theirs.items():
        check_leaf(m, ours[number], leaf)
    check_message(raw, m.opening.body_structure, lambda name: value(m, name))


def value(m: Found, name: str) -> bytes | None:
    name = name.replace("0x", "999")  # a number that no part has
    return Sectioned(Attribute("BODY[]", b"", section(ImapCursor(f"[{name}]".encode())))).value(m)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_letter_is_told_as_the_standard_library_reads_it(letters: list[bytes], chunk: int) -> None:
    for number, letter in enumerate(letters[chunk::CHUNKS]):
        try:
            check(as_sent(letter))
        except AssertionError as error:
            raise AssertionError(f"letter {chunk + number * CHUNKS} of the archive") from error
