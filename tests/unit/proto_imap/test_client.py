"""The client's machine: dialogues with servers of all kinds, told octet by octet."""

from __future__ import annotations

import base64

import pytest

from postroom.proto.imap import client_commands as say
from postroom.proto.imap.client import (
    IDLE,
    LOGOUT,
    NOOP,
    Done,
    Failed,
    Idling,
    ImapClient,
    Ready,
    Upgrading,
)
from postroom.proto.imap.client_collector import ClientLimits
from postroom.proto.imap.client_login import ImapAccount
from postroom.proto.imap.client_values import Exists, Fetched, Status

CLEAR = ImapAccount("bob", "hungry", plaintext=True)
SAFE = ImapAccount("bob", "hungry")
WRAPPED = ImapAccount("bob", "hungry", secure=True)
PLAIN = base64.b64encode(b"\0bob\0hungry")


def events(client: ImapClient) -> list[object]:
    found: list[object] = []
    while (event := client.next_event()) is not None:
        found.append(event)
    return found


def talk(client: ImapClient, script: str, cut: int = 0) -> list[object]:
    """Lines `S:` are said to the client, `C:` must be what it says, `TLS` does the handshake; gives the events."""
    found: list[object] = []
    heard = b""
    for line in script.strip().split("\n"):
        kind, _, text = line.strip().partition(" ")
        if kind == "S:":
            assert heard == b"", heard
            data = text.encode().replace(b"\\r\\n", b"\r\n") + b"\r\n"
            for start in range(0, len(data), cut or len(data)):
                client.receive(data[start : start + (cut or len(data))])
            found += events(client)
            heard = client.data_to_send()
        elif kind == "TLS":
            client.tls_started()
            heard = client.data_to_send()
        else:
            said = text.encode().replace(b"\\r\\n", b"\r\n") + b"\r\n"
            assert heard.startswith(said), (heard, said)
            heard = heard.removeprefix(said)
    assert heard == b""
    return found


LOGIN = """
S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi
C: A1 STARTTLS
S: A1 OK go on
TLS
C: A2 CAPABILITY
S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR
S: A2 OK
C: A3 AUTHENTICATE PLAIN AGJvYgBodW5ncnk=
S: A3 OK [CAPABILITY IMAP4rev2 IMAP4rev1 ENABLE LITERAL+] in
C: A4 ENABLE IMAP4rev2
S: * ENABLED IMAP4rev2
S: A4 OK
"""


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_tls_comes_first_and_then_the_login(cut: int) -> None:
    client = ImapClient(SAFE)
    upgrading, ready = talk(client, LOGIN, cut)
    assert upgrading == Upgrading()
    assert isinstance(ready, Ready)
    assert ready.capabilities.has("LITERAL+")
    assert not ready.capabilities.has("STARTTLS")
    assert ready.capabilities.has("MOVE")  # IMAP4rev2 has it within
    assert client.utf8


def test_what_was_enabled_before_tls_is_not_believed() -> None:
    client = ImapClient(SAFE)
    before = LOGIN.replace("S: A1 OK", "S: * ENABLED IMAP4rev2\nS: A1 OK")
    talk(client, before.replace("S: * ENABLED IMAP4rev2\nS: A4 OK", "S: A4 NO not now"))
    assert not client.utf8


LOGINS = [
    (  # an old server: no capabilities in the greeting, LOGIN, none after it
        CLEAR,
        """
        S: * OK hi
        C: A1 CAPABILITY
        S: * CAPABILITY IMAP4rev1
        S: A1 OK
        C: A2 LOGIN "bob" "hungry"
        S: A2 OK
        C: A3 CAPABILITY
        S: * CAPABILITY IMAP4rev1
        S: A3 OK
        """,
    ),
    (  # SASL without an initial response
        WRAPPED,
        """
        S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi
        C: A1 AUTHENTICATE PLAIN
        S: +
        C: AGJvYgBodW5ncnk=
        S: * CAPABILITY IMAP4rev1
        S: A1 OK
        """,
    ),
    (
        WRAPPED,
        """
        S: * OK [CAPABILITY IMAP4rev1 AUTH=LOGIN SASL-IR] hi
        C: A1 AUTHENTICATE LOGIN
        S: + VXNlcm5hbWU6
        C: Ym9i
        S: + UGFzc3dvcmQ6
        C: aHVuZ3J5
        S: A1 OK [CAPABILITY IMAP4rev1]
        """,
    ),
    (WRAPPED, "S: * PREAUTH [CAPABILITY IMAP4rev1] welcome"),
    (  # a password that no quoted string can hold; ID; UTF-8 where only that is offered
        ImapAccount("bob", "crêpe", secure=True, identity=(("name", "Postroom"),)),
        """
        S: * OK [CAPABILITY IMAP4rev1 LITERAL-] hi
        C: A1 LOGIN "bob" {6+}
        C: crêpe
        S: A1 OK [CAPABILITY IMAP4rev1 ENABLE UTF8=ACCEPT ID]
        C: A2 ID ("name" "Postroom")
        S: * ID NIL
        S: A2 OK
        C: A3 ENABLE UTF8=ACCEPT
        S: * ENABLED UTF8=ACCEPT
        S: A3 OK
        """,
    ),
]


@pytest.mark.parametrize(("account", "script"), LOGINS)
def test_logins(account: ImapAccount, script: str) -> None:
    client = ImapClient(account)
    *_, ready = talk(client, script)
    assert isinstance(ready, Ready)


@pytest.mark.parametrize(
    ("account", "script", "why"),
    [
        (SAFE, "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi", "no TLS"),
        (SAFE, "S: * PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi", "without TLS"),
        (SAFE, "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi\nC: A1 STARTTLS\nS: A1 NO not now", "refuses TLS"),
        (
            SAFE,
            "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi\nC: A1 STARTTLS\nS: A1 OK\\r\\n* CAPABILITY IMAP4rev1",
            "in the clear",
        ),
        (SAFE, "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi\nC: A1 STARTTLS\nS: A1 OK\nS: *", "in the clear"),
        (CLEAR, "S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi", "LOGINDISABLED"),
        (
            CLEAR,
            'S: * OK [CAPABILITY IMAP4rev1] hi\nC: A1 LOGIN "bob" "hungry"\nS: A1 NO [AUTHENTICATIONFAILED] no',
            "no",
        ),
        (
            WRAPPED,
            "S: * OK [CAPABILITY IMAP4rev1 AUTH=LOGIN] x\nC: A1 AUTHENTICATE LOGIN\nS: + !!\nC: *\nS: A1 BAD stopped",
            "no sense",
        ),
        (CLEAR, "S: * BYE too many", "too many"),
        (CLEAR, "S: +OK hi", "does not speak IMAP"),
        (CLEAR, "S: 220 hi ESMTP", "does not speak IMAP"),
        (CLEAR, "S: * NO hi", "does not speak IMAP"),
        (ImapAccount("bob\r\n", "x", secure=True), "S: * OK [CAPABILITY IMAP4rev1] hi", "control characters"),
        (CLEAR, 'S: * OK [CAPABILITY IMAP4rev1] hi\nC: A1 LOGIN "bob" "hungry"\nS: * BYE gone', "gone"),
        (CLEAR, 'S: * OK [CAPABILITY IMAP4rev1] hi\nC: A1 LOGIN "bob" "hungry"\nS: A2 OK in', "not asked"),
        (
            CLEAR,
            'S: * OK [CAPABILITY IMAP4rev1] hi\nC: A1 LOGIN "bob" "hungry"\nS: + more?',
            "asks a question",
        ),
        (CLEAR, "S: * OK hi\nC: A1 CAPABILITY\nS: A1 OK", "does not say what it can"),
    ],
)
def test_who_is_not_let_in(account: ImapAccount, script: str, why: str) -> None:
    client = ImapClient(account)
    failed = talk(client, script)[-1]
    assert isinstance(failed, Failed)
    assert why in failed.why
    assert client.closing
    if account is SAFE:
        assert b"hungry" not in client.data_to_send()


def logged_in(capabilities: str = "IMAP4rev1", limits: ClientLimits | None = None) -> ImapClient:
    client = ImapClient(WRAPPED, limits or ClientLimits())
    client.receive(f"* PREAUTH [CAPABILITY {capabilities}] hi\r\n".encode())
    assert isinstance(events(client)[-1], Ready)
    return client


def test_data_comes_in_its_order_and_then_the_end() -> None:
    client = logged_in()
    client.send(say.uid_fetch(b"7", b"BODY[]"))
    client.send(LOGOUT)
    assert client.data_to_send() == b"A1 UID FETCH 7 (BODY[])\r\n"
    client.receive(
        b"* 3 EXISTS\r\n* 2 FETCH (UID 7 BODY[] {6}\r\nA1 OK\r FLAGS (\\Seen))\r\nA1 OK [X Y] done\r\n"
    )
    assert events(client) == [
        Exists(3),
        Fetched(2, 7, ("\\Seen",), sections={"BODY[]": b"A1 OK\r"}),
        Done("FETCH", "OK", "done", "X", "Y"),
    ]
    assert client.data_to_send() == b"A2 LOGOUT\r\n"
    client.receive(b"* BYE\r\nA2 OK\r\n")
    assert events(client) == [Done("LOGOUT", "OK", "")]
    assert client.closing


@pytest.mark.parametrize(
    ("capabilities", "flights"),
    [
        ("IMAP4rev1", [b'A1 APPEND "x" () {5000}\r\n', b"x" * 5000 + b"\r\n"]),
        ("IMAP4rev1 LITERAL-", [b'A1 APPEND "x" () {5000}\r\n', b"x" * 5000 + b"\r\n"]),
        ("IMAP4rev1 LITERAL+", [b'A1 APPEND "x" () {5000+}\r\n' + b"x" * 5000 + b"\r\n", b""]),
    ],
)
def test_literals_wait_where_they_have_to(capabilities: str, flights: list[bytes]) -> None:
    client = logged_in(capabilities)
    client.send(say.append("x", b"x" * 5000, (), utf8=False))
    first = client.data_to_send()
    if flights[1]:
        client.receive(b"+ go\r\n")
    assert [first, client.data_to_send()] == flights
    client.receive(b"A1 OK [APPENDUID 1 2] done\r\n")
    assert events(client) == [Done("APPEND", "OK", "done", "APPENDUID", "1 2")]


def test_a_small_literal_goes_at_once_under_literal_minus() -> None:
    client = logged_in("IMAP4rev1 LITERAL-")
    client.send(say.append("x", b"y" * 4096, (), utf8=False))
    assert client.data_to_send().endswith(b"{4096+}\r\n" + b"y" * 4096 + b"\r\n")


def test_a_literal_that_is_not_wanted_stays_here() -> None:
    client = logged_in()
    client.send(say.append("x", b"yyy", (), utf8=False))
    client.send(NOOP)
    client.data_to_send()
    client.receive(b"A1 NO [TOOBIG] no\r\n")
    assert events(client) == [Done("APPEND", "NO", "no", "TOOBIG")]
    assert client.data_to_send() == b"A2 NOOP\r\n"


def test_alerts_reach_the_person() -> None:
    client = ImapClient(CLEAR)
    found = talk(
        client,
        """
        S: * OK [CAPABILITY IMAP4rev1] hi
        C: A1 LOGIN "bob" "hungry"
        S: * OK [ALERT] tomorrow we close
        S: * OK [CAPABILITY IMAP4rev1] x
        S: A1 OK [ALERT] your password is old
        """,
    )
    assert found[:2] == [
        Status("", "OK", "tomorrow we close", "ALERT"),
        Status("", "OK", "your password is old", "ALERT"),
    ]
    assert isinstance(found[2], Ready)


def test_idle() -> None:
    client = logged_in()
    client.send(IDLE)
    client.done()  # not before the server has said that it listens
    assert client.data_to_send() == b"A1 IDLE\r\n"
    client.receive(b"+ idling\r\n* 1 EXISTS\r\n")
    assert events(client) == [Idling(), Exists(1)]
    client.done()
    client.done()
    assert client.data_to_send() == b"DONE\r\n"
    client.receive(b"A1 OK\r\n")
    assert events(client) == [Done("IDLE", "OK", "")]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"220 hello\r\n", "cannot be understood"),
        (b"A1 OK\n", "LF alone"),
        (b"A1 MAYBE\r\n", "cannot be understood"),
        (b"A1 OK\r\nA1 OK\r\n", "not asked"),
        (b"+ \r\n", "asks a question"),
        (b"* BYE bored\r\n", "bored"),
        (b"* LIST (((\r\n", "cannot be understood"),
        (b"* 1 FETCH (BODY[] {99}\r\n", "more than 100 octets"),
        (b"* 1 FETCH (BODY[] {99999999999999999999}\r\n", "more than 100 octets"),
        (b"* X " + b"{1}\r\nx" * 4 + b"\r\n", "3 literals"),
        (b"* " + b"x" * 200, "longer than the limit"),
    ],
)
def test_what_a_server_must_not_send(said: bytes, why: str) -> None:
    client = logged_in(limits=ClientLimits(line=90, response=100, literals=3))
    client.send(NOOP)
    client.receive(said)
    failed = events(client)[-1]
    assert isinstance(failed, Failed)
    assert why in failed.why
    assert client.closing
    client.receive(b"A1 OK\r\n")
    assert events(client) == []


def test_limits_are_met_exactly() -> None:
    client = logged_in(limits=ClientLimits(line=90, response=100, literals=3))
    client.send(NOOP)
    client.receive(b"* X {87}\r\n" + b"x" * 87 + b"abc\r\n")  # 8 + 2 + 87 + 3
    client.receive(b"* X " + b"{1}\r\nx" * 3 + b"\r\n")
    client.receive(b"A1 OK\r\n")
    assert isinstance(events(client)[-1], Done)
    client.send(NOOP)
    client.receive(b"* X {87}\r\n" + b"x" * 87 + b"abcd\r\n")
    assert isinstance(events(client)[-1], Failed)


def test_literals_do_not_make_a_line_longer() -> None:
    """Lists become values of many times their size; what a literal holds does not."""
    for more, good in ((b"x" * 60, True), (b"x" * 61, False)):
        client = logged_in(limits=ClientLimits(line=90, response=1000))
        client.send(NOOP)
        client.receive(b"* X %b{500}\r\n" % (b"x" * 21) + b"x" * 500 + more + b"\r\n" + b"* X\r\n" * 20)
        assert isinstance(events(client)[-1], Failed) is not good


def test_the_end_of_words_is_no_literal() -> None:
    client = logged_in()
    client.send(NOOP)
    client.receive(b"* OK one {5}\r\nA1 OK two {7}\r\n")
    assert events(client) == [Status("", "OK", "one {5}"), Done("NOOP", "OK", "two {7}")]


@pytest.mark.parametrize("mechanisms", ["AUTH=PLAIN SASL-IR", "AUTH=PLAIN", "AUTH=LOGIN", ""])
def test_the_dialogue_has_no_secrets(mechanisms: str) -> None:
    client = ImapClient(CLEAR)
    client.receive(f"* OK [CAPABILITY IMAP4rev1 {mechanisms}] hi\r\n".encode())
    if not mechanisms.endswith("IR") and mechanisms:
        client.receive(b"+ \r\n+ \r\n" if "LOGIN" in mechanisms else b"+ \r\n")
    client.receive(b"A1 OK [CAPABILITY IMAP4rev1] in\r\n")
    assert isinstance(events(client)[-1], Ready)
    dialogue = b"\n".join(client.take_dialogue())
    assert b"******" in dialogue
    assert not any(secret in dialogue for secret in (b"hungry", PLAIN, base64.b64encode(b"hungry")))
    assert "hungry" not in repr(CLEAR)
