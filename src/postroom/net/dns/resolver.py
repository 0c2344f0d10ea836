"""The stub resolver: asks the configured servers, remembers what they said, and asks each question once at a time.

RFC 1034 §5.3.1 (stub resolvers), RFC 1035 §4.2.1 and §7.2, RFC 4035 §4.9.3 and RFC 6840 §5.7 (the AD bit, believed only from a server that
is told to be trusted). It is a `proto.dns.resolver.Surveyor`; what is in the cache is answered without suspending. Not here: recursion, validation.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import dns.exception
import dns.name
import dns.rdatatype
import msgspec

from postroom.net.dns.cache import AnswerCache, Question
from postroom.net.dns.client import FORMERR, NoAnswer, Server, ask, question
from postroom.net.dns.reading import KINDS, MOST_ALIASES, Reading, read
from postroom.proto.dns.answer import Answer, Caa, Family, Kind, Mx, Rcode, Srv, Tlsa
from postroom.proto.dns.resolver import normal_name, reverse_name
from postroom.wire.ip import is_address
from postroom.wire.numbers import decimal

RESOLV_CONF = Path("/etc/resolv.conf")
MOST_SERVERS = 3  # resolv.conf(5)
MOST_QUESTIONS = 256  # at the same time; each needs a socket
SILENT_AFTER = 3  # questions in a row that a server did not answer, after which the others are asked first
SILENT_SECONDS = 60.0  # from the last of them on; then it may have come back


class ResolverOptions(msgspec.Struct, frozen=True):
    """Which servers to ask in which order, how long to wait for each (seconds) and how often; `trust_ad`: they validate DNSSEC for us."""

    servers: tuple[Server, ...]
    seconds: float = 5.0
    tries: int = 2
    trust_ad: bool = False
    cache_size: int = 10_000


class StubResolver:
    """Asks the DNS."""

    def __init__(self, options: ResolverOptions, now: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._now = now
        self._missed: dict[
            Server, tuple[int, float]
        ] = {}  # questions since its last answer, and the last one's time
        self._cache = AnswerCache(options.cache_size, now)
        self._asking: dict[Question, asyncio.Task[Answer[Any]]] = {}
        self._free = asyncio.Semaphore(MOST_QUESTIONS)

    async def mx(self, name: str) -> Answer[Mx]:
        """The exchangers of a domain."""
        return await self._lookup(name, Kind.MX)

    async def addresses(self, name: str, family: Family = Family.BOTH) -> Answer[str]:
        """IPv6 and IPv4 addresses."""
        if family is not Family.BOTH:
            return await self._lookup(name, Kind(family.value))
        name = normal_name(name)
        known = self._cache.get((name, Kind.AAAA)), self._cache.get((name, Kind.A))
        if known[0] is not None and known[1] is not None:
            return _together(known[0], known[1])
        six, four = await asyncio.gather(self._lookup(name, Kind.AAAA), self._lookup(name, Kind.A))
        return _together(six, four)

    async def txt(self, name: str) -> Answer[bytes]:
        """Texts."""
        return await self._lookup(name, Kind.TXT)

    async def ptr(self, ip: str) -> Answer[str]:
        """The names of an address."""
        return await self._lookup(reverse_name(ip), Kind.PTR)

    async def cname(self, name: str) -> Answer[str]:
        """The target of an alias."""
        return await self._lookup(name, Kind.CNAME)

    async def tlsa(self, name: str) -> Answer[Tlsa]:
        """TLSA records."""
        return await self._lookup(name, Kind.TLSA)

    async def srv(self, name: str) -> Answer[Srv]:
        """Where a service is."""
        return await self._lookup(name, Kind.SRV)

    async def caa(self, name: str) -> Answer[Caa]:
        """Who may issue certificates."""
        return await self._lookup(name, Kind.CAA)

    def forget(self) -> None:
        """Empties the cache."""
        self._cache.clear()

    async def close(self) -> None:
        """Ends all questions; whoever waits for them gets CancelledError."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _lookup(self, name: str, kind: Kind) -> Answer[Any]:
        name = normal_name(name)
        answer = self._cache.get((name, kind))
        if answer is not None:
            return answer
        task = self._asking.get((name, kind))
        if task is None:
            if parsed_name(name) is None:
                return Answer(name, kind, Rcode.NXDOMAIN)
            task = asyncio.get_running_loop().create_task(self._resolve(name, kind))
            self._asking[name, kind] = task
            task.add_done_callback(lambda _: self._asking.pop((name, kind), None))
        return await asyncio.shield(task)  # who asks may give up; others may wait for the same

    async def _resolve(self, name: str, kind: Kind) -> Answer[Any]:
        """Follows aliases across messages (RFC 1034 §3.6.2), at most MOST_ALIASES of them."""
        reading = await self._ask_servers(name, kind)
        ttl, authenticated = reading.ttl, reading.authenticated
        for _ in range(MOST_ALIASES):
            if not reading.onward:
                break
            reading = await self._ask_servers(reading.canonical, kind)
            ttl, authenticated = min(ttl, reading.ttl), authenticated and reading.authenticated
        rcode = Rcode.SERVFAIL if reading.onward else reading.rcode
        answer = Answer(
            name,
            kind,
            rcode,
            reading.records,
            ttl,
            authenticated=authenticated and self._options.trust_ad,
            canonical="" if reading.canonical == name else reading.canonical,
        )
        if answer.failed:
            answer = Answer(name, kind, rcode)
        self._cache.put((name, kind), answer)
        return answer

    async def _ask_servers(self, name: str, kind: Kind) -> Reading:
        """The first usable answer; else what the last server said of its failure."""
        last = Reading(Rcode.UNREACHABLE, name)
        parsed = parsed_name(name)
        if parsed is None:  # where an alias leads
            return Reading(Rcode.SERVFAIL, name)
        for _ in range(self._options.tries):
            for server in sorted(self._options.servers, key=self._silent):
                reading = await self._ask_server(server, parsed, kind)
                if reading.rcode in {Rcode.NOERROR, Rcode.NXDOMAIN}:
                    return reading
                last = reading
        return last

    async def _ask_server(self, server: Server, parsed: dns.name.Name, kind: Kind) -> Reading:
        name, rdtype = normal_name(parsed.to_text()), dns.rdatatype.RdataType(KINDS[kind])
        try:
            async with self._free:
                response = await ask(server, question(parsed, rdtype), self._options.seconds)
                if response.rcode == FORMERR:  # a server from before EDNS (RFC 6891 §6.2.2)
                    response = await ask(server, question(parsed, rdtype, edns=False), self._options.seconds)
        except NoAnswer as failure:
            self._missed[server] = self._missed.get(server, (0, 0.0))[0] + 1, self._now()
            return Reading(Rcode.UNREACHABLE if failure.unreachable else Rcode.TIMEOUT, name)
        self._missed.pop(server, None)
        return read(response, name, kind)

    def _silent(self, server: Server) -> bool:
        """Whether each question would wait for it in vain, as far as one can tell."""
        missed, last = self._missed.get(server, (0, 0.0))
        return missed >= SILENT_AFTER and self._now() - last < SILENT_SECONDS


def parsed_name(name: str) -> dns.name.Name | None:
    """A name for the wire; None when it cannot stand in the DNS (RFC 1035 §2.3.4)."""
    try:
        return dns.name.from_text(name) if name.isascii() and name else None
    except (dns.exception.DNSException, ValueError):
        return None


def system_options(path: Path = RESOLV_CONF) -> ResolverOptions:
    """What resolv.conf(5) says; the local host when it names no server. AD is believed with `options trust-ad`, or of a local server."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    servers = [
        Server(words[1])
        for words in map(str.split, lines)
        if words[:1] == ["nameserver"] and is_address("".join(words[1:2]))
    ]
    trust = any("trust-ad" in words for words in map(str.split, lines) if words[:1] == ["options"])
    servers = servers[:MOST_SERVERS] or [Server("127.0.0.1")]
    local = all(ipaddress.ip_address(server.ip).is_loopback for server in servers)
    return ResolverOptions(tuple(servers), trust_ad=trust or local)


def parse_server(place: str) -> Server:
    """`192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`, and `localhost` for 127.0.0.1; raises ValueError."""
    host, port = place, "53"
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        port = rest.removeprefix(":") if rest else port
    elif place.count(":") == 1:
        host, _, port = place.partition(":")
    host = "127.0.0.1" if host == "localhost" else host
    number = decimal(port.encode(), 5)
    if not is_address(host) or number is None or not 0 < number < 65536:
        raise ValueError(f"{place} is no address of a name server; write e.g. 127.0.0.1:5353 or [::1]:5353")
    return Server(host, number)


def _together(six: Answer[str], four: Answer[str]) -> Answer[str]:
    """IPv6 and IPv4 as one answer: a failure of one counts only when the other found nothing.

    They take turns (RFC 8305 §4): who tries but a few of many addresses, and has one family alone, tries some of that.
    """
    turns = zip_longest(six.records, four.records)
    records = tuple(ip for turn in turns for ip in turn if ip is not None)
    failed = next((answer for answer in (six, four) if answer.failed), None)
    if failed is not None and not records:
        return Answer(failed.name, Kind.ADDRESS, failed.rcode)
    good = [answer for answer in (six, four) if not answer.failed]
    return Answer(
        six.name,
        Kind.ADDRESS,
        Rcode.NXDOMAIN if all(answer.rcode is Rcode.NXDOMAIN for answer in good) else Rcode.NOERROR,
        records,
        min(answer.ttl for answer in good),
        authenticated=failed is None and six.authenticated and four.authenticated,
        canonical=good[0].canonical,
    )
