"""STORE and EXPUNGE."""

from typing import Any

import pytest

from account_queue import in_line
from imap_stage import Client, ImapStage
from postroom.message.errors import TryLater
from postroom.serve.imap.changing import storing
from postroom.serve.imap.changing.picking import slices
from postroom.serve.imap.conversation import view
from postroom.serve.imap.conversation.conversation import Conversation
from postroom.store.mailboxes import views as store_views


@pytest.fixture
async def three(stage: ImapStage) -> ImapStage:
    for _ in range(3):
        await stage.deliver()
    return stage


async def test_a_mailbox_that_cannot_be_expunged_stays_open(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO to CLOSE means that the session is where it was (RFC 9051 §6.4.1)."""
    await stage.deliver()
    bob = await stage.user(select="INBOX")
    await bob.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    write = Conversation.write

    async def fails(conversation: Conversation, work: Any) -> Any:
        raise TryLater

    monkeypatch.setattr(Conversation, "write", fails)
    [said] = await bob.say("a CLOSE")
    assert said.startswith("a NO [UNAVAILABLE]")
    monkeypatch.setattr(Conversation, "write", write)
    assert await bob.ok("FETCH 1 UID") == ["* 1 FETCH (UID 1)"]
    assert await bob.ok("CLOSE") == []
    assert await stage.uids() == []
    assert (await bob.say("a CLOSE"))[0].startswith("a BAD")


async def test_a_mailbox_that_is_gone_is_closed(stage: ImapStage) -> None:
    bob, other = await stage.user(), await stage.user()
    await bob.ok("CREATE here")
    await bob.ok("SELECT here")
    await other.ok("DELETE here")
    await bob.ok("CLOSE")
    assert (await bob.say("a CLOSE"))[0].startswith("a BAD")


async def test_adding_removing_replacing(three: ImapStage) -> None:
    bob = await three.user(select="INBOX")
    assert await bob.ok("STORE 1:2 +FLAGS (\\Seen $Todo)") == [
        "* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $todo)",
        "* OK [PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $todo \\*)] Flags that are kept",
        "* 1 FETCH (UID 1 FLAGS (\\Seen $todo \\Recent))",
        "* 2 FETCH (UID 2 FLAGS (\\Seen $todo \\Recent))",
    ]
    assert await bob.ok("UID STORE 2 -flags \\Seen $TODO") == ["* 2 FETCH (UID 2 FLAGS (\\Recent))"]
    assert await bob.ok("STORE 2:* FLAGS (\\Flagged)") == [
        "* 2 FETCH (UID 2 FLAGS (\\Flagged \\Recent))",
        "* 3 FETCH (UID 3 FLAGS (\\Flagged \\Recent))",
    ]
    assert await bob.ok("STORE 2 FLAGS ()") == ["* 2 FETCH (UID 2 FLAGS (\\Recent))"]
    assert await bob.ok("STORE 1:3 +FLAGS.SILENT (\\Answered)") == []
    assert await bob.ok("NOOP") == []


async def test_others_hear_of_it_once(three: ImapStage) -> None:
    bob, other = await three.user(select="INBOX"), await three.user(select="INBOX")
    await bob.ok("STORE 2 +FLAGS (\\Seen)")
    assert await other.ok("NOOP") == ["* 2 FETCH (UID 2 FLAGS (\\Seen))"]
    assert await other.ok("NOOP") == await bob.ok("NOOP") == []


async def test_silent_does_not_hide_what_others_did(three: ImapStage) -> None:
    bob, other = await three.user(select="INBOX"), await three.user(select="INBOX")
    await other.ok("STORE 2 +FLAGS (\\Flagged)")
    assert await bob.ok("STORE 1:3 +FLAGS.SILENT (\\Seen)") == [
        "* 2 FETCH (UID 2 FLAGS (\\Seen \\Flagged \\Recent))"
    ]
    assert await bob.ok("NOOP") == []


async def test_modseq_is_told_where_it_is_known(three: ImapStage) -> None:
    bob = await three.user(select="INBOX (CONDSTORE)")
    assert await bob.ok("STORE 1 +FLAGS.SILENT (\\Seen)") == ["* 1 FETCH (UID 1 MODSEQ (5))"]
    assert await bob.ok("STORE 1 FLAGS (\\Seen)") == ["* 1 FETCH (UID 1 FLAGS (\\Seen \\Recent) MODSEQ (5))"]


async def test_unchanged_since(three: ImapStage) -> None:
    bob, other = await three.user(select="INBOX"), await three.user(select="INBOX")
    await other.ok("STORE 2 +FLAGS (\\Flagged)")
    lines = await bob.say("a STORE 1:3 (UNCHANGEDSINCE 4) +FLAGS.SILENT (\\Deleted)")
    assert lines == [
        "* OK [HIGHESTMODSEQ 4] Highest",
        "* 1 FETCH (UID 1 MODSEQ (6))",
        "* 3 FETCH (UID 3 MODSEQ (6))",
        "* 2 FETCH (UID 2 FLAGS (\\Flagged \\Recent) MODSEQ (5))",
        "a OK [MODIFIED 2] Some had changed and were left alone",
    ]
    assert (await bob.say("a UID STORE 3 (UNCHANGEDSINCE 0) FLAGS (x)"))[-1].startswith("a OK [MODIFIED 3]")


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("STORE 4 FLAGS (x)", "a BAD There is no message with such a number"),
        ("STORE 1 FLAGS (\\Recent)", "a BAD Expected flags that can be set"),
        ("STORE 1 FLAG (x)", "a BAD Expected FLAGS, +FLAGS"),
        ("STORE 1 +FLAGS", "a BAD Expected a space"),
        ("STORE 1 (CHANGEDSINCE 3) +FLAGS (x)", "a BAD Expected UNCHANGEDSINCE"),
        (f"STORE 1 +FLAGS ({'x' * 256})", "a NO [LIMIT] A message has at most 128 keywords"),
        ("STORE 1 +FLAGS (" + " ".join(f"k{n}" for n in range(129)) + ")", "a NO [LIMIT]"),
        ("UID STORE 99 +FLAGS (x)", "a OK Stored"),
        ("UID STORE 1:* +FLAGS (" + " ".join(f"k{n}" for n in range(128)) + ")", "* FLAGS ("),
    ],
)
async def test_answers(three: ImapStage, command: str, answer: str) -> None:
    bob = await three.user(select="INBOX")
    assert (await bob.say(f"a {command}"))[0].startswith(answer)


async def test_messages_that_others_have_expunged(three: ImapStage) -> None:
    bob, other = await three.user(select="INBOX"), await three.user(select="INBOX")
    await other.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    await bob.ok("NOOP")
    await other.ok("EXPUNGE")
    assert await bob.say("a STORE 2:3 +FLAGS (\\Seen)") == [
        "* 3 FETCH (UID 3 FLAGS (\\Seen \\Recent))",
        "a NO [EXPUNGEISSUED] Some of the messages are gone",
    ]
    assert await bob.ok("STORE 2 +FLAGS.SILENT (\\Seen)") == []
    assert await bob.ok("NOOP") == ["* 2 EXPUNGE"]


async def test_nothing_changes_in_a_mailbox_that_was_examined(three: ImapStage) -> None:
    bob = await three.user()
    await bob.ok("EXAMINE INBOX")
    for command in ("STORE 1 FLAGS ()", "UID STORE 1 FLAGS ()", "EXPUNGE", "UID EXPUNGE 1", "MOVE 1 Trash"):
        assert (await bob.say(f"a {command}"))[-1].startswith("a NO [READ-ONLY]")


async def test_in_slices(three: ImapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "STORED_AT_ONCE", 2)
    monkeypatch.setattr(storing, "EXPUNGED_AT_ONCE", 2)
    bob, other = await three.user(select="INBOX"), await three.user(select="INBOX")
    assert len(await bob.ok("STORE 1:3 +FLAGS (\\Deleted)")) == 3
    assert await bob.ok("NOOP") == []
    assert len(await other.ok("NOOP")) == 3
    assert await bob.ok("EXPUNGE") == ["* 3 EXPUNGE", "* 2 EXPUNGE", "* 1 EXPUNGE"]
    assert await three.uids() == []


async def test_close_in_slices(three: ImapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "EXPUNGED_AT_ONCE", 2)
    bob, other = await three.user(select="INBOX"), await three.user(select="INBOX")
    await bob.ok("STORE 1:3 +FLAGS.SILENT (\\Deleted)")
    await other.ok("NOOP")
    highest = await _highest(bob)
    assert await bob.ok("CLOSE") == []
    assert await three.uids() == []
    assert await _highest(bob) == highest + 2  # one for each commit
    assert await other.ok("NOOP") == ["* 3 EXPUNGE", "* 2 EXPUNGE", "* 1 EXPUNGE"]
    await bob.ok("SELECT INBOX")
    await bob.ok("CLOSE")
    assert await _highest(bob) == highest + 2  # nothing went, nothing is new


async def _highest(bob: Client) -> int:
    line = (await bob.ok("STATUS INBOX (HIGHESTMODSEQ)"))[-1]
    return int(line.rpartition(" ")[2].rstrip(")"))


async def test_expunge(three: ImapStage) -> None:
    bob, other = await three.user(select="INBOX"), await three.user(select="INBOX")
    assert await bob.ok("EXPUNGE") == []
    await bob.ok("STORE 1,3 +FLAGS.SILENT (\\Deleted)")
    assert await bob.ok("UID EXPUNGE 2:*") == ["* 3 EXPUNGE"]
    assert await bob.ok("EXPUNGE") == ["* 1 EXPUNGE"]
    assert await other.ok("NOOP") == ["* 3 EXPUNGE", "* 1 EXPUNGE"]


async def test_expunge_with_qresync(three: ImapStage) -> None:
    bob = await three.user()
    await bob.ok("ENABLE QRESYNC")
    await bob.ok("SELECT INBOX")
    await bob.ok("STORE 1,3 +FLAGS.SILENT (\\Deleted)")
    assert await bob.say("a EXPUNGE") == ["* VANISHED 1,3", "a OK [HIGHESTMODSEQ 6] Expunged"]


def test_slices() -> None:
    assert list(slices([(1, 3), (5, 5), (7, 12)], 2)) == [
        [(1, 2)],
        [(3, 3), (5, 5)],
        [(7, 8)],
        [(9, 10)],
        [(11, 12)],
    ]
    assert list(slices([(1, 3)], 3)) == [[(1, 3)]]
    assert list(slices([], 3)) == []


async def test_what_changes_nothing_has_no_modseq(three: ImapStage) -> None:
    bob, other = await three.user(select="INBOX"), await three.user(select="INBOX")
    await bob.ok("ENABLE CONDSTORE")
    await bob.ok("STORE 2 +FLAGS.SILENT (\\Flagged $Late)")
    await other.ok("NOOP")
    before = await bob.ok("STATUS INBOX (HIGHESTMODSEQ)")
    [told] = await bob.ok("FETCH 2 MODSEQ")
    modseq = int(told.partition("MODSEQ (")[2].partition(")")[0])
    for command in (
        "STORE 2 +FLAGS (\\Flagged)",
        "STORE 2 -FLAGS.SILENT (\\Seen $Junk)",
        "STORE 2 FLAGS ($late \\Flagged)",
        f"STORE 2 (UNCHANGEDSINCE {modseq}) +FLAGS.SILENT (\\Flagged)",
        "UID STORE 77 +FLAGS (\\Seen)",
    ):
        told = await bob.ok(command)
        assert all(f"MODSEQ ({modseq})" in line for line in told), command  # the answer is as ever
        assert len(told) == ("77" not in command)
    assert (await bob.say(f"a STORE 2 (UNCHANGEDSINCE {modseq - 1}) +FLAGS (\\Flagged)"))[-1].startswith(
        "a OK [MODIFIED 2]"
    )
    assert await bob.ok("STATUS INBOX (HIGHESTMODSEQ)") == before
    assert await other.ok("NOOP") == []
    await other.ok("STORE 2 +FLAGS (\\Answered)")  # the next change has the modseq that nothing took
    assert f"MODSEQ ({modseq + 1})" in "".join(await bob.ok("NOOP"))


@pytest.mark.parametrize("qresync", [False, True])
async def test_many_expunges_are_told_in_pieces(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch, qresync: bool
) -> None:
    """In the order in which they happened; what went with one commit is told together, and what came is told behind them."""
    for _ in range(9):
        await stage.deliver()
    bob, other = await stage.user(), await stage.user(select="INBOX")
    if qresync:
        await bob.ok("ENABLE QRESYNC")
    await bob.ok("SELECT INBOX")
    monkeypatch.setattr(view, "GONE_AT_ONCE", 3)
    for uids in ("8:9", "2", "3:4", "5,7"):
        await other.ok(f"UID STORE {uids} +FLAGS.SILENT (\\Deleted)")
        await other.ok(f"UID EXPUNGE {uids}")
    await stage.deliver()
    told = await bob.ok("NOOP")
    if qresync:
        assert told == ["* VANISHED 8:9", "* VANISHED 2", "* VANISHED 3:4", "* VANISHED 5,7", *told[4:]]
    else:
        assert [line.split()[1] for line in told if "EXPUNGE" in line] == [
            *("9", "8", "2", "3", "2", "4", "2")
        ]
    assert [line for line in told if "EXISTS" in line] == ["* 3 EXISTS"]
    assert [line.split("UID ")[1] for line in await bob.ok("FETCH 1:* UID")] == ["1)", "6)", "10)"]


@pytest.mark.parametrize("most", [1, 2, 3, 5])
async def test_many_changed_flags_are_told_in_pieces(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Whoever changes all of a large mailbox does not stop the server while his other sessions hear of it."""
    for _ in range(6):
        await stage.deliver()
    bob, other = await stage.user(select="INBOX"), await stage.user(select="INBOX")
    await bob.ok("UID SEARCH RETURN (UPDATE) KEYWORD x")
    monkeypatch.setattr(store_views, "CHANGED_AT_ONCE", most)
    await bob.ok("NOTIFY NONE")
    await bob.ok("STORE 4 +FLAGS.SILENT (own)")
    await other.ok("STORE 1:3,5:6 +FLAGS.SILENT (x)")
    await other.ok("STORE 2 +FLAGS.SILENT (\\Flagged)")
    assert (await bob.told("ADDTO"))[-1].endswith(" UID ADDTO (0 1:3,5:6)")
    await other.ok("STORE 6 +FLAGS.SILENT (\\Deleted)")
    await other.ok("EXPUNGE")
    await stage.deliver(keywords=("x",))
    told = await bob.ok("NOTIFY SET (SELECTED (MessageNew MessageExpunge FlagChange))")
    assert [line for line in told if "EXPUNGE" in line] == ["* 6 EXPUNGE"]
    flags = [line for line in told if "FETCH" in line]
    assert flags == [
        "* 1 FETCH (UID 1 FLAGS (x \\Recent))",
        "* 3 FETCH (UID 3 FLAGS (x \\Recent))",
        "* 5 FETCH (UID 5 FLAGS (x \\Recent))",
        "* 2 FETCH (UID 2 FLAGS (\\Flagged x \\Recent))",
    ]
    assert told[-1].endswith(" UID ADDTO (0 7)")
    assert [line for line in told if "EXISTS" in line] == ["* 6 EXISTS"]
    await other.ok("STORE 1:2 -FLAGS.SILENT (x)")
    lines = await bob.told("REMOVEFROM")
    assert len([line for line in lines if "FETCH" in line]) == 2
    assert await bob.ok("NOOP") == []


async def test_a_slice_asks_what_others_did_to_its_own_messages_alone(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the time that a STORE takes grows with the square of the mailbox."""
    for _ in range(6):
        await stage.deliver()
    bob, other = await stage.user(select="INBOX"), await stage.user(select="INBOX")
    await other.ok("STORE 5 +FLAGS.SILENT (x)")
    monkeypatch.setattr(storing, "STORED_AT_ONCE", 2)
    changed_among, found = store_views.changed_among, []

    async def noted(*arguments: Any) -> Any:
        found.append(await changed_among(*arguments))
        return found[-1]

    monkeypatch.setattr(store_views, "changed_among", noted)
    told = await bob.ok("STORE 1:* +FLAGS.SILENT (\\Flagged)")
    assert "* 5 FETCH (UID 5 FLAGS (\\Flagged x \\Recent))" in told
    assert found == [[], [], [5]]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_what_others_change_while_a_silent_store_waits_for_them_is_told(three: ImapStage) -> None:
    """It waits for the account's lock, and only behind it sees what they have done."""
    bob, other = await three.user(select="INBOX"), await three.user(select="INBOX")
    _, ours = await in_line(
        three, (other, "STORE 2 FLAGS (\\Flagged)"), (bob, "STORE 2 +FLAGS.SILENT (\\Seen)")
    )
    told = [*ours, *await bob.ok("NOOP")]
    assert "* 2 FETCH (UID 2 FLAGS (\\Seen \\Flagged \\Recent))" in told
