"""The standard methods, of every type that has them, by the sentences of RFC 8620 §5.1 to §5.6: a type that comes later is tested as it is."""

from typing import Any

import pytest

from jmap_post import JmapPost
from jmap_stage import JmapClient, JmapStage
from postroom.proto.jmap.request import Limits
from postroom.serve.jmap.dispatch import METHODS

NOWHERE = "Pnowhere"
# Whose methods only have the name of a standard one, or are for a browser in which somebody has signed in.
OTHERS = frozenset(
    ("AppPassword", "BrowserSession", "Grant", "HeaderReport", "Journey", "LoginHistory", "MailPrograms", "MessageHtml", "OneTimeCodes", "Passkey", "SearchSnippet")
)  # fmt: skip
SAME = {
    "updated": None,
    "destroyed": None,
    "created": None,
    "notCreated": None,
    "notUpdated": None,
    "notDestroyed": None,
}


def types_with(method: str) -> list[str]:
    names = {name.partition("/")[0] for name in METHODS if name.endswith("/" + method)}
    return sorted(names - OTHERS)


def account(client: JmapClient, kind: str) -> dict[str, Any]:
    return {} if kind == "PushSubscription" else {"accountId": client.account}


async def ask(client: JmapClient, method: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
    kind = method.partition("/")[0]
    name, told, _ = (await client.request([method, {**account(client, kind), **arguments}, "c"]))[0]
    return name, told


async def error(client: JmapClient, method: str, **arguments: Any) -> str:
    name, told = await ask(client, method, **arguments)
    return told["type"] if name == "error" else f"{name} {told}"


@pytest.mark.parametrize("kind", types_with("get"))
async def test_get(stage: JmapStage, post: JmapPost, kind: str) -> None:
    """RFC 8620 §5.1."""
    bob = post.bob
    await stage.deliver()
    method = f"{kind}/get"
    name, told = await ask(bob, method, ids=[])
    if kind != "Blob":
        assert (name, told["list"], told["notFound"]) == (method, [], [])
    name, told = await ask(bob, method, ids=[NOWHERE, NOWHERE])
    assert (name, told["list"], told["notFound"]) == (method, [], [NOWHERE])
    assert await error(bob, method, ids=[], properties=["noSuchProperty"]) == "invalidArguments"
    assert await error(bob, method, ids=[], noSuchArgument=1) == "invalidArguments"
    assert await error(bob, method, ids="x") == "invalidArguments"
    assert await error(bob, method, ids=["a b"]) == "invalidArguments"
    assert await error(bob, method, ids=[NOWHERE] * 501) == "requestTooLarge"
    name, told = await ask(bob, method, ids=None, properties=[])
    assert name == method or told["type"] == "requestTooLarge"
    assert all(list(one) == ["id"] for one in told.get("list", ()))
    if name == method and told["list"]:
        ids = [one["id"] for one in told["list"]]
        _, twice = await ask(bob, method, ids=ids + ids)
        assert sorted(one["id"] for one in twice["list"]) == sorted(ids)


@pytest.mark.parametrize("kind", types_with("changes"))
async def test_changes(stage: JmapStage, post: JmapPost, kind: str) -> None:
    """RFC 8620 §5.2."""
    bob = post.bob
    await stage.deliver()
    method = f"{kind}/changes"
    _, got = await ask(bob, f"{kind}/get", ids=[])
    name, told = await ask(bob, method, sinceState=got["state"])
    assert name == method, told
    assert (told["oldState"], told["newState"], told["hasMoreChanges"]) == (got["state"], got["state"], False)
    assert told["created"] == told["updated"] == told["destroyed"] == []
    for wrong in (0, -1, "1", 1.5, True):
        assert await error(bob, method, sinceState=got["state"], maxChanges=wrong) == "invalidArguments"
    assert await error(bob, method) == "invalidArguments"
    for strange in ("", "nothing of ours", "99999999999"):
        assert await error(bob, method, sinceState=strange) == "cannotCalculateChanges"


@pytest.mark.parametrize("kind", types_with("set"))
async def test_set(stage: JmapStage, post: JmapPost, kind: str) -> None:
    """RFC 8620 §5.3."""
    bob = post.client(limits=Limits(max_objects_in_set=3))
    method = f"{kind}/set"
    many: dict[str, Any] = {"a": {}, "b": {}}
    assert await error(bob, method, create=many, destroy=["x", "y"]) == "requestTooLarge"
    if kind != "PushSubscription":
        assert await error(bob, method, ifInState="never", destroy=[NOWHERE]) == "stateMismatch"
    name, told = await ask(bob, method)
    assert (name, {key: told[key] for key in SAME}) == (method, SAME)
    name, told = await ask(bob, method, update={NOWHERE: {}}, destroy=["Pelse"])
    assert name == method
    for key, record in (("notUpdated", NOWHERE), ("notDestroyed", "Pelse")):
        assert told[key][record]["type"] in ("notFound", "singleton"), told[key]
    _, told = await ask(bob, method, update={NOWHERE: {}}, destroy=[NOWHERE])
    for key in ("notUpdated", "notDestroyed"):  # nothing will be destroyed
        assert told[key][NOWHERE]["type"] in ("notFound", "singleton"), told[key]
    name, told = await ask(bob, method, create={"c": {"id": "Pc", "noSuchProperty": 1}})
    assert told["created"] is None
    if told["notCreated"]["c"]["type"] not in ("singleton", "forbidden"):
        assert told["notCreated"]["c"]["type"] == "invalidProperties"
        named = (
            {"id"} if kind == "ContactCard" else {"id", "noSuchProperty"}
        )  # RFC 9553 §1.7: extensions are kept
        assert named <= set(told["notCreated"]["c"]["properties"])


@pytest.mark.parametrize("kind", types_with("query"))
async def test_query(stage: JmapStage, post: JmapPost, kind: str) -> None:
    """RFC 8620 §5.5."""
    bob = post.bob
    method = f"{kind}/query"
    name, told = await ask(bob, method)
    assert name == method
    assert set(told) >= {"accountId", "queryState", "canCalculateChanges", "position", "ids"}
    assert "total" not in told
    total = len(told["ids"])
    name, told = await ask(bob, method, calculateTotal=True, position=total + 5)
    assert (told["ids"], told["total"], told["position"]) == ([], total, total + 5)
    name, told = await ask(bob, method, position=-total - 5, anchorOffset=3, limit=1)
    assert (told["position"], len(told["ids"])) == (0, min(1, total))
    assert await error(bob, method, anchor=NOWHERE) == "anchorNotFound"
    assert await error(bob, method, limit=-1) == "invalidArguments"
    assert await error(bob, method, filter={"noSuchProperty": 1}) in ("unsupportedFilter", "invalidArguments")
    assert await error(bob, method, sort=[{"property": "noSuchProperty"}]) == "unsupportedSort"
    for wrong in ({}, {"property": "x", "isAscending": 1}, {"property": "x", "noSuchProperty": 1}):
        assert await error(bob, method, sort=[wrong]) == "invalidArguments"
    assert await error(bob, method, filter={"operator": "XOR", "conditions": []}) == "invalidArguments"
    assert await error(bob, method, filter=[]) == "invalidArguments"
    for operator, expected in (("AND", total), ("OR", 0), ("NOT", total)):
        _, told = await ask(bob, method, filter={"operator": operator, "conditions": []})
        assert len(told["ids"]) == expected
    _, told = await ask(bob, method, limit=0)
    assert told["ids"] == []
    assert "limit" not in told
    for unlimited in (None, 100_000):
        _, told = await ask(bob, method, limit=unlimited)
        assert told["limit"] < 100_000


@pytest.mark.parametrize("kind", types_with("queryChanges"))
async def test_query_changes(stage: JmapStage, post: JmapPost, kind: str) -> None:
    """RFC 8620 §5.6."""
    bob = post.bob
    method = f"{kind}/queryChanges"
    _, before = await ask(bob, f"{kind}/query", calculateTotal=True)
    since = before["queryState"]
    for more in ({}, {"maxChanges": 1}, {"maxChanges": 0}, {"upToId": NOWHERE}):
        name, told = await ask(bob, method, sinceQueryState=since, **more)
        assert name == method, (more, told)
        assert (told["oldQueryState"], told["newQueryState"], told["removed"], told["added"]) == (
            since,
            since,
            [],
            [],
        )
        assert "total" not in told
    _, told = await ask(bob, method, sinceQueryState=since, calculateTotal=True)
    assert told["total"] == before["total"]
    for strange in ("", "nothing of ours", "99999999999"):
        assert await error(bob, method, sinceQueryState=strange) == "cannotCalculateChanges"
    assert (
        await error(bob, method, sinceQueryState=since, sort=[{"property": "noSuchProperty"}])
        == "unsupportedSort"
    )
