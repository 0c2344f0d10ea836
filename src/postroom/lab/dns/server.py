"""The lab's name server: authoritative for its own zones over UDP and TCP, and for nothing else in the world.

RFC 1035 §4.2 (transports) and §4.1.1 (codes), RFC 6891 §6 (EDNS), RFC 7766 §6.2 (TCP). It stands for the validating resolver of a site too: zones are
validated when they are signed, and the AD bit (RFC 6840 §5.8) says so to whoever asks for it. Names outside do not
exist in the lab's world, so nothing leaves the machine. Faults can be switched on by name. Not here: zones (`zones`).
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import msgspec

from postroom.lab.dns.spoiling import spoil
from postroom.lab.dns.zones import NEGATIVE_TTL, SignedZone, ZoneText
from postroom.net.clock import Clock
from postroom.net.dns.client import PAYLOAD
from postroom.proto.dns.resolver import normal_name

PLAIN_PAYLOAD = 512  # RFC 1035 §4.2.1
TCP_SECONDS = 10.0  # of silence on a TCP connection
SLOW_SECONDS = 30.0
_PORT_TRIES = 20

T = TypeVar("T")


class Fault(enum.StrEnum):
    """What can be wrong with a name and everything below it."""

    SERVFAIL = "servfail"
    NXDOMAIN = "nxdomain"
    DROP = "drop"  # no answer at all
    SLOW = "slow"  # the answer comes after SLOW_SECONDS of the lab's clock
    NO_MX = "no-mx"  # as if there were no MX records
    BOGUS = "bogus"  # the signatures are wrong
    REFUSED = "refused"
    NULL_MX = "null-mx"  # as if the domain said that it takes no mail (RFC 7505)
    LAME = "lame"  # none of the servers that are to know the zone does


class Question(msgspec.Struct, frozen=True):
    """One question and what came of it, for the lab's live view. `at` is in unix microseconds; `rcode` "" when nothing was answered."""

    at: int
    peer: str
    transport: str
    name: str
    kind: str
    rcode: str
    answers: tuple[str, ...]


# Told of each exchange as it went: the transport, the peer's address and port, the question and its answer, if there was one.
Exchange = Callable[[str, tuple[Any, ...], tuple[bytes, ...]], None]


def _tell_nobody(transport: str, peer: tuple[Any, ...], wires: tuple[bytes, ...]) -> None:
    """Nobody takes the questions down."""


def _as_it_is(text: ZoneText) -> ZoneText:
    return text


class Wrong(msgspec.Struct, frozen=True):
    """What is wrong with one answer: it comes after so many seconds of the lab's clock, and is another one."""

    delay: float = 0.0
    fault: Fault | None = None


def _nothing_wrong(_name: str, _kind: str) -> Wrong:
    return Wrong()


class LabDns:
    """A name server on one address and port. `journal` is told of each question; `edited` changes each zone that is taken on; `wrong` is asked at each
    question, by name and kind, what is wrong now."""

    def __init__(
        self,
        zones: Iterable[ZoneText],
        clock: Clock,
        journal: Callable[[Question], None],
        edited: Callable[[ZoneText], ZoneText] = _as_it_is,
        wrong: Callable[[str, str], Wrong] = _nothing_wrong,
    ) -> None:
        self._edited = edited
        self._wrong = wrong
        self._clock = clock
        self._journal = journal
        self._zones: dict[dns.name.Name, SignedZone] = {}
        self._faults: dict[dns.name.Name, Fault] = {}
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.overheard: Exchange = _tell_nobody
        for text in zones:
            self.add(text)

    def add(self, text: ZoneText) -> None:
        """Takes a zone on, or replaces its records (its key stays); raises ValueError for text that is none."""
        text = self._edited(text)
        known = self._zones.get(dns.name.from_text(text.origin))
        if known is not None:
            known.rewrite(text.lines)
        else:
            zone = SignedZone(text)
            self._zones[zone.origin] = zone

    def has(self, name: str) -> bool:
        """Whether a name is that of a zone."""
        return any(name.lower() == zone.origin.to_text(omit_final_dot=True) for zone in self._zones.values())

    @property
    def anchors(self) -> list[str]:
        """The DS record of each zone, for a validating resolver (`dig +sigchase`, delv, unbound)."""
        return [zone.anchor for zone in self._zones.values()]

    def set_fault(self, name: str, fault: Fault | None) -> None:
        """Switches a fault for a name and all below it on, or off."""
        key = dns.name.from_text(name)
        if fault is None:
            self._faults.pop(key, None)
        else:
            self._faults[key] = fault

    def clear_faults(self) -> int:
        """Switches all faults off; gives how many were on."""
        number = len(self._faults)
        self._faults.clear()
        return number

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listens on UDP and TCP of the same port, any free one for 0; returns it. Raises OSError."""
        for attempt in range(_PORT_TRIES):
            try:
                return await self._listen(host, port)
            except OSError:
                if port or attempt == _PORT_TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    async def stop(self) -> None:
        """Ends both, with the connections that are open."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def respond(self, wire: bytes, peer: str, transport: str) -> bytes | None:
        """The response to one message; None when there is none to give."""
        try:
            query = dns.message.from_wire(wire)
        except (dns.exception.DNSException, ValueError, IndexError):
            return _format_error(wire)
        if query.flags & dns.flags.QR:
            return None
        wrong = self._fault(query)
        fault = wrong.fault
        await self._clock.sleep(SLOW_SECONDS if fault is Fault.SLOW else wrong.delay)
        response = None if fault is Fault.DROP else self._response(query, fault)
        self._tell(query, response, peer, transport)
        if response is None:
            return None
        most = 65_535
        if transport == "udp":
            most = max(PLAIN_PAYLOAD, min(query.payload, PAYLOAD)) if query.edns >= 0 else PLAIN_PAYLOAD
        return response.to_wire(max_size=most, prefer_truncation=True)

    async def _listen(self, host: str, port: int) -> int:
        loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._serve, host, port)
        port = int(server.sockets[0].getsockname()[1])
        try:
            self._udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self), local_addr=(host, port))
        except OSError:
            server.close()
            raise
        self._tcp = server
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        task = asyncio.current_task()
        assert task is not None, "asyncio runs each connection in a task"
        self._tasks.add(task)
        try:
            while True:
                size = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), TCP_SECONDS), "big")
                wire = await asyncio.wait_for(reader.readexactly(size), TCP_SECONDS)
                response = await self.respond(wire, str(peer[0]), "tcp")
                self.overheard("tcp", peer, (wire,) if response is None else (wire, response))
                if response is None:
                    break
                writer.write(len(response).to_bytes(2, "big") + response)
                await asyncio.wait_for(writer.drain(), TCP_SECONDS)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    def answer_datagram(self, data: bytes, peer: tuple[Any, ...]) -> None:
        """Answers one datagram, in a task since the answer may be slow."""
        task = asyncio.get_running_loop().create_task(self._answer_datagram(data, peer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer_datagram(self, data: bytes, peer: tuple[Any, ...]) -> None:
        response = await self.respond(data, str(peer[0]), "udp")
        self.overheard("udp", peer, (data,) if response is None else (data, response))
        if response is not None and self._udp is not None and not self._udp.is_closing():
            self._udp.sendto(response, peer)

    def _response(self, query: dns.message.Message, fault: Fault | None) -> dns.message.Message:
        response = dns.message.make_response(query, our_payload=PAYLOAD)
        if query.edns >= 0:
            response.ednsflags |= query.ednsflags & dns.flags.DO  # it is copied (RFC 6891 §6.1.4)
        rcode = _unanswerable(query)
        zone = self._zone(query) if rcode is None else None
        if rcode is not None:
            response.set_rcode(rcode)
        elif fault in _REFUSALS:
            _refuse(fault, query, response)
        elif zone is None:
            response.set_rcode(dns.rcode.NXDOMAIN)  # these zones are all the world there is
        else:
            self._fill(zone, query, response, fault)
        return response

    def _fill(
        self, zone: SignedZone, query: dns.message.Message, response: dns.message.Message, fault: Fault | None
    ) -> None:
        asked = query.question[0]
        absent = fault is Fault.NXDOMAIN or (fault is Fault.NO_MX and asked.rdtype == dns.rdatatype.MX)
        zone.answer(query, response, self._clock.now() / 1_000_000)
        if fault is Fault.BOGUS and not self._forged(zone, query, response):
            return
        if fault is Fault.NULL_MX and asked.rdtype == dns.rdatatype.MX:  # another lie
            response.answer[:] = [dns.rrset.from_text(asked.name, NEGATIVE_TTL, "IN", "MX", "0 .")]
            response.authority.clear()
            response.set_rcode(dns.rcode.NOERROR)
        elif absent:  # a lie that no signature covers
            response.answer.clear()
            response.authority.clear()
            response.set_rcode(dns.rcode.NXDOMAIN if fault is Fault.NXDOMAIN else dns.rcode.NOERROR)
        elif query.flags & dns.flags.AD or query.ednsflags & dns.flags.DO:
            response.flags |= dns.flags.AD
        last = response.answer[-1] if response.answer else None
        if (
            last is not None
            and last.rdtype == dns.rdatatype.CNAME
            and not last[0].target.is_subdomain(zone.origin)
        ):
            self._follow(last[0].target, query, response)

    def _forged(self, zone: SignedZone, query: dns.message.Message, response: dns.message.Message) -> bool:
        """The answer with its signatures spoiled on the way, and what a validating resolver makes of it; whether it goes on all the same.

        RFC 4035 §5.5: an answer that does not validate is SERVFAIL, unless the question says that it will look itself (CD); RFC 8914 §4.7: why.
        """
        asked, now = query.question[0], self._clock.now() / 1_000_000
        signed = dns.message.make_response(dns.message.make_query(asked.name, asked.rdtype, want_dnssec=True))
        zone.answer(dns.message.make_query(asked.name, asked.rdtype, want_dnssec=True), signed, now)
        if spoil(zone, signed, now):
            return True
        response.answer.clear()
        response.authority.clear()
        if query.flags & dns.flags.CD:
            response.set_rcode(signed.rcode())
            wanted = bool(query.ednsflags & dns.flags.DO)
            response.answer += [one for one in signed.answer if wanted or one.rdtype != dns.rdatatype.RRSIG]
            response.authority += signed.authority if wanted else []
        else:
            response.set_rcode(dns.rcode.SERVFAIL)
            if query.edns >= 0:
                why = dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS, "a signature is wrong")
                response.use_edns(0, response.ednsflags, PAYLOAD, options=[why])
        return False

    def _follow(
        self, target: dns.name.Name, query: dns.message.Message, response: dns.message.Message
    ) -> None:
        """An alias into another zone of ours (RFC 1034 §4.3.2, step 3a)."""
        onward = dns.message.make_query(
            target, query.question[0].rdtype, want_dnssec=bool(query.ednsflags & dns.flags.DO)
        )
        zone = self._zone(onward)
        if zone is not None:
            zone.answer(onward, response, self._clock.now() / 1_000_000)

    def _zone(self, query: dns.message.Message) -> SignedZone | None:
        return _nearest(self._zones, query.question[0].name)

    def _fault(self, query: dns.message.Message) -> Wrong:
        if not query.question:
            return Wrong()
        asked = query.question[0]
        known = _nearest(self._faults, asked.name)
        if known is not None:
            return Wrong(fault=known)
        return self._wrong(normal_name(asked.name.to_text()), dns.rdatatype.to_text(asked.rdtype))

    def _tell(
        self, query: dns.message.Message, response: dns.message.Message | None, peer: str, transport: str
    ) -> None:
        if not query.question:
            return
        asked = query.question[0]
        answers = [
            f"{record_set.rdtype.name} {record.to_text()}"
            for record_set in (response.answer if response is not None else ())
            for record in record_set
            if record_set.rdtype != dns.rdatatype.RRSIG
        ]
        rcode = dns.rcode.to_text(response.rcode()) if response is not None else ""
        name, kind = normal_name(asked.name.to_text()), dns.rdatatype.to_text(asked.rdtype)
        self._journal(Question(self._clock.now(), peer, transport, name, kind, rcode, tuple(answers)))


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: LabDns) -> None:
        self._server = server

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._server.answer_datagram(data, addr)


_REFUSALS = {
    Fault.SERVFAIL: (dns.rcode.SERVFAIL, None),
    Fault.REFUSED: (dns.rcode.REFUSED, dns.edns.EDECode.PROHIBITED),
    Fault.LAME: (dns.rcode.SERVFAIL, dns.edns.EDECode.NO_REACHABLE_AUTHORITY),
}  # RFC 8914 §4.19, §4.23: why


def _refuse(fault: Fault | None, query: dns.message.Message, response: dns.message.Message) -> None:
    assert fault is not None
    rcode, why = _REFUSALS[fault]
    response.set_rcode(rcode)
    if why is not None and query.edns >= 0:
        response.use_edns(
            0, response.ednsflags, PAYLOAD, options=[dns.edns.EDEOption(why, "a fault of the lab")]
        )


def _nearest(known: dict[dns.name.Name, T], name: dns.name.Name) -> T | None:
    """What is known of the name or of the nearest name above it."""
    while True:
        if name in known:
            return known[name]
        if name == dns.name.root:
            return None
        name = name.parent()


def _unanswerable(query: dns.message.Message) -> dns.rcode.Rcode | None:
    if query.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    if len(query.question) != 1:
        return dns.rcode.FORMERR
    if query.edns > 0:
        return dns.rcode.BADVERS
    asked = query.question[0]
    if asked.rdclass != dns.rdataclass.IN or asked.rdtype in {
        dns.rdatatype.AXFR,
        dns.rdatatype.IXFR,
        dns.rdatatype.ANY,
    }:
        return dns.rcode.REFUSED
    return None


def _format_error(wire: bytes) -> bytes | None:
    """FORMERR for what has at least an id and is no response (RFC 1035 §4.1.1)."""
    if len(wire) < 12 or wire[2] & 0x80:
        return None
    return wire[:2] + b"\x80\x01" + bytes(8)
