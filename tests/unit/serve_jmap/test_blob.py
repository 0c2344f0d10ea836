"""Blob/copy (RFC 8620 §6.3); Blob/upload, Blob/get and Blob/lookup (RFC 9404)."""

import base64
import hashlib
from typing import Any

import pytest

from jmap_stage import ALICE, BOB, JmapClient, JmapStage
from postroom.message.ids import IdKind, id_text
from postroom.message.mime.structure import Structure, scan
from postroom.proto.jmap.blob_ids import BlobId
from postroom.proto.jmap.capabilities import BLOB, MOST_SOURCES
from postroom.proto.jmap.request import Limits
from postroom.serve.jmap.methods import call, octets
from postroom.serve.jmap.methods.octets import Octets

FOX = "The quick brown fox jumped over the lazy dog."


async def made(client: JmapClient, *sources: dict[str, Any]) -> str:
    told = await client.call("Blob/upload", create={"c": {"data": list(sources)}})
    assert told["notCreated"] is None, told
    found: str = told["created"]["c"]["id"]
    return found


async def test_a_blob_is_put_together_of_pieces(stage: JmapStage) -> None:
    bob = stage.jmap()
    account = (await bob.http("GET", "/jmap/session")).json["accounts"][bob.account]["accountCapabilities"][
        BLOB
    ]
    assert account["maxDataSources"] >= 64
    responses = await bob.request(
        ["Blob/upload", {"accountId": bob.account, "create": {"b4": {"data": [{"data:asText": FOX}], "type": "text/plain"}}}, "0"],
        ["Blob/upload", {"accountId": bob.account, "create": {"cat": {"data": [{"data:asText": "How"}, {"blobId": "#b4", "length": 7, "offset": 3}, {"data:asBase64": "/w=="}]}}}, "1"],
        ["Blob/get", {"accountId": bob.account, "ids": ["#b4", "#cat", "#none"], "properties": ["data:asText", "data:asBase64", "data", "size"]}, "2"],
    )  # fmt: skip
    one, two = responses[0][1]["created"]["b4"], responses[1][1]["created"]["cat"]
    assert (one["type"], one["size"], two["type"], two["size"]) == ("text/plain", 45, None, 11)
    whole = b"How quick \xff"
    assert responses[2][1]["list"] == [
        {"id": one["id"], "data:asText": FOX, "data:asBase64": base64.b64encode(FOX.encode()).decode(), "size": 45},
        {"id": two["id"], "data:asText": None, "isEncodingProblem": True, "data:asBase64": base64.b64encode(whole).decode(), "size": 11},
    ]  # fmt: skip
    assert responses[2][1]["notFound"] == ["#none"]


@pytest.mark.parametrize(
    ("given", "properties"),
    [
        ({}, ["data"]),
        ({"data": [{}]}, ["data"]),
        ({"data": [{"data:asText": "a", "data:asBase64": "YQ=="}]}, ["data"]),
        ({"data": [{"data:asBase64": "?"}]}, ["data"]),
        ({"data": [{"data:asText": 1}]}, ["data"]),
        ({"data": None}, ["data"]),
        ({"data": [{"data:asText": "a", "offset": 0}]}, ["data"]),
        ({"data": [{"blobId": "#c"}]}, None),
        ({"data": [{"data:asText": "a"}] * (MOST_SOURCES + 1)}, ["data"]),
        ({"data": [{"data:asText": "a"}], "type": 1}, ["type"]),
        ({"data": [{"data:asText": "a"}], "x": 1}, ["x"]),
    ],
)
async def test_what_is_no_blob(stage: JmapStage, given: dict[str, Any], properties: list[str] | None) -> None:
    error = (await stage.jmap().call("Blob/upload", create={"c": given}))["notCreated"]["c"]
    kind = "invalidProperties" if properties else "blobNotFound"
    assert (error["type"], error.get("properties")) == (kind, properties)


async def test_a_blob_of_nothing_and_one_of_others_of_the_same_call(stage: JmapStage) -> None:
    """RFC 9404 §4.1 (zero sources), RFC 8620 §5.3: what is referred to is made first, wherever it stands."""
    bob = stage.jmap()
    sources = {"c": ["#b", "#a", "#none"], "b": ["#a", "#a"], "a": [], "d": ["#c"], "e": ["#b", "#a"]}
    create = {name: {"data": [{"blobId": one} for one in blobs]} for name, blobs in sources.items()}
    create["a"]["data"] = [{"data:asText": "x"}]
    told = await bob.call("Blob/upload", create={**create, "n": {"data": []}})
    assert {name: one["size"] for name, one in told["created"].items()} == {"a": 1, "b": 2, "e": 3, "n": 0}
    assert {name: one["type"] for name, one in told["notCreated"].items()} == dict.fromkeys(
        "cd", "blobNotFound"
    )
    (got,) = (await bob.call("Blob/get", ids=[told["created"]["n"]["id"]]))["list"]
    assert (got["data:asText"], got["size"]) == ("", 0)


async def test_a_circle_spoils_no_others(stage: JmapStage) -> None:
    """RFC 8620 §5.3: what is made of others is made behind them, whatever else goes round in a circle."""
    of = {"a": "#b", "c": "#c", "d": "#e", "e": "#d", "f": "#d"}
    create: dict[str, Any] = {name: {"data": [{"blobId": source}]} for name, source in of.items()}
    create["b"] = {"data": [{"data:asText": FOX}]}
    told = await stage.jmap().call("Blob/upload", create=create)
    assert set(told["created"]) == {"a", "b"}
    assert set(told["notCreated"]) == {"c", "d", "e", "f"}


async def test_limits_of_what_is_put_together(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = stage.jmap(limits=Limits(max_size_upload=10))
    assert await made(bob, *[{"data:asText": ""}] * (MOST_SOURCES - 1), {"data:asText": "x" * 10})
    ten = await made(bob, {"data:asText": "x" * 10})
    told = await bob.call("Blob/upload", create={"c": {"data": [{"blobId": ten}, {"data:asText": "x"}]}})
    assert told["notCreated"]["c"]["type"] == "tooLarge"
    for within in ({"offset": 11}, {"offset": 5, "length": 6}, {"offset": -1}, {"length": "1"}):
        told = await bob.call("Blob/upload", create={"c": {"data": [{"blobId": ten, **within}]}})
        assert told["notCreated"]["c"]["type"] == "invalidProperties"
    told = await bob.call("Blob/upload", create={"c": {"data": [{"blobId": "Bnone"}]}})
    assert (told["notCreated"]["c"]["type"], told["notCreated"]["c"]["notFound"]) == (
        "blobNotFound",
        ["Bnone"],
    )
    assert (await bob.error("Blob/upload", create={f"c{n}": {} for n in range(501)}))[
        "type"
    ] == "requestTooLarge"
    monkeypatch.setattr(octets, "MOST_UPLOADED", 9)
    told = await bob.call("Blob/upload", create={"c": {"data": [{"data:asText": "x" * 10}]}})
    assert told["notCreated"]["c"]["type"] == "overQuota"
    told = await bob.call("Blob/copy", fromAccountId=bob.account, blobIds=[ten])
    assert told["notCopied"][ten]["type"] == "overQuota"


async def test_parts_and_digests_of_a_blob(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = stage.jmap()
    fox = await made(bob, {"data:asText": FOX})
    (got,) = (
        await bob.call(
            "Blob/get", ids=[fox], offset=4, length=9, properties=["data", "digest:sha", "digest:sha-256"]
        )
    )["list"]
    part = FOX[4:13].encode()
    assert got == {
        "id": fox, "data:asText": "quick bro", "digest:sha": base64.b64encode(hashlib.sha1(part).digest()).decode(),
        "digest:sha-256": base64.b64encode(hashlib.sha256(part).digest()).decode(),
    }  # fmt: skip
    (got,) = (await bob.call("Blob/get", ids=[fox], offset=40, length=9))["list"]
    assert got == {"id": fox, "data:asText": " dog.", "isTruncated": True, "size": 45}
    assert (await bob.error("Blob/get", ids=[fox], properties=["digest:md5"]))["type"] == "invalidArguments"
    assert (await bob.error("Blob/get", ids=None))["type"] == "requestTooLarge"
    monkeypatch.setattr(call, "MOST_OCTETS", 89)
    other = await made(bob, {"data:asText": FOX})
    assert (await bob.error("Blob/get", ids=[fox, other]))["type"] == "requestTooLarge"
    assert len((await bob.call("Blob/get", ids=[fox]))["list"]) == 1


@pytest.mark.parametrize("name", ["sha-256", "digest:", "digest:md5", "digest:digest:sha", "none"])
async def test_what_is_no_property_of_a_blob(stage: JmapStage, name: str) -> None:
    told = await stage.jmap().error("Blob/get", ids=[], properties=[name])
    assert (told["type"], told["arguments"]) == ("invalidArguments", ["properties"])


async def test_what_a_blob_is_part_of(stage: JmapStage) -> None:
    bob = stage.jmap()
    letter = await stage.deliver()
    whole, part, fox = (
        str(BlobId(letter.email_id)),
        str(BlobId(letter.email_id).part("1", 1)),
        await made(bob, {"data:asText": FOX}),
    )
    told = await bob.call(
        "Blob/lookup", typeNames=["Email", "Thread", "Mailbox"], ids=[whole, part, fox, "Bnone"]
    )
    email, thread = id_text(IdKind.EMAIL, letter.email_id), id_text(IdKind.THREAD, letter.thread_id)
    for found, one in zip(told["list"][:2], (whole, part), strict=True):
        assert (found["id"], found["matchedIds"]["Email"], found["matchedIds"]["Thread"]) == (
            one,
            [email],
            [thread],
        )
        assert len(found["matchedIds"]["Mailbox"]) == 1
    assert told["list"][2] == {"id": fox, "matchedIds": {"Email": [], "Thread": [], "Mailbox": []}}
    assert told["notFound"] == ["Bnone"]
    assert (await bob.error("Blob/lookup", typeNames=["X"], ids=[]))["type"] == "unknownDataType"
    assert (await bob.error("Blob/lookup", typeNames=[], ids=["x"] * 501))["type"] == "requestTooLarge"


async def test_blobs_are_copied_from_where_one_may_read(stage: JmapStage) -> None:
    alice, bob = stage.jmap(ALICE), stage.jmap(BOB)
    hers = str(BlobId((await stage.deliver(address=ALICE)).email_id))
    asked = {"fromAccountId": alice.account, "blobIds": [hers, "Bnone"]}
    assert (await bob.error("Blob/copy", **asked))["type"] == "fromAccountNotFound"
    imap = await stage.user(ALICE)
    await imap.ok(f"SETACL INBOX {BOB} lr")
    told = await bob.call("Blob/copy", **asked)
    assert told["notCopied"] == {"Bnone": {"type": "notFound"}}
    copied = told["copied"][hers]
    assert (await bob.call("Blob/get", ids=[copied, hers], properties=["size"]))["notFound"] == [hers]
    assert (await bob.error("Blob/copy", **{**asked, "accountId": "Anone"}))["type"] == "accountNotFound"
    assert (await bob.error("Blob/copy", fromAccountId=bob.account, blobIds=["x"] * 501))[
        "type"
    ] == "requestTooLarge"


async def test_what_is_looked_up_is_read_only_where_it_must_be(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = stage.jmap()
    ids = [str(BlobId((await stage.deliver()).email_id)) for _ in range(3)]
    asked: list[str] = []
    read = Octets.read

    async def counting(self: Octets, written: str) -> bytes | None:
        asked.append(written)
        return await read(self, written)

    monkeypatch.setattr(Octets, "read", counting)
    told = await bob.call("Blob/lookup", typeNames=["Email"], ids=[*ids, f"{ids[0]}_1", f"{ids[0]}_9", "Bzz"])
    assert [one["id"] for one in told["list"]] == [*ids, f"{ids[0]}_1"]
    assert all(one["matchedIds"]["Email"] for one in told["list"])
    assert told["notFound"] == [f"{ids[0]}_9", "Bzz"]
    assert set(asked) == {f"{ids[0]}_1", f"{ids[0]}_9", "Bzz"}
    assert len(asked) == 3


@pytest.mark.parametrize("method", ["Blob/get", "Blob/lookup", "Blob/copy"])
async def test_a_message_is_taken_apart_once_for_all_its_parts(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """In whatever order they are asked for: of two messages in turn, and of one within each."""
    bob = stage.jmap()
    inner = b"Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\none\r\n--i\r\n\r\ntwo\r\n--i--\r\n"
    outer = b"--o\r\n\r\nthree\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--o--\r\n"
    message = b"Content-Type: multipart/mixed; boundary=o\r\n\r\n" + outer
    letters = [await stage.deliver(b"Subject: %d\r\n" % one + message) for one in range(2)]
    blobs = [str(BlobId(one.email_id)) for one in letters]
    ids = [f"{blob}_{part}" for part in ("2-2", "1", "2", "2-1", "3", "2-3") for blob in blobs]
    scanned = []

    def noted(raw: bytes) -> Structure:
        scanned.append(raw)
        return scan(raw)

    monkeypatch.setattr(octets, "scan", noted)
    if method == "Blob/copy":
        told = await bob.call(method, fromAccountId=bob.account, blobIds=ids)
        assert set(told["copied"]) == set(ids[:8])
    else:
        more = {"properties": ["data"]} if method == "Blob/get" else {"typeNames": ["Email"]}
        told = await bob.call(method, ids=ids, **more)
        assert ([one["id"] for one in told["list"]], told["notFound"]) == (ids[:8], ids[8:])
    if method == "Blob/get":
        texts = [one["data:asText"] for one in told["list"]]
        assert texts == ["two"] * 2 + ["three"] * 2 + [inner.decode()] * 2 + ["one"] * 2
    assert len(scanned) == 4
