"""A resolver that does not wait for ever: what is not answered in time counts as TIMEOUT, and the check that asked ends by itself.

RFC 7208 §4.6.4 (a check takes 20 seconds at least before it is given up). What was asked and not known yet is kept for the journey, with its
answer. Not here: how long the DNS itself tries, and what it remembers (`net.dns.resolver`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from postroom.message.journey.events import Asked
from postroom.net.eager import Begun
from postroom.proto.dns.answer import Answer, Family, Kind, Mx, Rcode, Tlsa
from postroom.proto.dns.resolver import Resolver

MOST_NOTED = 60  # questions of one set of checks that the journey tells of
MOST_RECORDS = 10  # of one answer that it tells of


class Patience:
    """A `Resolver` around another one, for `seconds` from now on; `asked` is what somebody had to wait for, each question once."""

    def __init__(self, inner: Resolver, seconds: float) -> None:
        self.asked: list[Asked] = []
        self._inner = inner
        self._ahead: dict[str, Begun[Answer[bytes]]] = {}
        self._noted: set[tuple[str, Kind]] = set()
        self._time = asyncio.get_running_loop().time
        self._end = self._time() + seconds

    def over(self) -> bool:
        """Whether the time is over."""
        return self._time() >= self._end

    def begin_texts(self, names: Iterable[str]) -> None:
        """Asks for the texts of these names at once; who asks for one of them later gets that answer."""
        for name in names:
            if name not in self._ahead:
                self._ahead[name] = Begun(self._inner.txt(name))

    def mx(self, name: str) -> Coroutine[Any, Any, Answer[Mx]]:
        """Exchangers."""
        return self._ask(self._inner.mx(name), name, Kind.MX)

    def addresses(self, name: str, family: Family = Family.BOTH) -> Coroutine[Any, Any, Answer[str]]:
        """Addresses."""
        return self._ask(self._inner.addresses(name, family), name, Kind(family.value))

    def txt(self, name: str) -> Coroutine[Any, Any, Answer[bytes]]:
        """Texts."""
        begun = self._ahead.pop(name, None)
        return self._wait(begun or Begun(self._inner.txt(name)), name, Kind.TXT)

    def ptr(self, ip: str) -> Coroutine[Any, Any, Answer[str]]:
        """The names of an address."""
        return self._ask(self._inner.ptr(ip), ip, Kind.PTR)

    def cname(self, name: str) -> Coroutine[Any, Any, Answer[str]]:
        """The target of an alias."""
        return self._ask(self._inner.cname(name), name, Kind.CNAME)

    def tlsa(self, name: str) -> Coroutine[Any, Any, Answer[Tlsa]]:
        """TLSA records."""
        return self._ask(self._inner.tlsa(name), name, Kind.TLSA)

    async def _ask(self, question: Coroutine[Any, Any, Answer[Any]], name: str, kind: Kind) -> Answer[Any]:
        return await self._wait(Begun(question), name, kind)

    async def _wait(self, begun: Begun[Answer[Any]], name: str, kind: Kind) -> Answer[Any]:
        if begun.over:
            return await begun.result()
        answer = await begun.within(self._end - self._time())
        if answer is None:
            answer = Answer(name, kind, Rcode.TIMEOUT)
        self._note(answer)
        return answer

    def _note(self, answer: Answer[Any]) -> None:
        question = (answer.name, answer.kind)
        if question not in self._noted and len(self.asked) < MOST_NOTED:
            self._noted.add(question)
            self.asked.append(
                Asked(
                    0,
                    answer.name,
                    answer.kind.value,
                    answer.rcode.value,
                    answer.texts()[:MOST_RECORDS],
                    answer.authenticated,
                )
            )
