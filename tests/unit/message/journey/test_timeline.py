"""The journey in words: one line per fact, arrows for the dialogue, nothing unprintable."""

import json

import pytest

from postroom.message.journey.events import (
    Accepted,
    Asked,
    Authenticated,
    Connected,
    Decided,
    Handled,
    Hop,
    HopKind,
    Outcome,
    Routed,
    Said,
    Secured,
    Stamped,
)
from postroom.message.journey.timeline import as_json, iso_time, timeline

START = 1_795_209_120_123_456  # 2026-11-20T21:12:00.123456Z


def words(event, kind=HopKind.RELAY):
    return timeline([Hop(kind, START, [event])])[1].text


def test_a_dialogue():
    hop = Hop(
        HopKind.RECEIVED,
        START,
        [
            Connected(0, "esmtps", "192.0.2.1:40000", "192.0.2.2:25", "mail.crepes.test"),
            Said(5, [b"<STARTTLS", b">220 Go ahead"]),
            Said(9, [b"<EHLO mail.crepes.test", b">250 Hello"], tls=True),
        ],
    )
    assert [(line.at, line.indent, line.who, line.text) for line in timeline([hop])] == [
        (START, 0, "", "received from mail.crepes.test [192.0.2.1:40000] over ESMTPS"),
        (START, 1, "", "connection from 192.0.2.1:40000 to 192.0.2.2:25"),
        (START + 5000, 2, "mail.crepes.test", "<- STARTTLS"),
        (START + 5000, 2, "", "-> 220 Go ahead"),
        (START + 9000, 2, "mail.crepes.test", "<~ EHLO mail.crepes.test"),
        (START + 9000, 2, "", "~> 250 Hello"),
    ]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Connected(0, "esmtp", "192.0.2.9:25", "192.0.2.1:4"), "connection from 192.0.2.1:4 to 192.0.2.9:25"),
        (Secured(0, "TLSv1.3", "AES"), "TLS TLSv1.3, AES"),
        (
            Secured(0, "TLSv1.3", "AES", "mx.test", "mx.test", verified=True),
            "TLS TLSv1.3, AES, for mx.test, certificate of mx.test (verified)",
        ),
        (Authenticated(0, "alice", "PLAIN"), "logged in as alice (PLAIN)"),
        (Accepted(0, "", ["bob@x.test"], 9), "accepted from <> to <bob@x.test>, 9 octets"),
        (Stamped(0, "Received: from a\r\n\tby b"), "added Received: from a by b"),
        (Routed(0, 0, "bob@x.test", "alias", "carol@x.test"), "<bob@x.test> is alias, to carol@x.test"),
        (
            Asked(0, "x.test", "MX", "NOERROR", ["10 a.x.test", "20 b.x.test"], authenticated=True),
            "DNS MX x.test: 10 a.x.test, 20 b.x.test (DNSSEC)",
        ),
        (Asked(0, "x.test", "MX", "NXDOMAIN", []), "DNS MX x.test: NXDOMAIN"),
        (Asked(0, "x.test", "AAAA", "NOERROR", []), "DNS AAAA x.test: no such record"),
        (Decided(0, "next hop", "mail.x.test", "MX 10"), "next hop: mail.x.test (MX 10)"),
        (
            Outcome(0, 0, "bob@x.test", "failed", "5.1.1", "550 no such user", "mail.x.test"),
            "<bob@x.test> failed by mail.x.test: 550 no such user",
        ),
        (Outcome(0, 0, "bob@x.test", "filed"), "<bob@x.test> filed"),
        (Outcome(0, 0, "bob@x.test", "filed", "2.1.5", "", "INBOX"), "<bob@x.test> filed in INBOX"),
        (
            Outcome(0, 0, "bob@x.test", "relayed", "2.0.0", "250 2.0.0 Ok", "mail.x.test"),
            "<bob@x.test> relayed to mail.x.test, which said: 250 2.0.0 Ok",
        ),
        (Handled(0, "retrieved", "bob", "INBOX"), "retrieved by bob in INBOX"),
        (Handled(0, "held", "a\x1b[2J"), r"held by a\x1b[2J"),
    ],
)
def test_words(event, text):
    assert words(event) == text


def test_hops_come_in_the_order_of_time():
    late, early = Hop(HopKind.READ, START + 7, []), Hop(HopKind.FILED, START, [])
    assert [line.text for line in timeline([late, early])] == ["filed", "read"]


def test_what_peers_say_is_made_printable():
    hop = Hop(HopKind.RELAY, START, [Said(0, [b"<550 \x1b[31m\xff\r\n-> 250 fake"])])
    assert timeline([hop])[1].text == r"<- 550 \x1b[31m\xff\x0d\x0a-> 250 fake"


def test_json():
    hop = Hop(
        HopKind.RELAY,
        START,
        [Said(3, [b">QUIT", b"<221 \xff"], tls=True), Outcome(4, 0, "bob@x.test", "relayed")],
    )
    assert json.loads(json.dumps(as_json([hop]))) == [
        {
            "kind": "relay",
            "at": "2026-11-20T21:12:00.123Z",
            "events": [
                {
                    "event": "said",
                    "after_ms": 3,
                    "lines": [{"by": "us", "line": "QUIT"}, {"by": "peer", "line": r"221 \xff"}],
                    "tls": True,
                },
                {
                    "event": "outcome",
                    "after_ms": 4,
                    "rcpt": 0,
                    "address": "bob@x.test",
                    "result": "relayed",
                    "status": "",
                    "text": "",
                    "where": "",
                },
            ],
        }
    ]


def test_time():
    assert iso_time(START) == "2026-11-20T21:12:00.123Z"
    assert iso_time(0) == "1970-01-01T00:00:00.000Z"


EHLO_LINES = [
    b"<EHLO x",
    b">250-mx.test Hello x",
    b">250-SIZE 1000",
    b">250-DSN",
    b">250 HELP",
    b"<QUIT",
    b">221 Bye",
]
CAPA_LINES = [b"<CAPA", b">+OK Here it is", b">TOP", b">UIDL", b">.", b"<QUIT", b">+OK"]


@pytest.mark.parametrize(
    ("lines", "brief"),
    [
        (EHLO_LINES, ["<- EHLO x", "-> 250-mx.test Hello x … 3 extensions", "<- QUIT", "-> 221 Bye"]),
        ([b">lhlo x", b"<250-Hi", b"<250-DSN", b"<250 HELP"], ["-> lhlo x", "<- 250-Hi … 2 extensions"]),
        (CAPA_LINES, ["<- CAPA", "-> +OK Here it is … 2 capabilities", "<- QUIT", "-> +OK"]),
        ([b"<EHLO x", b">250-Hi", b">250 HELP"], ["<- EHLO x", "-> 250-Hi", "-> 250 HELP"]),
        ([b"<EHLO x", b">502 No"], ["<- EHLO x", "-> 502 No"]),
        ([b"<EHLO x", b"<QUIT"], ["<- EHLO x", "<- QUIT"]),
        ([b"<EHLO x"], ["<- EHLO x"]),
        ([b"<EHLO x", b">250-a", b">250-b", b">250-c"], ["<- EHLO x", "-> 250-a … 2 extensions"]),
        (
            [b"<EHLO x", b">250-a", b">250-b", b">250-c", b"<Q"],
            ["<- EHLO x", "-> 250-a … 2 extensions", "<- Q"],
        ),
    ],
)
def test_brief(lines, brief):
    hop = Hop(HopKind.RECEIVED, START, [Said(0, lines)])
    assert [line.text for line in timeline([hop], brief=True)[1:]] == brief
    assert len(timeline([hop])) == len(lines) + 1


@pytest.mark.parametrize(
    ("kind", "events", "text"),
    [
        (HopKind.RELAY, [Asked(9, "gone.test", "MX", "NXDOMAIN", [])], "tried to send on to gone.test"),
        (HopKind.RELAY, [], "tried to send on"),
        (
            HopKind.RELAY,
            [Said(0, [b">MAIL"]), Outcome(0, 0, "b@x.test", "relayed", "", "", "mx:25")],
            "sent on to mx:25 over the connection of the message before",
        ),
        (HopKind.FILED, [], "filed"),
        (HopKind.RECEIVED, [], "received"),
        (HopKind.RECEIVED, [Authenticated(0, "root", "local")], "received from root on this machine"),
    ],
)
def test_a_hop_without_a_connection(kind, events, text):
    assert timeline([Hop(kind, START, events)])[0].text == text


def test_a_host_is_named_once():
    outcome = Outcome(
        0, 0, "bob@hamburger.test", "delayed", "", "mx [192.0.2.9]:25 said: 451 Later", "mx [192.0.2.9]:25"
    )
    assert words(outcome) == "<bob@hamburger.test> delayed: mx [192.0.2.9]:25 said: 451 Later"
