"""Who may do what in address books of others, and who is told (RFC 9610 §2, RFC 9670 §3, §4)."""

from typing import Any

import pytest

from book_house import CAROL, DORA, House, record_numbers, rights, who
from jmap_stage import ALICE, BOB, JmapStage
from postroom.message.errors import NotPermitted
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import CONTACTS, MAIL, OWNER, PRINCIPALS
from postroom.store.records import acl as record_acl
from postroom.store.records import contacts
from postroom.store.records.records import NoSuchRecord


async def test_nothing_is_seen_before(stage: JmapStage) -> None:
    house = await House.of(stage)
    assert (await house.books(house.bob))[house.work]["shareWith"] is None
    for method in ("AddressBook/get", "ContactCard/get", "ContactCard/query", "ContactCard/set"):
        told = await house.carol.error(method, accountId=house.bob.account)
        assert told["type"] == "accountNotFound", method


async def test_the_session_and_the_principal(stage: JmapStage) -> None:
    house = await House.of(stage)
    before = (await house.carol.http("GET", "/jmap/session")).json
    assert await house.give(house.work, "mayRead") == {}
    session = (await house.carol.http("GET", "/jmap/session")).json
    assert session["state"] != before["state"]
    theirs = session["accounts"][house.bob.account]
    assert (theirs["name"], theirs["isPersonal"], theirs["isReadOnly"]) == (BOB, False, True)
    abilities = theirs["accountCapabilities"]
    assert abilities[CONTACTS] == {"maxAddressBooksPerCard": None, "mayCreateAddressBook": False}
    assert abilities[OWNER] == {"accountIdForPrincipal": house.carol.account, "principalId": who(stage, BOB)}
    assert MAIL not in abilities
    assert PRINCIPALS not in abilities
    assert await house.give(house.work, "mayRead", "mayWrite") == {}
    session = (await house.carol.http("GET", "/jmap/session")).json
    assert not session["accounts"][house.bob.account]["isReadOnly"]
    (bob,) = (await house.carol.call("Principal/get", ids=[who(stage, BOB)]))["list"]
    assert set(bob["accounts"]) == {house.bob.account}
    asked = {"accountIds": [house.bob.account]}
    assert (await house.carol.call("Principal/query", filter=asked))["ids"] == [who(stage, BOB)]
    assert (await house.carol.error("Mailbox/get", accountId=house.bob.account))[
        "type"
    ] == "accountNotSupportedByMethod"
    assert (await house.carol.error("Identity/get", accountId=house.bob.account))[
        "type"
    ] == "accountNotSupportedByMethod"
    # A mailbox beside it brings the mail; a mailbox alone brings no contacts.
    imap = await stage.user(BOB)
    await imap.ok(f"SETACL INBOX {CAROL} lr")
    accounts = (await house.carol.http("GET", "/jmap/session")).json["accounts"]
    assert {MAIL, CONTACTS} <= accounts[house.bob.account]["accountCapabilities"].keys()
    await house.give(house.work)
    accounts = (await house.carol.http("GET", "/jmap/session")).json["accounts"]
    assert CONTACTS not in accounts[house.bob.account]["accountCapabilities"]
    assert (await house.carol.error("AddressBook/get", accountId=house.bob.account))[
        "type"
    ] == "accountNotSupportedByMethod"


async def test_what_is_shared_is_seen_and_nothing_else(stage: JmapStage) -> None:
    house = await House.of(stage)
    inside, both = await house.add(house.work), await house.add(house.work, house.first)
    outside = await house.add(house.first)
    assert await house.give(house.work, "mayRead") == {}
    assert (await house.books(house.bob))[house.work]["shareWith"] == {who(stage, CAROL): rights("mayRead")}
    (book,) = (await house.books()).values()
    assert (book["id"], book["name"], book["isSubscribed"]) == (house.work, "Work", False)
    assert (book["shareWith"], book["myRights"]) == (None, rights("mayRead"))
    cards = await house.seen()
    assert set(cards) == {inside, both}
    assert cards[both]["addressBookIds"] == {house.work: True}
    there = {"accountId": house.bob.account}
    got = await house.carol.call("ContactCard/get", ids=[outside, inside], **there)
    assert got["notFound"] == [outside]
    got = await house.carol.call("AddressBook/get", ids=[house.first], **there)
    assert got["notFound"] == [house.first]
    found = await house.carol.call("ContactCard/query", **there)
    assert set(found["ids"]) == {inside, both}
    hidden = await house.carol.call("ContactCard/query", filter={"inAddressBook": house.first}, **there)
    assert hidden["ids"] == []
    everything = await house.carol.call("ContactCard/serialize", **there)
    assert everything["cards"] == 2
    wrong = await house.carol.error("ContactCard/serialize", addressBookId=house.first, **there)
    assert wrong["type"] == "invalidArguments"


async def test_a_book_without_the_right_to_read_is_seen_and_its_cards_are_not(stage: JmapStage) -> None:
    house = await House.of(stage)
    card = await house.add(house.work)
    await house.give(house.work, "mayWrite")
    assert set(await house.books()) == {house.work}
    assert await house.seen() == {}
    assert await house.add(house.work, by=house.carol)
    assert len((await house.bob.call("ContactCard/get"))["list"]) == 2
    told = await house.carol.call(
        "ContactCard/set", accountId=house.bob.account, update={card: {"language": "de"}}, destroy=[card]
    )
    assert told["notUpdated"][card]["type"] == "notFound"
    assert told["notDestroyed"][card]["type"] == "notFound"


async def test_who_may_write(stage: JmapStage) -> None:
    house = await House.of(stage)
    card, both = await house.add(house.work), await house.add(house.work, house.first)
    there = {"accountId": house.bob.account}
    await house.give(house.work, "mayRead")
    assert (await house.add(house.work, by=house.carol))["type"] == "forbidden"
    told = await house.carol.call("ContactCard/set", update={card: {"language": "de"}}, **there)
    assert told["notUpdated"][card]["type"] == "forbidden"
    told = await house.carol.call("ContactCard/set", destroy=[card], **there)
    assert told["notDestroyed"][card]["type"] == "forbidden"
    await house.give(house.work, "mayRead", "mayWrite")
    assert (await house.add(house.first, by=house.carol))["properties"] == ["addressBookIds"]
    made = await house.add(house.work, by=house.carol)
    assert isinstance(made, str)
    told = await house.carol.call(
        "ContactCard/set", update={card: {"language": "de"}, both: {"language": "fr"}}, **there
    )
    assert set(told["updated"]) == {card, both}
    (kept,) = (await house.bob.call("ContactCard/get", ids=[both]))["list"]
    assert (kept["language"], kept["addressBookIds"]) == ("fr", {house.work: True, house.first: True})
    # Out of the books that she sees: for her it is gone, for him it is where it was besides.
    told = await house.carol.call("ContactCard/set", destroy=[both, card], **there)
    assert told["destroyed"] == [both, card]
    assert set(await house.seen()) == {made}
    (kept,) = (await house.bob.call("ContactCard/get", ids=[both]))["list"]
    assert kept["addressBookIds"] == {house.first: True}
    assert (await house.bob.call("ContactCard/get", ids=[card]))["notFound"] == [card]


async def test_moving_between_books(stage: JmapStage) -> None:
    house = await House.of(stage)
    card = await house.add(house.work)
    there = {"accountId": house.bob.account}
    await house.give(house.work, "mayRead", "mayWrite")
    await house.give(house.first, "mayRead")
    patches: tuple[dict[str, Any], ...] = (
        {f"addressBookIds/{house.first}": True},
        {"addressBookIds": {house.first: True}},
    )
    for patch in patches:
        told = await house.carol.call("ContactCard/set", update={card: patch}, **there)
        assert told["notUpdated"][card]["type"] == "forbidden", patch
    await house.give(house.first, "mayRead", "mayWrite")
    told = await house.carol.call("ContactCard/set", update={card: patches[1]}, **there)
    assert told["updated"].keys() == {card}
    assert (await house.seen())[card]["addressBookIds"] == {house.first: True}
    # Where one of its books may only be read, it is not removed.
    await house.bob.call("ContactCard/set", update={card: {f"addressBookIds/{house.work}": True}})
    await house.give(house.first, "mayRead")
    told = await house.carol.call("ContactCard/set", destroy=[card], **there)
    assert told["notDestroyed"][card]["type"] == "forbidden"


async def test_the_book_itself(stage: JmapStage) -> None:
    house = await House.of(stage)
    card = await house.add(house.work)
    there = {"accountId": house.bob.account}
    await house.give(house.work, "mayRead")
    told = await house.carol.call("AddressBook/set", create={"n": {"name": "Mine"}}, **there)
    assert told["notCreated"]["n"]["type"] == "forbidden"
    assert (await house.change(house.carol, house.work, {"name": "Mine"}))["type"] == "forbidden"
    assert (await house.change(house.carol, house.first, {"name": "Mine"}))["type"] == "notFound"
    told = await house.carol.call("AddressBook/set", destroy=[house.work, house.first], **there)
    assert {name: one["type"] for name, one in told["notDestroyed"].items()} == {
        house.work: "forbidden",
        house.first: "notFound",
    }
    # The subscription is her own.
    assert await house.change(house.carol, house.work, {"isSubscribed": True}) == {}
    assert (await house.books())[house.work]["isSubscribed"]
    assert await house.change(house.bob, house.work, {"isSubscribed": False}) == {}
    assert (await house.books())[house.work]["isSubscribed"]
    assert not (await house.books(house.bob))[house.work]["isSubscribed"]
    await house.give(house.work, "mayRead", "mayWrite")
    assert (await house.books())[house.work]["isSubscribed"]
    assert await house.change(house.carol, house.work, {"name": "Ours", "isSubscribed": False}) == {}
    his = (await house.books(house.bob))[house.work]
    assert (his["name"], his["isSubscribed"]) == ("Ours", False)
    # The default is the owner's to say; who may not is not told.
    told = await house.carol.call("AddressBook/set", onSuccessSetIsDefault=house.work, **there)
    assert told["updated"] is None
    assert (await house.books(house.bob))[house.first]["isDefault"]
    await house.give(house.work, "mayRead", "mayDelete")
    for contents, error in ((False, "addressBookHasContents"), (True, "forbidden")):
        told = await house.carol.call(
            "AddressBook/set", destroy=[house.work], onDestroyRemoveContents=contents, **there
        )
        assert told["notDestroyed"][house.work]["type"] == error
    await house.give(house.work, "mayRead", "mayWrite", "mayDelete")
    told = await house.carol.call(
        "AddressBook/set", destroy=[house.work], onDestroyRemoveContents=True, **there
    )
    assert told["destroyed"] == [house.work]
    assert (await house.bob.call("ContactCard/get", ids=[card]))["notFound"] == [card]


async def test_who_may_share(stage: JmapStage) -> None:
    house = await House.of(stage)
    await stage.move_in(DORA)
    await house.give(house.work, "mayRead")
    assert (await house.give(house.work, "mayRead", to=DORA, by=house.carol))["type"] == "forbidden"
    await house.give(house.work, "mayRead", "mayShare")
    assert (await house.books())[house.work]["shareWith"] == {
        who(stage, CAROL): rights("mayRead", "mayShare")
    }
    # Nobody gives what he does not have (RFC 9610 §2.3), but for what was there already.
    assert (await house.give(house.work, "mayWrite", to=DORA, by=house.carol))["type"] == "forbidden"
    assert await house.give(house.work, "mayRead", to=DORA, by=house.carol) == {}
    assert await house.give(house.work, "mayRead", "mayWrite", to=DORA) == {}
    assert await house.give(house.work, "mayWrite", to=DORA, by=house.carol) == {}
    assert (await house.give(house.work, "mayRead", to=BOB, by=house.carol))["type"] == "invalidProperties"
    assert (await house.give(house.work, "mayRead", to=ALICE))["type"] == "invalidProperties"
    dora = stage.jmap(DORA)
    assert (await house.books(dora))[house.work]["myRights"] == rights("mayWrite")
    # She may give her own right away, at last, and there is no way back.
    patch = {
        f"shareWith/{who(stage, CAROL)}/mayShare": False,
        f"shareWith/{who(stage, DORA)}": None,
    }
    assert await house.change(house.carol, house.work, patch) == {}
    assert (await house.books(house.bob))[house.work]["shareWith"] == {who(stage, CAROL): rights("mayRead")}
    assert await house.change(house.bob, house.work, {"shareWith": None}) == {}
    assert (await house.books(house.bob))[house.work]["shareWith"] is None
    told = await house.carol.error("AddressBook/get", accountId=house.bob.account)
    assert told["type"] == "accountNotFound"


async def test_a_book_is_made_shared(stage: JmapStage) -> None:
    house = await House.of(stage)
    given = {who(stage, CAROL): {"mayRead": True}}
    told = await house.bob.call("AddressBook/set", create={"n": {"name": "New", "shareWith": given}})
    made = told["created"]["n"]
    assert made["shareWith"] == {who(stage, CAROL): rights("mayRead")}
    assert set(await house.books()) == {made["id"]}
    told = await house.bob.call("AddressBook/set", update={house.work: {"shareWith": given}})
    assert told["updated"] == {house.work: {"shareWith": {who(stage, CAROL): rights("mayRead")}}}
    whole = {who(stage, CAROL): rights("mayRead", "mayWrite")}
    told = await house.bob.call("AddressBook/set", update={house.work: {"shareWith": whole}})
    assert told["updated"] == {house.work: None}


async def test_the_store_lets_nobody_do_what_he_may_not(stage: JmapStage) -> None:
    house = await House.of(stage)
    await house.give(house.work, "mayRead", "mayWrite", "mayShare", "mayDelete")
    account_id, her = stage.logins.people[BOB], stage.logins.people[CAROL]
    (work,) = await record_numbers(stage, contacts.books_of(account_id), "Work")
    (first,) = await record_numbers(stage, contacts.books_of(account_id), "Contacts")
    card = contacts.Card([first], {"uid": "urn:x"})
    hers, nobodys = contacts.Reach(account_id, her), contacts.Reach(account_id, stage.logins.people[ALICE])
    write = stage.store.engine.write
    with pytest.raises(NotPermitted):
        await write(lambda tx: contacts.set_default(tx, hers, work))
    with pytest.raises(NotPermitted):
        await write(lambda tx: contacts.add_book(tx, hers, 4711, contacts.Book("x")))
    with pytest.raises(NoSuchRecord):
        await write(lambda tx: contacts.remove_book(tx, hers, first, stage.now, contents=False))
    with pytest.raises(contacts.NoSuchBook):
        await write(lambda tx: contacts.put_card(tx, hers, 4712, card, stage.now))
    with pytest.raises(NoSuchRecord):
        await write(lambda tx: contacts.change_book(tx, nobodys, work, lambda book: book))
    with pytest.raises(NoSuchRecord):
        await write(lambda tx: record_acl.give(tx, nobodys.book(work), her, "r", stage.now))
    with pytest.raises(NotPermitted):
        await write(lambda tx: record_acl.give(tx, hers.book(work), account_id, "r", stage.now))


async def test_so_many_in_a_list(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    house = await House.of(stage)
    for address in (DORA, "emil@hamburger.test"):
        await stage.move_in(address)
    monkeypatch.setattr(record_acl, "MAX_GRANTEES", 2)
    assert await house.give(house.work, "mayRead") == {}
    assert await house.give(house.work, "mayRead", to=DORA) == {}
    assert (await house.give(house.work, "mayRead", to="emil@hamburger.test"))["type"] == "forbidden"
    assert await house.give(house.work, "mayWrite", to=DORA) == {}
    assert len((await house.books(house.bob))[house.work]["shareWith"]) == 2


async def test_so_many_are_shown(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    house = await House.of(stage)
    for book in (house.first, house.work):
        await house.give(book, "mayRead")
    carol = stage.logins.people[CAROL]
    monkeypatch.setattr(record_acl, "MAX_GIVEN", 2)
    (kinds,) = (await record_acl.shared_with(stage.store.engine.reading(), carol)).values()
    assert len(kinds["AddressBook"]) == 2
    monkeypatch.setattr(record_acl, "MAX_GIVEN", 1)
    (kinds,) = (await record_acl.shared_with(stage.store.engine.reading(), carol)).values()
    assert len(kinds["AddressBook"]) == 1


async def test_notifications(stage: JmapStage) -> None:
    house = await House.of(stage)
    state = (await house.carol.call("ShareNotification/get", ids=[]))["state"]
    await house.give(house.work, "mayRead")
    stage.now += 61_000_000
    await house.give(house.work, "mayRead", "mayWrite")
    await house.give(house.work, "mayRead", "mayWrite")  # nothing new
    first, second = await house.notices()
    assert first == {
        "id": first["id"],
        "created": "2025-06-15T15:06:40Z",
        "changedBy": {"name": BOB, "email": BOB, "principalId": who(stage, BOB)},
        "objectType": "AddressBook",
        "objectAccountId": house.bob.account,
        "objectId": house.work,
        "oldRights": None,
        "newRights": rights("mayRead"),
        "name": "Work",
    }
    assert (second["oldRights"], second["newRights"]) == (rights("mayRead"), rights("mayRead", "mayWrite"))
    changed = await house.carol.call("ShareNotification/changes", sinceState=state)
    assert changed["created"] == [first["id"], second["id"]]
    for kind, expected in (("AddressBook", 2), ("Mailbox", 0)):
        found = await house.carol.call("ShareNotification/query", filter={"objectType": kind})
        assert len(found["ids"]) == expected
    # Who subscribes knows.
    await house.change(house.carol, house.work, {"isSubscribed": True})
    assert await house.notices() == []
    # A book that is removed takes the rights in it along.
    stage.now += 61_000_000
    await house.bob.call("AddressBook/set", destroy=[house.work])
    (gone,) = await house.notices()
    assert (gone["oldRights"], gone["newRights"]) == (rights("mayRead", "mayWrite"), None)
    assert await house.notices(house.bob) == []


async def test_nobody_is_told_of_what_he_did_himself(stage: JmapStage) -> None:
    house = await House.of(stage)
    await house.give(house.work, "mayRead", "mayShare")
    await house.give(house.work, "mayRead", by=house.carol)
    (one,) = await house.notices()
    assert one["newRights"] == rights("mayRead", "mayShare")


async def test_who_shares_sees_who_is_in_the_list(stage: JmapStage) -> None:
    house = await House.of(stage)
    emil = "emil@crepes.test"
    his = id_text(IdKind.PRINCIPAL, await stage.move_in(emil))
    kind = record_acl.Kind(stage.logins.people[BOB], "AddressBook")
    number = next(iter(await record_numbers(stage, kind, "Work")))
    ref = record_acl.RecordRef(kind, number)
    await stage.store.engine.write(
        lambda tx: record_acl.give(tx, ref, stage.logins.people[emil], "r", stage.now)
    )
    assert (await house.bob.call("Principal/get", ids=[his]))["notFound"] == []
    await house.give(house.work, "mayRead")
    assert (await house.carol.call("Principal/get", ids=[his]))["notFound"] == [his]
    await house.give(house.work, "mayRead", "mayShare")
    assert (await house.carol.call("Principal/get", ids=[his]))["notFound"] == []
