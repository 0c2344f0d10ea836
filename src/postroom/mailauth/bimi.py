"""BIMI: the picture by which a domain wants its mail to be known, and whether its policy earns that.

draft-brand-indicators-for-message-identification-10 (work in progress, no RFC): §4.3 (the record at SELECTOR._bimi), §4.4 (selectors), §7.2 (where it is looked for), §7.1 (DMARC has to ask
for quarantine or reject of all mail, the organization's too; here RFC 9989 §4.7, t=, as well). Pure: the resolver is an argument. Not here: selectors by the local part (§4.5), fetching the
picture, judging a certificate (VMC), showing either.
"""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

from postroom.mailauth.dkim.tags import BadTags, parse_tags
from postroom.mailauth.dmarc.discovery import Discovery, Published, Undiscovered
from postroom.mailauth.dmarc.record import Policy
from postroom.proto.dns.resolver import Resolver

DEFAULT: Final = "default"  # the selector of mail that names none
MAX_RECORD: Final = 4096  # octets of a record
_VERSION: Final = re.compile(rb"\s*v\s*=\s*BIMI1\s*(?:;|\Z)")
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SELECTOR: Final = re.compile(rf"{_LABEL}(?>(?:\.{_LABEL})*)")
# A fully qualified name; a comma has to be encoded.
_ADDRESS: Final = re.compile(
    rf"https://(?>(?:{_LABEL}\.)+){_LABEL}\.?(?::[0-9]{{1,5}})?(?:[/?#][!-+\--~]{{0,2000}})?", re.IGNORECASE
)
_OTHER_PICTURE: Final = re.compile(
    r"[^?#]*\.(?:png|apng|jpe?g|gif|webp|avif|bmp|ico|tiff?|heic)(?:[?#].*)?", re.IGNORECASE
)


class Result(enum.StrEnum):
    """What a domain publishes; the words of bimi= in Authentication-Results (draft, §7.7). SKIPPED: there is a record, and DMARC's policy does not earn it."""

    PASS = "pass"
    NONE = "none"
    DECLINED = "declined"
    SKIPPED = "skipped"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Indicator(msgspec.Struct, frozen=True):
    """What came of a lookup: `location` of the SVG and `evidence` (a certificate) are https URLs, "" where there is none; `at` is the name that has the record."""

    result: Result
    words: str
    at: str = ""
    record: str = ""
    location: str = ""
    evidence: str = ""


async def indicator(
    resolver: Resolver, discovery: Discovery, author: str, selector: str = DEFAULT
) -> Indicator:
    """The indicator of an author's domain, or of its organization, for mail that has passed DMARC. `author` in A-labels; never raises."""
    if not _SELECTOR.fullmatch(selector):
        return Indicator(
            Result.PERMERROR, f"{selector[:100]!r} is no selector: labels of letters, digits and hyphens"
        )
    try:
        found = await _found(resolver, discovery, author, selector)
        if found is None:
            return Indicator(
                Result.NONE, f"there is no record at {selector}._bimi.{author}, nor at the organization's"
            )
        read = _read(*found)
        weak = await _weakness(discovery, author) if read.result is Result.PASS else ""
    except Undiscovered as error:
        return Indicator(Result.TEMPERROR, str(error))
    return msgspec.structs.replace(read, result=Result.SKIPPED, words=weak) if weak else read


async def _found(
    resolver: Resolver, discovery: Discovery, author: str, selector: str
) -> tuple[str, list[bytes]] | None:
    """The name with records and these: the author's domain, then its organizational domain."""
    for domain in dict.fromkeys((author, await discovery.organization_of(author))):
        name = f"{selector}._bimi.{domain}"
        answer = await resolver.txt(name)
        if answer.failed:
            raise Undiscovered(f"the DNS answers {answer.rcode} for {answer.kind} of {name}")
        records = [one for one in answer.records if _VERSION.match(one)]
        if records:
            return name, records
    return None


def _read(at: str, records: list[bytes]) -> Indicator:
    text = records[0][:MAX_RECORD].decode("utf-8", "replace")
    if len(records) > 1:
        return Indicator(Result.PERMERROR, f"{at} has {len(records)} records: leave one", at, text)
    if len(records[0]) > MAX_RECORD:
        return Indicator(Result.PERMERROR, f"the record is longer than {MAX_RECORD} octets", at, text)
    try:
        tags = parse_tags(records[0])  # nothing that is written wrongly is mended
    except BadTags as bad:
        return Indicator(Result.PERMERROR, str(bad), at, text)
    location, evidence = tags.get("l"), tags.get("a", "")
    if location == evidence == "":
        return Indicator(Result.DECLINED, f"{at} declines to have an indicator", at, text)
    problem = _problem(location, evidence)
    if problem:
        return Indicator(Result.PERMERROR, problem, at, text)
    return Indicator(Result.PASS, f"{at} names a picture", at, text, location or "", evidence)


def _problem(location: str | None, evidence: str) -> str:
    """What is wrong with the two addresses; "" when nothing is."""
    if location is None:
        return "l= is missing: the address of an SVG picture"
    if not location:
        return "l= is empty, and a= is not: a certificate needs the address of its picture"
    for tag, value in (("l", location), ("a", evidence)):
        if value and not _ADDRESS.fullmatch(value):
            return f"{tag}={value[:100]} is no https:// address of a full host name"
    return f"l={location[:100]} is no SVG picture" if _OTHER_PICTURE.fullmatch(location) else ""


async def _weakness(discovery: Discovery, author: str) -> str:
    """Why the DMARC policy of a domain, or of its organization, does not earn an indicator; "" when both do."""
    published = await discovery.policy_of(author)
    if published is None:
        return f"{author} has no DMARC policy: publish one with p=quarantine or p=reject"
    of_organization = await discovery.record_at(await discovery.organization_of(author))
    return _weak(published) or (_weak(of_organization) if of_organization is not None else "")


def _weak(published: Published) -> str:
    record, at = published.record, f"_dmarc.{published.domain}"
    if record.policy(subdomain=False) is Policy.NONE:
        return f"{at} asks for nothing (none) of mail that fails: it has to be quarantine or reject"
    if record.policy(subdomain=True) is Policy.NONE:
        return f"{at} has sp=none: mail of its subdomains can be forged"
    if record.testing or (record.p is Policy.QUARANTINE and record.percent != 100):
        return f"{at} only tries its policy out (t=y, or pct= below 100)"
    return ""
