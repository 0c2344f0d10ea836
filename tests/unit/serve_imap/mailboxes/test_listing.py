"""LIST and LSUB: selection, patterns, what is told of each mailbox."""

import pytest

from imap_stage import ALICE, Client, ImapStage


async def test_what_a_new_account_has(stage: ImapStage) -> None:
    bob = await stage.user()
    assert await bob.ok('LIST "" "*"') == [
        '* LIST (\\HasNoChildren) "/" "INBOX"',
        '* LIST (\\HasNoChildren \\Archive) "/" "Archive"',
        '* LIST (\\HasNoChildren \\Drafts) "/" "Drafts"',
        '* LIST (\\HasNoChildren \\Junk) "/" "Junk"',
        '* LIST (\\HasNoChildren \\Sent) "/" "Sent"',
        '* LIST (\\HasNoChildren \\Trash) "/" "Trash"',
    ]
    assert await bob.ok('LIST "" ""') == ['* LIST (\\Noselect) "/" ""']
    for extended in ('() "" ""', '"" ("")', '"" "" RETURN (CHILDREN)'):  # RFC 5258 §3: nothing special
        assert await bob.ok(f"LIST {extended}") == []
    assert len(await bob.ok('LIST "" ("" INBOX)')) == 1
    assert await bob.ok('LIST "" inbox') == ['* LIST (\\HasNoChildren) "/" "INBOX"']
    assert await bob.ok('LIST "" nowhere') == []


async def test_levels_and_references(stage: ImapStage) -> None:
    bob = await stage.user()
    await bob.ok("CREATE Fruit/Apple/Cox")
    await bob.ok("CREATE Fruit/Banana")
    assert await bob.ok('LIST "" Fr%') == ['* LIST (\\HasChildren) "/" "Fruit"']
    assert await bob.ok("LIST Fruit/ %") == [
        '* LIST (\\HasChildren) "/" "Fruit/Apple"',
        '* LIST (\\HasNoChildren) "/" "Fruit/Banana"',
    ]
    assert await bob.ok('LIST "" (Fruit/%/% "*nana")') == [
        '* LIST (\\HasNoChildren) "/" "Fruit/Apple/Cox"',
        '* LIST (\\HasNoChildren) "/" "Fruit/Banana"',
    ]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            '(SUBSCRIBED) "" F*',
            [
                '(\\Subscribed \\HasChildren) "/" "Fruit"',
                '(\\Subscribed \\HasNoChildren) "/" "Fruit/Banana"',
                '(\\NonExistent \\Subscribed \\HasNoChildren) "/" "Fruit/Peach"',
            ],
        ),
        (
            '"" F* RETURN (SUBSCRIBED CHILDREN)',
            [
                '(\\Subscribed \\HasChildren) "/" "Fruit"',
                '(\\HasNoChildren) "/" "Fruit/Apple"',
                '(\\Subscribed \\HasNoChildren) "/" "Fruit/Banana"',
            ],
        ),
        ('(REMOTE) "" Fruit', ['(\\HasChildren) "/" "Fruit"']),
        ('() "" Fruit', ['(\\HasChildren) "/" "Fruit"']),
        (
            '(SUBSCRIBED RECURSIVEMATCH) "" (Fruit Veg%)',
            [
                '(\\Subscribed \\HasChildren) "/" "Fruit" ("CHILDINFO" ("SUBSCRIBED"))',
                '(\\HasChildren) "/" "Vegetable" ("CHILDINFO" ("SUBSCRIBED"))',
            ],
        ),
        (
            '(SUBSCRIBED RECURSIVEMATCH) "" Veg*',
            ['(\\Subscribed \\HasNoChildren) "/" "Vegetable/Corn"'],
        ),
        ('(SPECIAL-USE) "" S%', ['(\\HasNoChildren \\Sent) "/" "Sent"']),
        ('(SPECIAL-USE SUBSCRIBED) "" *un*', ['(\\Subscribed \\HasNoChildren \\Junk) "/" "Junk"']),
    ],
)
async def test_selections(stage: ImapStage, command: str, expected: list[str]) -> None:
    bob = await stage.user()
    for name in ("Fruit/Apple", "Fruit/Banana", "Fruit/Peach", "Vegetable/Corn", "Sun"):
        await bob.ok(f"CREATE {name}")
    for name in ("Fruit", "Fruit/Banana", "Fruit/Peach", "Vegetable/Corn", "Sun"):
        await bob.ok(f"SUBSCRIBE {name}")
    await bob.ok("DELETE Fruit/Peach")
    assert await bob.ok(f"LIST {command}") == [f"* LIST {line}" for line in expected]


@pytest.mark.parametrize(
    "wrong",
    [
        '(RECURSIVEMATCH) "" *',
        '(RECURSIVEMATCH REMOTE) "" *',
        '(NONSENSE) "" *',
        '"" * RETURN (NONSENSE)',
        '"" * RETURN (STATUS)',
        '"" * RETURN (STATUS ())',
        '"" * RETURN (METADATA (comment))',
        '"" * SUBSCRIBED',
        '"" ()',
        '"" (' + " ".join("a" * 101) + ")",
        '""',
    ],
)
async def test_what_is_no_list(stage: ImapStage, wrong: str) -> None:
    bob = await stage.user()
    assert (await bob.say(f"a LIST {wrong}"))[-1].startswith("a BAD")


async def test_as_many_patterns_as_there_may_be(stage: ImapStage) -> None:
    bob = await stage.user()
    assert (
        len(await bob.ok('LIST "" (' + " ".join("INBOX" if n == 99 else f"a{n}" for n in range(100)) + ")"))
        == 1
    )


async def test_with_status_notes_and_rights(stage: ImapStage) -> None:
    await stage.deliver()
    bob = await stage.user()
    await bob.ok('SETMETADATA Sent (/private/comment "mine")')
    lines = await bob.ok(
        'LIST "" (INBOX Sent) RETURN (STATUS (MESSAGES UNSEEN) METADATA (/private/comment) MYRIGHTS)'
    )
    assert lines == [
        '* LIST (\\HasNoChildren) "/" "INBOX"',
        '* STATUS "INBOX" (MESSAGES 1 UNSEEN 1)',
        '* METADATA "INBOX" (/private/comment NIL)',
        '* MYRIGHTS "INBOX" lrswipkxteacd',
        '* LIST (\\HasNoChildren \\Sent) "/" "Sent"',
        '* STATUS "Sent" (MESSAGES 0 UNSEEN 0)',
        '* METADATA "Sent" (/private/comment "mine")',
        '* MYRIGHTS "Sent" lrswipkxteacd',
    ]


async def test_mailboxes_of_others(stage: ImapStage) -> None:
    alice = await stage.user(ALICE)
    bob = await stage.user()
    await alice.ok("CREATE team/plans")
    await alice.ok("SETACL team/plans bob@hamburger.test lr")
    await alice.ok("SETACL Drafts anyone l")
    assert await bob.ok('LIST "" Oth*') == [
        '* LIST (\\Noselect \\HasChildren) "/" "Other Users"',
        '* LIST (\\Noselect \\HasChildren) "/" "Other Users/alice@crepes.test"',
        '* LIST (\\Noselect \\HasNoChildren) "/" "Other Users/alice@crepes.test/Drafts"',
        '* LIST (\\Noselect \\HasChildren) "/" "Other Users/alice@crepes.test/team"',
        '* LIST (\\HasNoChildren) "/" "Other Users/alice@crepes.test/team/plans"',
    ]
    assert await bob.ok('LIST "" "Other Users/%/%/%" RETURN (MYRIGHTS STATUS (MESSAGES))') == [
        '* LIST (\\HasNoChildren) "/" "Other Users/alice@crepes.test/team/plans"',
        '* STATUS "Other Users/alice@crepes.test/team/plans" (MESSAGES 0)',
        '* MYRIGHTS "Other Users/alice@crepes.test/team/plans" lr',
    ]
    await bob.ok('SUBSCRIBE "Other Users/alice@crepes.test/team/plans"')
    assert '* LSUB () "/" "Other Users/alice@crepes.test/team/plans"' in await bob.ok('LSUB "" *')
    await alice.ok("DELETEACL team/plans bob@hamburger.test")
    assert await bob.ok('LIST "" "Other Users/*plans"') == []


async def test_many_mailboxes(stage: ImapStage) -> None:
    """The answer comes in slices, complete and in order."""
    bob = await stage.user()
    account_id = stage.logins.people["bob@hamburger.test"]

    async def work(tx: object) -> None:
        rows = [(account_id, 1000 + n, 0, f"box{n:04}", 10 + n) for n in range(1200)]
        await tx.executemany(  # type: ignore[attr-defined]
            "INSERT INTO mailboxes (account_id, mailbox_id, parent_id, name, role, uidvalidity, uidnext, highestmodseq, n_total, n_unseen,"
            " n_deleted, n_bytes, first_recent, vanished_floor, created_modseq, changed_modseq, subscribed)"
            " VALUES ($1, $2, $3, $4, '', $5, 1, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1)",
            rows,
        )

    await stage.store.engine.write(work)  # type: ignore[arg-type]
    lines = await bob.ok('LIST "" box* RETURN (STATUS (UIDVALIDITY))')
    assert lines[::2] == [f'* LIST (\\HasNoChildren) "/" "box{n:04}"' for n in range(1200)]
    assert lines[1::2] == [f'* STATUS "box{n:04}" (UIDVALIDITY {10 + n})' for n in range(1200)]
    assert len(await bob.ok('LSUB "" box*')) == 1200
    assert await bob.ok('LIST "" "%*%*%*%*%*%*%*%*%*b"') == []


async def test_names_cannot_become_part_of_the_protocol(stage: ImapStage) -> None:
    bob = await stage.user()
    await bob.ok('CREATE "quote\\"back\\\\slash (\\")"')
    assert await bob.ok('LIST "" quote*') == ['* LIST (\\HasNoChildren) "/" "quote\\"back\\\\slash (\\")"']
    await bob.ok("CREATE B&APw-cher")
    assert await bob.ok('LIST "" B*') == ['* LIST (\\HasNoChildren) "/" "B&APw-cher"']
    await bob.ok("ENABLE UTF8=ACCEPT")
    assert await bob.ok('LIST "" "B\u00fc%"') == ['* LIST (\\HasNoChildren) "/" "B\u00fccher"']
    assert await bob.ok('STATUS "Bu\u0308cher" (MESSAGES)') == ['* STATUS "B\u00fccher" (MESSAGES 0)']


async def hierarchy(stage: ImapStage, there: str, subscribed: str, deleted: str = "") -> Client:
    """A session over these mailboxes beside the first ones, whose subscriptions are ended."""
    bob = await stage.user()
    for name in ("INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"):
        await bob.ok(f"UNSUBSCRIBE {name}")
    for name in there.split():
        await bob.ok(f"CREATE {name}")
    for name in subscribed.split():
        await bob.ok(f"SUBSCRIBE {name}")
    for name in deleted.split():
        await bob.ok(f"DELETE {name}")
    return bob


@pytest.mark.parametrize(
    ("subscribed", "expected"),
    [
        ("Foo/Baz", ['* LIST (\\HasChildren) "/" "Foo" ("CHILDINFO" ("SUBSCRIBED"))']),
        ("Foo/Baz Foo", ['* LIST (\\Subscribed \\HasChildren) "/" "Foo" ("CHILDINFO" ("SUBSCRIBED"))']),
        ("", []),
        (
            "Foo Moo",
            [
                '* LIST (\\Subscribed \\HasChildren) "/" "Foo"',
                '* LIST (\\Subscribed \\HasNoChildren) "/" "Moo"',
            ],
        ),
    ],
)
async def test_the_rfc_on_childinfo(stage: ImapStage, subscribed: str, expected: list[str]) -> None:
    """RFC 9051 §6.3.9.8, example 7."""
    bob = await hierarchy(stage, "Foo/Bar Foo/Baz Moo", subscribed)
    assert await bob.ok('LIST (SUBSCRIBED RECURSIVEMATCH) "" "%" RETURN (CHILDREN)') == expected


async def test_the_rfc_on_children_that_match_or_not(stage: ImapStage) -> None:
    """RFC 9051 §6.3.9.8, example 8; what is redundant is left out."""
    bob = await hierarchy(
        stage,
        "foo2/bar1 foo2/bar2 baz2/bar2 baz2/bar22 baz2/bar222 eps2/mamba",
        "foo2/bar1 foo2/bar2 baz2/bar2 baz2/bar22 baz2/bar222 eps2 eps2/mamba",
    )
    lines = await bob.ok('LIST (RECURSIVEMATCH SUBSCRIBED) "" "*2"')
    assert sorted(lines) == sorted(
        [
            '* LIST (\\HasChildren) "/" "foo2" ("CHILDINFO" ("SUBSCRIBED"))',
            '* LIST (\\Subscribed \\HasNoChildren) "/" "foo2/bar2"',
            '* LIST (\\Subscribed \\HasNoChildren) "/" "baz2/bar2"',
            '* LIST (\\Subscribed \\HasNoChildren) "/" "baz2/bar22"',
            '* LIST (\\Subscribed \\HasNoChildren) "/" "baz2/bar222"',
            '* LIST (\\Subscribed \\HasChildren) "/" "eps2" ("CHILDINFO" ("SUBSCRIBED"))',
        ]
    )


async def test_the_rfc_on_children_that_are_gone(stage: ImapStage) -> None:
    """RFC 9051 §6.3.9.8, examples 9 and 11."""
    bob = await hierarchy(stage, "foo/bar", "foo/bar", "foo/bar")
    assert await bob.ok('LIST (SUBSCRIBED) "" "foo/*"') == [
        '* LIST (\\NonExistent \\Subscribed \\HasNoChildren) "/" "foo/bar"'
    ]
    assert await bob.ok('LIST (SUBSCRIBED RECURSIVEMATCH) "" foo RETURN (STATUS (MESSAGES) MYRIGHTS)') == [
        '* LIST (\\HasNoChildren) "/" "foo" ("CHILDINFO" ("SUBSCRIBED"))'
    ]
