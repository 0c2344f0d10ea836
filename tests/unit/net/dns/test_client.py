"""One question, one response."""

import asyncio
import ipaddress
import socket
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.net.dns.client import PAYLOAD, NoAnswer, Server, ask, matching, question

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


def link_local() -> str:
    """An address of this machine on one of its links, with the interface; "" without one."""
    table = Path("/proc/net/if_inet6")
    for octets, _, _, scope, _, name in map(
        str.split, table.read_text().splitlines() if table.exists() else ()
    ):
        if scope == "20":
            return f"{ipaddress.IPv6Address(bytes.fromhex(octets))}%{name}"
    return ""


@pytest.mark.skipif(not link_local(), reason="no link has IPv6 here")
async def test_a_server_on_the_link() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.bind(socket.getaddrinfo(link_local(), 0, type=socket.SOCK_DGRAM)[0][4])
        there = Server(link_local(), server.getsockname()[1])

        def answer() -> None:
            wire, client = server.recvfrom(512)
            server.sendto(wire[:2] + b"\x81\x83" + wire[4:], client)

        served = asyncio.create_task(asyncio.to_thread(answer))
        server.settimeout(5)
        assert (await ask(there, question(NAME, dns.rdatatype.MX, edns=False), 5)).rcode == 3
        await served
