"""GETMETADATA and SETMETADATA."""

import pytest

from imap_stage import ALICE, BOB, ImapStage
from postroom.store.mailboxes import annotations

SHARED = '"Other Users/alice@crepes.test/INBOX"'


async def test_set_read_and_remove(stage: ImapStage) -> None:
    bob = await stage.user()
    await bob.ok('SETMETADATA INBOX (/private/comment "My own" /SHARED/Comment "Ours")')
    assert await bob.ok("GETMETADATA INBOX /private/comment") == [
        '* METADATA "INBOX" (/private/comment "My own")'
    ]
    assert await bob.ok("GETMETADATA INBOX (/shared/comment /private/comment)") == [
        '* METADATA "INBOX" (/shared/comment "Ours" /private/comment "My own")'
    ]
    await bob.ok("SETMETADATA INBOX (/private/comment NIL)")
    assert await bob.ok("GETMETADATA INBOX /private/comment") == ['* METADATA "INBOX" (/private/comment NIL)']
    assert await bob.ok("GETMETADATA (DEPTH 1) Sent /shared/comment") == []
    await bob.ok('SETMETADATA INBOX (/private/comment "")')
    assert await bob.ok("GETMETADATA INBOX /private/comment") == ['* METADATA "INBOX" (/private/comment "")']


@pytest.mark.parametrize("entry", ["/private/comment", '"/private/comment"', "{16+}\r\n/private/comment"])
async def test_entries_in_any_form_of_a_string(stage: ImapStage, entry: str) -> None:
    """RFC 5464 §5: entries = entry / "(" entry *(SP entry) ")", entry = astring."""
    bob = await stage.user()
    await bob.ok('SETMETADATA INBOX (/private/comment "x")')
    for entries in (entry, f"({entry})", f"({entry} /shared/comment)"):
        said = await bob.ok(f"GETMETADATA INBOX {entries}")
        assert said[0].startswith('* METADATA "INBOX" (/private/comment "x"')


async def test_a_note_on_a_mailbox_raises_its_modseq(stage: ImapStage) -> None:
    """RFC 7162 §3.2: whoever looks at HIGHESTMODSEQ alone sees that something has changed; nothing has in the messages."""
    await stage.deliver()
    bob, other = await stage.user(), await stage.user(select="INBOX (CONDSTORE)")

    async def modseq(name: str) -> int:
        (line,) = await bob.ok(f"STATUS {name} (HIGHESTMODSEQ)")
        return int(line.split(" ")[-1].rstrip(")"))

    before, sent = await modseq("INBOX"), await modseq("Sent")
    await bob.ok('SETMETADATA INBOX (/private/comment "My own")')
    assert before < (noted := await modseq("INBOX"))
    await bob.ok("SETMETADATA INBOX (/private/comment NIL)")
    assert noted < (removed := await modseq("INBOX"))
    await bob.ok('SETMETADATA "" (/private/comment "Of all")')
    assert await modseq("INBOX") == removed
    assert await modseq("Sent") == sent
    assert await other.ok("NOOP") == []
    assert await other.ok(f"FETCH 1 FLAGS (CHANGEDSINCE {before})") == []


async def test_depth(stage: ImapStage) -> None:
    bob = await stage.user()
    await bob.ok('SETMETADATA INBOX (/private/a "0" /private/a/b "1" /private/a/b/c "2" /private/ab "3")')
    for depth, expected in (("0", "0"), ("1", "01"), ("infinity", "012")):
        (line,) = await bob.ok(f"GETMETADATA (DEPTH {depth}) INBOX /private/a")
        assert [word.strip('()"') for word in line.split()[4::2]] == list(expected), depth
    (line,) = await bob.ok("GETMETADATA INBOX (DEPTH infinity) (/private)")
    assert "/private/ab" in line
    assert "/private/a/b/c" in line


async def test_maxsize(stage: ImapStage) -> None:
    bob = await stage.user()
    await bob.ok('SETMETADATA "" (/private/short "1234" /private/long "12345")')
    lines = await bob.say('a GETMETADATA (MAXSIZE 4) "" (/private/short /private/long)')
    assert lines == [
        '* METADATA "" (/private/short "1234")',
        "a OK [METADATA LONGENTRIES 5] Those are the entries",
    ]
    assert (await bob.say('a GETMETADATA "" (MAXSIZE 5 DEPTH 0) /private/long'))[-1].startswith("a OK Those")


async def test_octets_of_every_kind_come_back(stage: ImapStage) -> None:
    bob = await stage.user()
    value = b'a\0b\r\n"\\\xff'
    said = await bob.send(b"a SETMETADATA INBOX (/private/x ~{%d+}\r\n%b)\r\n" % (len(value), value))
    assert said == b"a OK Set\r\n"
    said = await bob.send(b"a GETMETADATA INBOX /private/x\r\n")
    assert b"(/private/x ~{%d}\r\n%b)" % (len(value), value) in said


async def test_each_has_his_own_private_ones(stage: ImapStage) -> None:
    alice, bob = await stage.user(ALICE), await stage.user()
    await alice.ok(f"SETACL INBOX {BOB} lr")
    await alice.ok('SETMETADATA INBOX (/private/comment "hers" /shared/comment "all")')
    assert await bob.ok(f"GETMETADATA {SHARED} (/private/comment /shared/comment)") == [
        f'* METADATA {SHARED} (/private/comment NIL /shared/comment "all")'
    ]
    await bob.ok(f'SETMETADATA {SHARED} (/private/comment "his")')
    assert (await bob.say(f'a SETMETADATA {SHARED} (/shared/comment "x")'))[-1].startswith("a NO [NOPERM]")
    assert await alice.ok("GETMETADATA INBOX /private/comment") == [
        '* METADATA "INBOX" (/private/comment "hers")'
    ]


async def test_of_the_server(stage: ImapStage) -> None:
    bob = await stage.user()
    assert (await bob.say('a SETMETADATA "" (/shared/comment "x")'))[-1].startswith("a NO [NOPERM]")
    await bob.ok('SETMETADATA "" (/private/comment "mine")')
    assert await bob.ok('GETMETADATA "" (/private/comment /shared/admin)') == [
        '* METADATA "" (/private/comment "mine" /shared/admin NIL)'
    ]
    rule = "INSERT INTO directory_rules (rules, delimiter, administrator) VALUES (1, '+', 'root@crepes.test')"

    async def name_one(tx: object) -> None:
        await tx.execute("DELETE FROM directory_rules")  # type: ignore[attr-defined]
        await tx.execute(rule)  # type: ignore[attr-defined]

    await stage.store.engine.write(name_one)  # type: ignore[arg-type]
    assert await bob.ok('GETMETADATA "" /shared/admin') == [
        '* METADATA "" (/shared/admin "mailto:root@crepes.test")'
    ]


async def test_limits(stage: ImapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = await stage.user()
    most = annotations.MAX_VALUE
    said = await bob.send(b"a SETMETADATA INBOX (/private/x {%d+}\r\n%b)\r\n" % (most, b"x" * most))
    assert said == b"a OK Set\r\n"
    said = await bob.send(
        b'a SETMETADATA INBOX (/private/y "y" /private/x {%d+}\r\n%b)\r\n' % (most + 1, b"x" * (most + 1))
    )
    assert said.startswith(b"a NO [METADATA MAXSIZE %d]" % most)
    assert await bob.ok("GETMETADATA (DEPTH 1) INBOX /private/y") == []
    entries = " ".join(f'/private/e{number} "x"' for number in range(annotations.MAX_ENTRIES - 1))
    await bob.ok(f"SETMETADATA INBOX ({entries})")
    assert (await bob.say('a SETMETADATA INBOX (/private/more "x")'))[-1].startswith(
        "a NO [METADATA TOOMANY]"
    )
    assert await bob.ok("GETMETADATA (DEPTH 1) INBOX /private/more") == []
    await bob.ok('SETMETADATA INBOX (/private/e0 NIL /private/more "x")')
    row = await stage.store.engine.reading().fetchrow(
        annotations.OCTETS, stage.logins.people[BOB], stage.logins.people[BOB]
    )
    assert row is not None
    monkeypatch.setattr(annotations, "MAX_OCTETS", row[0] + len("/private/a") + 100 + 4)
    await bob.ok('SETMETADATA Sent (/private/a "1234")')
    assert (await bob.say('a SETMETADATA Sent (/private/a "12345")'))[-1].startswith(
        "a NO [METADATA TOOMANY]"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        "GETMETADATA INBOX comment",
        "GETMETADATA INBOX /comment",
        "GETMETADATA INBOX /private//x",
        "GETMETADATA INBOX /private/",
        'SETMETADATA INBOX (/private "x")',
        'GETMETADATA INBOX "/private/a*"',
        'GETMETADATA INBOX "/private/%"',
        'GETMETADATA INBOX "/private/\t"',
        "GETMETADATA INBOX /private/" + "x" * 247,
        "GETMETADATA (DEPTH 2) INBOX /private/x",
        "GETMETADATA (NONSENSE 2) INBOX /private/x",
        "GETMETADATA INBOX",
        "GETMETADATA INBOX ()",
        "SETMETADATA INBOX /private/x",
        "SETMETADATA INBOX (/private/x)",
        "SETMETADATA INBOX ()",
    ],
)
async def test_what_is_no_entry(stage: ImapStage, wrong: str) -> None:
    bob = await stage.user()
    assert (await bob.say(f"a {wrong}"))[-1].startswith("a BAD"), wrong


async def test_the_longest_name(stage: ImapStage) -> None:
    bob = await stage.user()
    await bob.ok("GETMETADATA INBOX /private/" + "x" * 246)


async def test_notes_go_with_their_mailbox(stage: ImapStage) -> None:
    bob = await stage.user()
    await bob.ok("CREATE box")
    await bob.ok('SETMETADATA box (/private/comment "old")')
    await bob.ok("RENAME box other")
    assert "old" in (await bob.ok("GETMETADATA other /private/comment"))[0]
    await bob.ok("DELETE other")
    await bob.ok("CREATE other")
    assert await bob.ok("GETMETADATA other /private/comment") == ['* METADATA "other" (/private/comment NIL)']
