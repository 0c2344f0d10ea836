"""CREATE, DELETE, RENAME, SUBSCRIBE, NAMESPACE, STATUS."""

import re
from typing import Any

import pytest

from account_queue import in_line
from imap_stage import ImapStage
from postroom.serve.imap.conversation.conversation import Conversation
from postroom.serve.imap.mailboxes import mailboxes as serving
from postroom.store.emails import copying, expunge
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import messages


async def names(client: object, pattern: str = "*") -> list[str]:
    lines = await client.ok(f'LIST "" "{pattern}"')  # type: ignore[attr-defined]
    return [line.split('"/" ')[1].strip('"') for line in lines]


DEFAULTS = ["INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"]


async def test_create_makes_what_is_missing_above_and_tells_the_id(stage: ImapStage) -> None:
    bob = await stage.user()
    (answer,) = await bob.say("a CREATE work/2025/june/")
    made = re.fullmatch(r"a OK \[MAILBOXID \((F\w+)\)\] Created", answer)
    assert made is not None
    assert await names(bob, "work*") == ["work", "work/2025", "work/2025/june"]
    assert await bob.ok("STATUS work/2025/june (MAILBOXID)") == [
        f'* STATUS "work/2025/june" (MAILBOXID ({made[1]}))'
    ]
    assert f"* OK [MAILBOXID ({made[1]})] Its id" in await bob.ok("SELECT work/2025/june")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ('"../../etc/x"', "NO [CANNOT]"),
        ('"a/../../b"', "NO [CANNOT]"),
        ('"~root"', "NO [CANNOT]"),
        ('"#news"', "NO [CANNOT]"),
        ('"a*"', "NO [CANNOT]"),
        ('"a%"', "NO [CANNOT]"),
        ('"a//b"', "NO [CANNOT]"),
        ('"/a"', "NO [CANNOT]"),
        ('""', "NO [CANNOT]"),
        ('" a"', "NO [CANNOT]"),
        ('"a\x07b"', "NO [CANNOT]"),
        ('"a\x00b"', "BAD"),
        ('"&"', "BAD"),
        ('"&AGE-"', "BAD"),
        ('"inbox"', "NO [ALREADYEXISTS]"),
        ("x" * 256, "NO [CANNOT]"),
        ("x" * 10_000, "NO [CANNOT]"),
        ("/".join("x" * 21), "NO [CANNOT]"),
        ("/".join("x" * 1000), "NO [CANNOT]"),
        ('"Other Users"', "NO [NONEXISTENT]"),
        ('"Other Users/x"', "NO [NONEXISTENT]"),
        ('"Other Users/nobody@hamburger.test/x"', "NO [NONEXISTENT]"),
        ('"Other Users/alice@crepes.test/x"', "NO [NONEXISTENT]"),
        ('"Other Users/alice@crepes.test/INBOX"', "NO [NONEXISTENT]"),
    ],
)
async def test_names_that_cannot_be(stage: ImapStage, name: str, answer: str) -> None:
    bob = await stage.user()
    lines = await bob.say(f"a CREATE {name}")
    assert lines[-1].startswith(f"a {answer}"), lines
    assert await names(bob) == DEFAULTS


async def test_the_longest_and_deepest_names(stage: ImapStage) -> None:
    bob = await stage.user()
    await bob.ok("CREATE " + "x" * 255)
    await bob.ok("CREATE " + "/".join("y" * 20))


async def test_twins_in_unicode_are_one_mailbox(stage: ImapStage) -> None:
    bob = await stage.user()
    await bob.ok("ENABLE IMAP4rev2")
    assert await bob.ok('CREATE "re\u0301sume\u0301"') == [
        '* LIST () "/" "r\u00e9sum\u00e9" ("OLDNAME" ("re\u0301sume\u0301"))'
    ]
    assert (await bob.say('a CREATE "r\u00e9sum\u00e9"'))[-1].startswith("a NO [ALREADYEXISTS]")
    assert any(
        '"r\u00e9sum\u00e9" ("OLDNAME"' in line for line in await bob.ok('SELECT "re\u0301sume\u0301"')
    )
    old = await stage.user()
    assert '"r&AOk-sum&AOk-"' in "".join(await old.ok('LIST "" "r%"'))


async def test_a_mailbox_with_a_use(stage: ImapStage) -> None:
    bob = await stage.user()
    await bob.ok("CREATE Starred (USE (\\Important))")
    assert '* LIST (\\HasNoChildren \\Important) "/" "Starred"' in await bob.ok('LIST "" *')
    for use in ("(\\Drafts)", "(\\All)", "(\\Flagged)", "(\\Nonsense)", "(\\Junk \\Trash)"):
        (answer,) = await bob.say(f"a CREATE Again (USE {use})")
        assert answer.startswith("a NO [USEATTR]"), use
    await bob.ok("CREATE Plain (USE ())")


async def test_delete(stage: ImapStage) -> None:
    await stage.deliver()
    bob = await stage.user()
    await bob.ok("CREATE a/b")
    assert (await bob.say("x DELETE a"))[-1].startswith("x NO [HASCHILDREN]")
    assert (await bob.say("x DELETE INBOX"))[-1].startswith("x NO [CANNOT]")
    assert (await bob.say("x DELETE nowhere"))[-1].startswith("x NO [NONEXISTENT]")
    await bob.ok("SELECT a/b")
    assert await bob.say("x DELETE a/b", "y CLOSE") == [
        "* OK [CLOSED] The mailbox that was selected is deleted",
        "x OK Deleted",
        "y BAD Select a mailbox first",
    ]
    await bob.ok("DELETE a")
    assert await names(bob) == DEFAULTS


async def test_a_large_mailbox_goes_in_slices(stage: ImapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "AT_ONCE", 2)
    monkeypatch.setattr(expunge, "AT_ONCE", 2)
    for _ in range(5):
        await stage.deliver()
    bob = await stage.user()
    await bob.ok("RENAME INBOX old")
    assert await bob.ok("STATUS old (MESSAGES)") == ['* STATUS "old" (MESSAGES 5)']
    await bob.ok("DELETE old")
    assert await names(bob) == DEFAULTS


async def test_mail_that_comes_while_the_inbox_is_renamed_stays_there(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "AT_ONCE", 2)
    move, moves = copying.move, 0

    async def one_more(tx: Transaction, **others: Any) -> Any:
        nonlocal moves
        moves += 1
        return await move(tx, **others)

    sizes = messages.sizes

    async def and_mail_comes(*others: Any) -> Any:
        found = await sizes(*others)
        assert moves < 4, "it would go on for ever"
        await stage.deliver()
        return found

    for _ in range(3):
        await stage.deliver()
    bob = await stage.user()
    monkeypatch.setattr(copying, "move", one_more)
    monkeypatch.setattr(messages, "sizes", and_mail_comes)
    await bob.ok("RENAME INBOX old")
    assert await bob.ok("STATUS old (MESSAGES)") == ['* STATUS "old" (MESSAGES 3)']
    assert len(await stage.uids()) >= 2


async def test_rename_takes_a_tree_along(stage: ImapStage) -> None:
    bob = await stage.user()
    await bob.ok("CREATE foo/bar/zap")
    await bob.ok("RENAME foo/bar baz/rag/zowie")
    assert await names(bob, "*z*") == ["baz", "baz/rag", "baz/rag/zowie", "baz/rag/zowie/zap"]
    assert await names(bob, "foo*") == ["foo"]
    for old, new, code in (
        ("nowhere", "x", "NONEXISTENT"),
        ("foo", "baz", "ALREADYEXISTS"),
        ("baz", "baz/rag/under", "CANNOT"),
        ("foo", "a//b", "CANNOT"),
        ("foo", '"Other Users/alice@crepes.test/x"', "NONEXISTENT"),
    ):
        assert (await bob.say(f"a RENAME {old} {new}"))[-1].startswith(f"a NO [{code}]"), (old, new)


async def test_the_inbox_gives_its_messages_away(stage: ImapStage) -> None:
    for _ in range(3):
        await stage.deliver()
    bob = await stage.user()
    await bob.ok("CREATE INBOX/below")
    await bob.ok("RENAME inbox old-mail")
    assert await bob.ok("STATUS INBOX (MESSAGES)") == ['* STATUS "INBOX" (MESSAGES 0)']
    assert await bob.ok("STATUS old-mail (MESSAGES UIDNEXT)") == [
        '* STATUS "old-mail" (MESSAGES 3 UIDNEXT 4)'
    ]
    assert await names(bob, "INBOX*") == ["INBOX", "INBOX/below"]


async def test_subscriptions(stage: ImapStage) -> None:
    bob = await stage.user()
    await bob.ok("CREATE a/b")
    assert await bob.ok('LSUB "" a*') == []
    await bob.ok("SUBSCRIBE a/b")
    assert await bob.ok('LSUB "" a*') == ['* LSUB () "/" "a/b"']
    assert await bob.ok('LSUB "" a%') == ['* LSUB (\\Noselect) "/" "a"']
    await bob.ok("DELETE a/b")
    assert await bob.ok('LSUB "" a*') == ['* LSUB () "/" "a/b"']
    assert await bob.ok('LIST (SUBSCRIBED) "" a*') == [
        '* LIST (\\NonExistent \\Subscribed \\HasNoChildren) "/" "a/b"'
    ]
    assert await names(bob, "a*") == ["a"]
    await bob.ok("UNSUBSCRIBE a/b")
    assert await bob.ok('LSUB "" a*') == []
    assert (await bob.say("x SUBSCRIBE nowhere"))[-1].startswith("x NO [NONEXISTENT]")
    await bob.ok("UNSUBSCRIBE INBOX")
    assert '* LSUB () "/" "INBOX"' not in await bob.ok('LSUB "" *')


@pytest.mark.parametrize("at_once", [1, 2_000])
async def test_what_was_renamed_while_it_is_deleted_is_kept_and_so_is_what_has_its_name(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    for _ in range(4):
        await stage.deliver()
    bob, other = await stage.user(select="INBOX"), await stage.user()
    for command in ("CREATE old", "CREATE new", "COPY 1:2 old", "COPY 3:4 new"):
        await bob.ok(command)
    monkeypatch.setattr(expunge, "AT_ONCE", at_once)
    snapshot = Conversation.snapshot

    async def looked(conversation: Conversation, work: Any) -> Any:
        found = await snapshot(conversation, work)
        monkeypatch.setattr(Conversation, "snapshot", snapshot)
        await other.ok("RENAME old kept")
        await other.ok("RENAME new old")
        return found

    monkeypatch.setattr(Conversation, "snapshot", looked)
    assert (await bob.say("a DELETE old"))[-1] == "a NO [NONEXISTENT] No such mailbox"
    assert await bob.ok("STATUS kept (MESSAGES)") == ['* STATUS "kept" (MESSAGES 2)']
    assert await bob.ok("STATUS old (MESSAGES)") == ['* STATUS "old" (MESSAGES 2)']


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("one", "other", "answer", "left"),
    [
        ("RENAME old kept", "DELETE old", "x NO [NONEXISTENT]", ["kept"]),
        ("RENAME old kept", "RENAME old lost", "x NO [NONEXISTENT]", ["kept"]),
        ("CREATE a/b", "CREATE a/c", "x OK", ["a", "a/b", "a/c", "old"]),
        ("CREATE a/b", "RENAME old a/c", "x OK", ["a", "a/b", "a/c"]),
    ],
)
async def test_who_waits_for_another_sees_what_he_has_done(
    stage: ImapStage, one: str, other: str, answer: str, left: list[str]
) -> None:
    bob, second = await stage.user(), await stage.user()
    await bob.ok("CREATE old")
    first, late = await in_line(stage, (bob, one), (second, other))
    assert first[-1].startswith("x OK")
    assert late[-1].startswith(answer)
    assert [name for name in await names(bob) if name not in DEFAULTS] == left


async def test_namespace(stage: ImapStage) -> None:
    bob = await stage.user()
    assert await bob.ok("NAMESPACE") == ['* NAMESPACE (("" "/")) (("Other Users/" "/")) NIL']


async def test_status(stage: ImapStage) -> None:
    for _ in range(3):
        await stage.deliver()
    bob = await stage.user()
    items = "MESSAGES UNSEEN DELETED RECENT UIDNEXT DELETED-STORAGE APPENDLIMIT"
    assert await bob.ok(f"STATUS inbox ({items})") == [
        '* STATUS "INBOX" (MESSAGES 3 UNSEEN 3 DELETED 0 RECENT 3 UIDNEXT 4 DELETED-STORAGE 0 APPENDLIMIT 52428800)'
    ]
    (line,) = await bob.ok("STATUS INBOX (SIZE UIDVALIDITY)")
    assert re.fullmatch(r'\* STATUS "INBOX" \(SIZE \d{3} UIDVALIDITY \d+\)', line)
    (line,) = await bob.ok("STATUS INBOX (HIGHESTMODSEQ)")
    assert "CONDSTORE" in bob.machine.enabled
    for wrong in ("STATUS INBOX ()", "STATUS INBOX (SIZES)", "STATUS INBOX MESSAGES"):
        assert (await bob.say(f"a {wrong}"))[-1].startswith("a BAD")
    assert (await bob.say("a STATUS nowhere (MESSAGES)"))[-1].startswith("a NO [NONEXISTENT]")
