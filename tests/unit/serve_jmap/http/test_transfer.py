"""Upload, download (RFC 8620 §6), and SearchSnippet/get (RFC 8621 §5)."""

import asyncio
from typing import Any

import pytest

from jmap_stage import ALICE, JmapStage
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.blob_ids import BlobId
from postroom.proto.jmap.request import Limits
from postroom.proto.jmap.search_words import MAX_WORDS, search_words
from postroom.proto.jmap.snippets import marked
from postroom.serve.jmap.http.transfer import MAX_DOWNLOADS
from postroom.serve.jmap.methods.octets import Octets
from postroom.store.blobs import blobs


async def test_what_goes_up_comes_down(stage: JmapStage) -> None:
    bob = stage.jmap()
    reply = await bob.http(
        "POST",
        f"/jmap/upload/{bob.account}/",
        b"hello" * 1000,
        {**bob.credentials(), "content-type": "text/x"},
    )
    assert reply.status == 201
    told = reply.json
    assert (told["accountId"], told["type"], told["size"]) == (bob.account, "text/x", 5000)
    path = f"/jmap/download/{bob.account}/{told['blobId']}/gr%C3%B6%C3%9Fe%2F%22x?type=text/plain"
    reply = await bob.http("GET", path)
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"hello" * 1000, "text/plain")
    assert (
        reply.headers["content-disposition"]
        == "attachment; filename=\"gr__e__x\"; filename*=utf-8''gr%C3%B6%C3%9Fe__x"
    )
    assert reply.headers["content-security-policy"].startswith("sandbox")
    assert reply.headers["x-content-type-options"] == "nosniff"
    reply = await bob.http("GET", path + "%0d%0aX: y")
    assert reply.headers["content-type"] == "application/octet-stream"
    assert (await bob.http("HEAD", path)).body == b""


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"), ("bytes=8-", 206, b"89", "bytes 8-9/10"), ("bytes=-2", 206, b"89", "bytes 8-9/10"), ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=0-", 200, b"0123456789", None), ("bytes=10-", 416, None, None), ("bytes=5-4", 416, None, None), ("lines=1-2", 200, b"0123456789", None), ("bytes=0-1,3-4", 200, b"0123456789", None),
    ],
)  # fmt: skip
async def test_ranges(
    stage: JmapStage, asked: str, status: int, body: bytes | None, content_range: str | None
) -> None:
    bob = stage.jmap()
    blob = (await bob.http("POST", f"/jmap/upload/{bob.account}/", b"0123456789")).json["blobId"]
    reply = await bob.http(
        "GET", f"/jmap/download/{bob.account}/{blob}/x", headers={**bob.credentials(), "range": asked}
    )
    assert reply.status == status
    if body is not None:
        assert reply.body == body
        assert reply.headers.get("content-range") == content_range


async def test_parts_are_decoded(stage: JmapStage) -> None:
    letter = await stage.deliver(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n"
    )
    bob = stage.jmap()
    blob = id_text(IdKind.BLOB, letter.email_id)
    assert (await bob.http("GET", f"/jmap/download/{bob.account}/{blob}_1/x")).body == b"hello"
    assert (await bob.http("GET", f"/jmap/download/{bob.account}/{blob}/x")).body.startswith(b"Content-Type")
    for wrong in (
        f"{bob.account}/{blob}_9/x",
        f"{bob.account}/Bzz/x",
        f"Azz/{blob}/x",
        f"{bob.account}/{blob}",
    ):
        assert (await bob.http("GET", f"/jmap/download/{wrong}")).status == 404
    alice = stage.jmap(ALICE)
    assert (await alice.http("GET", f"/jmap/download/{alice.account}/{blob}/x")).status == 404
    assert (await alice.http("GET", f"/jmap/download/{bob.account}/{blob}/x")).status == 404


@pytest.mark.parametrize(
    "kind",
    ["text/html", "image/svg+xml", "application/xml", "text/plain", "application/pdf", "text/html;x=y"],
)
async def test_w04_what_a_browser_could_run_is_only_saved(stage: JmapStage, kind: str) -> None:
    code = b"<html><svg onload='alert(1)'/><script>alert(1)</script></html>"
    letter = await stage.deliver(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: "
        + kind.encode()
        + b"\r\n\r\n"
        + code
        + b"\r\n--b--\r\n"
    )
    bob = stage.jmap()
    blob = id_text(IdKind.BLOB, letter.email_id)
    for asked in (kind.partition(";")[0], "text/html", "image/svg+xml"):
        reply = await bob.http(
            "GET", f"/jmap/download/{bob.account}/{blob}_1/x?type={asked.replace('+', '%2B')}"
        )
        assert (reply.status, reply.body) == (200, code)
        assert reply.headers["content-disposition"].startswith("attachment;")
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["content-security-policy"] == "sandbox; default-src 'none'"


async def test_limits_of_uploads(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = stage.jmap(limits=Limits(max_size_upload=10, max_concurrent_upload=1))
    path = f"/jmap/upload/{bob.account}/"
    assert (await bob.http("POST", path, b"x" * 10)).status == 201
    reply = await bob.http("POST", path, b"x" * 11)
    assert (reply.status, reply.json["limit"]) == (400, "maxSizeUpload")
    replies = await asyncio.gather(*(bob.http("POST", path, b"x") for _ in range(2)))
    assert sorted(reply.status for reply in replies) in ([201, 400], [201, 201])
    assert bob.app.uploading == {}
    assert (await bob.http("POST", "/jmap/upload/Azz/", b"x")).status == 404
    monkeypatch.setattr("postroom.serve.jmap.methods.octets.MOST_UPLOADED", 9)
    assert (await bob.http("POST", path, b"0123456789")).status == 507


async def test_the_oldest_uploads_make_room_for_new_ones(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 8620 §6: never those that are used, nor what was mail, which a backup may still miss."""
    bob = stage.jmap()
    mail = await stage.deliver(b"Subject: x\r\n\r\n" + b"y" * 3000)

    async def there(*blobs: str) -> list[bool]:
        paths = (f"/jmap/download/{bob.account}/{one}/x" for one in blobs)
        return [(await bob.http("GET", path)).status == 200 for path in paths]

    async def upload(octets: bytes) -> str:
        stage.now += 1_000_000
        reply = await bob.http("POST", f"/jmap/upload/{bob.account}/", octets)
        assert reply.status == 201
        return str(reply.json["blobId"])

    monkeypatch.setattr("postroom.serve.jmap.methods.octets.MOST_UPLOADED", 44_000)
    await bob.call("Email/set", destroy=[id_text(IdKind.EMAIL, mail.email_id)])
    first, second = await upload(b"a" * 20_000), await upload(b"b" * 20_000)
    third, fourth = await upload(b"c" * 1_000), await upload(b"d" * 3_000)
    assert await there(first, second, third, fourth) == [True] * 4
    assert await upload(b"a" * 20_000) == first  # and is the newest now
    fifth = await upload(b"e")
    assert await there(first, second, third, fourth, fifth) == [True, False, True, True, True]
    inbox = next(
        one["id"] for one in (await bob.call("Mailbox/get", ids=None))["list"] if one["role"] == "inbox"
    )
    letter = await upload(b"Subject: kept\r\n\r\n" + b"f" * 30_000)
    assert await there(third, fourth, first, letter) == [False, False, False, True]
    told = await bob.call("Email/import", emails={"k": {"blobId": letter, "mailboxIds": {inbox: True}}})
    await upload(b"g" * 43_000)
    assert await there(told["created"]["k"]["blobId"], fifth) == [True, True]


async def test_uploads_are_swept_when_nobody_used_them(stage: JmapStage) -> None:
    bob = stage.jmap()
    ids = [
        (await bob.http("POST", f"/jmap/upload/{bob.account}/", b"x" * size)).json["blobId"]
        for size in (10, 5000)
    ]
    letter = b"Subject: x\r\n\r\n" + b"y" * 3000
    kept = (await bob.http("POST", f"/jmap/upload/{bob.account}/", letter)).json["blobId"]
    inbox = next(
        one["id"] for one in (await bob.call("Mailbox/get", ids=None))["list"] if one["role"] == "inbox"
    )
    made = (await bob.call("Email/import", emails={"k": {"blobId": kept, "mailboxIds": {inbox: True}}}))[
        "created"
    ]["k"]
    assert await stage.store.sweep(stage.now + 1) == 0
    assert await stage.store.sweep(stage.now + blobs.GRACE + 1) >= 2
    for one in ids:
        assert (await bob.http("GET", f"/jmap/download/{bob.account}/{one}/x")).status == 404
    assert (await bob.http("GET", f"/jmap/download/{bob.account}/{made['blobId']}/x")).body == letter


@pytest.mark.parametrize(
    ("text", "words"),
    [("a b", ["a", "b"]), ('"a b" c', ["a b", "c"]), ("'a \\' b'", ["a ' b"]), ("it's fine", ["it's", "fine"]), ('"open', ['"open']), ('"a"b', ['"a"b']), ("  ", []), ('""', []),
     ("x " * 30, ["x"] * MAX_WORDS)],
)  # fmt: skip
def test_search_words(text: str, words: list[str]) -> None:
    assert search_words(text) == words


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("Do you like Pickles & <ketchup>?", ["pickles"], "Do you like <mark>Pickles</mark> &amp; &lt;ketchup&gt;?"), ("nothing", ["x"], None), ("aXbx", ["x"], "a<mark>X</mark>b<mark>x</mark>"),
        ("Grüße aus Köln", ["gruss", "köln"], "Grüße aus <mark>Köln</mark>"), ("straße", ["STRASSE"], "<mark>straße</mark>"), ("abc", ["ab", "bc"], "<mark>abc</mark>"),
        ("a vi\u00ea\u0323t b", ["vi\u1ec7t"], "a <mark>vi\u00ea\u0323t</mark> b"),
        ("\u0645\u0651\u064e", ["\u0645\u064e\u0651"], "<mark>\u0645\u0651\u064e</mark>"),
        ("cafe\u0301s", ["cafe"], "<mark>cafe\u0301</mark>s"),
        ("a  b\u00e4", ["a  b"], "<mark>a b</mark>\u00e4"),
    ],
)  # fmt: skip
def test_marks(text: str, words: list[str], found: str | None) -> None:
    assert marked(text, words) == found


def test_a_snippet_is_short() -> None:
    found = marked("word " * 500 + "needle " + "word " * 500, ["needle"])
    assert found is not None
    assert found.startswith("…word")
    assert found.endswith("…")
    assert "<mark>needle</mark>" in found
    assert len(found.encode()) <= 255


@pytest.mark.parametrize("around", ["<", "&", "é", "a b "])
def test_a_snippet_is_short_as_html(around: str) -> None:
    found = marked(around * 30 + " needle " + around * 500, ["needle", "b"])
    assert found is not None
    assert "<mark>" in found
    assert 200 < len(found.encode()) <= 255
    assert found.count("<mark>") == found.count("</mark>")


async def test_snippets(stage: JmapStage) -> None:
    letter = await stage.deliver(b"Subject: The Foo sings\r\n\r\nThe foo and the bar <b>sing</b>.")
    bob = stage.jmap()
    email_id = id_text(IdKind.EMAIL, letter.email_id)

    async def snippet(given: Any) -> tuple[str | None, str | None]:
        got = await bob.call("SearchSnippet/get", emailIds=[email_id, "Mzz"], filter=given)
        assert got["notFound"] == ["Mzz"]
        return got["list"][0]["subject"], got["list"][0]["preview"]

    assert await snippet({"text": "foo"}) == (
        "The <mark>Foo</mark> sings",
        "The <mark>foo</mark> and the bar &lt;b&gt;sing&lt;/b&gt;.",
    )
    assert await snippet({"subject": "foo"}) == ("The <mark>Foo</mark> sings", None)
    assert await snippet({"operator": "AND", "conditions": [{"body": "bar"}, {"operator": "NOT", "conditions": [{"subject": "foo"}]}]}) == (
        None, "The foo and the <mark>bar</mark> &lt;b&gt;sing&lt;/b&gt;.",
    )  # fmt: skip
    assert await snippet(None) == (None, None)
    assert (await bob.error("SearchSnippet/get", emailIds=[email_id], filter={"x": 1}))[
        "type"
    ] == "unsupportedFilter"


async def test_so_many_downloads_at_a_time(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = stage.jmap()
    letter = await stage.deliver()
    path = f"/jmap/download/{bob.account}/{BlobId(letter.email_id)}/x"
    busy = most = 0
    read = Octets.read

    async def counting(self: Octets, written: str) -> bytes | None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.01)
        busy -= 1
        return await read(self, written)

    monkeypatch.setattr(Octets, "read", counting)
    replies = await asyncio.gather(*(bob.http("GET", path) for _ in range(20)))
    assert {one.status for one in replies} == {200}
    assert most == MAX_DOWNLOADS
    assert not bob.app.downloads
