"""What a user may see and do about his own account, in a browser in which he has signed in; on both engines."""

import base64
import hashlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
import pytest

from authenticator import Authenticator
from behind import behind
from jmap_stage import ALICE, BOB, JmapClient, JmapStage
from postroom.message.address import parse_mailbox
from postroom.proto.sasl.scram import derived
from postroom.serve.jmap.methods.account_keys import AccountKeys, Program
from postroom.store.identity import browser_sessions, credentials, grants, passkeys
from postroom.store.identity.browser_sessions import CONFIRMED_FOR, BrowserSession
from postroom.store.identity.credentials import CredentialKind
from postroom.store.identity.grants import Grant
from postroom.store.login import history as logins
from postroom.store.login import totp
from postroom.store.login.passwords import PasswordCost, Passwords
from postroom.store.vault import Vault
from postroom.web.browsers import Browsers

VAULT = Vault(b"v" * 32)
ORIGIN = "https://mail.hamburger.test"


class Signed(JmapClient):
    """A browser in which somebody has signed in."""

    cookie = ""

    def credentials(self, password: str = "") -> dict[str, str]:
        return {"cookie": f"__Host-postroom={self.cookie}", "x-postroom": "1"}

    async def set_one(self, kind: str, **more: Any) -> dict[str, Any]:
        """The whole answer to a /set."""
        return await self.call(f"{kind}/set", **more)

    async def listing(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.call(f"{kind}/get", ids=None))["list"]
        return found


class House:
    """The stage, and browsers before it."""

    def __init__(self, stage: JmapStage) -> None:
        self.stage = stage
        self.engine = stage.store.engine
        self.passwords = Passwords(PasswordCost(time=1, memory=64), derive=derived)
        self.history = 0
        programs = [Program("imap", "mail.hamburger.test", 993, tls=True)]
        keys = AccountKeys(self.passwords, VAULT, "hamburger.test", self._write, lambda: programs)
        self.app = stage.app(keys=keys, browsers=Browsers(self.engine, lambda: stage.now))

    async def _write(self) -> None:
        self.history += 1

    async def browser(self, address: str = BOB, credential: str = "password ") -> Signed:
        account_id = self.stage.logins.people[address]
        text, hashed = browser_sessions.new_session(account_id)
        one = BrowserSession(account_id, hashed, credential, "Firefox", "192.0.2.7", created=self.stage.now)
        await self.engine.write(lambda tx: browser_sessions.put(tx, one))
        made = Signed(self.app, address, account_id)
        made.cookie = text
        return made

    def later(self) -> None:
        """Nobody has shown lately that it is he."""
        self.stage.now += CONFIRMED_FOR

    async def kinds(self) -> list[CredentialKind]:
        bob = self.stage.logins.people[BOB]
        return [one.kind for one in await credentials.of_account(self.engine.reading(), bob)]


@pytest.fixture
async def house(stage: JmapStage) -> AsyncIterator[House]:
    made = House(stage)
    yield made
    made.passwords.close()


METHODS: list[tuple[str, dict[str, Any]]] = [
    ("AppPassword/get", {"ids": None}), ("AppPassword/set", {"create": {"a": {"label": "x"}}}),
    ("BrowserSession/get", {"ids": None}), ("BrowserSession/set", {"destroy": []}), ("Grant/get", {"ids": None}), ("Grant/set", {}),
    ("Passkey/get", {"ids": None}), ("Passkey/options", {}), ("Passkey/set", {}), ("OneTimeCodes/get", {"ids": None}),
    ("OneTimeCodes/set", {}), ("Password/change", {"password": "a longer one"}), ("LoginHistory/get", {"ids": None}),
    ("LoginHistory/query", {}),
]  # fmt: skip
LETTING_IN = ["AppPassword/set", "Passkey/options", "Passkey/set", "OneTimeCodes/set", "Password/change"]


@pytest.mark.parametrize(("method", "arguments"), METHODS)
async def test_programs_may_not_and_nobody_may_in_others_accounts(
    house: House, method: str, arguments: dict[str, Any]
) -> None:
    program = JmapClient(house.app, BOB, house.stage.logins.people[BOB])
    assert (await program.error(method, **arguments))["type"] == "forbidden"
    alice = await house.browser(ALICE)
    bob = await house.browser()
    assert (await bob.error(method, accountId=alice.account, **arguments))["type"] == "accountNotFound"
    await bob.call(method, **arguments)


@pytest.mark.parametrize(("method", "arguments"), [one for one in METHODS if one[0] in LETTING_IN])
async def test_what_lets_somebody_in_wants_a_fresh_proof(
    house: House, method: str, arguments: dict[str, Any]
) -> None:
    bob = await house.browser()
    house.later()
    assert (await bob.error(method, **arguments))["type"] == "confirmationNeeded"
    hashed = browser_sessions.hash_of(bob.cookie)
    account_id = house.stage.logins.people[BOB]
    await house.engine.write(lambda tx: browser_sessions.confirm(tx, account_id, hashed, house.stage.now))
    await bob.call(method, **arguments)


async def test_an_app_password_is_told_once(house: House) -> None:
    bob = await house.browser()
    wanted = {"phone": {"label": " Phone ", "scopes": ["imap", "smtp"]}, "twice": {"label": "Phone"}}
    made = await bob.set_one("AppPassword", create=wanted)
    one = made["created"]["phone"]
    assert len(one["secret"]) == 43
    assert made["notCreated"]["twice"]["type"] == "alreadyExists"
    (shown,) = await bob.listing("AppPassword")
    assert shown == {key: value for key, value in one.items() if key != "secret"}
    assert (shown["label"], shown["scopes"]) == ("Phone", ["imap", "smtp"])
    found = await credentials.of_account(house.engine.reading(), house.stage.logins.people[BOB])
    kept = next(each for each in found if each.kind is CredentialKind.APP_PASSWORD)
    assert kept.verifier == hashlib.sha256(one["secret"].encode()).digest()
    assert kept.scram
    house.later()  # to take something away no proof is wanted
    gone = await bob.set_one("AppPassword", destroy=[one["id"], "Rzz", "x"], ifInState=made["newState"])
    assert gone["destroyed"] == [one["id"]]
    assert {each["type"] for each in gone["notDestroyed"].values()} == {"notFound"}
    assert await bob.listing("AppPassword") == []
    assert CredentialKind.APP_PASSWORD not in await house.kinds()


@pytest.mark.parametrize(
    "wrong",
    [{}, {"label": ""}, {"label": 1}, {"label": "a\nb"}, {"label": "x" * 101}, {"label": "x", "scopes": ["web"]},
     {"label": "x", "scopes": [1]}, {"label": "x", "scopes": "imap"}, {"label": "x", "secret": "mine"}],
)  # fmt: skip
async def test_what_is_no_app_password(house: House, wrong: dict[str, Any]) -> None:
    bob = await house.browser()
    told = await bob.set_one("AppPassword", create={"a": wrong})
    assert told["notCreated"]["a"]["type"] == "invalidProperties"


async def test_other_browsers_are_seen_and_signed_out(house: House) -> None:
    first = await house.browser()
    house.stage.now += 1
    second = await house.browser()
    listed = await second.listing("BrowserSession")
    assert [one["isCurrent"] for one in listed] == [True, False]
    assert (listed[1]["agent"], listed[1]["ip"], listed[1]["credential"]) == (
        "Firefox",
        "192.0.2.7",
        "password",
    )
    assert second.cookie[-20:] not in str(listed)
    await second.set_one("BrowserSession", destroy=[listed[1]["id"]])
    assert (await first.post({})).status == 401
    assert len(await second.listing("BrowserSession")) == 1
    refused = await second.set_one("BrowserSession", create={"a": {}}, update={listed[0]["id"]: {}})
    assert refused["notCreated"]["a"]["type"] == "forbidden"


async def test_programs_that_were_allowed_are_seen_and_ended(house: House) -> None:
    bob, account_id, now = await house.browser(), house.stage.logins.people[BOB], house.stage.now
    grant = Grant(account_id, 77, b"c" * 32, "Thunderbird", ("imap",), now)
    issued = await house.engine.write(lambda tx: grants.give(tx, grant, now))
    waiting = msgspec.structs.replace(grant, grant_id=78)
    await house.engine.write(lambda tx: grants.allow(tx, waiting))
    (one,) = await bob.listing("Grant")
    assert (one["label"], one["scopes"]) == ("Thunderbird", ["imap"])
    told = await bob.set_one("Grant", destroy=[one["id"], "R2e2"])
    assert told["destroyed"] == [one["id"]]
    assert (
        await house.engine.write(lambda tx: grants.refresh(tx, issued.refresh, b"c" * 32, now + 1, b"k" * 32))
        is None
    )


async def test_a_passkey_is_made_and_removed(house: House) -> None:
    bob, mine = await house.browser(), Authenticator()
    asked = await bob.call("Passkey/options")
    assert asked["options"]["rp"]["id"] == "mail.hamburger.test"
    response = mine.create(asked["options"], ORIGIN)
    wanted = {"label": "Key", "challenge": asked["challenge"], "response": response}
    made = await bob.set_one("Passkey", create={"a": wanted})
    (one,) = await bob.listing("Passkey")
    assert (one["label"], one["lastUsed"], one["isBackedUp"], one["suspectSince"]) == (
        "Key",
        None,
        False,
        None,
    )
    assert made["created"]["a"]["id"] == one["id"]
    again = await bob.call("Passkey/options")
    assert len(again["options"]["excludeCredentials"]) == 1
    other = await house.browser(credential="passkey Key")
    await bob.set_one("Passkey", destroy=[one["id"]])
    assert (await other.post({})).status == 401  # it was begun with that key
    assert await bob.listing("Passkey") == []


@pytest.mark.parametrize("what", ["origin", "account", "late", "form"])
async def test_a_passkey_that_is_not_right(house: House, what: str) -> None:
    bob = await house.browser()
    asked = await (await house.browser(ALICE) if what == "account" else bob).call("Passkey/options")
    response = Authenticator().create(asked["options"], "https://evil.test" if what == "origin" else ORIGIN)
    if what == "late":
        house.stage.now += 300_000_000
    wanted = {"label": "Key", "challenge": asked["challenge"], "response": {} if what == "form" else response}
    told = await bob.set_one("Passkey", create={"a": wanted})
    assert told["notCreated"]["a"]["type"] == "invalidProperties"
    account_id = house.stage.logins.people[BOB]
    assert await passkeys.of_account(house.engine.reading(), account_id) == []


async def test_codes_are_enrolled_confirmed_and_turned_off(house: House) -> None:
    bob = await house.browser()

    async def update(**change: Any) -> dict[str, Any]:
        return await bob.set_one("OneTimeCodes", update={"singleton": change})

    made = (await update(state="unconfirmed"))["updated"]["singleton"]
    assert made["uri"].startswith("otpauth://totp/hamburger.test:bob@hamburger.test?secret=")
    assert (await bob.listing("OneTimeCodes"))[0] == {
        "id": "singleton",
        "state": "unconfirmed",
        "isForWebOnly": False,
    }
    assert (await update(code="000000"))["notUpdated"]["singleton"]["properties"] == ["code"]
    secret = base64.b32decode(made["secret"] + "=" * (-len(made["secret"]) % 8))
    code = totp.code(secret, house.stage.now // 1_000_000 // totp.STEP_SECONDS)
    assert (await update(code=code))["updated"]["singleton"]["state"] == "on"
    assert CredentialKind.TOTP in await house.kinds()
    assert (await update(state="on"))["notUpdated"]["singleton"]["type"] == "invalidProperties"
    await update(state="off")
    assert (await bob.listing("OneTimeCodes"))[0]["state"] == "off"
    told = await bob.set_one(
        "OneTimeCodes", create={"a": {}}, destroy=["singleton"], update={"other": {"state": "off"}}
    )
    assert told["notCreated"]["a"]["type"] == told["notDestroyed"]["singleton"]["type"] == "singleton"
    assert told["notUpdated"]["other"]["type"] == "notFound"


async def test_a_new_password_signs_all_others_out(house: House) -> None:
    bob, other = await house.browser(), await house.browser()
    for wrong in ("short", "x" * 1025):
        assert (await bob.error("Password/change", password=wrong))["type"] == "invalidArguments"
    await bob.call("Password/change", password="a longer one")
    assert (await other.post({})).status == 401
    assert len(await bob.listing("BrowserSession")) == 1
    who = parse_mailbox(BOB)
    assert who is not None
    found = await credentials.of_address(house.engine.reading(), who)
    assert found is not None
    (password,) = [one for one in found.credentials if one.kind is CredentialKind.PASSWORD]
    assert await house.passwords.fits(password.verifier, b"a longer one")
    assert password.scram


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_a_new_password_does_not_sign_in_again_who_is_signed_out_meanwhile(house: House) -> None:
    bob = await house.browser()
    (one,) = await browser_sessions.of_account(house.engine.reading(), house.stage.logins.people[BOB])
    out = partial(browser_sessions.remove, account_id=one.account_id, session_hash=one.session_hash)
    await behind(house.engine, out, lambda: bob.call("Password/change", password="a longer one"))
    assert (await bob.post({})).status == 401


async def test_the_history_of_logins(house: House) -> None:
    bob, account_id = await house.browser(), house.stage.logins.people[BOB]
    gathered = logins.Gathered()
    for number, good in enumerate((True, True, False)):
        one = logins.Login(account_id, "imap" if number else "web", "192.0.2.9", "password", "", good)
        gathered.note(one, house.stage.now + number)
    await gathered.write(house.engine)
    ids = (await bob.call("LoginHistory/query", calculateTotal=True))["ids"]
    assert len(ids) == 3
    got = await bob.call("LoginHistory/get", ids=[*ids, "none"], properties=["protocol", "isGood", "times"])
    assert [(one["protocol"], one["isGood"], one["times"]) for one in got["list"]] == [
        ("imap", False, 1),
        ("imap", True, 1),
        ("web", True, 1),
    ]
    assert got["notFound"] == ["none"]
    assert house.history == 2  # what is not written yet is
    failed = await bob.call("LoginHistory/query", filter={"isGood": False, "protocol": "imap"})
    assert failed["ids"] == ids[:1]
    assert (await bob.error("LoginHistory/query", filter={"x": 1}))["type"] == "unsupportedFilter"
    assert (await bob.error("LoginHistory/query", sort=[{"property": "ip"}]))["type"] == "unsupportedSort"


async def test_what_programs_are_set_up_with(house: House) -> None:
    bob = await house.browser()
    told = await bob.call("MailPrograms/get")
    assert told["username"] == BOB
    assert told["services"] == [
        {"protocol": "imap", "host": "mail.hamburger.test", "port": 993, "isTls": True}
    ]
