"""Sharing over JMAP: principals, shareWith on mailboxes, share notifications (RFC 9670), and the same lists over IMAP."""

import asyncio
from functools import partial
from typing import Any

import pytest

from behind import behind
from jmap_stage import ALICE, BOB, JmapClient, JmapStage
from postroom.message.address import parse_mailbox
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import MAIL_SHARE, OWNER, PRINCIPALS
from postroom.serve.jmap.methods.call import Visitor
from postroom.serve.jmap.push.watching import Watch
from postroom.serve.jmap.sharing import share_with
from postroom.serve.jmap.sharing.share_with import letters_of, rights_of
from postroom.store.administration import accounts
from postroom.store.mailboxes import acl, mailboxes
from postroom.store.mailboxes.rights import ALL, Right
from postroom.store.records import share_notices

CAROL = "carol@hamburger.test"
READING = ("mayReadItems",)


def rights(*names: str) -> dict[str, bool]:
    return {name: name in names for name in rights_of("")}


def who(stage: JmapStage, address: str) -> str:
    return id_text(IdKind.PRINCIPAL, stage.logins.people[address])


async def box_of(client: JmapClient, name: str, **arguments: Any) -> dict[str, Any]:
    found = await client.call("Mailbox/get", ids=None, **arguments)
    return next(one for one in found["list"] if one["name"] == name)


async def share(client: JmapClient, box: str, **patch: Any) -> dict[str, Any]:
    """The SetError of a Mailbox/set, {} for none."""
    told = await client.call("Mailbox/set", update={box: patch})
    return (told["notUpdated"] or {}).get(box, {})


async def notices(client: JmapClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.call("ShareNotification/get", ids=None))["list"]
    return found


@pytest.mark.parametrize(
    ("former", "wanted", "letters"),
    [
        ("", READING, "lr"),
        ("", ("mayAddItems",), "li"),
        ("lr", ("mayAddItems",), "li"),
        ("lrt", READING, "lrt"),  # half of mayRemoveItems: no right, nobody's to take
        ("lrt", ("mayReadItems", "mayRemoveItems"), "lrte"),
        ("lrte", READING, "lr"),
        ("lrx", READING, "lr"),
        ("lrt", (), ""),
        ("l", ("mayShare",), "la"),
        ("", tuple(rights_of("")), ALL),
    ],
)
def test_rights_and_letters(former: str, wanted: tuple[str, ...], letters: str) -> None:
    assert letters_of(former, rights(*wanted)) == letters
    if wanted:
        assert rights_of(letters) == rights(*wanted)


def test_each_right_is_there_and_back() -> None:
    for letter in Right:
        given = rights_of(f"lr{letter}")
        assert set(letters_of("", given)) | {letter} == {"l", "r", letter}


async def test_the_session(stage: JmapStage) -> None:
    bob, alice = stage.jmap(BOB), stage.jmap(ALICE)
    await (await stage.user(BOB)).ok(f"SETACL INBOX {ALICE} lr")
    session = (await alice.http("GET", "/jmap/session")).json
    own = session["accounts"][alice.account]["accountCapabilities"]
    assert own[PRINCIPALS] == {"currentUserPrincipalId": who(stage, ALICE)}
    assert own[OWNER] == {"accountIdForPrincipal": alice.account, "principalId": who(stage, ALICE)}
    theirs = session["accounts"][bob.account]["accountCapabilities"]
    assert theirs[OWNER] == {"accountIdForPrincipal": alice.account, "principalId": who(stage, BOB)}
    assert PRINCIPALS not in theirs
    assert MAIL_SHARE in theirs
    assert OWNER not in session["capabilities"]


async def test_a_list_is_the_same_over_imap_and_jmap(stage: JmapStage) -> None:
    await stage.move_in(CAROL)
    imap, bob, carol = await stage.user(BOB), stage.jmap(BOB), stage.jmap(CAROL)
    await imap.ok("CREATE shared")
    box = await box_of(bob, "shared")
    assert box["shareWith"] is None
    assert box["myRights"]["mayShare"]
    state = (await bob.call("Mailbox/get", ids=[]))["state"]
    her = who(stage, CAROL)
    assert await share(bob, box["id"], shareWith={her: {"mayReadItems": True, "mayAddItems": True}}) == {}
    (line,) = await imap.ok("GETACL shared")
    assert f"{CAROL} lri" in line
    changed = await bob.call("Mailbox/changes", sinceState=state)
    assert changed["updated"] == [box["id"]]
    assert (await box_of(bob, "shared"))["shareWith"] == {her: rights("mayReadItems", "mayAddItems")}
    seen = await box_of(carol, "shared", accountId=bob.account)
    assert seen["myRights"] == rights("mayReadItems", "mayAddItems")
    assert seen["shareWith"] is None
    # IMAP changes it, JMAP shows it; a patch takes one right and leaves the rest.
    await imap.ok(f"SETACL shared {CAROL} lrswt")
    assert (await box_of(bob, "shared"))["shareWith"] == {
        her: rights("mayReadItems", "maySetSeen", "maySetKeywords")
    }
    assert await share(bob, box["id"], **{f"shareWith/{her}/maySetSeen": False}) == {}
    (line,) = await imap.ok("GETACL shared")
    assert f"{CAROL} lrwt" in line
    # What is denied is not shown; giving it takes the denial away. What anyone has is left alone.
    await imap.ok(f"SETACL shared -{CAROL} w")
    await imap.ok("SETACL shared anyone l")
    assert (await box_of(bob, "shared"))["shareWith"] == {her: rights("mayReadItems")}
    assert await share(bob, box["id"], **{f"shareWith/{her}/maySetKeywords": True}) == {}
    (line,) = await imap.ok("GETACL shared")
    assert f"-{CAROL}" not in line
    assert await share(bob, box["id"], shareWith=None) == {}
    (line,) = await imap.ok("GETACL shared")
    assert CAROL not in line
    assert "anyone l" in line
    assert (await box_of(bob, "shared"))["shareWith"] in (None, {})


async def test_what_is_refused(stage: JmapStage) -> None:
    carol_id = id_text(IdKind.PRINCIPAL, await stage.move_in(CAROL))
    imap, bob, carol = await stage.user(BOB), stage.jmap(BOB), stage.jmap(CAROL)
    await imap.ok("CREATE shared")
    box = (await box_of(bob, "shared"))["id"]
    full = {"mayReadItems": True}
    for value in (
        {"Pnobody": full},
        {id_text(IdKind.PRINCIPAL, 4711): full},
        {who(stage, ALICE): full},  # of a foreign domain
        {who(stage, BOB): full},  # the owner
        {carol_id: {"mayFly": True}},
        {carol_id: {"mayReadItems": 1}},
        {carol_id: {"mayReadItems": True, "mayRename": True}},
        "everybody",
    ):
        error = await share(bob, box, shareWith=value)
        assert (error["type"], error["properties"]) == ("invalidProperties", ["shareWith"]), value
    # Without the right to administer; the name does not change either.
    await imap.ok(f"SETACL shared {CAROL} lrx")
    for patch in ({"shareWith": {carol_id: rights(*rights_of(""))}}, {f"shareWith/{carol_id}": None}):
        told = await carol.call("Mailbox/set", accountId=bob.account, update={box: {**patch, "name": "mine"}})
        assert told["notUpdated"][box]["type"] == "forbidden"
    assert (await box_of(carol, "shared", accountId=bob.account))["id"] == box
    # With it: she may share on, and may give her right away.
    await imap.ok(f"SETACL shared {CAROL} lra")
    told = await carol.call(
        "Mailbox/set",
        accountId=bob.account,
        update={box: {f"shareWith/{carol_id}/mayShare": False, f"shareWith/{carol_id}/maySubmit": True}},
    )
    assert told["updated"] == {box: None}
    (line,) = await imap.ok("GETACL shared")
    assert f"{CAROL} lrp" in line
    # A foreigner to whom IMAP gave something stands in the list, and may be changed.
    await imap.ok(f"SETACL shared {ALICE} lr")
    assert await share(bob, box, **{f"shareWith/{who(stage, ALICE)}/maySetSeen": True}) == {}
    (line,) = await imap.ok("GETACL shared")
    assert f"{ALICE} lrs" in line


async def test_so_many_at_a_time(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_with, "MOST_CHANGED", 2)
    ids = [id_text(IdKind.PRINCIPAL, await stage.move_in(f"{name}@hamburger.test")) for name in "cde"]
    bob = stage.jmap(BOB)
    box = (await box_of(bob, "Sent"))["id"]
    error = await share(bob, box, shareWith={one: {"mayReadItems": True} for one in ids})
    assert error["type"] == "tooLarge"
    assert await share(bob, box, shareWith={one: {"mayReadItems": True} for one in ids[:2]}) == {}
    assert await share(bob, box, **{f"shareWith/{ids[2]}": {"mayReadItems": True}}) == {}
    assert len((await box_of(bob, "Sent"))["shareWith"]) == 3
    monkeypatch.setattr(acl, "MAX_ENTRIES", 3)
    dora = id_text(IdKind.PRINCIPAL, await stage.move_in("dora@hamburger.test"))
    error = await share(bob, box, **{f"shareWith/{dora}": {"mayReadItems": True}})
    assert error["type"] == "forbidden"
    assert len((await box_of(bob, "Sent"))["shareWith"]) == 3


async def test_a_client_that_does_not_know_of_sharing(stage: JmapStage) -> None:
    bob = stage.jmap(BOB)
    using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
    calls = [
        ["Mailbox/get", {"accountId": bob.account, "ids": None}, "a"],
        ["Mailbox/set", {"accountId": bob.account, "create": {"n": {"name": "n", "shareWith": None}}}, "b"],
        ["Mailbox/set", {"accountId": bob.account, "create": {"n": {"name": "n"}}}, "c"],
    ]
    got, refused, made = await bob.request(*calls, using=using)
    assert "shareWith" not in got[1]["list"][0]
    assert "mayShare" not in got[1]["list"][0]["myRights"]
    assert refused[1]["notCreated"]["n"]["properties"] == ["shareWith"]
    assert "shareWith" not in made[1]["created"]["n"]


async def test_a_mailbox_is_made_shared(stage: JmapStage) -> None:
    her = id_text(IdKind.PRINCIPAL, await stage.move_in(CAROL))
    bob = stage.jmap(BOB)
    new = {"a": {"name": "above", "shareWith": {her: {"mayReadItems": True}}}}
    above = (await bob.call("Mailbox/set", create=new))["created"]["a"]
    assert above["shareWith"] == {her: rights("mayReadItems")}
    new = {"b": {"name": "inherits", "parentId": above["id"]}}
    below = (await bob.call("Mailbox/set", create=new))["created"]["b"]
    assert below["shareWith"] == {her: rights("mayReadItems")}
    new = {"c": {"name": "alone", "parentId": above["id"], "shareWith": {}}}
    await bob.call("Mailbox/set", create=new)
    assert not (await box_of(bob, "alone"))["shareWith"]


async def test_subscriptions_are_ones_own(stage: JmapStage) -> None:
    her = id_text(IdKind.PRINCIPAL, await stage.move_in(CAROL))
    bob, carol = stage.jmap(BOB), stage.jmap(CAROL)
    box = (await box_of(bob, "Sent"))["id"]
    assert await share(bob, box, shareWith={her: {"mayReadItems": True}}) == {}
    await carol.call("Mailbox/set", accountId=bob.account, update={box: {"isSubscribed": True}})
    assert (await box_of(carol, "Sent", accountId=bob.account))["isSubscribed"]
    await share(bob, box, isSubscribed=False)
    assert (await box_of(carol, "Sent", accountId=bob.account))["isSubscribed"]


async def test_notifications(stage: JmapStage) -> None:
    her = id_text(IdKind.PRINCIPAL, await stage.move_in(CAROL))
    imap, bob, carol = await stage.user(BOB), stage.jmap(BOB), stage.jmap(CAROL)
    box = (await box_of(bob, "Sent"))["id"]
    state = (await carol.call("ShareNotification/get", ids=[]))["state"]
    await share(bob, box, shareWith={her: {"mayReadItems": True}})
    stage.now += 61_000_000
    await imap.ok(f"SETACL Sent {CAROL} lrs")
    await imap.ok(f"SETACL Sent {CAROL} lrs")  # nothing new
    stage.now += 61_000_000
    await imap.ok(f"DELETEACL Sent {CAROL}")
    await imap.ok("SETACL Sent anyone l")
    first, second, third = await notices(carol)
    assert first == {
        "id": first["id"],
        "created": "2025-06-15T15:06:40Z",
        "changedBy": {"name": BOB, "email": BOB, "principalId": who(stage, BOB)},
        "objectType": "Mailbox",
        "objectAccountId": bob.account,
        "objectId": box,
        "oldRights": None,
        "newRights": rights("mayReadItems"),
        "name": "Sent",
    }
    assert second["newRights"] == rights("mayReadItems", "maySetSeen") != second["oldRights"]
    assert third["newRights"] is None
    assert await notices(bob) == []
    changed = await carol.call("ShareNotification/changes", sinceState=state)
    assert changed["created"] == [one["id"] for one in (first, second, third)]
    found = await carol.call(
        "ShareNotification/query", sort=[{"property": "created", "isAscending": False}], calculateTotal=True
    )
    assert found["ids"] == [third["id"], second["id"], first["id"]]
    for condition, expected in (
        ({"after": second["created"]}, [second, third]),
        ({"before": second["created"]}, [first]),
        ({"objectType": "Calendar"}, []),
        ({"objectAccountId": bob.account}, [first, second, third]),
        ({"objectAccountId": carol.account}, []),
    ):
        told = await carol.call("ShareNotification/query", filter=condition)
        assert told["ids"] == [one["id"] for one in expected], condition
    assert (await carol.error("ShareNotification/query", filter={"after": "soon"}))[
        "type"
    ] == "invalidArguments"
    told = await carol.call(
        "ShareNotification/set",
        create={"a": {"name": "mine"}},
        update={first["id"]: {"name": "x"}, "Rnone": {}},
        destroy=[second["id"], "R4711"],
    )
    assert told["notCreated"]["a"]["type"] == "forbidden"
    assert told["notUpdated"][first["id"]]["type"] == "forbidden"
    assert told["notUpdated"]["Rnone"]["type"] == "notFound"
    assert told["destroyed"] == [second["id"]]
    assert told["notDestroyed"]["R4711"]["type"] == "notFound"
    again = await carol.call("ShareNotification/queryChanges", sinceQueryState=found["queryState"])
    assert (again["removed"], again["added"]) == ([second["id"]], [])


async def test_nobody_is_told_of_what_he_did_himself(stage: JmapStage) -> None:
    await stage.move_in(CAROL)
    imap, carol = await stage.user(BOB), stage.jmap(CAROL)
    await imap.ok(f"SETACL INBOX {CAROL} lra")
    herself = await stage.user(CAROL)
    await herself.ok(f'SETACL "Other Users/{BOB}/INBOX" {CAROL} lr')
    assert len(await notices(carol)) == 1


async def test_so_many_notifications(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_notices, "MAX_NOTICES", 3)
    await stage.move_in(CAROL)
    imap, carol = await stage.user(BOB), stage.jmap(CAROL)
    for letters in ("l", "lr", "lrs"):
        await imap.ok(f"SETACL INBOX {CAROL} {letters}")
        stage.now += 61_000_000
    kept = await notices(carol)
    assert len(kept) == 3
    await imap.ok(f"SETACL INBOX {CAROL} lrsw")
    assert [one["id"] for one in await notices(carol)][:2] == [one["id"] for one in kept][1:]
    assert len(await notices(carol)) == 3
    stage.now += share_notices.KEPT_DAYS * 86_400_000_000
    await imap.ok(f"SETACL INBOX {CAROL} lr")
    assert len(await notices(carol)) == 2  # one is just as old as may be
    stage.now += 1
    await imap.ok(f"SETACL Sent {CAROL} l")
    assert [one["name"] for one in await notices(carol)] == ["INBOX", "Sent"]


async def test_what_belongs_together_is_one_notice(stage: JmapStage) -> None:
    await stage.move_in(CAROL)
    imap, carol = await stage.user(BOB), stage.jmap(CAROL)
    await imap.ok(f"SETACL INBOX {CAROL} l")
    stage.now += share_notices.MERGED_SECONDS * 1_000_000
    await imap.ok(f"SETACL INBOX {CAROL} lr")
    (one,) = await notices(carol)
    assert (one["oldRights"], one["newRights"]) == (None, rights("mayReadItems"))
    stage.now += share_notices.MERGED_SECONDS * 1_000_000 + 1
    await imap.ok(f"SETACL INBOX {CAROL} lrs")
    assert len(await notices(carol)) == 2
    await imap.ok(f"SETACL Sent {CAROL} lr")
    assert len(await notices(carol)) == 3
    await imap.ok(f"DELETEACL Sent {CAROL}")  # it was a mistake: there is nothing to tell
    assert len(await notices(carol)) == 2


async def test_a_subscription_to_anothers_mailbox_is_a_change_of_it(stage: JmapStage) -> None:
    """RFC 8621 §2.2: isSubscribed is of who asks, whatever he subscribes by."""
    her = id_text(IdKind.PRINCIPAL, await stage.move_in(CAROL))
    bob, carol, herself = stage.jmap(BOB), stage.jmap(CAROL), await stage.user(CAROL)
    box = (await box_of(bob, "Sent"))["id"]
    await share(bob, box, shareWith={her: rights(*READING)})
    state = (await carol.call("Mailbox/get", ids=[], accountId=bob.account))["state"]

    async def told() -> list[str]:
        nonlocal state
        found = await carol.call("Mailbox/changes", sinceState=state, accountId=bob.account)
        state = found["newState"]
        assert found["updatedProperties"] is None
        return list(found["updated"])

    for wish in (True, False):
        await carol.call("Mailbox/set", accountId=bob.account, update={box: {"isSubscribed": wish}})
        assert await told() == [box]
        await carol.call("Mailbox/set", accountId=bob.account, update={box: {"isSubscribed": wish}})
        assert await told() == []
    for command in ("SUBSCRIBE", "UNSUBSCRIBE"):
        await herself.ok(f'{command} "Other Users/{BOB}/Sent"')
        assert await told() == [box]


async def test_who_subscribes_knows(stage: JmapStage) -> None:
    await stage.move_in(CAROL)
    imap, bob, carol = await stage.user(BOB), stage.jmap(BOB), stage.jmap(CAROL)
    for name in ("Sent", "Junk", "Trash"):
        await imap.ok(f"SETACL {name} {CAROL} lr")
    herself = await stage.user(CAROL)
    await herself.ok(f'SUBSCRIBE "Other Users/{BOB}/Sent"')
    assert [one["name"] for one in await notices(carol)] == ["Junk", "Trash"]
    box = (await box_of(bob, "Junk"))["id"]
    told = await carol.call("Mailbox/set", accountId=bob.account, update={box: {"isSubscribed": True}})
    assert told["updated"] == {box: None}
    assert [one["name"] for one in await notices(carol)] == ["Trash"]


async def test_who_administers_sees_who_is_in_the_list(stage: JmapStage) -> None:
    dora = "dora@crepes.test"
    hers = id_text(IdKind.PRINCIPAL, await stage.move_in(dora))
    await stage.move_in(CAROL)
    imap, bob, carol = await stage.user(BOB), stage.jmap(BOB), stage.jmap(CAROL)
    await imap.ok(f"SETACL INBOX {CAROL} lr")
    await imap.ok(f"SETACL INBOX {dora} lr")
    assert (await carol.call("Principal/get", ids=[hers]))["notFound"] == [hers]
    await imap.ok(f"SETACL INBOX {CAROL} lra")
    shared = (await box_of(carol, "INBOX", accountId=bob.account))["shareWith"]
    got = await carol.call("Principal/get", ids=list(shared))
    assert {one["email"] for one in got["list"]} == {CAROL, dora}


async def test_a_notice_is_pushed(stage: JmapStage) -> None:
    her = await stage.move_in(CAROL)
    carol = stage.jmap(CAROL)
    watch = Watch(stage.app().service, Visitor(her, CAROL), frozenset(["ShareNotification"]))
    await watch.begin()
    bob = stage.jmap(BOB)
    bob.app = stage.app()
    box = (await box_of(bob, "Sent"))["id"]
    await share(bob, box, shareWith={id_text(IdKind.PRINCIPAL, her): {"mayReadItems": True}})
    news = await asyncio.wait_for(watch.news(), 60)
    assert news is not None
    state = (await carol.call("ShareNotification/get", ids=[]))["state"]
    assert news.changed == {carol.account: {"ShareNotification": state}}
    watch.close()


async def test_a_domain_that_is_not_listed(stage: JmapStage) -> None:
    her = id_text(IdKind.PRINCIPAL, await stage.move_in(CAROL))
    bob = stage.jmap(BOB, lists_domain=False)
    got = await bob.call("Principal/get", ids=None)
    assert [one["id"] for one in got["list"]] == [who(stage, BOB)]
    assert (await bob.call("Principal/get", ids=[her]))["notFound"] == [her]
    assert (await bob.call("Principal/query"))["ids"] == [who(stage, BOB)]
    assert (await bob.call("Principal/changes", sinceState=got["state"]))["updated"] == []
    box = (await box_of(bob, "Sent"))["id"]
    error = await share(bob, box, shareWith={her: {"mayReadItems": True}})
    assert error["type"] == "invalidProperties"
    listed = await stage.jmap(BOB).call("Principal/get", ids=[])
    told = await bob.error("Principal/changes", sinceState=listed["state"])
    assert told["type"] == "cannotCalculateChanges"
    address = parse_mailbox(BOB)
    assert address is not None
    await stage.store.engine.write(lambda tx: accounts.set_name(tx, address, "Bob"))
    changed = await bob.call("Principal/changes", sinceState=got["state"])
    assert changed["updated"] == [who(stage, BOB)]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_two_who_share_with_one_at_once_both_do(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both made room for their notice by removing the same old one; the second was told that there is no such thing."""
    monkeypatch.setattr(share_notices, "MAX_NOTICES", 1)
    await stage.move_in(CAROL)
    bob, carol = await stage.user(BOB), await stage.user(CAROL)
    await bob.ok("CREATE shared")
    await bob.ok(f"SETACL shared {ALICE} lr")
    hold = partial(mailboxes.hold, account_id=stage.logins.people[ALICE])
    both = [partial(one.say, f"x SETACL INBOX {ALICE} lr") for one in (bob, carol)]
    told = await behind(stage.store.engine, hold, *both)
    assert [lines[-1][:4] for lines in told] == ["x OK", "x OK"]
    assert len(await notices(stage.jmap(ALICE))) == 1
