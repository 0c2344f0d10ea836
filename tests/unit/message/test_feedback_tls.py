"""TLS reports, written and read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from postroom.message.feedback import tls_report
from postroom.message.feedback.finding import read_document
from postroom.message.feedback.packing import BadReport
from postroom.message.feedback.tls_report import (
    MAX_FAILURES,
    MAX_POLICIES,
    CountedFailure,
    PolicyReport,
    TlsFailure,
    TlsPolicy,
    TlsReport,
    read,
    render,
)

REPORT = TlsReport(
    "hamburger.test",
    "tls@hamburger.test",
    "id1",
    1_750_000_000,
    1_750_086_399,
    (
        PolicyReport(
            TlsPolicy("crepes.test", "sts", ("version: STSv1", "mode: enforce"), ("*.crepes.test",)),
            5326,
            (
                CountedFailure(
                    TlsFailure("certificate-expired", "2001:db8::1", "mx.crepes.test", "", "192.0.2.1", "x", "y"), 100
                ),
                CountedFailure(TlsFailure("starttls-not-supported"), 3),
            ),
            103,
        ),
        PolicyReport(TlsPolicy("crepes.test"), 7),
    ),
)  # fmt: skip
# the example of RFC 8460, appendix B
EXAMPLE = """{
  "organization-name": "Company-X",
  "date-range": {"start-datetime": "2016-04-01T00:00:00Z", "end-datetime": "2016-04-01T23:59:59Z"},
  "contact-info": "sts-reporting@company-x.example",
  "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
  "policies": [{
    "policy": {"policy-type": "sts", "policy-string": ["version: STSv1","mode: testing",
          "mx: *.mail.company-y.example","max_age: 86400"],
      "policy-domain": "company-y.example", "mx-host": "*.mail.company-y.example"},
    "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
    "failure-details": [{"result-type": "certificate-expired", "sending-mta-ip": "2001:db8:abcd:0012::1",
      "receiving-mx-hostname": "mx1.mail.company-y.example", "failed-session-count": 100},
      {"result-type": "starttls-not-supported", "sending-mta-ip": "2001:db8:abcd:0013::1",
      "receiving-mx-hostname": "mx2.mail.company-y.example", "receiving-ip": "203.0.113.56",
      "failed-session-count": 200, "additional-information": "https://reports.company-x.example/"}]}]}"""


def test_what_is_written_is_read() -> None:
    assert read(render(REPORT)) == REPORT
    assert (REPORT.domain, REPORT.succeeded, REPORT.failed) == ("crepes.test", 5333, 103)


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read_document(b"\xef\xbb\xbf" + render(REPORT)) == REPORT


def test_the_names_are_those_of_the_format() -> None:
    written = json.loads(render(REPORT))
    assert set(written) == {"organization-name", "date-range", "contact-info", "report-id", "policies"}
    assert written["date-range"] == {
        "start-datetime": "2025-06-15T15:06:40Z",
        "end-datetime": "2025-06-16T15:06:39Z",
    }
    assert written["policies"][0]["failure-details"][1] == {
        "result-type": "starttls-not-supported",
        "failed-session-count": 3,
    }


def test_the_example() -> None:
    found = read(EXAMPLE.encode())
    assert (found.organization, found.domain, found.begin) == (
        "Company-X",
        "company-y.example",
        1_459_468_800,
    )
    assert (found.succeeded, found.failed) == (5326, 303)
    assert found.policies[0].policy.hosts == ("*.mail.company-y.example",)
    assert found.policies[0].failures[1].failure.receiving_ip == "203.0.113.56"


def changed(**more: Any) -> bytes:
    return json.dumps({**json.loads(EXAMPLE), **more}).encode()


POLICY = json.loads(EXAMPLE)["policies"][0]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"", "no TLS report"),
        (b"{}", "no TLS report"),
        (b"[]", "no TLS report"),
        (b'{"a":' * 100_000, "no TLS report"),
        (b"[" * 1_000_000, "no TLS report"),
        (b'{"organization-name": ' + b"[" * 100_000, "no TLS report"),
        (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "no TLS report"),
        (EXAMPLE.encode()[:-1], "no TLS report"),
        (EXAMPLE.encode("utf-16"), "no TLS report"),
        (EXAMPLE.replace("Company-X", "\xff").encode("latin-1"), "no TLS report"),
        (EXAMPLE.replace("5326", "-1").encode(), "no TLS report"),
        (EXAMPLE.replace("5326", "1e400").encode(), "no TLS report"),
        (EXAMPLE.replace("5326", "9" * 5000).encode(), "no TLS report"),
        (EXAMPLE.replace("5326", "NaN").encode(), "no TLS report"),
        (EXAMPLE.replace("5326", '"5"').encode(), "no TLS report"),
        (changed(policies=[]), "no domain"),
        (changed(**{"report-id": ""}), "no domain"),
        (changed(policies=[POLICY] * (MAX_POLICIES + 1)), f"at most {MAX_POLICIES} are read"),
        (
            changed(policies=[{**POLICY, "failure-details": [{}] * (MAX_FAILURES + 1)}]),
            f"more than {MAX_FAILURES}",
        ),
    ],
)
def test_what_is_no_report(document: bytes, why: str) -> None:
    with pytest.raises(BadReport, match=why):
        read(document)


def test_the_limits_are_what_is_allowed() -> None:
    assert (
        len(read(changed(policies=[{**POLICY, "failure-details": []}] * MAX_POLICIES)).policies)
        == MAX_POLICIES
    )
    found = read(changed(policies=[{**POLICY, "failure-details": [{}] * MAX_FAILURES}]))
    assert len(found.policies[0].failures) == MAX_FAILURES
    strings = [{**POLICY, "policy": {**POLICY["policy"], "policy-string": ["x"] * 1000}}]
    assert len(read(changed(policies=strings)).policies[0].policy.strings) == tls_report.MAX_STRINGS


@pytest.mark.parametrize("when", ["", "yesterday", "1816-04-01T00:00:00Z", "9999-99-99T00:00:00Z", "9" * 400])
def test_times_that_are_none(when: str) -> None:
    dates = {"start-datetime": when, "end-datetime": "2016-04-01T23:59:59"}
    found = read(changed(**{"date-range": dates}))
    assert (found.begin, found.end) == (0, 1_459_555_199)
