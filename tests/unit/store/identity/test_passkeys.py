"""Passkeys: made, kept, shown; and everything that is refused. On both engines, with an authenticator of our own."""

import msgspec
import pytest

from authenticator import BACKED_UP, BACKUP_ELIGIBLE, EDDSA, ES256, PRESENT, Authenticator
from people import NOW, add_account, add_domains, at, write
from postroom.message.errors import AuthenticationFailed
from postroom.proto.sasl.scram import derived
from postroom.store.administration import accounts
from postroom.store.directory.errors import InUse, Taken
from postroom.store.identity import browser_sessions, passkeys
from postroom.store.identity.browser_sessions import BrowserSession
from postroom.store.identity.passkeys import MOST_PASSKEYS
from postroom.store.login import history as logins
from postroom.store.login import passkey_proof
from postroom.store.login.login import LoginPolicy
from postroom.store.login.passkey_proof import CHALLENGE_SECONDS, PasskeyRefused, Site
from postroom.store.login.passwords import PasswordCost, Passwords
from postroom.store.vault import Vault

HERE, BOB = "192.0.2.1", "bob@x.test"
SITE = Site("mail.x.test", "https://mail.x.test:8443")
VAULT = Vault(b"v" * 32)


class Clock:
    def __init__(self):
        self.at = NOW

    def now(self):
        self.at += 1
        return self.at

    def monotonic(self):
        return self.at / 1e6


class House:
    def __init__(self, engine):
        self.engine, self.clock = engine, Clock()
        passwords = Passwords(PasswordCost(time=1, memory=64), derive=derived)
        self.policy = LoginPolicy(engine, passwords, self.clock, vault=VAULT)
        self.bob = 0

    async def settle(self):
        await add_domains(self.engine, "x.test")
        self.bob = await add_account(self.engine, "Bob@x.test")
        return self

    async def register(self, mine, label="phone", site=SITE):
        challenge = passkey_proof.new_challenge(self.bob, self.clock.now())
        there = await self.there()
        options = passkey_proof.creation_options(challenge, SITE, BOB, there)
        made = passkey_proof.registered(challenge, SITE, mine.create(options, site.origin))
        one = msgspec.structs.replace(made, label=label, created=NOW)
        await write(self.engine, passkeys.put, one)
        return one

    async def there(self):
        return await passkeys.of_account(self.engine.reading(), self.bob)

    def answer(self, mine, challenge=None, site=SITE):
        challenge = challenge or passkey_proof.new_challenge(0, self.clock.now())
        options = passkey_proof.request_options(challenge, SITE)
        return passkey_proof.shown(challenge, SITE, mine.get(options, site.origin))

    async def enter(self, shown):
        self.clock.at += 60_000_000  # no delays
        return await self.policy.by_passkey(HERE, shown)


@pytest.fixture
async def house(engine):
    return await House(engine).settle()


@pytest.mark.parametrize("algorithm", [ES256, EDDSA])
async def test_a_passkey_signs_its_owner_in(house, algorithm):
    mine = Authenticator(algorithm)
    await house.register(mine)
    for _ in range(2):
        login = await house.enter(house.answer(mine))
    assert (login.account_id, login.address, login.credential) == (house.bob, "Bob@x.test", "passkey phone")
    (one,) = await house.there()
    assert one.sign_count == 2
    assert one.last_used > NOW
    assert not one.suspect
    await house.policy.write_history()
    history = await logins.listing(house.engine.reading(), house.bob, 10)
    assert [(one.protocol, one.method, one.label, one.good, one.times) for one in history] == [
        ("web", "passkey", "phone", True, 2)
    ]


async def test_one_that_does_not_count_and_lies_in_a_cloud(house):
    mine = Authenticator()
    mine.step, mine.flags = 0, mine.flags | BACKUP_ELIGIBLE | BACKED_UP
    await house.register(mine)
    assert (await house.enter(house.answer(mine))).account_id == house.bob
    assert (await house.enter(house.answer(mine))).account_id == house.bob
    (one,) = await house.there()
    assert (one.sign_count, one.backed_up) == (0, True)


async def test_a_count_that_has_been_is_refused_and_told(house):
    mine = Authenticator()
    await house.register(mine)
    await house.enter(house.answer(mine))
    mine.count = 0  # a copy from before
    with pytest.raises(AuthenticationFailed, match="copied"):
        await house.enter(house.answer(mine))
    (one,) = await house.there()
    assert one.suspect > NOW
    assert one.sign_count == 1
    await house.policy.write_history()
    assert [one.good for one in await logins.listing(house.engine.reading(), house.bob, 10)].count(False) == 1


async def test_an_answer_is_good_once(house):
    mine = Authenticator()
    mine.step = 0  # the count does not help
    await house.register(mine)
    shown = house.answer(mine)
    await house.enter(shown)
    with pytest.raises(AuthenticationFailed):
        await house.enter(shown)
    assert not (await house.there())[0].suspect


@pytest.mark.parametrize("what", ["origin", "host", "flags", "challenge", "signature", "nobody", "disabled"])
async def test_what_is_refused(house, what):
    mine = Authenticator()
    await house.register(mine)
    if what == "flags":
        mine.flags = PRESENT  # nobody has looked who it is
    shown = house.answer(mine, site=Site("evil.test", "https://evil.test") if what == "origin" else SITE)
    if what == "host":
        shown = msgspec.structs.replace(shown, site=Site("other.x.test", SITE.origin))
    if what == "challenge":
        shown = msgspec.structs.replace(shown, challenge=passkey_proof.new_challenge(0, house.clock.now()))
    if what == "signature":
        other = Authenticator()
        other.handle = mine.handle
        forged = house.answer(other, shown.challenge).response["response"]
        shown.response["response"]["signature"] = forged["signature"]
    if what == "nobody":
        await write(house.engine, passkeys.remove_all, house.bob)
    if what == "disabled":
        await write(house.engine, accounts.set_enabled, at(BOB), enabled=False)
    with pytest.raises(AuthenticationFailed):
        await house.enter(shown)


@pytest.mark.parametrize(
    "response",
    [{}, {"response": 1}, {"response": {"userHandle": 1}}, {"id": "é", "response": {"userHandle": "QTE"}},
     {"id": "", "response": {"userHandle": "QTE"}}, {"id": "a" * 9999, "response": {"userHandle": "QTE"}},
     {"id": "AAAA", "response": {"userHandle": "\ud800"}}],
)  # fmt: skip
async def test_what_has_no_form(response):
    with pytest.raises(PasskeyRefused):
        passkey_proof.shown(passkey_proof.new_challenge(0, NOW), SITE, response)


@pytest.mark.parametrize(
    "hostile",
    ["", "!", "A", "gA", "_" * 3000, "oWFh" * 500, "m" * 40_000, "n4GBgYGBgYGB" + "gYGB" * 5000],
)
async def test_a_registration_may_be_anything(house, hostile):
    mine = Authenticator()
    challenge = passkey_proof.new_challenge(house.bob, NOW)
    response = mine.create(passkey_proof.creation_options(challenge, SITE, BOB, []), SITE.origin)
    response["response"]["attestationObject"] = hostile
    with pytest.raises(PasskeyRefused):
        passkey_proof.registered(challenge, SITE, response)


async def test_a_registration_without_verification_is_refused(house):
    mine = Authenticator()
    mine.flags = PRESENT
    with pytest.raises(PasskeyRefused):
        await house.register(mine)
    with pytest.raises(PasskeyRefused):
        await house.register(Authenticator(), site=Site("evil.test", "https://evil.test"))


def test_challenges_are_sealed_for_an_account_and_a_while():
    challenge = passkey_proof.new_challenge(7, NOW)
    sealed = challenge.sealed(VAULT)
    assert passkey_proof.opened(sealed, VAULT, 7, NOW + 1) == challenge
    late = NOW + CHALLENGE_SECONDS * 1_000_000
    for text, vault, account, now in [
        (sealed, VAULT, 8, NOW), (sealed, VAULT, 0, NOW), (sealed, VAULT, 7, late), (sealed, VAULT, 7, NOW - 1),
        (sealed, Vault(b"w" * 32), 7, NOW), (sealed[:-4], VAULT, 7, NOW), ("", VAULT, 7, NOW), ("é", VAULT, 7, NOW),
    ]:  # fmt: skip
        with pytest.raises(PasskeyRefused):
            passkey_proof.opened(text, vault, account, now)


@pytest.mark.parametrize(
    ("host", "origin", "can"),
    [
        ("mail.x.test", "https://mail.x.test", True),
        ("mail.x.test", "http://mail.x.test", False),
        ("localhost", "http://localhost:2580", True),
        ("127.0.0.1", "https://127.0.0.1", False),
        ("::1", "https://[::1]", False),
    ],
)
def test_where_there_can_be_any(host, origin, can):
    assert Site(host, origin).can is can


async def test_names_and_numbers_are_bounded_and_their_end_is_the_accounts(house):
    first = await house.register(Authenticator())
    with pytest.raises(Taken):
        await house.register(Authenticator())
    for number in range(MOST_PASSKEYS - 1):
        await house.register(Authenticator(), f"key {number}")
    with pytest.raises(InUse):
        await house.register(Authenticator(), "one more")
    for text in ("own", "others"):
        hashed = browser_sessions.hash_of(text)
        one = BrowserSession(house.bob, hashed, "passkey phone", created=NOW)
        await write(house.engine, browser_sessions.put, one)
    assert await write(house.engine, passkeys.remove, first, browser_sessions.hash_of("own"))
    assert not await write(house.engine, passkeys.remove, first)
    await write(house.engine, accounts.remove, at(BOB))
    assert await house.there() == []


async def test_nobody_signs_in_with_a_passkey_that_is_removed_meanwhile(house):
    """Its browsers had been signed out when he was."""
    mine = Authenticator()
    one = await house.register(mine)
    login = await house.enter(house.answer(mine))
    await write(house.engine, passkeys.remove, one)
    session = BrowserSession(house.bob, browser_sessions.hash_of("late"), login.credential, created=NOW)
    with pytest.raises(AuthenticationFailed):
        await write(house.engine, browser_sessions.begin, session, login.generation)
