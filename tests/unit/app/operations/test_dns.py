"""The records that a domain needs: which they are, and in which forms they are told."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from offices import ALICE, TestOffice
from postroom.app.dns.forms import DnsRecord, explained, written, zone_line
from postroom.app.dns.records import Site, records_of
from postroom.app.locate import places_of
from postroom.app.settings.tls import AcmeSettings
from postroom.net.tls.selfsigned import self_signed


def site(*addresses: str, **more: object) -> Site:
    return Site("a.test", "mail.a.test", addresses, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("addresses", "types"),
    [
        ([], ["MX", "A"]),
        (["0.0.0.0", "::", "127.0.0.1", "nonsense"], ["MX", "A"]),
        (["192.0.2.1"], ["MX", "A", "PTR"]),
        (["192.0.2.1", "2001:db8::1"], ["MX", "A", "AAAA", "PTR", "PTR"]),
    ],
)
def test_where_the_host_is(addresses: list[str], types: list[str]) -> None:
    found = records_of(site(*addresses))
    assert [one.type for one in found if one.topic in ("MX", "address", "PTR")] == types


def test_zone_lines() -> None:
    lines = [zone_line(one) for one in records_of(site("192.0.2.1", reports="r@a.test"))]
    assert lines[:6] == [
        "a.test. 300 IN MX 10 mail.a.test.",
        "mail.a.test. 300 IN A 192.0.2.1",
        "1.2.0.192.in-addr.arpa. 300 IN PTR mail.a.test.",
        'a.test. 300 IN TXT "v=spf1 mx -all"',
        'mail.a.test. 300 IN TXT "v=spf1 a -all"',
        "; selector._domainkey.a.test. 300 IN TXT <value>",
    ]
    assert '_dmarc.a.test. 300 IN TXT "v=DMARC1; p=none; rua=mailto:r@a.test"' in lines
    assert "_submissions._tcp.a.test. 300 IN SRV 0 1 465 mail.a.test." in lines
    assert "_jmap._tcp.a.test. 300 IN SRV 0 1 443 mail.a.test." in lines  # RFC 8620 §2.2
    assert zone_line(records_of(site())[1]) == "; mail.a.test. 300 IN A <value>"


def test_services_at_other_ports_and_none() -> None:
    found = records_of(site(ports={"imaps": 1993, "pop3": -1, "imap": 0}))
    values = {one.name: one.value for one in found if one.topic == "SRV"}
    assert values["_imaps._tcp.a.test."] == "0 1 1993 mail.a.test."
    assert values["_pop3._tcp.a.test."] == "0 0 0 ."
    assert "_imap._tcp.a.test." not in values  # any free port


def test_a_host_with_the_name_of_its_domain_says_things_once() -> None:
    found = records_of(Site("a.test", "a.test", ("192.0.2.1",)))
    assert [one.value for one in found if one.topic == "SPF"] == ["v=spf1 mx -all"]
    assert len({(one.name, one.type, one.value) for one in found}) == len(found)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("a.test.", "@"),
        ("_dmarc.a.test.", "_dmarc"),
        ("1.2.0.192.in-addr.arpa.", "1.2.0.192.in-addr.arpa"),
        ("xa.test.", "xa.test"),
    ],
)
def test_names_for_web_forms(name: str, host: str) -> None:
    assert DnsRecord(name, "TXT", "x", "", zone="a.test").host == host


def test_three_forms_of_a_long_text() -> None:
    value = "v=DKIM1; p=" + "A" * 400
    made = written(DnsRecord("s._domainkey.a.test.", "TXT", value, "a key", "DKIM", "a.test"))
    assert made.value == value
    assert made.string == f'"{value}"'
    assert made.zone_file == f's._domainkey.a.test. 300 IN TXT "{value[:255]}" "{value[255:]}"'
    text = explained(made)
    for part in ("host s._domainkey ", "in full: s._domainkey.a.test)", made.string, made.zone_file):
        assert part in text


async def test_of_our_domains_only(office: TestOffice) -> None:
    first = (await office.ask("dns.records", domain="hamburger.test", addresses=["192.0.2.1"]))[0]
    assert first["value"] == "10 mail.hamburger.test."
    assert "postroom domain add x.test" in await office.refusal("dns.records", domain="x.test")
    assert "may not" in await office.refusal("dns.records", ALICE, domain="hamburger.test")


async def test_keys_and_policy(office: TestOffice) -> None:
    asked = {"domain": "hamburger.test", "dmarc": "reject"}
    found = {one["topic"]: one for one in await office.ask("dns.records", **asked)}
    assert found["DMARC"]["value"] == "v=DMARC1; p=reject; rua=mailto:postmaster@hamburger.test"
    assert "dkim create hamburger.test" in found["DKIM"]["why"]
    (made,) = await office.ask("dkim.create", domain="hamburger.test", algorithm="ed25519")
    found = {one["topic"]: one for one in await office.ask("dns.records", **asked)}
    assert found["DKIM"]["value"] == made["dns"]["value"]
    assert "use none, quarantine, reject" in await office.refusal(
        "dns.records", domain="hamburger.test", dmarc="maybe"
    )


@pytest.mark.parametrize(("http", "https", "served"), [(-1, -1, False), (80, -1, True), (-1, 443, True)])
async def test_nobody_is_led_to_a_web_server_that_is_not_there(
    office: TestOffice, http: int, https: int, served: bool
) -> None:
    listen = msgspec.structs.replace(office.settings.listen, http=http, https=https)
    office.settings = msgspec.structs.replace(office.settings, listen=listen)
    found = await office.ask("dns.records", domain="hamburger.test")
    assert ({"MTA-STS", "autoconfig"} <= {one["topic"] for one in found}) is served
    assert served or not any("443" in one["value"] for one in found)


async def test_an_address_that_is_none_is_not_left_out(office: TestOffice) -> None:
    asked = {"domain": "hamburger.test", "addresses": ["192.0.2.1", "mail.hamburger.test"]}
    assert "'mail.hamburger.test' is no IP address" in await office.refusal("dns.records", **asked)


async def test_keys_of_certificates_that_an_authority_gives_are_not_named(
    office: TestOffice, tmp_path: Path
) -> None:
    server = msgspec.structs.replace(office.settings.server, data=str(tmp_path))
    office.settings = msgspec.structs.replace(office.settings, server=server)
    self_signed(places_of(office.settings).keys, ["mail.hamburger.test"], office.clock.now())

    async def digests() -> int:
        found = await office.ask("dns.records", domain="hamburger.test")
        return sum(one["type"] == "TLSA" for one in found)

    assert await digests() == 2
    acme = AcmeSettings("https://ca.test/directory")
    office.settings = msgspec.structs.replace(office.settings, acme=acme)
    assert await digests() == 0


@pytest.mark.parametrize(
    ("directory", "issuers"),
    [
        ("", ['0 issue "letsencrypt.org"']),
        ("https://acme-v02.api.letsencrypt.org/directory", ['0 issue "letsencrypt.org"']),
        ("https://ca.test/directory", []),  # it would be forbidden to issue
    ],
)
async def test_an_authority_is_not_shut_out(office: TestOffice, directory: str, issuers: list[str]) -> None:
    office.settings = msgspec.structs.replace(office.settings, acme=AcmeSettings(directory))
    found = await office.ask("dns.records", domain="hamburger.test")
    assert [one["value"] for one in found if one["type"] == "CAA"] == issuers
