"""What others do at the same time is not undone (RFC 8620 §5.3)."""

from typing import Any

import pytest

from jmap_meanwhile import meanwhile
from jmap_stage import JmapClient, JmapStage
from postroom.serve.jmap import contact_card_set
from postroom.store.push_subscriptions import Kept


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
