"""A journey as a figure: what is drawn is what the hops say, in lines and as SVG."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from postroom.message.journey.drawn import drawn, told_in_words, width_of
from postroom.message.journey.events import (
    Accepted,
    Authenticated,
    Connected,
    Handled,
    Hop,
    HopKind,
    JourneyEvent,
    Outcome,
    Secured,
)
from postroom.message.journey.figure import MOST, MOST_HOSTS, Agent, Figure, Leg, figures, together
from postroom.message.journey.svg import as_svg

ALICE, BOB = "alice@crepes.test", "bob@hamburger.test"
TLS = Secured(0, "TLSv1.3", "TLS_AES_256_GCM_SHA384")
QUEUED = "250 2.0.0 Ok: queued as J2"
LOCAL = Authenticated(0, "root", "local")
FILED = Outcome(0, 0, BOB, "filed", where="INBOX")
RELAYED = Outcome(0, 0, BOB, "relayed", text=QUEUED, where="mail.hamburger.test")


def hop(kind: HopKind, at: int, *events: JourneyEvent) -> Hop:
    return Hop(kind, at * 1_000_000, events)


def accepted(*before: JourneyEvent, after: tuple[JourneyEvent, ...] = ()) -> Hop:
    return hop(HopKind.RECEIVED, 1, *before, Accepted(0, ALICE, [BOB], 100), *after)


def smtp(protocol: str = "esmtpsa", name: str = "laptop.test") -> Connected:
    return Connected(0, protocol, "192.0.2.1:5000", "192.0.2.2:587", name)


def relay(*events: JourneyEvent) -> Hop:
    return hop(HopKind.RELAY, 2, smtp("esmtp", "mail.hamburger.test"), *events)


def read(*events: JourneyEvent, actor: str = BOB) -> Hop:
    return hop(HopKind.READ, 4, *events, Handled(0, "retrieved", actor, "INBOX"))


def shape(figure: Figure) -> list[tuple[str, list[str]]]:
    return [(host.name, [part.agent.value for part in host.parts]) for host in figure.hosts]


def arrived(*readings: Hop) -> Leg:
    connected = Connected(0, "esmtps", "192.0.2.2:5001", "192.0.2.3:25", "mail.crepes.test")
    return Leg("hamburger.test", "J2", [accepted(connected, TLS, after=(FILED,)), *readings])


def first_scenario() -> list[Leg]:
    return [Leg("hamburger.test", "J1", [accepted(LOCAL, after=(FILED,)), read()])]


def second_scenario() -> list[Leg]:
    return [Leg("crepes.test", "J1", [accepted(LOCAL), relay(TLS, RELAYED)]), arrived(read())]


def third_scenario(*readings: Hop) -> list[Leg]:
    submitted = accepted(smtp(), TLS, Authenticated(0, ALICE, "PLAIN"))
    return [Leg("crepes.test", "J1", [submitted, relay(RELAYED)]), arrived(*(readings or (read(),)))]


def fourth_scenario() -> list[Leg]:
    pop = Connected(0, "pop3", "192.0.2.9:5002", "192.0.2.3:110")
    return third_scenario(read(pop, TLS, Authenticated(0, BOB, "USER")))


SUBMITTED = [("alice's host", ["UA", "MTA client"]), ("crepes.test", ["MTA server", "queue", "MTA client"])]


@pytest.mark.parametrize(
    ("legs", "hosts"),
    [
        (first_scenario(), [("hamburger.test", ["UA", "mailbox", "UA"])]),
        (
            second_scenario(),
            [
                ("crepes.test", ["UA", "queue", "MTA client"]),
                ("hamburger.test", ["MTA server", "mailbox", "UA"]),
            ],
        ),
        (third_scenario(), [*SUBMITTED, ("hamburger.test", ["MTA server", "mailbox", "UA"])]),
        (
            fourth_scenario(),
            [
                *SUBMITTED,
                ("hamburger.test", ["MTA server", "mailbox", "MAA server"]),
                ("bob's host", ["UA", "MAA client"]),
            ],
        ),
    ],
    ids=["1", "2", "3", "4"],
)
def test_the_four_scenarios(legs, hosts):
    [figure] = figures(legs)
    assert shape(figure) == hosts
    assert figure.recipient == BOB
    assert not figure.end
    assert figures(reversed(legs)) == [figure]


def test_what_passes_between_hosts():
    [figure] = figures(fourth_scenario())
    assert [(link.protocol, link.secure, link.pull) for link in figure.links] == [
        ("SMTP", True, False),
        ("SMTP", False, False),
        ("POP3", True, True),
    ]
    assert [link.at for link in figure.links] == [1_000_000, 2_000_000, 4_000_000]


def test_each_kind_of_reader_has_a_figure():
    def by(protocol: str) -> Hop:
        return read(Connected(0, protocol, "192.0.2.9:5002", "192.0.2.3:1"))

    found = figures(third_scenario(by("pop3"), by("imap"), by("imap"), by("jmap"), read()))
    assert [figure.links[-1].protocol for figure in found] == ["POP3", "IMAP", "HTTP", "SMTP"]
    assert found[2].hosts[-2].parts[-1].agent is Agent.WEB


def test_what_others_read_is_not_in_it():
    [figure] = figures(third_scenario(read(actor="carol@hamburger.test")))
    assert shape(figure)[-1] == ("hamburger.test", ["MTA server", "mailbox"])


def test_web_mail():
    submitted = accepted(Connected(0, "", "192.0.2.1", ""), Authenticated(0, ALICE, "jmap"))
    [figure] = figures([Leg("crepes.test", "J1", [submitted, relay(RELAYED)])])
    assert shape(figure)[:2] == [
        ("alice's host", ["UA"]),
        ("crepes.test", ["web server", "queue", "MTA client"]),
    ]
    assert figure.links[0].protocol == "HTTP"


def test_a_server_beyond_our_sight():
    [figure] = figures(third_scenario()[:1])
    assert shape(figure)[-1] == ("mail.hamburger.test", ["MTA server"])


def test_a_stranger_by_port_25():
    [figure] = figures([Leg("hamburger.test", "J1", [accepted(smtp("smtp", "crepes.fr"), after=(FILED,))])])
    assert shape(figure)[0] == ("crepes.fr", ["UA", "MTA client"])


@pytest.mark.parametrize(
    ("result", "text", "end"),
    [
        ("delayed", "451 4.3.0 Later", "delayed: 451 4.3.0 Later"),
        ("failed", "", "failed: 5.1.1"),
    ],
)
def test_where_it_got_stuck(result, text, end):
    outcome = Outcome(0, 0, BOB, result, "5.1.1" if result == "failed" else "", text)
    [figure] = figures([Leg("crepes.test", "J1", [accepted(LOCAL), relay(outcome)])])
    assert shape(figure) == [("crepes.test", ["UA", "queue"])]
    assert figure.end == end
    assert drawn(figure)[-1] == f"It ends here: {end}"
    svg = as_svg([figure])
    assert end in svg
    assert int(ET.fromstring(svg).attrib["width"]) > 7 * len(f"It ends here: {end}")


def test_what_is_under_way():
    [figure] = figures([Leg("crepes.test", "J1", [accepted(LOCAL)])])
    assert (shape(figure), figure.end) == ([("crepes.test", ["UA", "queue"])], "under way")


def test_ways_that_are_alike_are_drawn_once_and_not_too_many():
    def filed(number: int) -> Outcome:
        return Outcome(0, number, f"user{number}@hamburger.test", "filed")

    many = [filed(number) for number in range(MOST)]
    assert len(figures([Leg("h", "J1", [accepted(LOCAL, after=tuple(many))])])) == MOST
    assert len(figures([Leg("h", "J1", [accepted(LOCAL, after=(*many, filed(MOST)))])])) == MOST
    twice = accepted(LOCAL, after=(FILED, FILED))
    assert len(figures([Leg("h", "J1", [twice])])) == 1


def chain(servers: int) -> list[Leg]:
    """Each server relays to the next, the last one beyond our sight."""
    legs = []
    for number in range(servers):
        text = f"250 2.0.0 Ok: queued as J{number + 2}"
        begun = accepted(LOCAL) if not number else accepted(smtp("esmtp", "before"))
        legs.append(
            Leg(f"s{number}", f"J{number + 1}", [begun, relay(Outcome(0, 0, BOB, "relayed", text=text))])
        )
    return legs


def test_a_long_way_is_cut():
    assert len(figures(chain(MOST_HOSTS - 1))[0].hosts) == MOST_HOSTS
    assert len(figures(chain(MOST_HOSTS))[0].hosts) == MOST_HOSTS + 1
    assert len(figures(chain(MOST_HOSTS + 5))[0].hosts) == MOST_HOSTS + 1


def test_two_servers_that_name_each_other_do_not_make_it_endless():
    legs = [
        Leg("a", "J1", [accepted(LOCAL), relay(Outcome(0, 0, BOB, "relayed", text="queued as J2"))]),
        Leg("b", "J2", [accepted(LOCAL), relay(Outcome(0, 0, BOB, "relayed", text="queued as J3"))]),
        Leg("c", "J3", [accepted(LOCAL), relay(Outcome(0, 0, BOB, "relayed", text="queued as J2"))]),
    ]
    assert len(figures(legs)[0].hosts) <= MOST_HOSTS + 1


def test_what_belongs_together():
    other = Leg("crepes.test", "J9", [accepted(LOCAL, after=(FILED,))])
    legs = [other, *fourth_scenario()]
    assert [leg.id for leg in together(legs, "J2")] == ["J1", "J2"]
    assert [leg.id for leg in together(legs, "J1")] == ["J1", "J2"]
    assert together(legs, "J9") == [other]


def test_in_a_terminal():
    [figure] = figures(fourth_scenario())
    assert drawn(figure) == [
        "┌ alice's host ┐",
        "│ UA alice     │",
        "│  ▼           │ SMTP┌ crepes.test ┐",
        "│ MTA client   │~~~~▶│ MTA server  │",
        "└──────────────┘     │  ▼          │",
        "                     │ queue       │",
        "                     │  ▼          │ SMTP┌ hamburger.test ┐",
        "                     │ MTA client  │────▶│ MTA server     │",
        "                     └─────────────┘     │  ▼             │     ┌ bob's host ┐",
        "                                         │ mailbox bob    │     │ UA bob     │",
        "                                         │  ▼             │ POP3│  ▲         │",
        "                                         │ MAA server     │~~~~▶│ MAA client │",
        "                                         └────────────────┘     └────────────┘",
    ]
    assert width_of(figure) <= 80


def test_in_a_narrow_terminal():
    [figure] = figures(fourth_scenario())
    assert told_in_words(figure) == [
        "alice's host: UA alice, MTA client",
        "  ~~SMTP~~> crepes.test: MTA server, queue, MTA client",
        "  --SMTP--> hamburger.test: MTA server, mailbox bob, MAA server",
        "  ~~POP3~~> bob's host: MAA client, UA bob",
    ]


NASTY = "\x1b[2J<script>&\u202e" + "x" * 100


def test_what_a_peer_says_is_made_harmless():
    stranger = accepted(smtp("smtp", NASTY), after=(Outcome(0, 0, NASTY, "filed"),))
    found = figures([Leg(NASTY, "J1", [stranger])])
    lines = drawn(found[0])
    assert "\x1b" not in "".join(lines)
    assert "\u202e" not in "".join(lines)
    assert max(map(len, lines)) == width_of(found[0]) <= 80
    svg = as_svg(found)
    assert "<script" not in svg
    ET.fromstring(svg)


def test_the_picture_is_a_picture():
    svg = as_svg(figures(fourth_scenario()))
    root = ET.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    texts = [element.text for element in root.iter(f"{space}text")]
    for words in (
        "alice's host",
        "MTA server",
        "SMTP, under TLS",
        "SMTP, in the clear",
        "POP3, under TLS",
        "00:00:04.000",
    ):
        assert words in texts
    assert (root.find(f"{space}title").text or "").endswith(BOB)
    assert "href" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_nothing_at_all():
    assert figures([]) == []
    ET.fromstring(as_svg([]))


def test_a_stranger_who_names_our_own_journey_is_where_it_leads_to():
    [leg] = second_scenario()[:1]
    lies = Outcome(1, 0, BOB, "relayed", "2.0.0", f"250 queued as {leg.id}", "mx.evil.test")
    told = Leg(leg.server, leg.id, [leg.hops[0], hop(HopKind.RELAY, 9, smtp("esmtp", "mx.evil.test"), lies)])
    assert shape(figures([told])[0])[-1][0] == "mx.evil.test"
