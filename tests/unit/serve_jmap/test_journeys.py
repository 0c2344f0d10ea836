"""Journey/get over a real store: what was kept, as far as who asks may know it."""

import json

from jmap_post import FAR, JmapPost, wait_for
from jmap_stage import ALICE, BOB, JmapStage
from postroom.message.ids import IdKind, id_text
from postroom.message.journey.events import Accepted, Connected, Hop, HopKind, Outcome, Routed, Said
from postroom.store import journal

SECRET = "carol@secret.test"


def hops() -> list[Hop]:
    lines = [b">220 mx", b"<EHLO crepes.test", b">250-mx", b">250 SIZE 1", b"<MAIL FROM:<alice@crepes.test>", b">250 2.1.0 ok", b"<RCPT TO:<bob@hamburger.test>", b">250 2.1.5 ok", b"<RCPT TO:<carol@secret.test>", b">250 2.1.5 ok", b"<DATA", b">354 go", b"<[9 octets of message]", b">250 2.0.0 taken"]  # fmt: skip
    received = Hop(HopKind.RECEIVED, 1_000_000, [Connected(0, "esmtps", "192.0.2.1", "192.0.2.2", "crepes.test"), Said(1, lines, tls=True), Accepted(2, ALICE, [BOB, SECRET], 9), Routed(2, 0, BOB, "local"), Routed(2, 1, SECRET, "remote")])  # fmt: skip
    return [received, Hop(HopKind.FILED, 2_000_000, [Outcome(0, 0, BOB, "filed", "2.1.5", "", "INBOX")])]


async def test_a_recipient_sees_his_part(stage: JmapStage) -> None:
    letter = await stage.deliver()
    account = stage.logins.people[BOB]

    async def write(tx: object) -> None:
        for hop in hops():
            await journal.append(tx, 77, stage.ids.next(), hop)
        await journal.link(tx, account, letter.email_id, 77, 0)

    await stage.store.engine.write(write)
    told = await stage.jmap(BOB).call("Journey/get", emailId=id_text(IdKind.EMAIL, letter.email_id))
    (journey,) = told["list"]
    assert (journey["id"], journey["whole"], journey["underWay"]) == (
        id_text(IdKind.JOURNEY, 77),
        False,
        False,
    )
    assert [hop["kind"] for hop in journey["hops"]] == ["received", "filed"]
    said = next(event for event in journey["hops"][0]["events"] if event["event"] == "said")
    by_text = {line["text"]: line for line in said["lines"]}
    assert by_text["MAIL FROM:<alice@crepes.test>"]["meaning"]["source"] == "RFC 5321 §4.1.1.2"
    assert by_text["250 SIZE 1"]["meaning"]["source"] == "RFC 1870 §4"
    assert {line["by"] for line in said["lines"]} == {"peer", "us"}
    assert all(line["tls"] for line in said["lines"])
    assert "secret" not in json.dumps(told)


async def test_without_a_journal(stage: JmapStage) -> None:
    letter = await stage.deliver()
    told = await stage.jmap(BOB).call("Journey/get", emailId=id_text(IdKind.EMAIL, letter.email_id))
    assert told["list"] == []


async def test_the_sender_sees_all(post: JmapPost) -> None:
    email = await post.draft(post.bob, to=[{"name": None, "email": ALICE}, {"name": None, "email": FAR}])
    await post.sent(post.bob, email)
    await wait_for(lambda: post.inbox(ALICE))
    told = await post.bob.call("Journey/get", emailId=email)
    (journey,) = told["list"]
    assert journey["whole"] is True
    text = json.dumps(journey)
    assert ALICE in text
    assert FAR in text
    inbox = await post.box(post.alice, "inbox")
    (there,) = (await post.alice.call("Email/query", filter={"inMailbox": inbox}))["ids"]
    (seen,) = (await post.alice.call("Journey/get", emailId=there))["list"]
    assert seen["whole"] is False
    assert "far.test" not in json.dumps(seen)
