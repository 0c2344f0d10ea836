"""What a verdict tells besides its result, explanations, the time, and what is asked (RFC 7208 §4.6.4, §6.2)."""

from __future__ import annotations

import pytest

from postroom.mailauth.spf.check import MAX_EXPLANATION, Terms
from postroom.mailauth.spf.verdict import Client, Limits, Match
from spf_zone import Zone, check

FAILING = "e.test TXT v=spf1 -all exp=why.e.test\n"


@pytest.mark.parametrize(
    ("zone", "explanation"),
    [
        (FAILING + "why.e.test TXT not you", "not you"),
        (FAILING + "why.e.test TXT %{s} %{l} %{o} %{d} %{h}", "alice@e.test alice e.test e.test mail.e.test"),
        (
            FAILING + "why.e.test TXT see http://%{d}/?s=%{S}&ip=%{i}&%{c}",
            "see http://e.test/?s=alice%40e.test&ip=192.0.2.9&192.0.2.9",
        ),
        (
            FAILING + "why.e.test TXT %{c} at %{t} by %{r}, %{v} %{p}",
            "192.0.2.9 at 1700000000 by mx.l.test, in-addr unknown",
        ),
        (FAILING + "why.e.test TXT 100%% a%_b%-c", "100% a b%20c"),
        (FAILING + "why.e.test TXT", ""),
        (FAILING, ""),
        (FAILING + "why.e.test TXT !SERVFAIL", ""),
        (FAILING + "why.e.test TXT !TIMEOUT", ""),
        (FAILING + "why.e.test TXT one\nwhy.e.test TXT two", ""),
        (FAILING + "why.e.test TXT 50% off", ""),
        (FAILING + "why.e.test TXT %{x}", ""),
        (FAILING + "why.e.test TXT %{d0}", ""),
        (FAILING + "why.e.test TXT caf\u00e9", ""),
        (FAILING + "why.e.test TXT a\x07bell", ""),
        (FAILING + "why.e.test TXT a\ttab", ""),
        (FAILING + f"why.e.test TXT {'x' * MAX_EXPLANATION}", "x" * MAX_EXPLANATION),
        (FAILING + f"why.e.test TXT {'x' * (MAX_EXPLANATION + 1)}", ""),
        (FAILING + "why.e.test TXT " + "%{s}" * 100, ""),
        ("e.test TXT v=spf1 -all", ""),
        ("e.test TXT v=spf1 exp=%{l}.why.test -all\nalice.why.test TXT by a macro", "by a macro"),
        (f"e.test TXT v=spf1 exp={'x' * 64}.test -all", ""),
        ("e.test TXT v=spf1 ~all exp=why.e.test\nwhy.e.test TXT no", ""),
        ("e.test TXT v=spf1 ?all exp=why.e.test\nwhy.e.test TXT no", ""),
        ("e.test TXT v=spf1 +all exp=why.e.test\nwhy.e.test TXT no", ""),
        # the explanation of the record that decides, so a redirect's, never an include's
        (
            "e.test TXT v=spf1 redirect=b.test exp=a.test\nb.test TXT v=spf1 -all exp=c.test\na.test TXT a\nc.test TXT c %{d}",
            "c b.test",
        ),
        ("e.test TXT v=spf1 redirect=b.test exp=a.test\nb.test TXT v=spf1 -all\na.test TXT a", ""),
        (
            "e.test TXT v=spf1 include:b.test -all exp=a.test\nb.test TXT v=spf1 -all exp=c.test\na.test TXT a\nc.test TXT c",
            "a",
        ),
        (
            "e.test TXT v=spf1 -include:b.test exp=a.test\nb.test TXT v=spf1 +all exp=c.test\na.test TXT a\nc.test TXT c",
            "a",
        ),
        ("e.test TXT v=spf1 -include:b.test\nb.test TXT v=spf1 +all exp=c.test\nc.test TXT c", ""),
    ],
)
async def test_explanation(zone: str, explanation: str) -> None:
    verdict = await check(zone)
    assert verdict.explanation == explanation
    assert verdict.result in ("fail", "softfail", "neutral", "pass")


async def test_an_explanation_of_a_sender_beyond_ascii_is_none() -> None:
    assert (await check(FAILING + "why.e.test TXT not %{l}", sender="zoë@e.test")).explanation == ""
    assert (
        await check(FAILING + "why.e.test TXT not %{L}", sender="zoë@e.test")
    ).explanation == "not zo%C3%AB"


WORDS = [
    ("e.test TXT v=spf1 ip4:192.0.2.0/24 -all", "192.0.2.9 matches ip4:192.0.2.0/24 of e.test"),
    ("e.test TXT v=spf1 ip4:198.51.100.0/24 -all", "192.0.2.9 is not in v=spf1 ip4:198.51.100.0/24 -all of e.test"),
    ("e.test TXT v=spf1 ip4:198.51.100.1", "192.0.2.9 is not in v=spf1 ip4:198.51.100.1 of e.test"),
    ("e.test TXT v=spf1 +all", "192.0.2.9 is in v=spf1 +all of e.test"),
    ("e.test TXT v=spf1 -ip4:192.0.2.9 +all", "192.0.2.9 matches -ip4:192.0.2.9 of e.test"),
    ("e.test TXT v=spf1 exists:redirect=x.test\nredirect=x.test A 127.0.0.2", "192.0.2.9 matches exists:redirect=x.test of e.test"),
    (
        "e.test TXT v=spf1 include:b.test -all\nb.test TXT v=spf1 a:c.test -all\nc.test A 192.0.2.9",
        "192.0.2.9 matches a:c.test of b.test, by include:b.test of e.test",
    ),
    (
        "e.test TXT v=spf1 redirect=b.test\nb.test TXT v=spf1 ip4:192.0.2.9",
        "192.0.2.9 matches ip4:192.0.2.9 of b.test, by redirect=b.test of e.test",
    ),
    ("e.test TXT v=spf1 redirect=b.test\nb.test TXT v=spf1 -all", "192.0.2.9 is not in v=spf1 redirect=b.test of e.test"),
    ("e.test TXT v=spf1 redirect=b.test\nb.test TXT v=spf1", "192.0.2.9 is not in v=spf1 redirect=b.test of e.test"),
    ("e.test A 192.0.2.1", "e.test has no SPF record"),
    ("e.test TXT !SERVFAIL", "the DNS answers SERVFAIL for TXT of e.test"),
    ("e.test TXT v=spf1 a:b.test\nb.test A !TIMEOUT", "the DNS answers TIMEOUT for A of b.test"),
    ("e.test TXT v=spf1\ne.test TXT v=spf1", "e.test has 2 SPF records, one is allowed"),
    ("e.test TXT v=spf1 moo -all", "the SPF record of e.test is wrong: moo: there is no such mechanism"),
    ("e.test TXT v=spf1 a/33", "the SPF record of e.test is wrong: a/33: expected a prefix length from 0 to 32"),
    ("e.test TXT v=spf1 include:b.test", "include:b.test: b.test has no SPF record"),
    ("e.test TXT v=spf1 redirect=b.test", "redirect=b.test: b.test has no SPF record"),
    ("e.test TXT v=spf1 redirect=a..test", "redirect=: there is no domain to look at"),
    ("e.test TXT v=spf1 include:e.test", "more than 10 terms ask the DNS, the first too many is include:e.test"),
    ("e.test TXT v=spf1 a:x.test a:y.test a:z.test", "more than 2 terms ask for what does not exist, the last is a:z.test"),
    ("e.test TXT v=spf1 mx\n" + "e.test MX 1 x.test\n" * 11, "mx: e.test has 11 mail exchangers, 10 are allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "words"), WORDS)
async def test_words(zone: str, words: str) -> None:
    assert (await check(zone)).words == words


async def test_no_domain_in_words() -> None:
    assert (await check("", sender="", helo="")).words == "there is no domain to look at"
    assert (await check("", sender="a@test")).words == "test is not a full domain name"


async def test_a_long_record_is_cut_in_words() -> None:
    verdict = await check("e.test TXT v=spf1 " + "ip4:198.51.100.1 " * 50 + "-all")
    assert len(verdict.words) < 250
    assert verdict.words.endswith("... of e.test")
    assert len(verdict.record) > 800


async def test_the_way_and_the_count() -> None:
    verdict = await check(
        "e.test TXT v=spf1 a:gone.test include:b.test -all\nb.test TXT v=spf1 redirect=c.test\n"
        "c.test TXT v=spf1 exists:d.test\nd.test A 127.0.0.2"
    )
    assert verdict.path == (
        Match("e.test", "include:b.test"),
        Match("b.test", "redirect=c.test"),
        Match("c.test", "exists:d.test"),
    )
    assert (verdict.lookups, verdict.voids, verdict.mechanism) == (4, 1, "include:b.test")
    assert verdict.record == "v=spf1 a:gone.test include:b.test -all"


async def test_the_way_to_an_error_inside() -> None:
    verdict = await check("e.test TXT v=spf1 include:b.test\nb.test TXT v=spf1 a:c.test\nc.test A !SERVFAIL")
    assert verdict.path == (Match("e.test", "include:b.test"), Match("b.test", "a:c.test"))


async def test_what_did_not_match_is_not_on_the_way() -> None:
    verdict = await check(
        "e.test TXT v=spf1 include:b.test ~all\nb.test TXT v=spf1 redirect=c.test\nc.test TXT v=spf1 -all"
    )
    assert verdict.path == (Match("e.test", "~all"),)
    assert (await check("e.test TXT v=spf1")).mechanism == "default"


@pytest.mark.parametrize("left", range(9))
async def test_the_time(left: int) -> None:
    """§4.6.4: when it is over, temperror; what was found before that holds."""
    clock = iter([False] * left + [True] * 100)
    zone = Zone("e.test TXT v=spf1 a:b.test a:e.test\nb.test A 192.0.2.1\ne.test A 192.0.2.9")
    verdict = await check(zone, terms=Terms(expired=lambda: next(clock)))
    if left < 6:  # three questions, before and after each
        assert (verdict.result, verdict.problem) == ("temperror", "the time for asking the DNS is over")
        assert len(zone.asked) == (left + 1) // 2
    else:
        assert verdict.result == "pass"


async def test_the_time_is_over_for_ptr_too_and_for_explanations_it_does_not_matter() -> None:
    clock = iter([False, False, True])
    assert (
        await check("e.test TXT v=spf1 ptr +all", terms=Terms(expired=lambda: next(clock)))
    ).result == "temperror"
    clock = iter([False, False, True])
    verdict = await check(FAILING + "why.e.test TXT no", terms=Terms(expired=lambda: next(clock)))
    assert (verdict.result, verdict.explanation) == ("fail", "")


@pytest.mark.parametrize(
    ("limits", "record", "at", "beyond"),
    [
        (Limits(lookups=3), "a:f.test ", 3, 4),
        (Limits(voids=0), "a:gone.test ", 0, 1),
        (Limits(voids=5), "a:gone.test ", 5, 6),
    ],
)
async def test_limits_can_be_set(limits: Limits, record: str, at: int, beyond: int) -> None:
    for count, result in ((at, "pass"), (beyond, "permerror")):
        zone = f"e.test TXT v=spf1 {record * count}+all\nf.test A 198.51.100.1"
        assert (await check(zone, terms=Terms(limits))).result == result


async def test_limits_of_exchangers_and_names_can_be_set() -> None:
    zone = "e.test TXT v=spf1 mx +all\ne.test MX 1 a.test\ne.test MX 2 a.test\na.test A 192.0.2.1"
    assert (await check(zone, terms=Terms(Limits(exchangers=2)))).result == "pass"
    assert (await check(zone, terms=Terms(Limits(exchangers=1)))).result == "permerror"
    zone = (
        "e.test TXT v=spf1 ptr -all\n9.2.0.192.in-addr.arpa PTR a.test\n9.2.0.192.in-addr.arpa PTR b.e.test\n"
        "b.e.test A 192.0.2.9"
    )
    assert (await check(zone, terms=Terms(Limits(names=2)))).result == "pass"
    assert (await check(zone, terms=Terms(Limits(names=1)))).result == "fail"


async def test_nothing_is_asked_that_is_not_needed() -> None:
    zone = Zone("e.test TXT v=spf1 ip4:192.0.2.9 a mx ptr include:b.test exp=%{p}.test")
    await check(zone)
    assert zone.asked == ["e.test TXT"]
    zone = Zone(
        "9.2.0.192.in-addr.arpa PTR x.test\n9.2.0.192.in-addr.arpa PTR y.test\ne.test TXT v=spf1 ptr -all"
    )
    await check(zone)
    assert zone.asked == ["e.test TXT", "9.2.0.192.in-addr.arpa PTR"]


@pytest.mark.parametrize("ip", ["", "192.0.2", "a.test", "192.0.2.1/24"])
async def test_what_is_no_address_is_the_callers_error(ip: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
        await check("e.test TXT v=spf1 +all", ip)


def test_a_mapped_address_is_ipv4() -> None:
    assert str(Client("::ffff:192.0.2.1").address) == "192.0.2.1"
