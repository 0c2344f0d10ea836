"""Whether a login holds still, whatever it was made with."""

import hashlib

import pytest

from people import IDS, NOW, add_account, add_domains, at, write
from postroom.store.administration import accounts
from postroom.store.administration.accounts import Verifiers
from postroom.store.identity import browser_sessions, client_certificates, credentials, grants, tokens
from postroom.store.identity.browser_sessions import BrowserSession
from postroom.store.identity.client_certificates import ClientCertificate
from postroom.store.identity.credentials import Credential, CredentialKind
from postroom.store.identity.grants import Grant
from postroom.store.identity.tokens import Token
from postroom.store.login.login import LoginPolicy, LoginSettings, Proven
from postroom.store.login.passwords import PasswordCost, Passwords
from postroom.store.login.standing import Ground

HERE, BOB = "192.0.2.1", "bob@x.test"
PHONE = b"a password for a phone"
WAYS = ("password", "cached", "app password", "proof", "token", "grant", "certificate", "visit", "browser")
MINUTE = 60 * 1_000_000


class Clock:
    def __init__(self):
        self.micros = NOW

    def now(self):
        return self.micros

    def monotonic(self):
        return (self.micros - NOW) / 1_000_000


class House:
    """Bob, who has something of everything."""

    def __init__(self, engine):
        self.engine, self.clock = engine, Clock()
        self.passwords = Passwords(PasswordCost(time=1, memory=64))
        self.policy = LoginPolicy(engine, self.passwords, self.clock, LoginSettings(visited=BOB))

    async def settle(self):
        await add_domains(self.engine, "x.test")
        self.bob = await add_account(self.engine, BOB)
        await self.set_password(b"secret")
        self.phone = Credential(
            IDS.next(), CredentialKind.APP_PASSWORD, hashlib.sha256(PHONE).digest(), expires=NOW + MINUTE
        )
        await write(self.engine, credentials.put, self.bob, self.phone, NOW)
        self.token, token_hash = tokens.new_token(self.bob)
        await write(self.engine, tokens.put, Token(self.bob, token_hash, expires=NOW + MINUTE))
        self.grant = Grant(self.bob, IDS.next(), b"client", "Phone", ("imap",), NOW)
        self.issued = await write(self.engine, grants.give, self.grant, NOW)
        await write(
            self.engine, client_certificates.put, ClientCertificate("sha256:ab", self.bob, "laptop", NOW)
        )
        self.browser = BrowserSession(self.bob, b"b" * 32, created=NOW)
        await write(self.engine, browser_sessions.put, self.browser)

    async def set_password(self, password):
        kept = Verifiers(await self.passwords.verifier(password), b"")
        await write(self.engine, accounts.set_password, at(BOB), kept, IDS, NOW)

    async def ground(self, way):
        policy = self.policy
        match way:
            case "password" | "cached":
                login = await policy.authenticate("imap", HERE, BOB, b"secret")
                if way == "cached":
                    login = await policy.authenticate("imap", HERE, BOB, b"secret")
            case "app password":
                login = await policy.authenticate("imap", HERE, BOB, PHONE)
            case "proof":
                login = await policy.proven("imap", HERE, Proven(BOB, "SCRAM", self.phone.credential_id))
            case "token":
                login = await policy.bearer("imap", HERE, "", self.token)
            case "grant":
                login = await policy.bearer("imap", HERE, "", self.issued.access)
            case "certificate":
                login = await policy.certified("imap", HERE, ["email:x@y.test", "sha256:ab"])
            case "visit":
                login = await policy.anonymous("imap", HERE, "")
            case _:
                return Ground(self.bob, "web", browser=self.browser.session_hash)
        return login.ground

    async def revoke(self, way):
        engine, bob = self.engine, self.bob
        match way:
            case "password" | "cached":
                await self.set_password(b"another")
            case "app password" | "proof":
                assert await write(engine, credentials.remove, bob, self.phone.credential_id)
            case "token":
                await write(engine, tokens.remove, bob, tokens.hash_of(self.token))
            case "grant":
                await write(engine, grants.revoke, self.issued.grant)
            case "certificate":
                await write(engine, client_certificates.remove, bob, "sha256:ab")
            case "browser":
                await write(engine, browser_sessions.remove, bob, self.browser.session_hash)


@pytest.fixture
async def house(engine):
    built = House(engine)
    await built.settle()
    yield built
    built.passwords.close()


@pytest.mark.parametrize("way", WAYS)
async def test_a_login_ends_with_its_account(house, way):
    ground = await house.ground(way)
    assert await house.policy.holds(ground)
    await write(house.engine, accounts.set_enabled, at(BOB), enabled=False)
    assert not await house.policy.holds(ground)
    await write(house.engine, accounts.set_enabled, at(BOB), enabled=True)
    assert await house.policy.holds(ground)
    await write(house.engine, accounts.remove, at(BOB))
    assert not await house.policy.holds(ground)


@pytest.mark.parametrize("way", [way for way in WAYS if way != "visit"])
async def test_a_login_ends_with_what_was_shown_and_not_with_anything_else(house, way):
    grounds = {one: await house.ground(one) for one in WAYS}
    await house.revoke(way)
    ended = {one for one in WAYS if not await house.policy.holds(grounds[one])}
    alike = [{"password", "cached", "browser"}, {"app password", "proof"}]
    expected = {way} if way == "browser" else next((both for both in alike if way in both), {way})
    assert ended == expected  # a new password signs all browsers out


async def test_a_login_ends_at_its_date_but_not_with_a_token_that_its_program_replaces(house):
    grounds = {one: await house.ground(one) for one in WAYS}
    house.clock.micros += MINUTE
    ended = {one for one in WAYS if not await house.policy.holds(grounds[one])}
    assert ended == {"app password", "proof", "token"}
    house.clock.micros += 120 * MINUTE
    assert await house.policy.holds(grounds["grant"])


async def test_the_password_alone_ends_once_codes_are_wanted(house):
    ground = await house.ground("password")
    code = Credential(IDS.next(), CredentialKind.TOTP, b"sealed")
    await write(house.engine, credentials.put, house.bob, code, NOW)
    assert not await house.policy.holds(ground)
