"""One question, one response."""

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.net.dns_client import PAYLOAD, NoAnswer, Server, ask, matching, question

NAME = dns.name.from_text("a.test")


def test_a_question() -> None:
    asked = question(NAME, dns.rdatatype.MX)
    assert asked.flags == dns.flags.RD | dns.flags.AD
    assert (asked.edns, asked.payload) == (0, PAYLOAD)
    assert question(NAME, dns.rdatatype.MX, edns=False).edns == -1
    assert len({question(NAME, dns.rdatatype.MX).id for _ in range(50)}) > 40


def test_the_case_of_a_name_does_not_matter() -> None:
    asked = question(NAME, dns.rdatatype.MX)
    response = dns.message.make_response(asked)
    response.question[0].name = dns.name.from_text("A.Test")
    assert matching(asked, response.to_wire()) is not None


@given(st.binary(max_size=80))
def test_nothing_raises(data: bytes) -> None:
    asked = question(NAME, dns.rdatatype.MX)
    assert matching(asked, data) is None
    matching(asked, asked.id.to_bytes(2, "big") + b"\x80\0" + data)


async def test_nobody_there() -> None:
    with pytest.raises(NoAnswer) as told:
        await ask(Server("127.0.0.1", 1), question(NAME, dns.rdatatype.MX), 5)
    assert told.value.unreachable
