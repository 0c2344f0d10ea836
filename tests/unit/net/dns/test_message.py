"""DNS messages as octets: names and their pointers, and what must not cost more than its length."""

import struct
import time

import dns.message
import dns.name
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.net.dns.message import MOST_POINTERS, Malformed, Message, Question
from postroom.net.dns.reading import KINDS, read
from postroom.proto.dns.answer import Caa, Kind, Mx, Rcode, Srv, Tlsa
from postroom.proto.dns.resolver import normal_name

ASKED = b"\1a\4test\0"  # at 12; the records begin at 24, the data of the first at 36


def wire(*records: bytes, kind: int = 15, name: bytes = ASKED) -> bytes:
    return (
        struct.pack("!6H", 7, 0x8180, 1, len(records), 0, 0)
        + name
        + struct.pack("!2H", kind, 1)
        + b"".join(records)
    )


def record(data: bytes, kind: int = 15, owner: bytes = b"\xc0\x0c") -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, 3600, len(data)) + data


@given(st.lists(st.binary(min_size=1, max_size=63), max_size=6).filter(lambda one: sum(map(len, one)) < 240))
def test_names_are_written_as_everywhere(labels: list[bytes]) -> None:
    name = dns.name.Name([*labels, b""])
    found = Message(wire(name=name.to_wire())).questions
    assert found == [Question(normal_name(name.to_text()) if labels else "", 15)]


@pytest.mark.parametrize(
    ("kind", "data", "found"),
    [
        ("A", "192.0.2.1", "192.0.2.1"),
        ("AAAA", "2001:db8::1", "2001:db8::1"),
        ("CNAME", "B.test.", "b.test"),
        ("PTR", "b.a.test.", "b.a.test"),
        ("MX", "10 mx.a.test.", Mx(10, "mx.a.test")),
        ("MX", "0 .", Mx(0, "")),
        ("TXT", '"one" "two"', b"onetwo"),
        ("TLSA", "3 1 1 " + "ab" * 32, Tlsa(3, 1, 1, b"\xab" * 32)),
        ("SRV", "1 2 993 imap.a.test.", Srv(1, 2, 993, "imap.a.test")),
        ("CAA", '128 Issue "ca.test; x=1"', Caa(128, "issue", "ca.test; x=1")),
    ],
)
def test_records(kind: str, data: str, found: object) -> None:
    response = dns.message.make_response(dns.message.make_query("a.test", kind))
    response.answer.append(dns.rrset.from_text("A.Test.", 60, "IN", kind, data))
    assert read(Message(response.to_wire()), "a.test", Kind(kind)).records == (found,)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Kind.A, bytes(16)),
        (Kind.AAAA, bytes(4)),
        (Kind.TXT, b"\5four"),
        (Kind.TLSA, b"\3\1"),
        (Kind.SRV, bytes(6)),
        (Kind.CAA, b"\0\5issu"),
        (Kind.PTR, b""),
    ],
)
def test_data_of_another_length(kind: Kind, data: bytes) -> None:
    message = Message(wire(record(data, KINDS[kind])))
    assert read(message, "a.test", kind).rcode is Rcode.SERVFAIL


@pytest.mark.parametrize(
    "data",
    [
        b"\0\1\xc0\xff\xff",  # a pointer forwards
        b"\0\1\xc0\x26",  # to itself
        b"\0\1\1a\xc0\x26",  # in a circle
        b"\0\1\x80\1",  # of no known kind
        b"\0\1" + b"\1a" * 128 + b"\0",  # more than 255 octets
        b"\0\1" + b"\1a" * 126 + b"\xc0\x0c",  # likewise, by its pointer
        b"\0\1\1a",  # without an end
        b"\0\1\0more",
        b"\0",
    ],
)
def test_records_that_are_none(data: bytes) -> None:
    assert read(Message(wire(record(data))), "a.test", Kind.MX).rcode is Rcode.SERVFAIL


@given(st.binary(max_size=200))
def test_nothing_else_is_raised(data: bytes) -> None:
    for octets in (data, wire(data), wire(record(data), record(data, owner=b""))):
        try:
            message = Message(octets)
        except Malformed:
            continue
        for kind in (Kind.MX, Kind.CNAME):
            read(message, "a.test", kind)


def test_the_upper_bits_of_a_response_code() -> None:
    additional = b"\0" + struct.pack("!HHIH", 41, 1232, 1 << 24, 0)
    octets = bytearray(wire() + additional)
    octets[11] = 1
    assert Message(bytes(octets)).rcode == 16  # BADVERS, RFC 6891 §9


def test_records_that_hold_for_different_times_hold_for_the_shortest() -> None:
    short = b"\xc0\x0c" + struct.pack("!HHIH", 15, 1, 5, 5) + b"\0\1\1b\0"
    found = read(Message(wire(record(b"\0\1\1c\0"), short, short)), "a.test", Kind.MX)
    assert found.records == (Mx(1, "c"), Mx(1, "b"))
    assert found.ttl == 5


def long_names() -> bytes:
    """As many records as there is room for, each with its own name of 120 labels, all but one of them by a pointer."""
    long = b"\1a" * 120
    records = [record(b"\0\1" + long + b"\xc0\x0c")]
    place = struct.pack("!H", 0xC000 | 36 + 2)
    for number in range(3_300):
        label = bytes((97 + number % 26, 97 + number // 26 % 26))
        records.append(record(number.to_bytes(2, "big") + b"\2" + label + place))
    return wire(*records)


def chained_names() -> bytes:
    """A name that leads from pointer to pointer, and many records that begin at its end."""
    place, chain = 36, b"\xc0\x0c"
    for _ in range(MOST_POINTERS - 2):
        chain += struct.pack("!H", 0xC000 | place + len(chain) - 2)
    records = [record(chain, 99)]
    last = struct.pack("!H", 0xC000 | place + len(chain) - 2)
    records += [record(number.to_bytes(2, "big") + last, owner=last) for number in range(3_900)]
    return wire(*records)


@pytest.mark.parametrize("octets", [long_names(), chained_names()])
def test_a_long_message_costs_no_more_than_its_length(octets: bytes) -> None:
    assert 60_000 < len(octets) < 65_536
    began = time.process_time()
    found = read(Message(octets), "a.test", Kind.MX)
    assert len(found.records) > 3_000
    assert time.process_time() - began < 2  # some 0.05 s; it was half a minute
