"""EXTERNAL (RFC 4422 appendix A)."""

import pytest

from postroom.proto.sasl.exchange import Challenge, External, Login, SaslError, Terms
from postroom.proto.sasl.external import ExternalClient, ExternalServer

TERMS = Terms("h", "imap", str, lambda _: b"")


def test_the_certificate_says_who_it_is_or_whom_to_act_for() -> None:
    assert ExternalServer(TERMS).step(None) == Challenge(b"")
    assert ExternalServer(TERMS).step(b"") == External("EXTERNAL", "")
    assert ExternalServer(TERMS).step(b"bob@x.test") == External("EXTERNAL", "bob@x.test")


@pytest.mark.parametrize("response", [b"a\0b", b"\xff"])
def test_names_that_are_none(response: bytes) -> None:
    with pytest.raises(SaslError):
        ExternalServer(TERMS).step(response)


def test_the_client_says_nothing_once() -> None:
    client = ExternalClient(Login("u", "", "imap", "h"))
    assert client.step(b"") == b""
    with pytest.raises(SaslError):
        client.step(b"")
