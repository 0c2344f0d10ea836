"""MessageHtml/get over a real store."""

import base64
from typing import Any

from jmap_stage import ALICE, BOB, JmapStage
from postroom.message.ids import IdKind, id_text
from postroom.message.markup.pictures import BOX
from postroom.proto.http.picture_addresses import Wanted, read, sign
from postroom.serve.jmap.mail.message_html import MAX_OWN_PICTURE, MAX_OWN_PICTURES

PNG = b"\x89PNG\r\n\x1a\n...."
KEY, NOW = b"k" * 32, 1_800_000_000


def mail(html: str, *parts: bytes) -> bytes:
    head = b"From: a@x.test\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n"
    body = b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html.encode() + b"\r\n"
    return head + body + b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


def picture(cid: str, octets: bytes) -> bytes:
    head = f"Content-Type: image/png\r\nContent-ID: <{cid}>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + base64.encodebytes(octets).replace(b"\n", b"\r\n")


async def shown(stage: JmapStage, raw: bytes, **arguments: Any) -> dict[str, Any]:
    letter = await stage.deliver(raw)
    bob = stage.jmap(BOB, picture_address=lambda account, url: sign(KEY, Wanted(account, url), NOW))
    return await bob.call("MessageHtml/get", emailId=id_text(IdKind.EMAIL, letter.email_id), **arguments)


async def test_html_with_pictures_of_its_own(stage: JmapStage) -> None:
    raw = mail(
        "<p>h\u00e9<script>x</script><img src=cid:one@x><img src='cid:svg'><img src=http://evil.test/x><img src=//evil.test/p width=1>",
        picture("one@x", PNG), picture("svg", b"<svg onload=x>"),
    )  # fmt: skip
    told = await shown(stage, raw)
    assert f"data:image/png;base64,{base64.b64encode(PNG).decode()}" in told["html"]
    assert "<p>h\u00e9<img" in told["html"]
    assert "evil" not in told["html"]
    assert (told["kind"], told["isTruncated"], told["isSimplified"]) == ("html", False, False)
    assert told["blocked"] == {"count": 1, "hosts": ["evil.test"]}
    assert told["trackers"] == {"count": 1, "hosts": ["evil.test"]}
    assert told["removed"] == {"scripts": 1}
    assert [one["cid"] for one in told["missingParts"]] == ["svg"]
    assert "img-src data:;" in told["html"]


async def test_pictures_of_its_own_are_bounded(stage: JmapStage) -> None:
    fits, beyond = PNG + bytes(MAX_OWN_PICTURE - len(PNG)), PNG + bytes(MAX_OWN_PICTURE - len(PNG) + 1)
    told = await shown(
        stage, mail("<img src=cid:a><img src=cid:b>", picture("a", fits), picture("b", beyond))
    )
    assert [one["cid"] for one in told["missingParts"]] == ["b"]
    assert told["html"].count("data:image/png;base64,") == 1
    many = "<p style='background:url(cid:a)'>" * 30 + "<img src=cid:a>" * 30
    told = await shown(stage, mail(many, picture("a", fits)))
    assert told["html"].count("data:image/png;base64,") == MAX_OWN_PICTURES // MAX_OWN_PICTURE
    assert [one["cid"] for one in told["missingParts"]] == ["a"]
    told = await shown(
        stage, mail("<img src=cid:a>" * 6 + "<img src=cid:s>", picture("a", fits), picture("s", PNG))
    )
    assert base64.b64encode(PNG).decode() + '"></body>' in told["html"]


async def test_it_says_which_pictures_of_its_own_it_shows(stage: JmapStage) -> None:
    fits, beyond = picture("a", PNG), picture("b", PNG + bytes(MAX_OWN_PICTURE))
    told = await shown(stage, mail("<img src=cid:a><img src=cid:b>", fits, beyond, picture("c", PNG)))
    assert [one.rpartition("_")[2] for one in told["shownParts"]] == ["2"]
    assert [one["blobId"].rpartition("_")[2] for one in told["missingParts"]] == ["3"]


async def test_stand_ins_are_nobody_elses(stage: JmapStage) -> None:
    told = await shown(
        stage,
        mail(
            "<img src='data:image/gif;base64,cGFydCAy'><img src='data:image/gif;base64,cGFydCAz'>",
            picture("a", PNG),
        ),
    )
    assert (told["html"].count("data:image/png"), told["html"].count(BOX)) == (0, 2)


async def test_pictures_of_others_when_asked_for(stage: JmapStage) -> None:
    told = await shown(
        stage, mail("<img src=http://x.test/a>"), allowRemote=True, origin="https://mail.test:8443", dark=True
    )
    path = told["html"].partition('src="https://mail.test:8443')[2].partition('"')[0]
    wanted = read(KEY, path, NOW)
    assert wanted is not None
    assert wanted.url == "http://x.test/a"
    assert "img-src data: https://mail.test:8443/mail/image/;" in told["html"]
    assert (told["shown"]["hosts"], told["blocked"]["count"]) == (["x.test"], 0)
    assert "invert(1)" in told["html"]


async def test_plain_text(stage: JmapStage) -> None:
    raw = b"From: a@x.test\r\nContent-Type: text/plain; format=flowed\r\n\r\n> one \r\n> two\r\nsee http://x.test <b>\r\n"
    told = await shown(stage, raw)
    assert told["kind"] == "text"
    assert "<blockquote" in told["html"]
    assert "one two" in told["html"]
    assert 'href="http://x.test" target="_blank" rel="noopener noreferrer nofollow"' in told["html"]
    assert "&lt;b&gt;" in told["html"]


async def test_text_is_preferred_when_asked_for_and_large_ones_come_too(stage: JmapStage) -> None:
    raw = (
        b"From: a@x.test\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<i>rich</i>" + b"<br>" * 5000 + b"\r\n--b--\r\n"
    )
    assert "<i>rich</i><br>" in (await shown(stage, raw))["html"]
    told = await shown(stage, raw, prefer="text")
    assert (told["kind"], "plain" in told["html"], "rich" in told["html"]) == ("text", True, False)


async def test_nothing_to_be_shown(stage: JmapStage) -> None:
    told = await shown(stage, b"From: a@x.test\r\nContent-Type: application/pdf\r\n\r\nx")
    assert told["kind"] == "none"


async def test_the_rights_of_email_get(stage: JmapStage) -> None:
    letter = await stage.deliver()
    email = id_text(IdKind.EMAIL, letter.email_id)
    alice, bob = stage.jmap(ALICE), stage.jmap(BOB)
    assert (await alice.error("MessageHtml/get", accountId=bob.account, emailId=email))[
        "type"
    ] == "accountNotFound"
    for arguments, named in (
        ({"emailId": "Mnothing"}, "emailId"),
        ({"emailId": email, "allowRemote": True}, "origin"),
        ({"emailId": email, "origin": "https://x.test/'; script-src *"}, "origin"),
        ({"emailId": email, "prefer": "pdf"}, "prefer"),
    ):
        error = await bob.error("MessageHtml/get", **arguments)
        assert (error["type"], error["arguments"]) == ("invalidArguments", [named])
    error = await bob.error("MessageHtml/get", emailId=email, allowRemote=True, origin="https://x.test")
    assert error["type"] == "forbidden"
