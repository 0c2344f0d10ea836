"""Preferences/get and Preferences/set."""

from jmap_stage import ALICE, BOB, JmapStage
from postroom.proto.jmap.capabilities import MOST_PREFERENCES


async def test_preferences_are_kept_part_by_part(stage: JmapStage) -> None:
    bob = stage.jmap()
    first = await bob.call("Preferences/get", ids=None)
    assert first["list"] == [{"id": "singleton", "values": {}}]
    told = await bob.call("Preferences/set", update={"singleton": {"values/keyboard": {"letters": False}}})
    assert told["updated"] == {"singleton": None}
    assert (told["oldState"], told["newState"] != told["oldState"]) == (first["state"], True)
    await bob.call("Preferences/set", update={"singleton": {"values/language": "de"}})
    got = await bob.call("Preferences/get", ids=["singleton", "other"], properties=["values"])
    assert got["list"] == [{"id": "singleton", "values": {"keyboard": {"letters": False}, "language": "de"}}]
    assert got["notFound"] == ["other"]
    await bob.call("Preferences/set", update={"singleton": {"values/keyboard": None}})
    assert (await bob.call("Preferences/get", ids=None))["list"][0]["values"] == {"language": "de"}
    assert (await stage.jmap(ALICE).call("Preferences/get", ids=None))["list"][0]["values"] == {}


async def test_what_preferences_are_not(stage: JmapStage) -> None:
    bob = stage.jmap()
    long = "x" * MOST_PREFERENCES
    told = await bob.call(
        "Preferences/set",
        create={"k": {}},
        update={"singleton": {"values/long": long}, "other": {"values/a": 1}},
    )
    assert told["notCreated"]["k"]["type"] == "singleton"
    assert told["notUpdated"]["singleton"]["type"] == "tooLarge"
    assert told["notUpdated"]["other"]["type"] == "notFound"
    told = await bob.call("Preferences/set", destroy=["singleton"])
    assert told["notDestroyed"]["singleton"]["type"] == "singleton"
    for wrong in ({"values": 3}, {"id": "x"}, {"more": 1}):
        told = await bob.call("Preferences/set", update={"singleton": wrong})
        assert told["notUpdated"]["singleton"]["type"] == "invalidProperties"
    told = await bob.call("Preferences/set", update={"singleton": {"values/a/b": 1}})
    assert told["notUpdated"]["singleton"]["type"] == "invalidPatch"
    assert (await bob.call("Preferences/get", ids=None))["list"][0]["values"] == {}


async def test_others_preferences_are_nobodys_business(stage: JmapStage) -> None:
    alice = stage.jmap(ALICE)
    error = await stage.jmap(BOB).error("Preferences/get", accountId=alice.account, ids=None)
    assert error["type"] == "accountNotFound"
