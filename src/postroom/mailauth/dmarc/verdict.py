"""What became of a message under DMARC, as a value with all that led to it.

RFC 9989 §5.3.5 and §5.3.6 (pass, fail, and what is asked for), §9 (dmarc= in Authentication-Results), RFC 7489 §11.2 (the results). Values only.
Not here: how they are found, and what a door does.
"""

from __future__ import annotations

import enum

import msgspec

from postroom.mailauth.dmarc.author import Fault
from postroom.mailauth.dmarc.discovery import Method, Published
from postroom.mailauth.dmarc.record import Mode, Policy
from postroom.message.headers.authentication_results import MethodResult, Property


class Result(enum.StrEnum):
    """RFC 7489 §11.2. PERMERROR: there are several authors, or none that can be read, and no policy that applies."""

    NONE = "none"
    PASS = "pass"
    FAIL = "fail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Identifier(msgspec.Struct, frozen=True):
    """A domain that SPF or DKIM looked at: `method` is "spf" or "dkim", `result` that check's word, `aligned` whether it speaks for the author."""

    method: str
    domain: str
    result: str
    aligned: bool = False
    selector: str = ""

    def __str__(self) -> str:
        if self.result != "pass":
            return (
                f"{self.method}={self.result} of {self.domain}"
                if self.domain
                else f"{self.method}={self.result}"
            )
        return f"{self.method}=pass of {self.domain}" + ("" if self.aligned else ", which is not aligned")


class Verdict(msgspec.Struct, frozen=True):
    """The result with its inputs.

    `author` is the domain of From, of several the one that decided. `published` is the record that applies and the domain that has it.
    `policy` is what it asks of mail that fails; `disposition` is what it asks of this message: `none` when it passes, one level less when the
    record tests (t=y), or when pct= leaves the message out (`spared` says which of the two). A `fault` of From is never a pass.
    """

    result: Result
    author: str = ""
    published: Published | None = None
    policy: Policy = Policy.NONE
    disposition: Policy = Policy.NONE
    spared: str = ""
    identifiers: tuple[Identifier, ...] = ()
    method: Method = Method.TREE_WALK
    fault: Fault | None = None
    problem: str = ""

    @property
    def strict(self) -> tuple[str, ...]:
        """Which of "spf" and "dkim" must be aligned strictly."""
        if self.published is None:
            return ()
        record = self.published.record
        modes = {"spf": record.aspf, "dkim": record.adkim}
        return tuple(method for method, mode in modes.items() if mode is Mode.STRICT)

    @property
    def words(self) -> str:
        """Why, in one sentence: `neither SPF nor DKIM speaks for crepes.test (spf=fail of evil.test, dkim=none); it asks for reject`."""
        if self.problem:
            return self.problem
        if self.published is None:
            return f"{self.author} publishes no DMARC record"
        where = f"_dmarc.{self.published.domain}"
        if self.result is Result.PASS:
            speaking = ", ".join(str(one) for one in self.identifiers if one.aligned)
            return f"{speaking} is aligned with {self.author} ({where})"
        looked_at = ", ".join(map(str, self.identifiers)) or "there is neither"
        asked = f"{where} asks for {self.policy}" + (
            f", {self.spared}: {self.disposition}" if self.spared else ""
        )
        return f"neither SPF nor DKIM speaks for {self.author} ({looked_at}); {asked}"

    @property
    def applied(self) -> Policy:
        """RFC 9989 §9.1, policy.dmarc: what is to be applied to mail that fails, after the options; pct= is drawn for mail that fails alone."""
        if self.result is Result.FAIL:
            return self.disposition
        testing = self.published is not None and self.published.record.testing
        return self.policy.milder if testing else self.policy

    def method_result(self) -> MethodResult:
        """For Authentication-Results: `dmarc=fail (p=reject) header.from=crepes.test policy.dmarc=reject` (RFC 9989 §9)."""
        properties = [Property("header", "from", self.author)] if self.author else []
        if self.published is not None:
            properties.append(Property("policy", "dmarc", self.applied.value))
        return MethodResult("dmarc", self.result.value, tuple(properties), self.problem)

    def explained(self) -> str:
        """`dmarc=fail: ...`, for people."""
        return f"dmarc={self.result}: {self.words}"
