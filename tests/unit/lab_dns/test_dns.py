"""The lab's name server, asked by the resolver and by hand."""

import asyncio
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from postroom.lab.dns import server as lab_dns
from postroom.lab.dns.server import Fault
from postroom.lab.dns.spoiling import spoil, validates
from postroom.lab.dns.zones import SignedZone, ZoneText
from postroom.net.dns.client import Server
from postroom.net.dns.resolver import ResolverOptions, StubResolver
from postroom.proto.dns.answer import Family, Mx, Rcode
from unit.lab_dns.conftest import ZONES, Lab


async def by_hand(lab: Lab, query: dns.message.Message, transport: str = "udp") -> dns.message.Message:
    wire = await lab.dns.respond(query.to_wire(), "127.0.0.1", transport)
    assert wire is not None
    return dns.message.from_wire(wire)


async def test_the_way_of_a_letter(lab: Lab) -> None:
    mx = await lab.resolver.mx("hamburger.test")
    assert mx.records == (Mx(10, "mail.hamburger.test"),)
    addresses = await lab.resolver.addresses("mail.hamburger.test")
    assert addresses.records == ("127.0.0.2",)
    assert (await lab.resolver.ptr("127.0.0.2")).records == ("mail.hamburger.test",)
    assert (await lab.resolver.txt("hamburger.test")).records == (b"v=spf1 mx -all",)
    assert mx.authenticated
    assert addresses.authenticated
    assert [question.kind for question in lab.asked] == ["MX", "AAAA", "A", "PTR", "TXT"]
    assert lab.asked[0].answers == ("MX 10 mail.hamburger.test.",)
    assert (lab.asked[0].name, lab.asked[0].transport, lab.asked[0].rcode) == (
        "hamburger.test",
        "udp",
        "NOERROR",
    )


async def test_absence(lab: Lab) -> None:
    gone = await lab.resolver.mx("gone.crepes.test")
    assert (gone.rcode, gone.ttl, gone.authenticated) == (Rcode.NXDOMAIN, 60, True)
    assert (await lab.resolver.mx("mail.crepes.test")).rcode is Rcode.NOERROR
    assert (await lab.resolver.mx("deep.crepes.test")).rcode is Rcode.NOERROR  # there is something below it


async def test_aliases(lab: Lab) -> None:
    near = await lab.resolver.addresses("www.crepes.test", Family.IPV4)
    assert (near.records, near.canonical) == (("127.0.0.1",), "mail.crepes.test")
    far = await lab.resolver.addresses("far.crepes.test", Family.IPV4)
    assert (far.records, far.canonical) == (("127.0.0.2",), "mail.hamburger.test")
    out = await lab.resolver.addresses("out.crepes.test", Family.IPV4)
    assert out.rcode is Rcode.NXDOMAIN


@pytest.mark.parametrize("name", ["example.com", "test", ".", "com"])
async def test_nothing_is_known_of_the_world(lab: Lab, name: str) -> None:
    assert (await by_hand(lab, dns.message.make_query(name, "MX"))).rcode() == dns.rcode.NXDOMAIN


async def test_a_long_answer_comes_by_tcp(lab: Lab) -> None:
    assert len((await lab.resolver.txt("big.hamburger.test")).records[0]) == 8 * 255
    assert [question.transport for question in lab.asked] == ["udp", "tcp"]


@pytest.mark.parametrize(
    ("fault", "rcode"),
    [(Fault.SERVFAIL, Rcode.SERVFAIL), (Fault.NXDOMAIN, Rcode.NXDOMAIN), (Fault.NO_MX, Rcode.NOERROR)],
)
async def test_faults(lab: Lab, fault: Fault, rcode: Rcode) -> None:
    lab.dns.set_fault("hamburger.test", fault)
    answer = await lab.resolver.mx("hamburger.test")
    assert (answer.rcode, answer.records, answer.authenticated) == (rcode, (), False)
    assert (await lab.resolver.mx("crepes.test")).records
    lab.dns.set_fault("hamburger.test", None)
    lab.resolver.forget()
    assert (await lab.resolver.mx("hamburger.test")).records


async def test_dropped_questions(lab: Lab) -> None:
    lab.dns.set_fault("mail.hamburger.test", Fault.DROP)
    hasty = StubResolver(ResolverOptions((Server("127.0.0.1", lab.port),), seconds=0.05, tries=1))
    assert (await hasty.addresses("mail.hamburger.test", Family.IPV4)).rcode is Rcode.TIMEOUT
    assert (await hasty.mx("hamburger.test")).records
    assert lab.asked[0].rcode == ""


async def test_a_slow_answer_comes_when_the_clock_is_moved(lab: Lab) -> None:
    lab.dns.set_fault("hamburger.test", Fault.SLOW)
    asking = asyncio.ensure_future(lab.resolver.mx("hamburger.test"))
    while not lab.clock._sleepers:
        await asyncio.sleep(0)
    lab.clock.advance(lab_dns.SLOW_SECONDS)
    assert (await asking).records


async def test_records_can_be_replaced(lab: Lab) -> None:
    await lab.resolver.mx("hamburger.test")
    lab.dns.add(ZoneText("hamburger.test", ("@ MX 5 other.crepes.test.",)))
    lab.resolver.forget()
    assert (await lab.resolver.mx("hamburger.test")).records == (Mx(5, "other.crepes.test"),)
    with pytest.raises(ValueError, match=r"hamburger\.test"):
        lab.dns.add(ZoneText("hamburger.test", ("@ MX nonsense",)))
    lab.resolver.forget()
    assert (await lab.resolver.mx("hamburger.test")).records == (Mx(5, "other.crepes.test"),)


def _two_questions(query: dns.message.Message) -> None:
    query.question.append(query.question[0])


def _status(query: dns.message.Message) -> None:
    query.set_opcode(dns.opcode.STATUS)


def _edns_7(query: dns.message.Message) -> None:
    query.use_edns(7)


@pytest.mark.parametrize(
    ("change", "rcode"),
    [(_two_questions, dns.rcode.FORMERR), (_status, dns.rcode.NOTIMP), (_edns_7, dns.rcode.BADVERS)],
)
async def test_odd_questions(lab: Lab, change: Any, rcode: dns.rcode.Rcode) -> None:
    query = dns.message.make_query("crepes.test", "MX")
    change(query)
    assert (await by_hand(lab, query)).rcode() == rcode


@pytest.mark.parametrize("kind", ["AXFR", "ANY"])
async def test_no_dumps(lab: Lab, kind: str) -> None:
    assert (await by_hand(lab, dns.message.make_query("crepes.test", kind))).rcode() == dns.rcode.REFUSED


async def test_garbage(lab: Lab) -> None:
    assert await lab.dns.respond(b"", "", "udp") is None
    assert await lab.dns.respond(b"\x12\x34" + b"\xff" * 20, "", "udp") is None
    malformed = await lab.dns.respond(b"\x12\x34\0\0\0\1" + b"\0" * 6 + b"\xff", "", "udp")
    assert malformed is not None
    assert malformed[:4] == b"\x12\x34\x80\x01"
    response = dns.message.make_response(dns.message.make_query("crepes.test", "MX"))
    assert await lab.dns.respond(response.to_wire(), "", "udp") is None


async def test_without_edns_512_octets_must_do(lab: Lab) -> None:
    query = dns.message.make_query("big.hamburger.test", "TXT", use_edns=False)
    wire = await lab.dns.respond(query.to_wire(), "127.0.0.1", "udp")
    assert wire is not None
    assert len(wire) <= 512
    assert dns.message.from_wire(wire).flags & dns.flags.TC


async def test_a_tcp_client_may_ask_twice_and_be_cut_short(lab: Lab) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", lab.port)
    for _ in range(2):
        wire = dns.message.make_query("crepes.test", "MX").to_wire()
        writer.write(len(wire).to_bytes(2, "big") + wire)
        size = int.from_bytes(await reader.readexactly(2), "big")
        assert dns.message.from_wire(await reader.readexactly(size)).answer
    writer.write(b"\xff\xff")
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_bogus_signatures_are_found(lab: Lab) -> None:
    """RFC 4035 §5.5: what does not validate is SERVFAIL, its absence included."""
    lab.dns.set_fault("crepes.test", Fault.BOGUS)
    for answer in (await lab.resolver.mx("crepes.test"), await lab.resolver.txt("no.crepes.test")):
        assert (answer.rcode, answer.records, answer.authenticated) == (Rcode.SERVFAIL, (), False)
    assert (await lab.resolver.mx("hamburger.test")).authenticated


@pytest.mark.parametrize(("flags", "rcode"), [(0, dns.rcode.SERVFAIL), (dns.flags.CD, dns.rcode.NOERROR)])
async def test_who_looks_himself_is_given_what_there_is(lab: Lab, flags: int, rcode: dns.rcode.Rcode) -> None:
    lab.dns.set_fault("crepes.test", Fault.BOGUS)
    query = dns.message.make_query("crepes.test", "MX", want_dnssec=True)
    query.flags |= flags
    wire = await lab.dns.respond(query.to_wire(), "127.0.0.1", "udp")
    assert wire is not None
    response = dns.message.from_wire(wire)
    assert response.rcode() == rcode
    assert not response.flags & dns.flags.AD
    if flags:
        assert [one.rdtype for one in response.answer] == [dns.rdatatype.MX, dns.rdatatype.RRSIG]
    else:
        assert [option.code for option in response.options if isinstance(option, dns.edns.EDEOption)] == [6]


async def test_without_the_fault_the_signatures_validate(lab: Lab) -> None:
    zone = SignedZone(ZONES[0])
    for name, kind in (("crepes.test", "MX"), ("no.crepes.test", "A"), ("www.crepes.test", "A")):
        query = dns.message.make_query(name, kind, want_dnssec=True)
        response = dns.message.make_response(query)
        zone.answer(query, response, lab.clock.now() / 1_000_000)
        assert validates(zone, response, lab.clock.now() / 1_000_000)
        assert not spoil(zone, response, lab.clock.now() / 1_000_000)


@pytest.mark.parametrize("secure", [False, True])
async def test_who_wants_signatures_hears_that_again(lab: Lab, secure: bool) -> None:
    answer = await by_hand(lab, dns.message.make_query("crepes.test", "MX", use_edns=0, want_dnssec=secure))
    assert bool(answer.ednsflags & dns.flags.DO) is secure


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.REFUSED, Fault.LAME])
async def test_names_outside_can_be_refused_as_well(lab: Lab, fault: Fault) -> None:
    lab.dns.set_fault("gmail.com", fault)
    answer = await by_hand(lab, dns.message.make_query("gmail.com", "MX"))
    assert answer.rcode() == (dns.rcode.REFUSED if fault is Fault.REFUSED else dns.rcode.SERVFAIL)
    assert (await by_hand(lab, dns.message.make_query("gmail.org", "MX"))).rcode() == dns.rcode.NXDOMAIN


async def test_one_that_has_stopped_answers_nobody(lab: Lab) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", lab.port)
    wire = dns.message.make_query("crepes.test", "MX").to_wire()
    asked = len(wire).to_bytes(2, "big") + wire
    writer.write(asked)
    await reader.readexactly(2)
    await lab.dns.stop()
    writer.write(asked)
    await asyncio.wait_for(reader.read(), 60)  # what was left of the first answer, and the end
    assert len(lab.asked) == 1
    writer.close()
