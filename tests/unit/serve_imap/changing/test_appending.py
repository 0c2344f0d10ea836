"""APPEND and REPLACE."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from imap_stage import ALICE, BOB, LETTER, Client, ImapStage
from postroom.message.errors import MessageTooBig, NoSpace, TryLater
from postroom.message.summary.summary import Summary
from postroom.proto.imap.config import Limits
from postroom.serve.imap.changing import appending
from postroom.serve.imap.conversation.conversation import Conversation
from postroom.serve.imap.session import LONGEST_BODY, SILENCE, SILENT_BODY
from postroom.serve.smtp.body_budget import BodyBudget
from postroom.store.mailboxes import mailboxes, messages
from postroom.store.mailboxes.rights import MailboxRef

SHORT = LETTER % 1
LONG = LETTER % 2 + b"a line of a long letter\r\n" * 30_000  # 720 KB: a file


def literal(raw: bytes, mark: bytes = b"+", binary: bytes = b"") -> bytes:
    return b"%b{%d%b}\r\n%b" % (binary, len(raw), mark, raw)


async def kept(stage: ImapStage, role: str = "inbox", address: str = BOB) -> list[bytes]:
    """The octets of everything in a mailbox."""
    account_id = stage.logins.people[address]
    reading = stage.store.engine.reading()
    box = await mailboxes.by_role(reading, account_id, role)
    found = []
    for one in await messages.listing(reading, MailboxRef(account_id, box.mailbox_id)):
        raw = await stage.store.read(account_id, one.blob_id)
        email = await messages.email(reading, account_id, one.email_id)
        assert raw is not None
        assert email is not None
        assert len(raw) == one.size == Summary.unpack(email.summary).size
        found.append(raw)
    return found


def last(said: bytes) -> str:
    return said.decode().split("\r\n")[-2]


@pytest.fixture
async def bob(stage: ImapStage, tmp_path: Path) -> Client:
    return await stage.user(incoming=tmp_path / "incoming")


DATES = [
    ("31-Dec-9999 23:59:59 +0000", "31-Dec-9999 23:59:59 +0000"),
    ("31-Dec-9999 23:59:59 -0001", ""),
    ("01-Jan-0001 00:00:00 +0000", " 1-Jan-0001 00:00:00 +0000"),
    ("01-Jan-0001 00:00:00 +0001", ""),
    ("01-Jan-0001 00:00:00 -2359", " 1-Jan-0001 23:59:00 +0000"),
    ("31-Dec-1998 23:59:60 +0000", " 1-Jan-1999 00:00:00 +0000"),
]


@pytest.mark.parametrize(("written", "told"), DATES)
async def test_dates_that_can_be_told_again(bob: Client, written: str, told: str) -> None:
    said = last(await bob.send(b'a APPEND INBOX "%b" ' % written.encode() + literal(SHORT) + b"\r\n"))
    if told:
        await bob.ok("SELECT INBOX")
        assert await bob.ok("FETCH 1 INTERNALDATE") == [f'* 1 FETCH (INTERNALDATE "{told}")']
    else:
        assert said.startswith("a BAD Expected a date that lies in the years 1 to 9999 in UTC")


async def test_append(stage: ImapStage, bob: Client) -> None:
    said = await bob.send(
        b'a APPEND INBOX (\\Seen $X) " 7-Feb-1994 22:43:04 -0800" ' + literal(SHORT, b"") + b"\r\n"
    )
    box = await mailboxes.by_role(stage.store.engine.reading(), stage.logins.people[BOB], "inbox")
    assert said.decode().split("\r\n")[:-1] == [
        "+ Go ahead",
        f"a OK [APPENDUID {box.uidvalidity} 1] Appended",
    ]
    assert await kept(stage) == [SHORT]
    account_id = stage.logins.people[BOB]
    (message,) = await messages.listing(stage.store.engine.reading(), MailboxRef(account_id, box.mailbox_id))
    assert (message.flags, message.keywords, message.internaldate) == (1, "$x", 760_689_784_000_000)
    email = await messages.email(stage.store.engine.reading(), account_id, message.email_id)
    assert email is not None
    assert Summary.unpack(email.summary).subject == "ketchup"


@pytest.mark.parametrize("cut", [0, 1000, 70_000])
@pytest.mark.parametrize("files", [True, False])
async def test_a_long_one_is_kept_in_a_file_while_it_comes(
    stage: ImapStage, tmp_path: Path, cut: int, files: bool
) -> None:
    incoming = tmp_path / "incoming"
    budget = BodyBudget(10 << 20)
    bob = await stage.user(incoming=incoming if files else None, budget=budget, cut=cut)
    said = await bob.send(b"a APPEND INBOX " + literal(LONG) + b"\r\n")
    assert last(said).startswith("a OK [APPENDUID")
    assert await kept(stage) == [LONG]
    assert incoming.exists() is files
    assert not files or list(incoming.iterdir()) == []
    assert budget.take(10 << 20)


async def test_told_to_who_has_it_selected(stage: ImapStage, bob: Client) -> None:
    other = await stage.user(select="INBOX")
    await bob.ok("SELECT INBOX")
    said = await bob.send(b"a APPEND INBOX " + literal(SHORT) + b"\r\n")
    assert said.split(b"\r\n")[:2] == [b"* 1 EXISTS", b"* 1 RECENT"]
    assert (await other.ok("NOOP"))[0] == "* 1 EXISTS"


async def test_line_ends(stage: ImapStage, bob: Client) -> None:
    await bob.send(b"a APPEND INBOX " + literal(b"A: b\n\nc\rd\r\n\r") + b"\r\n")
    assert await kept(stage) == [b"A: b\r\n\r\nc\r\nd\r\n\r\n"]
    said = await bob.send(b"a APPEND INBOX " + literal(b"A: b\r\n\r\n\0") + b"\r\n")
    assert last(said).startswith("a NO NUL")


async def test_several_at_once(stage: ImapStage, bob: Client) -> None:
    more = b" (\\Flagged) ".join(literal(raw) for raw in (SHORT, LONG, LETTER % 3))
    said = await bob.send(b"a APPEND INBOX " + more + b"\r\n")
    assert last(said).endswith(" 1:3] Appended")
    assert await kept(stage) == [SHORT, LONG, LETTER % 3]


async def test_several_or_none(stage: ImapStage, bob: Client) -> None:
    await stage.store.engine.write(lambda tx: tx.execute("UPDATE accounts SET quota_msgs = 2"))
    more = b" ".join(literal(raw) for raw in (SHORT, LONG, LETTER % 3))
    assert last(await bob.send(b"a APPEND INBOX " + more + b"\r\n")) == "a NO [OVERQUOTA] The mailbox is full"
    assert await kept(stage) == []
    for script in (b" {0+}\r\n\r\n", b" garbage\r\n", b" {3+}\r\n\0\0\0\r\n"):
        said = await bob.send(b"a APPEND INBOX " + literal(SHORT) + script)
        assert last(said).startswith(("a NO", "a BAD"))
    assert await kept(stage) == []
    assert last(await bob.send(b"a APPEND INBOX " + literal(SHORT) + b"\r\n")).startswith("a OK")


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (b"Nowhere {5}\r\n", "a NO [TRYCREATE] No such mailbox"),
        (b"INBOX (" + b"x" * 256 + b") {5}\r\n", "a NO [LIMIT] A message has at most"),
        (b"INBOX {52428801}\r\n", "a NO [TOOBIG] A message has at most 52428800 octets"),
        (b"INBOX (\\Recent) {5}\r\n", "a BAD Expected flags that can be set"),
        (b"INBOX UTF8 (~{5}\r\n", "a NO ENABLE UTF8=ACCEPT first"),
    ],
)
async def test_refused_before_an_octet_comes(bob: Client, command: bytes, answer: str) -> None:
    said = await bob.send(b"a APPEND " + command)
    assert b"+ " not in said
    assert last(said).startswith(answer)
    said = await bob.send(b"a APPEND " + command.replace(b"}", b"+}") + b"hello\r\nb NOOP\r\n")
    assert said.decode().startswith(answer)
    assert last(said) == "b OK Nothing done" or "* BYE [TOOBIG]" in last(said)


async def test_quota_is_looked_at_before(stage: ImapStage, bob: Client) -> None:
    await stage.store.engine.write(lambda tx: tx.execute("UPDATE accounts SET quota_bytes = 1000"))
    assert await bob.say("a APPEND INBOX {1001}") == ["a NO [OVERQUOTA] The mailbox is full"]
    assert await bob.say("a APPEND INBOX {1000}") == ["+ Go ahead"]
    await bob.send(b"x" * 1000)
    assert (await bob.say(" {1}"))[-1] == "a NO [OVERQUOTA] The mailbox is full"


async def test_no_room_for_bodies(stage: ImapStage, tmp_path: Path) -> None:
    budget = BodyBudget(300_000, patience=0.01)
    bob = await stage.user(incoming=tmp_path / "incoming", budget=budget)
    said = await bob.send(b"a APPEND INBOX " + literal(LONG) + b"\r\nb NOOP\r\n")
    assert (
        said
        == b"a NO [UNAVAILABLE] Too many large messages at once, try again later\r\nb OK Nothing done\r\n"
    )
    assert budget.take(300_000)


async def test_given_back_when_the_connection_is_lost(stage: ImapStage, tmp_path: Path) -> None:
    budget = BodyBudget(1 << 20)
    bob = await stage.user(incoming=tmp_path / "incoming", budget=budget)
    await bob.send(b"a APPEND INBOX {700000+}\r\n" + b"x" * 600_000)
    assert not budget.take(1 << 20)
    bob.session.closed("lost")
    assert budget.take(1 << 20)


async def test_patience_with_what_is_coming(bob: Client) -> None:
    """Whoever sends on has time; whoever is silent in the middle of a message has less, and nobody has it for ever."""
    session, connection = bob.session, bob.connection
    assert session.deadline() == SILENCE
    await bob.send(b"a APPEND INBOX {1000+}\r\nhello")
    assert session.deadline() == SILENT_BODY
    connection.heard_at = connection.quiet_since + 1000
    assert session.deadline() == 1000 + SILENT_BODY
    connection.heard_at = connection.quiet_since + LONGEST_BODY
    assert session.deadline() == LONGEST_BODY


async def test_files_of_what_was_not_filed_go(
    stage: ImapStage, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> None:
        raise NoSpaceLeft

    class NoSpaceLeft(MessageTooBig):
        """Something that is not to be tried again."""

    monkeypatch.setattr(appending, "arrive", full)
    assert last(await bob.send(b"a APPEND INBOX " + literal(LONG) + b"\r\n")).startswith("a NO [TOOBIG]")
    assert stage.store.files is not None
    assert list(stage.store.files.listing()) == []


async def test_files_of_messages_that_found_no_room_go(
    stage: ImapStage, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is not filled up by what was refused because of it."""
    durable, asked = stage.store.durable, []

    async def fills(*body: Any) -> Any:
        asked.append(body)
        if len(asked) > 1:
            raise NoSpace
        return await durable(*body)

    monkeypatch.setattr(stage.store, "durable", fills)
    both = literal(LONG) + b" " + literal(LONG)
    assert last(await bob.send(b"a APPEND INBOX " + both + b"\r\n")).startswith("a NO")
    assert stage.store.files is not None
    assert list(stage.store.files.listing()) == []


async def test_binary(stage: ImapStage, bob: Client) -> None:
    """What is no text is encoded, and stays what it was."""
    raw = b"MIME-Version: 1.0\r\nContent-Type: image/x\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\n\r\xff"
    assert last(await bob.send(b"a APPEND INBOX " + literal(raw, binary=b"~") + b"\r\n")).startswith("a OK")
    (found,) = await kept(stage)
    assert b"Content-Transfer-Encoding: base64\r\n" in found
    assert found.endswith(b"AAoN/w==\r\n")
    assert last(await bob.send(b"a APPEND INBOX " + literal(SHORT, binary=b"~") + b"\r\n")).startswith("a OK")
    assert (await kept(stage))[1] == SHORT
    said = await bob.send(b"a APPEND INBOX " + literal(b"A: \0\r\n\r\n", binary=b"~") + b"\r\n")
    assert last(said).startswith("a NO [UNKNOWN-CTE]")


async def test_the_mailbox_goes_while_the_message_comes(stage: ImapStage, bob: Client) -> None:
    await bob.ok("CREATE Short-lived")
    await bob.send(b"a APPEND Short-lived {%d+}\r\n" % len(LONG))
    other = await stage.user()
    await other.ok("DELETE Short-lived")
    assert last(await bob.send(LONG + b"\r\n")) == "a NO [TRYCREATE] No such mailbox"
    assert stage.store.files is not None
    assert list(stage.store.files.listing()) == []


async def test_utf8(stage: ImapStage, bob: Client) -> None:
    raw = "Subject: G\u00fcl\r\n\r\nx\r\n".encode()
    await bob.ok("ENABLE UTF8=ACCEPT")
    said = await bob.send(b"a APPEND INBOX UTF8 (" + literal(raw, binary=b"~") + b")\r\n")
    assert last(said).startswith("a OK [APPENDUID")
    assert await kept(stage) == [raw]


async def test_limits(stage: ImapStage, tmp_path: Path) -> None:
    stage.config = msgspec.structs.replace(stage.config, message=1000, limits=Limits(appended=2000))
    bob = await stage.user(incoming=tmp_path)
    assert "APPENDLIMIT=1000" in (await bob.ok("CAPABILITY"))[0]
    assert last(await bob.send(b"a APPEND INBOX " + literal(b"x" * 1000) + b"\r\n")).startswith("a OK")
    assert last(await bob.send(b"a APPEND INBOX " + literal(b"\n" * 501) + b"\r\n")).startswith(
        "a NO [TOOBIG]"
    )
    assert last(await bob.send(b"a APPEND INBOX " + literal(b"\n" * 500) + b"\r\n")).startswith("a OK")


async def test_a_foreign_mailbox_that_may_not_be_read_tells_no_uid(stage: ImapStage, bob: Client) -> None:
    alice = await stage.user(ALICE)
    await alice.ok(f"SETACL Archive {BOB} lis")
    script = b'a APPEND "Other Users/%b/Archive" (\\Seen) %b\r\n' % (ALICE.encode(), literal(SHORT))
    assert last(await bob.send(script)) == "a OK Appended"
    assert await kept(stage, "archive", ALICE) == [SHORT]
    await alice.ok("SELECT Archive")
    assert await alice.ok("STORE 1 +FLAGS ()") == ["* 1 FETCH (UID 1 FLAGS (\\Recent))"]  # seen by Bob alone


# -------------------------------------------------------------------------------------------------------------- REPLACE


async def test_replace(stage: ImapStage, bob: Client) -> None:
    await stage.deliver()
    await stage.deliver()
    await bob.ok("SELECT INBOX")
    said = await bob.send(b"a REPLACE 1 INBOX (\\Draft) " + literal(SHORT) + b"\r\n")
    lines = said.decode().split("\r\n")[:-1]
    assert lines[0].startswith("* OK [APPENDUID ")
    assert lines[0].endswith(" 3] Replacement is there")
    assert lines[1:] == ["* 1 EXPUNGE", "* 2 EXISTS", "* 2 RECENT", "a OK Replaced"]
    said = await bob.send(b"a UID REPLACE 2 Drafts " + literal(SHORT) + b"\r\n")
    assert b"* 1 EXPUNGE\r\na OK Replaced" in said
    assert await kept(stage, "drafts") == [SHORT]
    assert await stage.uids() == [3]


async def test_replacing_needs_only_the_difference_of_room(stage: ImapStage, bob: Client) -> None:
    await stage.deliver()
    await stage.store.engine.write(lambda tx: tx.execute("UPDATE accounts SET quota_msgs = 1"))
    await bob.ok("SELECT INBOX")
    assert last(await bob.send(b"a REPLACE * INBOX " + literal(SHORT) + b"\r\n")) == "a OK Replaced"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (b"REPLACE 2 INBOX {5}\r\n", "a BAD There is no message with such a number"),
        (b"UID REPLACE 9 INBOX {5}\r\n", "a NO There is no message with such a uid"),
        (b"REPLACE 1 Nowhere {5}\r\n", "a NO [TRYCREATE] No such mailbox"),
        (b"REPLACE 1 INBOX {5+}\r\nhello {5+}\r\nhello\r\n", "a BAD Expected the end of the line"),
    ],
)
async def test_what_is_not_replaced(stage: ImapStage, bob: Client, command: bytes, answer: str) -> None:
    await stage.deliver()
    await bob.ok("SELECT INBOX")
    assert last(await bob.send(b"a " + command)).startswith(answer)
    assert await stage.uids() == [1]


async def test_the_replaced_one_has_gone_meanwhile(stage: ImapStage, bob: Client) -> None:
    await stage.deliver()
    await bob.ok("SELECT INBOX")
    await bob.send(b"a REPLACE 1 INBOX {%d+}\r\n" % len(SHORT))
    other = await stage.user(select="INBOX")
    await other.ok("STORE 1 FLAGS (\\Deleted)")
    await other.ok("EXPUNGE")
    assert last(await bob.send(SHORT + b"\r\n")).startswith("a NO [EXPUNGEISSUED]")
    assert await stage.uids() == []


@pytest.mark.parametrize("lost", [1, 2])
async def test_replaced_in_another_account_while_answers_of_the_store_are_lost(
    stage: ImapStage, bob: Client, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    """Neither of the two is lost, and the new one does not come twice."""
    alice = await stage.user(ALICE)
    await alice.ok(f"SETACL Drafts {BOB} lri")
    await stage.deliver()
    await bob.ok("SELECT INBOX")
    write = Conversation.write
    answers: list[Any] = []

    async def doubtful(conversation: Conversation, work: Any) -> Any:
        answers.append(await write(conversation, work))
        if len(answers) == lost:
            raise TryLater
        return answers[-1]

    monkeypatch.setattr(Conversation, "write", doubtful)
    there = f'"Other Users/{ALICE}/Drafts"'.encode()
    assert last(await bob.send(b"a REPLACE 1 %b " % there + literal(SHORT) + b"\r\n")) == "a OK Replaced"
    assert await stage.uids() == []
    assert await kept(stage, "drafts", ALICE) == [SHORT]


async def test_what_is_gone_by_then_is_not_replaced_in_another_account_either(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, other = await stage.user(ALICE), await stage.user(), await stage.user()
    await alice.ok(f"SETACL Drafts {BOB} lri")
    await stage.deliver()
    await bob.ok("SELECT INBOX")
    make_way = appending.make_way

    async def late(*arguments: Any) -> Any:
        await other.ok("SELECT INBOX")
        await other.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
        await other.ok("EXPUNGE")
        return await make_way(*arguments)

    monkeypatch.setattr(appending, "make_way", late)
    there = f'"Other Users/{ALICE}/Drafts"'.encode()
    said = last(await bob.send(b"a REPLACE 1 %b " % there + literal(SHORT) + b"\r\n"))
    assert said == "a NO [EXPUNGEISSUED] The message is gone: nothing was done"
    assert await kept(stage, "drafts", ALICE) == []


# ------------------------------------------------------------------------------------------------------------- CATENATE

MULTIPART = b"""Subject: two\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain\r
\r
one\r
--b\r
Content-Type: text/plain\r
\r
0123456789\r
--b--\r
"""


async def test_catenate(stage: ImapStage, bob: Client) -> None:
    await stage.deliver(MULTIPART)
    box = await mailboxes.by_role(stage.store.engine.reading(), stage.logins.people[BOB], "inbox")
    urls = (
        f"/INBOX;UIDVALIDITY={box.uidvalidity}/;UID=1/;SECTION=2/;PARTIAL=2.3",
        "/inbox/;uid=1/;section=1.mime",
        "/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(SUBJECT)",
        "/INBOX/;UID=1",
    )
    script = b"a APPEND Drafts CATENATE (TEXT %b URL %b URL %b TEXT %b URL %b URL %b)\r\n" % (
        literal(b"A: b\n"),
        literal(urls[0].encode()),
        urls[1].encode(),
        literal(b"-"),
        f'"{urls[2]}"'.encode(),
        urls[3].encode(),
    )
    assert last(await bob.send(script)).startswith("a OK [APPENDUID")
    expected = b"A: b\r\n234Content-Type: text/plain\r\n\r\n-Subject: two\r\n\r\n" + MULTIPART
    assert await kept(stage, "drafts") == [expected]


async def test_catenate_from_what_is_selected_and_with_others(stage: ImapStage, bob: Client) -> None:
    await stage.deliver(LONG)
    await bob.ok("SELECT INBOX")
    script = (
        b"a APPEND Drafts CATENATE (URL ;UID=1 URL ;UID=1/;PARTIAL=0.9) "
        + literal(SHORT)
        + b" CATENATE (URL ;UID=1)\r\n"
    )
    assert last(await bob.send(script)).endswith(" 1:3] Appended")
    assert await kept(stage, "drafts") == [LONG + LONG[:9], SHORT, LONG]


@pytest.mark.parametrize(
    "url",
    [
        "/INBOX/;UID=2",
        "/Nowhere/;UID=1",
        "/INBOX;UIDVALIDITY=7/;UID=1",
        "/INBOX/;UID=1/;SECTION=9",
        "imap://bob@mail.hamburger.test/INBOX/;UID=1",
        "http://x/",
        ";UID=1",
        "x]y",
    ],
)
async def test_urls_that_lead_nowhere(stage: ImapStage, bob: Client, url: str) -> None:
    await stage.deliver()
    said = last(await bob.send(b'a APPEND Drafts CATENATE (TEXT {3+}\r\na:b URL "%b")\r\n' % url.encode()))
    assert said == f"a NO [BADURL {url.replace(']', '%5D')}] A URL leads to nothing"
    assert await kept(stage, "drafts") == []


async def test_catenated_messages_are_bounded(stage: ImapStage, tmp_path: Path) -> None:
    stage.config = msgspec.structs.replace(stage.config, message=1000)
    await stage.deliver(b"x" * 600)
    bob = await stage.user(incoming=tmp_path)
    url = b"URL /INBOX/;UID=1"
    assert last(await bob.send(b"a APPEND INBOX CATENATE (%b %b)\r\n" % (url, url))).startswith(
        "a NO [TOOBIG]"
    )
    url += b"/;PARTIAL=0.500"
    assert last(await bob.send(b"a APPEND INBOX CATENATE (%b %b)\r\n" % (url, url))).startswith("a OK")
