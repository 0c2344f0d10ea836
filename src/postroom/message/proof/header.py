"""The header of a message that is about to be sent: fields that must be there, that may be there once, and how they are written.

RFC 5322 §2.1.1 (lines), §3.3 (dates), §3.4 (addresses), §3.6 (fields), RFC 2047 (words beyond ASCII), RFC 6532 §3, RFC 2045 §4. Not here: bulk mail (`bulk`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from postroom.message.headers.address_list import AddressSpec
from postroom.message.headers.dates import parse_date
from postroom.message.headers.header import Field
from postroom.message.proof.findings import Check, Group, Said, bad, note, number, shown
from postroom.message.proof.letter import Letter

LONGEST_LINE: Final = 998  # octets of a line without its CRLF, RFC 5322 §2.1.1
USUAL_LINE: Final = 78  # the same, as it should be
LONGEST_SUBJECT: Final = 78  # characters; lists show fewer still
ONCE: Final = (
    "Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject", "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding",
)  # fmt: skip
_ID: Final = re.compile(r"<[^\s<>@]{1,250}@[^\s<>@]{1,250}>")
_BROKEN_WORD: Final = re.compile(r"=\?[\w*-]{1,40}\?[bqBQ]\?")
_LEFT: Final = re.compile(
    r"\{\{[^{}]{0,80}\}\}|\{%[^{}]{0,80}%\}|\$\{\w{1,40}\}|%\(\w{1,40}\)[sd]|<%=?[^<>]{0,80}%>"
)


def _date(letter: Letter) -> Iterator[Said]:
    fix = "add Date with the time of sending, e.g. Date: Sat, 21 Nov 2026 10:00:00 +0000"
    value = letter.header.get("Date")
    if value is None:
        yield bad("there is no Date", fix)
    elif parse_date(value) is None:
        yield bad(f"Date is no date: {shown([letter.field('Date')])}", fix)


def _message_id(letter: Letter) -> Iterator[Said]:
    fix = f"add Message-ID: <something unique@{letter.author or 'your domain'}>, another for each message"
    value = letter.header.get("Message-ID")
    if value is None:
        yield bad("there is no Message-ID: replies cannot be put into their conversation", fix)
    elif _ID.fullmatch(value.decode("latin-1")) is None:
        yield bad(f"Message-ID is none: {shown([letter.field('Message-ID')])}", fix)


def _from(letter: Letter) -> Iterator[Said]:
    authors = letter.addresses("From")
    fix = "write one address: From: Name <name@your.domain>"
    if not authors:
        yield bad("there is nobody in From", fix)
        return
    for one in authors:
        if one.address is None:
            yield bad(f"From has no address: {shown([one.email])}", fix)
        elif "." not in one.domain and not one.domain.startswith("["):
            yield bad(f"nobody can answer {one.email}: its domain is known on one machine alone", fix)
    if len(authors) > 1:
        words = f"From has {number(authors, 'author')}: DMARC knows one, and servers refuse more"
        yield bad(words, "leave one in From, and name the others in the text or in Reply-To")


def _recipients(letter: Letter) -> Iterator[Said]:
    header = letter.header
    if header.get("To") is None and header.get("Cc") is None:
        yield note(
            "there is neither To nor Cc, which filters count against a message",
            "add To with the recipient's address",
        )
    if header.get("Bcc"):
        yield bad(
            "Bcc is in the message: all recipients read who got it secretly",
            "take Bcc out before sending; name those recipients in RCPT TO alone",
        )
    wrong = [one for name in ("To", "Cc", "Sender", "Reply-To") for one in letter.addresses(name)]
    if defects := [one.email for one in wrong if not _possible(one)]:
        yield bad(
            f"no address: {shown(defects)}",
            "write local@domain, a name before it as Name <local@domain>, in quotes when it has a comma",
        )


def _possible(one: AddressSpec) -> bool:
    return not one.defect and (one.address is not None or one.domain.startswith("["))


def _subject(letter: Letter) -> Iterator[Said]:
    subject = letter.field("Subject")
    if not subject.strip():
        yield bad("there is no Subject", "add Subject with what it is about")
    elif len(subject) > LONGEST_SUBJECT:
        yield note(
            f"Subject has {len(subject)} characters: lists cut it",
            f"say it in {LONGEST_SUBJECT} or fewer, what matters first",
        )


def _encoded(letter: Letter) -> Iterator[Said]:
    for name in ("Subject", "From", "To", "Reply-To", "Sender", "Cc"):
        if found := _BROKEN_WORD.search(letter.field(name)):
            yield bad(
                f"{name} has an encoded word that cannot be read: {shown([letter.field(name)[found.start() :]])}",
                "encode each word as =?utf-8?B?...?= by itself, at most 75 characters, without quotes around it",
            )


def _mime_version(letter: Letter) -> Iterator[Said]:
    header = letter.header
    value = header.get("MIME-Version")
    if value is None and header.get("Content-Type") is not None:
        yield bad(
            "there is a Content-Type and no MIME-Version, so that it need not be believed",
            "add MIME-Version: 1.0",
        )
    elif value is not None and value.partition(b"(")[0].strip() != b"1.0":
        yield bad(f"MIME-Version is {shown([letter.field('MIME-Version')])}", "write MIME-Version: 1.0")


def _once(letter: Letter) -> Iterator[Said]:
    if twice := [name for name in ONCE if letter.header.count(name) > 1]:
        yield bad(
            f"more than one {shown(twice)}: each program reads another one, and servers refuse it",
            "leave one of each",
        )


def _lines(letter: Letter) -> Iterator[Said]:
    long = [(field, max(map(len, _lines_of(field)))) for field in letter.header]
    fix = "fold the field: CRLF and a space between two words"
    if beyond := [_name(field) for field, most in long if most > LONGEST_LINE]:
        yield bad(
            f"a line of more than {LONGEST_LINE} octets in {shown(beyond)}: servers refuse it or cut it", fix
        )
    elif beyond := [
        _name(field) for field, most in long if most > USUAL_LINE and field.name.lower() not in _TRACE
    ]:
        yield note(f"a line of more than {USUAL_LINE} octets in {shown(beyond)}", fix)


_TRACE: Final = frozenset(
    (b"received", b"return-path", b"authentication-results", b"received-spf")
)  # not the writer's


def _lines_of(field: Field) -> list[bytes]:
    return [line.rstrip(b"\r") for line in field.raw.removesuffix(b"\n").split(b"\n")]


def _name(field: Field) -> str:
    return field.name.decode("ascii")


def _ascii(letter: Letter) -> Iterator[Said]:
    raw = [field for field in letter.header if not field.raw.isascii()]
    people = [one for name in ("From", "To", "Cc", "Reply-To") for one in letter.addresses(name)]
    if not raw:
        return
    if any(not one.email.isascii() for one in people):
        yield note(
            "an address beyond ASCII: only servers with SMTPUTF8 take the message",
            "offer an ASCII address too",
        )
        return
    words = f"letters beyond ASCII, as they are, in {shown(_name(one) for one in raw)}: servers without SMTPUTF8 refuse it"
    yield bad(words, "encode them: =?utf-8?B?...?= (RFC 2047), or RFC 2231 for file names")


def _placeholders(letter: Letter) -> Iterator[Said]:
    texts = (letter.field("Subject"), letter.plain, letter.words)
    if found := [match[0] for text in texts for match in _LEFT.finditer(text)]:
        yield bad(
            f"a placeholder was not filled in: {shown(found)}",
            "give the template that value, and test with all of them",
        )


def _answers(letter: Letter) -> Iterator[Said]:
    authors = letter.addresses("From")
    local = authors[0].local.lower().replace("-", "").replace("_", "") if authors else ""
    if local in ("noreply", "donotreply") and not letter.header.get("Reply-To"):
        yield note(f"answers go to {authors[0].email}", "add Reply-To with an address that somebody reads")


def _row(name: str, what: str, by: str, good: str, look: object) -> Check:
    return Check(name, Group.HEADER, what, by, good, look)  # type: ignore[arg-type]


HEADER: Final = (
    _row("date", "Date is there and is a date", "RFC 5322 §3.6.1", "Date says when", _date),
    _row("message-id", "Message-ID is there and is one", "RFC 5322 §3.6.4", "Message-ID is one", _message_id),
    _row(
        "from",
        "From has one author with an address that can be answered",
        "RFC 5322 §3.6.2",
        "From has one author",
        _from,
    ),
    _row(
        "recipients",
        "To or Cc is there, no Bcc, and all addresses are such",
        "RFC 5322 §3.6.3",
        "all addresses are well written",
        _recipients,
    ),
    _row(
        "subject",
        f"Subject is there and has at most {LONGEST_SUBJECT} characters",
        "RFC 5322 §3.6.5",
        "Subject says what it is about",
        _subject,
    ),
    _row(
        "encoded-words",
        "Encoded words of the header can be read",
        "RFC 2047 §2, §5",
        "all words can be read",
        _encoded,
    ),
    _row(
        "mime-version",
        "MIME-Version is 1.0 where there is a Content-Type",
        "RFC 2045 §4",
        "MIME-Version is as it should be",
        _mime_version,
    ),
    _row(
        "duplicates",
        "No field stands twice that may stand once",
        "RFC 5322 §3.6",
        "each field stands once",
        _once,
    ),
    _row(
        "line-lengths",
        f"Lines of the header have at most {USUAL_LINE} octets, never more than {LONGEST_LINE}",
        "RFC 5322 §2.1.1",
        "no line is too long",
        _lines,
    ),
    _row(
        "raw-header",
        "Nothing beyond ASCII stands in the header as it is",
        "RFC 5322 §2.2, RFC 6532 §3",
        "the header is in ASCII",
        _ascii,
    ),
    _row(
        "placeholders",
        "No placeholder of a template was left: {{ }}, {% %}, ${ }, %( )s, <% %>",
        "what programs forget",
        "no placeholder was left",
        _placeholders,
    ),
    _row(
        "answers",
        "Mail of a no-reply address says who reads answers",
        "what readers do",
        "answers reach somebody",
        _answers,
    ),
)
