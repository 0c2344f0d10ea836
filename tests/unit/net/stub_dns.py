"""A DNS server that answers as a test wants, rightly or wrongly."""

import asyncio
import socket
from collections.abc import Callable, Iterable
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Reply = Callable[[dns.message.Message, bool], Iterable[bytes]]


def zone(*records: str) -> Callable[[dns.message.Message], dns.message.Message]:
    """Answers from lines `name ttl type data`; aliases are followed; absence has a SOA with a minimum of 60."""
    sets: dict[tuple[str, str], list[str]] = {}
    for line in records:
        name, ttl, kind, data = line.split(" ", 3)
        sets.setdefault((name, kind), []).append(f"{ttl} {data}")

    def answer(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query, recursion_available=True)
        asked = query.question[0]
        name, kind = asked.name.to_text(omit_final_dot=True).lower(), asked.rdtype.name
        for _ in range(20):
            found = [(kind, data) for data in sets.get((name, kind), [])]
            alias = [("CNAME", data) for data in sets.get((name, "CNAME"), [])]
            for found_kind, data in found or alias:
                ttl, value = data.split(" ", 1)
                response.answer.append(dns.rrset.from_text(name + ".", int(ttl), "IN", found_kind, value))
            if found or not alias:
                break
            name = alias[0][1].split(" ", 1)[1].rstrip(".").lower()
        if not found:
            response.authority.append(dns.rrset.from_text("test.", 300, "IN", "SOA", "ns. me. 1 1 1 1 60"))
            if not any(known == name for known, _ in sets):
                response.set_rcode(dns.rcode.NXDOMAIN)
        return response

    return answer


class StubDns:
    """Listens on UDP and TCP of one port. `reply(query, by_tcp)` gives the datagrams or TCP messages to send."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.queries: list[dns.message.Message] = []
        self.delay = 0.0

    async def start(self) -> int:
        loop = asyncio.get_running_loop()
        self.tcp = await asyncio.start_server(self._serve, "127.0.0.1", 0, family=socket.AF_INET)
        port = int(self.tcp.sockets[0].getsockname()[1])
        self.udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self), local_addr=("127.0.0.1", port))
        return port

    def stop(self) -> None:
        self.tcp.close()
        self.udp.close()

    def replies(self, wire: bytes, by_tcp: bool) -> Iterable[bytes]:
        query = dns.message.from_wire(wire)
        self.queries.append(query)
        return self.reply(query, by_tcp)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2), "big")
        for reply in self.replies(await reader.readexactly(size), True):
            writer.write(len(reply).to_bytes(2, "big") + reply)
        await writer.drain()
        writer.close()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: StubDns) -> None:
        self.server = server

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for reply in self.server.replies(data, False):
            asyncio.get_running_loop().call_later(self.server.delay, self._send, reply, addr)

    def _send(self, data: bytes, addr: Any) -> None:
        if not self.transport.is_closing():
            self.transport.sendto(data, addr)


def truncated(response: dns.message.Message) -> dns.message.Message:
    """The same response without records, saying that it was cut."""
    cut = dns.message.from_wire(response.to_wire())
    cut.answer.clear()
    cut.flags |= dns.flags.TC
    return cut
