import re
from importlib import resources

import pytest

from mail_account import NOW, open_account
from others_turns import others_turns
from postroom.message.journey.events import Hop, HopKind
from postroom.store import journal, pruning
from postroom.store.blobs import blobs
from postroom.store.changes import RecordsChanged
from postroom.store.emails import fetching
from postroom.store.emails.expunge import delete, expunge
from postroom.store.engine.ids import first_of
from postroom.store.identity import credentials, tokens
from postroom.store.identity.credentials import Credential, CredentialKind
from postroom.store.identity.tokens import Token
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.mailboxes import NewMailbox
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.peers import received_reports
from postroom.store.pruning import DAY, prune, purge
from postroom.store.records import blobs as record_blobs
from postroom.store.records import records
from postroom.store.records.records import Kind

OLD = NOW - 91 * DAY


@pytest.fixture
async def account(account):
    """One that is not taken for a removed one."""
    await account.engine.write(
        lambda tx: tx.execute(
            "INSERT INTO profiles (account_id, address, name, forwards, keeps_copy, generation)"
            " VALUES (1, 'bob@x', '', '', 1, 1)"
        )
    )
    return account


async def remove(account, uid, at):
    await account.engine.write(lambda tx: expunge(tx, account.ref(), [(uid, uid)], at))


async def test_what_is_old_is_forgotten_and_the_floor_says_so(account):
    await account.fill(3)
    await remove(account, 1, OLD)
    await remove(account, 2, NOW)
    assert (await prune(account.engine, NOW)).vanished == 1
    assert await fetching.changes_since(account.engine.reading(), account.ref(), 0) == ([3], [2])
    assert (await account.role("inbox")).vanished_floor == 5
    assert await account.rows("SELECT vanished_floor FROM accounts") == [(5,)]
    assert (await prune(account.engine, NOW)).vanished == 0


async def test_what_is_too_much_is_forgotten(account, monkeypatch):
    monkeypatch.setattr(pruning, "VANISHED_ROWS", 2)
    await account.fill(5)
    for uid in range(1, 6):
        await remove(account, uid, NOW)
    assert (await prune(account.engine, NOW)).vanished == 3
    assert await fetching.changes_since(account.engine.reading(), account.ref(), 0) == ([], [4, 5])


async def test_no_commit_forgets_very_much(account, monkeypatch):
    """Else whoever has deleted a hundred thousand messages holds up everybody's mail ninety days later."""
    monkeypatch.setattr(pruning, "ROWS_AT_ONCE", 2)
    written = []
    write = pruning._write

    async def watched(engine, work):
        written.append(await write(engine, work))
        return written[-1]

    monkeypatch.setattr(pruning, "_write", watched)
    old = NOW - 91 * DAY
    for number in range(5):
        await account.deliver(once=(number, 1), now=old)
    await account.engine.write(lambda tx: expunge(tx, account.ref(), [(1, 5)], OLD))
    pruned = await prune(account.engine, NOW)
    assert (pruned.vanished, pruned.deliveries) == (5, 5)
    assert max(written) == 2


async def test_others_have_their_turn_between_two_accounts(account):
    for account_id in range(2, 10):
        await open_account(account.engine, account_id)
    async with others_turns() as turns:
        await prune(account.engine, NOW)
    assert turns.had >= 9


async def test_what_a_deleted_mailbox_left(account):
    await account.engine.write(lambda tx: mailboxes.create(tx, 1, NewMailbox(100, "x"), OLD))
    await account.deliver(mailbox_id=100)
    await account.engine.write(lambda tx: delete(tx, MailboxRef(1, 100), OLD))
    assert (await prune(account.engine, NOW)).vanished == 1


async def bury(account, *mailbox_ids):
    for number in mailbox_ids:
        await account.engine.write(lambda tx, n=number: mailboxes.create(tx, 1, NewMailbox(n, f"x{n}"), NOW))
        await account.engine.write(lambda tx, n=number: delete(tx, MailboxRef(1, n), NOW))


async def test_deleted_mailboxes_that_nobody_can_ask_for_are_forgotten(account):
    await bury(account, 100)
    await account.fill(1)
    await remove(account, 1, OLD)
    await bury(account, 101)
    assert (await prune(account.engine, NOW)).mailboxes == 1
    assert await account.rows("SELECT mailbox_id FROM deleted_mailboxes") == [(101,)]


async def test_of_deleted_mailboxes_only_so_many_are_remembered(account, monkeypatch):
    monkeypatch.setattr(pruning, "BURIED_ROWS", 2)
    await bury(account, *range(100, 105))
    assert (await prune(account.engine, NOW)).mailboxes == 3
    left = await account.rows("SELECT mailbox_id, modseq FROM deleted_mailboxes ORDER BY modseq")
    [(floor,)] = await account.rows("SELECT vanished_floor FROM accounts")
    assert [mailbox_id for mailbox_id, _ in left] == [103, 104]
    assert floor < left[0][1]
    assert (await prune(account.engine, NOW)).mailboxes == 0


async def test_marks_of_deliveries(account):
    await account.deliver(once=(1, 1), now=NOW - 31 * DAY)
    await account.deliver(once=(2, 1), now=NOW)
    assert (await prune(account.engine, NOW)).deliveries == 1
    assert await account.rows("SELECT spool_id FROM deliveries") == [(2,)]


async def test_message_ids_of_threads_that_are_gone(account):
    await account.deliver(message_ids=("1@x", "0@x"))
    await account.deliver(message_ids=("2@x",))
    await remove(account, 1, NOW)
    assert (await prune(account.engine, NOW)).references == 2
    assert len(await account.rows("SELECT * FROM msgid_refs")) == 1


async def test_a_removed_account_leaves_nothing(account, monkeypatch):
    monkeypatch.setattr(pruning, "SLICE", 3)
    other = await open_account(account.engine, 2)
    await other.fill(7, message_ids=("a@x",), keywords=("k",))
    await account.fill(1)
    await account.engine.write(lambda tx: tx.execute("UPDATE accounts SET state = 1"))
    assert (await prune(account.engine, NOW)).accounts == 1
    for table in ("accounts", "mailboxes", "messages", "emails", "blobs", "vanished", "msgid_refs"):
        assert await account.rows(f"SELECT 1 FROM {table} WHERE account_id = 2") == []
    assert await account.uids() == [1]


async def test_what_was_made_while_an_account_was_removed(account):
    """Over PostgreSQL who is just setting a password may see the account still, and commit later."""
    await open_account(account.engine, 2)
    await account.engine.write(lambda tx: tx.execute("UPDATE accounts SET state = 2 WHERE account_id = 2"))
    late = Credential(7, CredentialKind.APP_PASSWORD, b"verifier")
    await account.engine.write(lambda tx: credentials.put(tx, 2, late, NOW))
    token = Token(2, b"hash", "late", (), NOW)
    await account.engine.write(lambda tx: tokens.put(tx, token))
    await prune(account.engine, NOW)
    for table in ("credentials", "tokens"):
        assert await account.rows(f"SELECT 1 FROM {table}") == [], table


CARDS = Kind(1, "ContactCard")


async def put_record(engine, number, blob_id=0):
    async def work(tx):
        await records.create(tx, CARDS, number, b"{}")
        if blob_id:
            await blobs.park(tx, 1, blob_id, b"a photograph", NOW)
            await record_blobs.refer(tx, CARDS, number, [blob_id], NOW)

    await engine.write(work)


async def test_records_of_a_removed_account_and_what_they_refer_to(account, monkeypatch):
    monkeypatch.setattr(pruning, "SLICE", 2)
    for number in range(1, 6):
        await put_record(account.engine, number, 100 + number)
    await account.engine.write(lambda tx: records.remove(tx, CARDS, 1, NOW))
    await account.engine.write(lambda tx: received_reports.set_seen_to(tx, 1, account.boxes["inbox"], 7))
    await account.engine.write(lambda tx: journal.link(tx, 1, 100, 200, 0))
    await purge(account.engine, 1, NOW)
    for table in ("records", "records_gone", "record_blobs", "report_mailboxes", "journal_links", "accounts"):
        assert await account.rows(f"SELECT 1 FROM {table}") == [], table
    assert await account.rows("SELECT blob_id FROM blobs WHERE refs > 0") == []


def test_every_table_of_accounts_is_thought_of():
    """Some go row by row before, some with the account's name, the index follows the emails, devices wait for minutes only, and a domain remembers who was there."""
    others = {"messages", "emails", "blobs", "records", "record_blobs", "index_queue", "search_texts"}
    others |= {"device_requests", "principals"}
    named = {"addresses", "profiles"}
    schema = resources.files("postroom.store") / "schema"
    tables = {
        found[1]
        for file in schema.iterdir()
        for found in re.finditer(r"CREATE TABLE (\w+) \(([^;]*)", file.read_text())
        if re.search(r"^  account_id", found[2], re.MULTILINE)
    }
    left = {re.match(r"DELETE FROM (\w+) ", statement)[1] for statement in pruning.LEFT_BEHIND}
    assert left | others | named == tables


async def test_records_that_are_gone_are_forgotten_and_the_floor_says_so(account):
    for number in (1, 2, 3):
        await put_record(account.engine, number)
    for number, at in ((1, OLD), (2, NOW)):
        await account.engine.write(lambda tx, n=number, at=at: records.remove(tx, CARDS, n, at))
    assert (await prune(account.engine, NOW)).records == 1
    [(modseq,)] = await account.rows("SELECT modseq FROM records_gone")
    assert await account.rows("SELECT vanished_floor FROM accounts") == [(modseq - 1,)]
    assert (await prune(account.engine, NOW)).records == 0


async def test_of_records_that_are_gone_only_so_many_are_remembered(account, monkeypatch):
    monkeypatch.setattr(pruning, "VANISHED_ROWS", 2)
    for number in range(1, 6):
        await put_record(account.engine, number)
        await account.engine.write(lambda tx, n=number: records.remove(tx, CARDS, n, NOW))
    assert (await prune(account.engine, NOW)).records == 3
    assert await account.rows("SELECT record_id FROM records_gone ORDER BY record_id") == [(4,), (5,)]


async def test_records_that_are_old_are_removed_as_by_their_owner(account, monkeypatch):
    """Else somebody who sends much has as many as he may have one day, and can send nothing more."""
    monkeypatch.setattr(pruning, "RECORDS_AT_ONCE", 2)
    old, new = first_of(OLD), first_of(NOW)
    for number in (old, old + 1, old + 2, new):
        await put_record(account.engine, number)
    changes = await pruning.prune_records(account.engine, CARDS.name, NOW - DAY, NOW)
    assert {type(one) for one in changes} == {RecordsChanged}
    assert await account.rows("SELECT record_id FROM records") == [(new,)]
    gone = await records.changes(account.engine.reading(), CARDS, (0, 0))
    assert [one.record_id for one in gone if one.gone] == [old, old + 1, old + 2]
    assert await pruning.prune_records(account.engine, CARDS.name, NOW - DAY, NOW) == []


async def test_purging_what_is_not_there(engine):
    await purge(engine, 99, NOW)


async def test_links_to_old_journeys_are_forgotten_in_slices(account, monkeypatch):
    monkeypatch.setattr(pruning, "ROWS_AT_ONCE", 2)
    old, new = first_of(NOW - 2 * DAY), first_of(NOW)
    for number, accept_id in enumerate([old, old + 1, old + 2, new]):
        await account.engine.write(lambda tx, n=number, a=accept_id: journal.link(tx, 1, 100 + n, a, 0))
    assert await pruning.prune_links(account.engine, NOW - DAY) == 3
    assert await account.rows("SELECT accept_id FROM journal_links") == [(new,)]


async def test_all_journeys_that_are_old_are_forgotten_at_once(account, monkeypatch):
    """Not some of them, and then everything else is looked through again."""
    monkeypatch.setattr(pruning, "JOURNEYS_AT_ONCE", 2)
    old, new = first_of(NOW - 2 * DAY), first_of(NOW)
    hop = Hop(HopKind.QUEUE, NOW, [])
    for number, accept_id in enumerate([old, old + 1, old + 2, old + 3, new]):
        await account.engine.write(lambda tx, n=number, a=accept_id: journal.append(tx, a, 100 + n, hop))
    assert await pruning.prune_journeys(account.engine, NOW - DAY) == 4
    assert await account.rows("SELECT accept_id FROM journal") == [(new,)]


async def test_marks_of_readers_for_messages_that_are_gone(account):
    await account.fill(2)
    inbox = account.boxes["inbox"]
    for uid in (1, 2):
        await account.engine.write(
            lambda tx, u=uid: tx.execute("INSERT INTO seen VALUES (1, $1, 2, $2)", inbox, u)
        )
    await prune(account.engine, NOW)
    assert len(await account.rows("SELECT uid FROM seen")) == 2
    await account.engine.write(lambda tx: expunge(tx, account.ref(), [(1, 1)], NOW))
    await prune(account.engine, NOW)
    assert await account.rows("SELECT uid FROM seen") == [(2,)]
