"""A TLS report: how connections to a domain's mail servers came about, or why they did not; as values, and as JSON.

RFC 8460 §4.1 to §4.4 (content and format), §4.3 (the words for what went wrong). Reading takes what many write (one value where a list belongs), and
nothing too much. Not here: packings, mail, and the record that asks for reports (`mailauth.tlsrpt`).
"""

from __future__ import annotations

import datetime as dt
from codecs import BOM_UTF8
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from postroom.message.feedback.packing import BadReport
from postroom.message.printable import printable

MAX_POLICIES = 1000  # of one report
MAX_FAILURES = 10_000  # of one report, all policies together
MAX_STRINGS = 100  # of one list: lines of a policy, names of hosts
MAX_VALUE = 255  # characters that are kept of a value

Count = Annotated[int, Meta(ge=0, le=10**12)]


class TlsPolicy(msgspec.Struct, frozen=True):
    """What was to be followed: `kind` is sts, tlsa or no-policy-found; `strings` its lines, `hosts` the names of MTA-STS."""

    domain: str
    kind: str = "no-policy-found"
    strings: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


class TlsFailure(msgspec.Struct, frozen=True):
    """Sessions that failed alike: `result` is a word of RFC 8460 §4.3, `code` what the library says."""

    result: str
    sending_ip: str = ""
    mx: str = ""
    mx_helo: str = ""
    receiving_ip: str = ""
    information: str = ""
    code: str = ""


class CountedFailure(msgspec.Struct, frozen=True):
    """A kind of failure and how many sessions."""

    failure: TlsFailure
    count: int = 1


class PolicyReport(msgspec.Struct, frozen=True):
    """What came of one policy, in sessions."""

    policy: TlsPolicy
    succeeded: int = 0
    failures: tuple[CountedFailure, ...] = ()
    failed: int = 0


class TlsReport(msgspec.Struct, frozen=True):
    """The whole of it; times are unix seconds."""

    organization: str
    contact: str
    report_id: str
    begin: int
    end: int
    policies: tuple[PolicyReport, ...]

    @property
    def domain(self) -> str:
        """What it is about: the domain of its first policy."""
        return self.policies[0].policy.domain if self.policies else ""

    @property
    def succeeded(self) -> int:
        """Sessions that came about as the policies want it."""
        return sum(one.succeeded for one in self.policies)

    @property
    def failed(self) -> int:
        """Sessions that did not."""
        return sum(one.failed for one in self.policies)


class _Dates(msgspec.Struct, rename="kebab", omit_defaults=True):
    start_datetime: str = ""
    end_datetime: str = ""


class _Policy(msgspec.Struct, rename="kebab", omit_defaults=True):
    policy_type: str = ""
    policy_string: list[str] | str = []
    policy_domain: str = ""
    mx_host: list[str] | str = []


class _Summary(msgspec.Struct, rename="kebab"):
    total_successful_session_count: Count = 0
    total_failure_session_count: Count = 0


class _Failure(msgspec.Struct, rename="kebab", omit_defaults=True):
    result_type: str = ""
    sending_mta_ip: str = ""
    receiving_mx_hostname: str = ""
    receiving_mx_helo: str = ""
    receiving_ip: str = ""
    failed_session_count: Count = 0
    additional_information: str | None = None
    failure_reason_code: str | None = None


class _PolicyReport(msgspec.Struct, rename="kebab", omit_defaults=True):
    policy: _Policy
    summary: _Summary
    failure_details: list[_Failure] | None = None


class _Report(msgspec.Struct, rename="kebab"):
    organization_name: str
    date_range: _Dates
    contact_info: str | None
    report_id: str
    policies: list[_PolicyReport]


def render(report: TlsReport) -> bytes:
    """The JSON of RFC 8460 §4.4."""
    return msgspec.json.encode(
        _Report(
            report.organization,
            _Dates(_iso(report.begin), _iso(report.end)),
            report.contact,
            report.report_id,
            [_written(one) for one in report.policies],
        )
    )


def _written(one: PolicyReport) -> _PolicyReport:
    policy = _Policy(one.policy.kind, list(one.policy.strings), one.policy.domain, list(one.policy.hosts))
    failures = [
        _Failure(
            counted.failure.result,
            counted.failure.sending_ip,
            counted.failure.mx,
            counted.failure.mx_helo,
            counted.failure.receiving_ip,
            counted.count,
            counted.failure.information or None,
            counted.failure.code or None,
        )
        for counted in one.failures
    ]
    return _PolicyReport(policy, _Summary(one.succeeded, one.failed), failures or None)


def read(document: bytes) -> TlsReport:
    """A report out of JSON that anybody may have written; raises BadReport."""
    try:
        found = msgspec.json.decode(document.removeprefix(BOM_UTF8), type=_Report)  # which some write
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BadReport(f"it is no TLS report: {error}") from error
    if len(found.policies) > MAX_POLICIES:
        raise BadReport(f"it has {len(found.policies)} policies, at most {MAX_POLICIES} are read")
    if sum(len(one.failure_details or ()) for one in found.policies) > MAX_FAILURES:
        raise BadReport(f"it has more than {MAX_FAILURES} kinds of failures")
    dates = found.date_range
    report = TlsReport(
        _text(found.organization_name),
        _text(found.contact_info),
        _text(found.report_id),
        _seconds(dates.start_datetime),
        _seconds(dates.end_datetime),
        tuple(_read(one) for one in found.policies),
    )
    if not report.report_id or not report.domain:
        raise BadReport("it says no domain, or has no id: it is not a TLS report")
    return report


def _read(one: _PolicyReport) -> PolicyReport:
    policy = one.policy
    return PolicyReport(
        TlsPolicy(
            _text(policy.policy_domain).lower(),
            _text(policy.policy_type),
            _texts(policy.policy_string),
            _texts(policy.mx_host),
        ),
        one.summary.total_successful_session_count,
        tuple(
            CountedFailure(_failure(said), said.failed_session_count) for said in one.failure_details or ()
        ),
        one.summary.total_failure_session_count,
    )


def _failure(said: _Failure) -> TlsFailure:
    values = (
        *(said.result_type, said.sending_mta_ip, said.receiving_mx_hostname, said.receiving_mx_helo),
        *(said.receiving_ip, said.additional_information, said.failure_reason_code),
    )
    return TlsFailure(*map(_text, values))


def _iso(seconds: int) -> str:
    """RFC 3339 §5.6, in UTC."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(text: str) -> int:
    """Unix seconds; 0 for what is no time, or before 1970."""
    try:
        found = dt.datetime.fromisoformat(text[:MAX_VALUE])
        return max(0, int((found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()))
    except (ValueError, OverflowError):
        return 0


def _text(value: str | None) -> str:
    return printable(value or "", MAX_VALUE)


def _texts(values: Sequence[str] | str) -> tuple[str, ...]:
    listed = [values] if isinstance(values, str) else values[:MAX_STRINGS]
    return tuple(_text(value) for value in listed)
