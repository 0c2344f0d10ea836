"""Pictures and sounds of cards (RFC 9610 §3, §3.5)."""

import base64

from card_file import PNG, add, refused, show
from jmap_stage import JmapStage
from postroom.store.fsck.fsck import check


async def test_a_photo_is_a_blob_that_stays(stage: JmapStage) -> None:
    bob = stage.jmap()
    blob = (await bob.http("POST", f"/jmap/upload/{bob.account}/", PNG)).json["blobId"]
    card = await add(bob, media={"m": {"kind": "photo", "blobId": blob, "mediaType": "image/png"}})
    kept = (await show(bob, card["id"]))["media"]["m"]["blobId"]
    assert kept == blob
    path = f"/jmap/download/{bob.account}/{kept}/photo"
    await stage.store.sweep(stage.now + 10**15)
    assert (await bob.http("GET", path)).body == PNG
    findings = [one async for one in check(stage.store, stage.now)]
    assert findings == []
    await bob.call("ContactCard/set", update={card["id"]: {"media": None}})
    await stage.store.sweep(stage.now + 10**15)
    assert (await bob.http("GET", path)).status == 404


async def test_a_photo_is_an_image(stage: JmapStage) -> None:
    bob = stage.jmap()
    blob = (await bob.http("POST", f"/jmap/upload/{bob.account}/", b"<svg/>")).json["blobId"]
    assert (await refused(bob, media={"m": {"kind": "photo", "blobId": blob}}))["properties"] == ["media"]
    both = {"kind": "sound", "blobId": blob, "uri": "data:,x"}
    assert (await refused(bob, media={"m": both}))["properties"] == ["media"]
    assert (await add(bob, media={"m": {"kind": "sound", "blobId": blob}}))["id"]


async def test_what_a_data_uri_holds_becomes_a_blob(stage: JmapStage) -> None:
    """RFC 9610 §3: with its type, and without the URI."""
    bob = stage.jmap()
    uri = "data:image/png;base64," + base64.b64encode(PNG).decode()
    card = await add(bob, media={"m": {"kind": "photo", "uri": uri, "label": "me"}})
    kept = (await show(bob, card["id"]))["media"]["m"]
    assert kept == {
        "kind": "photo",
        "label": "me",
        "mediaType": "image/png",
        "blobId": card["media"]["m"]["blobId"],
    }
    assert (await bob.http("GET", f"/jmap/download/{bob.account}/{kept['blobId']}/photo")).body == PNG
    for wrong in ("data:image/png;base64,???", "data:image/png;base64,AAAA", "data:x"):
        error = await refused(bob, media={"m": {"kind": "photo", "uri": wrong}})
        assert error["properties"] == ["media"], wrong
    assert (
        (await add(bob, media={"m": {"kind": "sound", "uri": "https://x.test/s"}}))
        .keys()
        .isdisjoint({"media"})
    )


async def test_a_media_type_is_told_with_a_blob(stage: JmapStage) -> None:
    bob = stage.jmap()
    blob = (await bob.http("POST", f"/jmap/upload/{bob.account}/", PNG)).json["blobId"]
    card = await add(bob, media={"m": {"kind": "photo", "blobId": blob}})
    assert card["media"]["m"]["mediaType"] == "image/png"
    assert (await show(bob, card["id"]))["media"]["m"]["mediaType"] == "image/png"


async def test_a_photo_out_of_a_letter(stage: JmapStage) -> None:
    bob = stage.jmap()
    await stage.deliver(
        b"Content-Type: image/png\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        + PNG
    )
    (email,) = (await bob.call("Email/query"))["ids"]
    got = await bob.call("Email/get", ids=[email], properties=["attachments"])
    part = got["list"][0]["attachments"][0]["blobId"]
    card = await add(bob, media={"m": {"kind": "photo", "blobId": part}})
    own = card["media"]["m"]["blobId"]
    assert own != part
    assert (await bob.http("GET", f"/jmap/download/{bob.account}/{own}/photo")).body == PNG
