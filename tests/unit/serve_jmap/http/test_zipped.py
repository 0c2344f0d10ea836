"""All that is attached to an email as one zip file."""

import io
import zipfile
from email.message import EmailMessage
from urllib.parse import quote

import pytest

from jmap_stage import ALICE, JmapClient, JmapStage, Reply
from postroom.message.ids import IdKind, id_text
from postroom.serve.jmap.http.zipped import MOST_FILES, PIECE


async def fetch(client: JmapClient, email: str, name: str = "all.zip", method: str = "GET") -> Reply:
    return await client.http(method, f"/jmap/attachments/{client.account}/{email}/{quote(name, safe='')}")


async def delivered(stage: JmapStage, letter: EmailMessage | bytes) -> str:
    raw = letter if isinstance(letter, bytes) else letter.as_bytes().replace(b"\n", b"\r\n")
    return id_text(IdKind.EMAIL, (await stage.deliver(raw)).email_id)


def letter(*files: tuple[str, bytes]) -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = "Files"
    made.set_content("Here they are.")
    for name, octets in files:
        made.add_attachment(octets, maintype="application", subtype="octet-stream", filename=name)
    return made


async def test_names_are_safe_and_each_its_own(stage: JmapStage) -> None:
    big = bytes(range(256)) * (PIECE // 128)  # more than one piece
    made = letter(
        ("a.txt", b"1"), ("A.TXT", b"2"), ("a.txt", b"3"), ("../../etc/passwd", b"4"), ("größe.tar.gz", big), ("größe.tar.gz", b"")
    )  # fmt: skip
    made.add_attachment(letter(("within.txt", b"w")))
    reply = await fetch(stage.jmap(), await delivered(stage, made), "Files – all.zip")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/zip")
    assert reply.headers["content-disposition"].startswith('attachment; filename="Files _ all.zip"')
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        assert archive.testzip() is None
        found = {one.filename: archive.read(one) for one in archive.infolist()}
    nested = found.pop("attachment.eml")
    assert b"within.txt" in nested
    assert found == {
        "a.txt": b"1",
        "A (2).TXT": b"2",
        "a (3).txt": b"3",
        "passwd": b"4",
        "größe.tar.gz": big,
        "größe (2).tar.gz": b"",
    }


async def test_pictures_of_the_text_stay_there(stage: JmapStage) -> None:
    made = EmailMessage()
    made.set_content("<img src='cid:x'>", subtype="html")
    made.add_related(b"GIF89a", "image", "gif", cid="<x>", disposition="inline", filename="x.gif")
    assert (await fetch(stage.jmap(), await delivered(stage, made))).status == 404
    made.make_mixed()
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="b.pdf")
    reply = await fetch(stage.jmap(), await delivered(stage, made))
    assert zipfile.ZipFile(io.BytesIO(reply.body)).namelist() == ["b.pdf"]
    assert (await fetch(stage.jmap(), await delivered(stage, made), method="HEAD")).body == b""


@pytest.mark.parametrize(
    ("received", "date"),
    [
        ("0001-01-01T00:00:00Z", (1980, 1, 1, 0, 0, 0)),
        ("2108-01-01T00:00:00Z", (2107, 12, 31, 23, 59, 58)),
        ("9999-12-31T23:59:59Z", (2107, 12, 31, 23, 59, 58)),
    ],
)
async def test_mail_of_other_centuries(stage: JmapStage, received: str, date: tuple[int, ...]) -> None:
    """The format's own dates go from 1980 to 2107, in steps of two seconds."""
    bob = stage.jmap()
    box = (await bob.call("Mailbox/get", ids=None))["list"][0]["id"]
    file = {"partId": "x", "type": "text/csv", "name": "a.csv"}
    values = {"mailboxIds": {box: True}, "receivedAt": received, "attachments": [file]}
    made = await bob.call("Email/set", create={"e": {**values, "bodyValues": {"x": {"value": "1"}}}})
    reply = await fetch(bob, made["created"]["e"]["id"])
    (entry,) = zipfile.ZipFile(io.BytesIO(reply.body)).infolist()
    assert (entry.filename, entry.date_time) == ("a.csv", date)


async def test_what_no_text_shows_comes_along(stage: JmapStage) -> None:
    made = EmailMessage()
    made.set_content("<p>Photos</p><img src='cid:in%40x'><img src='cid:out@xyz'>", subtype="html")
    made.add_related(b"GIF89a", "image", "gif", cid="<in@x>", disposition="inline", filename="in.gif")
    made.add_related(b"GIF89a", "image", "gif", cid="<out@x>", disposition="inline", filename="out.gif")
    made.make_mixed()
    made.add_attachment(b"GIF89a", "image", "gif", disposition="inline", filename="photo.gif")
    made.add_attachment(b"%PDF", "application", "pdf", disposition="inline", cid="<p@x>", filename="b.pdf")
    reply = await fetch(stage.jmap(), await delivered(stage, made))
    names = zipfile.ZipFile(io.BytesIO(reply.body)).namelist()
    assert sorted(names) == ["b.pdf", "out.gif", "photo.gif"]


async def test_for_nobody_else(stage: JmapStage) -> None:
    email = await delivered(stage, letter(("a.txt", b"1")))
    alice, bob = stage.jmap(ALICE), stage.jmap()
    assert (await fetch(alice, email)).status == 404
    assert (await alice.http("GET", f"/jmap/attachments/{bob.account}/{email}/x.zip")).status == 404
    assert (await bob.http("GET", f"/jmap/attachments/{bob.account}/{email}")).status == 404
    assert (await bob.http("GET", f"/jmap/attachments/{bob.account}/{email}/x.zip", headers={})).status == 401


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 413)])
async def test_as_many_files_as_go_in(stage: JmapStage, more: int, status: int) -> None:
    part = b"--b\r\nContent-Type: application/x-a; name=a\r\n\r\nx\r\n"
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * (MOST_FILES + more) + b"--b--\r\n"
    reply = await fetch(stage.jmap(), await delivered(stage, raw))
    assert reply.status == status
    if status == 200:
        assert len(set(zipfile.ZipFile(io.BytesIO(reply.body)).namelist())) == MOST_FILES


async def test_the_session_says_where(stage: JmapStage) -> None:
    told = (await stage.jmap().http("GET", "/jmap/session")).json["capabilities"][
        "urn:postroom:params:jmap:webmail"
    ]
    assert told["attachmentsUrl"].endswith("/jmap/attachments/{accountId}/{emailId}/{name}")
