"""SCRAM: the examples of RFC 5802 §5 and RFC 7677 §3, and what must fail."""

import base64
import contextlib

import pytest

from postroom.proto.sasl.exchange import (
    Ask,
    Challenge,
    Granted,
    Key,
    Login,
    Proof,
    SaslError,
    Terms,
    Verifier,
    WhoIs,
)
from postroom.proto.sasl.scram import MAX_ITERATIONS, MAX_NONCE, ScramClient, ScramServer, keys_of

RFC5802 = (
    "sha1",
    "fyko+d2lbbFgONRv9qkxdawL",
    "3rfcNHYJY1ZVvWVs7j",
    "QSXCR+Q6sek8bf92",
    b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
)
RFC7677 = (
    "sha256",
    "rOprNGfwEbeRWgbNEkqO",
    "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    "W22ZaJ0SNY7soEsUEjb6gQ==",
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
)


def no_binding(_: str) -> bytes:
    return b""


def bound(_: str) -> bytes:
    return b"data of the channel"


def server(
    hash_name: str = "sha256", *, nonce: str = "server", plus: bool = False, bindable: bool = False
) -> ScramServer:
    name = {"sha1": "SCRAM-SHA-1", "sha256": "SCRAM-SHA-256"}[hash_name] + ("-PLUS" if plus else "")
    return ScramServer(
        Terms("h", "imap", lambda: nonce, bound if bindable else no_binding, bindable),
        name,
        hash_name,
        plus=plus,
    )


def client(
    hash_name: str = "sha256",
    *,
    nonce: str = "client",
    user: str = "user",
    password: str = "pencil",
    plus: bool = False,
    binding=no_binding,
    bindable: bool = False,
) -> ScramClient:
    return ScramClient(
        Login(user, password, "imap", "h", lambda: nonce, binding, "", bindable), hash_name, plus=plus
    )


def verifier(
    hash_name: str = "sha256", password: str = "pencil", salt: bytes = b"salt", credential: int = 5
) -> Verifier:
    keys = keys_of(hash_name, password.encode(), salt, 4096)
    return Verifier(salt, 4096, (Key(credential, keys.stored, keys.server),))


@pytest.mark.parametrize("example", [RFC5802, RFC7677], ids=["RFC 5802", "RFC 7677"])
def test_the_example(example) -> None:
    hash_name, cnonce, snonce, salt, final, proof = example
    ours, theirs = client(hash_name, nonce=cnonce), server(hash_name, nonce=snonce)
    first = ours.step(b"")
    assert first == f"n,,n=user,r={cnonce}".encode()
    assert theirs.step(first) == Ask(WhoIs(theirs._name, "user"))
    challenge = theirs.know(verifier(hash_name, salt=base64.b64decode(salt)))
    assert isinstance(challenge, Challenge)
    assert ours.step(challenge.data) == final
    assert theirs.step(final) == Ask(Proof(theirs._name, "user", 5))
    assert theirs.know(Granted("who")) == Challenge(proof)
    assert ours.step(proof) == b""
    assert ours.complete
    assert theirs.step(b"") == Granted("who")


@pytest.mark.parametrize(("octets", "taken"), [(1, True), (MAX_NONCE, True), (MAX_NONCE + 1, False)])
def test_a_nonce_is_bounded(octets: int, taken: bool) -> None:
    nonce = "x" * octets
    for step in (
        lambda: server().step(b"n,,n=user,r=" + nonce.encode()),
        lambda: client(nonce=nonce).step(b""),
    ):
        with contextlib.nullcontext() if taken else pytest.raises(SaslError):
            step()


def exchange(ours: ScramClient, theirs: ScramServer, known: Verifier):
    """Up to the proof."""
    theirs.step(ours.step(b""))
    challenge = theirs.know(known)
    assert isinstance(challenge, Challenge)
    return theirs.step(ours.step(challenge.data))


def proven(asked) -> int:
    return asked.about.credential


def test_one_of_several_secrets_of_a_name_is_found() -> None:
    one, other = verifier(credential=1), verifier(password="other", credential=2)
    both = Verifier(b"salt", 4096, one.keys + other.keys)
    assert proven(exchange(client(password="other"), server(), both)) == 2
    assert proven(exchange(client(), server(), both)) == 1
    assert proven(exchange(client(password="third"), server(), both)) == 0
    assert proven(exchange(client(), server(), Verifier(b"salt", 4096))) == 0  # of an unknown name


@pytest.mark.parametrize("user", ["a,b=c", "é@x.test", "a b"])
def test_names_with_commas_equals_signs_and_more_arrive(user: str) -> None:
    theirs = server()
    asked = theirs.step(client(user=user).step(b""))
    assert isinstance(asked, Ask)
    assert asked.about == WhoIs("SCRAM-SHA-256", user)


def test_another_identity_is_handed_on() -> None:
    theirs = server()
    theirs.step(b"n,a=boss,n=user,r=client")
    challenge = theirs.know(verifier())
    assert isinstance(challenge, Challenge)
    asked = theirs.step(b"c=" + base64.b64encode(b"n,a=boss,") + b",r=clientserver,p=AAAA")
    assert asked == Ask(Proof("SCRAM-SHA-256", "user", 0, "boss"))


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"n",
        b"n,,",
        b"n,,n=user",
        b"n,,r=x,n=user",
        b"n,,n=,r=x",
        b"n,,n=a=b,r=x",
        b"n,,n=a=2c,r=x",
        b"n,,n=user,r=",
        b"n,,n=user,r=a b",
        b"n,,m=ext,n=user,r=x",
        b"n,x=y,n=user,r=x",
        b"x,,n=user,r=x",
        b"p=tls-exporter,,n=user,r=x",
        b"p=,,n=user,r=x",
        b"n,,n=us\0er,r=x",
        b"n,,n=\xff,r=x",
        "n,,n=a\u0007,r=x".encode(),
        b"n,,n=user,r=" + b"x" * 513,
        b"n,,n=" + b"x" * 4100 + b",r=x",
    ],
)
def test_first_messages_that_are_none(first: bytes) -> None:
    with pytest.raises(SaslError):
        server().step(first)


@pytest.mark.parametrize(
    "final",
    [
        b"",
        b"c=biws",
        b"c=biws,r=clientserver",
        b"r=clientserver,p=AAAA",
        b"c=biws,r=client,p=AAAA",
        b"c=biws,r=clientserveR,p=AAAA",
        b"c=eSws,r=clientserver,p=AAAA",  # y,, where n,, was said
        b"c=biws,r=clientserver,p=!",
        b"c=!,r=clientserver,p=AAAA",
        b"c=biws,p=AAAA",
    ],
)
def test_last_messages_that_are_none(final: bytes) -> None:
    theirs = server()
    theirs.step(b"n,,n=user,r=client")
    theirs.know(verifier())
    with pytest.raises(SaslError):
        theirs.step(final)


def test_a_proof_of_another_length_proves_nothing() -> None:
    for proof in (b"", b"AAAA", b"AAAA" * 50):
        theirs = server()
        theirs.step(b"n,,n=user,r=client")
        theirs.know(verifier())
        assert proven(theirs.step(b"c=biws,r=clientserver,p=" + proof)) == 0


# Channel binding (RFC 5802 §6)


def test_a_bound_login_needs_the_same_channel() -> None:
    ours = client(plus=True, binding=bound, bindable=True)
    assert proven(exchange(ours, server(plus=True, bindable=True), verifier())) == 5
    elsewhere = client(plus=True, binding=lambda _: b"another channel", bindable=True)
    with pytest.raises(SaslError, match="another channel"):
        exchange(elsewhere, server(plus=True, bindable=True), verifier())


def test_a_client_prefers_the_exporter_and_takes_the_certificate_where_there_is_none() -> None:
    assert client(plus=True, binding=bound).step(b"").startswith(b"p=tls-exporter,,")
    only = client(plus=True, binding=lambda kind: b"x" if kind == "tls-server-end-point" else b"")
    assert only.step(b"").startswith(b"p=tls-server-end-point,,")
    with pytest.raises(SaslError):
        client(plus=True)


def test_whoever_was_not_told_of_channel_binding_was_lied_to() -> None:
    stripped = client(binding=bound, bindable=False)  # it could, and the offer was taken away on the way
    first = stripped.step(b"")
    assert first.startswith(b"y,,")
    with pytest.raises(SaslError, match="in between"):
        server(bindable=True).step(first)
    assert isinstance(server(bindable=False).step(first), Ask)  # a server that cannot
    assert client(binding=bound, bindable=True).step(b"").startswith(b"n,,")  # it was told, and chose not to


def test_the_mechanism_with_binding_binds() -> None:
    for first in (b"n,,n=user,r=x", b"y,,n=user,r=x", b"p=tls-unique,,n=user,r=x"):
        with pytest.raises(SaslError):
            server(plus=True, bindable=True).step(first)
    theirs = server(plus=True)  # offered, and then there is nothing to bind to
    theirs.step(b"p=tls-exporter,,n=user,r=client")
    theirs.know(verifier())
    with pytest.raises(SaslError):
        theirs.step(b"c=" + base64.b64encode(b"p=tls-exporter,,") + b",r=clientserver,p=AAAA")


# The client believes nobody


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b"r=other,s=c2FsdA==,i=4096",
        b"r=client,s=c2FsdA==,i=4096",  # nothing of the server's own
        b"r=clientx,s=c2FsdA==,i=4095",
        b"r=clientx,s=c2FsdA==,i=%d" % (MAX_ITERATIONS + 1),
        b"r=clientx,s=c2FsdA==,i=99999999999999999999",
        b"r=clientx,s=c2FsdA==,i=00000040960",  # in ten digits it would do
        b"r=clientx,s=c2FsdA==,i=04096",
        b"r=clientx,s=c2FsdA==,i=-5000",
        b"r=clientx,s=!,i=4096",
        b"m=x,r=clientx,s=c2FsdA==,i=4096",
    ],
)
def test_a_client_refuses(challenge: bytes) -> None:
    ours = client()
    ours.step(b"")
    with pytest.raises(SaslError):
        ours.step(challenge)


def test_a_server_that_does_not_know_the_password_is_found_out() -> None:
    ours = client()
    ours.step(b"")
    ours.step(b"r=clientx,s=c2FsdA==,i=4096")
    assert not ours.complete
    with pytest.raises(SaslError):
        ours.step(b"v=AAAA")
    assert not ours.complete
    assert client().complete is False
