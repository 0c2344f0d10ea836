"""What a message's header tells of its way: the hops, oldest first, with how long each took; who has checked what; and what is odd about it.

RFC 5321 §4.4 (Received, the newest on top), RFC 8601 (Authentication-Results), RFC 5322 §3.6. For any header, also one that somebody has pasted: all of it
but what this server has written itself is hearsay. Pure, bounded, never raises. Not here: words for people (catalogues of the web mail).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec

from postroom.message.address import fold
from postroom.message.encodings.charset import header_text
from postroom.message.encodings.encoded_words import decode
from postroom.message.headers import authentication_results
from postroom.message.headers.address_list import AddressSpec, mailboxes, parse_address_list
from postroom.message.headers.authentication_results import AuthenticationResults
from postroom.message.headers.dates import parse_date
from postroom.message.headers.header import Header
from postroom.message.headers.received import Received, read_received
from postroom.message.mixed_scripts import ascii_domain, mixed, readable_domain, suspicious_domain
from postroom.message.printable import printable

MAX_HEADER: Final = 256 << 10  # octets of a header that is analysed
MOST_HOPS: Final = 100  # that are told
MOST_RESULTS: Final = 20  # Authentication-Results fields that are told
MOST_WARNINGS: Final = 50  # that are told
SLOW: Final = 600  # seconds of one hop from which on it is told
SKEW: Final = 120  # seconds that clocks may differ

_LINE: Final = re.compile(rb"\r\n|\r|\n")
_LOCAL: Final = re.compile(
    r"127\.|::1$|10\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\.|f[cd][0-9a-f]{2}:", re.IGNORECASE
)
_ADDRESS: Final = re.compile(r"[\w.+-]{1,64}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")


class Step(msgspec.Struct, frozen=True, rename="camel"):
    """A hop; `seconds` since the one before, None when one of the two does not say when."""

    hop: Received
    seconds: int | None = None


class Checked(msgspec.Struct, frozen=True, rename="camel"):
    """One result of a check; `domain` is what it is about."""

    method: str
    result: str
    domain: str = ""
    reason: str = ""


class Checks(msgspec.Struct, frozen=True, rename="camel"):
    """What somebody says that he has checked; `ours`: this server does."""

    by: str
    ours: bool
    results: Sequence[Checked]


class Warned(msgspec.Struct, frozen=True, rename="camel"):
    """Something odd; `values` are for the words that a catalogue has for `kind`."""

    kind: str
    values: dict[str, str] = {}


class HeaderReport(msgspec.Struct, frozen=True, rename="camel"):
    """All that. `seconds`: from the first hop that says when to the last."""

    steps: Sequence[Step]
    seconds: int | None
    checks: Sequence[Checks]
    warnings: Sequence[Warned]
    sender: str
    subject: str
    message_id: str
    date: int | None
    fields: int


def as_header(pasted: str) -> bytes:
    """A header as it was pasted: with any line ends, and perhaps with blank lines before it."""
    octets = pasted.encode("utf-8", "replace")[:MAX_HEADER]
    return _LINE.sub(b"\r\n", octets.strip(b"\r\n \t")) + b"\r\n\r\n"


def report(header: Header, own: Collection[str] = ()) -> HeaderReport:
    """The report; `own` are the names under which this server writes Authentication-Results, if the header is known to have come by it."""
    hops = [read_received(value) for value in header.all("Received")[:MOST_HOPS]]
    hops.reverse()
    steps = list(_steps(hops))
    checks = list(_checks(header, own))
    date = parse_date(header.get("Date") or b"")
    sent = None if date is None else date.seconds
    warnings = [*_about_hops(steps, sent), *_about_people(header), *_about_checks(checks)]
    known = [hop.at for hop in hops if hop.at is not None]
    return HeaderReport(
        steps,
        max(0, known[-1] - known[0]) if len(known) > 1 else None,
        checks,
        warnings[:MOST_WARNINGS],
        _text(header.get("From")),
        _text(header.get("Subject")),
        printable(header.get("Message-ID") or b"", 300),
        sent,
        len(header),
    )


def ours(header: Header, own: Collection[str]) -> AuthenticationResults | None:
    """What this server has written about the message: the uppermost field of its name; those that came with it were taken out at the door."""
    names = {fold(name) for name in own}
    for value in header.all(authentication_results.NAME):
        found = authentication_results.parse(value)
        if found is not None and fold(found.authserv_id) in names:
            return found
    return None


def _steps(hops: Sequence[Received]) -> Iterator[Step]:
    before: int | None = None
    for hop in hops:
        known = hop.at is not None and before is not None
        yield Step(hop, hop.at - before if known and hop.at is not None and before is not None else None)
        before = hop.at if hop.at is not None else before


def _checks(header: Header, own: Collection[str]) -> Iterator[Checks]:
    mine = ours(header, own)
    for value in header.all(authentication_results.NAME)[:MOST_RESULTS]:
        found = authentication_results.parse(value)
        if found is not None:
            yield Checks(printable(found.authserv_id, 255), found == mine, checked(found))


def checked(found: AuthenticationResults) -> list[Checked]:
    """The results of one field."""
    return [
        Checked(
            one.method,
            one.result,
            printable(
                one.get("header", "d")
                or one.get("header", "from")
                or one.get("header", "i")
                or one.get("smtp", "mailfrom")
                or one.get("smtp", "helo")
                or "",
                255,
            ),
            printable(one.reason, 300),
        )
        for one in found.results
    ]


def _about_hops(steps: Sequence[Step], sent: int | None) -> Iterator[Warned]:
    for number, step in enumerate(steps, 1):
        values = {"hop": str(number), "by": step.hop.by or "?"}
        if step.seconds is not None and step.seconds < -SKEW:
            yield Warned("clock", {**values, "seconds": str(-step.seconds)})
        if step.seconds is not None and step.seconds > SLOW:
            yield Warned("slow", {**values, "seconds": str(step.seconds)})
        if step.hop.tls is False and step.hop.ip and not _LOCAL.match(step.hop.ip):
            yield Warned("open", values)
    first = next((step.hop.at for step in steps if step.hop.at is not None), None)
    if not steps:
        yield Warned("no-hops")
    elif first is not None and sent is not None and abs(first - sent) > 86_400:
        yield Warned("date", {"seconds": str(abs(first - sent))})


def _about_people(header: Header) -> Iterator[Warned]:
    if header.count("From") != 1:
        yield Warned("froms", {"count": str(header.count("From"))})
    authors = mailboxes(parse_address_list(header.get("From") or b""))
    for author in authors[:5]:
        yield from _about_author(author)
    answers = mailboxes(parse_address_list(header.get("Reply-To") or b""))
    own = {_domain(author.email) for author in authors}
    foreign = [one.email for one in answers if one.email and _domain(one.email) not in own]
    if foreign and authors:
        yield Warned("reply-to", {"address": printable(foreign[0], 255)})


def _about_author(author: AddressSpec) -> Iterator[Warned]:
    name, domain = author.name or "", author.email.rpartition("@")[2]
    if scripts := mixed(name):
        yield Warned("name-scripts", {"name": printable(name, 255), "scripts": ", ".join(scripts)})
    if scripts := suspicious_domain(domain):
        shown = printable(readable_domain(domain), 255)
        values = {"domain": shown, "ascii": ascii_domain(domain), "scripts": ", ".join(scripts)}
        yield Warned("domain-scripts", values)
    claimed = _ADDRESS.search(name[:1_000])
    if claimed is not None and _domain(claimed[0]) != _domain(author.email):
        yield Warned(
            "name-address", {"name": printable(claimed[0], 255), "address": printable(author.email, 255)}
        )


def _about_checks(checks: Sequence[Checks]) -> Iterator[Warned]:
    said: set[tuple[str, ...]] = set()  # SPF looks at two names of one client, mostly of one domain
    for one in checks:
        for result in one.results:
            if result.method in ("dmarc", "dkim", "spf") and result.result in (
                "fail",
                "permerror",
                "softfail",
            ):
                values = {"method": result.method.upper(), "by": one.by, "domain": result.domain}
                kind = "failed" if result.result != "permerror" else "broken"
                if (key := (kind, *values.values())) not in said:
                    said.add(key)
                    yield Warned(kind, values)


def _domain(address: str) -> str:
    """Its last two labels, lower: near enough to an organisation for a warning."""
    return ".".join(address.rpartition("@")[2].lower().split(".")[-2:])


def _text(value: bytes | None) -> str:
    return printable(decode(header_text(value or b"")), 500)
