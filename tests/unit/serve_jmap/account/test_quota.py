"""Quota/get, changes, query and queryChanges (RFC 9425)."""

from jmap_stage import ALICE, BOB, JmapStage
from postroom.proto.jmap.capabilities import CORE, MAIL, QUOTA
from postroom.store.directory import quota


async def limit(stage: JmapStage, octets: int, count: int) -> None:
    account = stage.logins.people[BOB]
    await stage.store.engine.write(lambda tx: tx.execute(quota.LIMIT, account, octets, count))


async def test_an_account_without_limits_has_no_quota(stage: JmapStage) -> None:
    bob = stage.jmap()
    assert (await bob.call("Quota/get", ids=None))["list"] == []
    assert (await bob.call("Quota/query"))["ids"] == []
    assert (
        QUOTA in (await bob.http("GET", "/jmap/session")).json["accounts"][bob.account]["accountCapabilities"]
    )


async def test_what_is_limited_and_how_much_of_it_is_used(stage: JmapStage) -> None:
    bob = stage.jmap()
    await limit(stage, 10_000, 5)
    await stage.deliver(raw=b"Subject: x\r\n\r\n")
    got = await bob.call("Quota/get", ids=None)
    common = {
        "scope": "account",
        "types": ["Email"],
        "warnLimit": None,
        "softLimit": None,
        "description": None,
    }
    assert got["list"] == [
        {
            "id": "octets",
            "resourceType": "octets",
            "used": 14,
            "hardLimit": 10_000,
            "name": "Storage",
            **common,
        },
        {"id": "count", "resourceType": "count", "used": 1, "hardLimit": 5, "name": "Emails", **common},
    ]
    some = await bob.call("Quota/get", ids=["count", "none"], properties=["used"])
    assert (some["list"], some["notFound"]) == ([{"id": "count", "used": 1}], ["none"])
    assert (await bob.error("Quota/get", ids=None, properties=["x"]))["type"] == "invalidArguments"


async def test_who_knows_of_no_type_that_counts_sees_none(stage: JmapStage) -> None:
    bob = stage.jmap()
    await limit(stage, 10_000, 5)
    asked = ["Quota/get", {"accountId": bob.account, "ids": None}, "0"]
    assert (await bob.request(asked, using=[CORE, QUOTA]))[0][1]["list"] == []
    assert (await bob.request(asked, using=[CORE, MAIL]))[0][1]["type"] == "unknownMethod"


async def test_changes_in_pieces(stage: JmapStage) -> None:
    bob = stage.jmap()
    begin = (await bob.call("Quota/get", ids=[]))["state"]
    await limit(stage, 10_000, 5)
    first = await bob.call("Quota/changes", sinceState=begin, maxChanges=1)
    assert (first["created"], first["hasMoreChanges"]) == (["octets"], True)
    second = await bob.call("Quota/changes", sinceState=first["newState"])
    assert (second["created"], second["hasMoreChanges"]) == (["count"], False)
    await stage.deliver()
    third = await bob.call("Quota/changes", sinceState=second["newState"])
    assert (third["updated"], third["updatedProperties"]) == (["octets", "count"], ["used"])
    await limit(stage, 20_000, 0)
    last = await bob.call("Quota/changes", sinceState=third["newState"])
    assert (last["updated"], last["destroyed"], last["updatedProperties"]) == (["octets"], ["count"], None)
    assert last["newState"] == (await bob.call("Quota/get", ids=[]))["state"]
    for wrong in ("x", "1-2-3", "1-2-3-4-5"):
        assert (await bob.error("Quota/changes", sinceState=wrong))["type"] == "cannotCalculateChanges"


async def test_queries(stage: JmapStage) -> None:
    bob = stage.jmap()
    await limit(stage, 10_000, 5)
    by_name = {"sort": [{"property": "name"}]}
    found = await bob.call("Quota/query", calculateTotal=True, **by_name)
    assert (found["ids"], found["total"]) == (["count", "octets"], 2)
    assert (await bob.call("Quota/query", sort=[{"property": "used", "isAscending": False}]))["ids"] == [
        "octets",
        "count",
    ]
    for wished, ids in (
        ({"name": "stor"}, ["octets"]),
        ({"resourceType": "count"}, ["count"]),
        ({"scope": "domain"}, []),
        ({"type": "Email", "scope": "account"}, ["octets", "count"]),
        ({"operator": "NOT", "conditions": [{"resourceType": "count"}]}, ["octets"]),
    ):
        assert (await bob.call("Quota/query", filter=wished))["ids"] == ids
    assert (await bob.error("Quota/query", filter={"x": 1}))["type"] == "unsupportedFilter"
    assert (await bob.error("Quota/query", sort=[{"property": "x"}]))["type"] == "unsupportedSort"
    await limit(stage, 10_000, 0)
    told = await bob.call("Quota/queryChanges", sinceQueryState=found["queryState"], **by_name)
    assert (told["removed"], told["added"]) == (["count"], [])
    await limit(stage, 9_000, 3)
    told = await bob.call("Quota/queryChanges", sinceQueryState=told["newQueryState"], **by_name)
    assert (told["removed"], told["added"]) == (
        ["octets", "count"], [{"id": "count", "index": 0}, {"id": "octets", "index": 1}],
    )  # fmt: skip
    error = await bob.error("Quota/queryChanges", sinceQueryState=found["queryState"], maxChanges=1)
    assert error["type"] == "tooManyChanges"


async def test_the_quota_of_others_is_theirs(stage: JmapStage) -> None:
    alice, bob = stage.jmap(ALICE), stage.jmap(BOB)
    assert (await bob.error("Quota/get", accountId=alice.account))["type"] == "accountNotFound"
    imap = await stage.user(ALICE)
    await imap.ok(f"SETACL INBOX {BOB} lr")
    assert (await bob.error("Quota/get", accountId=alice.account))["type"] == "accountNotSupportedByMethod"
