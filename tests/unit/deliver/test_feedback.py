"""What a report says of one message."""

from __future__ import annotations

from typing import Any

import pytest

from dmarc_zone import zone
from postroom.deliver.feedback import MAX_SIGNATURES, Arrival, is_report, seen
from postroom.mailauth.dkim.results import SignatureResult
from postroom.mailauth.dkim.results import Verdict as Dkim
from postroom.mailauth.dmarc.author import authors
from postroom.mailauth.dmarc.evaluation import evaluate
from postroom.mailauth.dmarc.record import Policy
from postroom.mailauth.spf import verdict as spf
from postroom.message.feedback.aggregate import AuthResult, PolicyPublished, Reason, Row, Seen
from postroom.message.headers.header import Header

RUA = "rua=mailto:r@e.test"


async def seen_of(
    tags: str, applied: Policy, spf_result: str = "fail f.test", dkim: str = "", **more: Any
) -> Seen | None:
    result, _, domain = spf_result.partition(" ")
    sender = spf.Verdict(
        spf.Result(result), spf.Identity(spf.Scope.MAIL_FROM, "a", domain), spf.Client("192.0.2.1")
    )
    signatures = [
        SignatureResult(Dkim(word), domain=domain, selector="s")
        for word, domain in (one.split() for one in dkim.split(",") if one)
    ]
    header = Header.parse(b"From: a@e.test\r\n\r\n")
    verdict = await evaluate(zone(f"e.test {tags}"), authors(header), sender, signatures)
    return seen(verdict, sender, Arrival("192.0.2.1", 77, applied, **more))


async def test_a_row() -> None:
    found = await seen_of(f"p=reject; sp=none; {RUA}", Policy.REJECT, dkim="pass f.test")
    assert found == Seen(
        PolicyPublished("e.test", "reject", "none", method="treewalk"),
        Row(
            "192.0.2.1",
            "reject",
            header_from="e.test",
            envelope_from="f.test",
            signatures=(AuthResult("f.test", "pass", "s"),),
            senders=(AuthResult("f.test", "fail", scope="mfrom"),),
        ),
        77,
    )


@pytest.mark.parametrize(
    ("tags", "applied", "spf", "more", "disposition", "reasons"),
    [
        ("p=reject", Policy.NONE, "pass e.test", {}, "pass", ()),
        ("p=none", Policy.NONE, "pass e.test", {}, "none", ()),
        ("p=none", Policy.NONE, "fail e.test", {}, "none", ()),
        ("p=reject", Policy.REJECT, "fail e.test", {}, "reject", ()),
        ("p=reject", Policy.QUARANTINE, "fail e.test", {}, "quarantine", (Reason("local_policy"),)),
        ("p=reject; t=y", Policy.QUARANTINE, "fail e.test", {}, "quarantine", (Reason("policy_test_mode"),)),
        (
            "p=reject",
            Policy.NONE,
            "fail e.test",
            {"override": "trusted_forwarder", "comment": "arc=pass"},
            "none",
            (Reason("trusted_forwarder", "arc=pass"),),
        ),
    ],
)
async def test_disposition_and_reasons(
    tags: str, applied: Policy, spf: str, more: dict[str, str], disposition: str, reasons: tuple[Reason, ...]
) -> None:
    found = await seen_of(f"{tags}; {RUA}", applied, spf, **more)
    assert found is not None
    assert (found.row.disposition, found.row.reasons) == (disposition, reasons)


@pytest.mark.parametrize("tags", ["p=reject", "p=reject; rua=https://e.test/", "!SERVFAIL", ""])
async def test_no_row_where_no_report_is_wanted(tags: str) -> None:
    assert await seen_of(tags, Policy.NONE) is None


async def test_the_signatures_that_matter_come_first() -> None:
    many = ", ".join(f"fail d{n}.test" for n in range(30))
    found = await seen_of(
        f"p=none; {RUA}", Policy.NONE, dkim=f"{many}, pass x.test, pass a.e.test, pass e.test"
    )
    assert found is not None
    assert [one.domain for one in found.row.signatures[:4]] == ["e.test", "a.e.test", "x.test", "d0.test"]
    assert len(found.row.signatures) == MAX_SIGNATURES
    assert (found.row.dkim, found.row.spf) == ("pass", "fail")


async def test_reports_are_not_reported_unless_they_are_forged() -> None:
    tags = f"p=reject; {RUA}"
    assert await seen_of(tags, Policy.NONE, "pass e.test", is_report=True) is None
    assert await seen_of(tags, Policy.REJECT, "pass f.test", is_report=True) is not None
    assert is_report(Header.parse(b"Subject: Report Domain: e.test Submitter: x\r\n\r\n"))
    assert not is_report(Header.parse(b"Subject: Re: Report Domain: e.test\r\n\r\n"))
