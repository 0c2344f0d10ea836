"""Sentences of RFC 8621 that are easily overlooked."""

from typing import Any

import pytest

from jmap_stage import JmapClient, JmapStage
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import MAIL, SUBMISSION
from postroom.proto.jmap.writing_headers import CONVENIENT

VACATION = "urn:ietf:params:jmap:vacationresponse"
TWICE = (
    b"From: a@x\r\nTo: b@x\r\nSubject: one\r\nMessage-ID: <1@x>\r\nDate: Fri, 21 Nov 1997 09:55:06 +0000\r\n"
    b"From: c@x\r\nTo: d@x\r\nSubject: two\r\nMessage-ID: <2@x>\r\nDate: Sat, 22 Nov 1997 09:55:06 +0000\r\n"
)


async def roles(client: JmapClient) -> dict[str, str]:
    return {one["role"]: one["id"] for one in (await client.call("Mailbox/get", ids=None))["list"]}


async def put(stage: JmapStage, raw: bytes) -> str:
    return id_text(IdKind.EMAIL, (await stage.deliver(raw)).email_id)


async def shown(client: JmapClient, email: str, *properties: str, **more: Any) -> dict[str, Any]:
    (got,) = (await client.call("Email/get", ids=[email], properties=list(properties), **more))["list"]
    return got  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (
            TWICE,
            {"subject": "two", "messageId": ["2@x"], "sentAt": "1997-11-22T09:55:06Z", "from": [{"name": None, "email": "c@x"}]},
        ),
        (b"From: \r\nTo:\r\nCc: \r\nSender: \r\nReply-To: \r\nSubject: \r\nMessage-ID: \r\nDate: \r\n", {"from": [], "replyTo": [], "subject": "", "bcc": None, "sentAt": None}),
        (b"From: x:;\r\nTo: undisclosed-recipients:;\r\nReply-To: y:;\r\nCc: g: a@b;\r\n", {"to": [], "sender": None, "subject": None}),
        (b"Subject: =?utf-8?q?a=00b=07c=0Ad?=\r\nFrom: =?utf-8?q?x=0Ay?= <a@b>\r\n", {"subject": "a\ufffdb\ufffdc\ufffdd", "from": [{"name": "x\ufffdy", "email": "a@b"}]}),
        (b"Subject: a\x07b\r\n", {"subject": "a\ufffdb"}),
        (b'Subject:   =?utf-8?q?e=CC=81?= \xff\r\nFrom: "\xff" <a@b>\r\n', {"subject": "é ÿ"}),
        (b"References: <a@b> (not <c@d>)\r\n\t<e@f>\r\nIn-Reply-To: Your message of (a (b) <x@y>) Friday <a@b>\r\n", {"references": ["a@b", "e@f"], "inReplyTo": ["a@b"]}),
        (b"Subject: one\r\n", {"from": None, "subject": "one"}),
    ],
)  # fmt: skip
async def test_conveniences_are_what_the_header_says(
    stage: JmapStage, header: bytes, told: dict[str, Any]
) -> None:
    """§4.1.3: each is identical to a field in a form, of the last instance. Control characters are seen, not dropped."""
    bob = stage.jmap()
    email = await put(stage, header + b"\r\nhungry\r\n")
    fields = {name: f"header:{label}:as{wanted.form}" for name, (label, wanted) in CONVENIENT.items()}
    got = await shown(bob, email, *fields, *fields.values())
    assert {name: got[name] for name in fields} == {name: got[field] for name, field in fields.items()}
    assert {name: got[name] for name in told} == told


async def test_a_blob_of_the_same_request_is_named_by_its_creation_id(stage: JmapStage) -> None:
    """RFC 8620 §5.3, RFC 9404 §4.1: an id may stand as that of what was made."""
    bob, inbox = stage.jmap(), {(await roles(stage.jmap()))["inbox"]: True}
    made = {"data": [{"data:asText": "Subject: ketchup\r\n\r\nhungry"}], "type": "message/rfc822"}
    letter = {"mailboxIds": inbox, "attachments": [{"blobId": "#b", "type": "message/rfc822"}]}
    _, imported, drafted, parsed = await bob.request(
        ["Blob/upload", {"accountId": bob.account, "create": {"b": made}}, "0"],
        ["Email/import", {"accountId": bob.account, "emails": {"i": {"blobId": "#b", "mailboxIds": inbox}}}, "1"],
        ["Email/set", {"accountId": bob.account, "create": {"k": letter}}, "2"],
        ["Email/parse", {"accountId": bob.account, "blobIds": ["#b"], "properties": ["subject"]}, "3"],
    )  # fmt: skip
    assert imported[1]["notCreated"] is None
    assert drafted[1]["notCreated"] is None
    assert list(parsed[1]["parsed"].values()) == [{"subject": "ketchup"}]


async def test_the_id_of_a_blob_is_an_id_however_deep_it_lies(stage: JmapStage) -> None:
    """RFC 8620 §1.2: at most 255 characters; ninety multiparts in each other, each the tenth part of the one around it."""
    bob = stage.jmap()
    depth = range(90)
    heads = [
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n" % level
        + 9 * (b"--b%d\r\n\r\n\r\n" % level)
        + b"--b%d\r\n" % level
        for level in depth
    ]
    ends = [b"--b%d--\r\n" % level for level in reversed(depth)]
    email = await put(stage, b"".join([*heads, b"\r\nthe last\r\n", *ends]))
    got = await shown(bob, email, "textBody", bodyProperties=["blobId"])
    ids = [one["blobId"] for one in got["textBody"]]
    assert len(set(ids)) == len(ids) == 9 * len(depth) + 1
    assert max(map(len, ids)) <= 255
    (last,) = (await bob.call("Blob/get", ids=ids[-1:], properties=["data:asText"]))["list"]
    assert last["data:asText"] == "the last"


async def test_what_is_attached_is_attached_and_the_text_is_the_text(stage: JmapStage) -> None:
    """RFC 8621 §4.1.4, §4.6: each part is read back in the list in which it was given, also without a disposition."""
    bob = stage.jmap()
    blob = (await bob.http("POST", f"/jmap/upload/{bob.account}/", b"not the text\r\n")).json["blobId"]
    given: dict[str, Any] = {
        "textBody": [{"partId": "x", "name": "letter.txt"}],
        "htmlBody": [{"partId": "x", "type": "text/html"}],
        "attachments": [{"blobId": blob, "type": kind} for kind in ("text/plain", "image/png")],
    }
    more = {"mailboxIds": {(await roles(bob))["drafts"]: True}, "bodyValues": {"x": {"value": "hello"}}}
    made = (await bob.call("Email/set", create={"k": given | more}))["created"]["k"]
    got = await shown(bob, made["id"], *given)
    assert [one["type"] for one in got["textBody"]] == ["text/plain"]
    assert [one["type"] for one in got["htmlBody"]] == ["text/html"]
    assert [one["type"] for one in got["attachments"]] == ["text/plain", "image/png"]
    assert got["textBody"][0]["name"] == "letter.txt"


@pytest.mark.parametrize(
    ("method", "argument", "more"),
    [("SearchSnippet/get", "emailIds", {"filter": None}), ("Email/parse", "blobIds", {}), ("MDN/parse", "blobIds", {})],
)  # fmt: skip
async def test_too_many_ids_are_too_large_a_request(
    stage: JmapStage, method: str, argument: str, more: dict[str, Any]
) -> None:
    """§5.1; however many they are."""
    error = await stage.jmap().error(method, **{argument: ["B1"] * 10_001}, **more)
    assert error["type"] == "requestTooLarge"


async def test_mailboxes_are_as_the_capability_says(stage: JmapStage) -> None:
    """§1.3.1: how long a name is in octets, and how deep mailboxes lie in each other; §2: no loops."""
    bob = stage.jmap()
    session = (await bob.http("GET", "/.well-known/jmap")).json
    told = session["accounts"][bob.account]["accountCapabilities"][MAIL]
    longest = {"name": "é" * (told["maxSizeMailboxName"] // 2) + "x"}
    chain = {
        f"c{depth}": {"name": "c", "parentId": f"#c{depth - 1}" if depth else None}
        for depth in range(told["maxMailboxDepth"])
    }
    made = await bob.call("Mailbox/set", create={"long": longest, **chain})
    assert made["notCreated"] is None
    last = made["created"][f"c{told['maxMailboxDepth'] - 1}"]["id"]
    found = await bob.call("Mailbox/set", create={"deep": {"name": "d", "parentId": last}})
    assert found["notCreated"]["deep"]["properties"] == ["parentId"]
    top = made["created"]["c0"]["id"]
    found = await bob.call("Mailbox/set", update={top: {"parentId": last}})
    assert found["notUpdated"][top]["properties"] == ["parentId"]
    most = told["maxMailboxesPerEmail"]
    for number, kind in ((most, "invalidProperties"), (most + 1, "tooManyMailboxes")):
        boxes = {f"F{n}": True for n in range(number)}
        found = await bob.call("Email/set", create={"k": {"mailboxIds": boxes}})
        assert found["notCreated"]["k"]["type"] == kind
    assert session["capabilities"][MAIL] == session["capabilities"][SUBMISSION] == {}
    assert VACATION not in session["capabilities"]
    assert VACATION not in session["accounts"][bob.account]["accountCapabilities"]


async def test_another_trash_changes_what_is_unread_elsewhere(stage: JmapStage) -> None:
    """RFC 8621 §2: emails in the trash do not make a thread unread in other mailboxes, and the others do not in the trash."""
    bob = stage.jmap()
    box = await roles(bob)
    read = await put(stage, b"Message-ID: <1@a>\r\nSubject: x\r\n\r\nx")
    answer = await put(stage, b"Message-ID: <2@a>\r\nIn-Reply-To: <1@a>\r\nSubject: Re: x\r\n\r\nx")
    away = {"mailboxIds": {box["archive"]: True}}
    await bob.call("Email/set", update={read: {"keywords/$seen": True}, answer: away})

    async def unread() -> dict[str, int]:
        return {one["id"]: one["unreadThreads"] for one in (await bob.call("Mailbox/get", ids=None))["list"]}

    before, state = await unread(), (await bob.call("Mailbox/get", ids=[]))["state"]
    swapped = {box["trash"]: {"role": None}, box["archive"]: {"role": "trash"}}
    assert (await bob.call("Mailbox/set", update=swapped))["notUpdated"] is None
    after = await unread()
    assert (before[box["inbox"]], after[box["inbox"]]) == (1, 0)
    told = await bob.call("Mailbox/changes", sinceState=state)
    assert box["inbox"] in told["updated"]
    assert told["updatedProperties"] is None
