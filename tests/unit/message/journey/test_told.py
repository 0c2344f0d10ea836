"""Journeys as a page shows them."""

from postroom.message.journey.events import Asked, Connected, Hop, HopKind, Outcome, Routed, Said, Secured
from postroom.message.journey.told import MOST_HOPS, MOST_LINES, told, under_way

FAR = "carol@far.test"


def test_a_hop():
    lines = [b">EHLO me", b"<250-you", b"<250 SIZE 9\x1b[31m"]
    events = [Asked(0, "far.test", "MX", "NOERROR", ["10 mx.far.test"]), Connected(1, "esmtp", "192.0.2.9", "192.0.2.1", "mx.far.test"), Said(2, lines), Secured(3, "TLSv1.3", "c"), Outcome(4, 0, FAR, "delayed", "4.0.0", "later")]  # fmt: skip
    (hop,) = told([Hop(HopKind.RELAY, 1_000_000, events)])
    assert (hop["peer"], hop["incoming"], hop["tls"], hop["ok"]) == ("mx.far.test", False, True, False)
    assert [event["event"] for event in hop["events"]] == ["dns", "conn", "said", "tls", "outcome"]
    assert hop["events"][0]["meaning"]["source"] == "RFC 5321 §5.1"
    assert hop["events"][0]["facts"]["answers"] == ["10 mx.far.test"]
    said = hop["events"][2]["lines"]
    assert [(line["by"], line["text"]) for line in said] == [
        ("us", "EHLO me"),
        ("peer", "250-you"),
        ("peer", "250 SIZE 9\\x1b[31m"),
    ]
    assert said[2]["meaning"]["source"] == "RFC 1870 §4"


def test_the_oldest_first_and_bounded():
    hops = [Hop(HopKind.READ, at, []) for at in (3_000_000, 1_000_000)]
    assert [hop["at"] for hop in told(hops)] == ["1970-01-01T00:00:01.000Z", "1970-01-01T00:00:03.000Z"]
    assert len(told([Hop(HopKind.READ, at, []) for at in range(2 * MOST_HOPS)])) == MOST_HOPS
    (hop,) = told([Hop(HopKind.RELAY, 0, [Said(0, [b">x"] * MOST_LINES), Said(1, [b">x"] * 3)])])
    assert [event["left"] for event in hop["events"]] == [0, 3]


def test_whether_more_is_to_come():
    received = Hop(HopKind.RECEIVED, 1, [Routed(0, 0, FAR, "remote"), Routed(0, 1, "b@x.test", "local")])
    tried = Hop(HopKind.RELAY, 2, [Outcome(0, 0, FAR, "delayed")])
    done = Hop(HopKind.RELAY, 3, [Outcome(0, 0, FAR, "relayed")])
    assert under_way([received])
    assert under_way([received, tried])
    assert not under_way([done, tried, received])
    assert not under_way([])
