"""ANONYMOUS (RFC 4505)."""

import pytest

from postroom.proto.sasl.anonymous import MAX_ADDRESS, MAX_TOKEN, AnonymousClient, AnonymousServer
from postroom.proto.sasl.exchange import Anonymous, Challenge, Login, SaslError, Terms
from postroom.proto.sasl.mechanisms import MECHANISMS, NAMED, USUAL, Channel, Need, Supply, choose, usable

TERMS = Terms("h", "imap", str, lambda _: b"")
LONGEST = "a" * 64 + "@" + ".".join(["b" * 63] * 3 + ["c" * 61, "d"])


@pytest.mark.parametrize(
    "trace",
    [
        "",
        "sirhc",  # RFC 4505 §4
        "bovik@example.com",
        "a word and another",
        "gr\u00fc\u00df dich",
        "\u05e9\u05dc\u05d5\u05dd",
        "\U0001f95e" * MAX_TOKEN,
        "x" * MAX_TOKEN,
        LONGEST,
    ],
)
def test_a_trace_is_taken_as_it_is(trace: str) -> None:
    assert AnonymousServer(TERMS).step(trace.encode()) == Anonymous("ANONYMOUS", trace)
    assert AnonymousServer(TERMS).step(None) == Challenge(b"")
    assert AnonymousClient(Login("", "", "imap", "h", trace=trace)).step(b"") == trace.encode()


@pytest.mark.parametrize(
    "message",
    [
        b"\xff",
        b"a\0b",
        b"line\r\nA002 LOGOUT",
        b"\x1b[2J",
        "\u0085".encode(),
        "\u2028".encode(),
        "\u202e".encode(),
        "\ue000".encode(),
        "\ufdd0".encode(),
        "\ufffd".encode(),
        "\U000e0041".encode(),
        "\u05d0b".encode(),
        b"x" * (MAX_TOKEN + 1),
        b"@",
        b"a@b@c.test",
        b"nobody@",
        b"bovik@example.com\r\n",
        b"e" + LONGEST.encode(),
    ],
)
def test_what_is_no_trace(message: bytes) -> None:
    assert len(LONGEST) <= MAX_ADDRESS
    with pytest.raises(SaslError):
        AnonymousServer(TERMS).step(message)


def test_the_client_has_one_message() -> None:
    client = AnonymousClient(Login("", "", "imap", "h"))
    assert client.step(b"") == b""
    with pytest.raises(SaslError):
        client.step(b"")
    with pytest.raises(SaslError):
        AnonymousClient(Login("", "", "imap", "h")).step(b"and who are you?")


def test_it_is_among_nobodys_usual_mechanisms() -> None:
    assert set(MECHANISMS) - set(NAMED) == {"ANONYMOUS"}
    assert "ANONYMOUS" not in USUAL


def test_it_is_offered_where_something_may_be_visited_and_over_tls() -> None:
    visited = Supply(kept=lambda: frozenset((Need.NOTHING,)))
    assert usable(tuple(MECHANISMS), secure=True) == ("PLAIN", "LOGIN")
    assert usable(tuple(MECHANISMS), secure=True, supply=visited) == ("PLAIN", "LOGIN", "ANONYMOUS")
    assert usable(tuple(MECHANISMS), secure=False, supply=visited) == ()


def test_a_client_uses_it_when_it_was_given_no_name_and_then_alone() -> None:
    def chosen(**login: str) -> list[str]:
        one = Login(login.pop("user", ""), login.pop("password", ""), "imap", "h", **login)  # type: ignore[arg-type]
        return choose(tuple(MECHANISMS), one, Channel(True), plaintext_allowed=False)

    assert chosen() == ["ANONYMOUS"]
    assert "ANONYMOUS" not in [*chosen(user="bob"), *chosen(user="bob", password="x"), *chosen(token="t")]
