"""The records that a domain of ours is to publish, so that mail finds it, is believed, and programs find their server.

RFC 5321 §5.1 (MX, addresses), RFC 1912 §2.1 (the way back), RFC 7208 §3 and §10.1.3 (SPF, of the host too), RFC 6376 §3.6.2 (keys), RFC 9989 §4.7 (DMARC),
RFC 8461 §3.1 (MTA-STS), RFC 8460 §3 (TLS reports), RFC 7672 §3.1 (TLSA: 3 1 1, so that a renewed certificate with the same key needs no new one), RFC 6186 §3
and RFC 8314 §5.1 (SRV), RFC 8659 §4 (CAA). Pure. Nothing is looked up: a question for a record that is not there yet would be remembered as its absence. Not
here: whether they are there (`check`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

import msgspec

from postroom.app.dns.forms import DnsRecord

POLICIES = ("none", "quarantine", "reject")
# Service name (RFC 6186 §3.2 and §3.3, RFC 8314 §5.1), the key of [listen], the usual port.
SERVICES = (
    ("submissions", "submissions", 465),
    ("submission", "submission", 587),
    ("imaps", "imaps", 993),
    ("imap", "imap", 143),
    ("pop3s", "pop3s", 995),
    ("pop3", "pop3", 110),
    ("jmap", "https", 443),  # RFC 8620 §2.2
)
AUTHORITY = "letsencrypt.org"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Site(msgspec.Struct, frozen=True):
    """What the records are made of. Names without a final dot, in A-labels; `addresses` in text, those that others cannot reach are left out.

    `keys` are records of DKIM; `certificates` SHA-256 of public keys, in hex; `ports` by service, -1 where there is none; `reports` is the address
    for reports; `policy` is DMARC's, `sts_id` that of our MTA-STS policy; `authority` issues the certificates, "" where nobody here knows its name; `web`: there is a web server; `every`: addresses of loopback too, as a lab has.
    """

    domain: str
    host: str
    addresses: Sequence[str] = ()
    keys: Sequence[DnsRecord] = ()
    certificates: Sequence[str] = ()
    ports: dict[str, int] = {}
    reports: str = ""
    policy: str = "none"
    sts_id: str = ""
    authority: str = AUTHORITY
    web: bool = True
    every: bool = False


def records_of(site: Site) -> list[DnsRecord]:
    """All of them, the necessary ones first."""
    found = [*_mail(site), *_senders(site), *_transport(site), *_programs(site)]
    return [record for n, record in enumerate(found) if record not in found[:n]]


def _mail(site: Site) -> Iterator[DnsRecord]:
    domain, host = site.domain, site.host
    yield DnsRecord(f"{domain}.", "MX", f"10 {host}.", "mail for the domain goes to this host", "MX", domain)
    public = [ip for text in site.addresses if (ip := _reachable(text, every=site.every)) is not None]
    for ip in public:
        kind = "A" if ip.version == 4 else "AAAA"
        yield DnsRecord(f"{host}.", kind, str(ip), "where the host is", "address", domain)
    if not public:
        why = "where the host is: put its public IPv4 address here"
        yield DnsRecord(f"{host}.", "A", "", why, "address", domain)
    why = "the address's name: other servers ask for it; ask whoever gave you the address to set it"
    for ip in public:
        yield DnsRecord(f"{ip.reverse_pointer}.", "PTR", f"{host}.", why, "PTR", domain)


def _senders(site: Site) -> Iterator[DnsRecord]:
    domain, host = site.domain, site.host
    why = "mail of the domain comes from its MX, and from nowhere else"
    yield DnsRecord(f"{domain}.", "TXT", "v=spf1 mx -all", why, "SPF", domain)
    if host != domain:
        why = "reports come in the name of the host alone"
        yield DnsRecord(f"{host}.", "TXT", "v=spf1 a -all", why, "SPF", domain)
    yield from site.keys
    if not site.keys:
        why = f"no key signs yet; make one with: postroom dkim create {domain}"
        yield DnsRecord(f"selector._domainkey.{domain}.", "TXT", "", why, "DKIM", domain)
    reports = f"; rua=mailto:{site.reports}" if site.reports else ""
    why = {
        "none": "what others do with mail that is not signed: nothing yet, but they report; later: p=quarantine, then p=reject",
        "quarantine": "mail in the domain's name that is not signed is junk",
        "reject": "mail in the domain's name that is not signed is refused",
    }[site.policy]
    text = f"v=DMARC1; p={site.policy}{reports}"
    yield DnsRecord(f"_dmarc.{domain}.", "TXT", text, why, "DMARC", domain)


def _transport(site: Site) -> Iterator[DnsRecord]:
    domain, host = site.domain, site.host
    if site.reports:
        text = f"v=TLSRPTv1; rua=mailto:{site.reports}"
        why = "others report when TLS with this host fails"
        yield DnsRecord(f"_smtp._tls.{domain}.", "TXT", text, why, "TLSRPT", domain, optional=True)
    if site.web:
        text = f"v=STSv1; id={site.sts_id}" if site.sts_id else ""
        why = "others send over verified TLS alone; the policy is served over HTTPS"
        yield DnsRecord(f"_mta-sts.{domain}.", "TXT", text, why, "MTA-STS", domain, optional=True)
        why = "where that policy is; the certificate must be for this name too"
        yield DnsRecord(f"mta-sts.{domain}.", "CNAME", f"{host}.", why, "MTA-STS", domain, optional=True)
    for digest in site.certificates:
        why = "the host's key, for domains with DNSSEC; publish a new one before the key changes"
        yield DnsRecord(f"_25._tcp.{host}.", "TLSA", f"3 1 1 {digest}", why, "TLSA", domain, optional=True)
    if site.authority:
        why = "nobody else issues certificates for the domain; put your authority's name here"
        value = f'0 issue "{site.authority}"'
        yield DnsRecord(f"{domain}.", "CAA", value, why, "CAA", domain, optional=True)


def _programs(site: Site) -> Iterator[DnsRecord]:
    domain, host = site.domain, site.host
    for service, setting, usual in SERVICES:
        port = site.ports.get(setting, usual)
        if not port:
            continue  # any free one: nobody can be told
        value = f"0 1 {port} {host}." if port > 0 else "0 0 0 ."
        why = "mail programs find the server" if port > 0 else "mail programs need not look for this"
        yield DnsRecord(f"_{service}._tcp.{domain}.", "SRV", value, why, "SRV", domain, optional=True)
    if site.web:
        why = "Thunderbird and others find their settings"
        yield DnsRecord(
            f"autoconfig.{domain}.", "CNAME", f"{host}.", why, "autoconfig", domain, optional=True
        )
        why = "Outlook finds its settings"
        yield DnsRecord(
            f"autodiscover.{domain}.", "CNAME", f"{host}.", why, "autoconfig", domain, optional=True
        )
        value = f"0 0 443 {host}."
        yield DnsRecord(
            f"_autodiscover._tcp.{domain}.", "SRV", value, why, "autoconfig", domain, optional=True
        )


def _reachable(text: str, *, every: bool) -> Address | None:
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    if every:
        return ip
    return None if ip.is_unspecified or ip.is_loopback or ip.is_link_local else ip
