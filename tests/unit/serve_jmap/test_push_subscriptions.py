"""PushSubscription/get and /set, and what push services are sent (RFC 8620 §7.2)."""

import asyncio
import json
from typing import Any

import pytest

from jmap_stage import ALICE, BOB, JmapClient, JmapStage
from postroom.message.errors import AuthenticationFailed
from postroom.proto.http.client import Request, Response
from postroom.proto.jmap.capabilities import VAPID
from postroom.proto.jmap.types import utc_date
from postroom.proto.jmap.webpush import server_key
from postroom.serve.jmap.push import pushing
from postroom.serve.jmap.push.push_subscription import DAY, MAX_SUBSCRIPTIONS
from postroom.serve.jmap.push.pushing import PER_HOUR, Pusher, Sender
from postroom.store.identity import generations
from postroom.store.records.push_subscriptions import KIND
from postroom.store.records.records import Kind, listing

KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
NEW: dict[str, Any] = {
    "deviceClientId": "a889-ffea-910",
    "url": "https://push.example.com/push/?device=X8980fc",
}


class Service:
    """A push service: what came, and what it answers."""

    def __init__(self) -> None:
        self.came: list[Request] = []
        self.answers: list[int | Response] = []
        self._more = asyncio.Event()

    async def post(self, request: Request) -> Response:
        self.came.append(request)
        self._more.set()
        answer = self.answers.pop(0) if self.answers else 201
        if answer == 0:
            raise OSError("unreachable")
        return answer if isinstance(answer, Response) else Response(answer, {})

    async def count(self, number: int) -> None:
        async with asyncio.timeout(60):
            while len(self.came) < number:
                self._more.clear()
                await self._more.wait()

    def told(self, number: int = -1) -> Any:
        return json.loads(self.came[number].body or b"")


class Setup:
    def __init__(self, stage: JmapStage) -> None:
        self.stage, self.service = stage, Service()
        sender = Sender(self.service.post, server_key(bytes(32)), "mailto:p@x.test", lambda: stage.now)
        self.pusher = Pusher(lambda: self.bob.app.service, sender)
        self.bob: JmapClient = stage.jmap(BOB, push=self.pusher)

    async def set(self, client: JmapClient | None = None, **arguments: Any) -> dict[str, Any]:
        name, told, _ = (await (client or self.bob).request(["PushSubscription/set", arguments, "0"]))[0]
        assert name == "PushSubscription/set", told
        found: dict[str, Any] = told
        return found

    async def get(self, client: JmapClient | None = None, **arguments: Any) -> Any:
        return (await (client or self.bob).request(["PushSubscription/get", arguments, "0"]))[0]

    async def listed(self) -> list[Any]:
        found: list[Any] = (await self.get())[1]["list"]
        return found

    async def made(self, **other: Any) -> str:
        """A verified one that is served."""
        name = (await self.set(create={"a": {**NEW, **other}}))["created"]["a"]["id"]
        there = len(self.service.came)
        await self.service.count(max(there, 1))
        kind = Kind(self.stage.logins.people[BOB], KIND)
        (kept,) = await listing(self.stage.store.engine.reading(), kind)
        code = json.loads(kept.data)["code"]
        assert (await self.set(update={name: {"verificationCode": code}}))["updated"] == {name: None}
        await self.look()
        return str(name)

    async def look(self) -> None:
        await self.pusher.look()
        for _ in range(20):
            await asyncio.sleep(0.01)


@pytest.fixture
async def push(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(pushing, "BACK_OFF", (0.01, 0.02))
    made = Setup(stage)
    yield made
    await made.pusher.close()


async def test_a_new_one_is_verified(push: Setup) -> None:
    told = (await push.set(create={"4f29": {**NEW, "types": None}}))["created"]["4f29"]
    name = told.pop("id")
    unsent = {"keys": None, "verificationCode": None}  # RFC 8620 §7.2.3: what was left out is told
    assert told == {**unsent, "expires": utc_date(push.stage.now + 7 * DAY)}
    await push.service.count(1)
    request = push.service.came[0]
    assert (request.method, request.host, request.target) == (
        "POST",
        "push.example.com",
        "/push/?device=X8980fc",
    )
    fields = dict(request.fields)
    assert fields["Content-Type"] == "application/json"
    assert fields["TTL"].isdigit()
    assert fields["Authorization"].startswith("vapid t=")
    sent = push.service.told()
    assert (sent["@type"], sent["pushSubscriptionId"]) == ("PushVerification", name)
    shown = (await push.listed())[0]
    assert shown == {
        "id": name, "deviceClientId": NEW["deviceClientId"], "verificationCode": None,
        "expires": utc_date(push.stage.now + 7 * DAY), "types": None,
    }  # fmt: skip
    wrong = await push.set(update={name: {"verificationCode": "0" * 32}})
    assert wrong["notUpdated"][name]["type"] == "invalidProperties"
    await push.look()
    await push.stage.deliver()
    await push.look()
    assert len(push.service.came) == 1  # nothing more before the code came
    assert (await push.set(update={name: {"verificationCode": sent["verificationCode"]}}))["updated"] == {
        name: None
    }
    assert (await push.listed())[0]["verificationCode"] == sent["verificationCode"]
    await push.look()
    await push.stage.deliver()
    await push.service.count(2)
    assert push.service.told()["@type"] == "StateChange"
    assert "EmailDelivery" in push.service.told()["changed"][push.bob.account]


async def test_what_changed_while_no_server_ran_is_told_by_the_next_one(push: Setup) -> None:
    await push.made(types=["EmailDelivery"])
    await push.pusher.close()
    await push.stage.deliver()
    after = Setup(push.stage)
    await after.look()
    await after.service.count(1)
    first = after.service.told()
    assert list(first["changed"][push.bob.account]) == ["EmailDelivery"]
    await after.look()
    await after.pusher.close()
    again = Setup(push.stage)
    await again.look()
    await push.stage.deliver()
    await again.service.count(1)
    await again.pusher.close()
    assert len(again.service.came) == 1  # nothing is told twice
    assert again.service.told() != first


async def test_what_a_push_service_did_not_take_before_the_end_is_told_after_it(push: Setup) -> None:
    await push.made(types=["Mailbox"])
    push.service.answers = [503] * 1000
    await push.stage.deliver()
    await push.service.count(2)
    await push.pusher.close()
    after = Setup(push.stage)
    await after.look()
    await after.service.count(1)
    assert after.service.told() == push.service.told()
    await after.pusher.close()


async def test_only_types_that_are_asked_for(push: Setup) -> None:
    name = await push.made(types=["Mailbox"])
    await push.stage.deliver()
    await push.service.count(2)
    assert list(push.service.told()["changed"][push.bob.account]) == ["Mailbox"]
    assert (await push.set(update={name: {"types": ["Nothing"]}}))["updated"] == {name: None}
    await push.look()
    await push.stage.deliver()
    await push.look()
    assert len(push.service.came) == 2


async def test_messages_are_encrypted_when_there_are_keys(push: Setup) -> None:
    await push.made(keys=KEYS)
    await push.stage.deliver()
    await push.service.count(2)
    for request in push.service.came:
        assert dict(request.fields)["Content-Encoding"] == "aes128gcm"
        assert b"@type" not in (request.body or b"")


@pytest.mark.parametrize(
    "failure", [0, 500, 503, 302, Response(429, {"retry-after": "0"}), Response(429, {"retry-after": "x"})]
)
async def test_what_could_not_be_sent_is_sent_later(push: Setup, failure: int | Response) -> None:
    await push.made()
    push.service.answers = [failure, failure]
    await push.stage.deliver()
    await push.service.count(4)
    newest = (await push.stage.jmap().call("Email/get", ids=[]))["state"]
    assert push.service.told()["changed"][push.bob.account]["Email"] == newest


async def test_what_waits_is_told_though_the_subscription_is_changed_meanwhile(push: Setup) -> None:
    """A client that has its end put off does not give up what it has not been told yet (RFC 8620 §7.2.2)."""
    name = await push.made()
    push.service.answers = [0] * 100_000
    there = len(push.service.came)
    await push.stage.deliver()
    await push.service.count(there + 1)
    later = utc_date(push.stage.now + 20 * DAY)
    assert (await push.set(update={name: {"expires": later}}))["updated"] == {name: None}
    await push.pusher.look()
    push.service.answers.clear()
    await push.service.count(len(push.service.came) + 1)
    assert "Email" in push.service.told()["changed"][push.bob.account]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_service_that_does_not_know_it_ends_it(push: Setup, status: int) -> None:
    await push.made()
    push.service.answers = [status]
    await push.stage.deliver()
    await push.service.count(2)
    await push.look()
    assert await push.listed() == []


async def test_it_expires(push: Setup) -> None:
    name = await push.made(expires=utc_date(push.stage.now + DAY))
    told = await push.set(update={name: {"expires": utc_date(push.stage.now + 90 * DAY)}})
    assert told["updated"] == {name: {"expires": utc_date(push.stage.now + 30 * DAY)}}
    assert (await push.set(update={name: {"expires": utc_date(push.stage.now + 2 * DAY)}}))["updated"] == {
        name: None
    }
    push.stage.now += 2 * DAY
    assert await push.listed() == []
    await push.look()
    await push.stage.deliver()
    await push.look()
    assert len(push.service.came) == 1
    assert await listing(push.stage.store.engine.reading(), Kind(push.stage.logins.people[BOB], KIND)) == []


async def test_what_never_changes_may_be_said_again(push: Setup) -> None:
    """RFC 8620 §5.3: a whole object is a patch; url and keys are immutable, not the server's to set."""
    name = await push.made(keys=KEYS)
    (shown,) = await push.listed()
    same = {**shown, **NEW, "keys": KEYS}
    assert (await push.set(update={name: same}))["updated"] == {name: None}
    for other in (
        {"url": NEW["url"] + "x"},
        {"keys": None},
        {"keys/auth": "x"},
        {"deviceClientId": "x"},
        {"x": 1},
    ):
        told = await push.set(update={name: other})
        assert told["notUpdated"][name]["type"] == "invalidProperties", other


async def test_destroyed_is_erased(push: Setup) -> None:
    name = await push.made()
    assert (await push.set(destroy=[name, "Rzz"]))["destroyed"] == [name]
    assert await listing(push.stage.store.engine.reading(), Kind(push.stage.logins.people[BOB], KIND)) == []
    await push.look()
    await push.stage.deliver()
    await push.look()
    assert len(push.service.came) == 1


async def test_other_credentials_end_it(push: Setup) -> None:
    await push.made()
    account_id = push.stage.logins.people[BOB]
    await push.stage.store.engine.write(lambda tx: generations.advance(tx, account_id))
    await push.look()
    assert await push.listed() == []


async def test_what_its_client_logged_in_with_ends_and_so_does_it(
    push: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = push.stage.now + DAY
    authenticate = push.stage.logins.authenticate

    async def expiring(*args: Any, **more: Any) -> Any:
        known = await authenticate(*args, **more)
        known.expires = until
        return known

    monkeypatch.setattr(push.stage.logins, "authenticate", expiring)
    name = await push.made()
    assert (await push.listed())[0]["expires"] is None  # neither set nor bounded: RFC 8620 §7.2
    far = utc_date(push.stage.now + 900 * DAY)
    for expires in (far, None):
        assert (await push.set(update={name: {"expires": expires}}))["updated"] == {name: None}
        assert (await push.listed())[0]["expires"] == expires
    await push.set(update={name: {"expires": far}})
    push.stage.now = until
    assert await push.listed() == []
    await push.look()
    kind = Kind(push.stage.logins.people[BOB], KIND)
    assert await listing(push.stage.store.engine.reading(), kind) == []


async def test_it_belongs_to_who_made_it(push: Setup) -> None:
    name = await push.made()
    alice = push.stage.jmap(ALICE, push=push.pusher)
    other = push.stage.jmap(BOB, push=push.pusher)

    async def authenticate(*_: Any, **__: Any) -> Any:
        if not push.stage.logins.people:
            raise AuthenticationFailed
        known = await type(push.stage.logins).authenticate(push.stage.logins, *_, **__)
        known.credential = "app password phone"
        return known

    class Others:
        pass

    others = Others()
    others.authenticate = authenticate  # type: ignore[attr-defined]
    other.app.service.logins = others  # type: ignore[assignment]
    for client in (alice, other):
        assert (await push.get(client))[1] == {"list": [], "notFound": []}
        assert (await push.get(client, ids=[name]))[1] == {"list": [], "notFound": [name]}
        told = await push.set(client, update={name: {"types": None}}, destroy=["Rzz"])
        assert told["notUpdated"][name] == {"type": "notFound"}
        assert (await push.set(client, destroy=[name]))["notDestroyed"][name] == {"type": "notFound"}
    assert len(await push.listed()) == 1


async def test_urls_and_keys_are_never_shown(push: Setup) -> None:
    await push.made(keys=KEYS)
    assert not {"url", "keys"} & set((await push.listed())[0])
    for name in ("url", "keys"):
        kind, told, _ = await push.get(properties=["id", name])
        assert (kind, told["type"]) == ("error", "forbidden")
    kind, told, _ = await push.get(properties=["id", "foo"])
    assert (kind, told["type"]) == ("error", "invalidArguments")
    kind, told, _ = await push.get(accountId=push.bob.account)
    assert (kind, told["type"]) == ("error", "invalidArguments")
    assert (await push.get(properties=["types"]))[1]["list"][0]["types"] is None


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"url": "http://push.example.com/"}, "url"), ({"url": "https://127.0.0.1/"}, "url"), ({"url": "https://[::1]/"}, "url"),
        ({"url": "https://2130706433/"}, "url"), ({"url": "https://0x7f.1/"}, "url"), ({"url": "https://localhost/"}, "url"),
        ({"url": "https://push.example.com:8443/"}, "url"), ({"url": "https://a:b@push.example.com/"}, "url"), ({"url": None}, "url"),
        ({"url": "https://push.example.com/\r\nX: y"}, "url"), ({"url": "https://push.example.com/ x"}, "url"),
        ({"url": "https://push.example.com/" + "x" * 2000}, "url"), ({"url": "https://[x/"}, "url"), ({"url": "https://x.1e/"}, "url"),
        ({"url": "https://push.example.com\\@127.0.0.1/"}, "url"), ({"deviceClientId": None}, "deviceClientId"),
        ({"deviceClientId": "x" * 256}, "deviceClientId"), ({"keys": {}}, "keys"), ({"keys": {**KEYS, "auth": "x"}}, "keys"),
        ({"keys": {**KEYS, "x": "y"}}, "keys"), ({"expires": "2000-01-01T00:00:00Z"}, "expires"), ({"expires": 5}, "expires"),
        ({"types": "Email"}, "types"), ({"types": ["a b"]}, "types"), ({"verificationCode": "x"}, "verificationCode"),
        ({"id": "R1"}, "id"), ({"foo": 1}, "foo"),
    ],
)  # fmt: skip
async def test_what_is_no_subscription(push: Setup, given: dict[str, Any], named: str) -> None:
    told = (await push.set(create={"a": {**NEW, **given}}))["notCreated"]["a"]
    assert (told["type"], told["properties"]) == ("invalidProperties", [named])
    await push.look()
    assert push.service.came == []


async def test_what_cannot_be_changed(push: Setup) -> None:
    name = await push.made()
    given: dict[str, Any]
    for given in ({"url": NEW["url"] + "x"}, {"keys": KEYS}, {"deviceClientId": "x"}, {"foo": 1}):
        told = await push.set(update={name: given})
        assert told["notUpdated"][name]["type"] == "invalidProperties"
        assert told["notUpdated"][name]["properties"] == list(given)
    assert (await push.set(update={"Rzz": {}}))["notUpdated"]["Rzz"]["type"] == "notFound"
    assert (await push.set(update={name: {"a/b": 1}}))["notUpdated"][name]["type"] == "invalidPatch"


async def test_so_many_and_no_more(push: Setup) -> None:
    told = await push.set(create={str(number): NEW for number in range(MAX_SUBSCRIPTIONS + 1)})
    assert len(told["created"]) == MAX_SUBSCRIPTIONS
    assert [one["type"] for one in told["notCreated"].values()] == ["overQuota"]
    for _ in range(PER_HOUR - MAX_SUBSCRIPTIONS):
        await push.set(destroy=[(await push.listed())[0]["id"]])
        assert (await push.set(create={"a": NEW}))["created"]
    await push.set(destroy=[(await push.listed())[0]["id"]])
    assert (await push.set(create={"a": NEW}))["notCreated"]["a"]["type"] == "rateLimit"
    push.stage.now += 3_600_000_001
    assert (await push.set(create={"a": NEW}))["created"]


async def test_the_key_is_in_the_session(push: Setup) -> None:
    session = (await push.bob.http("GET", "/jmap/session")).json
    assert session["capabilities"][VAPID] == {"applicationServerKey": push.pusher.key}
    assert VAPID not in (await push.stage.jmap().http("GET", "/jmap/session")).json["capabilities"]
    without = await push.stage.jmap().request(["PushSubscription/set", {"create": {"a": NEW}}, "0"])
    assert without[0][1]["notCreated"]["a"]["type"] == "forbidden"


async def test_a_part_of_what_waits_is_never_too_long() -> None:
    many = {f"A{number}": {"Email": "1" * 19, "Mailbox": "2" * 19} for number in range(200)}
    seen: dict[str, Any] = {}
    while many:
        part, many = pushing._part(many, encrypted=True)
        assert 0 < len(part) <= pushing.MAX_ACCOUNTS
        assert len(json.dumps(part)) < 4000 * 1.2
        seen |= part
    assert len(seen) == 200
