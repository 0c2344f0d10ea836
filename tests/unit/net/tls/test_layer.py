"""The TLS layer against OpenSSL's other end, without sockets."""

import ssl
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from postroom.net.tls import hello
from postroom.net.tls.layer import TlsContext, TlsError, TlsLayer, subject
from trust import both_ends
from unit.net.handshake import shake


def speaking(context: ssl.SSLContext, protocols: tuple[str, ...]) -> TlsContext:
    assert isinstance(context, TlsContext)
    if protocols:
        context.speak(protocols)
    return context


@pytest.fixture
def server_context(authority: trustme.CA) -> TlsContext:
    return both_ends(authority, TlsContext)[1]


@pytest.fixture
def client_context(authority: trustme.CA) -> TlsContext:
    return both_ends(authority, TlsContext)[0]


def pair(client_context: ssl.SSLContext, server_context: ssl.SSLContext) -> tuple[TlsLayer, TlsLayer]:
    client = TlsLayer(client_context, server_side=False, server_name="mx.test")
    return client, TlsLayer(server_context, server_side=True)


@pytest.mark.parametrize("cut", [1, 100, 65536])
def test_a_handshake_in_any_pieces(client_context: TlsContext, server_context: TlsContext, cut: int) -> None:
    client, server = pair(client_context, server_context)
    shake(client, server, cut)
    assert server.facts is not None
    assert server.facts.server_name == "mx.test"
    assert client.facts is not None
    assert (client.facts.subject, client.facts.verified) == ("mx.test", True)
    client.send(b"x" * 100_000)
    assert server.receive(client.data_to_send()) == b"x" * 100_000


def test_close_notify_is_the_end(client_context: TlsContext, server_context: TlsContext) -> None:
    client, server = pair(client_context, server_context)
    shake(client, server)
    client.send(b"last")
    client.end()
    assert server.receive(client.data_to_send()) == b"last"
    assert server.ended
    assert server.receive(b"anything") == b""


def test_plain_octets_are_no_record(client_context: TlsContext, server_context: TlsContext) -> None:
    client, server = pair(client_context, server_context)
    shake(client, server)
    with pytest.raises(TlsError):
        server.receive(b"MAIL FROM:<inj@a.test>\r\n" * 3)


OFFERS = [
    ((), ("http/1.1",), ""),
    (("imap",), (), ""),
    (("imap",), ("h2", "imap"), "imap"),
    (("imap",), ("h2",), None),
]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("offer", OFFERS)
def test_alpn(
    client_context: TlsContext, server_context: TlsContext, version: ssl.TLSVersion, offer: Any
) -> None:
    ours, theirs, agreed = offer
    client_context.maximum_version = version
    client, server = pair(speaking(client_context, theirs), speaking(server_context, ours))
    if agreed is None:
        client.begin()
        with pytest.raises(TlsError, match="no application protocol"):
            server.receive(client.data_to_send())
        with pytest.raises(TlsError, match="no application protocol"):
            client.receive(server.data_to_send())
    else:
        shake(client, server)
        assert server.facts is not None
        assert server.facts.alpn == agreed


@given(st.binary(max_size=300))
def test_hello_of_anything(data: bytes) -> None:
    assert hello.read(data) == hello.read(data + b"")
    hello.read(b"\x16\x03\x01" + len(data).to_bytes(2, "big") + data)
    hello.read(b"\x16\x03\x01\xff\xff\x01" + data)


def test_a_cut_hello_offers_nothing_false(client_context: TlsContext) -> None:
    client = TlsLayer(speaking(client_context, ("h2",)), server_side=False, server_name="MX.test")
    client.begin()
    records = client.data_to_send()
    assert hello.read(records) == hello.Hello("mx.test", ("h2",))
    for size in range(len(records)):
        seen = hello.read(records[:size])
        assert seen.server_name in ("", "mx.test"[: len(seen.server_name)])


def test_subject_of_what_is_no_certificate() -> None:
    assert subject(b"\x30\x03abc") == ""
