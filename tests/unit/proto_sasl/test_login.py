"""LOGIN: two questions, two answers."""

import pytest

from postroom.proto.sasl.exchange import Challenge, Credentials, Login, SaslError, Terms
from postroom.proto.sasl.login import PASSWORD, USERNAME, LoginClient, LoginServer

TERMS = Terms("l.test", "smtp", str, lambda _: b"")


def test_both_ends_agree() -> None:
    server, client = LoginServer(TERMS), LoginClient(Login("alice", "sesame", "smtp", "l.test"))
    assert server.step(None) == Challenge(USERNAME)
    assert server.step(client.step(USERNAME)) == Challenge(PASSWORD)
    assert server.step(client.step(PASSWORD)) == Credentials("LOGIN", "alice", "sesame")


def test_the_name_may_come_first() -> None:
    server = LoginServer(TERMS)
    assert server.step(b"alice") == Challenge(PASSWORD)
    assert server.step(b"sesame") == Credentials("LOGIN", "alice", "sesame")


@pytest.mark.parametrize(("name", "password"), [(b"", b"p"), (b"u", b""), (b"\xff", b"p"), (b"u", b"a\0b")])
def test_malformed_answers_fail(name: bytes, password: bytes) -> None:
    def answer() -> None:
        server = LoginServer(TERMS)
        server.step(name)
        server.step(password)

    with pytest.raises(SaslError):
        answer()


def test_the_client_has_two_answers() -> None:
    client = LoginClient(Login("u", "p", "smtp", "l.test"))
    client.step(b"")
    client.step(b"")
    with pytest.raises(SaslError):
        client.step(b"")
