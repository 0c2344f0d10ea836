"""One question to one DNS server: UDP first, TCP when the answer was cut.

RFC 1035 §4.2 (transports), RFC 5452 §9.1 and §9.2 (a random id, a port of its own for each question, and what does not match is ignored),
RFC 6891 §6.2.5 (a payload that fits every path), RFC 7766 §5 (TCP). dnspython writes the questions. Not here: caches, retries,
what an answer means.
"""

from __future__ import annotations

import asyncio
import secrets
import socket

import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import msgspec

from postroom.net import eager
from postroom.net.dns.message import QR, TC, Malformed, Message, Question
from postroom.proto.dns.resolver import normal_name

PAYLOAD = 1232  # octets by UDP: no fragments on any path (RFC 9715 §3.2 asks for no more)
FORMERR = 1  # the response code
_MOST = 65_535


class Server(msgspec.Struct, frozen=True):
    """Where a DNS server listens."""

    ip: str
    port: int = 53


class NoAnswer(Exception):
    """Nothing usable came; `unreachable` when the server cannot even be asked."""

    def __init__(self, words: str, *, unreachable: bool = False) -> None:
        super().__init__(words)
        self.unreachable = unreachable


def question(
    name: dns.name.Name, kind: dns.rdatatype.RdataType, *, edns: bool = True
) -> dns.message.QueryMessage:
    """A query with a fresh id; its AD bit asks for the server's judgement of DNSSEC, without the signatures (RFC 6840 §5.7)."""
    query = dns.message.QueryMessage(secrets.randbits(16))
    query.flags = dns.flags.RD | dns.flags.AD
    query.find_rrset(query.question, name, dns.rdataclass.IN, kind, create=True, force_unique=True)
    if edns:
        query.use_edns(0, 0, PAYLOAD)
    return query


async def ask(server: Server, query: dns.message.QueryMessage, seconds: float) -> Message:
    """The server's response, by TCP if it does not fit UDP. Raises NoAnswer after `seconds`, or at once when nobody listens."""
    try:
        return await eager.wait_for(_ask(server, query), seconds)
    except TimeoutError as error:
        raise NoAnswer(f"{server.ip} did not answer in {seconds:g} seconds") from error
    except OSError as error:
        raise NoAnswer(
            f"{server.ip} port {server.port}: {error.strerror or error}", unreachable=True
        ) from error


async def _ask(server: Server, query: dns.message.QueryMessage) -> Message:
    wire = query.to_wire()
    response = await _Datagrams(server, query).exchange(wire)
    if not response.flags & TC:
        return response
    return await _by_tcp(server, query, wire)


async def _by_tcp(server: Server, query: dns.message.QueryMessage, wire: bytes) -> Message:
    reader, writer = await asyncio.open_connection(server.ip, server.port)
    try:
        writer.write(len(wire).to_bytes(2, "big") + wire)
        while True:
            size = int.from_bytes(await reader.readexactly(2), "big")
            response = matching(query, await reader.readexactly(size))
            if response is not None:
                return response
    except asyncio.IncompleteReadError as error:
        raise NoAnswer(f"{server.ip} closed the connection") from error
    finally:
        writer.close()


class _Datagrams:
    """One connected UDP socket: the kernel drops what comes from elsewhere, and chooses a random port."""

    def __init__(self, server: Server, query: dns.message.QueryMessage) -> None:
        # it alone reads the interface out of fe80::1%eth0, as routers announce themselves
        found = socket.getaddrinfo(
            server.ip, server.port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
        )
        family, self._place = found[0][0], found[0][4]
        self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._query = query
        self._response: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

    async def exchange(self, wire: bytes) -> Message:
        loop = asyncio.get_running_loop()
        try:
            self._socket.connect(self._place)
            self._socket.send(wire)
            loop.add_reader(self._socket, self._readable)
            try:
                return await self._response
            finally:
                loop.remove_reader(self._socket)
        finally:
            self._socket.close()

    def _readable(self) -> None:
        try:
            data = self._socket.recv(_MOST)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:  # ICMP: nobody listens
            if not self._response.done():
                self._response.set_exception(error)
            return
        response = matching(self._query, data)
        if response is not None and not self._response.done():
            self._response.set_result(response)


def matching(query: dns.message.QueryMessage, wire: bytes) -> Message | None:
    """The response in `wire`, None for anything that does not answer this query (RFC 5452 §9.1)."""
    if wire[:2] != query.id.to_bytes(2, "big"):
        return None
    try:
        response = Message(wire)
    except Malformed:
        return None
    if not response.flags & QR or response.opcode != query.opcode():
        return None
    asked = [Question(normal_name(one.name.to_text()), one.rdtype, one.rdclass) for one in query.question]
    if response.questions == asked:
        return response
    return response if not response.questions and response.rcode else None  # some leave it out of an error
