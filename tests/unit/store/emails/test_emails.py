"""Emails with all their copies, and what changed of them (RFC 8621 §4.1.1)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imap_stage import ALICE, BOB, ImapStage
from postroom.store.emails import emails
from postroom.store.emails.emails import Reader, keywords_of
from postroom.store.engine.postgres_options import PostgresOptions
from postroom.store.store import Store, StoreSettings


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite://{tmp_path}/store"
    found: str = request.getfixturevalue("database_url")
    return found


@pytest.fixture
async def stage(url: str) -> AsyncIterator[ImapStage]:
    store = await Store.open(url, StoreSettings(postgres=PostgresOptions(writers=4, readers=2)))
    yield await ImapStage.open(store, ALICE)
    await store.close()


async def test_copies_and_their_keywords(stage: ImapStage) -> None:
    first = await stage.deliver()
    bob = await stage.user(select="INBOX")
    await bob.ok("STORE 1 +FLAGS (\\Seen \\Flagged later)")
    await bob.ok("COPY 1 Archive")
    reader = Reader(first.account_id, first.account_id)
    tx = stage.store.engine.reading()
    found = (await emails.copies(tx, reader, [first.email_id]))[first.email_id]
    assert len({copy.mailbox_id for copy in found}) == 2
    assert keywords_of(found) == ["$flagged", "$seen", "later"]
    await bob.ok("STORE 1 -FLAGS (\\Seen)")
    found = (await emails.copies(tx, reader, [first.email_id]))[first.email_id]
    assert keywords_of(found) == ["$flagged", "later"]
    await bob.ok("STORE 1 +FLAGS (\\Deleted)")
    found = (await emails.copies(tx, reader, [first.email_id]))[first.email_id]
    assert len(found) == 1
    assert await emails.in_threads(tx, reader, [first.thread_id]) == {first.thread_id: found}


async def test_changes_come_once_each_in_order_and_in_pieces(stage: ImapStage) -> None:
    account_id = stage.logins.people[BOB]
    reader = Reader(account_id, account_id)
    tx = stage.store.engine.reading()
    begin = await emails.newest(tx, account_id)
    letters = [await stage.deliver() for _ in range(6)]
    bob = await stage.user(select="INBOX")
    await bob.ok("STORE 1:2 +FLAGS (\\Flagged)")
    await bob.ok("STORE 3 +FLAGS (\\Deleted)")
    await bob.ok("COPY 4 Archive")
    await bob.ok("EXPUNGE")
    every = (1 << 62, 1 << 62)
    whole, at = await emails.changes(tx, reader, (begin, every[1]), 100)
    assert at is None
    assert {change.email_id for change in whole} == {letter.email_id for letter in letters}
    assert [change.email_id for change in whole if change.gone] == [letters[2].email_id]
    assert [(change.modseq, change.email_id) for change in whole] == sorted(
        (c.modseq, c.email_id) for c in whole
    )
    pieces, at = [], (begin, every[1])
    while at is not None:
        part, at = await emails.changes(tx, reader, at, 1)
        pieces += part
    assert pieces == whole
    assert await emails.newest(tx, account_id) == whole[-1].modseq


async def test_a_reader_sees_what_he_may_read_with_a_seen_of_his_own(stage: ImapStage) -> None:
    letter = await stage.deliver()
    alice = stage.logins.people[ALICE]
    bob = await stage.user(select="INBOX")
    await bob.ok("STORE 1 +FLAGS (\\Seen)")
    await bob.ok("COPY 1 Archive")
    tx = stage.store.engine.reading()
    assert await emails.copies(tx, Reader(letter.account_id, alice, ()), [letter.email_id]) == {}
    found = await emails.copies(tx, Reader(letter.account_id, alice, {letter.mailbox_id}), [letter.email_id])
    assert [copy.mailbox_id for copy in found[letter.email_id]] == [letter.mailbox_id]
    assert keywords_of(found[letter.email_id]) == []


@pytest.mark.parametrize(
    "commands", [["STORE 1 +FLAGS (\\Flagged)"], ["COPY 1 Archive", "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE"]]
)
async def test_what_changes_all_the_time_is_told_in_the_end(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch, commands: list[str]
) -> None:
    monkeypatch.setattr(emails, "MOST_CHANGES", 3)
    account_id = stage.logins.people[BOB]
    reader = Reader(account_id, account_id)
    tx = stage.store.engine.reading()
    letters = [await stage.deliver() for _ in range(5)]
    bob = await stage.user(select="INBOX")
    for command in commands:
        await bob.ok(command)
    told, at = [], (0, 0)
    while at is not None:
        part, at = await emails.changes(tx, reader, at, 100)
        told += [change.email_id for change in part]
    assert told == [letter.email_id for letter in (*letters[1:], letters[0])]
