"""From messages to records."""

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest

from postroom.net.dns.message import Message
from postroom.net.dns.reading import LONGEST, LONGEST_ABSENCE, Reading, read
from postroom.proto.dns.answer import Kind, Rcode

NAME, OTHER = "a.test", "b.test"


def message(*answer: str, authority: tuple[str, ...] = (), rcode: str = "NOERROR", flags: int = 0) -> Message:
    response = dns.message.make_response(dns.message.make_query(NAME, "A"))
    response.flags |= flags
    response.set_rcode(dns.rcode.from_text(rcode))
    for section, lines in ((response.answer, answer), (response.authority, authority)):
        for line in lines:
            name, ttl, kind, data = line.split(" ", 3)
            section.append(dns.rrset.from_text(name, int(ttl), "IN", kind, data))
    return Message(response.to_wire())


SOA = "test. 900 SOA ns. me. 1 1 1 1 600"


@pytest.mark.parametrize(
    ("said", "reading"),
    [
        (message("A.TEST. 9 A 192.0.2.1"), Reading(Rcode.NOERROR, NAME, ("192.0.2.1",), 9)),
        (message("a.test. 999999 A 192.0.2.1"), Reading(Rcode.NOERROR, NAME, ("192.0.2.1",), LONGEST)),
        (message("a.test. 2147483647 A 192.0.2.1"), Reading(Rcode.NOERROR, NAME, ("192.0.2.1",), LONGEST)),
        (
            message("a.test. 5 CNAME b.test.", "b.test. 9 A 192.0.2.1"),
            Reading(Rcode.NOERROR, OTHER, ("192.0.2.1",), 5),
        ),
        (message("a.test. 5 CNAME b.test."), Reading(Rcode.NOERROR, OTHER, (), 5, onward=True)),
        (message("a.test. 5 CNAME b.test.", authority=(SOA,)), Reading(Rcode.NOERROR, OTHER, (), 5)),
        (message("a.test. 5 CNAME a.test."), Reading(Rcode.SERVFAIL, NAME)),
        (message(authority=(SOA,)), Reading(Rcode.NOERROR, NAME, (), 600)),
        (message(authority=(SOA,), rcode="NXDOMAIN"), Reading(Rcode.NXDOMAIN, NAME, (), 600)),
        (
            message(authority=("test. 99999 SOA ns. me. 1 1 1 1 99999",)),
            Reading(Rcode.NOERROR, NAME, (), LONGEST_ABSENCE),
        ),
        (message(), Reading(Rcode.NOERROR, NAME)),
        (message(authority=("test. 5 NS ns.test.",)), Reading(Rcode.SERVFAIL, NAME)),
        (message(authority=("test. 5 NS ns.test.",), rcode="NXDOMAIN"), Reading(Rcode.NXDOMAIN, NAME)),
        (message("b.test. 9 A 192.0.2.66"), Reading(Rcode.NOERROR, NAME)),
        (message(rcode="REFUSED"), Reading(Rcode.REFUSED, NAME)),
        (message(rcode="YXDOMAIN"), Reading(Rcode.SERVFAIL, NAME)),
    ],
)
def test_readings(said: Message, reading: Reading) -> None:
    assert read(said, NAME, Kind.A) == reading


def test_ad_is_reported() -> None:
    said = message("a.test. 9 A 192.0.2.1", flags=dns.flags.AD)
    assert read(said, NAME, Kind.A).authenticated
