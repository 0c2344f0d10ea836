"""What the server that took the message found out about its sender, and what the sender's domain is to publish when it is not enough.

RFC 8601 §2.7 (results), RFC 7208 §2.6 (SPF), RFC 6376 §6.1 (DKIM), RFC 9989 §5 (DMARC). The uppermost Authentication-Results field is read: a server takes out the
others of its name. Not here: checking itself (`mailauth`), which needs the DNS.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from postroom.message.headers import authentication_results
from postroom.message.headers.authentication_results import AuthenticationResults, MethodResult
from postroom.message.headers.received import read_received
from postroom.message.proof.findings import Check, Group, Look, Said, Verdict, bad, note
from postroom.message.proof.letter import Letter

_RANKS: Final = ("pass", "none", "neutral", "softfail", "policy", "temperror", "fail", "permerror")


def results(letter: Letter) -> AuthenticationResults | None:
    """The uppermost field that says what was found out."""
    for value in letter.header.all(authentication_results.NAME):
        found = authentication_results.parse(value)
        if found is not None:
            return found
    return None


def without_results(letter: Letter) -> str:
    """Why nothing is known of its sender."""
    if results(letter) is not None:
        return ""
    if letter.header.get("Received") is not None:
        return "no server on its way has said what it found: mail of whoever has logged in is not looked at"
    return "no server has looked at it yet: send it to one that writes Authentication-Results, as those of postroom lab do, or try postroom check message"


def _best(letter: Letter, method: str) -> MethodResult | None:
    """Of several signatures the best one counts, of SPF what is said of MAIL FROM, and of HELO where that was empty."""
    found = results(letter)
    mine = [one for one in found.results if one.method == method] if found is not None else []
    if method == "spf":
        mine = [one for one in mine if one.get("smtp", "mailfrom")] or mine
    return min(mine, key=_rank, default=None)


def _rank(one: MethodResult) -> int:
    return _RANKS.index(one.result) if one.result in _RANKS else len(_RANKS)


def _ip(letter: Letter) -> str:
    """Who brought the message to the server that looked at it."""
    hops = letter.header.all("Received")
    return read_received(hops[0]).ip if hops else ""


def _told(letter: Letter, name: str, one: MethodResult) -> str:
    found = results(letter)
    by = found.authserv_id if found is not None else ""
    return f"{by} says {name}={one.result}" + (f" ({one.reason})" if one.reason else "")


def _judged(letter: Letter, method: str, fixes: dict[str, str]) -> Iterator[Said]:
    one = _best(letter, method)
    if one is None:
        yield Said(
            Verdict.NOT_RUN, f"not run because the server that looked at it says nothing of {method.upper()}"
        )
        return
    reason = _told(letter, method, one)
    if one.result == "pass":
        yield Said(Verdict.GOOD, reason)
    elif one.result == "temperror":
        yield Said(Verdict.NOT_RUN, f"not run because the DNS gave no answer: {reason}", "send it again")
    elif one.result in ("fail", "permerror"):
        yield bad(reason, fixes[one.result])
    else:
        yield note(reason, fixes["none"])


def _spf(letter: Letter) -> Iterator[Said]:
    one = _best(letter, "spf")
    address = (one.get("smtp", "mailfrom") or one.get("smtp", "helo") or "") if one is not None else ""
    domain, ip = address.rpartition("@")[2] or letter.author, _ip(letter)
    host = f"ip{6 if ':' in ip else 4}:{ip}" if ip else "ip4:ADDRESS"
    yield from _judged(
        letter,
        "spf",
        {
            "fail": f"put {host} into the SPF record of {domain}, before its -all; or send by the servers that it names, after a login",
            "permerror": f"mend the SPF record of {domain}: postroom spf {address or domain} {ip or 'IP'} says what is wrong",
            "none": f'publish: {domain}. IN TXT "v=spf1 {host} -all"',
        },
    )


def _dkim(letter: Letter) -> Iterator[Said]:
    domain = letter.author or "your domain"
    yield from _judged(
        letter,
        "dkim",
        {
            "fail": "sign last, when nothing is changed any more: a footer, a filter or a relay behind the signature breaks it",
            "permerror": f"publish the key at SELECTOR._domainkey.{domain}, or sign with the selector that is there: postroom dkim verify says which",
            "none": f"have the server of {domain} sign what it sends; submit with a login, so that it does",
        },
    )


def _dmarc(letter: Letter) -> Iterator[Said]:
    domain = letter.author or "your domain"
    yield from _judged(
        letter,
        "dmarc",
        {
            "fail": f"have SPF or a DKIM signature pass for {domain}, which is in From, or for a domain of the same organisation",
            "permerror": f"mend the TXT record of _dmarc.{domain}: postroom dmarc says what is wrong",
            "none": f'publish: _dmarc.{domain}. IN TXT "v=DMARC1; p=none"',
        },
    )


def _row(name: str, what: str, by: str, look: Look) -> Check:
    return Check(name, Group.SENDER, what, by, "", look, without_results)


SENDER: Final = (
    _row("spf", "The sending server may send for the domain of MAIL FROM", "RFC 7208 §2.6", _spf),
    _row("dkim", "A signature is there and is good", "RFC 6376 §6.1", _dkim),
    _row("dmarc", "One of the two is for the domain in From", "RFC 9989 §5", _dmarc),
)  # fmt: skip
