"""What others do at the same time is not undone (RFC 8620 §5.3)."""

import asyncio
from functools import partial
from typing import Any

import pytest

from behind import behind
from book_house import CAROL, who
from jmap_meanwhile import meanwhile
from jmap_stage import BOB, JmapClient, JmapStage
from postroom.serve.jmap import batch
from postroom.serve.jmap.contacts import contact_card_set
from postroom.serve.jmap.push import push_subscription
from postroom.serve.jmap.submission import identity
from postroom.store.emails import emails
from postroom.store.emails.delivery import deliver
from postroom.store.mailboxes import mailboxes
from postroom.store.records.push_subscriptions import Kept
from postroom.store.store import Store


async def first(client: JmapClient, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.call(f"{kind}/get", ids=None))["list"][0]
    return found


@pytest.mark.parametrize(
    ("kind", "ours", "theirs"),
    [
        ("Identity", {"name": "Bob"}, {"textSignature": "Yours"}),
        ("AddressBook", {"name": "Friends"}, {"description": "of school"}),
        ("ContactCard", {"name": {"full": "Carla"}}, {"notes": {"n": {"note": "hello"}}}),
    ],
)
async def test_two_patches_of_one_object_are_both_done(
    stage: JmapStage, kind: str, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    bob, other = stage.jmap(), stage.jmap()
    book = (await first(bob, "AddressBook"))["id"]
    card = {"addressBookIds": {book: True}, "name": {"full": "Carl"}}
    await bob.call("ContactCard/set", create={"c": card})
    one = (await first(bob, kind))["id"]
    with meanwhile(lambda: other.call(f"{kind}/set", update={one: theirs})):
        told = await bob.call(f"{kind}/set", update={one: ours})
    assert told["notUpdated"] is None
    now = await first(bob, kind)
    assert now == now | ours | theirs


@pytest.mark.parametrize("renames", [True, False])
async def test_a_mailbox_is_renamed_while_it_is_moved(stage: JmapStage, *, renames: bool) -> None:
    bob, other = stage.jmap(), stage.jmap()
    made = (await bob.call("Mailbox/set", create={"a": {"name": "A"}, "b": {"name": "B"}}))["created"]
    moved, above = made["a"]["id"], made["b"]["id"]
    changes: list[dict[str, Any]] = [{"name": "C"}, {"parentId": above}]
    ours, theirs = changes if renames else reversed(changes)
    with meanwhile(lambda: other.call("Mailbox/set", update={moved: theirs})):
        told = await bob.call("Mailbox/set", update={moved: ours})
    assert told["notUpdated"] is None
    (now,) = (await bob.call("Mailbox/get", ids=[moved], properties=["name", "parentId"]))["list"]
    assert now == {"id": moved, "name": "C", "parentId": above}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("Mailbox", ("mayReadItems", "mayAddItems", "maySetSeen")),
        ("AddressBook", ("mayRead", "mayWrite", "mayDelete")),
    ],
)
async def test_a_right_that_is_taken_meanwhile_is_not_given_back(
    stage: JmapStage, kind: str, names: tuple[str, ...]
) -> None:
    await stage.move_in(CAROL)
    bob, other = stage.jmap(), stage.jmap()
    made = (await bob.call(f"{kind}/set", create={"a": {"name": "A"}}))["created"]
    one, carol = made["a"]["id"], f"shareWith/{who(stage, CAROL)}"
    kept, given, taken = names
    await bob.call(f"{kind}/set", update={one: {carol: {kept: True, taken: True}}})
    with meanwhile(lambda: other.call(f"{kind}/set", update={one: {f"{carol}/{taken}": False}})):
        told = await bob.call(f"{kind}/set", update={one: {f"{carol}/{given}": True}})
    assert told["notUpdated"] is None
    (now,) = (await bob.call(f"{kind}/get", ids=[one]))["list"]
    rights = now["shareWith"][who(stage, CAROL)]
    assert {name for name, there in rights.items() if there} == {kept, given}


async def test_a_card_that_goes_and_one_that_never_rests(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, other = stage.jmap(), stage.jmap()
    book = (await first(bob, "AddressBook"))["id"]
    await bob.call("ContactCard/set", create={"c": {"addressBookIds": {book: True}}})
    card = (await first(bob, "ContactCard"))["id"]
    ours, theirs = {"name": {"full": "Carla"}}, {"notes": {"n": {"note": "hello"}}}
    monkeypatch.setattr(contact_card_set, "MOST_TRIES", 1)
    with meanwhile(lambda: other.call("ContactCard/set", update={card: theirs})):
        told = await bob.error("ContactCard/set", update={card: ours})
    assert told["type"] == "serverUnavailable"
    with meanwhile(lambda: other.call("ContactCard/set", destroy=[card])):
        told = await bob.call("ContactCard/set", update={card: ours})
    assert told["notUpdated"][card]["type"] == "notFound"


async def test_an_email_that_moves_away_is_destroyed_all_the_same(stage: JmapStage) -> None:
    bob, other = stage.jmap(), stage.jmap()
    await stage.deliver(b"Message-ID: <1@a>\r\nSubject: x\r\n\r\nx")
    boxes = {one["role"]: one["id"] for one in (await bob.call("Mailbox/get", ids=None))["list"]}
    (email,) = (await bob.call("Email/query"))["ids"]
    archived = {"mailboxIds": {boxes["archive"]: True}}
    with meanwhile(lambda: other.call("Email/set", update={email: archived})):
        told = await bob.call("Email/set", destroy=[email])
    assert told["destroyed"] == [email]
    assert (await bob.call("Email/get", ids=[email]))["notFound"] == [email]


@pytest.mark.parametrize("changes", [{"sortOrder": 1}, {"sortOrder": 2}])
async def test_of_two_calls_with_one_state_the_second_is_refused(
    stage: JmapStage, changes: dict[str, Any]
) -> None:
    bob = stage.jmap()
    got = await bob.call("Mailbox/get", ids=None)
    update = {got["list"][-1]["id"]: changes}
    both = (bob.answer("Mailbox/set", ifInState=got["state"], update=update) for _ in range(2))
    answers = await asyncio.gather(*both)  # whichever comes first
    (one, told), (other, refused) = sorted(answers, key=lambda answer: answer[0] == "error")
    assert (one, other, refused.get("type")) == ("Mailbox/set", "error", "stateMismatch")
    assert told["oldState"] == got["state"]


async def one_email(stage: JmapStage, bob: JmapClient) -> tuple[str, str, dict[str, str]]:
    """An email, the state of all, and the mailboxes by role."""
    await stage.deliver(b"Message-ID: <1@a>\r\nSubject: x\r\n\r\nx")
    boxes = {one["role"]: one["id"] for one in (await bob.call("Mailbox/get", ids=None))["list"]}
    (email,) = (await bob.call("Email/query"))["ids"]
    return email, (await bob.call("Email/get", ids=[]))["state"], boxes


async def test_a_change_between_the_look_at_the_state_and_the_first_write_is_a_mismatch(
    stage: JmapStage,
) -> None:
    """RFC 8620 §5.3: another process, or IMAP, has been quicker."""
    bob, other = stage.jmap(), stage.jmap()
    email, state, boxes = await one_email(stage, bob)
    away = {"mailboxIds": {boxes["archive"]: True}}
    with meanwhile(lambda: other.call("Email/set", update={email: away})):
        refused = await bob.error("Email/set", ifInState=state, update={email: {"keywords/$seen": True}})
    assert refused["type"] == "stateMismatch"
    assert (await bob.call("Email/get", ids=[email]))["list"][0]["keywords"] == {}


@pytest.mark.parametrize("asked", [["subject"], ["bodyValues"]])
async def test_an_email_that_goes_while_others_are_read_is_not_found(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    """RFC 8620 §5.1: the others are told all the same, and of that one nothing is made up."""
    bob, other = stage.jmap(), stage.jmap()
    for number in b"12":
        await stage.deliver(b"Message-ID: <%d@a>\r\nSubject: x\r\n\r\nx" % number)
    stays, goes = (await bob.call("Email/query"))["ids"]
    contents, read = emails.contents, Store.read

    async def late_contents(*given: Any) -> Any:
        monkeypatch.setattr(emails, "contents", contents)
        await other.call("Email/set", destroy=[goes])
        return await contents(*given)

    async def late_read(*given: Any) -> Any:
        monkeypatch.setattr(Store, "read", read)
        await other.call("Email/set", destroy=[goes])
        return await read(*given)

    if asked == ["subject"]:
        monkeypatch.setattr(emails, "contents", late_contents)
    else:
        monkeypatch.setattr(Store, "read", late_read)
    told = await bob.call("Email/get", ids=[stays, goes], properties=asked, fetchAllBodyValues=True)
    assert ([one["id"] for one in told["list"]], told["notFound"]) == ([stays], [goes])


async def test_a_change_of_something_else_is_none(stage: JmapStage) -> None:
    bob, other = stage.jmap(), stage.jmap()
    email, state, _ = await one_email(stage, bob)
    with meanwhile(lambda: other.call("Mailbox/set", create={"a": {"name": "A"}})):
        told = await bob.call("Email/set", ifInState=state, update={email: {"keywords/$seen": True}})
    assert (told["updated"], told["oldState"]) == ({email: None}, state)


async def test_who_is_overtaken_all_the_time_comes_again(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, other = stage.jmap(), stage.jmap()
    email, state, _ = await one_email(stage, bob)
    monkeypatch.setattr(batch, "MOST_TRIES", 1)
    with meanwhile(lambda: other.call("Mailbox/set", create={"a": {"name": "A"}})):
        refused = await bob.error("Email/set", ifInState=state, update={email: {"keywords/$seen": True}})
    assert refused["type"] == "serverUnavailable"


async def test_states_of_two_calls_follow_each_other(stage: JmapStage) -> None:
    bob = stage.jmap()
    state = (await bob.call("Mailbox/get", ids=[]))["state"]
    both = (bob.call("Mailbox/set", create={"a": {"name": name}}) for name in "AB")
    for told in await asyncio.gather(*both):
        assert told["oldState"] == state
        state = told["newState"]


async def test_what_others_have_changed_meanwhile_is_not_hidden(stage: JmapStage) -> None:
    bob, other = stage.jmap(), stage.jmap()
    with meanwhile(lambda: other.call("Mailbox/set", create={"a": {"name": "A"}})):
        told = await bob.call("Mailbox/set", create={"b": {"name": "B"}})
    assert (told["oldState"], list(told["created"])) == (None, ["b"])


async def test_ones_own_changes_are_not_taken_for_those_of_others(stage: JmapStage) -> None:
    bob = stage.jmap()
    got = await bob.call("AddressBook/get", ids=None)
    new = {"create": {"w": {"name": "Work"}}, "onSuccessSetIsDefault": "#w"}
    told = await bob.call("AddressBook/set", update={got["list"][0]["id"]: {"sortOrder": 1}}, **new)
    assert (told["oldState"], told["created"]["w"]["isDefault"]) == (got["state"], True)


async def test_the_first_address_book_is_ones_own_change(stage: JmapStage) -> None:
    """It is made by the first call that looks for one."""
    bob = stage.jmap()
    told = await bob.call("AddressBook/set", create={"w": {"name": "Work"}})
    since = await bob.call("AddressBook/changes", sinceState=told["oldState"])
    assert since["created"] == [told["created"]["w"]["id"]]


@pytest.mark.parametrize("shared", [False, True])
async def test_an_address_book_that_goes_is_ones_own_change(stage: JmapStage, *, shared: bool) -> None:
    await stage.move_in(CAROL)
    bob = stage.jmap()
    sharing = {"shareWith": {who(stage, CAROL): {"mayRead": True}}} if shared else {}
    made = await bob.call("AddressBook/set", create={"w": {"name": "Work", **sharing}})
    told = await bob.call("AddressBook/set", destroy=[made["created"]["w"]["id"]])
    assert told["oldState"] == made["newState"]


class Push:
    """Knows the codes that it was to send."""

    key = "k"

    def __init__(self) -> None:
        self.codes: dict[str, str] = {}

    def may_create(self, _account_id: int) -> bool:
        return True

    def verify(self, subscription_id: str, kept: Kept) -> None:
        self.codes[subscription_id] = kept.code


async def test_a_push_subscription_is_verified_beside_another_update(stage: JmapStage) -> None:
    push = Push()
    bob, other = stage.jmap(push=push), stage.jmap(push=push)
    made = {"deviceClientId": "d", "url": "https://push.example.com/x"}
    ((_, told, _),) = await bob.request(["PushSubscription/set", {"create": {"p": made}}, "c"])
    name = told["created"]["p"]["id"]

    def update(client: JmapClient, patch: dict[str, Any]) -> Any:
        return client.request(["PushSubscription/set", {"update": {name: patch}}, "c"])

    with meanwhile(lambda: update(other, {"verificationCode": push.codes[name]})):
        await update(bob, {"types": ["Email"]})
    ((_, got, _),) = await bob.request(["PushSubscription/get", {"ids": [name]}, "c"])
    (now,) = got["list"]
    assert (now["verificationCode"], now["types"]) == (push.codes[name], ["Email"])


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_mail_that_arrives_while_its_mailbox_is_to_be_destroyed_is_not_lost(stage: JmapStage) -> None:
    """RFC 8621 §2.5: without `onDestroyRemoveEmails` no mailbox goes that has an email."""
    bob = stage.jmap()
    boxes = {one["role"]: one["id"] for one in (await bob.call("Mailbox/get", ids=None))["list"]}
    delivery = await stage.letter(role="archive")
    (told,) = await behind(
        stage.store.engine,
        lambda tx: deliver(tx, delivery),
        lambda: bob.call("Mailbox/set", destroy=[boxes["archive"]]),
    )
    assert told["notDestroyed"][boxes["archive"]]["type"] == "mailboxHasEmail"
    assert await stage.uids(role="archive") == [1]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_of_two_at_once_one_is_too_many(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "MAX_IDENTITIES", 2)
    monkeypatch.setattr(push_subscription, "MAX_SUBSCRIPTIONS", 1)
    push = Push()
    bob, other = stage.jmap(push=push), stage.jmap(push=push)
    await bob.call("Identity/get", ids=None)
    made = {"deviceClientId": "d", "url": "https://push.example.com/x"}
    hold = partial(mailboxes.hold, account_id=stage.logins.people[BOB])

    async def asked(client: JmapClient, kind: str, new: dict[str, Any]) -> dict[str, Any]:
        given = {"create": {"k": new}} | ({"accountId": client.account} if kind == "Identity" else {})
        ((_, told, _),) = await client.request([f"{kind}/set", given, "c"])
        return told  # type: ignore[no-any-return]

    for kind, new in (("Identity", {"email": bob.address}), ("PushSubscription", made)):
        both = (partial(asked, one, kind, new) for one in (bob, other))
        first, second = await behind(stage.store.engine, hold, *both)
        assert first["notCreated"] is None
        assert second["notCreated"]["k"]["type"] == "overQuota"
