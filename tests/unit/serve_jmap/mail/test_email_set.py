"""Email/set, Email/import, Email/copy and Email/parse (RFC 8621 §4.6 to §4.9)."""

import asyncio
from email import message_from_bytes, policy
from typing import Any

import pytest

from jmap_stage import ALICE, BOB, JmapClient, JmapStage
from postroom.message.ids import IdKind, id_text
from postroom.message.journey.events import READ_TOGETHER, Connected, Handled, Hop, HopKind
from postroom.serve.jmap.mail.email_view import PROPERTIES
from postroom.serve.jmap.methods.call import Call, Visitor
from postroom.serve.jmap.methods.octets import Octets, upload


async def roles(client: JmapClient, **arguments: Any) -> dict[str, str]:
    got = await client.call("Mailbox/get", ids=None, properties=["role", "name"], **arguments)
    return {one["role"] or one["name"]: one["id"] for one in got["list"]}


async def create(client: JmapClient, **given: Any) -> dict[str, Any]:
    if "mailboxIds" not in given:
        given["mailboxIds"] = {(await roles(client))["drafts"]: True}
    told = await client.call("Email/set", create={"k": given})
    return told["created"]["k"] if told["created"] else told["notCreated"]["k"]  # type: ignore[no-any-return]


async def raw_of(stage: JmapStage, client: JmapClient, email_id: str) -> bytes:
    number = await client.call("Email/get", ids=[email_id], properties=["blobId"])
    assert number["list"]
    from postroom.message.ids import parse_id

    found = parse_id(IdKind.EMAIL, email_id)
    assert found is not None
    raw = await stage.store.read_email(stage.logins.people[client.address], found)
    assert raw is not None
    return raw


async def uploaded(stage: JmapStage, client: JmapClient, octets: bytes) -> str:
    call = Call(client.app.service, Visitor(stage.logins.people[client.address], client.address))
    return str(await upload(call, octets))


async def test_the_draft_of_the_rfc(stage: JmapStage) -> None:
    bob = stage.jmap()
    made = await create(
        bob,
        keywords={"$seen": True, "$draft": True},
        **{"from": [{"name": "Joe Bloggs", "email": "joe@example.com"}]},
        subject="World domination",
        receivedAt="2018-07-10T01:03:11Z",
        sentAt="2018-07-10T11:03:11+10:00",
        bodyStructure={"type": "text/plain", "partId": "bd48", "header:Content-Language": "en"},
        bodyValues={"bd48": {"value": "I have the most brilliant plan.", "isTruncated": False}},
    )
    assert set(made) == {"id", "blobId", "threadId", "size"}
    raw = await raw_of(stage, bob, made["id"])
    assert len(raw) == made["size"]
    message = message_from_bytes(raw, policy=policy.default)
    assert message["From"] == "Joe Bloggs <joe@example.com>"
    assert message["Date"] == "Tue, 10 Jul 2018 11:03:11 +1000"
    assert message["Content-Language"] == "en"
    assert message["Message-ID"].endswith("@hamburger.test>")
    assert message["MIME-Version"] == "1.0"
    assert message.get_content().strip() == "I have the most brilliant plan."
    got = (await bob.call("Email/get", ids=[made["id"]]))["list"][0]
    assert got["keywords"] == {"$seen": True, "$draft": True}
    assert got["receivedAt"] == "2018-07-10T01:03:11Z"
    assert got["threadId"] == made["threadId"]
    listed = await (await stage.user(select="Drafts")).ok("FETCH 1 (FLAGS)")
    assert "\\Draft" in listed[0]


async def test_text_html_and_attachments(stage: JmapStage) -> None:
    bob = stage.jmap()
    blob = await uploaded(stage, bob, b"\0\1\2" * 100)
    picture = await uploaded(stage, bob, b"\x89PNG" * 50)
    made = await create(
        bob,
        to=[{"name": "Zoë", "email": "zoe@a"}, {"name": None, "email": "bob@b"}],
        subject="Grüße — from here",
        **{
            "header:X-Mine": " raw",
            "header:X-More:asText:all": ["ä", "b"],
            "header:List-Post:asURLs": ["mailto:a@b"],
        },
        textBody=[{"partId": "t"}],
        htmlBody=[{"partId": "h", "type": "text/html"}],
        attachments=[
            {"blobId": blob, "type": "application/x-a", "name": "größe.bin"},
            {"blobId": picture, "type": "image/png", "cid": "p@x", "disposition": "inline"},
        ],
        bodyValues={"t": {"value": "Grüße\n.dot"}, "h": {"value": "<p>Grüße <img src=cid:p@x>"}},
    )
    message = message_from_bytes(await raw_of(stage, bob, made["id"]), policy=policy.default)
    assert message["Subject"] == "Grüße — from here"
    assert message["To"] == "Zoë <zoe@a>, bob@b"
    assert (message["X-Mine"], message.get_all("X-More"), message["List-Post"]) == (
        "raw",
        ["ä", "b"],
        "<mailto:a@b>",
    )
    assert message.get_content_type() == "multipart/mixed"
    body, attached = message.iter_parts()
    assert body.get_content_type() == "multipart/alternative"
    text, related = body.iter_parts()
    assert text.get_content().replace("\r", "") == "Grüße\n.dot"
    assert [one.get_content_type() for one in related.iter_parts()] == ["text/html", "image/png"]
    assert (attached.get_filename(), attached.get_content()) == ("größe.bin", b"\0\1\2" * 100)
    got = (await bob.call("Email/get", ids=[made["id"]], fetchAllBodyValues=True))["list"][0]
    assert [part["name"] for part in got["attachments"]] == [None, "größe.bin"]
    assert got["attachments"][0]["cid"] == "p@x"
    assert got["to"] == [{"name": "Zoë", "email": "zoe@a"}, {"name": None, "email": "bob@b"}]


@pytest.mark.parametrize(
    ("given", "properties"),
    [
        ({"id": "M1"}, ["id"]), ({"colour": 1}, ["colour"]), ({"headers": []}, ["headers"]), ({"preview": "x"}, ["preview"]),
        ({"subject": 1}, ["subject"]), ({"subject": "a\r\nBcc: x@y"}, ["subject"]), ({"header:Subject": "a\r\nBcc: x"}, ["header:Subject"]),
        ({"header:X": " a\n b", "header:x": "c"}, ["header:X", "header:x"]), ({"subject": "a", "header:Subject:asText": "b"}, ["subject", "header:Subject:asText"]),
        ({"header:From:asDate": "x"}, ["header:From:asDate"]), ({"header:Content-Type": " text/html"}, ["header:Content-Type"]),
        ({"from": [{"email": "a@b\r\nBcc: c"}]}, ["from"]), ({"from": [{"name": "a\nb", "email": "a@b"}]}, ["from"]), ({"from": "a@b"}, ["from"]), ({"from": [{"email": "a> b@c"}]}, ["from"]),
        ({"sentAt": "yesterday"}, ["sentAt"]), ({"messageId": ["a b"]}, ["messageId"]), ({"receivedAt": "2018-07-10"}, ["receivedAt"]),
        ({"keywords": {"a b": True}}, ["keywords"]), ({"keywords": {"a": False}}, ["keywords"]), ({"mailboxIds": {}}, ["mailboxIds"]), ({"mailboxIds": {"Fzz": True}}, ["mailboxIds"]),
        ({"textBody": []}, ["textBody"]), ({"textBody": [{"partId": "a", "type": "text/html"}]}, ["textBody"]), ({"htmlBody": [{"partId": "a"}, {"partId": "b"}]}, ["htmlBody"]),
        ({"bodyStructure": {"partId": "x"}, "textBody": [{"partId": "x"}]}, ["bodyStructure", "textBody"]), ({"textBody": [{"partId": "x"}]}, ["textBody/partId", "bodyValues"]),
        ({"textBody": [{"type": "text/plain"}]}, ["textBody/partId"]),
        ({"bodyStructure": {"blobId": 5}}, ["bodyStructure/blobId"]),
        ({"bodyStructure": {"partId": "x", "type": "text/plain", "header:Content-Type": " text/html"}, "bodyValues": {"x": {"value": ""}}}, ["bodyStructure/type", "header:Content-Type"]),
        ({"bodyStructure": {"partId": "x", "charset": "utf-8", "header:Content-Type": " text/html"}, "bodyValues": {"x": {"value": ""}}}, ["bodyStructure/charset", "header:Content-Type"]),
        ({"bodyStructure": {"partId": "x", "header:Content-Type:all": [" text/html", " text/plain"]}, "bodyValues": {"x": {"value": ""}}}, ["header:Content-Type:all"]),
        ({"bodyStructure": {"partId": "x", "header:Content-Type": " multipart/mixed"}, "bodyValues": {"x": {"value": ""}}}, ["bodyStructure/subParts"]),
        ({"bodyStructure": {"partId": "x", "header:Content-Type": " nothing"}, "bodyValues": {"x": {"value": ""}}}, ["bodyStructure/type"]),
        ({"textBody": [{"partId": "x", "header:Content-Type": " text/html"}], "bodyValues": {"x": {"value": ""}}}, ["textBody"]),
        ({"bodyStructure": {"partId": "x", "name": "a", "header:Content-Disposition": " inline"}, "bodyValues": {"x": {"value": ""}}}, ["bodyStructure/name", "header:Content-Disposition"]),
        ({"textBody": [{"partId": "x", "charset": "utf-8"}], "bodyValues": {"x": {"value": ""}}}, ["textBody/charset", "textBody/size"]),
        ({"textBody": [{"partId": "x"}], "bodyValues": {"x": {"value": "", "isTruncated": True}}}, ["bodyValues/x"]),
        ({"textBody": [{"partId": "x", "header:Content-Transfer-Encoding": " 8bit"}], "bodyValues": {"x": {"value": ""}}}, ["textBody/header:Content-Transfer-Encoding"]),
        ({"bodyStructure": {"type": "multipart/mixed"}}, ["bodyStructure/subParts"]), ({"bodyStructure": {"type": "x"}}, ["bodyStructure/type"]),
        ({"subject": "a", "bodyStructure": {"partId": "x", "header:Subject": " b"}, "bodyValues": {"x": {"value": ""}}}, ["bodyStructure", "subject"]),
        ({"attachments": [{"blobId": "B1", "name": "a\nb"}]}, None), ({"attachments": [{"blobId": "B1"}]}, None),
    ],
)  # fmt: skip
async def test_emails_that_cannot_be(stage: JmapStage, given: Any, properties: list[str] | None) -> None:
    told = await create(stage.jmap(), **given)
    if properties is None:
        assert (told["type"], told["notFound"]) == ("blobNotFound", ["B1"])
    else:
        assert (told["type"], told.get("properties")) == ("invalidProperties", properties)


@pytest.mark.parametrize(
    ("given", "head"),
    [
        ({"header:Content-Type": " text/html; charset=koi8-r; format=flowed"}, "Content-Type: text/html; format=flowed; charset=utf-8\r\n"),
        ({"header:Content-Type:asText": "text/x-log; name=a.log", "name": "b.log"}, "Content-Type: text/x-log; name=a.log; charset=utf-8\r\n"),
        ({"header:content-type": None, "type": "TEXT/Plain"}, "Content-Type: text/plain; charset=utf-8\r\n"),
        ({"header:Date": " then", "header:Message-ID": " <m@x>", "header:MIME-Version": " 1.0 (x)"}, "Date: then\r\nMessage-ID: <m@x>\r\nMIME-Version: 1.0 (x)\r\n"),
    ],
)  # fmt: skip
async def test_fields_of_a_part_are_taken_into_account(
    stage: JmapStage, given: dict[str, Any], head: str
) -> None:
    """RFC 8621 §4.6: the server may choose the encoding, and adds what is not there."""
    bob = stage.jmap()
    made = await create(bob, bodyStructure={"partId": "x", **given}, bodyValues={"x": {"value": "é"}})
    raw = (await raw_of(stage, bob, made["id"])).decode()
    assert head in raw
    assert [raw.count(f"\r\n{name}: ") + raw.startswith(f"{name}: ") for name in ("Date", "Message-ID", "MIME-Version", "Content-Type")] == [1] * 4  # fmt: skip
    got = (await bob.call("Email/get", ids=[made["id"]], fetchAllBodyValues=True))["list"][0]
    assert got["bodyValues"]["1"] == {"value": "é", "isEncodingProblem": False, "isTruncated": False}


async def test_a_multipart_keeps_the_parameters_of_its_field(stage: JmapStage) -> None:
    bob = stage.jmap()
    parts = [{"partId": "x"}, {"partId": "x", "type": "text/html"}]
    kind = {"header:Content-Type": ' multipart/related; boundary="x"; type="text/html"'}
    made = await create(bob, bodyStructure={**kind, "subParts": parts}, bodyValues={"x": {"value": "--x"}})
    raw = await raw_of(stage, bob, made["id"])
    assert b'Content-Type: multipart/related; type="text/html"; boundary="=_' in raw.replace(b"\r\n", b"")
    got = (await bob.call("Email/get", ids=[made["id"]], properties=["bodyStructure"]))["list"][0]
    assert [one["type"] for one in got["bodyStructure"]["subParts"]] == ["text/plain", "text/html"]


async def test_a_structure_is_taken_as_it_is_given_out(stage: JmapStage) -> None:
    """RFC 8621 §4.1.4: a multipart's partId and blobId are null."""
    bob = stage.jmap()
    nothing = dict.fromkeys(("name", "charset", "disposition", "cid", "language", "location"))
    leaf = {**nothing, "partId": "x", "blobId": None, "type": "text/plain"}
    whole = {
        **nothing,
        "partId": None,
        "blobId": None,
        "size": 0,
        "type": "multipart/mixed",
        "subParts": [leaf],
    }
    made = await create(bob, bodyStructure=whole, bodyValues={"x": {"value": "hello"}})
    got = (await bob.call("Email/get", ids=[made["id"]], properties=["bodyStructure"]))["list"][0]
    assert [one["type"] for one in got["bodyStructure"]["subParts"]] == ["text/plain"]


async def test_what_is_given_as_it_is_is_no_change(stage: JmapStage) -> None:
    """RFC 8620 §5.3: immutable and server-set properties may be in an update with their own values."""
    letter = await stage.deliver(b"Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nketchup")
    bob, email_id = stage.jmap(), id_text(IdKind.EMAIL, letter.email_id)
    names = [*(one for one in PROPERTIES if one != "bodyValues"), "header:Subject:asText"]
    (whole,) = (await bob.call("Email/get", ids=[email_id], properties=[*names, "bodyValues"], fetchAllBodyValues=True))["list"]  # fmt: skip
    told = await bob.call("Email/set", update={email_id: whole})
    assert told["updated"] == {email_id: None}
    for name, other in (("headers", []), ("header:Subject:asText", "y"), ("bodyValues", {"1": {"value": "y"}}), ("textBody", [])):  # fmt: skip
        told = await bob.call("Email/set", update={email_id: {name: other}})
        assert told["notUpdated"][email_id]["properties"] == [name]


async def test_updates(stage: JmapStage) -> None:
    letter = await stage.deliver()
    bob = stage.jmap()
    email_id = id_text(IdKind.EMAIL, letter.email_id)
    box = await roles(bob)

    async def update(**given: Any) -> dict[str, Any]:
        told = await bob.call("Email/set", update={email_id: given})
        return told["notUpdated"][email_id] if told["notUpdated"] else {}  # type: ignore[no-any-return]

    async def now() -> tuple[list[str], list[str]]:
        got = (await bob.call("Email/get", ids=[email_id], properties=["keywords", "mailboxIds"]))["list"][0]
        names = {number: role for role, number in box.items()}
        return sorted(got["keywords"]), sorted(names[one] for one in got["mailboxIds"])

    assert await update(**{"keywords/$seen": True, "keywords/Later": True}) == {}
    assert await now() == (["$seen", "later"], ["inbox"])
    assert await update(keywords={"$flagged": True}) == {}
    assert await now() == (["$flagged"], ["inbox"])
    assert await update(**{f"mailboxIds/{box['archive']}": True, "keywords/$seen": True}) == {}
    assert await now() == (["$flagged", "$seen"], ["archive", "inbox"])
    assert await update(mailboxIds={box["trash"]: True, box["archive"]: True}) == {}
    assert await now() == (["$flagged", "$seen"], ["archive", "trash"])
    assert await update(mailboxIds={box["junk"]: True}, **{"keywords/$flagged": None}) == {}
    assert await now() == (["$seen"], ["junk"])
    assert await update(size=len(b""), id=email_id) != {}
    assert await update(id=email_id, subject="ketchup", keywords={}) == {}
    assert await now() == ([], ["junk"])
    assert (await update(subject="other"))["properties"] == ["subject"]
    assert (await update(mailboxIds={}))["type"] == "invalidProperties"
    assert (await update(**{f"mailboxIds/{box['junk']}": None}))["type"] == "invalidProperties"
    assert (await update(mailboxIds={"Fzz": True}))["type"] == "invalidProperties"
    assert (await update(**{"keywords/a b": True}))["type"] == "invalidProperties"
    assert (await update(**{"keywords/x/y": True}))["type"] == "invalidPatch"
    assert (await update(keywords={f"k{n}": True for n in range(129)}))["type"] == "tooManyKeywords"
    told = await bob.call("Email/set", update={"Mzz": {"keywords": {}}})
    assert told["notUpdated"]["Mzz"]["type"] == "notFound"


async def test_a_copy_of_imap_keeps_its_place_and_is_one_email(stage: JmapStage) -> None:
    letter = await stage.deliver()
    bob, box = stage.jmap(), await roles(stage.jmap())
    imap = await stage.user(select="INBOX")
    email_id = id_text(IdKind.EMAIL, letter.email_id)
    await bob.call("Email/set", update={email_id: {f"mailboxIds/{box['archive']}": True}})
    fetched = await imap.ok("UID FETCH 1 (EMAILID)")
    assert email_id in fetched[-1]
    await imap.ok("UID STORE 1 +FLAGS (\\Deleted)")
    await imap.ok("EXPUNGE")
    got = (await bob.call("Email/get", ids=[email_id], properties=["mailboxIds"]))["list"][0]
    assert list(got["mailboxIds"]) == [box["archive"]]


async def test_destroying(stage: JmapStage) -> None:
    letter = await stage.deliver()
    bob = stage.jmap()
    imap = await stage.user(select="INBOX")
    await imap.ok("COPY 1 Archive")
    email_id = id_text(IdKind.EMAIL, letter.email_id)
    told = await bob.call("Email/set", destroy=[email_id, "Mzz"])
    assert told["destroyed"] == [email_id]
    assert told["notDestroyed"]["Mzz"]["type"] == "notFound"
    assert (await bob.call("Email/get", ids=[email_id]))["notFound"] == [email_id]
    assert await stage.uids() == []


async def test_import(stage: JmapStage) -> None:
    bob, box = stage.jmap(), await roles(stage.jmap())
    raw = b"Received: from a by b; Tue, 10 Jul 2018 11:03:11 +1000\nSubject: x\n\nbody\n"
    blob = await uploaded(stage, bob, raw)
    told = await bob.call(
        "Email/import",
        emails={
            "a": {
                "blobId": blob,
                "mailboxIds": {box["inbox"]: True, box["archive"]: True},
                "keywords": {"$Flagged": True},
            },
            "b": {"blobId": "B1", "mailboxIds": {box["inbox"]: True}},
            "c": {"blobId": blob, "mailboxIds": {}},
            "d": {"blobId": await uploaded(stage, bob, b"\nno header"), "mailboxIds": {box["inbox"]: True}},
        },
    )
    assert {name: error["type"] for name, error in told["notCreated"].items()} == {
        "b": "invalidProperties",
        "c": "invalidProperties",
        "d": "invalidEmail",
    }
    made = told["created"]["a"]
    assert set(made) == {"id", "blobId", "threadId", "size"}
    got = (await bob.call("Email/get", ids=[made["id"]]))["list"][0]
    assert got["receivedAt"] == "2018-07-10T01:03:11Z"
    assert got["keywords"] == {"$flagged": True}
    assert len(got["mailboxIds"]) == 2
    again = await bob.call(
        "Email/import", emails={"a": {"blobId": made["blobId"], "mailboxIds": {box["inbox"]: True}}}
    )
    assert again["created"]["a"]["id"] != made["id"]
    assert (await bob.error("Email/import", ifInState="1", emails={}))["type"] == "stateMismatch"


async def test_parse(stage: JmapStage) -> None:
    inner = b"From: a@b\r\nSubject: inner\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\ninside\r\n--i--\r\n"
    raw = (
        b"Subject: outer\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\ntext\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n"
        + inner
        + b"\r\n--o--\r\n"
    )
    letter = await stage.deliver(raw)
    bob = stage.jmap()
    got = (await bob.call("Email/get", ids=[id_text(IdKind.EMAIL, letter.email_id)]))["list"][0]
    (attached,) = got["attachments"]
    assert attached["type"] == "message/rfc822"
    told = await bob.call(
        "Email/parse",
        blobIds=[attached["blobId"], "Bzz", got["textBody"][0]["blobId"]],
        fetchTextBodyValues=True,
    )
    assert told["notFound"] == ["Bzz"]
    assert told["notParsable"] == [got["textBody"][0]["blobId"]]
    email = told["parsed"][attached["blobId"]]
    assert (email["subject"], email["bodyValues"]["1"]["value"]) == ("inner", "inside")
    part = email["textBody"][0]["blobId"]
    assert part.startswith(attached["blobId"] + "-")
    told = await bob.call(
        "Email/parse",
        blobIds=[attached["blobId"]],
        properties=["id", "mailboxIds", "keywords", "receivedAt", "threadId", "size"],
    )
    assert told["parsed"][attached["blobId"]] == {
        "id": None,
        "mailboxIds": None,
        "keywords": None,
        "receivedAt": None,
        "threadId": None,
        "size": len(inner),
    }


async def test_copies_into_another_account(stage: JmapStage) -> None:
    imap = await stage.user(BOB)
    await imap.ok("CREATE shared")
    await imap.ok(f"SETACL shared {ALICE} lrswi")
    letter = await stage.deliver(address=ALICE)
    alice, account = stage.jmap(ALICE), stage.jmap(BOB).account
    shared = (await roles(alice, accountId=account))["shared"]
    email_id = id_text(IdKind.EMAIL, letter.email_id)
    answers = await alice.request(
        ["Email/copy", {"fromAccountId": alice.account, "accountId": account, "onSuccessDestroyOriginal": True,
                        "create": {"k": {"id": email_id, "mailboxIds": {shared: True}}, "l": {"id": "Mzz", "mailboxIds": {shared: True}}}}, "0"]
    )  # fmt: skip
    assert [name for name, _, _ in answers] == ["Email/copy", "Email/set"]
    assert answers[0][1]["notCreated"]["l"]["type"] == "notFound"
    made = answers[0][1]["created"]["k"]
    assert answers[1][1]["destroyed"] == [email_id]
    assert (await alice.call("Email/get", accountId=account, ids=[made["id"]]))["list"]
    error = await alice.error("Email/copy", fromAccountId="Azz", accountId=account, create={})
    assert error["type"] == "fromAccountNotFound"
    assert (await alice.error("Email/copy", fromAccountId=alice.account, create={}))[
        "type"
    ] == "invalidArguments"
    drafts = (await roles(alice))["drafts"]
    answers = await alice.request(
        ["Email/set", {"accountId": alice.account, "create": {"d": {"mailboxIds": {drafts: True}}}}, "0"],
        ["Email/copy", {"fromAccountId": alice.account, "accountId": account, "create": {"k": {"id": "#d", "mailboxIds": {shared: True}}}}, "1"],
    )  # fmt: skip
    assert answers[1][1]["notCreated"] is None
    told = await alice.call("Email/set", accountId=account, destroy=[made["id"]])
    assert told["notDestroyed"][made["id"]]["type"] == "forbidden"
    told = await alice.call("Email/set", accountId=account, update={made["id"]: {"keywords/$flagged": True}})
    assert told["notUpdated"] is None


async def test_nobody_reads_blobs_of_others(stage: JmapStage) -> None:
    letter = await stage.deliver(b"Subject: secret\r\n\r\nx")
    bob, alice = stage.jmap(BOB), stage.jmap(ALICE)
    own = await uploaded(stage, bob, b"Subject: mine\r\n\r\n")
    blobs = [id_text(IdKind.BLOB, letter.email_id), own]
    assert (await alice.call("Email/parse", blobIds=blobs))["notFound"] == blobs
    assert (await bob.call("Email/parse", blobIds=blobs))["notFound"] is None
    assert (await alice.error("Email/parse", accountId=bob.account, blobIds=blobs))[
        "type"
    ] == "accountNotFound"


async def test_over_quota(stage: JmapStage) -> None:
    from postroom.message.address import parse_mailbox
    from postroom.store.administration import accounts

    address = parse_mailbox(BOB)
    assert address is not None
    await stage.store.engine.write(lambda tx: accounts.set_quota(tx, address, 100))
    told = await create(stage.jmap(), textBody=[{"partId": "t"}], bodyValues={"t": {"value": "x" * 200}})
    assert told["type"] == "overQuota"


async def test_an_id_is_no_creation_id_without_its_sign(stage: JmapStage) -> None:
    bob = stage.jmap()
    email_id = (await create(bob, subject="a"))["id"]
    told = await bob.request(
        ["Mailbox/set", {"accountId": bob.account, "create": {email_id[1:]: {"name": "Other"}}}, "a"],
        [
            "Email/set",
            {
                "accountId": bob.account,
                "update": {email_id: {"keywords/$seen": True}},
                "destroy": [email_id],
            },
            "b",
        ],
    )
    assert told[0][1]["created"]
    assert told[1][1]["notUpdated"][email_id]["type"] == "willDestroy"
    assert told[1][1]["destroyed"] == [email_id]


async def test_a_blob_named_often_counts_often(stage: JmapStage) -> None:
    bob = stage.jmap()
    blob = await uploaded(stage, bob, b"x" * (1 << 20))
    told = await create(bob, subject="a", attachments=[{"blobId": blob}] * 51)
    assert (told["type"], told["maxSize"]) == ("tooLarge", 50 << 20)
    big = {"partId": "p", "type": "text/plain"}
    told = await create(
        bob,
        bodyStructure={"type": "multipart/mixed", "subParts": [big] * 60},
        bodyValues={"p": {"value": "x" * (1 << 20)}},
    )
    assert told["type"] == "tooLarge"


async def test_no_more_blobs_are_read_than_one_email_may_have(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = stage.jmap()
    blobs = [await uploaded(stage, bob, bytes([n]) * (20 << 20)) for n in range(4)]
    asked: list[str] = []
    read = Octets.read

    async def counting(self: Octets, written: str) -> bytes | None:
        asked.append(written)
        return await read(self, written)

    monkeypatch.setattr(Octets, "read", counting)
    told = await create(bob, subject="a", attachments=[{"blobId": blob} for blob in blobs])
    assert told["type"] == "tooLarge"
    assert len(asked) == 3


async def test_patches_that_come_together_all_stay(stage: JmapStage) -> None:
    await stage.deliver()
    bob = stage.jmap()
    (one,) = (await bob.call("Email/query"))["ids"]
    box = await roles(bob)
    patches: list[dict[str, Any]] = [{f"keywords/label{number}": True} for number in range(2)]
    patches += [{f"mailboxIds/{box['archive']}": True}, {f"mailboxIds/{box['sent']}": True}]
    await asyncio.gather(*(bob.call("Email/set", update={one: given}) for given in patches))
    (found,) = (await bob.call("Email/get", ids=[one], properties=["keywords", "mailboxIds"]))["list"]
    assert sorted(found["keywords"]) == ["label0", "label1"]
    assert set(found["mailboxIds"]) == {box["inbox"], box["archive"], box["sent"]}


@pytest.mark.parametrize("number", [READ_TOGETHER, READ_TOGETHER + 1])
async def test_who_reads_is_noted_for_the_journey(stage: JmapStage, number: int) -> None:
    """Whoever opens a message has it marked; what is marked beyond a few at once was not read."""
    bob = stage.jmap()
    noted: list[Hop] = []
    bob.app.service.note = lambda _account, _email_id, hop: noted.append(hop)
    made = [(await create(bob, subject=str(one)))["id"] for one in range(number)]
    await bob.call("Email/set", update={made[0]: {"keywords/$flagged": True}})
    assert noted == []
    for _ in range(2):
        await bob.call("Email/set", update={made[0]: {"keywords/$seen": True}})
    (hop,) = noted
    assert hop.kind is HopKind.READ
    assert hop.events[-1] == Handled(0, "marked as read", BOB)
    assert isinstance(hop.events[0], Connected)
    assert hop.events[0].protocol == "jmap"
    await bob.call("Email/set", update={made[0]: {"keywords/$seen": None}})
    noted.clear()
    await bob.call("Email/set", update={one: {"keywords/$seen": True} for one in made})
    assert len(noted) == READ_TOGETHER
