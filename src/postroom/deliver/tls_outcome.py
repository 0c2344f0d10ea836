"""What one attempt at TLS came to, as a report to the recipient's domain needs it.

RFC 8460 §4.3 (result types) and §4.4 (what a report says of a policy and of a failure). Values only; not here: counting, keeping, reporting.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec


class PolicyKind(enum.StrEnum):
    """RFC 8460 §4.4, policy-type."""

    TLSA = "tlsa"
    STS = "sts"
    NONE = "no-policy-found"


class ResultKind(enum.StrEnum):
    """RFC 8460 §4.3; "" is a success."""

    SUCCESS = ""
    STARTTLS_NOT_SUPPORTED = "starttls-not-supported"
    CERTIFICATE_HOST_MISMATCH = "certificate-host-mismatch"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_NOT_TRUSTED = "certificate-not-trusted"
    VALIDATION_FAILURE = "validation-failure"
    TLSA_INVALID = "tlsa-invalid"
    DNSSEC_INVALID = "dnssec-invalid"
    DANE_REQUIRED = "dane-required"
    STS_POLICY_FETCH_ERROR = "sts-policy-fetch-error"
    STS_POLICY_INVALID = "sts-policy-invalid"
    STS_WEBPKI_INVALID = "sts-webpki-invalid"


class TlsOutcome(msgspec.Struct, frozen=True):
    """One session, or one policy that could not be had.

    `at` is unix microseconds; `domain` the recipient's (policy-domain); `policy` the lines of the policy (policy-string), for TLSA the records;
    `mx` its patterns (mx-host). `detail` is for people (additional-information). Of a failed fetch there is no host.
    """

    at: int
    domain: str
    kind: PolicyKind
    result: ResultKind = ResultKind.SUCCESS
    policy: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()
    sending_ip: str = ""
    receiving_host: str = ""
    receiving_ip: str = ""
    detail: str = ""

    @property
    def failed(self) -> bool:
        """Whether it is a failure in the sense of RFC 8460."""
        return self.result is not ResultKind.SUCCESS


class TlsOutcomes:
    """Where outcomes go: `hear` is called with each, at once, and must not wait; until somebody listens, nobody does."""

    def __init__(self) -> None:
        self.hear: Callable[[TlsOutcome], None] = _ignore

    def note(self, outcome: TlsOutcome) -> None:
        """Hands one on."""
        self.hear(outcome)


def _ignore(_outcome: TlsOutcome) -> None:
    """Nobody keeps it."""
