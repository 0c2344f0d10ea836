"""What is told between commands when others are at work meanwhile, or the store fails."""

import re
from typing import Any

import pytest

from imap_stage import LETTER, ImapStage
from imap_waiting import gone
from postroom.message.errors import TryLater
from postroom.serve.imap.conversation.conversation import Conversation
from postroom.store import pruning, restored
from postroom.store.mailboxes import mailboxes


async def test_what_comes_while_idle_begins_is_told(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = await stage.user(select="INBOX")
    snapshot = Conversation.snapshot
    looks: list[Any] = []

    async def meanwhile(conversation: Conversation, work: Any) -> Any:
        looks.append(await snapshot(conversation, work))
        if len(looks) == 1:
            await stage.deliver()
        return looks[-1]

    monkeypatch.setattr(Conversation, "snapshot", meanwhile)
    assert await bob.say("i IDLE") == ["+ Idling, end with DONE"]
    assert await bob.told("RECENT") == ["* 1 EXISTS", "* 1 RECENT"]


@pytest.mark.parametrize("command", ["SELECT INBOX", "NOOP"])
async def test_who_cannot_have_recent_messages_alone_has_them_all_the_same(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """As on a full disk, where one wants to read, and to see what can be deleted."""
    bob = await stage.user(select="INBOX")
    await stage.deliver()
    monkeypatch.setattr(Conversation, "write", _fails)
    lines = await bob.ok(command)
    assert "* 1 EXISTS" in lines
    assert "* 1 RECENT" in lines


async def test_what_was_done_is_answered_though_nothing_new_can_be_told(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a client would append its message once more."""
    bob = await stage.user(select="INBOX")
    raw = (LETTER % 1).decode()
    with monkeypatch.context() as patch:
        patch.setattr(Conversation, "snapshot", _fails)
        await bob.say("a NOOP")
    write = Conversation.write

    async def written(conversation: Conversation, work: Any) -> Any:
        value = await write(conversation, work)
        monkeypatch.setattr(Conversation, "snapshot", _fails)
        return value

    with monkeypatch.context() as patch:
        patch.setattr(Conversation, "write", written)
        [line] = await bob.say(f"a APPEND INBOX {{{len(raw)}+}}", raw)
        assert line.startswith("a OK [APPENDUID ")
    monkeypatch.undo()
    assert await bob.ok("NOOP") == ["* 1 EXISTS", "* 1 RECENT"]


async def test_who_was_told_a_half_of_it_must_begin_anew(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session counts on what the client has not heard of: what it says next would mean other messages."""
    bob = await stage.user(select="INBOX")
    await stage.deliver(keywords=("x",))
    monkeypatch.setattr(mailboxes, "keywords", _fails)
    lines = await bob.say("a NOOP")
    assert lines[-2:] == [
        "* BYE [UNAVAILABLE] Local error in processing, try again later",
        "a OK Nothing done",
    ]


async def test_a_fault_while_news_is_told_ends_the_session(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would idle on, and not hear of anything."""
    bob = await stage.user(select="INBOX")
    await bob.say("i IDLE")

    async def wrong(*_: Any) -> Any:
        raise ValueError("a mistake")

    monkeypatch.setattr(Conversation, "snapshot", wrong)
    await stage.deliver()
    await bob.ended()
    assert bob.connection.closed == "fault: a mistake"


async def _fails(*_: Any) -> Any:
    raise TryLater


@pytest.mark.parametrize("before", ["NOOP", "NOTIFY SET (SELECTED NONE)"])
async def test_expunges_that_wait_hold_the_modseq_back_from_which_a_client_goes_on(
    stage: ImapStage, before: str
) -> None:
    """Else it takes the modseq of its STORE for the highest, and never hears of them when it has lost the connection (RFC 7162 §3.2, §6)."""
    for _ in range(3):
        await stage.deliver()
    bob = await stage.user()
    await bob.ok("ENABLE QRESYNC")
    await bob.ok("SELECT INBOX")
    await bob.ok(before)
    await gone(stage, 1)
    told, held = await bob.ok("STORE 2 +FLAGS.SILENT (\\Flagged)")
    known, modseq = _modseq(held, "OK "), _modseq(told, "2 FETCH ")
    assert known < modseq
    again = await stage.user()
    await again.ok("ENABLE QRESYNC")
    validity = next(line for line in await again.ok("STATUS INBOX (UIDVALIDITY)")).split(" ")[-1][:-1]
    assert "* VANISHED (EARLIER) 1" in await again.ok(f"SELECT INBOX (QRESYNC ({validity} {known}))")
    if before == "NOOP":
        assert await bob.ok("NOOP") == ["* VANISHED 1"]
        assert len(await bob.ok("STORE 1 -FLAGS.SILENT (\\Flagged)")) == 1


async def test_a_mailbox_that_was_restored_is_told_like_any_other(stage: ImapStage) -> None:
    """Nothing is remembered of what vanished before, up to a modseq above that of the mailbox (`store.restored`)."""
    for _ in range(3):
        await stage.deliver()

    async def restore(tx: Any) -> None:
        for statement in (restored.ACCOUNTS, restored.MAILBOXES):
            await tx.execute(statement, *(1_000, 1)[: statement.count("$2") + 1])

    await stage.store.engine.write(restore)
    bob = await stage.user(select="Trash")
    assert await bob.ok("NOOP") == []
    other = await stage.user(select="INBOX")
    await stage.deliver()
    await gone(stage, 2)
    assert await other.ok("NOOP") == ["* 2 EXPUNGE", "* 3 EXISTS", "* 3 RECENT"]


@pytest.mark.parametrize("command", ["ENABLE QRESYNC", "ENABLE CONDSTORE", "FETCH 1 MODSEQ"])
async def test_what_enables_condstore_tells_up_to_where_the_client_knows_of_everything(
    stage: ImapStage, command: str
) -> None:
    """RFC 7162 §3.1: the first of these commands; §3.2.3: ENABLE QRESYNC is one."""
    for _ in range(2):
        await stage.deliver()
    bob = await stage.user()
    selected = next(line for line in await bob.ok("SELECT INBOX") if "HIGHESTMODSEQ" in line)
    await gone(stage, 2)
    await (await stage.user(select="INBOX")).ok("STORE 1 +FLAGS (\\Flagged)")
    assert await bob.ok("FETCH 1 UID") == [
        "* 1 FETCH (UID 1)",
        "* 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent))",
    ]
    lines = await bob.ok(command)
    assert [line for line in lines if "HIGHESTMODSEQ" in line] == [selected]


@pytest.mark.parametrize("command", ["NOOP", "FETCH 1 FLAGS"])
async def test_a_session_that_was_not_told_of_expunges_before_they_were_forgotten_ends(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """It would count on messages that are gone, and take each number behind them for that of another message."""
    for _ in range(6):
        await stage.deliver()
    bob, other = await stage.user(select="INBOX"), await stage.user(select="INBOX")
    for uid in (2, 3, 4):
        await gone(stage, uid)
    await other.ok("NOOP")
    monkeypatch.setattr(pruning, "VANISHED_ROWS", 1)
    await pruning.prune(stage.store.engine, stage.now)
    *_, bye, answer = await bob.say(f"x {command}")
    assert bye == "* BYE [UNAVAILABLE] What this session knows of the mailbox is too old"
    assert answer.startswith("x OK")
    assert bob.machine.closing
    await gone(stage, 5)
    assert await other.ok("NOOP") == ["* 2 EXPUNGE"]


def _modseq(line: str, start: str) -> int:
    assert line.startswith(f"* {start}"), line
    found = re.search(r"MODSEQ \(?([0-9]+)", line)
    assert found is not None, line
    return int(found[1])
