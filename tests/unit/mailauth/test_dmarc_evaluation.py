"""The verdict of DMARC: alignment, policies, faults, failures of the DNS, as tables."""

from __future__ import annotations

import pytest

from dmarc_zone import zone
from postroom.mailauth.dkim.results import SignatureResult
from postroom.mailauth.dkim.results import Verdict as Dkim
from postroom.mailauth.dmarc.author import authors
from postroom.mailauth.dmarc.evaluation import MAX_IDENTIFIERS, Terms, evaluate
from postroom.mailauth.dmarc.suffixes import SuffixList
from postroom.mailauth.dmarc.verdict import Verdict
from postroom.mailauth.spf import verdict as spf
from postroom.message.headers.header import Header
from spf_zone import Zone

LIST = SuffixList(["test", "co.test"])


def sender(text: str, scope: spf.Scope = spf.Scope.MAIL_FROM) -> spf.Verdict | None:
    """`pass e.test`; "" is none at all."""
    result, _, domain = text.partition(" ")
    if not text:
        return None
    return spf.Verdict(spf.Result(result), spf.Identity(scope, "a", domain), spf.Client("192.0.2.1"))


def signatures(text: str) -> list[SignatureResult]:
    """`pass e.test, fail f.test`."""
    found = [one.split() for one in text.split(",") if one]
    return [SignatureResult(Dkim(result), domain=domain, selector="s") for result, domain in found]


async def verdict_on(
    records: Zone | str, author: str = "e.test", spf: str = "", dkim: str = "", terms: Terms | None = None
) -> Verdict:
    """`author` may be several, separated by spaces."""
    field = ", ".join(f"a@{domain}" for domain in author.split())
    header = Header.parse(f"From: {field}\r\n\r\n".encode())
    asked = zone(records) if isinstance(records, str) else records
    return await evaluate(asked, authors(header), sender(spf), signatures(dkim), terms)


REJECT = "e.test p=reject"


VERDICTS = [
    # identical, related, foreign; only a pass counts
    (REJECT, "e.test", "pass e.test", "", "pass", "none"),
    (REJECT, "e.test", "", "pass e.test", "pass", "none"),
    (REJECT, "e.test", "fail e.test", "pass e.test", "pass", "none"),
    (REJECT, "e.test", "pass E.test.", "", "pass", "none"),
    (REJECT, "e.test", "pass bounces.e.test", "", "pass", "none"),
    (REJECT, "e.test", "", "pass a.b.e.test", "pass", "none"),
    (REJECT, "mail.e.test", "pass bounces.e.test", "", "pass", "none"),
    (REJECT, "mail.e.test", "pass e.test", "", "pass", "none"),
    (REJECT, "e.test", "", "", "fail", "reject"),
    (REJECT, "e.test", "pass f.test", "", "fail", "reject"),
    (REJECT, "e.test", "pass f.test", "pass f.test", "fail", "reject"),
    (REJECT, "e.test", "pass note.test", "", "fail", "reject"),
    (REJECT, "e.test", "pass e.test.evil.test", "", "fail", "reject"),
    (REJECT, "e.test", "pass test", "", "fail", "reject"),
    (REJECT, "e.test", "softfail e.test", "", "fail", "reject"),
    (REJECT, "e.test", "neutral e.test", "", "fail", "reject"),
    (REJECT, "e.test", "", "fail e.test, policy e.test, pass f.test", "fail", "reject"),
    (REJECT, "e.test", "", "fail e.test, pass e.test", "pass", "none"),
    # strict
    ("e.test p=reject; aspf=s", "e.test", "pass a.e.test", "", "fail", "reject"),
    ("e.test p=reject; aspf=s", "e.test", "pass e.test", "", "pass", "none"),
    ("e.test p=reject; aspf=s", "e.test", "", "pass a.e.test", "pass", "none"),
    ("e.test p=reject; adkim=s", "e.test", "", "pass a.e.test", "fail", "reject"),
    ("e.test p=reject; adkim=s", "e.test", "", "pass e.test", "pass", "none"),
    # organizations within organizations
    ("e.test p=reject|a.e.test p=none; psd=n", "e.test", "pass x.a.e.test", "", "fail", "reject"),
    ("e.test p=reject|a.e.test p=none; psd=n", "x.a.e.test", "pass e.test", "", "fail", "none"),
    ("test p=reject; psd=y", "e.test", "pass f.test", "", "fail", "reject"),
    ("test p=reject; psd=y", "e.test", "pass a.e.test", "", "pass", "none"),
    ("test p=reject; psd=y|co.test p=none; psd=y", "e.co.test", "pass f.co.test", "", "fail", "none"),
    ("a.e.test p=reject", "a.e.test", "pass b.e.test", "", "fail", "reject"),
    # which policy
    ("e.test p=quarantine", "e.test", "", "", "fail", "quarantine"),
    ("e.test p=none", "e.test", "", "", "fail", "none"),
    ("e.test p=reject; sp=none|a.e.test", "a.e.test", "", "", "fail", "none"),
    ("e.test p=none; sp=reject|a.e.test", "a.e.test", "", "", "fail", "reject"),
    ("e.test p=none; sp=reject", "e.test", "", "", "fail", "none"),
    ("e.test p=none; np=reject|a.e.test", "a.e.test", "", "", "fail", "none"),
    ("e.test p=none; np=reject", "a.e.test", "", "", "fail", "reject"),
    ("e.test p=none; np=reject", "e.test", "", "", "fail", "none"),
    ("e.test p=none; sp=none; np=reject", "nowhere.e.test", "", "pass f.test", "fail", "reject"),
    ("a.e.test p=none; sp=reject|e.test p=reject", "a.e.test", "", "", "fail", "none"),
    # testing
    ("e.test p=reject; t=y", "e.test", "", "", "fail", "quarantine"),
    ("e.test p=quarantine; t=y", "e.test", "", "", "fail", "none"),
    ("e.test p=none; t=y", "e.test", "", "", "fail", "none"),
    ("e.test p=reject; pct=0", "e.test", "", "", "fail", "reject"),  # RFC 9989 knows no pct=
    # no policy, or none that can be read
    ("f.test p=reject", "e.test", "pass e.test", "", "none", "none"),
    ("e.test p=reject|e.test p=reject", "e.test", "pass e.test", "", "none", "none"),
    ("e.test p=nonsense", "e.test", "pass e.test", "", "none", "none"),
    ("e.test p=nonsense; rua=mailto:a@e.test", "e.test", "", "", "fail", "none"),
    ("e.test p=reject; sp=nonsense; rua=mailto:a@e.test", "e.test", "", "", "fail", "none"),
    # the DNS fails
    ("e.test !SERVFAIL", "e.test", "pass e.test", "", "temperror", "none"),
    ("e.test p=reject|test !SERVFAIL", "e.test", "pass e.test", "", "pass", "none"),
    ("e.test p=reject|test !SERVFAIL", "e.test", "pass a.e.test", "", "temperror", "none"),
    ("e.test p=reject|test !SERVFAIL", "e.test", "pass a.e.test", "pass e.test", "pass", "none"),
    ("e.test p=reject|test !SERVFAIL", "e.test", "pass f.else", "", "fail", "reject"),
    ("e.test p=reject|a.e.test !TIMEOUT", "e.test", "pass a.e.test", "pass b.e.test", "pass", "none"),
    # so does a check that could have spoken for the author
    (REJECT, "e.test", "temperror e.test", "temperror e.test", "temperror", "none"),
    (REJECT, "e.test", "temperror e.test", "", "temperror", "none"),
    (REJECT, "e.test", "fail e.test", "pass f.test, temperror a.e.test", "temperror", "none"),
    (REJECT, "e.test", "temperror e.test", "pass e.test", "pass", "none"),
    (REJECT, "e.test", "pass e.test", "temperror e.test", "pass", "none"),
    (REJECT, "e.test", "temperror f.test", "temperror f.test", "fail", "reject"),
    (REJECT, "e.test", "permerror e.test", "permerror e.test", "fail", "reject"),
    ("e.test p=reject; aspf=s", "e.test", "temperror a.e.test", "", "fail", "reject"),
    ("e.test p=reject|a.e.test !SERVFAIL", "e.test", "", "temperror a.e.test", "temperror", "none"),
    ("f.test p=none", "e.test", "temperror e.test", "", "none", "none"),
    # several authors: never a pass, the strictest policy of those that fail
    ("e.test p=none|f.test p=reject", "e.test f.test", "pass e.test", "", "fail", "reject"),
    ("e.test p=none|f.test p=reject", "e.test f.test", "", "pass f.test", "fail", "none"),
    ("e.test p=none|f.test p=reject", "e.test f.test", "pass e.test", "pass f.test", "permerror", "none"),
    (
        "e.test p=quarantine|f.test p=reject|g.test p=none",
        "e.test f.test g.test",
        "pass f.test",
        "",
        "fail",
        "quarantine",
    ),
    ("e.test p=quarantine", "f.test e.test", "", "pass f.test", "fail", "quarantine"),
    ("e.test p=reject", "f.test e.test", "", "temperror e.test", "permerror", "none"),
    ("f.test p=quarantine; t=y", "e.test f.test", "", "", "fail", "none"),
    ("g.test p=reject", "e.test f.test", "pass e.test", "", "permerror", "none"),
    ("e.test !SERVFAIL", "e.test f.test", "pass e.test", "", "permerror", "none"),
]


@pytest.mark.parametrize(("records", "author", "spf", "dkim", "result", "disposition"), VERDICTS)
async def test_the_verdict(
    records: str, author: str, spf: str, dkim: str, result: str, disposition: str
) -> None:
    verdict = await verdict_on(records, author, spf, dkim)
    assert (verdict.result.value, verdict.disposition.value) == (result, disposition)
    assert verdict.words
    assert verdict.explained().startswith(f"dmarc={result}: ")
    if result != "pass":
        assert result != "fail" or verdict.fault or not any(one.aligned for one in verdict.identifiers)


async def test_signatures_that_nobody_has_looked_at_may_be_the_authors() -> None:
    """As they come out of a fault of this system, which must not become a failure of the message."""
    header = Header.parse(b"From: a@e.test\r\n\r\n")
    unseen = (SignatureResult(Dkim.TEMPERROR),)
    verdict = await evaluate(zone(REJECT), authors(header), sender("fail e.test"), unseen)
    assert verdict.words == "dkim=temperror, which might speak for e.test"


@pytest.mark.parametrize(
    ("tags", "roll", "disposition"),
    [
        ("p=reject; pct=30", 29, "reject"),
        ("p=reject; pct=30", 30, "quarantine"),
        ("p=quarantine; pct=30", 30, "none"),
        ("p=reject; pct=0", 0, "quarantine"),
        ("p=reject", 99, "reject"),
        ("p=reject; pct=101", 99, "reject"),
        ("p=none; pct=0", 0, "none"),
    ],
)
async def test_samples_where_a_list_is_used(tags: str, roll: int, disposition: str) -> None:
    verdict = await verdict_on(f"e.test {tags}", terms=Terms(LIST, lambda: roll))
    assert (verdict.result.value, verdict.disposition.value) == ("fail", disposition)
    assert bool(verdict.spared) is (disposition != verdict.policy.value)


@pytest.mark.parametrize(
    ("author", "spf", "result"),
    [
        ("mail.e.co.test", "pass e.co.test", "pass"),
        ("e.co.test", "pass f.co.test", "fail"),  # an organizational domain of co.test would let them in
        ("e.co.test", "pass co.test", "fail"),
    ],
)
async def test_alignment_by_a_list(author: str, spf: str, result: str) -> None:
    verdict = await verdict_on("e.co.test p=reject", author, spf, terms=Terms(LIST))
    assert verdict.result.value == result


async def test_helo_alone_speaks_for_nobody() -> None:
    header = Header.parse(b"From: a@e.test\r\n\r\n")
    helo = sender("pass e.test", spf.Scope.HELO)
    verdict = await evaluate(zone(REJECT), authors(header), helo, [])
    assert verdict.result.value == "fail"
    assert verdict.identifiers == ()


async def test_many_signatures_ask_little() -> None:
    asked = zone(REJECT)
    many = ", ".join(f"pass d{n}.other.test" for n in range(200))
    verdict = await verdict_on(asked, dkim=many)
    assert verdict.result.value == "fail"
    assert asked.asked == ["_dmarc.e.test TXT", "_dmarc.test TXT"]
    asked = zone("e.test p=reject|" + "|".join(f"d{n}.e.test p=none; psd=n" for n in range(50)))
    await verdict_on(asked, dkim=", ".join(f"pass d{n}.e.test" for n in range(50)))
    assert len(asked.asked) == MAX_IDENTIFIERS + 2


@pytest.mark.parametrize(
    ("records", "spf", "dkim", "words"),
    [
        (REJECT, "fail f.test", "", "neither SPF nor DKIM speaks for e.test (spf=fail of f.test); _dmarc.e.test asks for reject"),
        (
            "e.test p=reject; t=y",
            "",
            "pass f.test",
            ("neither SPF nor DKIM speaks for e.test (dkim=pass of f.test, which is not aligned); "
            "_dmarc.e.test asks for reject, testing (t=y): quarantine"),
        ),
        (REJECT, "", "", "neither SPF nor DKIM speaks for e.test (there is neither); _dmarc.e.test asks for reject"),
        (REJECT, "pass e.test", "pass f.test", "spf=pass of e.test is aligned with e.test (_dmarc.e.test)"),
        ("f.test p=none", "", "", "e.test publishes no DMARC record"),
        ("e.test !SERVFAIL", "", "", "the DNS answers SERVFAIL for TXT of _dmarc.e.test"),
        (REJECT, "", "temperror a.e.test", "dkim=temperror of a.e.test, which might speak for e.test"),
    ],
)  # fmt: skip
async def test_words(records: str, spf: str, dkim: str, words: str) -> None:
    assert (await verdict_on(records, spf=spf, dkim=dkim)).words == words


@pytest.mark.parametrize(
    ("records", "spf", "terms", "result", "policy"),
    [
        (REJECT, "fail f.test", None, "fail", "reject"),
        (REJECT, "pass e.test", None, "pass", "reject"),
        # §9.1: what is to be applied, after the options
        ("e.test p=reject; t=y", "", None, "fail", "quarantine"),
        ("e.test p=reject; t=y", "pass e.test", None, "pass", "quarantine"),
        ("e.test p=none; t=y", "pass e.test", None, "pass", "none"),
        ("e.test p=reject; pct=30", "", Terms(LIST, lambda: 30), "fail", "quarantine"),
        ("e.test p=reject; pct=30", "pass e.test", Terms(LIST, lambda: 30), "pass", "reject"),
        (REJECT, "temperror e.test", None, "temperror", "reject"),
    ],
)
async def test_the_method_result(
    records: str, spf: str, terms: Terms | None, result: str, policy: str
) -> None:
    found = (await verdict_on(records, spf=spf, terms=terms)).method_result()
    assert (found.method, found.result) == ("dmarc", result)
    assert [(one.ptype, one.name, one.value) for one in found.properties] == [
        ("header", "from", "e.test"),
        ("policy", "dmarc", policy),
    ]
