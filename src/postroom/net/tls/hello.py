"""Reads what a TLS client asks for in its first message: the server's name and the protocols it would speak.

RFC 8446 §4.1.2 (ClientHello), RFC 6066 §3 (server_name), RFC 7301 §3.1 (ALPN). Python's `ssl` cannot tell a client that offers no ALPN
from one whose offer has nothing for us, and the second must be refused (RFC 7301 §3.2); so the offer is read here. Bounds are checked
before each step; a message that does not parse offers nothing, and OpenSSL judges it. Not here: any answer.
"""

from __future__ import annotations

from typing import NamedTuple

MOST_OCTETS = 32 * 1024  # of a ClientHello that is looked at; real ones have 200 to 2,000
_HANDSHAKE, _CLIENT_HELLO = 22, 1
_SERVER_NAME, _ALPN = 0, 16
_RECORD_HEADER = 5


class Hello(NamedTuple):
    """What was asked for: `server_name` "" and `protocols` () when the client did not say."""

    server_name: str = ""
    protocols: tuple[str, ...] = ()


def read(records: bytes) -> Hello:
    """The ClientHello in the first TLS records of a connection."""
    try:
        return _read_hello(_handshake_message(records))
    except IndexError:
        return Hello()


def _handshake_message(records: bytes) -> bytes:
    message = bytearray()
    at = 0
    while at + _RECORD_HEADER <= len(records) and records[at] == _HANDSHAKE:
        end = at + _RECORD_HEADER + int.from_bytes(records[at + 3 : at + _RECORD_HEADER], "big")
        message += records[at + _RECORD_HEADER : end]
        at = end
    return bytes(message)


def _read_hello(message: bytes) -> Hello:
    if message[0] != _CLIENT_HELLO:
        return Hello()
    at = 4 + 2 + 32  # header, legacy_version, random
    at += 1 + message[at]  # legacy_session_id
    at += 2 + _number(message, at)  # cipher_suites
    at += 1 + message[at]  # legacy_compression_methods
    extensions = _vector(message, at)
    name = ""
    protocols: tuple[str, ...] = ()
    at = 0
    while at + 4 <= len(extensions):
        kind, body = _number(extensions, at), _vector(extensions, at + 2)
        at += 4 + len(body)
        if kind == _SERVER_NAME:
            name = _host_name(body)
        elif kind == _ALPN:
            protocols = _protocols(_vector(body, 0))
    return Hello(name, protocols)


def _host_name(body: bytes) -> str:
    # ServerNameList: one entry of type host_name (0), ASCII without a final dot (RFC 6066 §3)
    entry = _vector(body, 0)
    name = _vector(entry, 1) if entry[:1] == b"\0" else b""
    return name.decode("ascii").lower() if name.isascii() and len(name) <= 255 else ""


def _protocols(names: bytes) -> tuple[str, ...]:
    found: list[str] = []
    at = 0
    while at < len(names):
        found.append(names[at + 1 : at + 1 + names[at]].decode("latin-1"))
        at += 1 + names[at]
    return tuple(found)


def _number(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]


def _vector(data: bytes, at: int) -> bytes:
    return data[at + 2 : at + 2 + _number(data, at)]
