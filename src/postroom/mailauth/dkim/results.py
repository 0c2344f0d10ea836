"""What became of a signature, as a value with all that led to it.

RFC 6376 §3.9 and §6.1 (success, temporary and permanent failure), RFC 8601 §2.7.1 (the words for them), RFC 6008 §4 (header.b). Not here: the
field Authentication-Results, and what a verdict means for a letter.
"""

from __future__ import annotations

import enum

import msgspec

from postroom.message.headers.authentication_results import MethodResult, Property

MARK = 8  # octets of b= that tell signatures apart, RFC 6008 §4
_SHOWN = 255  # characters kept of a value that came from outside


class Verdict(enum.StrEnum):
    """RFC 8601 §2.7.1. POLICY: it verifies, and covers too little; NEUTRAL: nothing can be said, as if it were not there."""

    NONE = "none"
    PASS = "pass"
    FAIL = "fail"
    POLICY = "policy"
    NEUTRAL = "neutral"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Defect(Exception):
    """Why a signature cannot verify, and the verdict."""

    def __init__(self, reason: str, verdict: Verdict = Verdict.PERMERROR) -> None:
        self.reason = reason
        self.verdict = verdict
        super().__init__(reason)


class KeyFacts(msgspec.Struct, frozen=True):
    """The key that was used. `query` is the DNS name, `record` its text, `authenticated` what DNSSEC says; `testing` is t=y."""

    query: str = ""
    record: str = ""
    authenticated: bool = False
    bits: int = 0
    testing: bool = False


class SignatureResult(msgspec.Struct, frozen=True):
    """One signature's verdict. `reason` is "" when it passed; what could not be read is empty.

    `body_octets` is the canonical length of the body, `length` what l= says; `signed_at` and `expires` are unix seconds. `would_be` is
    what the verdict were if the key's domain did not say that it only tests (RFC 6376 §3.6.1, t=y).
    """

    verdict: Verdict
    reason: str = ""
    domain: str = ""
    selector: str = ""
    algorithm: str = ""
    identity: str = ""
    mark: str = ""
    signed: tuple[str, ...] = ()
    length: int | None = None
    body_octets: int = 0
    signed_at: int | None = None
    expires: int | None = None
    key: KeyFacts = KeyFacts()
    would_be: Verdict | None = None

    @property
    def passed(self) -> bool:
        """Whether the domain answers for the message."""
        return self.verdict is Verdict.PASS

    def method_result(self) -> MethodResult:
        """For Authentication-Results (RFC 8601 §2.7.1): `dkim=...` with what is known of `header.d header.i header.s header.a header.b`."""
        values = {
            "d": self.domain,
            "i": self.identity,
            "s": self.selector,
            "a": self.algorithm,
            "b": self.mark,
        }
        found = tuple(Property("header", tag, value) for tag, value in values.items() if value)
        return MethodResult("dkim", self.verdict.value, found, self.reason)

    def explained(self) -> str:
        """`dkim=fail: the body was changed (d=crepes.test s=r1 a=rsa-sha256)`, for people."""
        inputs = " ".join(f"{one.name}={one.value}" for one in self.method_result().properties)
        return f"dkim={self.verdict}{self.reason and ': ' + self.reason}{inputs and f' ({inputs})'}"


def from_tags(tags: dict[str, str], defect: Defect) -> SignatureResult:
    """The result of a signature that cannot be tried, with what its tags say."""
    domain, selector, algorithm, identity = (tags.get(name, "")[:_SHOWN] for name in "dsai")
    return SignatureResult(
        defect.verdict, defect.reason, domain, selector, algorithm, identity, mark_of(tags)
    )


def mark_of(tags: dict[str, str]) -> str:
    """The beginning of b=, which tells a signature from others."""
    return tags.get("b", "")[: 4 * MARK].replace(" ", "").replace("\t", "")[:MARK]
