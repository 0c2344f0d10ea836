"""What a journey and reports make of a submission's record (RFC 8621 §7, deliveryStatus), without a store."""

import msgspec
import pytest

from postroom.message.journey.events import Outcome, Routed
from postroom.proto.jmap.envelopes import Endpoint, Envelope
from postroom.serve.jmap.submission.submission_records import (
    HANDED_ON,
    LEAST_REPLY,
    MAX_REPLY,
    MAX_REPORTS,
    QUEUED,
    Delivery,
    Submission,
    deliveries,
    fitting,
    room_for_replies,
    with_report,
    written,
)
from postroom.store.records.records import MAX_DATA

FAR = "carol@far.test"
NOTICE = b"""Content-Type: multipart/report; boundary=b

--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822; Carol@far.test
Disposition: manual-action/MDN-sent-manually; %b
--b--
""".replace(b"\n", b"\r\n")
REPORT = b"""Content-Type: multipart/report; boundary=b

--b
Content-Type: message/delivery-status

Final-Recipient: rfc822; %b
Action: %b
%b
--b--
""".replace(b"\n", b"\r\n")


def submission(delivered: str = "unknown") -> Submission:
    return Submission(
        "R1",
        "M1",
        "T1",
        Envelope(Endpoint(""), []),
        0,
        1,
        [FAR],
        "<1@a>",
        0,
        deliveries={FAR: Delivery("250 2.0.0 Ok", delivered)},
    )


def outcome(result: str, text: str = "", status: str = "", address: str = FAR) -> Outcome:
    return Outcome(0, 0, address, result, status, text)


@pytest.mark.parametrize(
    ("event", "waiting", "delivered", "reply"),
    [
        (outcome("filed", status="2.1.5"), False, "yes", "250 2.1.5 Delivered"),
        (outcome("relayed", "250 2.0.0 Ok: queued as 7", "2.0.0"), False, "unknown", "250 2.0.0 Ok: queued as 7"),
        (outcome("delayed", "mx.far.test said: 451 4.7.1 Come again"), True, "queued", "451 4.7.1 Come again"),
        (outcome("delayed", "²³¹ of words"), True, "queued", "451 4.0.0 ²³¹ of words"),
        (outcome("delayed", "999 of words"), True, "queued", "451 4.0.0 999 of words"),
        (outcome("delayed", "No route to host"), True, "queued", "451 4.0.0 No route to host"),
        (outcome("failed", "550-5.1.1 Nobody 550 5.1.1 here", "5.1.1"), False, "no", "550 5.1.1 Nobody here"),
        (outcome("failed", "The domain accepts no mail", "5.1.10"), False, "no", "550 5.1.10 The domain accepts no mail"),
        (Routed(0, 0, FAR, "remote", "far.test"), True, "queued", QUEUED),
        (Routed(0, 0, FAR, "remote", "far.test"), False, "unknown", HANDED_ON),
    ],
)  # fmt: skip
def test_what_the_journey_says(event: Outcome, waiting: bool, delivered: str, reply: str) -> None:
    assert deliveries([event], [FAR], waiting=waiting) == {FAR: Delivery(reply, delivered)}


def test_one_for_several_and_a_long_reply() -> None:
    both = [outcome("filed"), outcome("failed", "550 5.0.0 " + "x" * 1000, address="other@far.test")]
    told = deliveries(both, [FAR], waiting=False)
    assert told[FAR].delivered == "no"
    kept = fitting(msgspec.structs.replace(submission(), deliveries=told))
    assert len(kept.deliveries[FAR].smtp_reply) == MAX_REPLY
    assert deliveries([], [FAR], waiting=True) == {FAR: Delivery(QUEUED)}


@pytest.mark.parametrize(
    "reply", ["550 5.0.0 " + "x" * 400, "550 " + '"\x01' * 100, "550 " + "\U0001f4ee" * 196]
)
def test_replies_of_very_many_are_as_long_as_the_record_has_room(reply: str) -> None:
    everybody = [f"{number}@{'x' * 60}.test" for number in range(2_700)]
    told = {address: Delivery(reply, "no") for address in everybody}
    what = msgspec.structs.replace(submission(), recipients=everybody, deliveries=told)
    what = fitting(what)
    for number in range(MAX_REPORTS):
        what = with_report(what, f"B{number}" + "y" * 60, REPORT % (b"0@x.test", b"delayed", b""))
        what = with_report(what, f"B{number}" + "y" * 60, NOTICE % b"deleted")
    assert MAX_DATA * 0.9 < len(written(what)) <= MAX_DATA
    assert fitting(what) == what
    assert room_for_replies(what) >= LEAST_REPLY


def test_notices() -> None:
    shown = with_report(submission(), "B1", NOTICE % b"displayed")
    assert (shown.mdn, shown.deliveries[FAR].displayed) == (["B1"], "yes")
    deleted = with_report(submission(), "B1", NOTICE % b"deleted")
    assert (deleted.mdn, deleted.deliveries[FAR].displayed) == (["B1"], "unknown")
    assert with_report(shown, "B1", NOTICE % b"displayed") == shown
    assert with_report(submission(), "B1", b"Subject: a report\r\n\r\n") == submission()


@pytest.mark.parametrize(
    ("action", "former", "delivered"),
    [
        (b"delivered", "unknown", "yes"),
        (b"failed", "unknown", "no"),
        (b"relayed", "unknown", "unknown"),
        (b"delayed", "unknown", "unknown"),
        (b"failed", "yes", "yes"),
        (b"delivered", "queued", "queued"),
    ],
)
def test_reports(action: bytes, former: str, delivered: str) -> None:
    told = with_report(
        submission(former),
        "B1",
        REPORT % (b"CAROL@far.test", action, b"Diagnostic-Code: smtp; 250 2.1.5 In the box\r\n"),
    )
    assert told.dsn == ["B1"]
    assert told.deliveries[FAR].delivered == delivered
    if former == "unknown" and delivered != "unknown":
        assert told.deliveries[FAR].smtp_reply == "250 2.1.5 In the box"
    assert (
        with_report(submission(), "B1", REPORT % (b"dave@far.test", action, b"")).deliveries
        == submission().deliveries
    )


def test_as_many_as_are_kept() -> None:
    told = submission()
    for number in range(MAX_REPORTS + 1):
        told = with_report(told, f"B{number + 1}", REPORT % (FAR.encode(), b"delayed", b""))
        told = with_report(told, f"B{number + 1}", NOTICE % b"deleted")
    assert len(told.dsn) == len(told.mdn) == MAX_REPORTS
