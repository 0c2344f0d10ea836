"""Dialogues of mail as a capture file: each connection a stream of TCP at the standard port, whatever port it had, so that analysers know the protocol.

What went under TLS stands in the clear: with TLS from the first octet at the port of the protocol without it, behind STARTTLS (RFC 3207, RFC 2595) as a stream of
its own, since an analyser takes for TLS what follows there; comments in the file say so. Not here: packets (`wire.packets`), what is secret (whoever
brings the octets has masked it), journeys (`message.journey.captured`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from postroom.wire.ip import is_address
from postroom.wire.packets import MOST_DATAGRAM, End, Flow, TcpStream
from postroom.wire.pcapng import file_head, packet_block

STANDARD_PORTS: Final = {
    "smtp": 25,
    "lmtp": 24,
    "submission": 587,
    "submissions": 587,
    "pop3": 110,
    "pop3s": 110,
    "imap": 143,
    "imaps": 143,
}
DOMAIN: Final = 53
LOOPBACK: Final = "127.0.0.1"
_HIDDEN: Final = re.compile(
    rb"(?P<before>(?:AUTH \S+ +)?)(?P<secret>\*+|\[masked\])(?P<end>[\r\n]*)", re.IGNORECASE
)
_FIRST_PORT, _PORTS = 49_152, 16_384  # RFC 6335 §6: dynamic ports
_ABOUT: Final = "Mail dialogues as they were heard at the servers, on the standard ports. TLS is taken off: what went under it is in the clear."
_MASKED: Final = " Passwords are asterisks of the same length."
_UNMASKED: Final = " Passwords are as they went."
_UNDER_TLS: Final = "Under TLS, shown in the clear"
_GOES_ON: Final = "No end in truth: the connection goes on under TLS, and is shown as the next stream"
_WENT_ON: Final = "No new connection in truth: what follows went under TLS in the one before"


def decodable(line: bytes) -> bytes:
    """A line of an SMTP login (RFC 4954 §4) whose secret is masked, with base64 in its place that decodes to asterisks, for analysers decode it."""
    found = _HIDDEN.fullmatch(line)
    if found is None:
        return line
    size = len(found["secret"])
    return found["before"] + (b"Kioq" * (size // 4) or found["secret"]) + found["end"]


class Capture:
    """A file that grows: `write` is given each piece of it. `names` are those of addresses."""

    def __init__(
        self, write: Callable[[bytes], None], names: Mapping[str, str] = {}, *, masked: bool = True
    ) -> None:
        self._write = write
        self._at = 0
        self._taken: dict[tuple[str, End], set[int]] = {}
        self.connections = self.packets = 0
        write(file_head("Postroom", _ABOUT + (_MASKED if masked else _UNMASKED), names))

    def connection(self, at: int, client: End, server: End, service: str) -> CapturedConnection:
        """One more, to a service (`smtp`, `pop3s` ...) at `at`, in unix microseconds. An address that is none is taken for this machine's own."""
        self.connections += 1
        client, server = _alike(client, End(server.ip, STANDARD_PORTS.get(service, server.port)))
        return CapturedConnection(self, at, client, server)

    def question(self, at: int, client: End, server: End, wires: Iterable[bytes]) -> None:
        """A question to the DNS over UDP, and its answer if there was one (RFC 1035 §4.2.1)."""
        ends = _alike(client, End(server.ip, DOMAIN))
        flows = (Flow(*ends), Flow(*reversed(ends)))
        for flow, wire in zip(flows, wires, strict=False):
            if len(wire) <= MOST_DATAGRAM:
                self.add(at, (flow.datagram(wire),))

    def free(self, client: End, server: End) -> End:
        """The client's end, with another port when this one has been seen: an analyser would take the two for one connection."""
        taken = self._taken.setdefault((client.ip, server), set())
        if len(taken) >= _PORTS:
            taken.clear()  # as in the world, a port comes again after a long time
        port = client.port or _FIRST_PORT
        while port in taken:
            port = _FIRST_PORT + (port + 1 - _FIRST_PORT) % _PORTS
        taken.add(port)
        return End(client.ip, port)

    def add(self, at: int, packets: Iterable[bytes], comment: str = "") -> None:
        """Packets that went at once; times never go back, and no two are the same."""
        for packet in packets:
            self._at = max(at, self._at + 1)
            self.packets += 1
            self._write(packet_block(self._at, packet, comment))
            comment = ""


class CapturedConnection:
    """One connection. Times are in unix microseconds."""

    def __init__(self, capture: Capture, at: int, client: End, server: End) -> None:
        self._capture = capture
        self._client, self._server = client, server
        self._silent = True
        self._comment = ""
        self._stream = self._open(at)

    def came(self, at: int, octets: bytes) -> None:
        """From the client."""
        self._said(at, self._stream.came(octets))

    def went(self, at: int, octets: bytes) -> None:
        """From the server."""
        self._said(at, self._stream.went(octets))

    def secured(self, at: int, words: str) -> None:
        """TLS begins; `words` are its version and cipher."""
        if self._silent:
            self._comment = f"{_UNDER_TLS}: {words}"
            return
        self._capture.add(at, self._stream.closed(by_client=True), _GOES_ON)
        self._stream = self._open(at, f"{_WENT_ON}: {words}")

    def ended(self, at: int, *, by_client: bool) -> None:
        """It is closed."""
        self._capture.add(at, self._stream.closed(by_client=by_client))

    def _open(self, at: int, comment: str = "") -> TcpStream:
        stream = TcpStream(self._capture.free(self._client, self._server), self._server)
        self._capture.add(at, stream.opened(), comment)
        return stream

    def _said(self, at: int, packets: Iterable[bytes]) -> None:
        self._silent = False
        self._capture.add(at, packets, self._comment)
        self._comment = ""


def _alike(client: End, server: End) -> tuple[End, End]:
    """Two ends whose addresses are of one version; the server's is believed, for it is the better known."""
    server = server if is_address(server.ip) else End(LOOPBACK, server.port)
    v6 = ":" in server.ip
    if not is_address(client.ip) or (":" in client.ip) != v6:
        client = End("::1" if v6 else LOOPBACK, client.port)
    return client, server
