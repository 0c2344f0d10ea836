"""Bcc stays blind: a recipient's view of a journey never tells him of another."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    Stamped,
)
from postroom.message.journey.timeline import as_json, timeline
from postroom.message.journey.visibility import ALL, for_sender, viewer_of, visible_to

BOB, CAROL, DAVE = "bob@hamburger.test", "carol@hamburger.test", "dave@secret.test"


def said(lines, viewer=BOB, kind=HopKind.RECEIVED, protocol="esmtp"):
    """The lines that the viewer sees of a dialogue written with `<` and `>`."""
    hop = Hop(kind, 0, [Connected(0, protocol, "p", "l"), Said(0, [line.encode() for line in lines])])
    events = [event for seen in visible_to([hop], viewer_of(viewer)) for event in seen.events]
    return [line.decode() for event in events if isinstance(event, Said) for line in event.lines]


LOCKSTEP = [
    ">220 hello",
    "<EHLO x",
    ">250-hamburger.test",
    ">250 PIPELINING",
    "<MAIL FROM:<alice@crepes.test>",
    ">250 2.1.0 Ok",
    f"<RCPT TO:<{BOB}> NOTIFY=NEVER",
    ">250 2.1.5 Ok bob",
    f"<rcpt to: {CAROL}",
    ">250-2.1.5 Ok",
    ">250 2.1.5 that one",
    "<DATA",
    ">354 go",
    "<[4096 octets of message]",
    ">250 2.0.0 Ok: queued as J1",
    "<QUIT",
    ">221 bye",
]


def test_lockstep():
    assert said(LOCKSTEP) == LOCKSTEP[:8] + LOCKSTEP[11:]
    assert said(LOCKSTEP, CAROL) == LOCKSTEP[:6] + LOCKSTEP[8:]


def test_pipelined():
    commands = [
        "<MAIL FROM:<alice@crepes.test>",
        f"<RCPT TO:<{DAVE}>",
        f"<RCPT TO:<{BOB}>",
        f"<RCPT TO:<{CAROL}>",
        "<DATA",
    ]
    replies = [">250 sender", ">550 dave", ">250-bob", ">250 bob", ">250 carol", ">354 go"]
    assert said(commands + replies) == [
        commands[0],
        commands[2],
        commands[4],
        replies[0],
        replies[2],
        replies[3],
        replies[5],
    ]


def test_lmtp_replies_per_recipient():
    lines = [
        "<LHLO x",
        ">250 hi",
        "<MAIL FROM:<>",
        ">250 ok",
        f"<RCPT TO:<{CAROL}>",
        ">250 1",
        f"<RCPT TO:<{DAVE}>",
        ">550 2",
    ]
    lines += [f"<RCPT TO:<{BOB}>", ">250 3", "<DATA", ">354 go"]
    end = ["<[9 octets of message]", ">452 4.2.2 carol is full", ">250 2.0.0 bob ok"]
    assert said(lines + end, protocol="lmtp") == [*lines[:4], *lines[8:], end[0], end[2]]
    assert said([*lines, ">452 first", ">250 second"], protocol="lmtp") == [*lines[:4], *lines[8:]]


def test_lmtp_pipelined_with_bdat():
    lines = [
        "<LHLO x",
        "<MAIL FROM:<>",
        f"<RCPT TO:<{CAROL}>",
        f"<RCPT TO:<{BOB}>",
        "<BDAT 5",
        "<BDAT 7 LAST",
    ]
    replies = [">250 hi", ">250 m", ">250 c", ">250 b", ">250 chunk", ">250 carol's", ">250 bob's"]
    assert said(lines + replies) == [*lines[:2], *lines[3:], *replies[:2], *replies[3:5], replies[6]]


def test_a_relay_is_read_from_the_other_end():
    lines = ["<220 hi", f">RCPT TO:<{CAROL}>", f">RCPT TO:<{BOB}>", "<550 5.1.1 carol", "<250 2.1.5 bob"]
    assert said(lines, kind=HopKind.RELAY) == [lines[0], lines[2], lines[4]]


@pytest.mark.parametrize(
    "line",
    [
        "VRFY carol",
        f"EXPN {CAROL}",
        f"RCTP TO:<{CAROL}>",
        f"{CAROL}",
        "RCPT TO:<",
        "RCPT",
        "",
        f"MAIL FROM:<{CAROL}>",
    ],
)
def test_lines_that_could_name_somebody_are_not_shown(line):
    lines = [f"<RCPT TO:<{CAROL}>", ">250 c", f"<RCPT TO:<{BOB}>", ">250 b", "<" + line, ">250 x"]
    shown = said(lines)
    assert shown[:2] == lines[2:4]
    assert not any("carol" in text for text in shown)


def test_a_reply_that_names_another_is_not_shown():
    lines = [
        f"<RCPT TO:<{CAROL}>",
        ">250 c",
        f"<RCPT TO:<{BOB}>",
        f">250 bob, like <{CAROL.upper()}>",
        "<DATA",
        ">354 go",
    ]
    assert said(lines) == [lines[2], *lines[4:]]


def test_authentication_is_paired_too():
    lines = [
        "<AUTH LOGIN",
        ">334 VXNlcm5hbWU6",
        "<***",
        ">334 UGFzc3dvcmQ6",
        "<***",
        ">235 ok",
        f"<RCPT TO:<{CAROL}>",
        ">250 x",
    ]
    lines += [f"<RCPT TO:<{BOB}>", ">250 y"]
    assert said(lines) == lines[:6] + lines[8:]


def test_bare_local_names():
    received = [
        Accepted(0, "a@x.test", [BOB, CAROL], 1),
        Said(0, [b"<RCPT TO: bob", b">250 b", b"<RCPT TO: carol", b">250 c"]),
    ]
    seen = visible_to([Hop(HopKind.RECEIVED, 0, received)], viewer_of(BOB))
    assert seen[0].events[1].lines == [b"<RCPT TO: bob", b">250 b"]


JOURNEY = [
    Hop(
        HopKind.RECEIVED,
        1,
        [
            Connected(0, "esmtpsa", "192.0.2.1:4", "192.0.2.2:587", "laptop"),
            Authenticated(0, "alice@crepes.test", "PLAIN"),
            Said(
                1,
                [
                    b"<MAIL FROM:<alice@crepes.test>",
                    b">250 ok",
                    b"<RCPT TO:<carol@hamburger.test>",
                    b">250 c",
                ],
            ),
            Said(
                1,
                [b"<RCPT TO:<bob@hamburger.test>", b">250 b", b"<RCPT TO:<dave@secret.test>", b">250 d"],
                tls=True,
            ),
            Accepted(2, "alice@crepes.test", [CAROL, BOB, DAVE], 4096),
            Stamped(2, "Received: from laptop"),
            Routed(3, 0, CAROL, "remote", "hamburger.test"),
            Routed(3, 1, BOB, "remote", "hamburger.test"),
            Routed(3, 2, DAVE, "remote", "secret.test"),
        ],
    ),
    Hop(
        HopKind.RELAY,
        5,
        [
            Asked(0, "hamburger.test", "MX", "NOERROR", ["10 mail.hamburger.test"]),
            Decided(0, "next hop", "mail.hamburger.test", "MX 10"),
            Said(
                1,
                [
                    b">RCPT TO:<carol@hamburger.test>",
                    b">RCPT TO:<bob@hamburger.test>",
                    b"<550 carol",
                    b"<250 bob",
                ],
            ),
            Outcome(2, 0, CAROL, "failed", "5.1.1", "550 carol"),
            Outcome(2, 1, BOB, "relayed", "2.0.0", "250 ok for dave@secret.test too"),
        ],
    ),
    Hop(
        HopKind.RELAY,
        6,
        [Asked(0, "secret.test", "MX", "TIMEOUT", []), Outcome(1, 2, DAVE, "delayed", "4.4.3")],
    ),
    Hop(HopKind.READ, 7, [Handled(0, "retrieved", CAROL, "INBOX")]),
    Hop(HopKind.READ, 8, [Handled(0, "retrieved", BOB, "INBOX")]),
    Hop(HopKind.QUEUE, 9, [Handled(0, "held", "root")]),
]


def test_a_whole_journey():
    seen = visible_to(JOURNEY, viewer_of(BOB))
    assert [hop.kind for hop in seen] == [HopKind.RECEIVED, HopKind.RELAY, HopKind.READ]
    text = json.dumps(as_json(seen)) + "".join(line.text for line in timeline(seen))
    assert not any(word in text for word in ("carol", "dave", "secret"))
    assert "mail.hamburger.test" in text
    assert "alice@crepes.test" in text
    assert {event["rcpt"] for hop in as_json(seen) for event in hop["events"] if "rcpt" in event} == {0}


def test_all_see_all():
    assert visible_to(JOURNEY, ALL) == JOURNEY


def test_an_alias_is_his_own_line_but_not_its_other_members():
    hop = Hop(
        HopKind.RECEIVED,
        0,
        [
            Said(0, [b"<RCPT TO:<team@hamburger.test>", b">250 t"]),
            Accepted(0, "a@x.test", ["team@hamburger.test"], 1),
            Routed(0, 0, "team@hamburger.test", "alias", f"{CAROL}, {BOB}"),
        ],
    )
    events = visible_to([hop], viewer_of(BOB))[0].events
    assert events[0].lines == hop.events[0].lines
    assert events[2] == Routed(0, 0, "team@hamburger.test", "alias", BOB)


def test_recipient_numbers_make_an_address_his():
    hop = Hop(
        HopKind.RECEIVED,
        0,
        [
            Accepted(0, "a@x.test", ["bob+news@hamburger.test"], 1),
            Routed(0, 0, "bob+news@hamburger.test", "local", "INBOX"),
        ],
    )
    assert visible_to([hop], viewer_of(BOB)) == []
    assert visible_to([hop], viewer_of(BOB, numbers=[0]))[0].events == hop.events


def test_a_stranger_sees_nothing():
    assert visible_to(JOURNEY, viewer_of("eve@evil.test")) == []


COMMAND = st.sampled_from(
    [
        f"RCPT TO:<{BOB}>",
        f"RCPT TO:<{CAROL}>",
        f"RCPT TO:<{DAVE}>",
        "RSET",
        "NOOP",
        f"VRFY {CAROL}",
        f"x {DAVE}",
    ]
)


@given(st.lists(st.tuples(COMMAND, st.sampled_from([1, 2, 3])), max_size=12), st.integers(1, 12))
def test_any_pairing_of_groups_and_replies(commands, group):
    lines, due = [], []
    for number, (command, length) in enumerate(commands):
        lines.append("<" + command)
        due += [f">250{'-' if part < length - 1 else ' '}{number} {command}" for part in range(length)]
        if number % group == group - 1:
            lines, due = lines + due, []
    allowed = {f"RCPT TO:<{BOB}>", "RSET", "NOOP"}
    want = [line for line in lines + due if any(line.endswith(command) for command in allowed)]
    if any("bob" in line or not lines for line in lines) or not any("RCPT" in line for line in lines):
        assert said(lines + due) == want
    else:
        assert said(lines + due) == []


def test_the_sender_is_not_told_what_recipients_do_with_it():
    hops = [
        Hop(HopKind.FILED, 1, [Outcome(0, 0, BOB, "filed", "2.1.5", "", "Junk"), Outcome(0, 1, DAVE, "failed", "5.1.1", "no")]),
        Hop(HopKind.READ, 2, [Handled(0, "retrieved", BOB)]),
        Hop(HopKind.READ, 3, [Handled(0, "retrieved", CAROL)]),
    ]  # fmt: skip
    seen = for_sender(hops, viewer_of(CAROL))
    assert [(hop.kind, hop.started) for hop in seen] == [(HopKind.FILED, 1), (HopKind.READ, 3)]
    assert [getattr(event, "where", "") for event in seen[0].events] == ["", ""]
    assert getattr(for_sender(hops, viewer_of(BOB))[0].events[0], "where", "") == "Junk"
