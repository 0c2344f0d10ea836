"""AddressBook/* and ContactCard/* (RFC 9610)."""

from typing import Any

import pytest

from card_file import add, books, first, refused, show
from jmap_stage import ALICE, BOB, JmapStage
from postroom.proto.jmap.request import Limits
from postroom.serve.jmap.contacts import contact_card_query
from postroom.store.records import contacts, records


async def test_the_session_offers_contacts_of_ones_own(stage: JmapStage) -> None:
    bob = stage.jmap()
    session = (await bob.http("GET", "/jmap/session")).json
    uri = "urn:ietf:params:jmap:contacts"
    assert session["capabilities"][uri] == {}
    assert session["accounts"][bob.account]["accountCapabilities"][uri] == {
        "maxAddressBooksPerCard": None,
        "mayCreateAddressBook": True,
    }
    assert session["primaryAccounts"][uri] == bob.account


async def test_an_account_begins_with_one_address_book(stage: JmapStage) -> None:
    bob = stage.jmap()
    assert await books(bob) == {
        "Contacts": {
            "id": await first(bob),
            "name": "Contacts",
            "description": None,
            "sortOrder": 0,
            "isDefault": True,
            "isSubscribed": True,
            "shareWith": None,
            "myRights": {"mayRead": True, "mayWrite": True, "mayShare": True, "mayDelete": True},
        }
    }
    got = await bob.call("AddressBook/get", ids=[await first(bob), "Rzz", "x"], properties=["name"])
    assert got["list"] == [{"id": await first(bob), "name": "Contacts"}]
    assert got["notFound"] == ["Rzz", "x"]


async def test_whose_contacts(stage: JmapStage) -> None:
    bob, alice = stage.jmap(), stage.jmap(ALICE)
    for method, more in (
        ("AddressBook/get", {}),
        ("AddressBook/changes", {"sinceState": "0"}),
        ("AddressBook/set", {}),
        ("ContactCard/get", {}),
        ("ContactCard/changes", {"sinceState": "0"}),
        ("ContactCard/query", {}),
        ("ContactCard/queryChanges", {"sinceQueryState": "0"}),
        ("ContactCard/set", {}),
    ):
        error = await bob.error(method, accountId=alice.account, **more)
        assert error["type"] == "accountNotFound", method
    card = await add(bob, name={"full": "Carol"})
    assert (await alice.call("ContactCard/get", ids=[card["id"]]))["notFound"] == [card["id"]]


async def test_without_the_capability_there_are_no_methods(stage: JmapStage) -> None:
    bob = stage.jmap()
    using = ["urn:ietf:params:jmap:core"]
    ((name, told, _),) = await bob.request(["AddressBook/get", {"accountId": bob.account}, "c"], using=using)
    assert (name, told["type"]) == ("error", "unknownMethod")


async def test_address_books_come_change_and_go(stage: JmapStage) -> None:
    bob = stage.jmap()
    state = (await bob.call("AddressBook/get"))["state"]
    done = await bob.call("AddressBook/set", ifInState=state, create={"w": {"name": "Work", "sortOrder": 3}})
    work = done["created"]["w"]
    assert work["isDefault"] is False
    assert "name" not in work
    done = await bob.call(
        "AddressBook/set",
        update={work["id"]: {"description": "who I work with", "isSubscribed": False, "sortOrder": None}},
    )
    assert done["updated"] == {work["id"]: None}
    shown = (await books(bob))["Work"]
    assert (shown["description"], shown["isSubscribed"], shown["sortOrder"]) == ("who I work with", False, 0)
    changes = await bob.call("AddressBook/changes", sinceState=state)
    assert (changes["created"], changes["updated"], changes["destroyed"]) == ([work["id"]], [], [])
    between = changes["newState"]
    assert (await bob.call("AddressBook/set", destroy=[work["id"], "Rzz"]))["notDestroyed"]["Rzz"][
        "type"
    ] == "notFound"
    assert (await bob.call("AddressBook/changes", sinceState=between))["destroyed"] == [work["id"]]
    assert (await bob.error("AddressBook/set", ifInState=state))["type"] == "stateMismatch"
    assert (await bob.error("AddressBook/changes", sinceState="x"))["type"] == "cannotCalculateChanges"


@pytest.mark.parametrize(
    ("given", "kind", "properties"),
    [
        ({}, "invalidProperties", ["name"]),
        ({"name": ""}, "invalidProperties", ["name"]),
        ({"name": "x" * 256}, "invalidProperties", ["name"]),
        ({"name": "ä" * 128}, "invalidProperties", ["name"]),
        ({"name": "x", "sortOrder": -1}, "invalidProperties", ["sortOrder"]),
        ({"name": "x", "description": 7}, "invalidProperties", ["description"]),
        ({"name": "x", "isSubscribed": None}, "invalidProperties", ["isSubscribed"]),
        ({"name": "x", "isDefault": True}, "invalidProperties", ["isDefault"]),
        ({"name": "x", "colour": "red"}, "invalidProperties", ["colour"]),
        ({"name": "x", "shareWith": {"Pa": {"mayRead": True}}}, "invalidProperties", ["shareWith"]),
        ({"name": "x", "shareWith": {"Pa": {"mayFly": True}}}, "invalidProperties", ["shareWith"]),
        ({"name": "x", "shareWith": {"Pa": {"mayRead": 1}}}, "invalidProperties", ["shareWith"]),
    ],
)
async def test_address_books_that_cannot_be(
    stage: JmapStage, given: dict[str, Any], kind: str, properties: list[str]
) -> None:
    bob = stage.jmap()
    done = await bob.call("AddressBook/set", create={"b": given})
    assert (done["notCreated"]["b"]["type"], done["notCreated"]["b"]["properties"]) == (kind, properties)


async def test_updates_of_address_books_that_cannot_be(stage: JmapStage) -> None:
    bob = stage.jmap()
    book = await first(bob)
    wrong = {book: {"myRights/mayRead": False}, "Rzz": {"name": "x"}, "x": {"name": "x"}}
    done = await bob.call("AddressBook/set", update=wrong)
    kinds = {name: error["type"] for name, error in done["notUpdated"].items()}
    assert kinds == {book: "invalidProperties", "Rzz": "notFound", "x": "notFound"}
    done = await bob.call("AddressBook/set", update={book: {"name/x": "y"}})
    assert done["notUpdated"][book]["type"] == "invalidPatch"
    done = await bob.call("AddressBook/set", update={book: {"name": "x"}}, destroy=[book])
    assert done["notUpdated"][book]["type"] == "willDestroy"


async def test_the_default_address_book(stage: JmapStage) -> None:
    bob = stage.jmap()
    old = await first(bob)
    done = await bob.call("AddressBook/set", create={"w": {"name": "Work"}}, onSuccessSetIsDefault="#w")
    new = done["created"]["w"]
    assert new["isDefault"] is True
    assert done["updated"] == {old: {"isDefault": False}}
    done = await bob.call("AddressBook/set", onSuccessSetIsDefault="Rzz")
    assert done["updated"] is None
    done = await bob.call("AddressBook/set", create={"bad": {}}, onSuccessSetIsDefault=old)
    assert done["updated"] is None  # not everything succeeded
    done = await bob.call("AddressBook/set", destroy=[new["id"]])
    assert done["updated"] == {old: {"isDefault": True}}
    assert (await books(bob))["Contacts"]["isDefault"] is True


async def test_a_book_that_is_just_gone_becomes_no_default(stage: JmapStage) -> None:
    """Another call may have removed it since it was chosen: the default stays where it is."""
    assert await books(stage.jmap())
    reach = contacts.Reach(stage.logins.people[BOB])
    done = await stage.store.engine.write(lambda tx: contacts.set_default(tx, reach, 999))
    assert done == {}
    assert (await books(stage.jmap()))["Contacts"]["isDefault"] is True


async def test_an_address_book_with_contents(stage: JmapStage) -> None:
    bob = stage.jmap()
    book = await first(bob)
    other = (await bob.call("AddressBook/set", create={"w": {"name": "Work"}}))["created"]["w"]["id"]
    alone = await add(bob, name={"full": "Alone"})
    both = await add(bob, name={"full": "Both"}, addressBookIds={book: True, other: True})
    done = await bob.call("AddressBook/set", destroy=[book])
    assert done["notDestroyed"][book]["type"] == "addressBookHasContents"
    done = await bob.call("AddressBook/set", destroy=[book], onDestroyRemoveContents=True)
    assert done["destroyed"] == [book]
    assert (await bob.call("ContactCard/get", ids=[alone["id"]]))["notFound"] == [alone["id"]]
    assert (await show(bob, both["id"]))["addressBookIds"] == {other: True}


async def test_a_card_is_made_changed_and_removed(stage: JmapStage) -> None:
    bob = stage.jmap()
    state = (await bob.call("ContactCard/get"))["state"]
    card = await add(bob, name={"full": "Carol"}, **{"example.com:x": {"y": [1]}})
    assert set(card) == {"id", "@type", "version", "uid", "created", "updated"}
    shown = await show(bob, card["id"])
    assert shown["name"] == {"full": "Carol"}
    assert shown["example.com:x"] == {"y": [1]}
    assert shown["addressBookIds"] == {await first(bob): True}
    patch = {"emails": {"e": {"address": "carol@crepes.test"}}, "name/full": "Carol C."}
    done = await bob.call("ContactCard/set", update={card["id"]: patch})
    assert set(done["updated"][card["id"]]) == {"updated"}
    shown = await show(bob, card["id"])
    assert (shown["name"]["full"], shown["emails"]["e"]["address"]) == ("Carol C.", "carol@crepes.test")
    only = await bob.call("ContactCard/get", ids=[card["id"]], properties=["uid", "notes"])
    assert only["list"] == [{"id": card["id"], "uid": card["uid"]}]
    assert (await bob.error("ContactCard/get", properties=["nothing"]))["type"] == "invalidArguments"
    changes = await bob.call("ContactCard/changes", sinceState=state)
    assert changes["created"] == [card["id"]]
    done = await bob.call("ContactCard/set", destroy=[card["id"], "Rzz"])
    assert done["destroyed"] == [card["id"]]
    assert done["notDestroyed"]["Rzz"]["type"] == "notFound"
    gone = await bob.call("ContactCard/changes", sinceState=changes["newState"])
    assert gone["destroyed"] == [card["id"]]
    assert (await bob.call("ContactCard/changes", sinceState=state))["destroyed"] == []


@pytest.mark.parametrize(
    ("given", "properties"),
    [
        ({"addressBookIds": {}}, ["addressBookIds"]),
        ({"addressBookIds": None}, ["addressBookIds"]),
        ({"addressBookIds": {"Rzz": True}}, ["addressBookIds"]),
        ({"addressBookIds": {"#nobody": True}}, ["addressBookIds"]),
        ({"id": "Rzz"}, ["id"]),
        ({"@type": "Person"}, ["@type"]),
        ({"emails": {"e": {}}}, ["emails"]),
        ({"emails": [], "name": "Carol"}, ["name", "emails"]),
        ({"media": {"m": {"kind": "photo", "blobId": "Bzzz"}}}, ["media"]),
        ({"media": {"m": {"kind": "photo"}}}, ["media"]),
    ],
)
async def test_cards_that_cannot_be(stage: JmapStage, given: dict[str, Any], properties: list[str]) -> None:
    error = await refused(stage.jmap(), **given)
    assert error["type"] == "invalidProperties"
    assert sorted(error["properties"]) == sorted(properties)


async def test_a_card_that_is_too_large(stage: JmapStage) -> None:
    assert (await refused(stage.jmap(), name={"full": "x" * (1 << 20)}))["type"] == "tooLarge"


async def test_updates_of_cards_that_cannot_be(stage: JmapStage) -> None:
    bob = stage.jmap()
    card = (await add(bob, name={"full": "Carol"}))["id"]
    for patch, kind in (
        ({"id": "Rzz"}, "invalidProperties"),
        ({"addressBookIds": None}, "invalidProperties"),
        ({"uid": None}, "invalidProperties"),
        ({"emails/e/address": "x"}, "invalidPatch"),
        ({"name/full": 7}, "invalidProperties"),
    ):
        done = await bob.call("ContactCard/set", update={card: patch})
        assert done["notUpdated"][card]["type"] == kind, patch
    done = await bob.call("ContactCard/set", update={"Rzz": {}, "x": {}})
    assert {error["type"] for error in done["notUpdated"].values()} == {"notFound"}


async def test_a_card_in_a_book_that_was_made_in_the_same_request(stage: JmapStage) -> None:
    bob = stage.jmap()
    answers = await bob.request(
        ["AddressBook/set", {"accountId": bob.account, "create": {"b": {"name": "New"}}}, "1"],
        [
            "ContactCard/set",
            {"accountId": bob.account, "create": {"c": {"addressBookIds": {"#b": True}}}},
            "2",
        ],
    )
    book = answers[0][1]["created"]["b"]["id"]
    told = answers[1][1]["created"]["c"]
    assert told["addressBookIds"] == {book: True}
    assert (await show(bob, told["id"]))["addressBookIds"] == {book: True}


async def test_a_uid_is_one_cards(stage: JmapStage) -> None:
    """RFC 9610 §3: an account has no two cards with one uid."""
    bob = stage.jmap()
    first_card = await add(bob, uid="urn:one")
    error = await refused(bob, uid="urn:one")
    assert (error["type"], error["properties"]) == ("invalidProperties", ["uid"])
    second = await add(bob, uid="urn:two")
    done = await bob.call("ContactCard/set", update={second["id"]: {"uid": "urn:one"}})
    assert done["notUpdated"][second["id"]]["properties"] == ["uid"]
    done = await bob.call("ContactCard/set", update={first_card["id"]: {"language": "de"}})
    assert done["notUpdated"] is None
    await bob.call("ContactCard/set", destroy=[first_card["id"]])
    done = await bob.call("ContactCard/set", update={second["id"]: {"uid": "urn:one"}})
    assert done["notUpdated"] is None
    assert (await add(stage.jmap(ALICE), uid="urn:one"))["id"]
    # One takes the place of another in one call: only the end counts (RFC 8620 §5.3).
    new = {"uid": "urn:one", "addressBookIds": {await first(bob): True}}
    done = await bob.call("ContactCard/set", create={"n": new}, destroy=[second["id"]])
    assert (done["notCreated"], done["destroyed"]) == (None, [second["id"]])


async def test_copying(stage: JmapStage) -> None:
    bob = stage.jmap()
    arguments: dict[str, Any] = {"create": {}}
    same = await bob.error("ContactCard/copy", fromAccountId=bob.account, **arguments)
    assert same["type"] == "invalidArguments"
    alice = stage.jmap(ALICE).account
    assert (await bob.error("ContactCard/copy", fromAccountId=alice, **arguments))[
        "type"
    ] == "fromAccountNotFound"


CARDS: dict[str, dict[str, Any]] = {
    "anna": {
        "name": {
            "components": [{"kind": "given", "value": "Anna"}, {"kind": "surname", "value": "Ödegaard"}]
        },
        "nicknames": {"n": {"name": "Annie"}},
        "emails": {"e": {"address": "anna@crepes.test"}},
        "created": "2026-01-01T00:00:00Z",
        "updated": "2026-03-01T00:00:00Z",
        "uid": "urn:anna",
    },
    "bert": {
        "name": {
            "components": [
                {"kind": "given", "value": "Bert"},
                {"kind": "surname", "value": "Abel"},
                {"kind": "surname2", "value": "Cruz"},
            ]
        },
        "organizations": {"o": {"name": "Pizza Ltd", "units": [{"name": "Oven"}]}},
        "phones": {"p": {"number": "+49 30 1234", "label": "desk"}},
        "onlineServices": {"s": {"service": "Mastodon", "user": "@bert"}},
        "addresses": {"a": {"components": [{"kind": "locality", "value": "Rome"}], "countryCode": "IT"}},
        "notes": {"n": {"note": "likes burnt crust"}},
        "created": "2026-02-01T00:00:00Z",
        "updated": "2026-02-01T00:00:00Z",
        "uid": "urn:bert",
    },
    "club": {
        "kind": "group",
        "name": {"full": "The Club"},
        "members": {"urn:anna": True},
        "keywords": {"fun": True},
        "created": "2026-03-01T00:00:00Z",
        "updated": "2026-01-01T00:00:00Z",
        "uid": "urn:club",
    },
}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (None, "anna bert club"),
        ({}, "anna bert club"),
        ({"uid": "urn:bert"}, "bert"),
        ({"hasMember": "urn:anna"}, "club"),
        ({"kind": "individual"}, "anna bert"),
        ({"kind": "group"}, "club"),
        ({"createdBefore": "2026-02-01T00:00:00Z"}, "anna"),
        ({"createdAfter": "2026-02-01T00:00:00Z"}, "bert club"),
        ({"updatedBefore": "2026-02-01T00:00:00Z"}, "club"),
        ({"updatedAfter": "2026-02-01T00:00:00Z"}, "anna bert"),
        ({"text": "odegaard"}, "anna"),
        ({"text": "crust rome"}, "bert"),
        ({"text": '"burnt crust"'}, "bert"),
        ({"text": '"crust burnt"'}, ""),
        ({"text": "fun"}, "club"),
        ({"name": "club"}, "club"),
        ({"name/given": "ann"}, "anna"),
        ({"name/given": "abel"}, ""),
        ({"name/surname": "abel"}, "bert"),
        ({"name/surname2": "cruz"}, "bert"),
        ({"nickname": "annie"}, "anna"),
        ({"organization": "pizza"}, "bert"),
        ({"organization": "oven"}, ""),  # the name of an Organization, not of its units
        ({"text": "oven"}, "bert"),
        ({"email": "CREPES"}, "anna"),
        ({"phone": "1234"}, "bert"),
        ({"onlineService": "mastodon"}, "bert"),
        ({"address": "rome"}, "bert"),
        ({"address": "it"}, ""),  # components and the whole
        ({"text": " ".join(["bert"] * 20)}, "bert"),
        ({"text": " ".join(["bert"] * 20 + ["anna"])}, ""),  # all words have to be there, however many
        ({"text": "'burnt crust' \"mastodon\""}, "bert"),
        ({"note": "crust"}, "bert"),
        ({"inAddressBook": "Rzz"}, ""),
        ({"name": "a", "kind": "group"}, ""),
        ({"operator": "OR", "conditions": [{"kind": "group"}, {"email": "anna"}]}, "anna club"),
        ({"operator": "NOT", "conditions": [{"kind": "group"}]}, "anna bert"),
    ],
)
async def test_filters(stage: JmapStage, asked: Any, found: str) -> None:
    bob = stage.jmap()
    names = {(await add(bob, **card))["id"]: name for name, card in CARDS.items()}
    got = await bob.call("ContactCard/query", filter=asked, calculateTotal=True)
    assert [names[one] for one in got["ids"]] == found.split()
    assert got["total"] == len(found.split())


async def test_so_many_words_are_looked_for(stage: JmapStage) -> None:
    bob = stage.jmap()
    most = " ".join(["x"] * contact_card_query.MOST_WORDS)
    assert (await bob.call("ContactCard/query", filter={"text": most}))["ids"] == []
    error = await bob.error("ContactCard/query", filter={"text": f"{most} x"})
    assert (error["type"], error["arguments"]) == ("unsupportedFilter", ["filter"])


async def test_sorts_and_windows(stage: JmapStage) -> None:
    bob = stage.jmap()
    names = {(await add(bob, **card))["id"]: name for name, card in CARDS.items()}

    async def order(*properties: str, **more: Any) -> str:
        sort = [{"property": one.lstrip("-"), "isAscending": one[0] != "-"} for one in properties]
        got = await bob.call("ContactCard/query", sort=sort, **more)
        return " ".join(names[one] for one in got["ids"])

    assert await order("created") == "anna bert club"
    assert await order("-created") == "club bert anna"
    assert await order("updated") == "club bert anna"
    assert await order("name/surname") == "club bert anna"
    assert await order("name/given") == "club anna bert"
    assert await order("name/surname2", "-created") == "club anna bert"
    assert await order("created", position=1, limit=1) == "bert"
    last = next(number for number, name in names.items() if name == "club")
    assert await order("created", anchor=last, anchorOffset=-1) == "bert club"
    book = await first(bob)
    assert await order("created", filter={"inAddressBook": book}) == "anna bert club"


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"filter": {"colour": "red"}}, "unsupportedFilter"),
        ({"filter": {"uid": 7}}, "invalidArguments"),
        ({"filter": {"createdBefore": "yesterday"}}, "invalidArguments"),
        ({"sort": [{"property": "colour"}]}, "unsupportedSort"),
        ({"anchor": "Rzz"}, "anchorNotFound"),
    ],
)
async def test_queries_that_cannot_be(stage: JmapStage, arguments: dict[str, Any], kind: str) -> None:
    assert (await stage.jmap().error("ContactCard/query", **arguments))["type"] == kind


async def test_limits(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = stage.jmap()
    for name in ("x" * 255, "ä" * 127):
        assert (await bob.call("AddressBook/set", create={"b": {"name": name}}))["notCreated"] is None
    monkeypatch.setattr(contacts, "MAX_BOOKS", 4)
    done = await bob.call("AddressBook/set", create={"b": {"name": "4th"}, "c": {"name": "5th"}})
    assert list(done["created"]) == ["b"]
    assert done["notCreated"]["c"]["type"] == "overQuota"
    since = (await bob.call("ContactCard/query"))["queryState"]
    monkeypatch.setattr(contact_card_query, "MOST_TOUCHED", 2)
    for count in (1, 2):
        await add(bob, name={"full": "x"})
        told = await bob.call("ContactCard/queryChanges", sinceQueryState=since)
        assert len(told["added"]) == count
    await add(bob, name={"full": "x"})
    error = await bob.error("ContactCard/queryChanges", sinceQueryState=since)
    assert error["type"] == "cannotCalculateChanges"
    monkeypatch.setattr(records, "MAX_RECORDS", 3)
    assert (await refused(bob, name={"full": "x"}))["type"] == "overQuota"
    few = stage.jmap(limits=Limits(max_objects_in_get=2, max_objects_in_set=2))
    assert (await few.error("ContactCard/get", ids=None))["type"] == "requestTooLarge"
    assert (await few.error("ContactCard/set", destroy=["a", "b", "c"]))["type"] == "requestTooLarge"


async def test_changes_of_a_query(stage: JmapStage) -> None:
    bob = stage.jmap()
    anna = (await add(bob, **CARDS["anna"]))["id"]
    sort = [{"property": "created"}]
    before = await bob.call("ContactCard/query", sort=sort)
    bert = (await add(bob, **CARDS["bert"]))["id"]
    told = await bob.call("ContactCard/queryChanges", sort=sort, sinceQueryState=before["queryState"])
    assert (told["removed"], told["added"]) == ([bert], [{"id": bert, "index": 1}])
    since = told["newQueryState"]
    await bob.call("ContactCard/set", destroy=[anna])
    told = await bob.call("ContactCard/queryChanges", sort=sort, sinceQueryState=since, calculateTotal=True)
    assert (told["removed"], told["added"], told["total"]) == ([anna], [], 1)
    few = await bob.error("ContactCard/queryChanges", sinceQueryState=before["queryState"], maxChanges=1)
    assert few["type"] == "tooManyChanges"
    bad = await bob.error("ContactCard/queryChanges", sinceQueryState="x")
    assert bad["type"] == "cannotCalculateChanges"
