"""UIDONLY (RFC 9586): after ENABLE UIDONLY no message has a number, neither in commands nor in what is told."""

import pytest

from imap_stage import Client, ImapStage
from imap_waiting import gone, quiet
from postroom.serve.imap.fetching import slices as fetch_slices

LONG = b"Subject: long\r\n\r\n" + b"x" * 5_000 + b"\r\n"


async def _user(stage: ImapStage, *more: str, select: str = "INBOX") -> Client:
    client = await stage.user()
    assert await client.ok(" ".join(("ENABLE UIDONLY", *more))) == [" ".join(("* ENABLED UIDONLY", *more))]
    if select:
        await client.ok(f"SELECT {select}")
    return client


@pytest.mark.parametrize(
    "command",
    [
        "FETCH 1 FLAGS",
        "FETCH * FLAGS",
        "STORE 1 +FLAGS (\\Seen)",
        "SEARCH ALL",
        "SEARCH RETURN (COUNT) UID 1",
        "SORT (DATE) UTF-8 ALL",
        "THREAD REFERENCES UTF-8 ALL",
        "COPY 1 Archive",
        "MOVE 1 Archive",
        "UID SEARCH 1:*",
        "UID SEARCH NOT (OR 1 SEEN)",
        "UID SORT (DATE) UTF-8 1:3",
        "UID THREAD REFERENCES UTF-8 2",
        "ESEARCH IN (SELECTED) 1",
        "SELECT INBOX (QRESYNC (1750000000 1 1:2 (1:2 1:2)))",
    ],
)
async def test_numbers_are_refused(stage: ImapStage, command: str) -> None:
    await stage.deliver()
    bob = await _user(stage, "QRESYNC")
    (answer,) = await bob.say(f"x {command}")
    assert answer.startswith("x BAD [UIDREQUIRED] ")


async def test_replace_by_number_is_refused(stage: ImapStage) -> None:
    await stage.deliver()
    bob = await _user(stage)
    for size in ("{4}", "{4+}"):
        said = await bob.send(b"x REPLACE 1 INBOX %b\r\nabcd\r\n" % size.encode())
        assert said.startswith(b"x BAD [UIDREQUIRED] ")
    assert (await bob.say("x UID REPLACE 1 INBOX {17+}", "Subject: x", "", "y", ""))[-1].startswith("x OK")


async def test_commands_with_uids(stage: ImapStage) -> None:
    for _ in range(4):
        await stage.deliver()
    bob = await _user(stage)
    assert await bob.ok("UID FETCH * RFC822.SIZE") == ["* 4 UIDFETCH (RFC822.SIZE 128)"]
    assert await bob.ok("UID FETCH 4 (UID RFC822.SIZE)") == ["* 4 UIDFETCH (UID 4 RFC822.SIZE 128)"]
    assert await bob.ok("UID FETCH 4 UID") == ["* 4 UIDFETCH (UID 4)"]
    assert await bob.ok("UID STORE 2 FLAGS (\\Deleted)") == ["* 2 UIDFETCH (FLAGS (\\Deleted \\Recent))"]
    assert await bob.ok("EXPUNGE") == ["* VANISHED 2"]
    assert await bob.ok("UID MOVE 1 Archive") == ["* OK [COPYUID 1750000005 1 1] Moved", "* VANISHED 1"]
    assert await bob.ok("UID SEARCH ALL") == ["* SEARCH 3 4"]
    assert await bob.ok("UID SEARCH RETURN (SAVE) ALL") == []
    assert await bob.ok("UID SEARCH UID 1:3 $") == ["* SEARCH 3"]
    assert await bob.ok("UID FETCH $ RFC822.SIZE") == [
        "* 3 UIDFETCH (RFC822.SIZE 128)",
        "* 4 UIDFETCH (RFC822.SIZE 128)",
    ]


async def test_what_becomes_seen_and_what_is_long(stage: ImapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_slices, "AT_ONCE", 1_000)
    await stage.deliver()
    await stage.deliver(LONG)
    bob = await _user(stage, "CONDSTORE")
    lines = await bob.ok("UID FETCH 2 BODY[]<0.3>")
    assert lines[0] == "* 2 UIDFETCH (BODY[]<0> {3}"
    assert lines[1].startswith("Sub FLAGS (\\Seen \\Recent) MODSEQ (")
    assert (await bob.ok("UID STORE 1 +FLAGS.SILENT (\\Seen)"))[0].startswith("* 1 UIDFETCH (MODSEQ (")
    lines = await bob.ok("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1)")
    assert [line.split(" (FLAGS")[0] for line in lines] == ["* 1 UIDFETCH", "* 2 UIDFETCH"]
    assert all("MODSEQ" in line and "UID " not in line for line in lines)


async def test_kept_lines_are_of_one_kind(stage: ImapStage) -> None:
    for _ in range(40):
        await stage.deliver()
    await gone(stage, 1)
    bob, other = await _user(stage), await stage.user(select="INBOX")
    service = stage.service()
    bob.session._conversation.service = other.session._conversation.service = service
    for _ in range(2):
        assert (await bob.ok("UID FETCH 1:* RFC822.SIZE"))[0] == "* 2 UIDFETCH (RFC822.SIZE 128)"
        assert (await other.ok("UID FETCH 1:* RFC822.SIZE"))[0] == "* 1 FETCH (UID 2 RFC822.SIZE 128)"


async def test_select_tells_no_number(stage: ImapStage) -> None:
    for _ in range(2):
        await stage.deliver()
    bob = await _user(stage, select="")
    lines = await bob.ok("SELECT INBOX")
    assert "* 2 EXISTS" in lines
    assert not any("UNSEEN" in line for line in lines)


async def test_news(stage: ImapStage) -> None:
    await stage.deliver()
    bob, other = await _user(stage, "IMAP4rev2"), await stage.user(select="INBOX")
    await bob.say("i IDLE")
    await other.ok("STORE 1 FLAGS (\\Flagged)")
    assert await bob.told("FETCH") == ["* 1 UIDFETCH (FLAGS (\\Flagged))"]
    await gone(stage, 1)
    assert await bob.told("VANISHED") == ["* VANISHED 1"]
    await bob.say("DONE")
    await bob.ok("NOTIFY SET (SELECTED (MessageNew (RFC822.SIZE) MessageExpunge FlagChange))")
    await stage.deliver()
    assert await bob.told("FETCH") == ["* 1 EXISTS", "* 2 UIDFETCH (RFC822.SIZE 128)"]
    await gone(stage, 2)
    assert await bob.told("VANISHED") == ["* VANISHED 2"]
    assert await quiet(bob) == []


async def test_it_may_be_enabled_late(stage: ImapStage) -> None:
    """Results in numbers are not kept up to date any more."""
    await stage.deliver()
    bob = await stage.user(select="INBOX")
    await bob.say("a SEARCH RETURN (UPDATE COUNT) ALL")
    await bob.say("b UID SEARCH RETURN (UPDATE COUNT) ALL")
    assert await bob.ok("ENABLE UIDONLY") == [
        "* ENABLED UIDONLY",
        '* NO [NOUPDATE "a"] Messages have no numbers any more',
    ]
    await stage.deliver()
    assert [line for line in await bob.ok("NOOP") if "ESEARCH" in line] == [
        '* ESEARCH (TAG "b") UID ADDTO (0 2)'
    ]
    await bob.ok("UNAUTHENTICATE")
    await bob.ok("LOGIN bob@hamburger.test hungry")
    await bob.ok("SELECT INBOX")
    assert await bob.ok("FETCH 1 UID") == ["* 1 FETCH (UID 1)"]
