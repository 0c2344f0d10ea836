"""MDN/send and MDN/parse (RFC 9007 §2), a receipt's whole way."""

from typing import Any

import pytest

from jmap_meanwhile import meanwhile
from jmap_post import JmapPost
from jmap_stage import ALICE, BOB
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.errors import Refused
from postroom.serve.jmap.submission import mdn

DISPOSITION = {"actionMode": "manual-action", "sendingMode": "mdn-sent-manually", "type": "displayed"}
ASKING = b"From: Alice <alice@crepes.test>\r\nTo: bob@hamburger.test\r\nSubject: lunch\r\nMessage-ID: <9@crepes.test>\r\nDisposition-Notification-To: alice@crepes.test\r\n\r\nAt one?\r\n"
SENT: dict[str, Any] = {"keywords/$mdnsent": True}


async def asked(post: JmapPost, raw: bytes = ASKING) -> str:
    return id_text(IdKind.EMAIL, (await post.stage.deliver(raw)).email_id)


async def send(post: JmapPost, email: str, update: Any = None, **given: Any) -> list[Any]:
    bob = post.bob
    arguments = {
        "accountId": bob.account,
        "identityId": await post.identity(bob),
        "send": {"k": {"forEmailId": email, "disposition": DISPOSITION} | given},
        "onSuccessUpdateEmail": {"#k": SENT} if update is None else update,
    }
    return await bob.request(["MDN/send", arguments, "0"])


async def failed(post: JmapPost, email: str, update: Any = None, **given: Any) -> dict[str, Any]:
    answers = await send(post, email, update, **given)
    assert len(answers) == 1, answers
    assert answers[0][1]["sent"] is None, answers
    return answers[0][1]["notSent"]["k"]  # type: ignore[no-any-return]


async def test_a_receipt_comes_back_to_who_asked(post: JmapPost) -> None:
    alice = post.alice
    email = await post.draft(alice, **{"header:Disposition-Notification-To:asText": ALICE})
    submission = await post.sent(alice, email)
    (received,) = (await post.bob.call("Email/query"))["ids"]
    answers = await send(
        post,
        received,
        {received: SENT},
        subject="Read: ketchup",
        textBody="Yes.",
        reportingUA="Postroom",
        extensionFields={"X-A": "b"},
    )
    (name, told, _), (second, email_set, _) = answers
    assert (name, second) == ("MDN/send", "Email/set")
    message_id = (await alice.call("Email/get", ids=[email], properties=["messageId"]))["list"][0][
        "messageId"
    ][0]
    assert told["sent"]["k"] == {
        "finalRecipient": f"rfc822; {BOB}", "originalRecipient": None, "originalMessageId": f"<{message_id}>", "mdnGateway": None,
        "error": None, "includeOriginalMessage": False,
    }  # fmt: skip
    assert told["notSent"] is None
    assert email_set["updated"] == {received: None}
    (arrived,) = await post.inbox(ALICE)
    assert arrived.startswith(b"Return-Path: <>\r\n")
    assert b"report-type=disposition-notification" in arrived
    shown = await post.submission(alice, submission["id"])
    assert shown["deliveryStatus"][BOB]["displayed"] == "yes"
    parsed = (await alice.call("MDN/parse", blobIds=shown["mdnBlobIds"]))["parsed"]
    assert list(parsed.values()) == [
        {
            "forEmailId": email, "subject": "Read: ketchup", "textBody": "Yes.\n", "includeOriginalMessage": False,
            "reportingUA": "Postroom", "disposition": DISPOSITION, "mdnGateway": None, "originalRecipient": None,
            "finalRecipient": f"rfc822; {BOB}", "originalMessageId": f"<{message_id}>", "error": None, "extensionFields": {"X-A": "b"},
        }
    ]  # fmt: skip
    assert (await failed(post, received))["type"] == "mdnAlreadySent"
    assert len(await post.inbox(ALICE)) == 1


async def test_two_for_one_email_are_one_too_many(post: JmapPost) -> None:
    email = await asked(post)
    one = {"forEmailId": email, "disposition": DISPOSITION}
    told = await post.bob.call(
        "MDN/send",
        identityId=await post.identity(post.bob),
        send={"a": one, "b": one, "c": {"forEmailId": email}},
        onSuccessUpdateEmail={email: SENT},
    )
    assert list(told["sent"]) == ["a"]
    assert told["notSent"]["b"]["type"] == "mdnAlreadySent"
    assert told["notSent"]["c"]["properties"] == ["disposition"]
    (arrived,) = await post.inbox(ALICE)
    assert (
        f"Subject: {told['sent']['a']['subject']}\r\n".encode() in arrived
    )  # what the server has chosen is told
    assert told["sent"]["a"]["textBody"].encode() in arrived


async def test_two_at_the_same_time_are_one_too_many(post: JmapPost) -> None:
    email = await asked(post)
    other = post.client()
    arguments = {
        "identityId": await post.identity(post.bob),
        "send": {"k": {"forEmailId": email, "disposition": DISPOSITION}},
        "onSuccessUpdateEmail": {"#k": SENT},
    }
    with meanwhile(lambda: other.call("MDN/send", **arguments)):
        told = await post.bob.call("MDN/send", **arguments)
    assert (told["sent"], told["notSent"]["k"]["type"]) == (None, "mdnAlreadySent")
    assert len(await post.inbox(ALICE)) == 1


async def test_what_the_door_refuses_may_be_sent_again(
    post: JmapPost, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_args: Any, **_more: Any) -> None:
        raise Refused("forbiddenToSend")

    email = await asked(post)
    with monkeypatch.context() as door:
        door.setattr(mdn, "send", refuse)
        assert (await failed(post, email))["type"] == "forbiddenToSend"
    (shown,) = (await post.bob.call("Email/get", ids=[email], properties=["keywords"]))["list"]
    assert shown["keywords"] == {}
    (_, told, _), _ = await send(post, email)
    assert list(told["sent"]) == ["k"]


async def test_aliases_may_stand_for_the_recipient(post: JmapPost) -> None:
    (answer, _) = await send(
        post, await asked(post), finalRecipient="rfc822; bob+shop@hamburger.test", includeOriginalMessage=True
    )
    assert "finalRecipient" in answer[1]["sent"]["k"]
    (arrived,) = await post.inbox(ALICE)
    assert b"Final-Recipient: rfc822; bob+shop@hamburger.test" in arrived
    assert b"At one?" in arrived


@pytest.mark.parametrize(
    ("given", "kind", "properties"),
    [
        ({"finalRecipient": ALICE}, "forbiddenFrom", None),
        ({"finalRecipient": "x400; nonsense"}, "invalidProperties", ["finalRecipient"]),
        ({"finalRecipient": "nonsense"}, "invalidProperties", ["finalRecipient"]),
        ({"forEmailId": "M1"}, "notFound", None),
        ({"forEmailId": None}, "invalidProperties", ["forEmailId"]),
        ({"disposition": DISPOSITION | {"type": "burnt"}}, "invalidProperties", ["disposition"]),
        ({"disposition": {}}, "invalidProperties", ["disposition"]),
        ({"subject": "a\r\nBcc: x@far.test"}, "invalidProperties", ["subject"]),
        ({"textBody": "x" * (mdn.MAX_TEXT + 1)}, "invalidProperties", ["textBody"]),
        ({"extensionFields": {"Disposition": "x"}}, "invalidProperties", ["extensionFields"]),
        ({"extensionFields": {f"X-{n}": "" for n in range(mdn.MAX_EXTENSIONS + 1)}}, "invalidProperties", ["extensionFields"]),
        ({"originalMessageId": "<1@a>"}, "invalidProperties", ["originalMessageId"]),
        ({"reportingUA": 7}, "invalidProperties", ["reportingUA"]),
    ],
)  # fmt: skip
async def test_what_is_refused(
    post: JmapPost, given: dict[str, Any], kind: str, properties: list[str] | None
) -> None:
    error = await failed(post, await asked(post), **given)
    assert error["type"] == kind, error
    assert error.get("properties") == properties
    assert await post.inbox(ALICE) == []


async def test_at_the_limits(post: JmapPost) -> None:
    fields = {f"X-{n}": "" for n in range(mdn.MAX_EXTENSIONS)}
    answers = await send(post, await asked(post), textBody="x" * mdn.MAX_TEXT, extensionFields=fields)
    assert answers[0][1]["sent"]


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"#k": {}},
        {"#k": {"keywords/$seen": True}},
        {"#k": {"keywords/$mdnsent": None}},
        {"#k": {"keywords": 7}},
    ],
)
async def test_the_keyword_must_be_set(post: JmapPost, update: Any) -> None:
    error = await failed(post, await asked(post), update)
    assert (error["type"], error["properties"]) == ("invalidProperties", ["onSuccessUpdateEmail"])


async def test_the_keywords_may_be_set_all_at_once(post: JmapPost) -> None:
    answers = await send(post, await asked(post), {"#k": {"keywords": {"$mdnsent": True}}})
    assert answers[1][1]["notUpdated"] is None


async def test_nobody_is_told_who_did_not_ask(post: JmapPost) -> None:
    assert (await failed(post, await asked(post, ASKING.replace(b"Disposition-Notification-To", b"X-To"))))[
        "type"
    ] == "notFound"
    assert (await failed(post, await asked(post, ASKING.replace(b"To: alice@crepes.test", b"To: nonsense"))))[
        "type"
    ] == "notFound"


async def test_arguments(post: JmapPost) -> None:
    bob = post.bob
    identity = await post.identity(bob)
    assert (await bob.error("MDN/send", accountId=post.alice.account, identityId=identity, send={}))[
        "type"
    ] == "invalidArguments"
    assert (await bob.error("MDN/send", identityId="R1", send={}))["type"] == "invalidArguments"
    assert (await bob.error("MDN/parse", accountId=post.alice.account, blobIds=[]))[
        "type"
    ] == "invalidArguments"
    many = [f"B{n}" for n in range(1, mdn.MOST_PARSED + 2)]
    assert (
        await bob.error("MDN/parse", blobIds=["B" + "1" * (n % 12 + 1) for n in range(mdn.MOST_PARSED + 1)])
    )["type"] == "requestTooLarge"
    assert len((await bob.call("MDN/parse", blobIds=many[: mdn.MOST_PARSED]))["notFound"]) == mdn.MOST_PARSED
    most = bob.app.service.limits.max_objects_in_set
    one = {"forEmailId": "M1", "disposition": DISPOSITION}
    assert (await bob.error("MDN/send", identityId=identity, send={f"k{n}": one for n in range(most + 1)}))[
        "type"
    ] == "requestTooLarge"
    without = await bob.request(
        ["MDN/parse", {"accountId": bob.account, "blobIds": []}, "0"], using=["urn:ietf:params:jmap:core"]
    )
    assert without[0][1]["type"] == "unknownMethod"
