"""Where the links of a message lead: whether they can work, and whether they are what they look like.

RFC 3986 §3, RFC 6068 (mailto), UTS #39 (look-alikes). No link is followed here: what came of following them is given. Not here: words of links (`access`).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult, urlsplit

from postroom.message.mixed_scripts import suspicious_hosts
from postroom.message.proof.findings import Check, Group, Look, Said, bad, note, shown
from postroom.message.proof.letter import Letter
from postroom.wire.ip import is_address

LONGEST_LINK: Final = 2_000  # characters that all browsers take
_SAFE: Final = frozenset(("http", "https", "mailto", "tel", "sms", "cid"))
_HOST: Final = re.compile(
    r"(?:https?://)?(?:[\w.-]{1,64}@)?((?:[a-z0-9-]{1,63}\.)+[a-z]{2,24})(?:[/:?#]\S*)?", re.IGNORECASE
)


def without_links(letter: Letter) -> str:
    """Why nothing can be said of links."""
    return "" if letter.addresses_of_web else "the message has no links"


def _split(href: str) -> SplitResult | None:
    try:
        parts = urlsplit(href)
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None


def host_of(href: str) -> str:
    """The host of an address of the web, lower case; "" of another."""
    parts = _split(href)
    return (parts.hostname or "") if parts is not None and parts.scheme in ("http", "https") else ""


def _written(letter: Letter) -> Iterator[Said]:
    empty = [href or "(nothing)" for href in letter.addresses_of_web if href in ("", "#")]
    if empty:
        yield bad(f"a link leads nowhere: {shown(empty)}", "fill in the address")
    others = [href for href in letter.addresses_of_web if href and not href.startswith("#")]
    if relative := [href for href in others if (parts := _split(href)) is not None and not parts.scheme]:
        yield bad(
            f"a link without https://: {shown(relative)}",
            "write the whole address: mail has no page that it could be relative to",
        )
    if wrong := [href for href in others if _wrong(href)]:
        yield bad(f"no address: {shown(wrong)}", "encode spaces and the like: urllib.parse.quote, encodeURI")
    if long := [href for href in others if len(href) > LONGEST_LINK]:
        yield note(
            f"a link of more than {LONGEST_LINK:,} characters: {shown(long)}",
            "keep what it carries on the server, under a short key",
        )


def _wrong(href: str) -> bool:
    parts = _split(href)
    if parts is None or any(char.isspace() or ord(char) < 32 for char in href):
        return True
    if parts.scheme in ("http", "https"):
        return not parts.hostname or parts.hostname in ("http", "https")
    return parts.scheme == "mailto" and "@" not in parts.path and "to=" not in parts.query


def _schemes(letter: Letter) -> Iterator[Said]:
    parts = [(href, found.scheme) for href in letter.addresses_of_web if (found := _split(href)) is not None]
    if odd := [href for href, scheme in parts if scheme and scheme not in _SAFE]:
        yield bad(f"programs take such links out: {shown(odd)}", "link to a page, by https")
    if clear := [href for href, scheme in parts if scheme == "http" and not _here(host_of(href))]:
        yield note(f"not encrypted: {shown(clear)}", "write https")


def _shown_host(letter: Letter) -> Iterator[Said]:
    for link in letter.links:
        found, leads = _HOST.fullmatch(link.words.strip()), host_of(link.href)
        if found and leads and _organisation(found[1]) != _organisation(leads) and "@" not in link.words:
            yield bad(
                f"the link shows {shown([link.words])} and leads to {leads}: programs warn of fraud",
                "show words, or the address that it leads to; have the links counted on a host of the same domain",
            )


def _organisation(host: str) -> str:
    """Its last two labels: near enough."""
    return ".".join(host.lower().rstrip(".").split(".")[-2:])


def _hosts(letter: Letter) -> Iterator[Said]:
    hosts = {href: host_of(href) for href in letter.addresses_of_web}
    if numbers := [href for href, host in hosts.items() if is_address(host) and not _here(host)]:
        yield note(
            f"an IP address in a link: {shown(numbers)}",
            "link to a name: filters count numbers against a message",
        )
    if here := [href for href, host in hosts.items() if _here(host)]:
        yield note(
            f"leads to this machine alone: {shown(here)}",
            "set the address under which others reach the program",
        )
    if hidden := [
        href
        for href in hosts
        if (parts := _split(href)) is not None and hosts[href] and parts.username is not None
    ]:
        yield bad(f"a name before @ in a link, which hides where it leads: {shown(hidden)}", "take it out")


def _here(host: str) -> bool:
    return (
        host == "localhost"
        or host.endswith(".localhost")
        or (is_address(host) and ipaddress.ip_address(host).is_loopback)
    )


def _scripts(letter: Letter) -> Iterator[Said]:
    found = suspicious_hosts("\n".join(letter.addresses_of_web))
    if found:
        told = (f"{host} ({', '.join(scripts)})" for host, scripts in found.items())
        yield bad(f"a host that looks like another: {shown(told)}", "use a name in letters of one script")


def _row(name: str, what: str, by: str, good: str, look: Look) -> Check:
    return Check(name, Group.LINKS, what, by, good, look, without_links)


LINKS: Final = (
    _row("link-addresses", "Each link is a whole address", "RFC 3986 §3, RFC 6068 §2", "all links are well written", _written),
    _row("link-schemes", "Links lead to https, mailto, tel or sms", "what programs keep", "all links are of a kind that works", _schemes),
    _row("link-shown", "A link that shows an address leads there", "what fraud is known by", "links lead where they say", _shown_host),
    _row("link-hosts", "Links lead to names, that others reach, without a user in them", "RFC 3986 §7.6", "all hosts have names", _hosts),
    _row("link-scripts", "No host mixes scripts, or looks like another", "UTS #39 §5", "no host looks like another", _scripts),
)  # fmt: skip
