import pytest

from postroom.proto.pop3.authorization import Pop3Config
from postroom.proto.pop3.client import Failed, Pop3Client, Ready, Upgrading
from postroom.proto.pop3.client_login import Pop3Account

OPEN = Pop3Config("hamburger.test", stls=True, plaintext=True)
STRICT = Pop3Config("hamburger.test", stls=True)
NO_TLS = Pop3Config("hamburger.test", plaintext=True)


@pytest.mark.parametrize(
    ("account", "config", "upgraded"),
    [
        (Pop3Account("bob", "hungry"), STRICT, True),
        (Pop3Account("bob", "hungry", plaintext=True), OPEN, False),
        (Pop3Account("bob", "hungry", secure=True), STRICT, False),
        (Pop3Account("bob", "hungry", plaintext=True, apop=True), STRICT, False),
    ],
)
def test_ways_in(loop, account: Pop3Account, config: Pop3Config, upgraded: bool) -> None:
    session = loop(account, config)
    events = session.run()
    assert isinstance(events[-1], Ready)
    assert (Upgrading() in events) is upgraded
    assert session.server.utf8


@pytest.mark.parametrize("mechanisms", [("PLAIN", "LOGIN"), ("LOGIN",), ("X-OTHER",), ()])
def test_every_way_to_send_a_password(loop, mechanisms: tuple[str, ...]) -> None:
    config = Pop3Config("hamburger.test", plaintext=True, mechanisms=mechanisms)
    assert isinstance(loop(Pop3Account("bob", "hungry", plaintext=True), config).run()[-1], Ready)
    (failed,) = loop(Pop3Account("bob", "h" * 300, plaintext=True), config).run()
    assert isinstance(failed, Failed)


def test_a_long_password_waits_for_the_challenge(loop) -> None:
    session = loop(Pop3Account("bob", "h" * 300, plaintext=True), OPEN)
    assert session.run() == [Failed("Wrong name or password", "AUTH")]
    assert b"AUTH PLAIN\r\n" in session.on_wire


def test_no_password_without_tls_where_tls_is_required(loop) -> None:
    session = loop(Pop3Account("bob", "hungry"), NO_TLS)
    (event,) = session.run()
    assert isinstance(event, Failed)
    assert "no TLS" in event.why
    assert b"PASS" not in session.on_wire
    assert b"AUTH" not in session.on_wire


@pytest.mark.parametrize("account", [Pop3Account("bob", "wrong"), Pop3Account("bob", "wrong", apop=True)])
def test_a_wrong_password_is_reported_and_not_tried_again(loop, account: Pop3Account) -> None:
    session = loop(account, STRICT)
    events = session.run()
    assert events[-1] == Failed("Wrong name or password", "AUTH")
    assert session.client.closing


def test_apop_needs_a_timestamp() -> None:
    client = Pop3Client(Pop3Account("bob", "hungry", plaintext=True, apop=True))
    client.receive(b"+OK ready\r\n")
    client.receive(b"-ERR\r\n")
    event = client.next_event()
    assert isinstance(event, Failed)
    assert "timestamp" in event.why


@pytest.mark.parametrize("account", [Pop3Account("bob\r\nDELE 1", "x"), Pop3Account("bob", "x\r\nDELE 1")])
def test_names_and_passwords_cannot_smuggle_commands(account: Pop3Account) -> None:
    client = Pop3Client(account)
    client.receive(b"+OK\r\n")
    assert isinstance(client.next_event(), Failed)
    assert client.data_to_send() == b""


@pytest.mark.parametrize("challenge", [b"+ %%%", b"+ YQ=="])
def test_a_mechanism_that_makes_no_sense_is_cancelled(challenge: bytes) -> None:
    client = Pop3Client(Pop3Account("bob", "hungry", plaintext=True))
    client.receive(b"+OK\r\n")
    client.receive(b"+OK\r\nSASL PLAIN\r\n.\r\n")
    client.receive(challenge + b"\r\n")
    assert client.data_to_send().endswith(b"*\r\n")
    client.receive(b"-ERR cancelled\r\n")
    event = client.next_event()
    assert isinstance(event, Failed)
    assert "makes no sense" in event.why


def test_an_account_shows_no_password() -> None:
    assert "hungry" not in repr(Pop3Account("bob", "hungry"))
