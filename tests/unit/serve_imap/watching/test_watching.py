"""NOTIFY (RFC 5465): what is told of mailboxes that are not selected, and of mailboxes as such."""

from collections.abc import Callable

import pytest

from imap_stage import ALICE, BOB, ImapStage
from imap_waiting import gone, modern, quiet
from postroom.serve.imap.watching import watching
from postroom.serve.imap.watching.watching import MAX_WATCHED
from postroom.store.changes import Missed
from postroom.store.store import Store

ALL = "MessageNew MessageExpunge FlagChange"
SHARED = '"Other Users/alice@crepes.test/%s"'


# ------------------------------------------------------------------------------------------------------- other mailboxes


async def test_numbers_of_other_mailboxes(stage: ImapStage) -> None:
    await stage.deliver()
    bob = await modern(stage, "Drafts")
    assert await bob.ok(
        f"NOTIFY SET STATUS (SELECTED ({ALL})) (MAILBOXES INBOX (MessageNew MessageExpunge))"
    ) == ['* STATUS "INBOX" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1750000000)']
    await stage.deliver()
    assert await bob.told("STATUS") == ['* STATUS "INBOX" (MESSAGES 2 UIDNEXT 3)']
    await gone(stage, 1)
    assert await bob.told("STATUS") == ['* STATUS "INBOX" (MESSAGES 1 UIDNEXT 3)']
    other = await modern(stage, "INBOX")
    await other.ok("STORE 1 +FLAGS (\\Seen)")
    assert await quiet(bob) == []
    await bob.ok("SELECT INBOX")
    await stage.deliver()
    assert await bob.told("EXISTS") == ["* 2 EXISTS"]
    assert await quiet(bob) == []  # what is selected is told of as selected, RFC 5465 §3.1


async def test_flags_in_other_mailboxes(stage: ImapStage) -> None:
    await stage.deliver()
    bob = await stage.user()
    lines = await bob.ok(f"NOTIFY SET STATUS (INBOXES ({ALL}))")
    assert len(lines) == 6
    assert '* STATUS "INBOX" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1750000000 UNSEEN 1 HIGHESTMODSEQ 2)' in lines
    other = await modern(stage, "INBOX")
    await other.ok("STORE 1 +FLAGS (\\Seen)")
    assert await bob.told("STATUS") == ['* STATUS "INBOX" (UNSEEN 0 UIDVALIDITY 1750000000)']
    await other.ok("STORE 1 +FLAGS (\\Flagged)")
    assert await quiet(bob) == []  # without CONDSTORE nothing would be said, RFC 5465 §5.1
    await bob.ok("ENABLE CONDSTORE")
    changed = await other.ok("STORE 1 -FLAGS (\\Flagged)")
    assert changed == ["* 1 FETCH (UID 1 FLAGS (\\Seen))"]
    (line,) = await bob.told("STATUS")
    assert line.startswith('* STATUS "INBOX" (HIGHESTMODSEQ ')
    assert line.endswith(" UIDVALIDITY 1750000000)")


async def test_what_one_does_oneself_is_not_told(stage: ImapStage) -> None:
    await stage.deliver()
    bob = await modern(stage, "INBOX")
    await bob.ok(
        f"NOTIFY SET (SELECTED ({ALL})) (PERSONAL ({ALL} MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange))"
    )
    for command in (
        "COPY 1 Archive",
        "CREATE A/B",
        "SUBSCRIBE A",
        "RENAME A/B A/C",
        "DELETE A/C",
        f"SETACL A {ALICE} lr",
        'SETMETADATA A (/private/comment "x")',
        'SETMETADATA "" (/private/comment "x")',
    ):
        assert await bob.ok(command) == []
        assert await quiet(bob) == []
    alice = await stage.user(ALICE)
    await alice.ok('SUBSCRIBE "Other Users/bob@hamburger.test/A"')
    other = await stage.user()
    await other.ok("CREATE A/D")  # what was done before is known
    assert await bob.told("STATUS") == [
        '* LIST (\\Subscribed \\HasChildren) "/" "A"',
        '* LIST (\\HasNoChildren) "/" "A/D"',
        '* STATUS "A/D" (MESSAGES 0 UIDNEXT 1 UNSEEN 0 UIDVALIDITY 1750000008)',
    ]


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ("(SUBTREE A ({events}))", ["A", "A/B"]),
        ("(SUBTREE (A/B Archive) ({events}))", ["A/B", "Archive"]),
        ("(MAILBOXES (A A/B nowhere) ({events}))", ["A", "A/B"]),
        ('(MAILBOXES "A*" ({events}))', []),
        ("(SUBSCRIBED ({events}))", ["A/B", "Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]),
        ("(PERSONAL ({events}))", ["A", "A/B", "Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]),
        ("(SUBTREE A NONE) (MAILBOXES INBOX ({events}))", ["INBOX"]),
    ],
)
async def test_which_mailboxes(stage: ImapStage, groups: str, told: list[str]) -> None:
    bob = await stage.user()
    await bob.ok("CREATE A/B")
    await bob.ok("SUBSCRIBE A/B")
    lines = await bob.ok(f"NOTIFY SET STATUS {groups.format(events='MessageNew MessageExpunge')}")
    assert sorted(line.split('"')[1] for line in lines) == told


# ----------------------------------------------------------------------------------------------------- mailboxes as such


async def test_names(stage: ImapStage) -> None:
    bob = await stage.user()
    other = await stage.user()
    await bob.ok("NOTIFY SET (PERSONAL (MailboxName))")
    await other.ok("CREATE A")
    assert await bob.told("LIST") == ['* LIST (\\HasNoChildren) "/" "A"']
    await other.ok("CREATE A/B")
    assert await bob.told("A/B") == ['* LIST (\\HasChildren) "/" "A"', '* LIST (\\HasNoChildren) "/" "A/B"']
    await other.ok("RENAME A Z")  # what lies below goes along without a word
    assert await bob.told("LIST") == ['* LIST (\\HasChildren) "/" "Z" ("OLDNAME" ("A"))']
    await other.ok("RENAME Z/B Z/C")
    assert await bob.told("LIST") == ['* LIST (\\HasNoChildren) "/" "Z/C" ("OLDNAME" ("Z/B"))']
    await other.ok("DELETE Z/C")
    assert await bob.told("NonExistent") == [
        '* LIST (\\HasNoChildren) "/" "Z"',
        '* LIST (\\NonExistent) "/" "Z/C"',
    ]
    await other.ok("SUBSCRIBE Z")
    assert await quiet(bob) == []


async def test_the_name_of_a_mailbox_that_is_watched_alone(stage: ImapStage) -> None:
    bob = await stage.user()
    other = await stage.user()
    await bob.ok("NOTIFY SET (MAILBOXES A (MailboxName))")
    await other.ok("CREATE B")
    assert await quiet(bob) == []
    await other.ok("CREATE A")
    assert await bob.told("LIST") == ['* LIST (\\HasNoChildren) "/" "A"']
    await other.ok("CREATE A/C")
    assert await bob.told("LIST") == ['* LIST (\\HasChildren) "/" "A"']
    await other.ok("RENAME A D")
    assert await bob.told("LIST") == ['* LIST (\\HasChildren) "/" "D" ("OLDNAME" ("A"))']


async def test_subscriptions(stage: ImapStage) -> None:
    bob = await stage.user()
    other = await stage.user()
    alice = await stage.user(ALICE)
    await alice.ok("CREATE Sport")
    await alice.ok(f"SETACL Sport {BOB} lr")
    name = SHARED % "Sport"
    await bob.ok('NOTIFY SET (PERSONAL (SubscriptionChange)) (SUBTREE "Other Users" (SubscriptionChange))')
    await other.ok("UNSUBSCRIBE Drafts")
    assert await bob.told("LIST") == ['* LIST (\\HasNoChildren \\Drafts) "/" "Drafts"']
    await other.ok("SUBSCRIBE Drafts")
    assert await bob.told("LIST") == ['* LIST (\\Subscribed \\HasNoChildren \\Drafts) "/" "Drafts"']
    await other.ok(f"SUBSCRIBE {name}")
    assert await bob.told("LIST") == [f'* LIST (\\Subscribed \\HasNoChildren) "/" {name}']
    await other.ok(f"UNSUBSCRIBE {name}")
    assert await bob.told("LIST") == [f'* LIST (\\HasNoChildren) "/" {name}']


async def test_the_list_of_subscribed_mailboxes_is_looked_at_again(stage: ImapStage) -> None:
    """RFC 5465 §6.4."""
    bob = await stage.user()
    other = await stage.user()
    await other.ok("UNSUBSCRIBE INBOX")
    await bob.ok("NOTIFY SET (SUBSCRIBED (MessageNew MessageExpunge))")
    await stage.deliver()
    assert await quiet(bob) == []
    await other.ok("SUBSCRIBE INBOX")
    assert await bob.told("STATUS") == ['* STATUS "INBOX" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1750000000)']
    await stage.deliver()
    assert await bob.told("STATUS") == ['* STATUS "INBOX" (MESSAGES 2 UIDNEXT 3)']


async def test_notes(stage: ImapStage) -> None:
    bob = await stage.user()
    other = await stage.user()
    await quiet(bob)  # the store has found its other processes
    await bob.ok("NOTIFY SET (PERSONAL (MailboxMetadataChange ServerMetadataChange))")
    await other.ok('SETMETADATA INBOX (/private/comment "x" /shared/comment "y")')
    assert await bob.told("METADATA") == ['* METADATA "INBOX" /private/comment /shared/comment']
    await other.ok("SETMETADATA INBOX (/private/comment NIL)")
    assert await bob.told("METADATA") == ['* METADATA "INBOX" /private/comment']
    await other.ok('SETMETADATA "" (/private/comment "x")')
    assert await bob.told("METADATA") == ['* METADATA "" /private/comment']
    await bob.ok("NOTIFY SET (PERSONAL (MailboxMetadataChange))")
    await other.ok('SETMETADATA "" (/private/comment "z")')
    assert await quiet(bob) == []


# ------------------------------------------------------------------------------------------------ mailboxes of others


async def test_mailboxes_of_others(stage: ImapStage) -> None:
    """I10: nothing is told of what may not be seen; rights that come and go are told (RFC 5465 §5.4, §5.9)."""
    bob, alice = await stage.user(), await stage.user(ALICE)
    name = SHARED % "INBOX"
    watched = f"(MAILBOXES {name} (MessageNew MessageExpunge MailboxName))"
    assert await bob.ok(f"NOTIFY SET STATUS {watched}") == []
    await stage.deliver(address=ALICE)
    await alice.ok('SETMETADATA INBOX (/shared/comment "x")')
    assert await quiet(bob) == []
    await alice.ok(f"SETACL INBOX {BOB} l")
    assert await bob.told("LIST") == [f'* LIST (\\NoAccess \\HasNoChildren) "/" {name}']
    await stage.deliver(address=ALICE)
    assert await quiet(bob) == []
    await alice.ok(f"SETACL INBOX {BOB} lr")
    assert await bob.told("STATUS") == [
        f'* LIST (\\HasNoChildren) "/" {name}',
        f"* STATUS {name} (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 1750000000)",
    ]
    await stage.deliver(address=ALICE)
    assert await bob.told("STATUS") == [f"* STATUS {name} (MESSAGES 3 UIDNEXT 4)"]
    await alice.ok(f"SETACL INBOX {BOB} l")
    assert await bob.told("LIST") == [f'* LIST (\\NoAccess \\HasNoChildren) "/" {name}']
    assert await bob.ok(f"NOTIFY SET {watched}") == [f'* LIST (\\NoAccess \\HasNoChildren) "/" {name}']
    await alice.ok(f"DELETEACL INBOX {BOB}")
    assert await bob.told("LIST") == [f'* LIST (\\NonExistent) "/" {name}']
    await stage.deliver(address=ALICE)
    assert await quiet(bob) == []


@pytest.mark.parametrize("grantee", [BOB, "anyone"])
async def test_whatever_others_share_later(stage: ImapStage, grantee: str) -> None:
    bob, alice = await stage.user(), await stage.user(ALICE)
    await bob.ok('NOTIFY SET (SUBTREE "Other Users" (MessageNew MessageExpunge MailboxName))')
    await alice.ok("CREATE Sport")
    assert await quiet(bob) == []
    await alice.ok(f"SETACL Sport {grantee} lr")
    lines = await bob.told("STATUS")
    assert lines[-2:] == [
        f'* LIST (\\HasNoChildren) "/" {SHARED % "Sport"}',
        f"* STATUS {SHARED % 'Sport'} (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1750000006)",
    ]
    await alice.ok('SETMETADATA Sport (/shared/comment "x")')
    assert await quiet(bob) == []


async def test_notes_of_others_are_theirs(stage: ImapStage) -> None:
    bob, alice = await stage.user(), await stage.user(ALICE)
    await alice.ok(f"SETACL INBOX {BOB} lr")
    await quiet(bob)
    name = SHARED % "INBOX"
    await bob.ok(f"NOTIFY SET (MAILBOXES {name} (MailboxMetadataChange))")
    await alice.ok('SETMETADATA INBOX (/private/comment "x" /shared/comment "y")')
    assert await bob.told("METADATA") == [f"* METADATA {name} /shared/comment"]
    await alice.ok('SETMETADATA INBOX (/private/comment "z")')
    assert await quiet(bob) == []


async def test_too_many(stage: ImapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_WATCHED == 5_000
    bob, other = await modern(stage, "INBOX"), await stage.user()
    monkeypatch.setattr(watching, "MAX_WATCHED", 5)
    wanted = "NOTIFY SET (PERSONAL (MessageNew MessageExpunge))"
    assert (await bob.say(f"x {wanted}"))[-1].startswith("x NO [NOTIFICATIONOVERFLOW]")
    monkeypatch.setattr(watching, "MAX_WATCHED", 6)
    await bob.ok(wanted)
    await other.ok("CREATE A")
    assert [line.split("]")[0] for line in await bob.told("OK")] == ["* OK [NOTIFICATIONOVERFLOW"]
    await stage.deliver()
    assert await bob.ok("NOOP") == []


async def test_lost_hints(stage: ImapStage) -> None:
    """What may have happened is looked at; where that is not enough, it is said."""
    bob = await stage.user()
    await quiet(bob)
    await bob.ok("NOTIFY SET (INBOXES (MessageNew MessageExpunge MailboxName))")
    publish: Callable[..., None] = stage.store.changes.publish
    stage.store.changes.publish = lambda *_, **__: None  # type: ignore[method-assign]
    other = await stage.user()
    await stage.deliver()
    await other.ok("CREATE A")
    stage.store.changes.publish = publish  # type: ignore[method-assign]
    stage.store.changes.missed()
    lines = await bob.told("INBOX")
    assert '* LIST (\\HasNoChildren) "/" "A"' in lines
    assert '* STATUS "INBOX" (MESSAGES 1 UIDNEXT 2)' in lines
    await bob.ok("NOTIFY SET (PERSONAL (MailboxMetadataChange))")
    stage.store.changes.deliver([Missed(stage.logins.people[BOB], 0)])
    assert (await bob.told("OK"))[0].startswith("* OK [NOTIFICATIONOVERFLOW]")


async def test_what_another_process_did(database_url: str) -> None:
    """Both have one database; a hint goes from the one to the other after the commit."""
    here, there = await Store.open(database_url), await Store.open(database_url)
    stage = await ImapStage.open(here)
    other = ImapStage(there)
    other.ids, other.logins = stage.ids, stage.logins
    bob = await modern(stage, "INBOX")
    await bob.ok(f"NOTIFY SET (SELECTED ({ALL})) (PERSONAL (MailboxName MessageNew MessageExpunge))")
    await other.deliver()
    await bob.told("1 EXISTS")
    away = await other.user()
    await away.ok("CREATE A")
    assert '* LIST (\\HasNoChildren) "/" "A"' in await bob.told('STATUS "A"')
    await other.deliver(role="junk")
    assert await bob.told("STATUS") == ['* STATUS "Junk" (MESSAGES 1 UIDNEXT 2)']
    await here.close()
    await there.close()
