"""Cards in address books of others: what is new, what is gone, what is pushed, pictures, copies (RFC 9610 §3, RFC 8620 §5.2, §5.4, §7.1)."""

import asyncio
import random
from typing import Any

import pytest

from book_house import ALL, CAROL, House, record_numbers
from card_file import PNG
from jmap_stage import ALICE, BOB, JmapClient, JmapStage
from postroom.message.errors import NotPermitted
from postroom.message.ids import IdKind, parse_id
from postroom.serve.jmap.methods.call import Visitor
from postroom.serve.jmap.push.watching import Watch
from postroom.store import pruning
from postroom.store.fsck.findings import Wrong
from postroom.store.fsck.fsck import check
from postroom.store.records import acl as record_acl
from postroom.store.records import contacts
from postroom.store.records import places as record_places
from postroom.store.records.records import NoSuchRecord


async def test_what_is_shared_is_new_and_what_is_taken_is_gone(stage: JmapStage) -> None:
    house = await House.of(stage)
    there = {"accountId": house.bob.account}
    inside, outside = await house.add(house.work), await house.add(house.first)
    await house.give(house.first, "mayWrite")
    books = (await house.carol.call("AddressBook/get", ids=[], **there))["state"]
    cards = (await house.carol.call("ContactCard/get", ids=[], **there))["state"]
    query = await house.carol.call("ContactCard/query", **there)
    await house.give(house.work, "mayRead")
    told = await house.carol.call("AddressBook/changes", sinceState=books, **there)
    assert (told["created"], told["updated"], told["destroyed"]) == ([house.work], [], [])
    told = await house.carol.call("ContactCard/changes", sinceState=cards, **there)
    assert (told["created"], told["updated"], told["destroyed"]) == ([inside], [], [])
    assert told["newState"] != cards
    found = await house.carol.call("ContactCard/queryChanges", sinceQueryState=query["queryState"], **there)
    assert found["added"] == [{"id": inside, "index": 0}]
    # What is not hers to see is not told, not even as an id.
    state = told["newState"]
    await house.bob.call("ContactCard/set", update={outside: {"language": "de"}}, destroy=[])
    await house.bob.call("ContactCard/set", destroy=[outside])
    told = await house.carol.call("ContactCard/changes", sinceState=state, **there)
    assert (told["created"], told["updated"], told["destroyed"]) == ([], [], [])
    # Into her sight, and out of it.
    state = told["newState"]
    await house.bob.call("ContactCard/set", update={inside: {"addressBookIds": {house.first: True}}})
    told = await house.carol.call("ContactCard/changes", sinceState=state, **there)
    assert (told["created"], told["updated"], told["destroyed"]) == ([], [], [inside])
    state = told["newState"]
    await house.bob.call("ContactCard/set", update={inside: {"addressBookIds": {house.work: True}}})
    told = await house.carol.call("ContactCard/changes", sinceState=state, **there)
    assert (told["created"], told["updated"], told["destroyed"]) == ([inside], [], [])
    state, books = told["newState"], (await house.carol.call("AddressBook/get", ids=[], **there))["state"]
    await house.give(house.work)
    told = await house.carol.call("ContactCard/changes", sinceState=state, **there)
    assert (told["created"], told["updated"], told["destroyed"]) == ([], [], [inside])
    told = await house.carol.call("AddressBook/changes", sinceState=books, **there)
    assert (told["created"], told["updated"], told["destroyed"]) == ([], [], [house.work])


class Replica:
    """What a client has that only ever asks for changes."""

    def __init__(self, house: House, kind: str) -> None:
        self._house, self._kind, self._state = house, kind, ""
        self.has: set[str] = set()

    async def look(self, most: int | None = None) -> None:
        client, account = self._house.carol, self._house.bob.account
        if not self._state:
            got = await client.call(f"{self._kind}/get", accountId=account)
            self._state, self.has = got["state"], {one["id"] for one in got["list"]}
            return
        more = True
        while more:
            told = await client.call(
                f"{self._kind}/changes", accountId=account, sinceState=self._state, maxChanges=most
            )
            assert not self.has.intersection(told["created"]), told
            assert self.has.issuperset(told["updated"]), told
            self.has = (self.has | set(told["created"])) - set(told["destroyed"])
            self._state, more = told["newState"], told["hasMoreChanges"]


@pytest.mark.parametrize("seed", range(4))
async def test_a_replica_stays_true(stage: JmapStage, seed: int) -> None:
    chance = random.Random(seed)
    house = await House.of(stage)
    made = await house.bob.call("AddressBook/set", create={"t": {"name": "Third"}, "z": {"name": "Open"}})
    books = [house.first, house.work, made["created"]["t"]["id"]]
    await house.give(made["created"]["z"]["id"], "mayWrite")  # so that there is an account, always
    replicas = [Replica(house, "AddressBook"), Replica(house, "ContactCard")]
    cards = [await house.add(*chance.sample(books, chance.randint(1, 3))) for _ in range(5)]
    for _ in range(25):
        for _ in range(chance.randint(1, 4)):
            match chance.randint(0, 4):
                case 0:
                    await house.give(chance.choice(books), *chance.sample(ALL, chance.randint(0, 3)))
                case 1:
                    into = dict.fromkeys(chance.sample(books, chance.randint(1, 3)), True)
                    await house.bob.call(
                        "ContactCard/set", update={chance.choice(cards): {"addressBookIds": into}}
                    )
                case 2 if len(cards) > 2:
                    gone = cards.pop(chance.randrange(len(cards)))
                    await house.bob.call("ContactCard/set", destroy=[gone])
                case 3:
                    patch = {"language": chance.choice(["de", "fr", "nl"])}
                    await house.bob.call("ContactCard/set", update={chance.choice(cards): patch})
                case _:
                    cards.append(await house.add(*chance.sample(books, chance.randint(1, 3))))
        for one in replicas:
            await one.look(chance.choice([None, 1, 2]))
        assert replicas[0].has == set(await house.books())
        assert replicas[1].has == set(await house.seen())
    assert [one async for one in check(stage.store, stage.now)] == []


async def test_what_is_forgotten(stage: JmapStage) -> None:
    house = await House.of(stage)
    there = {"accountId": house.bob.account}
    card = await house.add(house.work)
    await house.give(house.first, "mayRead")
    await house.give(house.work, "mayRead")
    state = (await house.carol.call("ContactCard/get", ids=[], **there))["state"]
    await house.give(house.work)
    told = await house.carol.call("ContactCard/changes", sinceState=state, **there)
    assert told["destroyed"] == [card]
    await pruning.prune(stage.store.engine, stage.now + (pruning.VANISHED_DAYS + 1) * pruning.DAY)
    error = await house.carol.error("ContactCard/changes", sinceState=state, **there)
    assert error["type"] == "cannotCalculateChanges"
    now = (await house.carol.call("ContactCard/get", ids=[], **there))["state"]
    told = await house.carol.call("ContactCard/changes", sinceState=now, **there)
    assert (told["created"], told["updated"], told["destroyed"]) == ([], [], [])


@pytest.mark.parametrize("given", [False, True])
async def test_so_many_changes(stage: JmapStage, monkeypatch: pytest.MonkeyPatch, given: bool) -> None:
    """Of a book that was there already, and of one that comes into sight."""
    house = await House.of(stage)
    there = {"accountId": house.bob.account}
    await house.give(house.first, "mayRead")
    if given:
        await house.give(house.work, "mayRead")
    state = (await house.carol.call("ContactCard/get", ids=[], **there))["state"]
    cards = [await house.add(house.work) for _ in range(3)]
    await house.give(house.work, "mayRead")
    monkeypatch.setattr(record_places, "MOST_TOUCHED", 3)
    told = await house.carol.call("ContactCard/changes", sinceState=state, **there)
    assert sorted(told["created"]) == sorted(cards)
    monkeypatch.setattr(record_places, "MOST_TOUCHED", 2)
    for method, name in (("changes", "sinceState"), ("queryChanges", "sinceQueryState")):
        error = await house.carol.error(f"ContactCard/{method}", **there, **{name: state})
        assert error["type"] == "cannotCalculateChanges"


async def test_pushed(stage: JmapStage) -> None:
    house = await House.of(stage)
    app = house.bob.app = stage.app()
    watch = Watch(app.service, Visitor(stage.logins.people[CAROL], CAROL))
    await watch.begin()

    async def news() -> dict[str, dict[str, str]]:
        found = await asyncio.wait_for(watch.news(), 60)
        assert found is not None
        return found.changed

    async def states() -> dict[str, str]:
        return {
            name: (await house.carol.call(f"{name}/get", accountId=house.bob.account, ids=[]))["state"]
            for name in ("AddressBook", "ContactCard")
        }

    await house.give(house.work, "mayRead")
    told = await news()
    assert told[house.bob.account] == await states()  # and nothing of mail
    assert set(told[house.carol.account]) == {"ShareNotification"}
    card = await house.add(house.work)
    assert (await news()) == {house.bob.account: {"ContactCard": (await states())["ContactCard"]}}
    await house.bob.call("ContactCard/set", destroy=[card])
    assert (await news()) == {house.bob.account: {"ContactCard": (await states())["ContactCard"]}}
    stage.now += 61_000_000
    await house.give(house.work)
    told = await news()
    assert set(told) == {house.carol.account}
    await house.add(house.work)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(watch.news(), 0.2)
    watch.close()


async def test_pictures(stage: JmapStage) -> None:
    house = await House.of(stage)
    there = {"accountId": house.bob.account}

    async def upload(client: JmapClient) -> str:
        return str((await client.http("POST", f"/jmap/upload/{client.account}/", PNG)).json["blobId"])

    def path(blob: str) -> str:
        return f"/jmap/download/{house.bob.account}/{blob}/photo"

    def photo(blob: str) -> dict[str, Any]:
        return {"m": {"kind": "photo", "blobId": blob}}

    card = await house.add(house.work, media=photo(await upload(house.bob)))
    hidden = await house.add(house.first, media={"m": {"kind": "sound", "uri": "data:audio/x;base64,AAEC"}})
    await house.give(house.work, "mayRead", "mayWrite")
    seen = (await house.seen())[card]["media"]["m"]
    assert seen["mediaType"] == "image/png"
    assert (await house.carol.http("GET", path(seen["blobId"]))).body == PNG
    (his,) = (await house.bob.call("ContactCard/get", ids=[hidden]))["list"]
    assert (await house.bob.http("GET", path(his["media"]["m"]["blobId"]))).body == b"\0\1\2"
    assert (await house.carol.http("GET", path(his["media"]["m"]["blobId"]))).status == 404
    # What she has uploaded becomes the account's whose card it is.
    mine = await upload(house.carol)
    told = await house.carol.call("ContactCard/set", update={card: {"media": photo(mine)}}, **there)
    kept = told["updated"][card]["media"]["m"]["blobId"]
    await stage.store.sweep(stage.now + 10**15)
    assert (await house.bob.http("GET", path(kept))).body == PNG
    assert [one async for one in check(stage.store, stage.now)] == []
    await house.give(house.work)
    assert (await house.carol.http("GET", path(kept))).status == 404


async def _parked(house: House) -> int:
    """How many bodies Bob's account has that nothing refers to yet."""
    asked = "SELECT COUNT(*) FROM blobs WHERE account_id = $1"
    rows = await house.stage.store.engine.reading().fetch(asked, house.stage.logins.people[BOB])
    return int(rows[0][0])


async def test_a_reader_puts_nothing_into_the_account(stage: JmapStage) -> None:
    """Media become blobs of whose card it is only for who may write it (RFC 9610 §2): they would push out what he has uploaded himself."""
    house = await House.of(stage)
    card = await house.add(house.work)
    await house.give(house.work, "mayRead")
    there = {"accountId": house.bob.account}
    before = await _parked(house)
    blob = (await house.carol.http("POST", f"/jmap/upload/{house.carol.account}/", PNG)).json["blobId"]
    mine = (await house.carol.call("AddressBook/get"))["list"][0]["id"]
    for one in ({"uri": "data:audio/x;base64,AAEC"}, {"blobId": blob}):
        media = {"m": {"kind": "sound", **one}}
        assert (await house.add(house.work, by=house.carol, media=media))["type"] == "forbidden"
        assert (await house.add(mine, by=house.carol, media=media))["properties"] == ["addressBookIds"]
        told = await house.carol.call("ContactCard/set", update={card: {"media": media}}, **there)
        assert told["notUpdated"][card]["type"] == "forbidden"
        given = {"addressBookIds": {mine: True}, "media": media}
        own = (await house.carol.call("ContactCard/set", create={"n": given}))["created"]["n"]["id"]
        create = {"c": {"id": own, "addressBookIds": {house.work: True}}}
        told = await house.carol.call(
            "ContactCard/copy", create=create, fromAccountId=house.carol.account, **there
        )
        assert told["notCreated"]["c"]["type"] == "forbidden"
    assert await _parked(house) == before


async def test_a_picture_is_copied_into_a_shared_book(stage: JmapStage) -> None:
    """RFC 8620 §5.4: with its media, which become the owner's."""
    house = await House.of(stage)
    await house.give(house.work, "mayRead", "mayWrite")
    mine = (await house.carol.call("AddressBook/get"))["list"][0]["id"]
    blob = (await house.carol.http("POST", f"/jmap/upload/{house.carol.account}/", PNG)).json["blobId"]
    given = {"addressBookIds": {mine: True}, "media": {"m": {"kind": "photo", "blobId": blob}}}
    own = (await house.carol.call("ContactCard/set", create={"n": given}))["created"]["n"]["id"]
    create = {"c": {"id": own, "addressBookIds": {house.work: True}}}
    there = {"fromAccountId": house.carol.account, "accountId": house.bob.account}
    told = await house.carol.call("ContactCard/copy", create=create, **there)
    kept = (await house.seen())[told["created"]["c"]["id"]]["media"]["m"]["blobId"]
    await stage.store.sweep(stage.now + 10**15)
    path = f"/jmap/download/{house.bob.account}/{kept}/photo"
    assert (await house.bob.http("GET", path)).body == PNG


async def test_copying(stage: JmapStage) -> None:
    house = await House.of(stage)
    mine = (await house.carol.call("AddressBook/get"))["list"][0]["id"]
    blob = (await house.bob.http("POST", f"/jmap/upload/{house.bob.account}/", PNG)).json["blobId"]
    media = {"m": {"kind": "photo", "blobId": blob}, "l": {"kind": "logo", "uri": "https://x.test/l"}}
    card = await house.add(house.work, media=media, uid="urn:one", language="de")
    outside = await house.add(house.first)
    await house.give(house.work, "mayRead")
    theirs: dict[str, Any] = {"fromAccountId": house.bob.account}
    into = {"addressBookIds": {mine: True}}
    create = {"a": {"id": card, **into, "language": "fr"}, "b": {"id": outside, **into}, "c": {"id": card}}
    told = await house.carol.call("ContactCard/copy", create=create, **theirs)
    assert told["notCreated"]["b"]["type"] == "notFound"
    assert told["notCreated"]["c"]["type"] == "alreadyExists"
    (copied,) = (await house.carol.call("ContactCard/get"))["list"]
    assert copied["id"] == told["created"]["a"]["id"] == told["notCreated"]["c"]["existingId"]
    assert (copied["uid"], copied["language"], copied["addressBookIds"]) == ("urn:one", "fr", {mine: True})
    assert copied["media"]["l"] == media["l"]
    own = copied["media"]["m"]["blobId"]
    assert own != blob
    assert (await house.carol.http("GET", f"/jmap/download/{house.carol.account}/{own}/p")).body == PNG
    # Back again; what it may not do, it does not.
    back = {"fromAccountId": house.carol.account, "accountId": house.bob.account}
    new = (await house.carol.call("ContactCard/set", create={"n": into}))["created"]["n"]["id"]
    create = {"d": {"id": new, "addressBookIds": {house.work: True}}}
    told = await house.carol.call("ContactCard/copy", create=create, **back)
    assert told["notCreated"]["d"]["type"] == "forbidden"
    await house.give(house.work, "mayRead", "mayWrite")
    moved = {"accountId": house.bob.account, "fromAccountId": house.carol.account, "create": create}
    answers = await house.carol.request(
        ["ContactCard/copy", {**moved, "onSuccessDestroyOriginal": True}, "c"]
    )
    assert [one[0] for one in answers] == ["ContactCard/copy", "ContactCard/set"]
    assert answers[1][1]["destroyed"] == [new]
    assert (await house.carol.error("ContactCard/copy", create={}, ifFromInState="0", **back))[
        "type"
    ] == "stateMismatch"
    assert (await house.carol.error("ContactCard/copy", create={}, ifInState="0", **back))[
        "type"
    ] == "stateMismatch"
    # A card that is there where she does not see it: no duplicate, and not a word about it.
    await house.add(house.first, uid="urn:hidden")
    given = {"uid": "urn:hidden", **into}
    again = (await house.carol.call("ContactCard/set", create={"n": given}))["created"]["n"]["id"]
    create = {"e": {"id": again, "addressBookIds": {house.work: True}}}
    told = await house.carol.call("ContactCard/copy", create=create, **back)
    assert told["notCreated"]["e"]["type"] == "forbidden"
    assert "existingId" not in told["notCreated"]["e"]
    nobody = stage.jmap(ALICE).account
    assert (await house.carol.error("ContactCard/copy", create={}, fromAccountId=nobody))[
        "type"
    ] == "fromAccountNotFound"


async def test_a_removed_account_leaves_no_list(stage: JmapStage) -> None:
    house = await House.of(stage)
    await house.add(house.work)
    await house.give(house.work, "mayRead")
    await pruning.purge(stage.store.engine, stage.logins.people[BOB], stage.now)
    for table in ("record_acl", "record_places"):
        assert await stage.store.engine.reading().fetch(f"SELECT 1 FROM {table}") == [], table
    session = (await house.carol.http("GET", "/jmap/session")).json
    assert set(session["accounts"]) == {house.carol.account}


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM record_places WHERE record_id = $1",
        "UPDATE record_places SET place_id = place_id + 1 WHERE record_id = $1",
        "DELETE FROM records WHERE record_id = $1",
    ],
)
async def test_a_card_that_is_not_where_it_says(stage: JmapStage, damage: str) -> None:
    house = await House.of(stage)
    card = await house.add(house.work)
    await house.add(house.first)
    await house.give(house.work, "mayRead")
    await stage.store.engine.write(lambda tx: tx.execute(damage, parse_id(IdKind.RECORD, card)))
    assert {one.wrong for one in [one async for one in check(stage.store, stage.now)]} == {Wrong.PLACES}
    found = [one async for one in check(stage.store, stage.now, repair=True)]
    assert all(one.repaired for one in found)
    assert [one async for one in check(stage.store, stage.now)] == []
    assert set(await house.seen()) == ({card} if "FROM records" not in damage else set())


async def test_a_card_in_a_book_that_is_gone(stage: JmapStage) -> None:
    house = await House.of(stage)
    card = await house.add(house.work)
    for damage in (
        "DELETE FROM records WHERE record_id = $1",
        "DELETE FROM record_places WHERE place_id = $1",
    ):
        number = parse_id(IdKind.RECORD, house.work)
        await stage.store.engine.write(lambda tx, sql=damage, number=number: tx.execute(sql, number))  # type: ignore[misc]
    found = [one async for one in check(stage.store, stage.now, repair=True)]
    assert [one.wrong for one in found] == [Wrong.PLACES]
    (kept,) = (await house.bob.call("ContactCard/get", ids=[card]))["list"]
    assert kept["addressBookIds"] == {house.first: True}


async def test_a_book_goes_while_cards_come(stage: JmapStage) -> None:
    house = await House.of(stage)
    await house.give(house.work, "mayRead", "mayWrite")
    account_id, her = stage.logins.people[BOB], stage.logins.people[CAROL]
    work, write = parse_id(IdKind.RECORD, house.work), stage.store.engine.write
    assert work is not None
    ref = record_acl.RecordRef(contacts.books_of(account_id), work)

    async def come(number: int, who: int) -> None:
        card = contacts.Card([work], {"uid": f"urn:{number}"})
        reach = contacts.Reach(account_id, who)
        await write(lambda tx: contacts.put_card(tx, reach, number, card, stage.now))

    async def go() -> None:
        reach = contacts.Reach(account_id)
        await write(lambda tx: contacts.remove_book(tx, reach, work, stage.now, contents=True))

    async def give(letters: str) -> None:
        await write(lambda tx: record_acl.give(tx, ref, her, letters, stage.now))

    coming = [come(number, her if number % 2 else 0) for number in range(1, 13)]
    done = await asyncio.gather(
        *coming[:6], give(""), give("rw"), go(), give("r"), *coming[6:], return_exceptions=True
    )
    refusals = (contacts.NoSuchBook, NoSuchRecord, NotPermitted, type(None))
    assert all(isinstance(one, refusals) for one in done), done
    assert [one async for one in check(stage.store, stage.now)] == []
    assert (await house.bob.call("ContactCard/get"))["list"] == []
    assert await stage.store.engine.reading().fetch("SELECT 1 FROM record_acl") == []


async def test_places_are_those_of_the_cards(stage: JmapStage) -> None:
    house = await House.of(stage)
    card = await house.add(house.work, house.first)
    account_id = stage.logins.people[BOB]
    of = record_places.Containing(
        record_acl.Kind(account_id, "ContactCard"), record_acl.Kind(account_id, "AddressBook")
    )
    (first,) = await record_numbers(stage, of.outer, "Contacts")
    (work,) = await record_numbers(stage, of.outer, "Work")
    reading = stage.store.engine.reading()
    assert len(await record_places.inside(reading, of, [work])) == 1
    assert await record_places.inside(reading, of, [work]) == await record_places.inside(reading, of, [first])
    await house.bob.call("AddressBook/set", destroy=[house.work], onDestroyRemoveContents=True)
    assert await record_places.inside(reading, of, [work]) == []
    assert len(await record_places.inside(reading, of, [first])) == 1
    await house.bob.call("ContactCard/set", destroy=[card])
    assert await record_places.inside(reading, of, [first]) == []
