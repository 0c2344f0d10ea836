"""What one check asks the DNS: each question within the limits, each failure as the result that it means.

RFC 7208 §4.4 (failures), §4.6.4 (ten terms that ask, two that find nothing, the time). The clock is a function that tells when the time is over.
Not here: what answers mean.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from postroom.mailauth.spf.verdict import Limits, Result
from postroom.proto.dns.answer import Answer, Family, Mx
from postroom.proto.dns.resolver import Resolver

R = TypeVar("R")


class Undecided(Exception):
    """The check ends here with temperror or permerror; the text says why."""

    def __init__(self, result: Result, problem: str) -> None:
        super().__init__(problem)
        self.result = result


class Questions:
    """The questions of one check. `lookups` and `voids` are what `Limits` counts so far."""

    def __init__(self, resolver: Resolver, limits: Limits, expired: Callable[[], bool]) -> None:
        self._resolver = resolver
        self._expired = expired
        self.limits = limits
        self.lookups = self.voids = 0
        self._term = ""
        self._found_nothing = False

    def begin(self, term: str) -> None:
        """A term that asks the DNS is looked at; Undecided when it is one too many."""
        self.lookups += 1
        self._term, self._found_nothing = term, False
        if self.lookups > self.limits.lookups:
            raise Undecided(
                Result.PERMERROR,
                f"more than {self.limits.lookups} terms ask the DNS, the first too many is {term}",
            )

    async def txt(self, name: str) -> Answer[bytes]:
        """Texts; Undecided when nothing is known."""
        return _known(await self._ask(self._resolver.txt, name))

    async def mx(self, name: str) -> Answer[Mx]:
        """Exchangers, for the current term; Undecided when nothing is known."""
        return self._counted(_known(await self._ask(self._resolver.mx, name)))

    async def addresses(self, name: str, family: Family) -> Answer[str]:
        """Addresses, for the current term; Undecided when nothing is known."""
        return self._counted(_known(await self.addresses_if_any(name, family)))

    async def addresses_if_any(self, name: str, family: Family) -> Answer[str]:
        """Addresses; a failure is left to the caller, and absence is not counted."""
        return await self._ask(lambda name: self._resolver.addresses(name, family), name)

    async def names(self, ip: str) -> Answer[str]:
        """The client's names; a failure is left to the caller, and absence is not counted."""
        return await self._ask(self._resolver.ptr, ip)

    def count(self, answer: Answer[R]) -> None:
        """Counts the current term, once, when the answer is void."""
        if answer.absent and not self._found_nothing:
            self._found_nothing = True
            self.voids += 1
            if self.voids > self.limits.voids:
                raise Undecided(
                    Result.PERMERROR,
                    f"more than {self.limits.voids} terms ask for what does not exist, the last is {self._term}",
                )

    def _counted(self, answer: Answer[R]) -> Answer[R]:
        self.count(answer)
        return answer

    async def _ask(self, question: Callable[[str], Awaitable[Answer[R]]], name: str) -> Answer[R]:
        self._look_at_the_clock()
        answer = await question(name.replace("\\", "\\\\"))  # RFC 1035 §5.1: as names are written
        self._look_at_the_clock()
        return answer

    def _look_at_the_clock(self) -> None:
        if self._expired():
            raise Undecided(Result.TEMPERROR, "the time for asking the DNS is over")


def _known(answer: Answer[R]) -> Answer[R]:
    if answer.failed:
        raise Undecided(
            Result.TEMPERROR, f"the DNS answers {answer.rcode} for {answer.kind} of {answer.name}"
        )
    return answer
