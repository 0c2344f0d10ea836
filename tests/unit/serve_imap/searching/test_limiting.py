"""MESSAGELIMIT and SAVELIMIT: what commands do with more messages than one may touch (RFC 9738)."""

import msgspec
import pytest

from imap_stage import Client, ImapStage
from postroom.serve.imap.searching.limiting import cut

MOST = 3
OVER = "MESSAGELIMIT 3 4"


@pytest.fixture
async def six(stage: ImapStage) -> ImapStage:
    """Letters 1 to 6, and at most three for each command."""
    for _ in range(6):
        await stage.deliver()
    stage.config = msgspec.structs.replace(stage.config, message_limit=MOST)
    return stage


async def answer(client: Client, command: str) -> tuple[list[str], str]:
    *untagged, last = await client.say(f"a {command}")
    return untagged, last.removeprefix("a ")


def numbers(lines: list[str]) -> list[int]:
    return [int(line.split()[1]) for line in lines]


async def test_it_is_announced_and_never_both(six: ImapStage) -> None:
    bob = await six.user()
    [said] = await bob.ok("CAPABILITY")
    assert " MESSAGELIMIT=3 " in said
    assert "SAVELIMIT" not in said
    six.config = msgspec.structs.replace(six.config, message_limit=0)
    bob = await six.user()
    [said] = await bob.ok("CAPABILITY")
    assert " SAVELIMIT=1000000 " in said
    assert "MESSAGELIMIT" not in said


@pytest.mark.parametrize("start", ["FETCH 1:* FLAGS", "UID FETCH 1:* FLAGS", "FETCH 1:6 UID"])
async def test_fetch(six: ImapStage, start: str) -> None:
    bob = await six.user(select="INBOX")
    lines, last = await answer(bob, start)
    assert numbers(lines) == [4, 5, 6]
    assert last == f"OK [{OVER}] Only the last 3 messages were looked at"


@pytest.mark.parametrize("command", ["FETCH 1:3 FLAGS", "UID FETCH 4:99 FLAGS", "FETCH 1,3,5 FLAGS"])
async def test_at_the_limit_nothing_is_said(six: ImapStage, command: str) -> None:
    bob = await six.user(select="INBOX")
    lines, last = await answer(bob, command)
    assert (len(lines), last) == (3, "OK Fetched")


async def test_fetch_partial_is_refused_before_anything_is_done(six: ImapStage) -> None:
    bob = await six.user(select="INBOX")
    for span in ("1:4", "-1:-4"):
        lines, last = await answer(bob, f"UID FETCH 1:* (FLAGS) (PARTIAL {span})")
        assert (lines, last.split("]")[0]) == ([], "NO [MESSAGELIMIT 3")
    lines, last = await answer(bob, "UID FETCH 1:* (FLAGS) (PARTIAL 2:4)")
    assert (numbers(lines), last) == ([2, 3, 4], "OK Fetched")


async def test_what_has_vanished_is_told_of_the_whole_set(six: ImapStage) -> None:
    other = await six.user(select="INBOX")
    six.config = msgspec.structs.replace(six.config, message_limit=1)
    bob = await six.user()
    await bob.ok("ENABLE QRESYNC")
    await other.ok("UID STORE 2 +FLAGS (\\Deleted)")
    await other.ok("UID EXPUNGE 2")
    await bob.ok("SELECT INBOX")
    lines, last = await answer(bob, "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)")
    assert lines[0] == "* VANISHED (EARLIER) 2"
    assert len(lines) == 2
    assert last.startswith("OK [MESSAGELIMIT 1 6]")


async def test_store(six: ImapStage) -> None:
    bob = await six.user(select="INBOX")
    lines, last = await answer(bob, "STORE 1:* +FLAGS (\\Flagged)")
    assert numbers(lines) == [4, 5, 6]
    assert last.startswith(f"OK [{OVER}]")
    assert await bob.ok("UID SEARCH UIDBEFORE 4 FLAGGED") == ["* SEARCH"]


async def test_where_there_is_another_code_the_limit_comes_before(six: ImapStage) -> None:
    bob = await six.user(select="INBOX (CONDSTORE)")
    await bob.ok("STORE 6 +FLAGS (\\Seen)")
    lines, last = await answer(bob, "STORE 1:* (UNCHANGEDSINCE 7) +FLAGS.SILENT (\\Flagged)")
    assert lines[-1] == f"* NO [{OVER}] Only the last 3 messages were looked at"
    assert last.startswith("OK [MODIFIED 6]")


async def test_search_counts_what_is_looked_at(six: ImapStage) -> None:
    bob = await six.user(select="INBOX")
    assert await answer(bob, "UID SEARCH ALL") == (
        ["* SEARCH 4 5 6"],
        f"OK [{OVER}] Only the last 3 messages were looked at",
    )
    assert (await answer(bob, "SEARCH SUBJECT nothing"))[1].startswith(f"OK [{OVER}]")
    assert await answer(bob, "UID SEARCH UIDBEFORE 4 ALL") == (["* SEARCH 1 2 3"], "OK Searched")
    assert await answer(bob, "SEARCH UIDAFTER 2 UIDBEFORE 6") == (["* SEARCH 3 4 5"], "OK Searched")
    assert await answer(bob, "SEARCH UIDAFTER 6") == (["* SEARCH"], "OK Searched")
    assert await answer(bob, "SEARCH UIDBEFORE 1") == (["* SEARCH"], "OK Searched")
    assert (await answer(bob, "SEARCH UIDBEFORE 0"))[1].startswith("BAD")
    assert await answer(bob, "SEARCH RETURN (COUNT) UID 2:4") == (
        ['* ESEARCH (TAG "a") COUNT 3'],
        "OK Searched",
    )
    assert (await answer(bob, "SEARCH RETURN (SAVE) ALL"))[1].startswith(f"OK [{OVER}]")
    assert numbers((await answer(bob, "FETCH $ UID"))[0]) == [4, 5, 6]


async def test_a_search_of_the_selected_mailbox_by_esearch(six: ImapStage) -> None:
    bob = await six.user(select="INBOX")
    for sources in ("", "IN (selected) "):
        [line], last = await answer(bob, f"ESEARCH {sources}RETURN (ALL) ALL")
        assert line.endswith(" UID ALL 4:6")
        assert last == f"OK [{OVER}] Only the last 3 messages were looked at"
    lines, last = await answer(bob, "ESEARCH UIDBEFORE 4")
    assert (len(lines), last) == (1, "OK Searched one mailbox")


async def test_a_search_of_several_mailboxes_is_whole_or_not_at_all(six: ImapStage) -> None:
    """RFC 7377 §2.4: with several, the lowest uid says nothing."""
    bob = await six.user(select="INBOX")
    await bob.ok("UID COPY 1:2 Archive")
    for command in (
        "ESEARCH IN (personal) ALL",
        "ESEARCH IN (mailboxes (Archive INBOX)) UIDAFTER 1 UIDBEFORE 5",
        "ESEARCH IN (mailboxes INBOX) SUBJECT nothing",
    ):
        lines, last = await answer(bob, command)
        assert (lines, last.split("]")[0]) == ([], "NO [LIMIT"), command
    lines, last = await answer(bob, "ESEARCH IN (mailboxes (Archive INBOX)) UIDAFTER 1 UIDBEFORE 4")
    assert [line.partition(" UID ")[2] for line in lines] == ["ALL 2", "ALL 2:3"]
    assert last == "OK Searched 2 mailboxes"


@pytest.mark.parametrize("command", ["SORT (DATE) UTF-8 ALL", "UID THREAD REFERENCES UTF-8 UNSEEN"])
async def test_orders_are_whole_or_not_at_all(six: ImapStage, command: str) -> None:
    bob = await six.user(select="INBOX")
    lines, last = await answer(bob, command)
    assert (lines, last.split("]")[0]) == ([], "NO [MESSAGELIMIT 3")
    lines, last = await answer(bob, command.replace("UTF-8", "UTF-8 UIDAFTER 3"))
    assert (len(lines), last[:2]) == (1, "OK")


async def test_copy_is_whole_or_not_at_all(six: ImapStage) -> None:
    bob = await six.user(select="INBOX")
    lines, last = await answer(bob, "COPY 1:* Archive")
    assert (lines, last.split("]")[0]) == ([], f"NO [{OVER}")
    assert await six.uids(role="archive") == []
    assert (await answer(bob, "COPY 1:3 Archive"))[1].startswith("OK [COPYUID")


@pytest.mark.parametrize("qresync", [False, True])
async def test_move_takes_the_newest(six: ImapStage, qresync: bool) -> None:
    bob = await six.user()
    if qresync:
        await bob.ok("ENABLE QRESYNC")
    await bob.ok("SELECT INBOX")
    lines, last = await answer(bob, "UID MOVE 1:* Archive")
    assert "COPYUID" in lines[0]
    assert await six.uids() == [1, 2, 3]
    if qresync:
        assert any(line.startswith(f"* NO [{OVER}]") for line in lines)
        assert last.startswith("OK [HIGHESTMODSEQ")
    else:
        assert last.startswith(f"OK [{OVER}]")


async def test_uid_expunge_is_limited_and_expunge_is_not(six: ImapStage) -> None:
    bob = await six.user(select="INBOX")
    await bob.ok("STORE 1:3 +FLAGS (\\Deleted)")
    await bob.ok("STORE 4:5 +FLAGS (\\Deleted)")
    _, last = await answer(bob, "UID EXPUNGE 1:*")
    assert await six.uids() == [1, 2, 6]
    assert last.startswith("OK [MESSAGELIMIT 3 3]")
    await bob.ok("STORE 3 +FLAGS (\\Deleted)")
    six.config = msgspec.structs.replace(six.config, message_limit=2)
    other = await six.user(select="INBOX")
    assert (await answer(other, "EXPUNGE"))[1] == "OK Expunged"
    assert await six.uids() == []


async def test_append(six: ImapStage) -> None:
    bob = await six.user()
    message = " {5+}\r\n\r\nx\r\n"
    said = await bob.send(f"a APPEND Archive{message * 4}\r\n".encode())
    assert said.startswith(b"a NO [MESSAGELIMIT 3] ")
    assert await six.uids(role="archive") == []
    said = await bob.send(f"a APPEND Archive{message * 3}\r\n".encode())
    assert said.startswith(b"a OK [APPENDUID")


async def test_save_limit_is_of_copy_and_append_alone(six: ImapStage) -> None:
    six.config = msgspec.structs.replace(six.config, message_limit=0, save_limit=3)
    bob = await six.user(select="INBOX")
    assert (await answer(bob, "COPY 1:4 Archive"))[1].startswith("NO [MESSAGELIMIT 3 2]")
    said = await bob.send(b"a APPEND Archive" + b" {5+}\r\n\r\nx\r\n" * 4 + b"\r\n")
    assert said.startswith(b"a NO [MESSAGELIMIT 3] ")
    for command in ("FETCH 1:* FLAGS", "STORE 1:* +FLAGS (\\Seen)", "SEARCH ALL", "MOVE 1:* Archive"):
        assert "MESSAGELIMIT" not in (await answer(bob, command))[1]
    assert len(await six.uids(role="archive")) == 6


def test_cut() -> None:
    assert cut([(1, 3), (5, 9)], 8) == ([(1, 3), (5, 9)], 0)
    assert cut([(1, 3), (5, 9)], 7) == ([(2, 3), (5, 9)], 2)
    assert cut([(1, 3), (5, 9)], 5) == ([(5, 9)], 5)
    assert cut([(1, 3), (5, 9)], 1) == ([(9, 9)], 9)
