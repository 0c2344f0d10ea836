"""The reverse check: whether the client's address has a name that leads back to it.

RFC 8601 §3 (iprev: the names of the address, and the addresses of each) and §2.7.3 (results). Not here: what a client without a name is worth.
"""

from __future__ import annotations

import enum
import ipaddress

import msgspec

from postroom.mailauth.spf.verdict import Client
from postroom.message.headers.authentication_results import MethodResult, Property
from postroom.message.printable import printable
from postroom.proto.dns.answer import Answer, Family
from postroom.proto.dns.resolver import Resolver

MAX_NAMES = 5  # names of one address that are looked at; whoever has more has none


class Result(enum.StrEnum):
    """RFC 8601 §2.7.3."""

    PASS = "pass"
    FAIL = "fail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Verdict(msgspec.Struct, frozen=True):
    """The result for `ip`; `name` is the one that leads back to it, "" without. `words` says why, in one sentence."""

    result: Result
    ip: str
    name: str = ""
    words: str = ""

    def method_result(self) -> MethodResult:
        """`iprev=pass policy.iprev=192.0.2.1 (mail.crepes.test)`."""
        return MethodResult(
            "iprev",
            self.result.value,
            (Property("policy", "iprev", self.ip),),
            comment=self.name or self.words,
        )


async def check(resolver: Resolver, ip: str) -> Verdict:
    """Asks for the names of an address and for theirs. Raises ValueError when it is no address."""
    address = Client(ip).address
    names = await resolver.ptr(str(address))
    if names.failed:
        return _verdict(Result.TEMPERROR, ip, _failure(names))
    if not names.records:
        return _verdict(Result.PERMERROR, ip, f"{address} has no name")
    family = Family.IPV4 if address.version == 4 else Family.IPV6
    failure = ""
    for name in names.records[:MAX_NAMES]:
        found = await resolver.addresses(name, family)
        if str(address) in found.records or any(
            ipaddress.ip_address(one) == address for one in found.records
        ):
            return Verdict(Result.PASS, ip, name, f"{address} is {printable(name)}")
        failure = failure or (_failure(found) if found.failed else "")
    if failure:
        return _verdict(Result.TEMPERROR, ip, failure)
    return _verdict(Result.FAIL, ip, f"{printable(names.records[0])} does not lead back to {address}")


def _verdict(result: Result, ip: str, words: str) -> Verdict:
    return Verdict(result, ip, "", words)


def _failure(answer: Answer[str]) -> str:
    return f"the DNS answers {answer.rcode} for {answer.kind} of {printable(answer.name)}"
