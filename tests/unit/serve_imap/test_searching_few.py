"""SEARCH for words that few letters have: they are looked for by their ids, and the rest of a large mailbox is not looked at."""

from pathlib import Path

import pytest

from imap_stage import Client, ImapStage
from postroom.message.summary.searched_text import indexed_form
from postroom.serve.imap.conversation.columns import Columns
from postroom.serve.imap.searching import matching
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.search import searching
from postroom.store.search.indexer import Indexer, Indexing
from postroom.store.search.postgres import PostgresSearch
from postroom.store.search.sqlite import SqliteSearch
from postroom.store.search.wordbook import IndexWordbook

RARE = {7, 8, 60}
LETTERS = 90


@pytest.fixture
async def book(stage: ImapStage, tmp_path: Path) -> IndexWordbook:
    """Over ninety letters in one INBOX, some of which have a rare word; each third was seen."""
    for uid in range(1, LETTERS + 1):
        word = "saffron" if uid in RARE else "pepper"
        await stage.deliver(
            b"Subject: %d\r\n\r\n%b and salt\r\n" % (uid, word.encode()), flags=int(uid % 3 == 0)
        )
    engine = stage.store.engine
    sqlite = type(engine).__name__ == "SqliteEngine"
    index = SqliteSearch.open(tmp_path) if sqlite else PostgresSearch(engine)
    indexer = Indexer(Indexing(engine, index, stage.store.read_email, indexed_form, lambda: False))
    while await indexer.step():
        pass
    return IndexWordbook(engine, index)


async def asked(client: Client, key: str) -> set[int]:
    (line,) = [line for line in await client.ok(f"UID SEARCH {key}") if line.startswith("* SEARCH")]
    return {int(word) for word in line.split()[2:]}


QUESTIONS = {
    "BODY saffron": RARE,
    "TEXT saffron": RARE,
    "BODY saffron BODY salt": RARE,
    "BODY salt BODY saffron UNSEEN": {7, 8},
    "SEEN BODY saffron": {60},
    "UID 8:20 BODY saffron": {8},
    "NOT BODY pepper": RARE,
    "OR BODY saffron SUBJECT 89": {*RARE, 89},
    "HEADER SUBJECT 60 BODY saffron": {60},
    "HEADER SUBJECT 77": {77},
    "BODY cinnamon": set(),
    "BODY saffron BODY cinnamon": set(),
}


@pytest.mark.parametrize("few", [0, 2, 3, 1_000])
async def test_the_answers_are_the_same(
    stage: ImapStage, book: IndexWordbook, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "FEW", few)
    bob = await stage.user(select="INBOX", wordbook=book)
    for key, uids in QUESTIONS.items():
        assert await asked(bob, key) == uids, key


@pytest.mark.parametrize(("few", "read"), [(2, True), (3, False)])
async def test_the_mailbox_is_read_for_more_than_few(
    stage: ImapStage, book: IndexWordbook, few: int, read: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "FEW", few)
    columns = Columns()
    bob = await stage.user(select="INBOX", wordbook=book, columns=columns)
    assert await asked(bob, "BODY saffron") == RARE
    assert bool(columns._blocks) == read


async def test_the_copies_of_an_email_are_all_found_and_no_other_mailboxs(
    stage: ImapStage, book: IndexWordbook
) -> None:
    bob = await stage.user(select="INBOX", wordbook=book)
    await bob.ok("UID COPY 7 INBOX")
    await bob.ok("UID COPY 8 Archive")
    await bob.ok("UID STORE 60 +FLAGS.SILENT (\\Deleted)")
    await bob.ok("UID EXPUNGE 60")
    assert await asked(bob, "BODY saffron") == {7, 8, LETTERS + 1}


async def test_what_is_gone_and_was_not_told_is_found_or_not_and_does_no_harm(
    stage: ImapStage, book: IndexWordbook
) -> None:
    bob, other = await stage.user(select="INBOX", wordbook=book), await stage.user(select="INBOX")
    await other.ok("UID STORE 8 +FLAGS.SILENT (\\Deleted)")
    await other.ok("UID EXPUNGE 8")
    assert await asked(bob, "BODY saffron") - {8} == RARE - {8}


@pytest.mark.parametrize(("most", "found"), [(3, True), (2, False)])
async def test_threads_that_are_too_long_are_not_looked_through(
    stage: ImapStage, book: IndexWordbook, most: int, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MOST_IN_THREADS", most)
    bob = await stage.user(select="INBOX", wordbook=book)
    assert await asked(bob, "BODY saffron") == RARE
    certain, _ = await book.holding(stage.logins.people["bob@hamburger.test"], "saffron", header=False)
    tx = stage.store.engine.reading()
    inbox = await _inbox(stage)
    copies = await searching.copies(tx, inbox, certain)
    assert (copies is not None) == found
    if copies is not None:
        assert set(copies) == RARE
        assert set(copies.values()) == certain


async def _inbox(stage: ImapStage) -> MailboxRef:
    account_id = stage.logins.people["bob@hamburger.test"]
    box = await mailboxes.by_role(stage.store.engine.reading(), account_id, "inbox")
    return MailboxRef(account_id, box.mailbox_id)
