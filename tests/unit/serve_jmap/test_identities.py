"""Identity/get, /changes and /set (RFC 8621 §6)."""

from typing import Any

import pytest

from jmap_post import JmapPost
from jmap_stage import BOB
from people import at
from postroom.serve.jmap.submission import identity
from postroom.store.administration import aliases


async def created(post: JmapPost, **given: Any) -> dict[str, Any]:
    told = await post.bob.call("Identity/set", create={"i": given})
    return (told["created"] or told["notCreated"])["i"]  # type: ignore[no-any-return]


async def test_ones_own_address_is_always_there(post: JmapPost) -> None:
    bob = post.bob
    got = await bob.call("Identity/get", ids=None)
    (own,) = got["list"]
    assert own == {
        "id": own["id"], "name": "", "email": BOB, "replyTo": None, "bcc": None, "textSignature": "", "htmlSignature": "",
        "mayDelete": False,
    }  # fmt: skip
    assert await bob.call("Identity/get", ids=None) == got  # the same one
    told = await bob.call("Identity/set", destroy=[own["id"]])
    assert told["notDestroyed"][own["id"]]["type"] == "forbidden"
    signature = {"textSignature": "-- \nBob", "htmlSignature": "<b>Bob</b>", "name": "Bob"}
    told = await bob.call("Identity/set", update={own["id"]: signature})
    assert told["updated"] == {own["id"]: None}
    (own,) = (await bob.call("Identity/get", ids=[own["id"]], properties=list(signature)))["list"]
    assert own == {"id": own["id"]} | signature
    assert (await bob.call("Identity/get", ids=["R1", own["id"]]))["notFound"] == ["R1"]


async def test_aliases_and_subaddresses_can_be_added(post: JmapPost) -> None:
    bob = post.bob
    await post.office.add_alias("kitchen@hamburger.test", BOB)
    before = (await bob.call("Identity/get", ids=[]))["state"]
    bcc = [{"name": None, "email": BOB}]
    made = await created(post, email="kitchen@hamburger.test", bcc=bcc, name="The kitchen")
    assert made == {
        "id": made["id"],
        "mayDelete": True,
        "replyTo": None,
        "textSignature": "",
        "htmlSignature": "",
    }
    other = await created(post, email="bob+shop@hamburger.test")
    same = await created(post, email=BOB)  # several of one address may be
    changes = await bob.call("Identity/changes", sinceState=before)
    assert sorted(changes["created"]) == sorted([made["id"], other["id"], same["id"]])
    assert (await bob.call("Identity/get", ids=[made["id"]], properties=["bcc"]))["list"][0]["bcc"] == bcc
    await bob.call("Identity/set", update={made["id"]: {"name": None, "replyTo": bcc}})
    got = (await bob.call("Identity/get", ids=[made["id"]], properties=["name", "replyTo"]))["list"][0]
    assert got == {"id": made["id"], "name": "", "replyTo": bcc}
    state = (await bob.call("Identity/get", ids=[]))["state"]
    assert (await bob.call("Identity/set", destroy=[made["id"]]))["destroyed"] == [made["id"]]
    assert (await bob.call("Identity/changes", sinceState=state))["destroyed"] == [made["id"]]


@pytest.mark.parametrize(
    "email",
    ["alice@crepes.test", "nobody@hamburger.test", "x@far.test", "*@hamburger.test", "list@hamburger.test"],
)
async def test_others_addresses_are_not_ones_own(post: JmapPost, email: str) -> None:
    await post.office.add_list("list@hamburger.test", BOB, BOB)
    assert (await created(post, email=email))["type"] == "forbiddenFrom"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"email": "nonsense"},
        {"email": 7},
        {"email": BOB, "name": 7},
        {"email": BOB, "name": "x" * (identity.MAX_NAME + 1)},
        {"email": BOB, "textSignature": "x" * (identity.MAX_SIGNATURE + 1)},
        {"email": BOB, "htmlSignature": None},
        {"email": BOB, "bcc": BOB},
        {"email": BOB, "bcc": [{"name": "x"}]},
        {"email": BOB, "replyTo": [{"email": "nonsense"}]},
        {"email": BOB, "replyTo": [{"email": BOB}] * (identity.MAX_ADDRESSES + 1)},
        {"email": BOB, "mayDelete": True},
        {"email": BOB, "colour": "red"},
    ],
)
async def test_what_an_identity_cannot_be(post: JmapPost, given: dict[str, Any]) -> None:
    assert (await created(post, **given))["type"] == "invalidProperties"


async def test_at_its_limits(post: JmapPost) -> None:
    made = await created(
        post,
        email=BOB,
        name="x" * identity.MAX_NAME,
        textSignature="x" * identity.MAX_SIGNATURE,
        replyTo=[{"email": BOB}] * identity.MAX_ADDRESSES,
    )
    assert "id" in made


async def test_as_many_as_may_be(post: JmapPost) -> None:
    create = {
        f"i{number}": {"email": BOB} for number in range(identity.MAX_IDENTITIES)
    }  # and there is one already
    told = await post.bob.call("Identity/set", create=create)
    assert len(told["created"]) == identity.MAX_IDENTITIES - 1
    assert [one["type"] for one in told["notCreated"].values()] == ["overQuota"]


async def test_the_address_stays_and_an_alias_that_is_gone_is_not_sent_under(post: JmapPost) -> None:
    bob = post.bob
    await post.office.add_alias("kitchen@hamburger.test", BOB)
    made = await created(post, email="kitchen@hamburger.test")
    told = await bob.call("Identity/set", update={made["id"]: {"email": BOB}, "R1": {"name": "x"}})
    assert told["notUpdated"][made["id"]]["properties"] == ["email"]
    assert told["notUpdated"]["R1"]["type"] == "notFound"
    await post.office.engine.write(lambda tx: aliases.remove(tx, at("kitchen@hamburger.test")))
    email = await post.draft(bob, **{"from": [{"name": None, "email": "kitchen@hamburger.test"}]})
    create = {"s": {"identityId": made["id"], "emailId": email}}
    told = await bob.call("EmailSubmission/set", create=create)
    assert told["notCreated"]["s"]["type"] == "forbiddenMailFrom"


async def test_identities_are_ones_own(post: JmapPost) -> None:
    for method, more in (("get", {"ids": None}), ("changes", {"sinceState": "0"}), ("set", {})):
        error = await post.bob.error(f"Identity/{method}", accountId=post.alice.account, **more)
        assert error["type"] == "accountNotFound"
    assert (await post.bob.error("Identity/changes", sinceState="x"))["type"] == "cannotCalculateChanges"
    assert (await post.bob.error("Identity/get", ids=None, properties=["x"]))["type"] == "invalidArguments"
    assert (await post.bob.error("Identity/set", ifInState="99999"))["type"] == "stateMismatch"
