"""Which name servers a diagnosis asks, about what, for how long, and what they said.

A `Resolver` around another: every answer is kept for the eyes of whoever diagnoses, and when the time is over each question is answered with
TIMEOUT. Not here: any protocol's questions.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from postroom.agent.invocation import CommandFailed
from postroom.mailauth.dkim.names import a_labels
from postroom.net.dns.client import Server
from postroom.net.dns.resolver import ResolverOptions, StubResolver, parse_server, system_options
from postroom.proto.dns.answer import Answer, Caa, Family, Kind, Mx, Rcode, Srv, Tlsa
from postroom.proto.dns.resolver import Surveyor

R = TypeVar("R")
T = TypeVar("T")
CHECK_SECONDS = 20.0  # that all questions of one check may take (RFC 7208 §4.6.4 has this for SPF)

ResolverAt = Annotated[
    str, typer.Option("--resolver", metavar="HOST:PORT", help="Ask this name server instead of the system's.")
]
AuthorIn = Annotated[str, typer.Argument(metavar="DOMAIN|ADDRESS", help="Of the author, as in From.")]


class Said(msgspec.Struct, frozen=True):
    """A question and its answer, the records as zone files write them."""

    name: str
    kind: str
    rcode: str
    records: list[str]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {', '.join(self.records) or self.rcode}"


class Asking:
    """Asks `inner` until `seconds` from now are over; `said` is what came, in its order. Made inside a running loop."""

    def __init__(self, inner: Surveyor, seconds: float) -> None:
        self.said: list[Said] = []
        self._inner = inner
        self._end = asyncio.get_running_loop().time() + seconds

    def expired(self) -> bool:
        """Whether the time is over."""
        return asyncio.get_running_loop().time() >= self._end

    async def mx(self, name: str) -> Answer[Mx]:
        """Exchangers."""
        return await self._ask(self._inner.mx(name), name, Kind.MX)

    async def addresses(self, name: str, family: Family = Family.BOTH) -> Answer[str]:
        """Addresses."""
        return await self._ask(self._inner.addresses(name, family), name, Kind(family.value))

    async def txt(self, name: str) -> Answer[bytes]:
        """Texts."""
        return await self._ask(self._inner.txt(name), name, Kind.TXT)

    async def ptr(self, ip: str) -> Answer[str]:
        """The names of an address."""
        return await self._ask(self._inner.ptr(ip), ip, Kind.PTR)

    async def cname(self, name: str) -> Answer[str]:
        """The target of an alias."""
        return await self._ask(self._inner.cname(name), name, Kind.CNAME)

    async def tlsa(self, name: str) -> Answer[Tlsa]:
        """TLSA records."""
        return await self._ask(self._inner.tlsa(name), name, Kind.TLSA)

    async def srv(self, name: str) -> Answer[Srv]:
        """Where a service is."""
        return await self._ask(self._inner.srv(name), name, Kind.SRV)

    async def caa(self, name: str) -> Answer[Caa]:
        """Who may issue certificates."""
        return await self._ask(self._inner.caa(name), name, Kind.CAA)

    async def _ask(self, question: Awaitable[Answer[R]], name: str, kind: Kind) -> Answer[R]:
        try:
            async with asyncio.timeout_at(self._end):
                answer: Answer[Any] = await question
        except TimeoutError:
            answer = Answer(name, kind, Rcode.TIMEOUT)
        self.said.append(Said(answer.name, answer.kind.value, answer.rcode.value, answer.texts()))
        return answer


def asked(
    place: str,
    work: Callable[[Asking], Coroutine[Any, Any, T]],
    *,
    seconds: float = CHECK_SECONDS,
    validating: bool = False,
) -> tuple[T, list[Said]]:
    """What `work` finds out, and what the name server at `place` (see `resolver_at`) said to it."""

    async def asking() -> tuple[T, list[Said]]:
        resolver = resolver_at(place, validating=validating)
        try:
            questions = Asking(resolver, seconds)
            return await work(questions), questions.said
        finally:
            await resolver.close()

    return asyncio.run(asking())


def once(said: Iterable[Said]) -> list[Said]:
    """Each question with the last answer to it."""
    return list({(one.kind, one.name): one for one in said}.values())


def domain_of(text: str) -> str:
    """The domain that a user wrote, in A-labels. Raises CommandFailed."""
    found = a_labels(text.removesuffix("."))
    if found is None:
        raise CommandFailed(f"{text!r} is no domain; write e.g. example.com", 2)
    return found


def author_domain(text: str) -> str:
    """The domain of an author: of an address, or the one that was written by itself. Raises CommandFailed."""
    return domain_of(text.rpartition("@")[2])


def resolver_at(place: str, *, validating: bool = False) -> StubResolver:
    """The resolver that `--resolver` names, "" for the system's; one on this machine is believed that it validates. Raises CommandFailed."""
    if not place:
        found = system_options()
    else:
        server = _server(place)
        found = ResolverOptions((server,), trust_ad=ipaddress.ip_address(server.ip).is_loopback)
    return StubResolver(msgspec.structs.replace(found, trust_ad=validating or found.trust_ad))


def _server(place: str) -> Server:
    try:
        return parse_server(place)
    except ValueError as error:
        raise CommandFailed(f"--resolver {error}", 2) from error
