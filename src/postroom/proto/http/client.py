"""The client's end of HTTP/1.1 for one small document, as a machine.

RFC 9112 §2 to §7 (messages, chunked bodies, where a body ends), RFC 9110 §5 and §15. One request on a connection, which ends with the response.
Everything is bounded. Not here: redirects (none is followed), caches, cookies, and whether a certificate is good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import ClassVar

import msgspec

from postroom.wire.lines import LineBuffer
from postroom.wire.numbers import decimal

MAX_LINE = 8 * 1024  # octets of a line of a response's head, and of a chunk's
MAX_FIELDS = 100  # header fields, trailer fields and interim responses together
MOST_CHUNKS = (
    1_000  # of a small document; of a larger one as many again as there are times `AVERAGE_CHUNK` octets
)
AVERAGE_CHUNK = 64
_HEX = frozenset(b"0123456789abcdefABCDEF")


class Request(msgspec.Struct, frozen=True):
    """`most` octets of body are taken. `body` is sent with its length; None for a request without one."""

    host: str
    target: str
    most: int
    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    def octets(self) -> bytes:
        """As it goes over the wire (RFC 9112 §3)."""
        lines = [
            f"{self.method} {self.target} HTTP/1.1",
            f"Host: {self.host}",
            *([] if any(name == "User-Agent" for name, _ in self.fields) else ["User-Agent: Postroom"]),
            "Connection: close",
        ]
        lines += [f"{name}: {value}" for name, value in self.fields]
        if self.body is not None:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("ascii") + (self.body or b"")


class Response(msgspec.Struct, frozen=True):
    """`fields` by their names in lower case, the first of each."""

    status: int
    fields: Mapping[str, str]
    body: bytes = b""

    @property
    def media_type(self) -> str:
        """`text/plain` without its parameters, in lower case; "" when it is not said."""
        return self.fields.get("content-type", "").partition(";")[0].strip().lower()


class BadResponse(msgspec.Struct, frozen=True):
    """What came is no response that may be used; `why` says so to people."""

    why: str


class _Broken(Exception):
    """The response breaks a rule or a limit."""


class HttpClient:
    """One exchange. The event is the `Response`, or a `BadResponse`; then it is `closing`."""

    __slots__ = (
        "_body",
        "_chunks",
        "_count",
        "_fields",
        "_lines",
        "_need",
        "_out",
        "_reading",
        "_request",
        "_status",
        "_taken",
        "closing",
    )

    def __init__(self, request: Request) -> None:
        self._request = request
        self._out = request.octets()
        self._lines = LineBuffer(MAX_LINE)
        self._status = 0
        self._fields: dict[str, str] = {}
        self._count = 0  # fields so far: repeated ones, those of interim responses and of a trailer, too
        self._body: list[bytes] = []
        self._chunks = 0
        self._need = 0  # octets of the body, or of the chunk, that are still to come
        self._taken = 0  # octets of the body so far
        self._reading = "status"
        self.closing = False

    def receive(self, data: bytes) -> None:
        """Takes octets of any cut."""
        self._lines.feed(data)

    def data_to_send(self) -> bytes:
        """The request, once."""
        out, self._out = self._out, b""
        return out

    def next_event(self) -> Response | BadResponse | None:
        """The response when it is whole."""
        if self.closing:
            return None
        try:
            while self._step():
                pass
        except _Broken as broken:
            return self._end(BadResponse(str(broken)))
        return self._end(self._response()) if self._reading == "done" else None

    def ended(self, *, said: bool = True) -> Response | BadResponse:
        """The connection is at its end: that of a body without a length (RFC 9112 §6.3), or of everything too early.

        Not `said` by the server, it is anybody's, and such a body is not whole (RFC 9112 §8).
        """
        found = self.next_event()
        if found is not None:
            return found
        whole = said and self._reading == "until the end" and not self.closing
        return self._end(
            self._response() if whole else BadResponse("the connection ended within the response")
        )

    def _end(self, event: Response | BadResponse) -> Response | BadResponse:
        self.closing = True
        self._lines.rest()
        return event

    def _response(self) -> Response:
        return Response(self._status, self._fields, b"".join(self._body))

    def _step(self) -> bool:
        """One line or piece; False when more has to come."""
        if self._reading == "done":
            return False
        if self._reading in ("length", "chunk", "until the end"):
            return self._take_body()
        line = self._lines.line()
        if line is None:
            return False
        if not isinstance(line, bytes):
            raise _Broken(f"a line of the response is {line.value}")
        self._READ[self._reading](self, line)
        return True

    def _take_body(self) -> bool:
        endless = self._reading == "until the end"
        piece = self._lines.take(MAX_LINE if endless else self._need)
        if not piece:
            return False
        self._body.append(piece)
        self._taken += len(piece)
        if endless:
            self._check(self._taken)
            return True
        self._need -= len(piece)
        if not self._need:
            self._reading = "done" if self._reading == "length" else "after a chunk"
        return True

    def _check(self, octets: int) -> None:
        if octets > self._request.most:
            raise _Broken(f"the document is longer than {self._request.most} octets")

    def _read_status(self, line: bytes) -> None:
        words = line.split(b" ", 2)
        code = decimal(words[1], 3) if len(words) > 1 and words[0] in (b"HTTP/1.1", b"HTTP/1.0") else None
        if code is None or not 100 <= code <= 599:
            raise _Broken("the server does not speak HTTP/1.1")
        self._status, self._reading = code, "field"

    def _read_field(self, line: bytes) -> None:
        if not line:
            self._begin_body()
            return
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not name or name != name.strip():
            raise _Broken("the header of the response is malformed")
        self._count_field()
        self._fields.setdefault(name.lower(), value.strip())

    def _begin_body(self) -> None:
        if self._status < 200:  # RFC 9110 §15.2: others follow
            self._count_field()
            self._reading, self._fields = "status", {}
            return
        coding = self._fields.get("transfer-encoding")
        length = self._fields.get("content-length")
        if coding is not None:
            if coding.lower() != "chunked":
                raise _Broken(f"the transfer coding {coding[:40]} is not known")
            self._reading = "chunk size"
        elif length is not None:
            size = decimal(length.encode("latin-1"), 15)
            if size is None:
                raise _Broken("the length of the document is no number")
            self._check(size)
            self._need, self._reading = size, "length" if size else "done"
        else:
            self._reading = "done" if self._status in (204, 304) else "until the end"

    def _read_chunk_size(self, line: bytes) -> None:
        digits = line.partition(b";")[0].strip()
        if not 0 < len(digits) <= 8 or not _HEX.issuperset(digits):
            raise _Broken("the size of a chunk is no number")
        self._need = int(digits, 16)
        self._check(self._taken + self._need)
        self._chunks += 1
        if self._chunks > MOST_CHUNKS + self._taken // AVERAGE_CHUNK:
            raise _Broken(
                "the document comes in crumbs"
            )  # each of them costs us more than it costs the server
        self._reading = "chunk" if self._need else "trailer"

    def _after_chunk(self, line: bytes) -> None:
        if line:
            raise _Broken("a chunk is longer than it says")
        self._reading = "chunk size"

    def _read_trailer(self, line: bytes) -> None:
        if line:
            self._count_field()
        else:
            self._reading = "done"

    def _count_field(self) -> None:
        self._count += 1
        if self._count > MAX_FIELDS:
            raise _Broken(f"the response has more than {MAX_FIELDS} fields")

    _READ: ClassVar[Mapping[str, Callable[[HttpClient, bytes], None]]] = MappingProxyType(
        {
            "status": _read_status,
            "field": _read_field,
            "chunk size": _read_chunk_size,
            "after a chunk": _after_chunk,
            "trailer": _read_trailer,
        }
    )
