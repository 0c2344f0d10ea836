"""What a client is told of changes (RFC 8620 §7.1): the states that /get gives, of everything he sees, whoever told of it."""

import asyncio
from typing import Any

import pytest

from jmap_stage import ALICE, BOB, JmapStage
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.push import read_position
from postroom.serve.jmap.methods.call import Visitor
from postroom.serve.jmap.push.watching import News, Watch
from postroom.store.directory import quota


def watch(stage: JmapStage, address: str = BOB, types: frozenset[str] | None = None) -> Watch:
    return Watch(stage.app().service, Visitor(stage.logins.people[address], address), types)


async def news(one: Watch) -> News:
    found = await asyncio.wait_for(one.news(), 60)
    assert found is not None
    return found


async def quiet(one: Watch) -> bool:
    try:
        await asyncio.wait_for(one.news(), 0.2)
    except TimeoutError:
        return True
    return False


async def states(stage: JmapStage, address: str = BOB, account: str = "") -> dict[str, str]:
    """As /get gives them."""
    client = stage.jmap(address)
    found = {}
    for name in ("Mailbox", "Email", "Thread"):
        got = await client.call(f"{name}/get", accountId=account or client.account, ids=[])
        found[name] = got["state"]
    return found


async def test_a_letter(stage: JmapStage) -> None:
    one = watch(stage)
    await one.begin()
    await stage.deliver()
    told = await news(one)
    bob = stage.jmap().account
    assert set(told.changed) == {bob}
    assert told.changed[bob].pop("EmailDelivery")
    assert told.changed[bob] == await states(stage)
    assert await quiet(one)
    one.close()


async def test_only_what_changed_is_told(stage: JmapStage) -> None:
    await stage.deliver()
    bob = stage.jmap()
    one = watch(stage)
    await one.begin()
    ids = (await bob.call("Email/query"))["ids"]
    await bob.call("Email/set", update={ids[0]: {"keywords/$flagged": True}})
    told = (await news(one)).changed[bob.account]
    assert "EmailDelivery" not in told
    assert told["Email"] == (await states(stage))["Email"]
    await bob.call("Mailbox/set", create={"a": {"name": "burgers"}})
    assert (await news(one)).changed == {bob.account: {"Mailbox": (await states(stage))["Mailbox"]}}
    one.close()


async def test_only_the_types_that_are_asked_for(stage: JmapStage) -> None:
    one = watch(stage, types=frozenset({"EmailDelivery", "Nothing"}))
    await one.begin()
    bob = stage.jmap()
    await bob.call("Mailbox/set", create={"a": {"name": "burgers"}})
    assert await quiet(one)
    await stage.deliver()
    assert list((await news(one)).changed[bob.account]) == ["EmailDelivery"]
    one.close()


async def test_records_are_told_too(stage: JmapStage) -> None:
    bob = stage.jmap()
    one = watch(stage, types=frozenset({"AddressBook", "ContactCard"}))
    await bob.call("AddressBook/get", ids=None)
    await one.begin()
    await bob.call("AddressBook/set", create={"a": {"name": "Friends"}})
    state = (await bob.call("AddressBook/get", ids=[]))["state"]
    assert (await news(one)).changed == {bob.account: {"AddressBook": state}}
    one.close()


async def test_changes_come_together(stage: JmapStage) -> None:
    one = watch(stage)
    await one.begin()
    for _ in range(600):  # more than wait for one subscriber: they become a Missed
        stage.store.changes.publish([])
    for _ in range(20):
        await stage.deliver()
    bob = stage.jmap().account
    told: dict[str, str] = {}
    while told.get("Email") != (await states(stage))["Email"]:
        told = (await news(one)).changed[bob]
    assert await quiet(one)
    one.close()


async def test_what_nobody_told_of_is_found_when_hints_were_missed(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as deaf:  # to a relay of PostgreSQL as well, that connects just now
        deaf.setattr(stage.store.changes, "missed", lambda: None)
        deaf.setattr(stage.store.changes, "publish", lambda *_, **__: None)
        one = watch(stage)
        await one.begin()
        await stage.deliver()
        assert await quiet(one)
    stage.store.changes.missed()
    told = (await news(one)).changed[stage.jmap().account]
    assert told["Email"] == (await states(stage))["Email"]
    assert "EmailDelivery" in told
    one.close()


async def test_a_client_that_comes_again_hears_what_it_missed(stage: JmapStage) -> None:
    one = watch(stage)
    await one.begin()
    await stage.deliver()
    at = (await news(one)).at
    one.close()
    again = watch(stage)
    await again.begin(read_position(at))
    assert await quiet(again)
    again.close()
    await stage.deliver()
    third = watch(stage)
    await third.begin(read_position(at))
    told = (await news(third)).changed[stage.jmap().account]
    assert set(told) == {"Mailbox", "Email", "Thread", "EmailDelivery"}
    assert await quiet(third)
    third.close()


async def test_a_position_from_elsewhere_is_none(stage: JmapStage) -> None:
    await stage.deliver()
    bob = stage.jmap().account
    for position in ("", "nonsense", f"{bob}-999999", f"{bob}-0", "x" * 5000):
        one = watch(stage)
        await one.begin(read_position(position))
        told = (await news(one)).changed[bob]
        assert {name: told[name] for name in ("Mailbox", "Email", "Thread")} == await states(stage)
        assert await quiet(one)
        one.close()


async def test_what_others_share_comes_and_goes(stage: JmapStage) -> None:
    imap = await stage.user(BOB)
    await imap.ok("CREATE shared")
    bob = stage.jmap(BOB).account
    one = watch(stage, ALICE)
    await one.begin()
    await imap.ok(f"SETACL shared {ALICE} lr")
    told = (await news(one)).changed
    assert told[bob]["Mailbox"] == (await states(stage, ALICE, bob))["Mailbox"]
    await imap.ok("APPEND shared {3}\r\na\r\n")
    told = (await news(one)).changed
    assert told[bob]["Email"] == (await states(stage, ALICE, bob))["Email"]
    assert "EmailDelivery" in told[bob]
    await imap.ok("APPEND INBOX {3}\r\na\r\n")
    assert "EmailDelivery" not in (await news(one)).changed[bob]
    await imap.ok(f"DELETEACL shared {ALICE}")
    while len(one._accounts) > 1 or not await quiet(one):  # another process is heard of when it is heard
        await quiet(one)
    await stage.deliver()
    assert await quiet(one)
    one.close()


async def test_a_cancelled_wait_loses_nothing(stage: JmapStage) -> None:
    one = watch(stage)
    await one.begin()
    await stage.deliver()
    for turns in range(30):
        waiting = asyncio.ensure_future(one.news())
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        if not waiting.cancelled():  # on a slow machine it is quicker than its end, and has told of the mail
            await stage.deliver()
    assert "Email" in (await news(one)).changed[stage.jmap().account]
    one.close()


async def test_a_change_while_it_begins_is_not_the_last_that_is_heard(stage: JmapStage) -> None:
    one = watch(stage)
    beginning = asyncio.ensure_future(one.begin())
    while not one._accounts:
        await asyncio.sleep(0)
    stage.store.changes.missed()
    await beginning
    await asyncio.wait_for(stage.deliver(), 60)
    assert "Email" in (await news(one)).changed[stage.jmap().account]
    one.close()


async def test_nothing_is_listened_to_behind_the_end(stage: JmapStage) -> None:
    one = watch(stage)
    await one.begin()
    one.end()
    assert await one.news() is None
    one.close()
    listening: Any = stage.store.changes
    assert not [key for key in listening._subscriptions if key in stage.logins.people.values()]
    assert id_text(IdKind.ACCOUNT, stage.logins.people[BOB]) == stage.jmap().account


async def test_what_is_used_of_a_quota(stage: JmapStage) -> None:
    """RFC 9425 §5: only where there is one."""
    bob = stage.jmap()
    one = watch(stage, types=frozenset({"Quota"}))
    await one.begin()
    await stage.deliver()
    assert await quiet(one)
    account = stage.logins.people[BOB]
    await stage.store.engine.write(lambda tx: tx.execute(quota.LIMIT, account, 10_000, 5))
    await stage.deliver()
    told = await news(one)
    assert told.changed == {bob.account: {"Quota": (await bob.call("Quota/get", ids=[]))["state"]}}
    at = told.at
    one.close()
    again = watch(stage, types=frozenset({"Quota"}))
    await again.begin(read_position(at))
    assert await quiet(again)
    again.close()
    await stage.deliver()
    later = watch(stage, types=frozenset({"Quota"}))
    await later.begin(read_position(at))
    assert set((await news(later)).changed[bob.account]) == {"Quota"}
    later.close()


async def test_the_end_is_heard_while_it_looks(stage: JmapStage) -> None:
    one = watch(stage)
    await one.begin()
    one._wake(stage.logins.people[BOB])  # a hint, behind which nothing is
    waiting = asyncio.ensure_future(one.news())
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # it gathers what else may come
    one.end()
    assert await asyncio.wait_for(waiting, 60) is None
    one.close()
