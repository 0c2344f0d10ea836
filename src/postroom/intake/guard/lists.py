"""Lists of addresses in the DNS: those that block (DNSBL), and those that speak for a client (DNSWL, with points below 0).

RFC 5782 §2.1 and §2.4 (the name that is asked for), §2.3 (values of answers), RFC 6471 (a list that is no more may answer for everybody). A
list is asked only while it makes sense: one that answers outside 127.0.0.0/8, says in 127.255.255.0/24 that it will not answer us, or is silent,
rests. All are asked at once, and whoever has not answered in time has said nothing. Answers are remembered by the resolver, for their TTL. Not
here: what is done about a finding.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

from postroom.intake.guard.findings import Finding
from postroom.message.printable import printable
from postroom.proto.dns.answer import Answer, Family
from postroom.proto.dns.resolver import Resolver, reverse_name

MOST_LISTS = 20  # that one client is looked up in
REST_SECONDS = 3600.0  # for a list that answers what no list does
SILENT_SECONDS = 60.0  # for a list that did not answer so many times in a row
SILENT_TIMES = 5
MOST_REASON = 200  # characters of a list's own words
_LOCAL = ipaddress.ip_network("127.0.0.0/8")
_REFUSING = ipaddress.ip_network("127.255.255.0/24")
_ANSWER = re.compile(r"127(?:\.[0-9]{1,3}(?:-[0-9]{1,3})?){3}")


class AddressList(msgspec.Struct, frozen=True):
    """A list. `answers` are those that count: `127.0.0.2`, `127.0.0.4-11`; none: all of 127.0.0.0/8. Points below 0 speak for a client."""

    zone: str
    points: int
    answers: tuple[str, ...] = ()


def matcher(answers: Iterable[str]) -> Callable[[str], bool]:
    """Whether an answer counts. Raises ValueError, naming what is no answer of a list."""
    patterns: list[list[tuple[int, int]]] = []
    for text in answers:
        if not _ANSWER.fullmatch(text):
            raise ValueError(f"{text!r} is no answer of a list: write 127.0.0.2 or 127.0.0.4-11")
        patterns.append([_span(part) for part in text.split(".")])
    if not patterns:
        return lambda _: True

    def counts(ip: str) -> bool:
        numbers = [int(part) for part in ip.split(".")]
        return any(
            all(low <= number <= high for number, (low, high) in zip(numbers, pattern, strict=True))
            for pattern in patterns
        )

    return counts


def matchers(lists: Sequence[AddressList]) -> list[Callable[[str], bool]]:
    """Those of all lists. Raises ValueError as `matcher`, and for more lists than are asked."""
    if len(lists) > MOST_LISTS:
        raise ValueError(f"{len(lists)} lists: at most {MOST_LISTS} are asked")
    return [matcher(one.answers) for one in lists]


def _span(part: str) -> tuple[int, int]:
    low, _, high = part.partition("-")
    return int(low), int(high or low)


class _Known(msgspec.Struct):
    """A list and how it behaves."""

    terms: AddressList
    counts: Callable[[str], bool]
    rests_until: float = 0.0
    silent: int = 0


class Lists:
    """All lists of a server. `now` gives monotonic seconds; `tell(event, **facts)` hears of lists that behave badly."""

    def __init__(
        self,
        lists: Sequence[AddressList],
        resolver: Resolver,
        seconds: float,
        now: Callable[[], float],
        tell: Callable[..., object],
    ) -> None:
        self._lists = [_Known(one, counts) for one, counts in zip(lists, matchers(lists), strict=True)]
        self._resolver = resolver
        self._seconds = seconds
        self._now = now
        self._tell = tell

    def __bool__(self) -> bool:
        return bool(self._lists)

    async def look(self, ip: str) -> list[Finding]:
        """What the lists say of an address."""
        name = _listed_name(ip)
        now = self._now()
        asked = [known for known in self._lists if known.rests_until <= now] if name else []
        if not asked:
            return []
        loop = asyncio.get_running_loop()
        tasks = {
            loop.create_task(self._resolver.addresses(f"{name}.{known.terms.zone}", Family.IPV4)): known
            for known in asked
        }
        try:
            done, late = await asyncio.wait(tasks, timeout=self._seconds)
        except BaseException:
            _cancel(tasks)
            raise
        _cancel(late)
        for task in late:
            self._was_silent(tasks[task])
        found = [self._finding(tasks[task], task.result()) for task in tasks if task in done]
        return [finding for finding in found if finding is not None]

    async def reason(self, ip: str, finding: Finding) -> str:
        """The list's own words about an address that it has (RFC 5782 §2.1); "" when there are none in time."""
        zone = finding.check.removeprefix("list ")
        asking = asyncio.get_running_loop().create_task(self._resolver.txt(f"{_listed_name(ip)}.{zone}"))
        try:
            await asyncio.wait((asking,), timeout=self._seconds)
        finally:
            asking.cancel()
        texts = asking.result().records if asking.done() and not asking.cancelled() else ()
        return printable(texts[0], MOST_REASON) if texts else ""

    def _finding(self, known: _Known, answer: Answer[str]) -> Finding | None:
        if answer.failed:
            self._was_silent(known)
            return None
        known.silent = 0
        zone = known.terms.zone
        for ip in answer.records:
            address = ipaddress.ip_address(ip)
            if address not in _LOCAL or address in _REFUSING:
                self._rest(known, REST_SECONDS, f"{zone} answered {ip}, which no list does that works")
                return None
        counting = next((ip for ip in answer.records if known.counts(ip)), None)
        if counting is None:
            return None
        words = "is listed in" if known.terms.points > 0 else "is known to"
        return Finding(
            f"list {zone}", counting, f"the client {words} {zone} ({counting})", known.terms.points
        )

    def _was_silent(self, known: _Known) -> None:
        known.silent += 1
        if known.silent >= SILENT_TIMES:
            self._rest(
                known, SILENT_SECONDS, f"{known.terms.zone} did not answer {known.silent} times in a row"
            )

    def _rest(self, known: _Known, seconds: float, why: str) -> None:
        if known.rests_until <= self._now():
            known.rests_until = self._now() + seconds
            known.silent = 0
            self._tell("list.rests", zone=known.terms.zone, why=why, seconds=seconds)


def _cancel(tasks: Iterable[asyncio.Task[Answer[str]]]) -> None:
    for task in tasks:
        task.cancel()


def _listed_name(ip: str) -> str:
    """`7.2.0.192` or the nibbles of an IPv6 address (RFC 5782 §2.4); "" for what is no address."""
    try:
        name = reverse_name(ip)
    except ValueError:
        return ""
    return name.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
