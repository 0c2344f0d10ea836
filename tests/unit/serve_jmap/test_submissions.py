"""EmailSubmission/get, /changes, /query, /queryChanges (RFC 8621 §7.1 to §7.4), what the capability says, and what reports bring."""

import asyncio
from typing import Any

import pytest

from jmap_meanwhile import meanwhile
from jmap_post import FAR, JmapPost, envelope, wait_for
from jmap_stage import ALICE, BOB
from postroom.deliver.attempt import Attempt
from postroom.deliver.reports import Result
from postroom.message.errors import EnhancedStatus, TryLater
from postroom.message.journey.events import Outcome
from postroom.message.notifications.dsn_rules import Happened
from postroom.proto.jmap.capabilities import MDN, SUBMISSION
from postroom.proto.smtp.config import Limits
from postroom.serve.jmap.methods.call import Call, Visitor
from postroom.serve.jmap.push.watching import Watch
from postroom.serve.jmap.submission import following
from postroom.serve.jmap.submission.following import Following
from postroom.store.spool.jobs import Job

REPORT = """From: postmaster@far.test
To: bob@hamburger.test
Subject: Delivered
Message-ID: <r%(n)d@far.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=%(kind)s; boundary=b

--b

Words
--b
Content-Type: message/%(kind)s

%(fields)s
--b
Content-Type: text/rfc822-headers

Message-ID: %(about)s

--b--
"""


def report(number: int, kind: str, about: str, *fields: str) -> bytes:
    text = REPORT % {"n": number, "kind": kind, "about": about, "fields": "\n".join(fields)}
    return text.replace("\n", "\r\n").encode()


async def message_id(post: JmapPost, email: str) -> str:
    got = await post.bob.call("Email/get", ids=[email], properties=["messageId"])
    return f"<{got['list'][0]['messageId'][0]}>"


async def test_the_capability(post: JmapPost) -> None:
    session = (await post.bob.http("GET", "/jmap/session")).json
    assert session["capabilities"][SUBMISSION] == session["capabilities"][MDN] == {}
    told = session["accounts"][post.bob.account]["accountCapabilities"]
    assert told[MDN] == {}
    assert told[SUBMISSION]["maxDelayedSend"] == 30 * 86_400
    extensions = told[SUBMISSION]["submissionExtensions"]
    assert set(extensions) == {"SIZE", "DSN", "DELIVERBY", "FUTURERELEASE", "MT-PRIORITY", "REQUIRETLS"}
    assert extensions["SIZE"] == [str(50 << 20)]
    assert extensions["FUTURERELEASE"][0] == str(30 * 86_400)
    assert session["primaryAccounts"][SUBMISSION] == post.bob.account
    again = (await post.bob.http("GET", "/jmap/session")).json
    assert again["state"] == session["state"]


async def test_get_and_changes(post: JmapPost) -> None:
    bob = post.bob
    first = await bob.call("EmailSubmission/get", ids=None)
    assert first["list"] == []
    email = await post.draft(bob)
    made = await post.sent(bob, email)
    got = await bob.call("EmailSubmission/get", ids=[made["id"], "R1"])
    assert got["notFound"] == ["R1"]
    assert got["list"][0] == made | {"identityId": await post.identity(bob), "emailId": email}
    some = await bob.call("EmailSubmission/get", ids=None, properties=["undoStatus"])
    assert some["list"] == [{"id": made["id"], "undoStatus": "final"}]
    changed = await bob.call("EmailSubmission/changes", sinceState=first["state"])
    assert changed["created"] == [made["id"]]
    assert (await bob.error("EmailSubmission/changes", sinceState="x"))["type"] == "cannotCalculateChanges"
    assert (await bob.error("EmailSubmission/get", ids=None, properties=["x"]))["type"] == "invalidArguments"
    for method, more in (
        ("get", {"ids": None}),
        ("changes", {"sinceState": "0"}),
        ("query", {}),
        ("queryChanges", {"sinceQueryState": "0"}),
    ):
        error = await bob.error(f"EmailSubmission/{method}", accountId=post.alice.account, **more)
        assert error["type"] == "accountNotFound"


async def test_query(post: JmapPost) -> None:
    bob = post.bob
    one, two = await post.draft(bob), await post.draft(bob, subject="mustard")
    first = await post.sent(bob, one)
    second = await post.sent(bob, two, envelope(BOB, ALICE, HOLDFOR="3600"))
    both = [first["id"], second["id"]]

    async def ids(wanted: Any = None, **more: Any) -> list[str]:
        return (await bob.call("EmailSubmission/query", filter=wanted, **more))["ids"]  # type: ignore[no-any-return]

    assert await ids() == both
    assert await ids({"emailIds": [two]}) == both[1:]
    assert await ids({"threadIds": [first["threadId"]]}) == both[:1]
    assert await ids({"identityIds": [await post.identity(bob)]}) == both
    assert await ids({"identityIds": []}) == []
    assert await ids({"undoStatus": "pending"}) == both[1:]
    assert await ids({"before": second["sendAt"]}) == both[:1]
    assert await ids({"after": second["sendAt"]}) == both[1:]
    assert await ids({"operator": "NOT", "conditions": [{"undoStatus": "pending"}]}) == both[:1]
    for name in ("sentAt", "sendAt", "emailId", "threadId"):
        assert await ids(sort=[{"property": name, "isAscending": False}]) == both[::-1]
    assert (await bob.call("EmailSubmission/query", calculateTotal=True, position=1, limit=1))["total"] == 2
    assert (await bob.error("EmailSubmission/query", sort=[{"property": "size"}]))[
        "type"
    ] == "unsupportedSort"
    assert (await bob.error("EmailSubmission/query", filter={"size": 1}))["type"] == "unsupportedFilter"
    assert (await bob.error("EmailSubmission/query", filter={"before": "soon"}))["type"] == "invalidArguments"
    assert (await bob.error("EmailSubmission/query", filter={"emailIds": 1}))["type"] == "invalidArguments"
    assert (await bob.error("EmailSubmission/query", anchor="R1"))["type"] == "anchorNotFound"


async def test_query_changes(post: JmapPost) -> None:
    bob = post.bob
    first = await post.sent(bob, await post.draft(bob), envelope(BOB, ALICE, HOLDFOR="3600"))
    state = (await bob.call("EmailSubmission/query"))["queryState"]
    second = await post.sent(bob, await post.draft(bob))
    await bob.call("EmailSubmission/set", update={first["id"]: {"undoStatus": "canceled"}})
    told = await bob.call("EmailSubmission/queryChanges", sinceQueryState=state, calculateTotal=True)
    assert sorted(told["removed"]) == sorted([first["id"], second["id"]])
    assert [one["index"] for one in told["added"]] == [0, 1]
    assert told["total"] == 2
    since = {"sinceQueryState": state, "upToId": first["id"]}  # RFC 8620 §5.6, of what never changes
    told = await bob.call("EmailSubmission/queryChanges", maxChanges=2, **since)
    assert (told["removed"], told["added"]) == ([first["id"]], [{"id": first["id"], "index": 0}])
    either = {"operator": "NOT", "conditions": [{"undoStatus": "pending"}]}
    told = await bob.call("EmailSubmission/queryChanges", filter=either, **since)
    assert sorted(told["removed"]) == sorted([first["id"], second["id"]])
    error = await bob.error("EmailSubmission/queryChanges", sinceQueryState=state, maxChanges=1)
    assert error["type"] == "tooManyChanges"


# -------------------------------------------------------------------------------------------------------------- delivery status


async def status(post: JmapPost, record: str, address: str) -> dict[str, Any]:
    return (await post.submission(post.bob, record))["deliveryStatus"][address]  # type: ignore[no-any-return]


async def test_what_another_system_says(post: JmapPost) -> None:
    office, bob = post.office, post.bob

    def refuses(job: Job) -> Attempt:
        reply = ("550-5.7.1 Our system has detected that this message is", "550 5.7.1 likely spam.")
        return _told(
            office.clock.now(), job, Result(job.copies[0], Happened.FAILED, EnhancedStatus(5, 7, 1), reply)
        )

    office.scripted.scripts["refusing.test"] = refuses
    office.start()
    made = await post.sent(bob, await post.draft(bob), envelope(BOB, FAR, "x@refusing.test", ALICE))

    async def all_done() -> bool:
        return not await office.waiting()

    await wait_for(all_done)
    assert (await status(post, made["id"], ALICE))["delivered"] == "yes"
    refused = await status(post, made["id"], "x@refusing.test")
    assert refused["delivered"] == "no"
    assert refused["smtpReply"] == "550 5.7.1 Our system has detected that this message is likely spam."
    shown = await post.submission(bob, made["id"])
    assert len(shown["dsnBlobIds"]) == 1  # our own report to Bob, about refusing.test
    assert shown["deliveryStatus"][FAR]["delivered"] == "unknown"


def _told(now: int, job: Job, result: Result) -> Attempt:
    """An attempt with the event that a conversation would note."""
    event = Outcome(
        0,
        result.copy.rcpt,
        str(result.copy.address),
        "failed",
        str(result.status),
        " ".join(result.reply),
        "mx",
    )
    return Attempt(now, [result], events=[event])


async def test_while_the_other_system_is_away(post: JmapPost) -> None:
    office, bob = post.office, post.bob
    office.scripted.down["far.test"] = "mx.far.test said: 421 4.3.2 Closing"
    office.start()
    made = await post.sent(bob, await post.draft(bob), envelope(BOB, FAR))
    assert (await status(post, made["id"], FAR))["delivered"] == "queued"
    assert (await post.submission(bob, made["id"]))["undoStatus"] == "final"


async def test_reports_that_come_in(post: JmapPost) -> None:
    office, bob = post.office, post.bob
    office.start()
    email = await post.draft(bob)
    made = await post.sent(bob, email, envelope(BOB, FAR))

    async def all_done() -> bool:
        return not await office.waiting()

    await wait_for(all_done)
    about = await message_id(post, email)
    assert (await status(post, made["id"], FAR))["delivered"] == "unknown"
    state = (await bob.call("EmailSubmission/get", ids=[]))["state"]
    about_far = (
        "Reporting-MTA: dns; far.test",
        "",
        f"Final-Recipient: rfc822; {FAR}",
        "Action: delivered",
        "Status: 2.0.0",
    )
    await post.stage.deliver(report(1, "delivery-status", about, *about_far))
    await post.stage.deliver(report(2, "delivery-status", "<another@hamburger.test>", *about_far))
    read = (
        f"Final-Recipient: rfc822; {FAR}",
        f"Original-Message-ID: {about}",
        "Disposition: manual-action/MDN-sent-manually; displayed",
    )
    notice = await post.stage.deliver(report(3, "disposition-notification", about, *read))
    shown = await post.submission(bob, made["id"])
    assert shown["deliveryStatus"][FAR] == {
        "smtpReply": "250 2.0.0 Has left the queue",
        "delivered": "yes",
        "displayed": "yes",
    }
    assert len(shown["dsnBlobIds"]) == len(shown["mdnBlobIds"]) == 1
    assert (await bob.call("EmailSubmission/changes", sinceState=state))["updated"] == [made["id"]]
    again = await post.submission(post.client(), made["id"])  # a server that remembers nothing
    assert again == shown
    parsed = await bob.call("MDN/parse", blobIds=shown["mdnBlobIds"] + shown["dsnBlobIds"] + ["B1"])
    assert parsed["notParsable"] == shown["dsnBlobIds"]
    assert parsed["notFound"] == ["B1"]
    (told,) = parsed["parsed"].values()
    assert told["forEmailId"] == email
    assert told["originalMessageId"] == about
    assert notice is not None


async def gone(post: JmapPost) -> tuple[str, str]:
    """A submission that has left for another system; and its message-id."""
    post.office.start()
    email = await post.draft(post.bob)
    made = await post.sent(post.bob, email, envelope(BOB, FAR))

    async def all_done() -> bool:
        return not await post.office.waiting()

    await wait_for(all_done)
    assert (await status(post, made["id"], FAR))["delivered"] == "unknown"
    return made["id"], await message_id(post, email)


READ = (f"Final-Recipient: rfc822; {FAR}", "Disposition: manual-action/MDN-sent-manually; displayed")


async def test_a_report_is_not_forgotten_when_it_cannot_be_written_down(
    post: JmapPost, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission, about = await gone(post)
    await post.stage.deliver(report(1, "disposition-notification", about, *READ))

    async def busy(*_: Any) -> Any:
        raise TryLater

    with monkeypatch.context() as patch:
        patch.setattr(Call, "write", busy)
        assert (await post.bob.error("EmailSubmission/get", ids=[submission]))["type"] == "serverUnavailable"
    assert (await status(post, submission, FAR))["displayed"] == "yes"


async def test_two_who_follow_at_once_lose_nothing_of_each_other(post: JmapPost) -> None:
    submission, about = await gone(post)
    other = post.client()

    async def meanwhile_comes_another() -> None:
        await post.stage.deliver(report(2, "disposition-notification", about, *READ))
        assert len((await post.submission(other, submission))["mdnBlobIds"]) == 2

    await post.stage.deliver(report(1, "disposition-notification", about, *READ))
    with meanwhile(meanwhile_comes_another):
        await post.submission(post.bob, submission)
    assert len((await post.submission(other, submission))["mdnBlobIds"]) == 2
    assert len((await post.submission(post.bob, submission))["mdnBlobIds"]) == 2


async def test_a_forged_report_does_not_change_what_is_known(post: JmapPost) -> None:
    bob = post.bob
    email = await post.draft(bob)
    made = await post.sent(bob, email)
    fields = (
        "Reporting-MTA: dns; x",
        "",
        f"Final-Recipient: rfc822; {ALICE}",
        "Action: failed",
        "Status: 5.0.0",
    )
    await post.stage.deliver(report(1, "delivery-status", await message_id(post, email), *fields))
    assert (await status(post, made["id"], ALICE))["delivered"] == "yes"


async def test_who_listens_is_told_what_becomes_of_it(
    post: JmapPost, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, bob = post.office, post.bob
    service, account_id = bob.app.service, post.stage.logins.people[BOB]
    looks = 0
    follow = following.follow

    async def counting(call: Call, account_id: int) -> bool:
        nonlocal looks
        looks += 1
        return await follow(call, account_id)

    monkeypatch.setattr(following, "follow", counting)
    chore = Following(lambda: service, tuple)
    made = await post.sent(bob, await post.draft(bob), envelope(BOB, FAR))
    await chore.look()
    assert looks == 0  # nobody listens
    watch = Watch(service, Visitor(account_id, BOB), frozenset({"EmailSubmission"}))
    await watch.begin()
    service.audience.enter(account_id, watch)
    office.start()

    async def all_done() -> bool:
        return not await office.waiting()

    await wait_for(all_done)
    await chore.look()
    news = await asyncio.wait_for(watch.news(), 60)
    assert news is not None
    state = news.changed[bob.account]["EmailSubmission"]
    got = await bob.call("EmailSubmission/get", ids=[made["id"]])
    assert (got["state"], got["list"][0]["deliveryStatus"][FAR]["delivered"]) == (state, "unknown")
    await chore.look()
    before = looks
    await chore.look()
    assert looks == before  # nothing is waited for
    service.audience.leave(account_id, watch)
    watch.close()


async def test_so_many_that_their_fate_could_not_be_recorded(post: JmapPost) -> None:
    """It is refused before anything is sent, and says how many would do."""
    post.limits = Limits(recipients=20_000)
    bob = post.client()
    many = [{"email": ALICE}, *({"email": f"{number:04}.{'x' * 40}@far.test"} for number in range(4_000))]
    error = await post.refused(bob, await post.draft(bob, to=many))
    assert error["type"] == "tooManyRecipients"
    most = error["maxRecipients"]
    assert 2_000 < most < 4_000
    assert f"send to {most} at a time" in error["description"]
    assert await post.inbox(ALICE) == []
    await post.sent(bob, await post.draft(bob, to=many[:most]))
    assert len(await post.inbox(ALICE)) == 1
