"""Answers whose signatures were changed on the way, and the validation that finds it.

RFC 4034 §3.1.8 (what a signature covers), RFC 4035 §5.3 (checking it). Not here: who does it when (`lab.dns.server`).
"""

from __future__ import annotations

import dns.dnssec
import dns.exception
import dns.message
import dns.name
import dns.node
import dns.rdataset
import dns.rdatatype
import dns.rrset

from postroom.lab.dns.zones import TTL, SignedZone


def spoil(zone: SignedZone, message: dns.message.Message, now: float) -> bool:
    """Changes an octet of each signature in a signed message; whether it validates nevertheless, as it does where there is none."""
    for section in (message.answer, message.authority):
        for at, records in enumerate(section):
            if records.rdtype == dns.rdatatype.RRSIG:
                section[at] = _changed(records)
    return validates(zone, message, now)


def _changed(records: dns.rrset.RRset) -> dns.rrset.RRset:
    wrong = [one.replace(signature=one.signature[:-1] + bytes([one.signature[-1] ^ 1])) for one in records]
    return dns.rrset.from_rdata_list(records.name, records.ttl, wrong)


def validates(zone: SignedZone, message: dns.message.Message, now: float) -> bool:
    """Whether the signatures of all of a message's records are this zone's (`now` in unix seconds)."""
    keys: dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset] = {
        zone.origin: dns.rdataset.from_rdata(TTL, zone.dnskey)
    }
    for section in (message.answer, message.authority):
        signatures = {(one.name, one.covers): one for one in section if one.rdtype == dns.rdatatype.RRSIG}
        for records in section:
            if records.rdtype == dns.rdatatype.RRSIG or not records.name.is_subdomain(zone.origin):
                continue
            signature = signatures.get((records.name, records.rdtype))
            try:
                if signature is None:
                    return False
                dns.dnssec.validate(records, signature, keys, None, now)
            except dns.exception.ValidationFailure:
                return False
    return True
