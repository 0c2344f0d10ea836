"""The marks of a restored store: nothing that a client, a peer or another process may remember is taken for what it is now."""

from __future__ import annotations

import re
from importlib import resources

import pytest

import queued
from mail_account import Account, open_account
from postroom.store import restored
from postroom.store.emails.expunge import expunge
from postroom.store.engine import leases
from postroom.store.engine.ids import Ids
from postroom.store.fsck import fsck
from postroom.store.mailboxes import mailboxes
from postroom.store.restored import IDS_MS, MODSEQS, UIDS, VALIDITIES, Marking
from postroom.store.spool import jobs, queue
from postroom.store.spool.queue import Filter

NOW = 1_750_000_000_000_000
SECOND = 1_000_000
LATER = Marking(NOW + 3600 * SECOND, NOW)


REMEMBERED = re.compile(
    r"(?m)^  (uid\w*|\w*modseq|first_recent|vanished_floor|fence|until|epoch|id_mark|secret)\s"
)
MARKED = {  # what somebody outside the store may remember, or what is compared with it
    "accounts": {"modseq", "uidvalidity", "vanished_floor"},
    "mailboxes": {
        *("uidvalidity", "uidnext", "first_recent", "highestmodseq", "vanished_floor"),
        *("created_modseq", "changed_modseq"),
    },
    "emails": {"created_modseq"},
    "messages": {"uid", "modseq"},
    "seen": {"uid"},
    "records": {"modseq", "created_modseq"},
    "records_gone": {"modseq", "created_modseq"},
    "record_acl": {"given_modseq", "read_modseq"},
    "record_places": {"entered_modseq"},
    "vanished": {"uid", "modseq"},
    "deleted_mailboxes": {"modseq"},
    "url_keys": {"secret"},
    "unfinished": {"uid"},
    "nodes": {"until", "fence", "id_mark"},
    "leases": {"until", "fence"},
    "jobs": {"epoch"},
}


def test_every_column_that_is_remembered_is_marked() -> None:
    found: dict[str, set[str]] = {}
    for file in (resources.files("postroom.store") / "schema").iterdir():
        for table, columns in re.findall(r"(?s)CREATE TABLE (\w+) \((.*?)\n\)", file.read_text("utf-8")):
            if names := set(REMEMBERED.findall(columns)):
                found[table] = names
    assert found == MARKED


async def boxes(account: Account) -> dict[str, mailboxes.Mailbox]:
    found = await mailboxes.listing(account.engine.reading(), account.account_id)
    return {box.name: box for box in found}


async def rows(account: Account, sql: str) -> list[tuple]:
    return [tuple(row) for row in await account.engine.reading().fetch(sql)]


async def test_every_uidvalidity_is_above_all_that_were_seen(account: Account) -> None:
    before = await boxes(account)
    for n in range(20):  # after the backup, as many in a second as there are
        await account.engine.write(
            lambda tx, n=n: mailboxes.create(
                tx, account.account_id, mailboxes.NewMailbox(account.ids.next(), f"n{n}"), LATER.now
            )
        )
    seen = max(box.uidvalidity for box in (await boxes(account)).values())
    for n in range(20):
        await account.engine.write(
            lambda tx, n=n: tx.execute("DELETE FROM mailboxes WHERE name = $1", f"n{n}")
        )
    await account.engine.write(lambda tx: tx.execute("UPDATE accounts SET uidvalidity = $1", NOW // SECOND))
    marked = await restored.mark(account.engine, LATER)
    after = await boxes(account)
    validities = [box.uidvalidity for box in after.values()]
    assert marked.mailboxes == len(before)
    assert min(validities) > seen
    assert len(set(validities)) == len(validities)
    assert all(after[name].uidnext == before[name].uidnext + UIDS for name in before)
    ((last,),) = await rows(account, "SELECT uidvalidity FROM accounts")
    assert last == max(validities)


async def test_a_validity_that_was_ahead_of_the_clock_stays_behind(account: Account) -> None:
    ahead = LATER.now // SECOND + 5 * VALIDITIES
    await account.engine.write(lambda tx: tx.execute("UPDATE accounts SET uidvalidity = $1", ahead))
    await restored.mark(account.engine, LATER)
    assert min(box.uidvalidity for box in (await boxes(account)).values()) > ahead


async def test_restored_twice_grows_twice(account: Account) -> None:
    await restored.mark(account.engine, LATER)
    first = await boxes(account)
    await restored.mark(account.engine, LATER)
    second = await boxes(account)
    assert min(box.uidvalidity for box in second.values()) > max(box.uidvalidity for box in first.values())


async def test_modseqs_go_on_far_away(account: Account) -> None:
    await account.fill(3)
    await account.engine.write(lambda tx: expunge(tx, account.ref(), [(2, 2)], NOW))
    before, state = await account.messages(), await account.role("inbox")
    await restored.mark(account.engine, LATER)
    after, box = await account.messages(), await account.role("inbox")
    assert [one.modseq for one in after] == [one.modseq + MODSEQS for one in before]
    assert [one.uid for one in after] == [4 + UIDS, 5 + UIDS]  # in the same order, above all that were given
    assert [one.email_id for one in after] == [one.email_id for one in before]
    assert box.uidnext == 6 + UIDS
    assert box.highestmodseq == state.highestmodseq + MODSEQS
    ((modseq, floor),) = await rows(account, "SELECT modseq, vanished_floor FROM accounts")
    assert (box.vanished_floor, floor) == (modseq, modseq)
    assert modseq >= box.highestmodseq > MODSEQS
    assert await rows(account, "SELECT * FROM vanished") == []
    filed = await account.deliver()
    assert filed.modseq == modseq + 1


async def test_what_is_kept_by_uid_goes_along(account: Account) -> None:
    await account.fill(3)
    await account.engine.write(lambda tx: mailboxes.claim_recent(tx, account.ref()))
    await account.fill(2)
    for uid in (2, 4):
        await account.engine.write(
            lambda tx, uid=uid: tx.execute(
                "INSERT INTO seen (account_id, mailbox_id, reader_id, uid) VALUES ($1, $2, 7, $3)",
                account.account_id,
                account.boxes["inbox"],
                uid,
            )
        )
    await restored.mark(account.engine, LATER)
    uids = await account.uids()
    assert await rows(account, "SELECT uid FROM seen ORDER BY uid") == [(uids[1],), (uids[3],)]
    assert (await account.role("inbox")).first_recent == uids[3]


async def test_the_store_is_whole_afterwards(store) -> None:
    account = await open_account(store.engine)
    await account.fill(5)
    await account.engine.write(lambda tx: expunge(tx, account.ref(), [(2, 2)], NOW))
    before = [one async for one in fsck.check(store, NOW)]  # summaries that are none
    await restored.mark(store.engine, LATER)
    assert [one async for one in fsck.check(store, NOW)] == before


async def test_signed_urls_are_void(account: Account) -> None:
    await account.engine.write(
        lambda tx: tx.execute(
            "INSERT INTO url_keys (account_id, mailbox_id, secret) VALUES ($1, $2, $3)",
            account.account_id,
            account.boxes["inbox"],
            b"secret",
        )
    )
    await restored.mark(account.engine, LATER)
    assert await rows(account, "SELECT * FROM url_keys") == []


async def test_nodes_and_leases_are_nobodys(engine) -> None:
    async def take(tx, now):
        node = await leases.take_node(tx, "one", now, now + 120 * SECOND)
        await leases.keep_node(tx, node, now + 120 * SECOND, now // 1000 + 60_000)
        return node, await leases.take(tx, "prune", node.node, now, now + 120 * SECOND)

    node, fence = await engine.write(lambda tx: take(tx, LATER.now))
    await restored.mark(engine, LATER)
    assert not await engine.write(lambda tx: leases.keep_node(tx, node, 1 << 60, 0))
    again = await engine.write(lambda tx: leases.take_node(tx, "two", LATER.now, LATER.now + SECOND))
    assert again.node == node.node
    assert again.id_mark >= LATER.now // 1000 + IDS_MS
    taken = await engine.write(lambda tx: leases.take(tx, "prune", again.node, LATER.now, LATER.now + SECOND))
    assert taken > fence


async def test_no_id_is_given_twice(engine) -> None:
    node = await engine.write(lambda tx: leases.take_node(tx, "one", NOW, NOW + SECOND))
    lost = Ids(node.node, now=lambda: LATER.now * 1000).next()  # after the backup
    await restored.mark(engine, LATER)
    again = await engine.write(lambda tx: leases.take_node(tx, "one", LATER.now, LATER.now + SECOND))
    behind = Ids(
        again.node, mark=again.id_mark, now=lambda: (NOW - 10_000_000_000) * 1000
    )  # a clock that is late
    assert behind.next() > lost


@pytest.mark.parametrize("send", [False, True])
async def test_what_waits_for_others_is_held(engine, send: bool) -> None:
    await queued.put(engine, queued.letter(1), queued.job())
    await queued.put(engine, queued.letter(2), queued.job(hop=""))
    marked = await restored.mark(engine, Marking(NOW, NOW, send))
    assert (marked.waiting, marked.held) == (1, not send)
    entries = {one.hop: one for one in await queue.listing(engine.reading(), Filter(), NOW)}
    assert entries["hamburger.test"].state == ("waiting" if send else "held")
    assert ("backup of Sun, 15 Jun 2025" in entries["hamburger.test"].why) is not send
    assert entries[""].state == "waiting"
    claimed = await queued.claim(engine, queued.lease())
    assert len(claimed) == 1 + send
    if not send:
        await queued.handle(engine, queue.release, Filter(hop="hamburger.test"), NOW)
        assert len(await queued.claim(engine, queued.lease())) == 1


async def test_a_lease_of_the_lost_time_is_refused(engine) -> None:
    await queued.put(engine, queued.letter(1), queued.job(hop=""))
    (lost,) = await queued.claim(engine, queued.lease())
    await restored.mark(engine, Marking(NOW, NOW))
    (again,) = await queued.claim(engine, queued.lease())
    assert again.epoch > lost.epoch
    with pytest.raises(jobs.LeaseLost):
        await engine.write(lambda tx: jobs.settle(tx, lost, [jobs.Outcome(0, final=True)]))
