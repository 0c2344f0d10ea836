"""EmailSubmission/set (RFC 8621 §7.5): the whole way of a letter, what is refused and why, what is called back."""

from typing import Any

import msgspec
import pytest

from jmap_post import FAR, JmapPost, envelope, wait_for
from jmap_stage import ALICE, BOB
from postroom.intake.guard.guard import Guard, GuardTerms
from postroom.intake.rates import Counted, Rates
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.types import utc_date
from postroom.proto.smtp.config import Limits
from postroom.store.records import records
from postroom.store.spool import queue
from queued import handle


async def test_from_a_draft_to_the_others_inbox(post: JmapPost) -> None:
    """The example of RFC 8621 §7.5.1."""
    bob = post.bob
    drafts, sent = await post.box(bob, "drafts"), await post.box(bob, "sent")
    email = await post.draft(bob, bcc=[{"name": None, "email": BOB}])
    create = {"k1490": {"identityId": await post.identity(bob), "emailId": email}}
    patch = {f"mailboxIds/{drafts}": None, f"mailboxIds/{sent}": True, "keywords/$draft": None}
    answers = await bob.request(
        [
            "EmailSubmission/set",
            {"accountId": bob.account, "create": create, "onSuccessUpdateEmail": {"#k1490": patch}},
            "0",
        ]
    )
    (name, told, tag), (second, email_set, other_tag) = answers
    assert (name, second, tag, other_tag) == ("EmailSubmission/set", "Email/set", "0", "0")
    made = told["created"]["k1490"]
    assert set(made) == {
        "id",
        "threadId",
        "envelope",
        "sendAt",
        "undoStatus",
        "deliveryStatus",
        "dsnBlobIds",
        "mdnBlobIds",
    }
    assert made["envelope"] == envelope(BOB, ALICE, BOB)
    assert made["undoStatus"] == "final"
    assert {name: one["delivered"] for name, one in made["deliveryStatus"].items()} == {
        ALICE: "yes",
        BOB: "yes",
    }
    assert told["oldState"] != told["newState"]
    assert email_set["updated"] == {email: None}
    (arrived,) = await post.inbox(ALICE)
    assert b"Subject: ketchup" in arrived
    assert b"bcc:" not in arrived.lower()
    assert b"authenticated as bob@hamburger.test" in arrived
    assert len(await post.inbox(BOB)) == 1  # the blind copy
    kept = (await bob.call("Email/get", ids=[email], properties=["bcc", "mailboxIds", "keywords"]))["list"][0]
    assert kept["bcc"] == [{"name": None, "email": BOB}]
    assert kept["mailboxIds"] == {sent: True}
    assert kept["keywords"] == {"$seen": True}
    found = (await post.alice.call("Email/query", filter={"subject": "ketchup"}))["ids"]
    assert len(found) == 1


async def test_on_success_destroys_and_does_nothing_for_what_failed(post: JmapPost) -> None:
    bob = post.bob
    email, other = await post.draft(bob), await post.draft(bob, to=None)
    identity = await post.identity(bob)
    create = {
        "a": {"identityId": identity, "emailId": email},
        "b": {"identityId": identity, "emailId": other},
    }
    answers = await bob.request(
        [
            "EmailSubmission/set",
            {"accountId": bob.account, "create": create, "onSuccessDestroyEmail": ["#a", "#b"]},
            "0",
        ]
    )
    assert answers[0][1]["notCreated"]["b"]["type"] == "noRecipients"
    assert answers[1][1]["destroyed"] == [email]
    made = answers[0][1]["created"]["a"]["id"]
    assert (await post.submission(bob, made))["emailId"] == email  # RFC 8621 §7.5: it stays
    answers = await bob.request(
        [
            "EmailSubmission/set",
            {
                "accountId": bob.account,
                "destroy": [made],
                "onSuccessUpdateEmail": {made: {"keywords/x": True}},
            },
            "0",
        ]
    )
    assert answers[0][1]["destroyed"] == [made]
    assert list(answers[1][1]["notUpdated"]) == [email]  # it is gone


async def test_a_request_without_success_makes_no_second_answer(post: JmapPost) -> None:
    bob = post.bob
    given = {"identityId": "R1", "emailId": "M1"}
    answers = await bob.request(
        [
            "EmailSubmission/set",
            {"accountId": bob.account, "create": {"a": given}, "onSuccessDestroyEmail": ["#a"]},
            "0",
        ]
    )
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("given", "kind", "properties"),
    [
        ({"identityId": "R1"}, "invalidProperties", ["identityId"]),
        ({"identityId": None}, "invalidProperties", ["identityId"]),
        ({"identityId": "#nobody"}, "invalidProperties", ["identityId"]),
        ({"emailId": "M1"}, "invalidProperties", ["emailId"]),
        ({"emailId": 7}, "invalidProperties", ["emailId"]),
        ({"sendAt": "2030-01-01T00:00:00Z"}, "invalidProperties", ["sendAt"]),
        ({"envelope": {"rcptTo": []}}, "invalidProperties", ["envelope"]),
        ({"envelope": envelope("nobody", ALICE)}, "invalidProperties", ["envelope"]),
        ({"envelope": envelope(BOB, ALICE, HOLDFOR="soon")}, "invalidProperties", ["envelope"]),
        ({"envelope": envelope(BOB, ALICE, HOLDFOR="99999999")}, "invalidProperties", ["envelope"]),
        ({"envelope": envelope(BOB, ALICE, XNONE=None)}, "invalidProperties", ["envelope"]),
        ({"envelope": envelope(BOB)}, "noRecipients", None),
        ({"envelope": envelope(ALICE, ALICE)}, "forbiddenMailFrom", None),
    ],
)  # fmt: skip
async def test_what_is_refused(
    post: JmapPost, given: dict[str, Any], kind: str, properties: list[str] | None
) -> None:
    bob = post.bob
    whole = {"identityId": await post.identity(bob), "emailId": await post.draft(bob)} | given
    error = (await bob.call("EmailSubmission/set", create={"s": whole}))["notCreated"]["s"]
    assert error["type"] == kind, error
    assert error.get("properties") == properties
    assert await post.inbox(ALICE) == []
    assert (await bob.call("EmailSubmission/query"))["ids"] == []


async def test_recipients_that_are_none(post: JmapPost) -> None:
    bob = post.bob
    email = await post.draft(bob)
    for wrong in ("nobody", "nobody@crepes.test", "a b@far.test"):
        error = await post.refused(bob, email, envelope(BOB, ALICE, wrong))
        assert error["type"] == "invalidRecipients"
        assert error["invalidRecipients"] == [wrong]
    assert await post.inbox(ALICE) == []


async def test_too_many_recipients(post: JmapPost) -> None:
    post.limits = Limits(recipients=2)
    bob = post.client()
    email = await post.draft(bob)
    await post.sent(bob, email, envelope(BOB, ALICE, BOB))
    error = await post.refused(bob, email, envelope(BOB, ALICE, BOB, FAR))
    assert (error["type"], error["maxRecipients"]) == ("tooManyRecipients", 2)


async def test_too_large(post: JmapPost) -> None:
    email = await post.draft(post.bob)
    size = (await post.bob.call("Email/get", ids=[email], properties=["size"]))["list"][0]["size"]
    post.limits = Limits(message=size - 1)
    error = await post.refused(post.client(), email)
    assert (error["type"], error["maxSize"]) == ("tooLarge", size - 1)
    post.limits = Limits(message=size)
    await post.sent(post.client(), email)


@pytest.mark.parametrize(
    ("given", "kind", "properties"),
    [
        ({"from": [{"name": None, "email": ALICE}]}, "forbiddenFrom", None),
        ({"from": None}, "invalidEmail", ["from"]),
        ({"from": [{"name": None, "email": BOB}, {"name": None, "email": BOB}]}, "invalidEmail", ["from"]),
        ({"from": [{"name": None, "email": "nonsense"}]}, "invalidEmail", ["from"]),
        ({"sender": [{"name": None, "email": BOB}, {"name": None, "email": BOB}]}, "invalidEmail", ["sender"]),
        ({"sender": [{"name": None, "email": ALICE}]}, "forbiddenFrom", None),
    ],
)  # fmt: skip
async def test_authors(
    post: JmapPost, given: dict[str, Any], kind: str, properties: list[str] | None
) -> None:
    error = await post.refused(post.bob, await post.draft(post.bob, **given))
    assert error["type"] == kind, error
    assert error.get("properties") == properties


async def test_the_identity_stands_in_for_a_sender_that_is_not_its_own(post: JmapPost) -> None:
    """RFC 8621 §7, envelope: the reverse-path is the identity's; the header is then the door's matter."""
    shop = "bob+shop@hamburger.test"
    email = await post.draft(post.bob, **{"from": [{"name": None, "email": shop}]})
    assert (await post.sent(post.bob, email))["envelope"]["mailFrom"]["email"] == BOB
    made = await post.bob.call("Identity/set", create={"i": {"email": shop}})
    given = {"identityId": made["created"]["i"]["id"], "emailId": email}
    told = await post.bob.call("EmailSubmission/set", create={"s": given})
    assert told["created"]["s"]["envelope"]["mailFrom"]["email"] == shop


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"header:Date": " then"}, ["sentAt"]),
        ({"subject": None, "header:Subject:all": [" a", " b"]}, ["subject"]),
        ({"to": None, "header:To": " foo <", "header:Reply-To": " nobody", "header:Message-ID": " x"}, ["replyTo", "to", "messageId"]),
        ({"header:Cc:all": [f" {ALICE}", f" {BOB}"], "from": None}, ["from", "cc"]),
    ],
)  # fmt: skip
async def test_what_is_sent_is_well_formed(post: JmapPost, given: dict[str, Any], wrong: list[str]) -> None:
    """RFC 8621 §4.6, §7.5: a draft may be anything, but it is looked at when it is submitted; all that is wrong is named."""
    error = await post.refused(post.bob, await post.draft(post.bob, **given), envelope(BOB, ALICE))
    assert (error["type"], error["properties"]) == ("invalidEmail", wrong)


async def test_nothing_is_sent_without_a_door(post: JmapPost) -> None:
    bob = post.client(post=None)
    assert (await post.refused(bob, await post.draft(bob)))["type"] == "forbiddenToSend"


async def test_the_hourly_limit_of_an_account(post: JmapPost) -> None:
    clock = post.office.clock
    guard = Guard(GuardTerms(), post.office.zone, clock.sleep)
    guard.rates = Rates({Counted.SENT: 1}, clock.monotonic)
    bob = post.client(guard=guard)
    email = await post.draft(bob)
    await post.sent(bob, email)
    assert (await post.refused(bob, email))["type"] == "rateLimit"
    clock.advance(3600)
    await post.sent(bob, email)
    assert len(await post.inbox(ALICE)) == 2


async def test_a_letter_of_the_null_sender_and_parameters(post: JmapPost) -> None:
    bob = post.bob
    email = await post.draft(bob)
    given = envelope("", FAR)
    given["rcptTo"][0]["parameters"] = {"NOTIFY": "SUCCESS", "ORCPT": "rfc822;other@far.test"}
    given["mailFrom"]["parameters"] = {"ENVID": "order 7+8", "RET": "HDRS", "MT-PRIORITY": "3"}
    made = await post.sent(bob, email, given)
    assert "envelope" not in made
    (row,) = await post.office.rows("SELECT sender, terms FROM spool")
    assert row[0] == ""
    assert b"order 7+8" in bytes(row[1])
    (copy,) = await post.office.rows("SELECT terms FROM rcpt")
    assert b"other@far.test" in bytes(copy[0])


# ------------------------------------------------------------------------------------------------------------------- held mail


@pytest.mark.parametrize("recipient", [ALICE, FAR])
async def test_what_was_canceled_never_arrives(post: JmapPost, recipient: str) -> None:
    bob, office = post.bob, post.office
    office.start()
    made = await post.sent(bob, await post.draft(bob), envelope(BOB, recipient, HOLDFOR="600"))
    assert made["undoStatus"] == "pending"
    assert made["deliveryStatus"][recipient]["delivered"] == "queued"
    told = await bob.call("EmailSubmission/set", update={made["id"]: {"undoStatus": "canceled"}})
    assert list(told["updated"]) == [made["id"]]
    assert (await office.waiting()) == []
    assert await office.rows("SELECT spool_id FROM spool") == []
    office.clock.advance(3600)
    office.runner.wake()
    other = await post.sent(bob, await post.draft(bob, subject="mustard"), envelope(BOB, recipient))
    if recipient == ALICE:
        (arrived,) = await post.inbox(ALICE)
        assert b"mustard" in arrived
    else:
        await wait_for(lambda: _nothing_waits(post))
        assert len(office.scripted.sent) == 1
    now = await post.submission(bob, made["id"])
    assert now["undoStatus"] == "canceled"
    assert now["deliveryStatus"][recipient]["delivered"] == "no"
    assert (await post.submission(bob, other["id"]))["undoStatus"] == "final"
    again = await bob.call("EmailSubmission/set", update={made["id"]: {"undoStatus": "canceled"}})
    assert again["updated"] == {made["id"]: None}


async def _nothing_waits(post: JmapPost) -> bool:
    return not await post.office.waiting()


async def test_held_mail_leaves_at_its_time_and_cannot_be_unsent_then(post: JmapPost) -> None:
    bob, office = post.bob, post.office
    office.start()
    made = await post.sent(bob, await post.draft(bob), envelope(BOB, ALICE, HOLDFOR="600"))
    before = await bob.call("EmailSubmission/get", ids=None)
    assert await post.inbox(ALICE) == []
    office.clock.advance(601)
    office.runner.wake()
    await wait_for(lambda: post.inbox(ALICE))
    await wait_for(lambda: _nothing_waits(post))
    told = await bob.call("EmailSubmission/set", update={made["id"]: {"undoStatus": "canceled"}})
    assert told["notUpdated"][made["id"]]["type"] == "cannotUnsend"
    now = await post.submission(bob, made["id"])
    assert now["undoStatus"] == "final"
    assert now["sendAt"] == made["sendAt"]
    assert now["deliveryStatus"] == {
        ALICE: {"smtpReply": "250 2.1.5 Delivered", "delivered": "yes", "displayed": "unknown"}
    }
    changed = await bob.call("EmailSubmission/changes", sinceState=before["state"])
    assert changed["updated"] == [made["id"]]


async def test_a_held_letter_in_a_file_is_called_back(post: JmapPost) -> None:
    """Its file is nobody's any more."""
    bob = post.bob
    long = {"1": {"value": "Do you like it?\r\n" * 2000}}
    made = await post.sent(
        bob, await post.draft(bob, bodyValues=long), envelope(BOB, ALICE, FAR, HOLDFOR="600")
    )
    assert len(await post.office.waiting()) == 2
    told = await bob.call("EmailSubmission/set", update={made["id"]: {"undoStatus": "canceled"}})
    assert told["notUpdated"] is None
    assert await post.office.rows("SELECT account_id FROM blobs WHERE account_id = 0 AND refs > 0") == []


async def test_holduntil_is_when_it_is_sent(post: JmapPost) -> None:
    bob, clock = post.bob, post.office.clock
    until = utc_date(clock.now() + 3_600_000_000)
    made = await post.sent(bob, await post.draft(bob), envelope(BOB, ALICE, HOLDUNTIL=until))
    assert made["sendAt"] == until


async def test_the_undo_delay_of_the_server(post: JmapPost) -> None:
    bob = post.client(undo=10)
    made = await post.sent(bob, await post.draft(bob))
    assert made["undoStatus"] == "pending"
    assert await post.inbox(ALICE) == []
    told = await bob.call("EmailSubmission/set", update={made["id"]: {"undoStatus": "canceled"}})
    assert told["notUpdated"] is None
    second = await post.sent(bob, await post.draft(bob))
    post.office.start()
    post.office.clock.advance(11)
    post.office.runner.wake()
    await wait_for(lambda: post.inbox(ALICE))
    assert (await post.submission(bob, second["id"]))["undoStatus"] == "final"
    assert len(await post.inbox(ALICE)) == 1


async def test_what_is_being_delivered_is_not_called_back(post: JmapPost) -> None:
    """A job that somebody works on, though its time has not come: an administrator's retry."""
    bob = post.bob
    made = await post.sent(bob, await post.draft(bob), envelope(BOB, FAR, HOLDFOR="600"))
    await post.office.engine.write(lambda tx: tx.execute("UPDATE jobs SET epoch = 1"))
    told = await bob.call("EmailSubmission/set", update={made["id"]: {"undoStatus": "canceled"}})
    assert told["notUpdated"][made["id"]]["type"] == "cannotUnsend"
    assert len(await post.office.waiting()) == 1


async def test_only_undo_status_can_be_changed(post: JmapPost) -> None:
    bob = post.bob
    made = await post.sent(bob, await post.draft(bob), envelope(BOB, ALICE, HOLDFOR="600"))
    for patch, wrong in (
        ({"identityId": "R1"}, "identityId"),
        ({"sendAt": "2030-01-01T00:00:00Z"}, "sendAt"),
        ({"undoStatus": "final"}, "undoStatus"),
        ({"undoStatus": None}, "undoStatus"),
        ({"nonsense": 1}, "nonsense"),
    ):
        told = await bob.call("EmailSubmission/set", update={made["id"]: patch})
        assert told["notUpdated"][made["id"]]["properties"] == [wrong], told
    same = await bob.call(
        "EmailSubmission/set",
        update={
            made["id"]: {
                "undoStatus": "pending",
                "emailId": (await post.submission(bob, made["id"]))["emailId"],
            }
        },
    )
    assert same["updated"] == {made["id"]: None}
    told = await bob.call("EmailSubmission/set", update={"R1": {"undoStatus": "canceled"}}, destroy=["R2"])
    assert told["notUpdated"]["R1"]["type"] == "notFound"
    assert told["notDestroyed"]["R2"]["type"] == "notFound"


async def test_destroying_the_record_does_not_stop_the_letter(post: JmapPost) -> None:
    bob = post.bob
    made = await post.sent(bob, await post.draft(bob), envelope(BOB, ALICE, HOLDFOR="600"))
    told = await bob.call("EmailSubmission/set", destroy=[made["id"]])
    assert told["destroyed"] == [made["id"]]
    post.office.start()
    post.office.clock.advance(601)
    post.office.runner.wake()
    await wait_for(lambda: post.inbox(ALICE))


async def test_other_accounts_and_states(post: JmapPost) -> None:
    assert (await post.bob.error("EmailSubmission/set", accountId=post.alice.account))[
        "type"
    ] == "accountNotFound"
    assert (await post.bob.error("EmailSubmission/set", ifInState="7"))["type"] == "stateMismatch"
    error = await post.bob.error("EmailSubmission/set", onSuccessDestroyEmail="x")
    assert error["type"] == "invalidArguments"


async def test_an_envelope_at_its_limit_and_beyond(post: JmapPost, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = post.bob
    email, given = await post.draft(bob), envelope(BOB, ALICE)
    size = len(msgspec.json.encode(given))
    monkeypatch.setattr("postroom.serve.jmap.submission.submission_set.MAX_ENVELOPE", size)
    await post.sent(bob, email, given)
    error = await post.refused(bob, email, envelope(BOB, ALICE + "a"))
    assert error["type"] == "tooLarge"


async def test_a_record_that_cannot_be_kept_is_not_sent(
    post: JmapPost, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = post.bob
    email = await post.draft(bob)
    monkeypatch.setattr("postroom.store.records.records.MAX_RECORDS", 1)
    await post.sent(bob, email)
    assert (await post.refused(bob, email))["type"] == "overQuota"
    assert len(await post.inbox(ALICE)) == 1


async def test_somebody_elses_email_is_not_there(post: JmapPost) -> None:
    email = await post.draft(post.alice)
    error = await post.refused(post.bob, email)
    assert (error["type"], error["properties"]) == ("invalidProperties", ["emailId"])


async def test_a_message_with_line_ends_of_its_own_and_no_message_id(post: JmapPost) -> None:
    """As IMAP's APPEND may have brought it."""
    raw = b"From: bob@hamburger.test\nTo: alice@crepes.test\nBcc: bob@hamburger.test\nSubject: bare\n\nHi\nGr\xc3\xbc\xc3\x9fe\n"
    delivered = await post.stage.deliver(raw, role="drafts")
    await post.sent(post.bob, id_text(IdKind.EMAIL, delivered.email_id))
    (arrived,) = await post.inbox(ALICE)
    assert b"\n" not in arrived.replace(b"\r\n", b"")
    assert b"Message-ID: <unique." in arrived
    assert b"Bcc" not in arrived


async def test_a_resent_message_is_sent_to_the_envelope(post: JmapPost) -> None:
    """RFC 8621 §7, emailId: it need not be a draft, nor be to those who get it; its author must still be the user."""
    bob = post.bob
    received = await post.stage.deliver()
    error = await post.refused(bob, id_text(IdKind.EMAIL, received.email_id), envelope(BOB, FAR))
    assert error["type"] == "forbiddenFrom"


async def test_what_has_reached_one_of_two_is_not_called_back(post: JmapPost) -> None:
    bob, office = post.bob, post.office
    made = await post.sent(bob, await post.draft(bob), envelope(BOB, FAR, "x@other.test", HOLDFOR="600"))
    office.start()
    assert await handle(office.engine, queue.retry, queue.Filter(hop="far.test"), office.clock.now()) == 1
    office.runner.wake()

    async def one_left() -> bool:
        return len(await office.waiting()) == 1

    await wait_for(one_left)
    told = await bob.call("EmailSubmission/set", update={made["id"]: {"undoStatus": "canceled"}})
    assert told["notUpdated"][made["id"]]["type"] == "cannotUnsend"
    assert (await post.submission(bob, made["id"]))["undoStatus"] == "final"
    assert await one_left()


async def test_the_email_follows_though_mail_is_not_named(post: JmapPost) -> None:
    bob = post.bob
    email = await post.draft(bob)
    create = {"s": {"identityId": await post.identity(bob), "emailId": email}}
    arguments = {"accountId": bob.account, "create": create, "onSuccessDestroyEmail": ["#s"]}
    using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:submission"]
    answers = await bob.request(["EmailSubmission/set", arguments, "0"], using=using)
    assert answers[1][0] == "Email/set"
    assert answers[1][1]["destroyed"] == [email]


async def test_what_fails_behind_the_door_fails_after_something_was_done(
    post: JmapPost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 8620 §3.6.2: serverFail says that nothing has changed, and the client may send it again."""
    bob = post.bob
    given = {"identityId": await post.identity(bob), "emailId": await post.draft(bob)}

    async def failing(*_: Any) -> None:
        raise RuntimeError("no more records")

    monkeypatch.setattr(records, "create", failing)
    error = await bob.error("EmailSubmission/set", create={"a": given})
    assert error["type"] == "serverPartialFail"
    assert len(await post.inbox(ALICE)) == 1
    assert [str(one) for one in post.stage.faults] == ["no more records"]
    post.stage.faults.clear()
