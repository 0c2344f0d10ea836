"""The bodies of a message: a plain text beside the HTML, in the right order and with the same words; charsets, encodings, lines, size.

RFC 2045 §2.7, §6, RFC 2046 §5.1, RFC 5321 §2.3.8, RFC 5322 §2.1.1. Not here: what is in the HTML (`clients`, `access`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from postroom.message.encodings import charset, transfer
from postroom.message.mime.text import alternatives
from postroom.message.proof.findings import Check, Group, Said, bad, note, number, shown
from postroom.message.proof.header import LONGEST_LINE
from postroom.message.proof.letter import Letter, without_html

CLIPPED: Final = 102_000  # octets of HTML that Gmail shows before "View entire message"
LARGE: Final = 10_000_000  # octets of a message from which on servers refuse it
TOO_LARGE: Final = 25_000_000  # the same, most of them
FEW_WORDS: Final = 20  # of the HTML, below which they are not compared with the plain text
ALIKE: Final = 0.25  # of the words of the HTML that the plain text has at least

_WORD: Final = re.compile(r"\w{4,40}")
_BARE: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n")


def _alternative(letter: Letter) -> Iterator[Said]:
    fix = "send multipart/alternative: the text as text/plain first, then text/html"
    if letter.plain_part is None:
        yield bad("there is no plain text: readers without HTML see nothing, and filters count it", fix)
    elif not letter.plain.strip():
        yield bad("the plain text is empty", fix)


def _order(letter: Letter) -> Iterator[Said]:
    plain, html, parts = letter.plain_part, letter.html_part, letter.structure.parts
    if plain is None or html is None or set(alternatives(parts, plain)).isdisjoint(alternatives(parts, html)):
        return  # both are shown, one after the other: the second may be what a list has put below
    if html.body_start < plain.body_start:
        yield bad(
            "the plain text stands after the HTML, and the last one counts: readers are shown the plain text",
            "put text/plain first",
        )


def _same(letter: Letter) -> Iterator[Said]:
    told = {word.lower() for word in _WORD.findall(letter.words)}
    said = {word.lower() for word in _WORD.findall(letter.plain)}
    if len(told) >= FEW_WORDS and len(told & said) < ALIKE * len(told):
        yield note("the plain text says something else than the HTML", "make it from the same words")
    missing = [link.href for link in letter.links if _to_web(link.href) and link.href not in letter.plain]
    if missing and letter.plain.strip():
        yield note(
            f"not in the plain text: {shown(missing)}", "write the addresses out, each beside its words"
        )


def _to_web(href: str) -> bool:
    return href.lower().startswith(("http://", "https://"))


def without_both(letter: Letter) -> str:
    """Why the two cannot be compared."""
    return "" if letter.html and letter.plain.strip() else "there are not both a plain text and HTML"


def without_body(letter: Letter) -> str:
    """Why nothing can be said of how it is written down."""
    return "" if letter.bodies else "the message has no text"


def _charset(letter: Letter) -> Iterator[Said]:
    for part in letter.bodies:
        octets = letter.octets(part)
        named = (part.parameter("charset") or "").lower()
        fix = f'write Content-Type: text/{part.subtype}; charset="utf-8", and the text in UTF-8'
        known = charset.codec(named) if named else "ascii"
        if known is None:
            yield bad(f"nobody knows the charset {shown([named])}", fix)
        elif not named and not octets.isascii():
            yield bad(f"text/{part.subtype} has letters beyond ASCII and names no charset", fix)
        else:
            try:
                octets.decode(known)
            except (UnicodeDecodeError, LookupError):
                yield bad(f"text/{part.subtype} is not in {named}, as it says", fix)


def _encoding(letter: Letter) -> Iterator[Said]:
    for part in letter.structure.parts:
        if part.leaf:
            body = letter.raw[part.body_start : part.body_end]
            if part.encoding not in _ENCODINGS:
                yield bad(
                    f"nobody knows the encoding {shown([part.encoding])}",
                    "write Content-Transfer-Encoding: quoted-printable, or base64",
                )
            elif part.encoding == "7bit" and not body.isascii():
                yield bad(
                    f"{part.media_type}/{part.subtype} is said to be 7bit and has octets beyond",
                    "encode it: quoted-printable for text, base64 for all else",
                )
            elif part.encoding == "base64" and transfer.decode(body, "base64").problem:
                yield bad(
                    f"the base64 of {part.media_type}/{part.subtype} is broken",
                    "encode it again, in lines of 76 characters",
                )


_ENCODINGS: Final = frozenset(("7bit", "8bit", "binary", "quoted-printable", "base64"))


def _lines(letter: Letter) -> Iterator[Said]:
    body = letter.raw[letter.header.end :]
    if max((len(line) - line.endswith(b"\r") for line in body.split(b"\n")), default=0) > LONGEST_LINE:
        yield bad(
            f"a line of the body has more than {LONGEST_LINE} octets: servers break it where they like, or refuse it",
            "encode it: quoted-printable for text, base64 for all else",
        )
    if bare := _BARE.findall(letter.raw):
        yield bad(
            f"{number(bare, 'line')} end with CR or LF alone: servers refuse them", "end each line with CRLF"
        )


def _structure(letter: Letter) -> Iterator[Said]:
    if letter.structure.truncated or letter.structure.ambiguous:
        yield bad(
            "the parts can be read in more than one way",
            "close each multipart with --boundary--, and give each Content-Type once",
        )


def _clipped(letter: Letter) -> Iterator[Said]:
    part = letter.html_part
    size = len(letter.octets(part)) if part is not None else 0
    if size > CLIPPED:
        yield bad(
            f"the HTML has {size:,} octets: Gmail cuts it after 102 kB, and what stands at its end is not seen",
            "take out comments, white space and repeated styles; send what is long as a link",
        )


def _size(letter: Letter) -> Iterator[Said]:
    size = len(letter.raw)
    fix = "put what is large on a web server, and send the link"
    if size > TOO_LARGE:
        yield bad(
            f"the message has {size:,} octets, as they travel: most servers refuse more than 25 MB", fix
        )
    elif size > LARGE:
        yield note(
            f"the message has {size:,} octets, as they travel: many servers refuse more than 10 MB", fix
        )


BODY: Final = (
    Check(
        "plain-text",
        Group.BODY,
        "HTML has a plain text beside it",
        "RFC 2046 §5.1.4",
        "there is a plain text",
        _alternative,
        without_html,
    ),
    Check(
        "order",
        Group.BODY,
        "The plain text stands before the HTML",
        "RFC 2046 §5.1.4",
        "the best part is the last",
        _order,
        without_both,
    ),
    Check(
        "same-words",
        Group.BODY,
        "The plain text says what the HTML says, links included",
        "RFC 2046 §5.1.4",
        "both say the same",
        _same,
        without_both,
    ),
    Check(
        "charset",
        Group.BODY,
        "Each text names its charset, and is in it",
        "RFC 2045 §5.2, RFC 2046 §4.1.2",
        "each text is in its charset",
        _charset,
        without_body,
    ),
    Check(
        "encoding",
        Group.BODY,
        "Each part is encoded as it says",
        "RFC 2045 §2.7, §6",
        "each part is encoded as it says",
        _encoding,
    ),
    Check(
        "lines",
        Group.BODY,
        f"Lines have at most {LONGEST_LINE} octets and end with CRLF",
        "RFC 5322 §2.1.1, RFC 5321 §2.3.8",
        "all lines are as they should be",
        _lines,
    ),
    Check(
        "structure",
        Group.BODY,
        "The parts can be read in one way",
        "RFC 2046 §5.1",
        "the parts are clear",
        _structure,
    ),
    Check(
        "clipped",
        Group.BODY,
        "The HTML has at most 102 kB",
        "Gmail",
        "the HTML is not cut",
        _clipped,
        without_html,
    ),
    Check(
        "size",
        Group.BODY,
        "The message has at most 10 MB, never more than 25",
        "what servers take",
        "no server finds it too large",
        _size,
    ),
)
