"""CRAM-MD5 and DIGEST-MD5: the examples of RFC 2195 §2 and RFC 2831 §4, and what must fail."""

import pytest

from postroom.proto.sasl.digests import (
    MAX_DIGEST,
    CramMd5Client,
    CramMd5Server,
    DigestMd5Client,
    DigestMd5Server,
    digest,
    directives,
)
from postroom.proto.sasl.exchange import (
    Ask,
    Challenge,
    Granted,
    Login,
    Proof,
    SaslError,
    Secret,
    Terms,
    WhoIs,
)

CRAM_SAID = b"<1896.697170952@postoffice.reston.mci.net>"


def terms(nonce: str = "nonce", host: str = "h.test", service: str = "imap") -> Terms:
    return Terms(host, service, lambda: nonce, lambda _: b"")


def login(user: str, password: str, *, host: str = "h.test", nonce: str = "client") -> Login:
    return Login(user, password, "imap", host, lambda: nonce)


def test_rfc2195() -> None:
    server = CramMd5Server(terms("1896.697170952", "postoffice.reston.mci.net"))
    assert server.step(None) == Challenge(CRAM_SAID)
    answer = CramMd5Client(login("tim", "tanstaaftanstaaf")).step(CRAM_SAID)
    assert answer == b"tim b913a602c7eda7a495b4e6e7334d3890"
    assert server.step(answer) == Ask(WhoIs("CRAM-MD5", "tim"))
    assert server.know(Secret(3, b"tanstaaftanstaaf")) == Proof("CRAM-MD5", "tim", 3)


def test_cram_md5_with_another_secret_proves_nothing() -> None:
    server = CramMd5Server(terms())
    server.step(None)
    server.step(b"tim two words " + b"0" * 32)
    assert server.know(Secret(3, b"x")) == Proof("CRAM-MD5", "tim two words", 0)


@pytest.mark.parametrize("answer", [b"", b"tim", b"tim ", b" " + b"0" * 32, b"tim 0", b"\xff " + b"0" * 32])
def test_cram_md5_answers_that_are_none(answer: bytes) -> None:
    server = CramMd5Server(terms())
    server.step(None)
    with pytest.raises(SaslError):
        server.step(answer)


def test_the_server_begins() -> None:
    with pytest.raises(SaslError):
        CramMd5Server(terms()).step(b"tim x")
    with pytest.raises(SaslError):
        DigestMd5Server(terms()).step(b"username=x")


def test_rfc2831() -> None:
    server = DigestMd5Server(terms("OA6MG9tEQGm2hh", "elwood.innosoft.com"))
    challenge = server.step(None)
    assert isinstance(challenge, Challenge)
    assert directives(challenge.data, MAX_DIGEST) == {
        "realm": "elwood.innosoft.com",
        "nonce": "OA6MG9tEQGm2hh",
        "qop": "auth",
        "charset": "utf-8",
        "algorithm": "md5-sess",
    }
    client = DigestMd5Client(login("chris", "secret", host="elwood.innosoft.com", nonce="OA6MHXh6VqTrRk"))
    answer = client.step(challenge.data)
    assert directives(answer, MAX_DIGEST)["response"] == "d388dad90d4bbd760a152321f2143af7"
    assert server.step(answer) == Ask(WhoIs("DIGEST-MD5", "chris"))
    assert server.know(Secret(4, b"secret")) == Ask(Proof("DIGEST-MD5", "chris", 4))
    proof = server.know(Granted("who"))
    assert proof == Challenge(b"rspauth=ea40f60335c427b5527b84dbabcdfffd")
    assert isinstance(proof, Challenge)
    assert client.step(proof.data) == b""
    assert client.complete
    assert server.step(b"") == Granted("who")


def test_rfc2831_for_acap() -> None:
    said = {
        "username": "chris",
        "realm": "elwood.innosoft.com",
        "nonce": "OA9BSXrbuRhWay",
        "cnonce": "OA9BSuZWMSpW8m",
        "nc": "00000001",
        "digest-uri": "acap/elwood.innosoft.com",
    }
    assert digest(said, b"secret", "AUTHENTICATE") == "6084c6db3fede7352c551284490fd0fc"
    assert digest(said, b"secret", "") == "2f0b3d7c3c2e486600ef710726aa2eae"


GOOD = {
    "username": '"chris"',
    "realm": '"h.test"',
    "nonce": '"nonce"',
    "nc": "00000001",
    "cnonce": '"c"',
    "qop": "auth",
    "digest-uri": '"imap/h.test"',
    "response": "0" * 32,
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("username", '""'),
        ("nonce", '"other"'),
        ("nc", "00000002"),
        ("cnonce", '""'),
        ("qop", "auth-conf"),
        ("digest-uri", '"smtp/h.test"'),
        ("response", "0" * 31),
        ("realm", '"a'),
        ("realm", '"h.test",realm="h.test"'),
        ("realm", '"' + "x" * MAX_DIGEST + '"'),
        ("realm", '"\xff"'),
        ("realm", '"\0"'),
    ],
)
def test_digest_md5_answers_that_are_none(name: str, value: str) -> None:
    server = DigestMd5Server(terms())
    server.step(None)
    answer = ",".join(f"{key}={text}" for key, text in {**GOOD, name: value}.items())
    with pytest.raises(SaslError):
        server.step(answer.encode("latin-1"))


def test_the_good_one_is_taken_and_wrong_proves_nothing() -> None:
    server = DigestMd5Server(terms())
    server.step(None)
    assert server.step(",".join(f"{key}={text}" for key, text in GOOD.items()).encode()) == Ask(
        WhoIs("DIGEST-MD5", "chris")
    )
    assert server.know(Secret(4, b"secret")) == Ask(Proof("DIGEST-MD5", "chris", 0))


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b'realm="x"',
        b'nonce="x"',
        b'nonce="x",algorithm=md5',
        b'nonce="x",algorithm=md5-sess,qop="auth-int"',
        b'nonce="x\r\ny",algorithm=md5-sess',
    ],
)
def test_a_client_answers_only_what_it_knows(challenge: bytes) -> None:
    with pytest.raises(SaslError):
        DigestMd5Client(login("u", "p")).step(challenge)


def test_a_server_that_does_not_know_the_secret_is_found_out() -> None:
    client = DigestMd5Client(login("u", "p"))
    client.step(b'nonce="x",algorithm=md5-sess')
    with pytest.raises(SaslError):
        client.step(b"rspauth=" + b"0" * 32)
    assert not client.complete
