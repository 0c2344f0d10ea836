"""COPY and MOVE."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from imap_stage import ALICE, BOB, LETTER, ImapStage
from postroom.message.errors import NotPermitted, OverQuota, TryLater
from postroom.serve.imap.changing import copying, transferring
from postroom.serve.imap.conversation.conversation import Conversation
from postroom.store.emails import expunge, unfinished
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes, messages
from postroom.store.mailboxes.rights import MailboxRef


@pytest.fixture
async def three(stage: ImapStage) -> ImapStage:
    for _ in range(3):
        await stage.deliver()
    return stage


async def test_copy(three: ImapStage) -> None:
    bob = await three.user(select="INBOX")
    await bob.ok("STORE 3 FLAGS.SILENT (\\Flagged x)")
    lines = await bob.say("a COPY 1,3 Archive")
    box = await mailboxes.by_role(three.store.engine.reading(), three.logins.people[BOB], "archive")
    assert lines == [f"a OK [COPYUID {box.uidvalidity} 1,3 1:2] Copied"]
    assert await three.uids(role="archive") == [1, 2]
    assert await bob.ok("UID COPY 2 INBOX") == ["* 4 EXISTS", "* 4 RECENT"]
    await bob.ok("SELECT Archive")
    assert await bob.ok("STORE 1:2 -FLAGS (y)") == [
        "* 1 FETCH (UID 1 FLAGS (\\Recent))",
        "* 2 FETCH (UID 2 FLAGS (\\Flagged x \\Recent))",
    ]


async def test_move(three: ImapStage) -> None:
    bob, other = await three.user(select="INBOX"), await three.user(select="INBOX")
    lines = await bob.say("a MOVE 1:2 Trash")
    assert lines[0].startswith("* OK [COPYUID ")
    assert lines[0].endswith(" 1:2 1:2] Moved")
    assert lines[1:] == ["* 2 EXPUNGE", "* 1 EXPUNGE", "a OK Moved"]
    assert await other.ok("NOOP") == ["* 2 EXPUNGE", "* 1 EXPUNGE"]
    await other.ok("ENABLE QRESYNC")
    lines = await other.say("a UID MOVE 3 Trash")
    assert lines[1:] == ["* VANISHED 3", "a OK [HIGHESTMODSEQ 6] Moved"]
    assert await three.uids(role="trash") == [1, 2, 3]


async def test_within_one_mailbox(three: ImapStage) -> None:
    bob = await three.user(select="INBOX")
    lines = await bob.ok("MOVE 1 INBOX")
    assert lines[1:] == ["* 1 EXPUNGE", "* 3 EXISTS", "* 3 RECENT"]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("COPY 1 Nowhere", "a NO [TRYCREATE] No such mailbox"),
        ("MOVE 1 Nowhere", "a NO [TRYCREATE] No such mailbox"),
        ("COPY 4 Trash", "a BAD There is no message with such a number"),
        ("UID COPY 4 Trash", "a OK There is no such message"),
        ("UID MOVE 4:9 Trash", "a OK There is no such message"),
        ("COPY 1", "a BAD Expected a space at octet 9: COPY messages mailbox"),
    ],
)
async def test_answers(three: ImapStage, command: str, answer: str) -> None:
    bob = await three.user(select="INBOX")
    assert await bob.say(f"a {command}") == [answer]


@pytest.mark.parametrize("verb", ["COPY", "MOVE"])
async def test_all_or_nothing(three: ImapStage, verb: str) -> None:
    bob = await three.user(select="INBOX")
    ref = bob.session._conversation.selected.ref
    await three.store.engine.write(lambda tx: expunge.expunge(tx, ref, [(2, 2)], three.now))
    lines = await bob.say(f"a {verb} 1:3 Trash")
    assert lines[-1] == "a NO [EXPUNGEISSUED] Some of the messages are gone: nothing was done"
    assert await three.uids(role="trash") == []


async def test_over_quota(three: ImapStage) -> None:
    await three.store.engine.write(lambda tx: tx.execute("UPDATE accounts SET quota_msgs = 4"))
    bob = await three.user(select="INBOX")
    assert await bob.say("a COPY 1:3 Trash") == ["a NO [OVERQUOTA] The mailbox is full"]
    assert await three.uids(role="trash") == []


# ------------------------------------------------------------------------------------------------- into another account


THERE = f'"Other Users/{ALICE}/Archive"'


@pytest.fixture
async def shared(stage: ImapStage) -> ImapStage:
    """Bob may do all but `w` in Alice's archive; his INBOX has a short letter and one that is a file."""
    await give(stage, "lrsite")
    await stage.deliver(flags=1, keywords=("x",))
    await stage.deliver(LETTER % 7 + b"long\r\n" * 500)
    return stage


async def give(stage: ImapStage, rights: str) -> None:
    alice = await stage.user(ALICE)
    await alice.ok(f"SETACL Archive {BOB} {rights}")


async def there(stage: ImapStage) -> list[tuple[int, int, str, int]]:
    account_id = stage.logins.people[ALICE]
    box = await mailboxes.by_role(stage.store.engine.reading(), account_id, "archive")
    found = await messages.listing(stage.store.engine.reading(), MailboxRef(account_id, box.mailbox_id))
    for one in found:
        raw = await stage.store.read(account_id, one.blob_id)
        assert raw is not None
        assert len(raw) == one.size
    return [(one.uid, one.flags, one.keywords, one.size) for one in found]


async def test_copied_into_another_account(shared: ImapStage) -> None:
    bob = await shared.user(select="INBOX")
    lines = await bob.say(f"a COPY 1:2 {THERE}")
    assert lines[0].endswith(" 1:2 1:2] Copied")
    assert [row[:3] for row in await there(shared)] == [(1, 0, ""), (2, 0, "")]  # \Seen is each reader's own
    assert await shared.uids() == [1, 2]
    await bob.ok(f"SELECT {THERE}")
    assert await bob.ok("STORE 1:2 -FLAGS (\\Deleted)") == [
        "* 1 FETCH (UID 1 FLAGS (\\Seen \\Recent))",  # his own
        "* 2 FETCH (UID 2 FLAGS (\\Recent))",
    ]
    await bob.ok("COPY 1 INBOX")
    await bob.ok(f"COPY 1 {THERE}")
    await bob.ok("SELECT INBOX")
    assert await bob.ok("STORE 3 -FLAGS (\\Deleted)") == ["* 3 FETCH (UID 3 FLAGS (\\Seen \\Recent))"]
    assert [row[:2] for row in await there(shared)] == [(1, 0), (2, 0), (3, 0)]


async def test_moved_into_another_account(shared: ImapStage) -> None:
    bob, alice = await shared.user(select="INBOX"), await shared.user(ALICE, select="Archive")
    lines = await bob.say(f"a MOVE 1:2 {THERE}")
    assert lines[0].endswith(" 1:2 1:2] Moved")
    assert lines[1:] == ["* 2 EXPUNGE", "* 1 EXPUNGE", "a OK Moved"]
    assert await alice.ok("NOOP") == ["* 2 EXISTS", "* 2 RECENT"]
    assert await shared.uids() == []


async def test_rights_in_another_account(shared: ImapStage) -> None:
    bob = await shared.user(select="INBOX")
    await give(shared, "lr")
    assert await bob.say(f"a MOVE 1 {THERE}") == ["a NO [NOPERM] Not permitted"]
    await give(shared, "lite")
    assert await bob.say(f"a COPY 1 {THERE}") == ["a OK Copied"]
    await give(shared, "rsite")
    assert await bob.say(f"a MOVE 1 {THERE}") == ["a NO [TRYCREATE] No such mailbox"]
    assert await shared.uids() == [1, 2]


async def test_quota_of_another_account(shared: ImapStage) -> None:
    bob = await shared.user(select="INBOX")
    account_id = shared.logins.people[ALICE]
    await shared.store.engine.write(
        lambda tx: tx.execute("UPDATE accounts SET quota_bytes = 3000 WHERE account_id = $1", account_id)
    )
    assert await bob.say(f"a MOVE 1:2 {THERE}") == ["a NO [OVERQUOTA] The mailbox is full"]
    assert await there(shared) == []
    assert await shared.uids() == [1, 2]
    assert shared.store.files is not None
    assert [row for row in shared.store.files.listing() if row[0] == account_id] == []


async def test_limits_of_what_goes_into_another_account(
    shared: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = await shared.user(select="INBOX")
    monkeypatch.setattr(transferring, "MAX_TRANSFERRED", 1)
    assert (await bob.say(f"a COPY 1:2 {THERE}"))[0].startswith("a NO [LIMIT] At most 1 messages")
    assert (await bob.say(f"a COPY 1 {THERE}"))[0].startswith("a OK")
    size = (await there(shared))[0][3]
    monkeypatch.setattr(transferring, "MAX_TRANSFERRED_OCTETS", size)
    assert (await bob.say(f"a COPY 1 {THERE}"))[0].startswith("a OK")
    monkeypatch.setattr(transferring, "MAX_TRANSFERRED_OCTETS", size - 1)
    assert (await bob.say(f"a COPY 1 {THERE}"))[0].startswith("a NO [LIMIT] Too much")


async def test_originals_that_cannot_go_take_the_copies_back(
    shared: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = await shared.user(select="INBOX")
    remove = expunge.expunge

    async def fails(tx: Transaction, mailbox: MailboxRef, *others: Any) -> Any:
        if mailbox.account_id == shared.logins.people[BOB]:
            raise NotPermitted
        return await remove(tx, mailbox, *others)

    monkeypatch.setattr(expunge, "expunge", fails)
    assert (await bob.say(f"a MOVE 1:2 {THERE}"))[0].startswith("a NO [NOPERM]")
    assert await shared.uids() == [1, 2]
    assert await there(shared) == []


@pytest.mark.parametrize("lost", [1, 2])
async def test_originals_of_which_it_is_not_known_whether_they_went_leave_the_copies(
    shared: ImapStage, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    """The connection to the database may break behind COMMIT: to take the copies back then would lose the mail."""
    bob = await shared.user(select="INBOX")
    write = Conversation.write
    answers: list[Any] = []

    async def doubtful(conversation: Conversation, work: Any) -> Any:
        answers.append(await write(conversation, work))
        if 1 < len(answers) <= 1 + lost:
            raise TryLater
        return answers[-1]

    monkeypatch.setattr(Conversation, "write", doubtful)
    lines = await bob.say(f"a MOVE 1:2 {THERE}")
    assert lines[-1].startswith("a OK Moved" if lost == 1 else "a NO [UNAVAILABLE]")
    assert await shared.uids() == []
    assert len(await there(shared)) == 2


async def test_of_two_who_move_a_message_at_once_one_has_moved_it(
    shared: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays where it was filed by whose expunge was first; the other one takes his copy back."""
    first, second = await shared.user(select="INBOX"), await shared.user(select="INBOX")
    make_way, met = copying.make_way, asyncio.Barrier(2)

    async def together(*arguments: Any) -> Any:
        await met.wait()
        return await make_way(*arguments)

    monkeypatch.setattr(copying, "make_way", together)
    answers = await asyncio.gather(first.say(f"a MOVE 1:2 {THERE}"), second.say(f"a UID MOVE 1:2 {THERE}"))
    assert await shared.uids() == []
    assert len(await there(shared)) == 2
    assert sorted("COPYUID" in "".join(said) for said in answers) == [False, True]


async def test_what_has_gone_while_it_was_moved_is_not_there_either(
    shared: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, other = await shared.user(select="INBOX"), await shared.user(select="INBOX")
    make_way = copying.make_way

    async def late(*arguments: Any) -> Any:
        await other.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
        await other.ok("EXPUNGE")
        return await make_way(*arguments)

    monkeypatch.setattr(copying, "make_way", late)
    lines = await bob.say(f"a MOVE 1:2 {THERE}")
    assert "COPYUID" in lines[0]
    assert lines[0].endswith(" 2 2] Moved")
    assert lines[-1] == "a NO [EXPUNGEISSUED] Some of the messages are gone: the others were moved"
    assert len(await there(shared)) == 1


async def test_a_commit_that_only_seemed_to_fail_is_not_made_twice(
    shared: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = await shared.user(select="INBOX")
    write = Conversation.write
    tries = []

    async def doubtful(conversation: Conversation, work: Any) -> Any:
        value = await write(conversation, work)
        tries.append(value)
        if len(tries) == 1:
            raise TryLater
        return value

    monkeypatch.setattr(Conversation, "write", doubtful)
    lines = await bob.say(f"a MOVE 1:2 {THERE}")
    assert lines[0].endswith(" 1:2 1:2] Moved")
    assert len(await there(shared)) == 2
    assert await shared.uids() == []


# -------------------------------------------------------------------------------------------------- many, in several commits


@pytest.fixture
async def many(stage: ImapStage, monkeypatch: pytest.MonkeyPatch) -> ImapStage:
    """Five letters, of which two are copied at once."""
    for _ in range(5):
        await stage.deliver()
    monkeypatch.setattr(copying, "COPIED_AT_ONCE", 2)
    monkeypatch.setattr(transferring, "FILED_AT_ONCE", 2)
    await give(stage, "lrsite")
    return stage


def failing_after(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, times: int) -> None:
    """The function fails when it is called once more."""
    act, calls = getattr(module, name), []

    async def fails(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) > times:
            raise OverQuota
        return await act(*arguments)

    monkeypatch.setattr(module, name, fails)


async def left_over(stage: ImapStage) -> int:
    return len(await stage.store.engine.reading().fetch("SELECT * FROM unfinished"))


@pytest.mark.parametrize("where", ["Archive", THERE])
async def test_copy_in_slices(many: ImapStage, where: str) -> None:
    bob, other = await many.user(select="INBOX"), await many.user(select=where)
    lines = await bob.say(f"a COPY 1:5 {where}")
    assert lines[-1].endswith(" 1:5 1:5] Copied")
    assert await other.ok("NOOP") == ["* 5 EXISTS", "* 5 RECENT"]
    assert await left_over(many) == 0
    assert await other.ok("STATUS Archive (MESSAGES SIZE UIDNEXT)")


@pytest.mark.parametrize("where", ["Archive", THERE])
async def test_a_copy_that_fails_takes_back_what_it_has_made(
    many: ImapStage, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    bob, other = await many.user(select="INBOX"), await many.user(select=where)
    before = await other.ok(f"STATUS {where} (MESSAGES SIZE)")
    with monkeypatch.context() as patch:
        failing_after(patch, copying.copying, "copy", 2)
        failing_after(patch, transferring, "arrive", 2)
        assert (await bob.say(f"a COPY 1:5 {where}"))[-1] == "a NO [OVERQUOTA] The mailbox is full"
    assert await left_over(many) == 0
    told = await other.ok(f"STATUS {where} (MESSAGES SIZE)")
    assert told[-1:] == before
    [used] = await many.store.engine.reading().fetch(
        "SELECT used_msgs FROM accounts WHERE account_id = $1", many.logins.people[BOB]
    )
    assert used[0] == 5
    await bob.ok(f"COPY 1:5 {where}")  # and what has not been copied is still whole
    assert await left_over(many) == 0


async def test_room_is_looked_for_before_anything_is_copied(many: ImapStage) -> None:
    bob = await many.user(select="INBOX")
    await many.store.engine.write(lambda tx: tx.execute("UPDATE accounts SET quota_msgs = 9"))
    before = await bob.ok("STATUS Archive (UIDNEXT)")
    assert (await bob.say("a COPY 1:5 Archive"))[-1] == "a NO [OVERQUOTA] The mailbox is full"
    assert await bob.ok("STATUS Archive (UIDNEXT)") == before
    await many.store.engine.write(lambda tx: tx.execute("UPDATE accounts SET quota_msgs = 10"))
    await bob.ok("COPY 1:5 Archive")


async def test_a_copy_whose_process_died_is_taken_back(
    many: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = await many.user(select="INBOX")

    async def died(*_: Any) -> Any:
        return []

    with monkeypatch.context() as patch:
        failing_after(patch, copying.copying, "copy", 2)
        patch.setattr(unfinished, "take_back", died)
        await bob.say("a COPY 1:5 Archive")
    assert await many.uids(role="archive") == [1, 2, 3, 4]
    engine, now = many.store.engine, many.now + unfinished.ABANDONED_SECONDS * 1_000_000
    assert await unfinished.take_back_abandoned(engine, now) == []  # somebody may be at it still
    assert len(await unfinished.take_back_abandoned(engine, now + 1)) == 2
    assert await many.uids(role="archive") == []
    assert await left_over(many) == 0


@pytest.mark.parametrize("where", ["Archive", THERE])
async def test_a_copy_that_takes_long_is_not_taken_for_one_that_died(
    many: ImapStage, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Each commit says when it was made: what looks for abandoned operations goes by the last."""
    bob = await many.user(select="INBOX")
    note, late = unfinished.note, []

    async def noted(tx: Any, operation: unfinished.Operation, uids: Any, now: int) -> None:
        late.append(many.now - now)
        await note(tx, operation, uids, now)
        many.now += unfinished.ABANDONED_SECONDS * 1_000_000

    monkeypatch.setattr(unfinished, "note", noted)
    await bob.ok(f"COPY 1:5 {where}")
    assert late == [0, 0]


@pytest.mark.parametrize(("verb", "where"), [("COPY", "Archive"), ("COPY", THERE), ("MOVE", THERE)])
async def test_a_copy_that_was_taken_for_one_that_died_fails(
    many: ImapStage, monkeypatch: pytest.MonkeyPatch, verb: str, where: str
) -> None:
    """The machine slept in the middle of it, or a lab's clock was moved: what was made is gone, and nothing may be removed for it."""
    bob = await many.user(select="INBOX")
    write, writes = Conversation.write, []

    async def slept(conversation: Conversation, work: Any) -> Any:
        writes.append(work)
        if len(writes) == 3:
            now = many.now + (unfinished.ABANDONED_SECONDS + 1) * 1_000_000
            assert len(await unfinished.take_back_abandoned(many.store.engine, now)) == 2
        return await write(conversation, work)

    before = (await bob.ok(f"STATUS {where} (MESSAGES SIZE)"))[-1:]
    with monkeypatch.context() as patch:
        patch.setattr(Conversation, "write", slept)
        assert (await bob.say(f"a {verb} 1:5 {where}"))[-1].startswith("a NO ")
    assert await many.uids() == [1, 2, 3, 4, 5]
    assert (await bob.ok(f"STATUS {where} (MESSAGES SIZE)"))[-1:] == before
    assert await left_over(many) == 0


@pytest.mark.parametrize(("verb", "where"), [("COPY", "Archive"), ("MOVE", THERE)])
async def test_a_copy_that_ends_while_it_is_taken_for_one_that_died_stays(
    many: ImapStage, monkeypatch: pytest.MonkeyPatch, verb: str, where: str
) -> None:
    """Who takes back has read what there is to do, and comes too late with it: the client was told that it was done."""
    bob = await many.user(select="INBOX")
    engine, reached, ended = many.store.engine, asyncio.Event(), asyncio.Event()
    write, writes = Conversation.write, []

    async def late(work: Any, urgency: Any) -> Any:
        reached.set()
        await ended.wait()
        return await engine.write(work, urgency)

    async def slept(conversation: Conversation, work: Any) -> Any:
        writes.append(work)
        if len(writes) == 3:
            slow: Any = SimpleNamespace(reading=engine.reading, write=late)
            chore = unfinished.take_back_abandoned(slow, many.now + 601_000_000)
            writes.append(asyncio.create_task(chore))
            await reached.wait()
        return await write(conversation, work)

    monkeypatch.setattr(Conversation, "write", slept)
    await bob.ok(f"{verb} 1:5 {where}")
    ended.set()
    assert await writes[3] == []


async def test_what_is_to_be_taken_back_may_be_gone(many: ImapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = await many.user(select="INBOX")
    await bob.ok("CREATE Folder")
    act = copying.copying.copy

    async def deleted_meanwhile(tx: Any, source: Any, target_id: int, ranges: Any, now: int) -> Any:
        if ranges[0][0] > 1:
            raise OverQuota
        return await act(tx, source, target_id, ranges, now)

    async def take_back(engine: Any, operation: unfinished.Operation, now: int) -> Any:
        other = await many.user()
        await other.ok("DELETE Folder")
        return await original(engine, operation, now)

    original = unfinished.take_back
    monkeypatch.setattr(copying.copying, "copy", deleted_meanwhile)
    monkeypatch.setattr(unfinished, "take_back", take_back)
    assert (await bob.say("a COPY 1:5 Folder"))[-1] == "a NO [OVERQUOTA] The mailbox is full"
    assert await left_over(many) == 0


async def test_move_in_slices(many: ImapStage) -> None:
    bob, other = await many.user(select="INBOX"), await many.user(select="Archive")
    lines = await bob.say("a MOVE 1:5 Archive")
    assert lines[0].endswith(" 1:5 1:5] Moved")
    assert lines[1:] == [*(f"* {n} EXPUNGE" for n in (5, 4, 3, 2, 1)), "a OK Moved"]
    assert await other.ok("NOOP") == ["* 5 EXISTS", "* 5 RECENT"]
    assert await left_over(many) == 0


async def test_a_move_that_fails_tells_what_it_has_moved(
    many: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = await many.user(select="INBOX")
    failing_after(monkeypatch, copying.copying, "move", 1)
    lines = await bob.say("a MOVE 1:5 Archive")
    assert lines[0].endswith(" 1:2 1:2] Moved")
    assert lines[1:] == ["* 2 EXPUNGE", "* 1 EXPUNGE", "a NO [OVERQUOTA] The mailbox is full"]
    assert await many.uids() == [3, 4, 5]
    assert await many.uids(role="archive") == [1, 2]


@pytest.mark.parametrize("verb", ["COPY", "MOVE"])
async def test_messages_that_go_meanwhile(many: ImapStage, verb: str) -> None:
    bob = await many.user(select="INBOX")
    ref = bob.session._conversation.selected.ref
    await many.store.engine.write(lambda tx: expunge.expunge(tx, ref, [(4, 4)], many.now))
    lines = await bob.say(f"a {verb} 1:5 Archive")
    assert lines[-1].startswith("a NO [EXPUNGEISSUED]")
    assert await many.uids(role="archive") == ([] if verb == "COPY" else [1, 2, 3, 4])
    assert await left_over(many) == 0
