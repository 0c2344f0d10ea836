"""PLAIN (RFC 4616)."""

import pytest

from postroom.proto.sasl.exchange import Challenge, Credentials, Login, SaslError, Terms
from postroom.proto.sasl.plain import PlainClient, PlainServer

TERMS = Terms("l.test", "smtp", str, lambda _: b"")


@pytest.mark.parametrize(
    ("message", "claim"),
    [
        (b"\0tim\0tanstaaftanstaaf", Credentials("PLAIN", "tim", "tanstaaftanstaaf")),
        (b"Ursel\0Kurt\0xipj3plmq", Credentials("PLAIN", "Kurt", "xipj3plmq", "Ursel")),
        ("\0bob\0é".encode(), Credentials("PLAIN", "bob", "é")),
    ],
)
def test_rfc4616_examples(message: bytes, claim: Credentials) -> None:
    assert PlainServer(TERMS).step(message) == claim


@pytest.mark.parametrize(
    "message", [b"\0\0", b"", b"u\0p", b"a\0b\0c\0d", b"\0u\0", b"\0\0p", b"\0\xff\xfe\0p"]
)
def test_s29_malformed_messages_fail_without_more(message: bytes) -> None:
    with pytest.raises(SaslError):
        PlainServer(TERMS).step(message)


def test_without_initial_response_the_server_asks() -> None:
    server = PlainServer(TERMS)
    assert server.step(None) == Challenge(b"")
    assert server.step(PlainClient(Login("u", "p", "smtp", "l.test")).step(b"")) == Credentials(
        "PLAIN", "u", "p"
    )


def test_the_client_speaks_once() -> None:
    client = PlainClient(Login("u", "p", "smtp", "l.test"))
    client.step(b"")
    with pytest.raises(SaslError):
        client.step(b"again")
