"""What attackers say to the API of JMAP: too much, no JSON, what makes more of itself, what belongs to others (rows J01 to J04)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jmap_stage import ALICE, BOB, USING, JmapStage
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.blob_ids import BlobId
from postroom.proto.jmap.references import MAX_FOUND
from postroom.proto.jmap.request import Limits
from postroom.proto.jmap.standard import MAX_FILTER_DEPTH
from postroom.store.directory import quota
from postroom.store.store import Store, StoreSettings

LIMIT = "urn:ietf:params:jmap:error:limit"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[JmapStage]:
    settings = StoreSettings(files=str(tmp_path / "files"), file_from=1000)
    store = await Store.open(f"sqlite://{tmp_path}/store", settings)
    made = await JmapStage.open(store, ALICE)
    yield made
    await store.close()
    assert made.faults == []


async def test_j01_too_much_at_once_names_the_limit(stage: JmapStage) -> None:
    bob = stage.jmap()
    echo = ["Core/echo", {}, "c"]
    assert (await bob.post({"using": USING, "methodCalls": [echo] * 16})).status == 200
    reply = await bob.post({"using": USING, "methodCalls": [echo] * 17})
    assert (reply.status, reply.json["type"], reply.json["limit"]) == (400, LIMIT, "maxCallsInRequest")
    most = Limits().max_size_request
    reply = await bob.post(None, b" " * (most + 1))
    assert (reply.status, reply.json["type"], reply.json["limit"]) == (400, LIMIT, "maxSizeRequest")
    reply = await bob.post(None, b"{}" + b" " * (most - 2))
    assert reply.json["type"].endswith("notRequest")
    for method, ids in (("Email/get", "ids"), ("Thread/get", "ids"), ("SearchSnippet/get", "emailIds")):
        assert await bob.call(method, **{ids: [f"x{n}" for n in range(500)]})
        assert (await bob.error(method, **{ids: [f"x{n}" for n in range(501)]}))["type"] == "requestTooLarge"
    objects: dict[str, Any] = {f"x{n}": {} for n in range(501)}
    for method in ("Email/set", "Mailbox/set"):
        assert (await bob.error(method, update=objects))["type"] == "requestTooLarge"
        assert (await bob.error(method, create=objects))["type"] == "requestTooLarge"
        assert (await bob.error(method, destroy=list(objects)))["type"] == "requestTooLarge"
    assert (await bob.error("Email/import", emails=objects))["type"] == "requestTooLarge"


async def test_j01_a_fifth_request_at_a_time(stage: JmapStage) -> None:
    bob = stage.jmap()
    request = {"using": USING, "methodCalls": [["Core/echo", {}, "c"]] * 16}
    replies = await asyncio.gather(*(bob.post(request) for _ in range(5)))
    assert sorted(one.status for one in replies) == [200] * 4 + [400]
    refused = next(one.json for one in replies if one.status == 400)
    assert (refused["type"], refused["limit"]) == (LIMIT, "maxConcurrentRequests")
    assert (await bob.post(request)).status == 200


async def test_j01_an_upload_too_long(stage: JmapStage) -> None:
    bob = stage.jmap(limits=Limits(max_size_upload=1000))
    where = f"/jmap/upload/{bob.account}/"
    assert (await bob.http("POST", where, b"x" * 1000)).status == 201
    reply = await bob.http("POST", where, b"x" * 1001)
    assert (reply.status, reply.json["limit"]) == (400, "maxSizeUpload")


@pytest.mark.parametrize(
    "value",
    [
        b"[" * 100_000, b"[" * 50_000 + b"]" * 50_000, b"9" * 5_000, b"NaN", b"-Infinity", b'{"a":1,"a":2}', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\xed\xa0\x80"',
        b'"\xff"', b'"a\x00b"', b"1e999", b"01", b"'a'", b"[1,]", b'{"a":1}x',
    ],
)  # fmt: skip
async def test_j02_what_is_no_json_of_the_internet(stage: JmapStage, value: bytes) -> None:
    bob = stage.jmap()
    raw = b'{"using":["urn:ietf:params:jmap:core"],"methodCalls":[["Core/echo",{"a":' + value + b'},"c"]]}'
    reply = await bob.post(None, raw)
    assert reply.status == 400
    assert reply.json["type"].endswith((":notJSON", ":notRequest"))


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**53, 10**30, 1.5, "1", True, [1]])
async def test_j02_numbers_that_are_none(stage: JmapStage, value: Any) -> None:
    bob = stage.jmap()
    assert (await bob.error("Email/query", position=value))["type"] == "invalidArguments"
    assert (await bob.error("Email/query", filter={"minSize": value}))["type"] == "invalidArguments"


async def test_j02_nul_and_characters_without_meaning(stage: JmapStage) -> None:
    bob = stage.jmap()
    assert (
        await bob.post({"using": USING, "methodCalls": [["Core/echo", {"x": "\ufffe"}, "c"]]})
    ).status == 400  # RFC 7493 §2.1
    for text in ("a\0b", "\0", "\x7f", "\u202e"):
        assert (await bob.answer("Mailbox/set", create={"c": {"name": text}}))[0] == "Mailbox/set"
        for name in ("text", "subject", "body", "from"):
            assert (await bob.call("Email/query", filter={name: text}))["ids"] == []
        assert (await bob.error("Email/changes", sinceState=text))["type"] == "cannotCalculateChanges"
        assert (await bob.error("Email/query", filter={"hasKeyword": "\0"}))["type"] == "invalidArguments"


async def test_j03_a_reference_makes_no_more_than_may_be_said(stage: JmapStage) -> None:
    bob = stage.jmap()
    many = {"list": [{"emailIds": [f"x{n}" for n in range(600)]} for _ in range(40)]}
    assert MAX_FOUND < 600 * 40
    responses = await bob.request(
        ["Core/echo", many, "0"],
        ["Email/get", {"accountId": bob.account, "#ids": {"resultOf": "0", "name": "Core/echo", "path": "/list/*/emailIds"}}, "1"],
        ["Email/get", {"accountId": bob.account, "#ids": {"resultOf": "0", "name": "Core/echo", "path": "/list/0/emailIds"}}, "2"],
    )  # fmt: skip
    assert [one[1].get("type") for one in responses] == [None, "invalidResultReference", "requestTooLarge"]
    path = "/*" * 16
    grown = ["Core/echo", {"#a": {"resultOf": "0", "name": "Core/echo", "path": f"/list{path}"}}, "1"]
    assert (await bob.request(["Core/echo", many, "0"], grown))[1][1]["type"] == "invalidResultReference"


async def test_j03_filters_are_bounded(stage: JmapStage) -> None:
    bob = stage.jmap()

    def deep(levels: int) -> dict[str, Any]:
        made: dict[str, Any] = {"minSize": 0}
        for _ in range(levels):
            made = {"operator": "NOT", "conditions": [made]}
        return made

    assert (await bob.call("Email/query", filter=deep(MAX_FILTER_DEPTH - 1), calculateTotal=True))[
        "total"
    ] == 0
    assert (await bob.error("Email/query", filter=deep(MAX_FILTER_DEPTH)))["type"] == "unsupportedFilter"
    raw = b'{"operator":"NOT","conditions":[' * 1000 + b"{}" + b"]}" * 1000
    account = bob.account.encode()
    reply = await bob.post(
        None,
        b'{"using":[],"methodCalls":[["Email/query",{"accountId":"%s","filter":%s},"c"]]}' % (account, raw),
    )
    assert (reply.status, reply.json["type"].rpartition(":")[2]) == (400, "notJSON")
    wide = {"operator": "OR", "conditions": [{"minSize": 0}] * 1000}
    assert (await bob.error("Email/query", filter=wide))["type"] == "unsupportedFilter"


async def test_j04_what_belongs_to_others_is_not_there(stage: JmapStage) -> None:
    alice, bob = stage.jmap(ALICE), stage.jmap(BOB)
    hers = await stage.deliver(address=ALICE)
    uploaded = (await alice.http("POST", f"/jmap/upload/{alice.account}/", b"Subject: x\r\n\r\n")).json[
        "blobId"
    ]
    inbox = next(
        one["id"] for one in (await bob.call("Mailbox/get", ids=None))["list"] if one["role"] == "inbox"
    )
    for method in ("Email/get", "Mailbox/get", "Thread/get", "Quota/get"):
        assert (await bob.error(method, accountId=alice.account, ids=[]))["type"] == "accountNotFound"
    for method in ("Email/set", "Mailbox/set"):
        assert (await bob.error(method, accountId=alice.account))["type"] == "accountNotFound"
    error = await bob.error("Email/copy", fromAccountId=alice.account, create={})
    assert error["type"] == "fromAccountNotFound"
    email = id_text(IdKind.EMAIL, hers.email_id)
    assert (await bob.call("Email/get", ids=[email]))["notFound"] == [email]
    for blob in (uploaded, str(BlobId(hers.email_id)), str(BlobId(hers.email_id).part("1", 1))):
        told = await bob.call("Email/import", emails={"c": {"blobId": blob, "mailboxIds": {inbox: True}}})
        assert told["notCreated"]["c"]["properties"] == ["blobId"]
        part = {"attachments": [{"blobId": blob}], "mailboxIds": {inbox: True}}
        told = await bob.call("Email/set", create={"c": part})
        assert (told["notCreated"]["c"]["type"], told["notCreated"]["c"]["notFound"]) == (
            "blobNotFound",
            [blob],
        )
        assert (await bob.call("Email/parse", blobIds=[blob]))["notFound"] == [blob]
        for account in (alice.account, bob.account):
            assert (await bob.http("GET", f"/jmap/download/{account}/{blob}/x")).status == 404
    assert (await bob.http("POST", f"/jmap/upload/{alice.account}/", b"x")).status == 404


async def test_j04_nothing_goes_over_the_quota(stage: JmapStage) -> None:
    bob = stage.jmap()
    inbox = next(
        one["id"] for one in (await bob.call("Mailbox/get", ids=None))["list"] if one["role"] == "inbox"
    )
    account = stage.logins.people[BOB]
    await stage.store.engine.write(lambda tx: tx.execute(quota.LIMIT, account, 0, 3))
    blob = (await bob.http("POST", f"/jmap/upload/{bob.account}/", b"Subject: x\r\n\r\n")).json["blobId"]
    given = {f"c{n}": {"blobId": blob, "mailboxIds": {inbox: True}} for n in range(3)}
    told = await asyncio.gather(*(bob.call("Email/import", emails=given) for _ in range(3)))
    assert sum(len(one["created"] or ()) for one in told) == 3
    refused = [error["type"] for one in told for error in (one["notCreated"] or {}).values()]
    assert refused == ["overQuota"] * 6
    draft = {"mailboxIds": {inbox: True}, "subject": "x"}
    assert (await bob.call("Email/set", create={"c": draft}))["notCreated"]["c"]["type"] == "overQuota"
