"""OAUTHBEARER (RFC 7628 §4) and XOAUTH2."""

import json

import pytest

from postroom.proto.sasl.bearer import MAX_TOKEN, BearerClient, BearerServer, error
from postroom.proto.sasl.exchange import (
    Ask,
    Challenge,
    Denied,
    Discovery,
    Granted,
    Login,
    SaslError,
    Terms,
    Token,
)

TERMS = Terms("h", "imap", str, lambda _: b"")
ERROR = error(Discovery())
RFC7628 = (
    b"n,a=user@example.com,\1host=server.example.com\1port=143\1"
    b"auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1"
)


def server(name: str = "OAUTHBEARER") -> BearerServer:
    return BearerServer(TERMS, name)


@pytest.mark.parametrize(
    ("name", "message", "token"),
    [
        (
            "OAUTHBEARER",
            RFC7628,
            Token("OAUTHBEARER", "user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="),
        ),
        ("OAUTHBEARER", b"n,,\1auth=Bearer x\1\1", Token("OAUTHBEARER", "", "x")),
        ("OAUTHBEARER", b"y,a=a=2Cb,\1auth=bearer  x\1\1", Token("OAUTHBEARER", "a,b", "x")),
        ("XOAUTH2", b"user=u@x.test\1auth=Bearer x.y\1\1", Token("XOAUTH2", "u@x.test", "x.y")),
        ("XOAUTH2", b"auth=Bearer x.y\1\1", Token("XOAUTH2", "", "x.y")),
    ],
)
def test_messages(name: str, message: bytes, token: Token) -> None:
    one = server(name)
    assert one.step(None) == Challenge(b"")
    assert one.step(message) == Ask(token)
    assert one.know(Granted("who")) == Granted("who")


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\1",
        b"n,,\1\1",
        b"n,,\1auth=Bearer x\1",
        b"n,,\1auth=Basic x\1\1",
        b"n,,\1auth=Bearer \1\1",
        b"n,,\1auth=Bearer x y\1\1",
        b"p=x,,\1auth=Bearer x\1\1",
        b"n,b,\1auth=Bearer x\1\1",
        b"n,a=a=b,\1auth=Bearer x\1\1",
        b"n,,\1auth=Bearer \xff\1\1",
        b"n,,\1auth=Bearer " + b"x" * (MAX_TOKEN + 1) + b"\1\1",
        b"n,,\1" + b"k=v\1" * 5000 + b"auth=Bearer x\1\1",
    ],
)
def test_messages_that_are_none(message: bytes) -> None:
    with pytest.raises(SaslError):
        server().step(message)


@pytest.mark.parametrize(("name", "acknowledged"), [("OAUTHBEARER", b"\1"), ("XOAUTH2", b"")])
def test_a_refusal_is_told_and_acknowledged(name: str, acknowledged: bytes) -> None:
    denied = Denied(PermissionError())
    one, client = server(name), BearerClient(Login("u", "", "imap", "h", token="x"), name)
    asked = one.step(client.step(b""))
    assert isinstance(asked, Ask)
    assert one.know(denied) == Challenge(ERROR)
    answer = client.step(ERROR)
    assert answer == acknowledged
    assert one.step(answer) == denied


def test_a_refusal_says_where_a_token_is_to_be_had() -> None:
    where = Discovery("https://mail.x.test/.well-known/oauth-authorization-server", "mail")
    one = BearerServer(Terms("h", "imap", str, lambda _: b"", discovery=where), "OAUTHBEARER")
    one.step(b"n,,\1auth=Bearer x\1\1")
    challenge = one.know(Denied(PermissionError()))
    assert isinstance(challenge, Challenge)
    assert json.loads(challenge.data) == {
        "status": "invalid_token",
        "schemes": "bearer",
        "scope": "mail",
        "openid-configuration": where.url,
    }
    assert json.loads(ERROR) == {"status": "invalid_token", "schemes": "bearer"}


def test_a_token_of_the_greatest_length_is_taken() -> None:
    assert isinstance(server().step(b"n,,\1auth=Bearer " + b"x" * MAX_TOKEN + b"\1\1"), Ask)
