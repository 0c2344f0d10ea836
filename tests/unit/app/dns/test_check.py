"""Records that are there, missing, wrong, and unknowable: each with its verdict, its reason and its remedy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from dkim_post import ed25519, rsa
from postroom.app.dns.check import check
from postroom.app.dns.forms import DnsRecord, WrittenRecord, written, zone_line
from postroom.app.dns.policy import Fetch
from postroom.app.dns.records import Site, records_of
from postroom.app.dns.verdicts import Checked, Verdict, exit_code
from postroom.deliver.tls.sts import PolicyUnavailable
from postroom.deliver.tls_outcome import ResultKind
from postroom.lab.dns.server import Fault, LabDns
from postroom.lab.dns.zones import ZoneText, reverse_zone
from postroom.net.clock import MovableClock
from postroom.net.dns.client import Server
from postroom.net.dns.resolver import ResolverOptions, StubResolver
from postroom.proto.http.mta_sts import Policy, parse_policy
from postroom.web.mta_sts import Policy as OwnPolicy

DOMAIN, HOST, IP = "a.test", "mail.a.test", "127.0.0.9"
DIGEST = "ab" * 32
Lines = list[str]


def key(name: str, value: str, *, revoked: bool = False) -> DnsRecord:
    return DnsRecord(f"{name}._domainkey.{DOMAIN}.", "TXT", value, "a key", "DKIM", DOMAIN, revoked)


KEYS = (key("r", rsa().record()), key("e", ed25519().record()))


def wanted(keys: Sequence[DnsRecord] = KEYS) -> list[WrittenRecord]:
    ports = {"submissions": 465, "submission": 587, "imaps": 993, "imap": 143, "pop3s": 995, "pop3": -1}
    site = Site(
        DOMAIN,
        HOST,
        (IP,),
        keys,
        (DIGEST,),
        ports,
        f"postmaster@{DOMAIN}",
        sts_id="7",
        authority="ca.test",
        every=True,
    )
    return [written(one) for one in records_of(site)]


def lines(keys: Sequence[DnsRecord] = KEYS) -> Lines:
    """The zone of an administrator who has done all of it."""
    return [one.zone_file for one in wanted(keys) if one.type != "PTR"]


class World:
    """A name server with the zone."""

    def __init__(self) -> None:
        self.dns = LabDns((), MovableClock(), lambda _: None)
        self.resolver: StubResolver

    async def look(self, zone: Lines, records: Sequence[WrittenRecord] | None = None) -> list[Checked]:
        self.dns.add(ZoneText(DOMAIN, tuple(zone)))
        return await check(records or wanted(), self.resolver)

    def names(self, name: str = HOST) -> None:
        self.dns.add(reverse_zone("127.in-addr.arpa", {IP: name} if name else {"127.0.0.1": HOST}))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    world.names()
    port = await world.dns.start()
    options = ResolverOptions((Server("127.0.0.1", port),), seconds=20, tries=1, trust_ad=True)
    world.resolver = StubResolver(options)
    yield world
    await world.resolver.close()
    await world.dns.stop()


def without(word: str) -> Callable[[Lines], Lines]:
    return lambda zone: [line for line in zone if word not in line]


def changed(old: str, new: str) -> Callable[[Lines], Lines]:
    def change(zone: Lines) -> Lines:
        assert any(old in line for line in zone), old
        return [line.replace(old, new) for line in zone]

    return change


def added(line: str) -> Callable[[Lines], Lines]:
    return lambda zone: [*zone, line]


def cut_key(zone: Lines) -> Lines:
    """As a form does that takes 255 characters and no more."""
    long = next(line for line in zone if line.startswith("r._domainkey"))
    return [line if line is not long else long.rpartition(' "')[0] for line in zone]


def quoted_key(zone: Lines) -> Lines:
    """As a form does that takes the quotes for a part of the text."""
    return [line.replace('TXT "v=DKIM1; k=ed', r'TXT "\"v=DKIM1; k=ed') for line in zone]


async def test_all_is_well(world: World) -> None:
    found = await world.look(lines())
    assert [(one.topic, one.type) for one in found if one.verdict is not Verdict.OK] == [("MTA-STS", "HTTPS")]
    assert "not run because a lab's web server" in found[-1].reason
    assert len(found) == len(wanted()) + 1
    assert exit_code(found) == 0


@pytest.mark.parametrize(
    ("change", "topic", "verdict", "reason", "fix"),
    [
        (without(" MX "), "MX", Verdict.MISSING, "nobody can send mail", "publish: a.test. 300 IN MX 10"),
        (changed("MX 10 mail.a.test.", "MX 10 other.test."), "MX", Verdict.WRONG, "goes to other.test, not", "instead of 10"),
        (added("@ MX 5 first.test."), "MX", Verdict.WARNING, "goes to first.test first", ""),
        (without("mail.a.test. 300 IN A"), "address", Verdict.MISSING, "no A record", "IN A 127.0.0.9"),
        (changed(f"IN A {IP}", "IN A 192.0.2.1"), "address", Verdict.WRONG, "is at 192.0.2.1", "instead of 192.0.2.1"),
        (without("v=spf1 mx"), "SPF", Verdict.MISSING, "begins with v=spf1", 'TXT "v=spf1 mx -all"'),
        (changed("v=spf1 mx", "v=spf1 ip4:192.0.2.1"), "SPF", Verdict.WRONG, "gets fail", "add ip4:127.0.0.9"),
        (changed("v=spf1 mx", "v=spf1 nonsense"), "SPF", Verdict.WRONG, "gets permerror", "cannot be used"),
        (added('@ TXT "v=spf1 -all"'), "SPF", Verdict.WRONG, "2 texts", "leave one"),
        (without("r._domainkey"), "DKIM", Verdict.MISSING, "no key at r._domainkey", "k=rsa"),
        (cut_key, "DKIM", Verdict.WRONG, "ends after 255 of", "k=rsa"),
        (quoted_key, "DKIM", Verdict.WRONG, "quotes or backslashes", "k=ed25519"),
        (changed("k=ed25519; h=sha256; p=", "k=ed25519; p=AAAA"), "DKIM", Verdict.WRONG, "another key", "k=ed25519"),
        (changed("v=DKIM1; k=ed25519", "v=DKIM2; k=ed25519"), "DKIM", Verdict.WRONG, "cannot use it", "k=ed25519"),
        (changed("v=DKIM1; k=ed25519;", "v=DKIM1; t=y; k=ed25519;"), "DKIM", Verdict.WRONG, "t=y", "k=ed25519"),
        (added('e._domainkey TXT "v=DKIM1; p="'), "DKIM", Verdict.WRONG, "2 texts", "leave one"),
        (without("_dmarc"), "DMARC", Verdict.MISSING, "nothing of forgeries", "v=DMARC1; p=none"),
        (changed("p=none", "p=maybe"), "DMARC", Verdict.WRONG, "is none of none", "v=DMARC1; p=none"),
        (changed('; rua=mailto:postmaster@a.test"', '"'), "DMARC", Verdict.WARNING, "nobody gets reports", "add rua="),
        (added('_dmarc TXT "v=DMARC1; p=reject"'), "DMARC", Verdict.WRONG, "2 records", "leave one"),
        (without("_smtp._tls"), "TLSRPT", Verdict.MISSING, "v=TLSRPTv1", "rua=mailto:postmaster"),
        (changed("v=TLSRPTv1; rua=", "v=TLSRPTv1; ru="), "TLSRPT", Verdict.WRONG, "no rua=", "instead of"),
        (changed("rua=mailto:postmaster@a.test", "rua=postmaster@a.test"), "TLSRPT", Verdict.WRONG, "no rua=", "instead of"),
        (changed("v=TLSRPTv1;", "v=TLSRPTv1"), "TLSRPT", Verdict.WRONG, "no rua=", "instead of"),
        (without("_mta-sts"), "MTA-STS", Verdict.MISSING, "begins with v=STSv1", "v=STSv1; id="),
        (changed("v=STSv1; id=", "v=STSv1; id=0"), "MTA-STS", Verdict.WARNING, "not that of our policy", "instead"),
        (without("mta-sts.a.test. 300 IN CNAME"), "MTA-STS", Verdict.MISSING, "leads nowhere", "CNAME mail.a.test."),
        (without("TLSA"), "TLSA", Verdict.MISSING, "names no key", "TLSA 3 1 1 abab"),
        (changed("3 1 1 abab", "3 1 1 cdcd"), "TLSA", Verdict.WRONG, "do not deliver; found 3 1 1 cdcd", "3 1 1 abab"),
        (without("CAA"), "CAA", Verdict.MISSING, "any authority", 'CAA 0 issue "ca.test"'),
        (changed('issue "ca.test"', 'issue "x.test"'), "CAA", Verdict.WARNING, "x.test may", "add: a.test."),
        (without("_imaps"), "SRV", Verdict.MISSING, "have to guess", "SRV 0 1 993 mail.a.test."),
        (changed("0 1 993", "0 1 1993"), "SRV", Verdict.WRONG, "another place", "instead of 0 1 1993"),
        (changed("_pop3._tcp.a.test. 300 IN SRV 0 0 0 .", "_pop3._tcp SRV 0 1 110 mail"), "SRV", Verdict.WRONG, "not offered", "0 0 0 ."),
        (without("autoconfig"), "autoconfig", Verdict.MISSING, "leads nowhere", "CNAME"),
        (changed("autodiscover.a.test. 300 IN CNAME mail.a.test.", "autodiscover A 192.0.2.7"), "autoconfig", Verdict.WRONG, "leads to 192.0.2.7", "instead"),
    ],
)  # fmt: skip
async def test_what_is_not(
    world: World, change: Callable[[Lines], Lines], topic: str, verdict: Verdict, reason: str, fix: str
) -> None:
    found = await world.look(change(lines()))
    bad = [one for one in found if one.topic == topic and one.verdict not in (Verdict.OK, Verdict.NOT_RUN)]
    assert [one.verdict for one in bad] == [verdict]
    assert reason in bad[0].reason
    assert fix in bad[0].fix
    assert exit_code(bad) == (10 if bad[0].bad else 0)


@pytest.mark.parametrize(
    ("change", "topic", "reason"),
    [
        (added("@ MX 10 also.test."), "MX", "goes to mail.a.test"),  # neither is the first
        (changed("v=STSv1; id=7", "v=STSv1;id=7;"), "MTA-STS", "others learn"),
        (
            changed("v=TLSRPTv1; rua=mailto:", "v=TLSRPTv1;rua=https://a.test/,mailto:"),
            "TLSRPT",
            "are asked for",
        ),
    ],
)
async def test_what_is_only_written_otherwise(
    world: World, change: Callable[[Lines], Lines], topic: str, reason: str
) -> None:
    found = next(one for one in await world.look(change(lines())) if one.topic == topic)
    assert found.verdict is Verdict.OK
    assert reason in found.reason


@pytest.mark.parametrize(
    ("published", "verdict"),
    [("ca.test", Verdict.OK), ("x.test", Verdict.WARNING), ("", Verdict.MISSING)],
)
async def test_who_may_issue_for_a_domain_whose_host_is_elsewhere(
    world: World, published: str, verdict: Verdict
) -> None:
    """RFC 8659 §3: the names of a domain are subject to its own records, and not to those of the host's."""
    record = written(DnsRecord("b.test.", "CAA", '0 issue "ca.test"', "", "CAA", "b.test"))
    world.dns.add(ZoneText("b.test", (f'@ CAA 0 issue "{published}"',) if published else ()))
    mx = written(DnsRecord("b.test.", "MX", f"10 {HOST}.", "", "MX", "b.test"))
    found = await world.look(lines(), [mx, record])
    assert [one.verdict for one in found if one.topic == "CAA"] == [verdict]


@pytest.mark.parametrize(
    ("name", "verdict", "reason"),
    [("", Verdict.MISSING, "has no name"), ("x.test", Verdict.WRONG, "is called x.test, not mail.a.test")],
)
async def test_the_way_back(world: World, name: str, verdict: Verdict, reason: str) -> None:
    world.names(name)
    (found,) = [one for one in await world.look(lines()) if one.topic == "PTR"]
    assert found.verdict is verdict
    assert reason in found.reason
    assert "ask whoever gave you 127.0.0.9" in found.fix


async def test_pop3_that_is_not_offered_may_be_left_unsaid(world: World) -> None:
    found = await world.look(without("_pop3._tcp")(lines()))
    assert exit_code(found) == 0
    assert all(one.verdict is Verdict.OK for one in found if one.type != "HTTPS")


async def test_a_revoked_key(world: World) -> None:
    keys = (*KEYS, key("old", "v=DKIM1; k=ed25519; p=", revoked=True))
    records = wanted(keys)
    for zone in (lines(keys), without("old._domainkey")(lines(keys))):
        assert exit_code(await world.look(zone, records)) == 0
    world.resolver.forget()
    still = [*without("old._domainkey")(lines(keys)), zone_line(key("old", ed25519(2).record()))]
    (found,) = [one for one in await world.look(still, records) if one.name.startswith("old.")]
    assert found.verdict is Verdict.WARNING


async def test_a_domain_without_keys(world: World) -> None:
    zone = without("_domainkey")(lines(()))
    (found,) = [one for one in await world.look(zone, wanted(())) if one.topic == "DKIM"]
    assert (found.verdict, found.fix) == (Verdict.MISSING, "postroom dkim create a.test")


async def test_without_dnssec_tlsa_is_not_looked_at(world: World) -> None:
    world.resolver = StubResolver(
        ResolverOptions((Server("127.0.0.1", world.dns._tcp.sockets[0].getsockname()[1]),))
    )  # type: ignore[union-attr]
    zone = lines()
    (found,) = [one for one in await world.look(zone) if one.topic == "TLSA"]
    assert found.verdict is Verdict.WARNING
    world.resolver.forget()
    (found,) = [one for one in await world.look(without("TLSA")(zone)) if one.topic == "TLSA"]
    assert found.verdict is Verdict.NOT_RUN
    assert "not run because the zone of mail.a.test is not signed" in found.reason
    assert exit_code([found]) == 0


async def test_keys_that_are_named_and_should_not_be(world: World) -> None:
    """With certificates of an authority each key is new, and no record says what it will be."""
    records = [one for one in wanted() if one.topic != "TLSA"]
    (found,) = [one for one in await world.look(lines(), records) if one.topic == "TLSA"]
    assert (found.verdict, found.fix) == (Verdict.WRONG, "remove all TLSA records of _25._tcp.mail.a.test")
    assert exit_code([found]) == 10
    world.resolver.forget()
    assert not [one for one in await world.look(without("TLSA")(lines()), records) if one.topic == "TLSA"]


async def test_a_name_server_that_fails(world: World) -> None:
    world.dns.set_fault(DOMAIN, Fault.SERVFAIL)
    found = await world.look(lines())
    assert {one.verdict for one in found} == {Verdict.NOT_RUN}
    words = "not run because the name servers gave no answer"
    assert all(one.reason.startswith(words) for one in found if one.type != "HTTPS")
    assert exit_code(found) == 14


async def test_spf_that_leads_to_a_name_server_that_fails(world: World) -> None:
    world.dns.add(ZoneText("b.test", ('@ TXT "v=spf1 -all"',)))
    world.dns.set_fault("b.test", Fault.SERVFAIL)
    zone = changed("v=spf1 mx", "v=spf1 include:b.test")(lines())
    found = next(one for one in await world.look(zone) if one.topic == "SPF")
    assert (found.verdict, found.unknown) == (Verdict.NOT_RUN, True)
    assert "b.test" in found.reason
    assert "NOERROR" not in found.reason


async def test_spf_without_a_host(world: World) -> None:
    found = await world.look(without("mail.a.test. 300 IN A")(lines()))
    spf = [one for one in found if one.topic == "SPF"]
    assert {one.verdict for one in spf} == {Verdict.NOT_RUN}
    assert "has no address" in spf[0].reason


def served(text: str) -> Fetch:
    """A web server that has this, as far as a policy goes."""

    async def fetch(domain: str) -> Policy:
        assert domain == DOMAIN
        if not text:
            raise PolicyUnavailable(ResultKind.STS_POLICY_FETCH_ERROR, "the server answers 404")
        return parse_policy(text.encode())

    return fetch


@pytest.mark.parametrize(
    ("text", "verdict", "reason"),
    [
        (OwnPolicy("enforce", (HOST,), 604_800).text(), Verdict.OK, "holds for mail.a.test"),
        (OwnPolicy("enforce", ("*.a.test",), 604_800).text(), Verdict.OK, "holds for mail.a.test"),
        (OwnPolicy("testing", (HOST,), 604_800).text(), Verdict.WARNING, "only tested"),
        (OwnPolicy("none", (HOST,), 604_800).text(), Verdict.WARNING, "mode: none"),
        (
            OwnPolicy("enforce", ("mx.b.test",), 604_800).text(),
            Verdict.WRONG,
            "names mx.b.test, not mail.a.test: mail is held back",
        ),
        (
            OwnPolicy("testing", ("mx.b.test",), 604_800).text(),
            Verdict.WRONG,
            "names mx.b.test, not mail.a.test: others report that",
        ),
        ("", Verdict.MISSING, "answers 404"),
    ],
)
async def test_the_policy_of_mta_sts(world: World, text: str, verdict: Verdict, reason: str) -> None:
    world.dns.add(ZoneText(DOMAIN, tuple(lines())))
    found = (await check(wanted(), world.resolver, served(text)))[-1]
    assert (found.topic, found.type, found.verdict) == ("MTA-STS", "HTTPS", verdict)
    assert reason in found.reason
