"""Email/redirect: sent on as it is, under one's own name in Resent-From; and who may be named as its author (RFC 5322 §3.6.6, RFC 6409 §6.1)."""

from typing import Any

import pytest

from jmap_post import FAR, JmapPost, wait_for
from jmap_stage import ALICE, BOB
from postroom.message.ids import IdKind, id_text, parse_id
from postroom.message.journey.events import Authenticated, Decided, Event, Hop, HopKind, Outcome
from postroom.proto.smtp.config import Limits
from postroom.serve.jmap.submission.provenance import MOST_AUTHORS
from postroom.store import journal

FOREIGN = b"From: dora@kitchen.test\r\nTo: bob@hamburger.test\r\nSubject: galettes\r\nMessage-ID: <g@crepes.test>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\nWith butter\r\n"  # fmt: skip


async def received(
    post: JmapPost, raw: bytes = FOREIGN, *events: Event, hop: HopKind = HopKind.RECEIVED
) -> str:
    """A letter in Bob's inbox that came by a journey; `events` are what its first hop says."""
    letter = await post.stage.deliver(raw)
    account = post.stage.logins.people[BOB]

    async def write(tx: Any) -> None:
        accept_id = post.stage.ids.next()
        await journal.append(tx, accept_id, post.stage.ids.next(), Hop(hop, 1_000_000, list(events)))
        await journal.link(tx, account, letter.email_id, accept_id, 0)
        failed = Hop(
            HopKind.REPORT, 2_000_000, [Outcome(0, 1, FAR, "failed")]
        )  # of another recipient, and no proof
        await journal.append(tx, accept_id, post.stage.ids.next(), failed)

    await post.stage.store.engine.write(write)
    return id_text(IdKind.EMAIL, letter.email_id)


async def redirect(post: JmapPost, email: str, *to: str, **more: Any) -> dict[str, Any]:
    """The whole answer for one creation `r`."""
    people = [{"name": None, "email": one} for one in to]
    given = {"identityId": await post.identity(post.bob), "emailId": email, "to": people} | more
    return await post.bob.call("Email/redirect", create={"r": given})


async def test_a_strangers_letter_goes_on_as_it_was(post: JmapPost) -> None:
    email = await received(post)
    told = await redirect(post, email, ALICE, FAR)
    made = told["created"]["r"]
    assert made["envelope"]["mailFrom"]["email"] == BOB
    assert [one["email"] for one in made["envelope"]["rcptTo"]] == [ALICE, FAR]
    assert told["notCreated"] is None
    (arrived,) = await wait_for(lambda: post.inbox(ALICE))
    head, _, rest = arrived.partition(b"From: dora@kitchen.test\r\n")
    assert rest == FOREIGN.partition(b"From: dora@kitchen.test\r\n")[2]
    assert b"\r\nResent-From: bob@hamburger.test\r\n" in head
    assert (
        b"\r\nResent-To: alice@crepes.test, carol@far.test\r\n".replace(b"alice@crepes.test", ALICE.encode())
        in head
    )
    assert b"\r\nResent-Date: " in head
    assert b"\r\nResent-Message-ID: <" in head
    sent = (await post.bob.call("EmailSubmission/get", ids=[made["id"]]))["list"][0]
    assert sent["emailId"] == email


async def test_it_can_be_held_and_called_back(post: JmapPost) -> None:
    email = await received(post)
    made = (await redirect(post, email, ALICE, holdFor=3600))["created"]["r"]
    assert made["undoStatus"] == "pending"
    told = await post.bob.call("EmailSubmission/set", update={made["id"]: {"undoStatus": "canceled"}})
    assert made["id"] in told["updated"]
    assert await post.inbox(ALICE) == []


async def test_once_more_what_another_sent_on(post: JmapPost) -> None:
    block = b"Resent-From: zoe@far.test\r\nResent-To: bob@hamburger.test\r\nResent-Date: Sat, 21 Nov 2026 11:00:00 +0000\r\n"
    email = await received(post, block + FOREIGN)
    assert (await redirect(post, email, ALICE))["created"]
    (arrived,) = await wait_for(lambda: post.inbox(ALICE))
    assert arrived.index(b"Resent-From: bob@") < arrived.index(b"Resent-From: zoe@")


NEIGHBOUR = FOREIGN.replace(b"dora@kitchen.test", b"boss@hamburger.test")
AKIN = FOREIGN.replace(b"dora@kitchen.test", b"boss@sub.of.hamburger.test")
HIDDEN = FOREIGN.replace(b"\r\nTo:", b"\r\nSender: boss@hamburger.test\r\nTo:")
PASSED = Decided(0, "dmarc", "pass", "")


@pytest.mark.parametrize("raw", [NEIGHBOUR, AKIN, HIDDEN])
async def test_nobody_is_made_to_say_what_he_did_not(post: JmapPost, raw: bytes) -> None:
    """Somebody of our own domain, or akin to it: our SPF record would vouch for it."""
    email = await received(post, raw, Decided(0, "dmarc", "fail", ""))
    told = await redirect(post, email, FAR)
    assert told["created"] is None
    assert told["notCreated"]["r"]["type"] == "forbiddenFrom"
    assert "not proven" in told["notCreated"]["r"]["description"]
    for proof in (PASSED, Authenticated(0, "boss@hamburger.test", "PLAIN")):
        assert (await redirect(post, await received(post, raw, proof), FAR))["created"]


async def test_a_report_of_ours_goes_on(post: JmapPost) -> None:
    email = await received(post, NEIGHBOUR.replace(b"boss", b"postmaster"), hop=HopKind.REPORT)
    assert (await redirect(post, email, FAR))["created"]


@pytest.mark.parametrize("raw", [FOREIGN, NEIGHBOUR])
async def test_what_one_has_put_into_the_mailbox_oneself_is_nobodys(post: JmapPost, raw: bytes) -> None:
    letter = await post.stage.deliver(raw)  # without a journey, as by APPEND
    told = await redirect(post, id_text(IdKind.EMAIL, letter.email_id), FAR)
    assert told["notCreated"]["r"]["type"] == "forbiddenFrom"
    assert "forward it as an attachment" in told["notCreated"]["r"]["description"]
    own = await post.stage.deliver(
        raw.replace(b"dora@kitchen.test", b"bob@hamburger.test").replace(b"boss@", b"bob@")
    )
    assert (await redirect(post, id_text(IdKind.EMAIL, own.email_id), FAR))["created"]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"to": []}, "noRecipients"),
        ({"to": [{"email": "nobody"}]}, "invalidRecipients"),
        ({"to": [{"email": ALICE, "name": "A\r\nBcc: x@y.test"}]}, "invalidProperties"),
        ({"to": [{"email": ALICE, "color": "red"}]}, "invalidProperties"),
        ({"to": ALICE}, "invalidProperties"),
        ({"emailId": "M1"}, "invalidProperties"),
        ({"identityId": "R1"}, "invalidProperties"),
        ({"holdFor": -1}, "invalidProperties"),
        ({"holdFor": 99_999_999}, "invalidProperties"),
        ({"envelope": {}}, "invalidProperties"),
    ],
)
async def test_what_is_refused(post: JmapPost, more: dict[str, Any], kind: str) -> None:
    email = await received(post)
    told = await redirect(post, email, FAR, **more)
    assert told["notCreated"]["r"]["type"] == kind, told
    assert told["created"] is None


async def test_drafts_and_letters_without_an_author(post: JmapPost) -> None:
    draft = await post.draft(post.bob)
    assert (await redirect(post, draft, FAR))["notCreated"]["r"]["type"] == "invalidProperties"
    nobody = await received(post, b"Subject: x\r\n\r\nx\r\n")
    assert (await redirect(post, nobody, FAR))["notCreated"]["r"]["type"] == "invalidEmail"
    many = await received(post, b"From: a@far.test\r\n" + FOREIGN)
    assert (await redirect(post, many, FAR))["notCreated"]["r"]["type"] == "invalidEmail"


async def test_of_ones_own_account_alone(post: JmapPost) -> None:
    email = await received(post)
    error = await post.alice.error("Email/redirect", accountId=post.bob.account, create={})
    assert error["type"] == "accountNotFound"
    assert parse_id(IdKind.EMAIL, email)


async def test_as_many_as_the_door_takes(post: JmapPost) -> None:
    most = Limits().recipients
    email = await received(post)
    people = [{"email": f"p{number}@far.test"} for number in range(most + 1)]
    error = (await redirect(post, email, to=people))["notCreated"]["r"]
    assert (error["type"], error["maxRecipients"]) == ("tooManyRecipients", most)
    assert (await redirect(post, email, to=people[:most]))["created"]


async def test_as_many_authors_as_are_looked_up(post: JmapPost) -> None:
    for number, kind in ((MOST_AUTHORS - 1, None), (MOST_AUTHORS, "invalidEmail")):
        names = ",\r\n ".join(f"p{one}@kitchen.test" for one in range(number)).encode()
        raw = FOREIGN.replace(b"dora@kitchen.test", names + b"\r\nSender: dora@kitchen.test")
        told = await redirect(post, await received(post, raw), FAR)
        assert (told["notCreated"] or {}).get("r", {}).get("type") == kind, told
