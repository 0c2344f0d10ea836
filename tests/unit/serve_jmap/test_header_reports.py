"""HeaderReport/get, HeaderReport/parse and MailingList/leave over a real store."""

from jmap_stage import ALICE, BOB, JmapStage
from postroom.message.headers.report import MAX_HEADER
from postroom.message.ids import IdKind, id_text

URL = "https://list.test/u"
LIST = (
    b"Authentication-Results: mx.hamburger.test; dkim=pass header.d=list.test header.s=k header.b=abc\r\n"
    b"Received: from list.test ([192.0.2.3]) by mx.hamburger.test with ESMTPS id 1; Mon, 1 Jan 2024 12:00:10 +0000\r\n"
    b"DKIM-Signature: d=list.test; s=k; h=List-Unsubscribe:List-Unsubscribe-Post; b=abc\r\n"
    b"List-Unsubscribe: <https://list.test/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"From: news@list.test\r\nContent-Type: text/html\r\n\r\n<a href='https://xn--80ak6aa92e.com/'>look</a>\r\n"
)
NAMES = frozenset({"mx.hamburger.test"})


async def email(stage: JmapStage, raw: bytes = LIST) -> str:
    return id_text(IdKind.EMAIL, (await stage.deliver(raw)).email_id)


async def test_an_email(stage: JmapStage) -> None:
    bob = stage.jmap(BOB, names=NAMES)
    told = await bob.call("HeaderReport/get", emailId=await email(stage))
    assert told["verdicts"] == [{"method": "dkim", "result": "pass", "domain": "list.test", "reason": ""}]
    assert told["unsubscribe"] == {"oneClick": URL, "mailto": "", "link": URL}
    assert [one["scripts"] for one in told["suspiciousLinks"]] == [["cyrillic"]]
    assert [step["hop"]["by"] for step in told["report"]["steps"]] == ["mx.hamburger.test"]


async def test_others_are_not_believed(stage: JmapStage) -> None:
    told = await stage.jmap(BOB).call("HeaderReport/get", emailId=await email(stage))
    assert told["verdicts"] is None
    assert told["unsubscribe"]["oneClick"] == ""


async def test_a_pasted_header(stage: JmapStage) -> None:
    bob = stage.jmap(BOB, names=NAMES)
    told = await bob.call("HeaderReport/parse", header=LIST.decode().replace("\r\n", "\n"))
    assert [one["ours"] for one in told["report"]["checks"]] == [False]
    error = await bob.error("HeaderReport/parse", header="x" * (MAX_HEADER + 1))
    assert error["type"] == "invalidArguments"


async def test_leaving(stage: JmapStage) -> None:
    asked = []

    async def post(url: str) -> int:
        asked.append(url)
        return 200 if len(asked) == 1 else 410

    async def unreachable(_: str) -> int:
        raise OSError("no route")

    bob = stage.jmap(BOB, names=NAMES, leave=post)
    letter = await email(stage)
    assert (await bob.call("MailingList/leave", emailId=letter))["left"] is True
    assert (await bob.call("MailingList/leave", emailId=letter))["left"] is False
    assert asked == [URL, URL]
    error = await stage.jmap(BOB, names=NAMES, leave=unreachable).error("MailingList/leave", emailId=letter)
    assert error["type"] == "serverUnavailable"
    plain = await email(stage, b"Subject: x\r\n\r\n")
    assert (await bob.error("MailingList/leave", emailId=plain))["type"] == "forbidden"


async def test_of_nobody_else(stage: JmapStage) -> None:
    letter = await email(stage)
    bob, alice = stage.jmap(BOB), stage.jmap(ALICE, names=NAMES)
    for method in ("HeaderReport/get", "MailingList/leave", "Journey/get"):
        error = await alice.error(method, accountId=bob.account, emailId=letter)
        assert error["type"] == "accountNotFound", method
        error = await alice.error(method, emailId=letter)
        assert error["type"] == "invalidArguments", method
