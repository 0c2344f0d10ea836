"""The lab's zones: written from a few words, signed, and answering questions.

RFC 1034 §4.3.2 (the algorithm, without wildcards and delegations), RFC 2308 §3 (SOA with every denial), RFC 4034 and RFC 4035 §3.1 (DNSKEY, RRSIG,
NSEC), RFC 6605 (ECDSA P-256). Signatures follow the clock that is given: they are renewed at half of their life. Not here: sockets, faults.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence

import dns.dnssec
import dns.dnssectypes
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.dnskeybase
import dns.rrset
import dns.zone
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from postroom.proto.dns.resolver import reverse_name

TTL = 300  # of records that say nothing else: a moved clock soon sees changes
NEGATIVE_TTL = 60
LIFE = 14 * 86_400  # seconds that a signature holds
SKEW = 3600  # it begins so much before now
MOST_ALIASES = 8


class ZoneText(msgspec.Struct, frozen=True):
    """A zone in words: lines as in a zone file (names relative to the origin, `@` the origin itself), without SOA and NS."""

    origin: str
    lines: tuple[str, ...]


def mail_zone(domain: str, host: str, ips: Sequence[str], extra: Iterable[str] = ()) -> ZoneText:
    """A domain whose mail goes to one host in it: MX, the host's addresses, and SPF that names it. `extra` lines follow."""
    addresses = [f"{host} {'AAAA' if ':' in ip else 'A'} {ip}" for ip in ips]
    return ZoneText(domain, (f"@ MX 10 {host}", *addresses, '@ TXT "v=spf1 mx -all"', *extra))


def reverse_zone(origin: str, names: Mapping[str, str]) -> ZoneText:
    """PTR records below `origin` (127.in-addr.arpa) for addresses and the host names they have."""
    return ZoneText(origin, tuple(f"{reverse_name(ip)}. PTR {name}." for ip, name in names.items()))


class SignedZone:
    """One zone with its key. It answers for the instant (unix seconds) that each question brings along."""

    def __init__(self, text: ZoneText) -> None:
        """Raises ValueError, naming the line, for text that is no zone."""
        self.origin = dns.name.from_text(text.origin)
        self._text = text
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.dnskey = dns.dnssec.make_dnskey(
            self._key.public_key(),
            dns.dnssectypes.Algorithm.ECDSAP256SHA256,
            dns.rdtypes.dnskeybase.Flag.ZONE | dns.rdtypes.dnskeybase.Flag.SEP,
        )
        self._zone = self._unsigned()
        self._names: list[dns.name.Name] = []
        self._renew_at = 0.0

    @property
    def anchor(self) -> str:
        """The DS record that a validating resolver needs, as a line of a zone file."""
        ds = dns.dnssec.make_ds(self.origin, self.dnskey, "SHA256")
        return f"{self.origin} {TTL} IN DS {ds.to_text()}"

    def rewrite(self, lines: Iterable[str]) -> None:
        """Replaces the records, under the same key; raises ValueError as the constructor."""
        before, self._text = self._text, ZoneText(self._text.origin, tuple(lines))
        try:
            self._zone = self._unsigned()
        except ValueError:
            self._text = before
            raise
        self._renew_at = 0.0

    def answer(self, query: dns.message.Message, response: dns.message.Message, now: float) -> None:
        """Fills in what this zone says to the question."""
        if now >= self._renew_at:
            self._sign(now)
        signed = bool(query.ednsflags & dns.flags.DO)
        asked = query.question[0]
        self._answer(asked.name, asked.rdtype, response, signed=signed)
        response.flags |= dns.flags.AA

    def _answer(
        self,
        name: dns.name.Name,
        kind: dns.rdatatype.RdataType,
        response: dns.message.Message,
        *,
        signed: bool,
    ) -> None:
        for _ in range(MOST_ALIASES + 1):
            if self._put(response.answer, name, kind, signed=signed):
                return
            alias = self._zone.get_rdataset(name, dns.rdatatype.CNAME)
            if alias is None:
                self._deny(name, response, signed=signed)
                return
            self._put(response.answer, name, dns.rdatatype.CNAME, signed=signed)
            name = alias[0].target
            if not name.is_subdomain(self.origin):
                return  # whoever asks goes on with the other zone

    def _deny(self, name: dns.name.Name, response: dns.message.Message, *, signed: bool) -> None:
        denied = [name]
        if not self._exists(name):
            response.set_rcode(dns.rcode.NXDOMAIN)
            encloser = name.parent()
            while not self._exists(encloser):
                encloser = encloser.parent()
            denied.append(dns.name.Name((b"*", *encloser.labels)))
        self._put(response.authority, self.origin, dns.rdatatype.SOA, signed=signed)
        if (
            signed
        ):  # RFC 4035 §3.1.3: which types there are; or neither such a name nor a wildcard that would make it
            for absent in denied:
                owner = self._names[bisect.bisect_right(self._names, absent) - 1]
                self._put(response.authority, owner, dns.rdatatype.NSEC, signed=True)

    def _exists(self, name: dns.name.Name) -> bool:
        """Whether it has records, or names below it that do (RFC 8020 §2)."""
        at = bisect.bisect_left(
            self._names, name
        )  # in canonical order, what is below a name stands right behind it
        return at < len(self._names) and self._names[at].is_subdomain(name)

    def _put(
        self,
        section: list[dns.rrset.RRset],
        name: dns.name.Name,
        kind: dns.rdatatype.RdataType,
        *,
        signed: bool,
    ) -> bool:
        found = self._zone.get_rrset(name, kind)
        if found is None:
            return False
        if found not in section:
            section.append(found)
            signature = self._zone.get_rrset(name, dns.rdatatype.RRSIG, kind) if signed else None
            if signature is not None:
                section.append(signature)
        return True

    def _unsigned(self) -> dns.zone.Zone:
        for line in self._text.lines:
            owner = line.split(maxsplit=1)[0] if line.strip() else ""
            if owner.endswith(".") and not dns.name.from_text(owner).is_subdomain(self.origin):
                raise ValueError(f"the zone {self._text.origin} does not hold {owner}")
        lines = [f"$ORIGIN {self.origin}", f"$TTL {TTL}"]
        lines.append(f"@ SOA ns hostmaster 1 3600 600 86400 {NEGATIVE_TTL}")
        lines.append("@ NS ns")
        lines.append("ns A 127.0.0.1")
        try:
            return dns.zone.from_text("\n".join([*lines, *self._text.lines]), self.origin, relativize=False)
        except dns.exception.DNSException as error:
            raise ValueError(f"the zone {self._text.origin} cannot be read: {error}") from error

    def _sign(self, now: float) -> None:
        zone = self._unsigned()
        dns.dnssec.sign_zone(
            zone,
            keys=[(self._key, self.dnskey)],
            inception=int(now) - SKEW,
            expiration=int(now) + LIFE,
            dnskey_ttl=TTL,
        )
        self._zone = zone
        self._names = sorted(zone.nodes)
        self._validate(now)
        self._renew_at = now + LIFE / 2

    def _validate(self, now: float) -> None:
        """Checks every signature against the key, so that AD may be said of this zone (RFC 4035 §4.9.3); raises dns.dnssec.ValidationFailure."""
        keys: dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset] = {
            self.origin: dns.rdataset.from_rdata(TTL, self.dnskey)
        }
        for name in self._names:
            for rdataset in self._zone.nodes[name].rdatasets:
                if rdataset.rdtype != dns.rdatatype.RRSIG:
                    signature = self._zone.get_rrset(name, dns.rdatatype.RRSIG, rdataset.rdtype)
                    assert signature is not None
                    records = dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))
                    dns.dnssec.validate(records, signature, keys, None, now)
