"""BulkChange/get, /changes and /set, and the slices behind them."""

from typing import Any

import pytest

from jmap_stage import ALICE, BOB, JmapClient, JmapStage
from postroom.store.emails import bulk_changes
from postroom.store.emails.bulk_changes import KEPT
from postroom.store.fsck import mailboxes as fsck_mailboxes


@pytest.fixture(autouse=True)
def slices_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_changes, "SLICE", 2)


async def roles(client: JmapClient) -> dict[str, str]:
    return {one["role"]: one["id"] for one in (await client.call("Mailbox/get", ids=None))["list"]}


async def work(stage: JmapStage, most: int = 100) -> int:
    """What the server's chore does; gives how many slices there were."""
    engine, after = stage.store.engine, -1
    for number in range(most):
        one = await bulk_changes.next_slice(engine.reading(), after)
        if one is None:
            return number
        after = one[0]
        stage.store.changes.publish(await bulk_changes.step(engine, one, stage.now))
    return most


async def begin(client: JmapClient, **given: Any) -> dict[str, Any]:
    told = await client.call("BulkChange/set", create={"k": given})
    assert told["created"], told
    return told["created"]["k"]  # type: ignore[no-any-return]


async def look(client: JmapClient, bulk_id: str) -> dict[str, Any]:
    (found,) = (await client.call("BulkChange/get", ids=[bulk_id]))["list"]
    return found  # type: ignore[no-any-return]


async def ids(client: JmapClient, **filter_: Any) -> list[str]:
    return (await client.call("Email/query", filter=filter_))["ids"]  # type: ignore[no-any-return]


async def sound(stage: JmapStage, address: str = BOB) -> None:
    found = await fsck_mailboxes.check_account(
        stage.store.engine.reading(), stage.logins.people[address], repair=False
    )
    assert found == []


async def five(stage: JmapStage) -> JmapClient:
    for _ in range(5):
        await stage.deliver()
    return stage.jmap()


async def test_all_that_matches_is_moved_and_comes_back(stage: JmapStage) -> None:
    bob = await five(stage)
    box = await roles(bob)
    before = await ids(bob, inMailbox=box["inbox"])
    state = (await bob.call("BulkChange/get", ids=None))["state"]
    made = await begin(
        bob, name="Archive", filter={"inMailbox": box["inbox"]}, moveTo=box["archive"],
        moveFrom=box["inbox"], keywords={"$seen": True},
    )  # fmt: skip
    assert made["total"] == 5
    await stage.deliver()  # what comes later is not meant
    told = await look(bob, made["id"])
    assert (told["state"], told["done"], told["changed"], told["name"]) == ("running", 0, 0, "Archive")
    assert await work(stage, 1) == 1
    assert ((await look(bob, made["id"]))["done"], len(await ids(bob, inMailbox=box["archive"]))) == (2, 2)
    assert await work(stage) == 2
    told = await look(bob, made["id"])
    assert (told["state"], told["done"], told["changed"]) == ("done", 5, 5)
    assert told["undoableUntil"] > told["createdAt"]
    assert sorted(await ids(bob, inMailbox=box["archive"])) == sorted(before)
    assert len(await ids(bob, hasKeyword="$seen")) == 5
    await sound(stage)
    changed = await bob.call("BulkChange/changes", sinceState=state)
    assert changed["created"] == [made["id"]]
    told = await bob.call("BulkChange/set", update={made["id"]: {"state": "undone"}})
    assert told["updated"] == {made["id"]: {"state": "undoing"}}
    assert await work(stage) == 3
    assert sorted(await ids(bob, inMailbox=box["archive"])) == []
    assert set(before) < set(await ids(bob, inMailbox=box["inbox"]))
    assert await ids(bob, hasKeyword="$seen") == []
    told = await look(bob, made["id"])
    assert (told["state"], told["done"], told["undoableUntil"]) == ("undone", 5, None)
    await sound(stage)
    told = await bob.call("BulkChange/set", update={made["id"]: {"state": "undone"}})
    assert told["notUpdated"][made["id"]]["type"] == "forbidden"


async def test_an_email_in_several_mailboxes_goes_out_of_all_or_of_one(stage: JmapStage) -> None:
    bob = await five(stage)
    box = await roles(bob)
    one, other, *_ = await ids(bob)
    both = {box["inbox"]: True, box["sent"]: True}
    await bob.call("Email/set", update={one: {"mailboxIds": both}, other: {"mailboxIds": both}})
    made = await begin(bob, filter={"inMailbox": box["sent"]}, moveTo=box["trash"])
    await work(stage)
    assert sorted(await ids(bob, inMailbox=box["trash"])) == sorted([one, other])
    assert await ids(bob, inMailbox=box["sent"]) == []
    await sound(stage)
    await bob.call("Email/set", update={other: {"mailboxIds": {box["drafts"]: True}}})  # is elsewhere since
    await bob.call("BulkChange/set", update={made["id"]: {"state": "undone"}})
    await work(stage)
    got = await bob.call("Email/get", ids=[one, other], properties=["mailboxIds"])
    assert [set(found["mailboxIds"]) for found in got["list"]] == [set(both), {box["drafts"]}]
    await sound(stage)
    await begin(bob, filter={"inMailbox": box["sent"]}, moveTo=box["archive"], moveFrom=box["inbox"])
    await work(stage)
    got = await bob.call("Email/get", ids=[one], properties=["mailboxIds"])
    assert set(got["list"][0]["mailboxIds"]) == {box["sent"], box["archive"]}
    await sound(stage)


async def test_keywords_that_were_there_stay_when_it_is_undone(stage: JmapStage) -> None:
    bob = await five(stage)
    one, *_ = await ids(bob)
    await bob.call("Email/set", update={one: {"keywords": {"$flagged": True, "work": True}}})
    made = await begin(bob, keywords={"$flagged": True, "work": False, "Home": True})
    await work(stage)
    told = await look(bob, made["id"])
    assert (told["changed"], told["undoableUntil"] is not None) == (5, True)
    assert len(await ids(bob, hasKeyword="home")) == len(await ids(bob, hasKeyword="$flagged")) == 5
    await bob.call("BulkChange/set", update={made["id"]: {"state": "undone"}})
    await work(stage)
    assert await ids(bob, hasKeyword="$flagged") == await ids(bob, hasKeyword="work") == [one]
    assert await ids(bob, hasKeyword="home") == []


async def test_it_is_stopped_and_what_was_done_can_be_undone(stage: JmapStage) -> None:
    bob = await five(stage)
    box = await roles(bob)
    made = await begin(bob, moveTo=box["trash"])
    await work(stage, 1)
    await bob.call("BulkChange/set", update={made["id"]: {"state": "stopped"}})
    assert await work(stage) == 0
    told = await look(bob, made["id"])
    assert (told["state"], told["done"], len(await ids(bob, inMailbox=box["trash"]))) == ("stopped", 2, 2)
    told = await bob.call("BulkChange/set", update={made["id"]: {"state": "stopped"}})
    assert told["notUpdated"][made["id"]]["type"] == "forbidden"
    await bob.call("BulkChange/set", update={made["id"]: {"state": "undone"}})
    await work(stage)
    assert await ids(bob, inMailbox=box["trash"]) == []


async def test_a_mailbox_that_goes_meanwhile_ends_it_with_words(stage: JmapStage) -> None:
    bob = await five(stage)
    told = await bob.call("Mailbox/set", create={"k": {"name": "Bottles"}})
    target = told["created"]["k"]["id"]
    made = await begin(bob, moveTo=target)
    await bob.call("Mailbox/set", destroy=[target], onDestroyRemoveEmails=True)
    await work(stage)
    told = await look(bob, made["id"])
    assert (told["state"], told["problem"]) == ("failed", "No such mailbox")
    assert len(await ids(bob)) == 5


async def test_destroyed_for_good_and_only_then_not_undoable(stage: JmapStage) -> None:
    bob = await five(stage)
    made = await begin(bob, destroy=True)
    await work(stage)
    told = await look(bob, made["id"])
    assert (told["state"], told["changed"], told["undoableUntil"]) == ("done", 5, None)
    assert await ids(bob) == []
    told = await bob.call("BulkChange/set", update={made["id"]: {"state": "undone"}})
    assert told["notUpdated"][made["id"]]["type"] == "forbidden"
    await sound(stage)
    assert (await look(bob, (await begin(bob, keywords={"$seen": True}))["id"]))["state"] == "done"


async def test_changes_are_forgotten_and_few(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = await five(stage)
    monkeypatch.setattr(bulk_changes, "MOST_KEPT", 2)
    first = await begin(bob, keywords={"a": True})
    await begin(bob, keywords={"b": True})
    told = await bob.call("BulkChange/set", create={"k": {"keywords": {"c": True}}})
    assert told["notCreated"]["k"]["type"] == "forbidden"
    await work(stage)
    await begin(bob, keywords={"c": True})  # the oldest makes room
    assert (await bob.call("BulkChange/get", ids=[first["id"]]))["notFound"] == [first["id"]]
    await work(stage)
    engine = stage.store.engine
    monkeypatch.setattr(bulk_changes, "PRUNED_AT_ONCE", 1)
    assert await bulk_changes.prune(engine, stage.now) == []
    assert len(await bulk_changes.prune(engine, stage.now + KEPT + 1)) == 2
    assert await engine.reading().fetch("SELECT * FROM bulk_parts") == []
    made = await begin(bob, keywords={"d": True})
    told = await bob.call("BulkChange/set", destroy=[made["id"], "R7"])
    assert (told["destroyed"], told["notDestroyed"]["R7"]["type"]) == ([made["id"]], "notFound")
    assert await work(stage) == 0
    assert await ids(bob, hasKeyword="d") == []


async def test_two_accounts_take_turns(stage: JmapStage) -> None:
    bob = await five(stage)
    for _ in range(5):
        await stage.deliver(address=ALICE)
    alice = stage.jmap(ALICE)
    first = await begin(bob, keywords={"$seen": True})
    other = await begin(alice, keywords={"$seen": True})
    await work(stage, 2)
    assert ((await look(bob, first["id"]))["done"], (await look(alice, other["id"]))["done"]) == (2, 2)
    await work(stage)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, "moveTo"),
        ({"moveTo": "F1"}, "moveTo"),
        ({"moveTo": 3}, "moveTo"),
        ({"keywords": {"a b": True}}, "keywords"),
        ({"destroy": True, "keywords": {"a": True}}, "destroy"),
        ({"keywords": {"a": True}, "filter": {"inMailbox": "F1"}}, "filter"),
        ({"keywords": {"a": True}, "other": 1}, "other"),
        ({"keywords": {"a": True}, "name": "x" * 201}, "name"),
    ],
)
async def test_what_is_no_change_is_refused(stage: JmapStage, given: dict[str, Any], wrong: str) -> None:
    told = await stage.jmap().call("BulkChange/set", create={"k": given})
    error = told["notCreated"]["k"]
    assert error["type"] == "invalidProperties"
    assert wrong in error["properties"]
    told = await stage.jmap().call("BulkChange/set", update={"R1": {"name": "x"}, "R2": {"state": "undone"}})
    assert [told["notUpdated"][one]["type"] for one in ("R1", "R2")] == ["notFound", "notFound"]


async def test_an_object_comes_back_whole(stage: JmapStage) -> None:
    """RFC 8620 §5.3: what is as it is may be in a patch."""
    bob = await five(stage)
    made = await begin(bob, moveTo=(await roles(bob))["archive"])
    await work(stage)
    whole = await look(bob, made["id"])
    assert (await bob.call("BulkChange/set", update={made["id"]: whole}))["updated"] == {made["id"]: None}
    for given in ({"total": 9}, {"state": "running"}, {"noSuchProperty": 1}, {**whole, "name": "x"}):
        told = await bob.call("BulkChange/set", update={made["id"]: given})
        assert told["notUpdated"][made["id"]]["type"] == "invalidProperties", given
    told = await bob.call("BulkChange/set", update={made["id"]: {**whole, "state": "undone"}})
    assert told["updated"] == {made["id"]: {"state": "undoing"}}


async def test_only_ones_own(stage: JmapStage) -> None:
    alice = stage.jmap(ALICE)
    for method in ("BulkChange/get", "BulkChange/set"):
        assert (await stage.jmap().error(method, accountId=alice.account))["type"] == "accountNotFound"
