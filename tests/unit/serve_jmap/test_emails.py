"""Email/get and Email/changes (RFC 8621 §4.2, §4.3)."""

import pytest

from jmap_stage import ALICE, BOB, JmapStage
from postroom.message.ids import IdKind, id_text

LETTER = b"""From: Joe Bloggs <joe@example.com>
To: undisclosed-recipients:;
Subject: =?utf-8?q?D=C3=AEner?= on Thursday?
Date: Sun, 13 Oct 2013 14:12:00 +0200
Message-ID: <1@example.com>
In-Reply-To: <0@example.com>
References: <-1@example.com> <0@example.com>
List-POST: <mailto:partytime@lists.example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=utf-8

<p>Hello <b>you</b></p>
--b
Content-Type: application/pdf; name=a.pdf
Content-Disposition: attachment
Content-Transfer-Encoding: base64

AAEC
--b--
""".replace(b"\n", b"\r\n")


async def test_an_email_by_default(stage: JmapStage) -> None:
    letter = await stage.deliver(LETTER)
    bob = stage.jmap()
    email_id = id_text(IdKind.EMAIL, letter.email_id)
    got = await bob.call("Email/get", ids=[email_id, "Mzz"], fetchHTMLBodyValues=True)
    assert got["notFound"] == ["Mzz"]
    (email,) = got["list"]
    assert email["id"] == email_id
    assert email["threadId"] == id_text(IdKind.THREAD, letter.thread_id)
    assert email["mailboxIds"] == {id_text(IdKind.MAILBOX, letter.mailbox_id): True}
    assert email["keywords"] == {}
    assert email["size"] == len(LETTER)
    assert email["receivedAt"] == "2025-06-15T15:06:40Z"
    assert email["from"] == [{"name": "Joe Bloggs", "email": "joe@example.com"}]
    assert (email["to"], email["cc"], email["bcc"], email["sender"], email["replyTo"]) == (
        [],
        None,
        None,
        None,
        None,
    )
    assert email["subject"] == "Dîner on Thursday?"
    assert email["sentAt"] == "2013-10-13T14:12:00+02:00"
    assert (email["messageId"], email["inReplyTo"]) == (["1@example.com"], ["0@example.com"])
    assert email["references"] == ["-1@example.com", "0@example.com"]
    assert email["hasAttachment"] is True
    assert email["preview"] == "Hello you"
    assert [part["type"] for part in email["htmlBody"]] == ["text/html"]
    assert email["textBody"] == email["htmlBody"]
    assert [(part["name"], part["size"], part["disposition"]) for part in email["attachments"]] == [
        ("a.pdf", 3, "attachment")
    ]
    assert email["bodyValues"] == {
        "1": {"value": "<p>Hello <b>you</b></p>", "isEncodingProblem": False, "isTruncated": False}
    }
    assert "bodyStructure" not in email
    assert "headers" not in email


async def test_the_example_of_the_rfc(stage: JmapStage) -> None:
    letter = await stage.deliver(LETTER)
    got = await stage.jmap().call(
        "Email/get",
        ids=[id_text(IdKind.EMAIL, letter.email_id)],
        properties=["threadId", "subject", "header:List-POST:asURLs", "htmlBody", "bodyValues"],
        bodyProperties=["partId", "blobId", "size", "type"],
        fetchHTMLBodyValues=True,
        maxBodyValueBytes=11,
    )
    (email,) = got["list"]
    assert email["header:List-POST:asURLs"] == ["mailto:partytime@lists.example.com"]
    assert set(email["htmlBody"][0]) == {"partId", "blobId", "size", "type"}
    assert email["bodyValues"]["1"] == {"value": "<p>Hello ", "isEncodingProblem": False, "isTruncated": True}
    assert set(email) == {"id", "threadId", "subject", "header:List-POST:asURLs", "htmlBody", "bodyValues"}


async def test_what_is_not_asked_for_is_not_read(stage: JmapStage) -> None:
    letter = await stage.deliver(b"X: 1\r\n\r\n" + b"x" * 5000)
    bob = stage.jmap()
    ids = [id_text(IdKind.EMAIL, letter.email_id)]
    got = await bob.call(
        "Email/get", ids=ids, properties=["headers", "bodyValues", "header:x:asText", "subject", "from"]
    )
    assert got["list"] == [
        {
            "id": ids[0],
            "headers": [{"name": "X", "value": " 1"}],
            "bodyValues": {},
            "header:x:asText": "1",
            "subject": None,
            "from": None,
        }
    ]
    got = await bob.call(
        "Email/get", ids=ids, properties=["bodyStructure", "bodyValues"], fetchAllBodyValues=True
    )
    assert got["list"][0]["bodyStructure"]["size"] == 5000
    assert len(got["list"][0]["bodyValues"]["1"]["value"]) == 5000


@pytest.mark.parametrize(
    "arguments",
    [
        {"properties": ["nothing"]},
        {"properties": ["header:From:asDate"]},
        {"bodyProperties": ["x"]},
        {"maxBodyValueBytes": -1},
        {"fetchHtmlBodyValues": True},
    ],
)
async def test_arguments_that_are_wrong(stage: JmapStage, arguments: dict[str, object]) -> None:
    assert (await stage.jmap().error("Email/get", ids=[], **arguments))["type"] == "invalidArguments"


async def test_too_many(stage: JmapStage) -> None:
    assert (await stage.jmap().error("Email/get", ids=[f"M{n}" for n in range(501)]))[
        "type"
    ] == "requestTooLarge"
    assert (await stage.jmap().error("Email/get", ids=None))["type"] == "requestTooLarge"


async def test_changes(stage: JmapStage) -> None:
    bob = stage.jmap()
    state = (await bob.call("Email/get", ids=[]))["state"]
    letters = [await stage.deliver() for _ in range(5)]
    ids = [id_text(IdKind.EMAIL, letter.email_id) for letter in letters]
    told = await bob.call("Email/changes", sinceState=state)
    assert (told["created"], told["updated"], told["destroyed"], told["hasMoreChanges"]) == (
        ids,
        [],
        [],
        False,
    )
    middle = told["newState"]
    imap = await stage.user(select="INBOX")
    await imap.ok("STORE 1 +FLAGS (\\Seen)")
    await imap.ok("MOVE 2 Archive")
    await imap.ok("STORE 2 +FLAGS (\\Deleted)")
    await imap.ok("EXPUNGE")
    told = await bob.call("Email/changes", sinceState=middle)
    assert (told["created"], set(told["updated"]), told["destroyed"]) == ([], {ids[0], ids[1]}, [ids[2]])
    assert told["newState"] == (await bob.call("Email/get", ids=[]))["state"]
    told = await bob.call("Email/changes", sinceState=state)
    assert set(told["created"]) == set(ids) - {ids[2]}
    at, seen = state, set()
    while True:
        part = await bob.call("Email/changes", sinceState=at, maxChanges=2)
        assert len(part["created"]) + len(part["updated"]) + len(part["destroyed"]) <= 2
        assert part["updated"] == []
        seen |= set(part["created"])
        at = part["newState"]
        if not part["hasMoreChanges"]:
            break
    assert seen == set(ids) - {ids[2]}


async def test_what_others_share(stage: JmapStage) -> None:
    letter = await stage.deliver()
    hidden = await stage.deliver()
    imap = await stage.user(BOB, select="INBOX")
    await imap.ok("CREATE shared")
    await imap.ok("COPY 1 shared")
    await imap.ok("STORE 1 +FLAGS (\\Seen \\Flagged)")
    await imap.ok(f"SETACL shared {ALICE} lr")
    alice, bob = stage.jmap(ALICE), stage.jmap(BOB)
    ids = [id_text(IdKind.EMAIL, one.email_id) for one in (letter, hidden)]
    got = await alice.call("Email/get", accountId=bob.account, ids=ids, properties=["mailboxIds", "keywords"])
    assert got["notFound"] == [ids[1]]
    (seen,) = got["list"]
    assert len(seen["mailboxIds"]) == 1
    assert seen["keywords"] == {}
    assert (await alice.error("Email/get", ids=ids, accountId="Azz"))["type"] == "accountNotFound"
    assert (await alice.call("Email/get", ids=ids))["notFound"] == ids


async def test_received_in_the_year_10000(stage: JmapStage) -> None:
    """In UTC, which a UTCDate cannot say: it is told as the last second that it can."""
    bob = stage.jmap()
    inbox = (await bob.call("Mailbox/query", filter={"role": "inbox"}))["ids"][0]
    raw = b"Received: from a by b; Fri, 31 Dec 9999 23:59:59 -0900\r\nSubject: x\r\n\r\nx\r\n"
    blob = (await bob.http("POST", f"/jmap/upload/{bob.account}/", raw)).json["blobId"]
    emails = {"a": {"blobId": blob, "mailboxIds": {inbox: True}}}
    made = (await bob.call("Email/import", emails=emails))["created"]["a"]["id"]
    (told,) = (await bob.call("Email/get", ids=[made], properties=["receivedAt"]))["list"]
    assert told["receivedAt"] == "9999-12-31T23:59:59Z"


@pytest.mark.parametrize("argument", ["properties", "bodyProperties"])
async def test_no_more_properties_than_anybody_needs(stage: JmapStage, argument: str) -> None:
    """Each is looked for in every email, and in every part."""
    bob = stage.jmap()
    email_id = id_text(IdKind.EMAIL, (await stage.deliver()).email_id)
    names = [f"header:X-{n}" for n in range(201)]
    await bob.call("Email/get", ids=[email_id], **{argument: names[:200] * 2})
    error = await bob.error("Email/get", ids=[email_id], **{argument: names})
    assert (error["type"], error["arguments"]) == ("invalidArguments", [argument])
