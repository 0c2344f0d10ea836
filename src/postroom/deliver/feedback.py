"""What a DMARC report says of one message: a verdict and what was done about it, as a row.

RFC 9990 §3.1.1 (policy_published, row, identifiers, auth_results), §3.1.3 (which signatures of many), §3.1.6 (reasons). Not here: counting
(`deliver.tally`), reports, and verdicts themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from postroom.mailauth.dmarc.record import Policy, Record
from postroom.mailauth.dmarc.verdict import Identifier, Result, Verdict
from postroom.mailauth.spf import verdict as spf
from postroom.message.feedback.aggregate import AuthResult, PolicyPublished, Reason, Row, Seen
from postroom.message.headers.header import Header

MAX_SIGNATURES = 20  # of one row; RFC 9990 §3.1.3 asks for no more than 100
_SHOWN = 255  # characters of a value that strangers wrote
_REPORTED = (Result.PASS, Result.FAIL)


class Arrival(msgspec.Struct, frozen=True):
    """How a message came and what the door did: `applied` is what was done in the name of the policy, `reason` why less than it asks for.

    `is_report`: it is a report itself, by its header. `at` is unix microseconds; `override` a word of RFC 9990 §3.1.6 such as "local_policy", "trusted_forwarder" or "mailing_list".
    """

    ip: str
    at: int
    applied: Policy
    override: str = ""
    comment: str = ""
    is_report: bool = False


def is_report(header: Header) -> bool:
    """Whether a message says that it brings a report (RFC 9990 §3.5.2, RFC 8460 §5.3)."""
    return (header.get("Subject") or b"").startswith(b"Report Domain:")


def seen(verdict: Verdict, sender: spf.Verdict | None, arrival: Arrival) -> Seen | None:
    """The row of one message; None when the domain asked for no reports, or nothing could be found out about the message."""
    published = verdict.published
    if published is None or not published.record.reports or verdict.result not in _REPORTED:
        return None
    if arrival.is_report and verdict.result is Result.PASS:
        return (
            None  # else two systems would go on reporting on each other's reports; what is forged is counted
        )
    policy = policy_published(published.domain, published.record, verdict.method.value)
    row = Row(
        arrival.ip,
        _disposition(verdict, arrival),
        "pass" if _aligned(verdict, "dkim") else "fail",
        "pass" if _aligned(verdict, "spf") else "fail",
        _reasons(verdict, arrival),
        verdict.author,
        _envelope_from(sender),
        signatures=_signatures(verdict.identifiers, verdict.author),
        senders=_senders(sender),
    )
    return Seen(policy, row, arrival.at)


def policy_published(domain: str, record: Record, method: str) -> PolicyPublished:
    """A record as reports write it; tags that are not there have their default, which is what applied."""
    p = record.policy(subdomain=False).value
    return PolicyPublished(
        domain,
        p,
        record.sp.value if record.sp else "",
        record.np.value if record.np else "",
        record.adkim.value,
        record.aspf.value,
        record.testing,
        ":".join(record.failure_options) if record.failures else "",
        method,
        str(record.percent) if method == "psl" else "",
    )


def _disposition(verdict: Verdict, arrival: Arrival) -> str:
    """RFC 9990 §3.1.1.9: "pass" where something would have been done otherwise."""
    passed = verdict.result is Result.PASS and arrival.applied is Policy.NONE
    return "pass" if passed and verdict.policy is not Policy.NONE else arrival.applied.value


def _aligned(verdict: Verdict, method: str) -> bool:
    return verdict.fault is None and any(one.aligned for one in verdict.identifiers if one.method == method)


def _reasons(verdict: Verdict, arrival: Arrival) -> tuple[Reason, ...]:
    if arrival.override:
        return (Reason(arrival.override, arrival.comment[:_SHOWN]),)
    if (
        verdict.result is Result.FAIL
        and verdict.published is not None
        and arrival.applied is not verdict.policy
    ):
        if verdict.published.record.testing:
            return (Reason("policy_test_mode"),)
        if verdict.spared:
            return (Reason("other", verdict.spared),)
        return (Reason("local_policy", arrival.comment[:_SHOWN]),)
    return ()


def _envelope_from(sender: spf.Verdict | None) -> str:
    return sender.identity.domain[:_SHOWN] if sender is not None else ""


def _senders(sender: spf.Verdict | None) -> tuple[AuthResult, ...]:
    if sender is None:
        return ()
    return (AuthResult(sender.identity.domain[:_SHOWN], sender.result.value, scope="mfrom"),)


def _signatures(identifiers: Sequence[Identifier], author: str) -> tuple[AuthResult, ...]:
    """RFC 9990 §3.1.3: those first that passed and are identical with the author's domain, then the aligned, the passed, the rest."""

    def rank(one: Identifier) -> tuple[bool, bool, bool]:
        return one.result != "pass", not one.aligned, one.domain != author

    found = sorted((one for one in identifiers if one.method == "dkim"), key=rank)
    return tuple(
        AuthResult(one.domain[:_SHOWN], one.result, one.selector[:_SHOWN]) for one in found[:MAX_SIGNATURES]
    )
