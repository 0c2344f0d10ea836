"""All that was found out about where a message comes from: one value, and how it is told.

RFC 8601 §2.7 (the methods), RFC 7208 §9.1 (Received-SPF), RFC 7208 §2.3 (HELO beside MAIL FROM). It is told three ways: as results of
Authentication-Results, as trace fields, and as words for the journey. Not here: how anything is found out, and what is done about it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from postroom.mailauth import iprev
from postroom.mailauth.arc.validation import ChainResult
from postroom.mailauth.dkim.results import SignatureResult, Verdict
from postroom.mailauth.dmarc import verdict as dmarc
from postroom.mailauth.examination import NO_CHAIN
from postroom.mailauth.spf import verdict as spf
from postroom.mailauth.spf.fields import method_result, received_spf
from postroom.message.headers.authentication_results import (
    AuthenticationResults,
    MethodResult,
    Property,
    render,
)


class Verdicts(msgspec.Struct, frozen=True):
    """Of one message. None: not looked at, or not there to look at.

    `helo` is None when MAIL FROM is null, since then `sender` is about that name; `untried` are signatures beyond those that were tried.
    """

    iprev: iprev.Verdict | None = None
    helo: spf.Verdict | None = None
    sender: spf.Verdict | None = None
    signatures: tuple[SignatureResult, ...] = ()
    untried: int = 0
    chain: ChainResult = NO_CHAIN
    dmarc: dmarc.Verdict | None = None

    def results(self, *, utf8: bool = False) -> tuple[MethodResult, ...]:
        """For Authentication-Results, in ASCII unless the message is under SMTPUTF8 (RFC 8601 §2.2)."""
        found = tuple(self._results())
        return found if utf8 else tuple(map(_in_ascii, found))

    def _results(self) -> Iterator[MethodResult]:
        if self.iprev is not None:
            yield self.iprev.method_result()
        for one in (self.sender, self.helo):
            if one is not None:
                yield method_result(one)
        for signature in self.signatures:
            yield signature.method_result()
        if not self.signatures:
            yield MethodResult("dkim", Verdict.NONE.value)
        yield self._arc()
        if self.dmarc is not None:
            yield self.dmarc.method_result()

    def _arc(self) -> MethodResult:
        """RFC 8617 §4.4 and §6: "none" too, since who seals the message later starts a chain on that word alone."""
        if self.chain.verdict is Verdict.NONE:
            return MethodResult("arc", Verdict.NONE.value)
        remote = (Property("smtp", "remote-ip", self.iprev.ip),) if self.iprev is not None else ()
        arc = self.chain.method_result()
        return msgspec.structs.replace(arc, properties=(*arc.properties, *remote))

    def explained(self) -> list[tuple[str, str, str]]:
        """What was checked, the result and why, for people: `("spf", "fail", "203.0.113.9 is not in v=spf1 ... of crepes.test")`."""
        told = [("iprev", self.iprev.result.value, self.iprev.words)] if self.iprev is not None else []
        for what, one in (("spf", self.sender), ("spf of HELO", self.helo)):
            if one is not None:
                says = f"; {one.identity.domain} says: {one.explanation}" if one.explanation else ""
                told.append((what, one.result.value, one.words + says))
        told += [
            ("dkim", one.verdict.value, _because(one.explained(), f"dkim={one.verdict}"))
            for one in self.signatures
        ]
        if not self.signatures:
            told.append(("dkim", Verdict.NONE.value, "the message has no signature"))
        if self.untried:
            told.append(("dkim", Verdict.NEUTRAL.value, f"{self.untried} more signatures were not tried"))
        if self.chain.verdict is not Verdict.NONE:
            told.append(
                (
                    "arc",
                    self.chain.verdict.value,
                    _because(self.chain.explained(), f"arc={self.chain.verdict}"),
                )
            )
        if self.dmarc is not None:
            told.append(("dmarc", self.dmarc.result.value, self.dmarc.words))
        return told


def trace_fields(verdicts: Verdicts, authserv_id: str, *, utf8: bool = False, reason: str = "") -> bytes:
    """The fields for the top of the message, with CRLF: Authentication-Results, then Received-SPF (RFC 7208 §9.1).

    `reason` is why DMARC's verdict was not followed (RFC 8601 §2.2, reason).
    """
    results = verdicts.results(utf8=utf8)
    if reason and results[-1].method == "dmarc":
        results = (*results[:-1], msgspec.structs.replace(results[-1], reason=reason))
    fields = render(AuthenticationResults(authserv_id, results))
    if verdicts.sender is not None:
        field = received_spf(verdicts.sender)
        fields += field if utf8 or field.isascii() else field.decode().encode("ascii", "replace")
    return fields


def _in_ascii(result: MethodResult) -> MethodResult:
    if result.reason.isascii() and all(one.value.isascii() for one in result.properties):
        return result
    return msgspec.structs.replace(
        result,
        reason=_ascii(result.reason),
        properties=tuple(Property(one.ptype, one.name, _ascii(one.value)) for one in result.properties),
    )


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _because(explained: str, start: str) -> str:
    """`dkim=fail: why (d=...)` without what says the result; without a reason it is what stands in the parentheses."""
    rest = explained.removeprefix(start).removeprefix(":").strip()
    return rest[1:-1] if rest.startswith("(") and rest.endswith(")") else rest
