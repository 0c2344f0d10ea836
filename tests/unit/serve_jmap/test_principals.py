"""Principals over JMAP: who there is to share with, and who may see whom (RFC 9670 §2)."""

from typing import Any

import pytest

from jmap_stage import ALICE, BOB, JmapStage
from postroom.message.address import parse_mailbox
from postroom.message.ids import IdKind, id_text
from postroom.serve.jmap.sharing import principal
from postroom.store import restored
from postroom.store.administration import accounts

CAROL = "carol@hamburger.test"


def who(stage: JmapStage, address: str) -> str:
    return id_text(IdKind.PRINCIPAL, stage.logins.people[address])


async def test_principals(stage: JmapStage) -> None:
    bob = stage.jmap(BOB)
    state = (await bob.call("Principal/get", ids=[]))["state"]
    her = id_text(IdKind.PRINCIPAL, await stage.move_in(CAROL))
    his, hers = who(stage, BOB), who(stage, ALICE)
    found = await bob.call("Principal/get", ids=None)
    assert {one["id"] for one in found["list"]} == {his, her}
    got = await bob.call("Principal/get", ids=[her, hers, "Pxx", his])
    assert got["notFound"] == [hers, "Pxx"]
    account = got["list"][1].pop("accounts")
    assert account[bob.account]["isPersonal"]
    assert got["list"][0] == {
        "id": her, "type": "individual", "name": CAROL, "description": None, "email": CAROL,
        "timeZone": None, "capabilities": {}, "accounts": None,
    }  # fmt: skip
    changed = await bob.call("Principal/changes", sinceState=state)
    assert (changed["created"], changed["updated"], changed["destroyed"]) == ([her], [], [])
    queried = (await bob.call("Principal/query"))["queryState"]
    address = parse_mailbox(CAROL)
    assert address is not None
    await stage.store.engine.write(lambda tx: accounts.set_name(tx, address, "Carol Chips"))
    again = await bob.call("Principal/changes", sinceState=changed["newState"])
    assert again["updated"] == [her]
    told = await bob.call("Principal/queryChanges", sinceQueryState=queried)
    assert told["removed"] == [her]
    assert told["added"] == [{"id": her, "index": 1}]
    await stage.store.engine.write(lambda tx: accounts.remove(tx, address))
    gone = await bob.call("Principal/changes", sinceState=again["newState"])
    assert gone["destroyed"] == [her]
    for wrong in ("", "own-1", "99", "-1", "x", "9" * 40):
        assert (await bob.error("Principal/changes", sinceState=wrong))["type"] == "cannotCalculateChanges"


async def test_changes_of_principals_in_pieces(stage: JmapStage) -> None:
    bob = stage.jmap(BOB)
    state = (await bob.call("Principal/get", ids=[]))["state"]
    for name in "cde":
        await stage.move_in(f"{name}@hamburger.test")
    seen = []
    more = True
    while more:
        told = await bob.call("Principal/changes", sinceState=state, maxChanges=1)
        seen += told["created"]
        state, more = told["newState"], told["hasMoreChanges"]
    assert seen == [who(stage, f"{name}@hamburger.test") for name in "cde"]


async def test_foreigners_who_share(stage: JmapStage) -> None:
    bob, alice = stage.jmap(BOB), stage.jmap(ALICE)
    ids = [who(stage, ALICE), who(stage, BOB)]
    await (await stage.user(ALICE)).ok(f"SETACL INBOX {BOB} lr")
    for client, account in ((bob, alice.account), (alice, alice.account)):
        got = await client.call("Principal/get", ids=ids)
        assert [one["id"] for one in got["list"]] == ids
        assert account in got["list"][0]["accounts"]
    asked = {"accountIds": [alice.account]}
    told = await bob.call("Principal/query", filter=asked)
    assert told["ids"] == []  # not of his domain: not listed
    assert not told["canCalculateChanges"]
    told = await bob.error("Principal/queryChanges", sinceQueryState="1", filter=asked)
    assert told["type"] == "cannotCalculateChanges"


async def test_a_domain_after_a_backup_was_restored(stage: JmapStage) -> None:
    bob = stage.jmap(BOB)
    before = (await bob.call("Principal/get", ids=[]))["state"]
    await restored.mark(stage.store.engine, restored.Marking(stage.now))
    told = await bob.error("Principal/changes", sinceState=before)
    assert told["type"] == "cannotCalculateChanges"
    after = (await bob.call("Principal/get", ids=[]))["state"]
    assert (await bob.call("Principal/changes", sinceState=after))["updated"] == []


async def test_nothing_is_set(stage: JmapStage) -> None:
    bob = stage.jmap(BOB)
    his, hers = who(stage, BOB), who(stage, ALICE)
    told = await bob.call(
        "Principal/set", create={"a": {"name": "x"}}, update={his: {"name": "Boss"}}, destroy=[hers]
    )
    assert told["notCreated"]["a"]["type"] == "forbidden"
    assert told["notUpdated"][his]["type"] == "forbidden"
    assert told["notDestroyed"][hers]["type"] == "notFound"


async def test_searching_principals(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("carol", "carl", "dora"):
        await stage.move_in(f"{name}@hamburger.test")
    bob = stage.jmap(BOB)

    async def found(condition: Any, **more: Any) -> list[str]:
        told = await bob.call("Principal/query", filter=condition, **more)
        names = (await bob.call("Principal/get", ids=told["ids"]))["list"]
        return [one["email"].partition("@")[0] for one in names]

    both = {"operator": "AND", "conditions": [{"text": "CAR"}, {"name": "l"}]}
    assert await found(None) == ["bob", "carl", "carol", "dora"]
    assert await found({"email": "or"}) == ["dora"]
    assert await found(both) == ["carl", "carol"]
    assert await found({"type": "group"}) == []
    assert await found({"timeZone": "Europe/Berlin"}) == []
    assert await found({"accountIds": [bob.account, "A1"]}) == ["bob"]
    assert await found(None, sort=[{"property": "email", "isAscending": False}], limit=1) == ["dora"]
    monkeypatch.setattr(principal, "MOST_EXAMINED", 4)
    assert len(await found(None)) == 4
    monkeypatch.setattr(principal, "MOST_EXAMINED", 3)  # one less than there are
    for condition in (None, {"name": "car"}, {"operator": "NOT", "conditions": [{"email": "car"}]}):
        told = await bob.error("Principal/query", filter=condition)
        assert told["type"] == "unsupportedFilter"
    assert await found(both) == ["carl", "carol"]
    assert await found({"email": "Car"}) == ["carl", "carol"]
    assert await found({"email": "or"}) == []  # of a large domain the beginnings are asked for


async def test_all_principals_are_no_more_than_one_call_gives(stage: JmapStage) -> None:
    app = stage.app()
    bob = stage.jmap(BOB)
    bob.app = app
    await stage.move_in(CAROL)
    most = app.service.limits.max_objects_in_get
    for most, name in ((2, "Principal/get"), (1, "error")):
        app.service.limits = type(app.service.limits)(max_objects_in_get=most)
        told = await bob.answer("Principal/get", ids=None)
        assert told[0] == name
