"""Our clients at our servers, machine to machine: SMTP and POP3 carry each mechanism, with channel binding where both have it."""

from __future__ import annotations

from typing import Any

import pytest

from postroom.proto.pop3.authorization import Pop3Config
from postroom.proto.pop3.client import Failed, Pop3Client
from postroom.proto.pop3.client import Ready as Pop3Ready
from postroom.proto.pop3.client_login import Pop3Account
from postroom.proto.pop3.events import Asked as Pop3Asked
from postroom.proto.pop3.events import Code, Login, SaslLogin
from postroom.proto.pop3.server import Pop3Server
from postroom.proto.pop3.snapshot import Snapshot
from postroom.proto.sasl.exchange import (
    Credentials,
    Denied,
    Granted,
    Key,
    Proof,
    Secret,
    Token,
    Verifier,
    WhoIs,
)
from postroom.proto.sasl.mechanisms import MECHANISMS, Need, Supply
from postroom.proto.sasl.scram import keys_of
from postroom.proto.smtp.client import SmtpClient
from postroom.proto.smtp.client_events import Account, ClientConfig, Ready, Unusable
from postroom.proto.smtp.config import ServerConfig, Service
from postroom.proto.smtp.events import Asked, Authenticate
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.server import SmtpServer

SUPPLY = Supply(lambda: "server", lambda: frozenset(Need))
PASSWORD = "pencil"


def binding(kind: str) -> bytes:
    return b"channel" if kind == "tls-exporter" else b""


def knowledge(about: WhoIs | Proof | Token) -> Any:
    if isinstance(about, WhoIs):
        name = about.mechanism.removesuffix("-PLUS")
        if name.startswith("SCRAM"):
            keys = keys_of({"SCRAM-SHA-1": "sha1"}.get(name, "sha256"), PASSWORD.encode(), b"salt", 4096)
            return Verifier(b"salt", 4096, (Key(1, keys.stored, keys.server),))
        return Secret(1, PASSWORD.encode())
    good = about.credential if isinstance(about, Proof) else about.token == PASSWORD
    return Granted("alice", about.mechanism) if good else Denied(PermissionError())


def good(claim: Any) -> bool:
    if isinstance(claim, Credentials | Login):
        return claim.password == PASSWORD
    return isinstance(claim, Granted) or (isinstance(claim, Proof) and claim.credential == 1)


def smtp(mechanism: str, account: Account) -> Any:
    """The client's last event."""
    server = SmtpServer(
        ServerConfig(
            "mx.test",
            lambda: 0,
            Service.SUBMISSION,
            mechanisms=(mechanism,),
            plaintext_auth=True,
            sasl=SUPPLY,
        )
    )
    client = SmtpClient(
        ClientConfig(
            "c.test", lambda: 0, implicit_tls=True, account=account, server="mx.test", nonce=lambda: "client"
        )
    )
    server.binding = client.binding = binding
    server.tls_started()
    server.greet()
    for _ in range(20):
        client.receive(server.data_to_send())
        event = client.next_event()
        if isinstance(event, Ready | Unusable):
            return event
        server.receive(client.data_to_send())
        while (asked := server.next_event()) is not None:
            if isinstance(asked, Asked):
                server.tell(knowledge(asked.about))
            elif isinstance(asked, Authenticate):
                right = good(asked.credentials)
                server.reply(Reply.of(235, "2.7.0", "in") if right else Reply.of(535, "5.7.8", "no"))
    raise AssertionError("no end")


def pop3(mechanism: str, account: Pop3Account) -> Any:
    """Likewise."""
    server = Pop3Server(Pop3Config("mx.test", mechanisms=(mechanism,), plaintext=True, sasl=SUPPLY))
    client = Pop3Client(account)
    server.binding = client.binding = binding
    server.greet(secure=True)
    for _ in range(30):
        client.receive(server.data_to_send())
        event = client.next_event()
        if isinstance(event, Pop3Ready | Failed):
            return event
        server.receive(client.data_to_send())
        while (asked := server.next_event()) is not None:
            if isinstance(asked, Pop3Asked):
                server.tell(knowledge(asked.about))
            elif isinstance(asked, Login | SaslLogin):
                if good(asked.claim if isinstance(asked, SaslLogin) else asked):
                    server.logged_in("alice", Snapshot(1, []))
                else:
                    server.refuse("no", Code.AUTH)
    raise AssertionError("no end")


NAMES = [name for name in MECHANISMS if name not in ("EXTERNAL", "ANONYMOUS")]


@pytest.mark.parametrize("name", NAMES)
def test_smtp(name: str) -> None:
    token = MECHANISMS[name].need is Need.TOKEN
    right = Account("alice", "", PASSWORD) if token else Account("alice", PASSWORD)
    wrong = Account("alice", "", "other") if token else Account("alice", "other")
    assert isinstance(smtp(name, right), Ready)
    refused = smtp(name, wrong)
    assert isinstance(refused, Unusable)
    assert refused.reply.code == 535


@pytest.mark.parametrize("name", NAMES)
def test_pop3(name: str) -> None:
    token = MECHANISMS[name].need is Need.TOKEN

    def account(secret: str) -> Pop3Account:
        password, bearer = ("", secret) if token else (secret, "")
        return Pop3Account(
            "alice", password, secure=True, server="mx.test", nonce=lambda: "client", token=bearer
        )

    assert isinstance(pop3(name, account(PASSWORD)), Pop3Ready)
    assert isinstance(pop3(name, account("other")), Failed)


def test_a_server_that_says_yes_without_a_proof_of_its_own_is_not_believed() -> None:
    account = Account("alice", PASSWORD)
    config = ClientConfig("c.test", lambda: 0, implicit_tls=True, account=account, nonce=lambda: "client")
    client = SmtpClient(config)
    for line in (b"220 x\r\n", b"250-x\r\n250 AUTH SCRAM-SHA-256 PLAIN\r\n", b"235 2.7.0 in\r\n"):
        client.receive(line)
        event = client.next_event()
    said = client.data_to_send()
    assert isinstance(event, Unusable)
    assert "does not prove" in event.reply.text
    assert PASSWORD.encode() not in said
