"""Signed zones: what a validating resolver would check of each answer."""

import dns.dnssec
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from postroom.lab.dns.zones import LIFE, SignedZone, ZoneText, mail_zone, reverse_zone

NOW = 1_790_000_000.0
DAY = 86_400


@pytest.fixture(scope="module")
def zone() -> SignedZone:
    return SignedZone(
        mail_zone("crepes.test", "mail", ["127.0.0.1"], ["a.deep A 127.0.0.9", "www CNAME mail"])
    )


def ask(zone: SignedZone, name: str, kind: str, now: float = NOW) -> dns.message.Message:
    query = dns.message.make_query(name, kind, want_dnssec=True)
    response = dns.message.make_response(query)
    zone.answer(query, response, now)
    return dns.message.from_wire(response.to_wire())


def validated(zone: SignedZone, section: list[dns.rrset.RRset], now: float) -> int:
    """Checks each set of records in a section; the number of them."""
    keys = {zone.origin: dns.rdataset.from_rdata(300, zone.dnskey)}
    sets = [rrset for rrset in section if rrset.rdtype != dns.rdatatype.RRSIG]
    for rrset in sets:
        signature = next(
            other
            for other in section
            if other.name == rrset.name
            and other.rdtype == dns.rdatatype.RRSIG
            and other.covers == rrset.rdtype
        )
        dns.dnssec.validate(rrset, signature, keys, None, now)
    return len(sets)


@pytest.mark.parametrize("kind", ["MX", "TXT", "SOA", "NS", "DNSKEY", "NSEC"])
def test_answers_are_signed(zone: SignedZone, kind: str) -> None:
    assert validated(zone, ask(zone, "crepes.test", kind).answer, NOW) == 1


def test_the_chain_of_an_alias_is_signed(zone: SignedZone) -> None:
    assert validated(zone, ask(zone, "www.crepes.test", "A").answer, NOW) == 2


def test_the_anchor_fits_the_key(zone: SignedZone) -> None:
    key = ask(zone, "crepes.test", "DNSKEY").answer[0][0]
    digest = dns.dnssec.make_ds(zone.origin, key, "SHA256").to_text()
    assert zone.anchor == f"crepes.test. 300 IN DS {digest}"


def covers(nsec: dns.rrset.RRset, name: dns.name.Name, origin: dns.name.Name) -> bool:
    """Whether an NSEC record proves that there is no such name (RFC 4034 §4.1.1)."""
    following = nsec[0].next
    return nsec.name < name and (name < following or following == origin)


@pytest.mark.parametrize(
    "name",
    [
        "gone.crepes.test",
        "a.b.c.crepes.test",
        "x.deep.crepes.test",
        "zzz.crepes.test",
        "x.mail.crepes.test",
        "-.crepes.test",
    ],
)
def test_denial_of_a_name(zone: SignedZone, name: str) -> None:
    response = ask(zone, name, "MX")
    assert response.rcode() == dns.rcode.NXDOMAIN
    validated(zone, response.authority, NOW)
    proofs = [rrset for rrset in response.authority if rrset.rdtype == dns.rdatatype.NSEC]
    wanted = dns.name.from_text(name)
    assert any(covers(proof, wanted, zone.origin) for proof in proofs)
    assert any(covers(proof, wildcard(zone, wanted), zone.origin) for proof in proofs)


def wildcard(zone: SignedZone, name: dns.name.Name) -> dns.name.Name:
    """The wildcard at the closest encloser, which must not exist either (RFC 4035 §5.4)."""
    parent = name.parent()
    while parent != zone.origin and ask(zone, parent.to_text(), "A").rcode() == dns.rcode.NXDOMAIN:
        parent = parent.parent()
    return dns.name.from_text("*", parent)


@pytest.mark.parametrize("name", ["mail.crepes.test", "deep.crepes.test"])
def test_denial_of_a_type(zone: SignedZone, name: str) -> None:
    response = ask(zone, name, "MX")
    assert response.rcode() == dns.rcode.NOERROR
    assert not response.answer
    assert validated(zone, response.authority, NOW) == 2


def test_signatures_follow_the_clock() -> None:
    zone = SignedZone(mail_zone("crepes.test", "mail", ["127.0.0.1"]))
    for now in (NOW, NOW + 6 * DAY, NOW + 400 * DAY, NOW + 4000 * DAY):
        assert validated(zone, ask(zone, "crepes.test", "MX", now).answer, now) == 1
    late = ask(zone, "crepes.test", "MX", NOW + 4000 * DAY).answer
    with pytest.raises(dns.dnssec.ValidationFailure):
        validated(zone, late, NOW + 4000 * DAY + LIFE + 1)


def test_nothing_is_signed_for_who_does_not_ask(zone: SignedZone) -> None:
    query = dns.message.make_query("crepes.test", "MX")
    response = dns.message.make_response(query)
    zone.answer(query, response, NOW)
    assert [rrset.rdtype for rrset in response.answer] == [dns.rdatatype.MX]


def test_reverse_names() -> None:
    zone = SignedZone(reverse_zone("127.in-addr.arpa", {"127.0.0.2": "mail.hamburger.test"}))
    answer = ask(zone, "2.0.0.127.in-addr.arpa", "PTR").answer[0]
    assert answer[0].to_text() == "mail.hamburger.test."


@pytest.mark.parametrize(
    "line", ["@ MX nonsense", "@ A 300.0.0.1", "other.example. A 127.0.0.1", "@ CNAME x"]
)
def test_a_zone_that_is_none(line: str) -> None:
    with pytest.raises(ValueError, match=r"crepes\.test"):
        SignedZone(ZoneText("crepes.test", (line,)))
