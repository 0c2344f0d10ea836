"""Logins by other ways than a password: SCRAM's keys, shared secrets, tokens, certificates; one-time codes; and the history of all."""

import contextlib
import hashlib

import pytest

from people import IDS, NOW, add_account, add_domains, at, write
from postroom.message.errors import AuthenticationFailed, TooManyLogins, TryLater
from postroom.proto.sasl.scram import derived, keys_of
from postroom.store.administration import accounts
from postroom.store.administration.accounts import Verifiers
from postroom.store.directory.errors import Taken
from postroom.store.identity import client_certificates, credentials, tokens
from postroom.store.identity.client_certificates import ClientCertificate
from postroom.store.identity.credentials import Credential, CredentialKind
from postroom.store.identity.tokens import MOST_TOKENS, Token
from postroom.store.login import history as logins
from postroom.store.login import totp
from postroom.store.login.login import (
    CodeWanted,
    Login,
    LoginPolicy,
    LoginSettings,
    Proven,
    shared_secret_purpose,
    totp_purpose,
)
from postroom.store.login.passwords import PasswordCost, Passwords
from postroom.store.login.scram import ITERATIONS
from postroom.store.vault import Vault

HERE, BOB = "192.0.2.1", "bob@x.test"
SECRET = b"secret"


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def now(self):
        return NOW + int(self.seconds * 1_000_000)

    def monotonic(self):
        return self.seconds


class House:
    """A policy, and Bob's account."""

    def __init__(self, engine, vault):
        self.engine, self.clock, self.vault = engine, Clock(), vault
        self.passwords = Passwords(PasswordCost(time=1, memory=64), derive=derived)
        self.policy = LoginPolicy(engine, self.passwords, self.clock, LoginSettings(), vault)
        self.bob = 0

    async def settle(self):
        await add_domains(self.engine, "x.test")
        self.bob = await add_account(self.engine, "Bob@x.test")
        await self.set_password(SECRET)

    async def set_password(self, password, *, scram=True):
        phc = await self.passwords.verifier(password)
        kept = await self.passwords.scram(password, BOB, self.vault) if scram else b""
        await write(self.engine, accounts.set_password, at(BOB), Verifiers(phc, kept), IDS, NOW)

    async def put(self, kind, verifier, **more):
        one = Credential(IDS.next(), kind, verifier, **more)
        await write(self.engine, credentials.put, self.bob, one, NOW)
        return one.credential_id

    async def app_password(self, text, **more):
        kept = await self.passwords.scram(text, BOB, self.vault)
        digest = hashlib.sha256(text).digest()
        return await self.put(CredentialKind.APP_PASSWORD, digest, scram=kept, **more)

    async def prove(self, number, username=BOB, protocol="imap", **more):
        return await self.policy.proven(protocol, HERE, Proven(username, "SCRAM-SHA-256", number, **more))

    async def history(self):
        await self.policy.write_history()
        return await logins.listing(self.engine.reading(), self.bob, 100)


@pytest.fixture
async def house(engine, tmp_path):
    built = House(engine, Vault.open(tmp_path / "key"))
    await built.settle()
    yield built
    built.passwords.close()


def fits(kept, password, hash_name="sha256"):
    """The credential that the password is of, as SCRAM finds it out."""
    keys = keys_of(hash_name, password, kept.salt, kept.iterations)
    return [number for number, pair in kept.keys if pair == (keys.stored, keys.server)]


# ------------------------------------------------------------------------------------------------------------------ SCRAM


def who(login: Login) -> tuple[int, str]:
    return login.account_id, login.address


@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
async def test_scram_works_with_what_was_kept_when_the_password_was_set(house, hash_name):
    kept = await house.policy.scram("imap", "BOB@x.test", hash_name)
    assert kept.iterations == ITERATIONS >= 4096
    (number,) = fits(kept, SECRET, hash_name)
    assert fits(kept, b"other", hash_name) == []
    assert who(await house.prove(number)) == (house.bob, "Bob@x.test")


async def test_scram_is_made_up_for_at_the_first_login_with_the_password(house):
    await house.set_password(SECRET, scram=False)
    assert (await house.policy.scram("imap", BOB, "sha256")).keys == ()
    await house.policy.authenticate("imap", HERE, BOB, SECRET)
    assert fits(await house.policy.scram("imap", BOB, "sha256"), SECRET)


async def test_a_good_login_does_not_fail_for_what_could_be_kept_of_it(house, monkeypatch):
    await house.set_password(SECRET, scram=False)

    async def busy(*_):
        raise TooManyLogins

    monkeypatch.setattr(house.passwords, "scram", busy)
    assert await house.policy.authenticate("imap", HERE, BOB, SECRET)


async def test_what_is_kept_ends_with_the_password(house):
    (number,) = fits(await house.policy.scram("imap", BOB, "sha256"), SECRET)
    await house.set_password(b"new")
    kept = await house.policy.scram("imap", BOB, "sha256")
    assert fits(kept, SECRET) == []
    assert fits(kept, b"new")
    with pytest.raises(AuthenticationFailed):
        await house.prove(number)


async def test_what_is_kept_is_sealed_for_its_account(house):
    (one,) = await credentials.of_account(house.engine.reading(), house.bob)
    kept = await house.policy.scram("imap", BOB, "sha256")
    assert one.scram
    assert kept.keys[0][1][0] not in one.scram
    await write(house.engine, accounts.add, accounts.NewAccount(at("eve@x.test")), IDS, NOW)
    await write(
        house.engine, accounts.set_password, at("eve@x.test"), Verifiers(one.verifier, one.scram), IDS, NOW
    )
    assert (await house.policy.scram("imap", "eve@x.test", "sha256")).keys == ()


@pytest.mark.parametrize("name", ["nobody@x.test", "nobody", "", "a b", "\udcff@x.test", "x" * 5000])
async def test_s28_a_name_that_is_nobodys_has_a_salt_too_and_always_the_same(house, name):
    first, second = [await house.policy.scram("imap", name, "sha256") for _ in range(2)]
    bobs = await house.policy.scram("imap", BOB, "sha256")
    assert first == second
    assert first.keys == ()
    assert (len(first.salt), first.iterations) == (len(bobs.salt), bobs.iterations)
    assert first.salt != bobs.salt
    assert (await house.policy.scram("imap", name + "x", "sha256")).salt != first.salt or len(name) == 5000


async def test_s28_an_account_that_has_nothing_for_scram_looks_like_one_that_has(house):
    before = await house.policy.scram("imap", BOB, "sha256")
    await house.set_password(SECRET, scram=False)
    after = await house.policy.scram("imap", BOB, "sha256")
    assert (before.salt, before.iterations) == (after.salt, after.iterations)


async def test_app_passwords_are_good_for_scram_by_their_protocols(house):
    number = await house.app_password(b"app", label="phone", scopes=("smtp",))
    assert fits(await house.policy.scram("smtp", BOB, "sha256"), b"app") == [number]
    assert fits(await house.policy.scram("imap", BOB, "sha256"), b"app") == []
    assert await house.prove(number, protocol="smtp")
    with pytest.raises(AuthenticationFailed):
        await house.prove(number, protocol="imap")


async def test_an_app_password_ends(house):
    number = await house.app_password(b"app", expires=NOW + 1_000_000)
    for login in (await house.prove(number), await house.policy.authenticate("imap", HERE, BOB, b"app")):
        assert login.expires == NOW + 1_000_000
    house.clock.seconds = 1.0
    with pytest.raises(AuthenticationFailed):
        await house.policy.authenticate("imap", HERE, BOB, b"app")
    house.clock.seconds = 10.0
    with pytest.raises(AuthenticationFailed):
        await house.prove(number)


@pytest.mark.parametrize(
    ("number", "more"),
    [(0, {}), (12345, {}), (None, {"authorize_as": "boss@x.test"}), (None, {"username": "nobody@x.test"})],
)
async def test_a_proof_that_is_none_fails_and_is_counted(house, number, more):
    (good,) = fits(await house.policy.scram("imap", BOB, "sha256"), SECRET)
    with pytest.raises(AuthenticationFailed):
        await house.prove(good if number is None else number, **more)
    with pytest.raises(TooManyLogins):
        await house.prove(good, username=more.get("username", BOB))


async def test_a_disabled_account_proves_in_vain(house):
    (good,) = fits(await house.policy.scram("imap", BOB, "sha256"), SECRET)
    await write(house.engine, accounts.set_enabled, at(BOB), enabled=False)
    with pytest.raises(AuthenticationFailed):
        await house.prove(good)


# --------------------------------------------------------------------------------------------------------- shared secrets


async def test_a_shared_secret_is_given_to_its_mechanisms_and_chance_to_the_others(house):
    assert (await house.policy.shared_secret("imap", BOB))[0] == 0
    sealed = house.vault.seal(b"tanstaaf", shared_secret_purpose(house.bob))
    number = await house.put(CredentialKind.SHARED_SECRET, sealed)
    assert await house.policy.shared_secret("imap", BOB) == (number, b"tanstaaf")
    first, second = [await house.policy.shared_secret("imap", "nobody@x.test") for _ in range(2)]
    assert first[0] == second[0] == 0
    assert first[1] != second[1]


# ----------------------------------------------------------------------------------------------------------------- tokens


async def token(house, **more):
    text, token_hash = tokens.new_token(house.bob)
    await write(house.engine, tokens.put, Token(house.bob, token_hash, "phone", **more))
    return text


@pytest.mark.parametrize("username", [BOB, "BOB@X.test", ""])
async def test_a_token_lets_in(house, username):
    text = await token(house)
    assert who(await house.policy.bearer("imap", HERE, username, text)) == (house.bob, "Bob@x.test")
    (kept,) = await tokens.of_account(house.engine.reading(), house.bob)
    assert kept.last_used == NOW
    assert text.encode() not in kept.token_hash


@pytest.mark.parametrize(
    ("username", "protocol", "spoil"),
    [
        ("eve@x.test", "imap", False),
        (BOB, "pop3", False),
        (BOB, "imap", True),
        ("", "imap", True),
        ("", "pop3", False),
    ],
)
async def test_a_token_of_others_or_for_others_does_not(house, username, protocol, spoil):
    await add_account(house.engine, "eve@x.test")
    text = await token(house, scopes=("imap", "smtp"))
    with pytest.raises(AuthenticationFailed):
        await house.policy.bearer(protocol, HERE, username, text[:-1] + "!" if spoil else text)


async def test_a_token_ends_when_it_expires_or_is_revoked(house):
    text = await token(house, expires=NOW + 2_000_000)
    other = await token(house)
    assert await house.policy.bearer("imap", HERE, "", text)
    house.clock.seconds = 2.0
    with pytest.raises(AuthenticationFailed):
        await house.policy.bearer("imap", HERE, BOB, text)
    assert await write(house.engine, tokens.remove, house.bob, tokens.hash_of(other))
    with pytest.raises(AuthenticationFailed):
        await house.policy.bearer("imap", "192.0.2.9", BOB, other)


@pytest.mark.parametrize(
    "text", ["", "x", "prt_A1_x", "prt_AZZ_" + "a" * 43, "prt__" + "a" * 43, "prt_A1_" + "a" * 4000]
)
def test_what_is_no_token_names_no_account(text):
    assert tokens.account_of(text) == 0


async def test_an_account_has_only_so_many_tokens(house):
    for number in range(MOST_TOKENS + 1):
        made = Token(house.bob, number.to_bytes(32, "big"), str(number), (), NOW + number, NOW * 2 + number)
        await write(house.engine, tokens.put, made)
    found = await tokens.of_account(house.engine.reading(), house.bob)
    assert [one.label for one in found] == [str(number) for number in range(1, MOST_TOKENS + 1)]


async def test_a_removed_account_leaves_neither_tokens_nor_certificates(house):
    await token(house)
    await write(
        house.engine, client_certificates.put, ClientCertificate("email:bob@x.test", house.bob, "", NOW)
    )
    await write(house.engine, accounts.remove, at(BOB))
    assert not await tokens.any_of(house.engine.reading())
    assert await client_certificates.find(house.engine.reading(), ["email:bob@x.test"]) is None


# ----------------------------------------------------------------------------------------------------------- certificates


async def test_a_certificate_lets_in_by_what_it_says(house):
    await write(
        house.engine, client_certificates.put, ClientCertificate("sha256:ab", house.bob, "laptop", NOW)
    )
    said = ["sha256:ab", "email:someone@else.test"]
    assert who(await house.policy.certified("imap", HERE, said)) == (house.bob, "Bob@x.test")
    assert await house.policy.certified("imap", HERE, said, "BOB@x.test")
    assert [one.label for one in await house.history()] == ["laptop"]
    with pytest.raises(AuthenticationFailed):
        await house.policy.certified("imap", HERE, said, "eve@x.test")
    with pytest.raises(AuthenticationFailed):
        await house.policy.certified("imap", HERE, ["sha256:cd"])
    with pytest.raises(Taken):
        await write(house.engine, client_certificates.put, ClientCertificate("sha256:ab", 7, "", NOW))


# ---------------------------------------------------------------------------------------------------------- one-time codes


async def test_with_one_time_codes_the_password_alone_is_not_enough_for_mail(house):
    number = await house.app_password(b"app")
    (main,) = fits(await house.policy.scram("imap", BOB, "sha256"), SECRET)
    await house.policy.authenticate("imap", HERE, BOB, SECRET)  # is remembered
    await house.put(CredentialKind.TOTP, house.vault.seal(b"x" * 20, totp_purpose(house.bob)))
    with pytest.raises(AuthenticationFailed):
        await house.policy.authenticate("imap", HERE, BOB, SECRET)
    house.clock.seconds = 60.0
    with pytest.raises(AuthenticationFailed):
        await house.prove(main)
    assert fits(await house.policy.scram("imap", BOB, "sha256"), SECRET) == []
    house.clock.seconds = 120.0
    assert await house.prove(number)
    assert await house.policy.authenticate("imap", HERE, BOB, b"app")


async def test_codes_for_the_web_alone_leave_mail_programs_their_password(house):
    await house.put(CredentialKind.TOTP, house.vault.seal(b"x", totp_purpose(house.bob)), scopes=("web",))
    assert await house.policy.authenticate("imap", HERE, BOB, SECRET)
    with pytest.raises(AuthenticationFailed):
        await house.policy.authenticate("web", HERE, BOB, SECRET)


async def test_an_enrolment_that_is_not_confirmed_changes_nothing(house):
    await house.put(CredentialKind.TOTP_UNCONFIRMED, house.vault.seal(b"x", totp_purpose(house.bob)))
    assert await house.policy.authenticate("imap", HERE, BOB, SECRET)


# ------------------------------------------------------------------------------------------------------------- the history


async def test_the_history_has_one_row_for_all_alike_of_a_day(house):
    for _ in range(3):
        await house.policy.authenticate("imap", HERE, BOB, SECRET)
        house.clock.seconds += 1
    await house.app_password(b"app", label="phone")
    await house.policy.authenticate("smtp", "192.0.2.9", BOB, b"app")
    with pytest.raises(AuthenticationFailed):
        await house.policy.authenticate("imap", "192.0.2.66", BOB, b"guess")
    with pytest.raises(AuthenticationFailed):
        await house.policy.authenticate("imap", "192.0.2.66", "nobody@x.test", b"guess")
    found = {(one.protocol, one.ip, one.method, one.label, one.good): one for one in await house.history()}
    assert set(found) == {
        ("imap", HERE, "password", "", True),
        ("smtp", "192.0.2.9", "password", "phone", True),
        ("imap", "192.0.2.66", "password", "", False),
    }
    mine = found["imap", HERE, "password", "", True]
    assert (mine.times, mine.first, mine.last) == (3, NOW, NOW + 2_000_000)
    await house.policy.authenticate("imap", HERE, BOB, SECRET)
    again = {(one.protocol, one.good): one.times for one in await house.history()}
    assert again["imap", True] == 4


async def test_the_history_forgets_what_is_old_or_too_much(house, monkeypatch):
    await house.policy.authenticate("imap", HERE, BOB, SECRET)
    assert len(await house.history()) == 1
    house.clock.seconds = (logins.KEPT_DAYS + 1) * 86_400.0
    await house.policy.authenticate("smtp", HERE, BOB, SECRET)
    assert [one.protocol for one in await house.history()] == ["smtp"]
    monkeypatch.setattr(logins, "MOST_ROWS", 5)
    for _ in range(8):
        house.clock.seconds += 86_400
        await house.policy.authenticate("imap", HERE, BOB, SECRET)
        found = await house.history()
    assert len(found) == 5


async def test_guesses_do_not_wipe_the_history(house, monkeypatch):
    """They come from as many addresses as somebody has, all in one day."""
    monkeypatch.setattr(logins, "MOST_ROWS", 3)
    await house.policy.authenticate("imap", HERE, BOB, SECRET)
    for number in range(7):
        house.clock.seconds += 1
        with pytest.raises(AuthenticationFailed):
            await house.policy.authenticate("imap", f"192.0.2.{number}", BOB, b"guess")
        await house.history()
    found = [(one.ip, one.good) for one in await house.history()]
    assert found == [("192.0.2.6", False), ("192.0.2.5", False), ("192.0.2.4", False), (HERE, True)]


async def test_a_history_can_be_forgotten(house):
    await house.policy.authenticate("imap", HERE, BOB, SECRET)
    await house.policy.authenticate("pop3", HERE, BOB, SECRET)
    assert len(await house.history()) == 2
    assert await house.engine.write(lambda tx: logins.forget(tx, house.bob + 1)) == 0
    assert await house.engine.write(lambda tx: logins.forget(tx, house.bob)) == 2
    assert await house.history() == []


async def test_what_could_not_be_written_is_counted_with_what_came_meanwhile():
    gathered = logins.Gathered()
    one = logins.Login(1, "imap", HERE, "password", "", good=True)

    class Away:
        async def write(self, *_):
            gathered.note(one, NOW + 5)
            raise TryLater

    gathered.note(one, NOW)
    with pytest.raises(TryLater):
        await gathered.write(Away())
    assert gathered._times == {(one, NOW // logins.DAY): (2, NOW, NOW + 5)}


def test_what_waits_to_be_written_is_bounded(monkeypatch):
    monkeypatch.setattr(logins, "MOST_GATHERED", 2)
    gathered = logins.Gathered()
    for ip in ("a", "b", "c", "a"):
        gathered.note(logins.Login(1, "imap", ip, "password", "", good=True), NOW)
    assert [(key[0].ip, value[0]) for key, value in gathered._times.items()] == [("a", 2), ("b", 1)]


# S27: a good user elsewhere does not feel it


async def test_s27_guesses_by_any_mechanism_count_together_and_leave_others_alone(house):
    (good,) = fits(await house.policy.scram("imap", BOB, "sha256"), SECRET)
    with pytest.raises(AuthenticationFailed):
        await house.prove(0)
    with pytest.raises(TooManyLogins):
        await house.policy.authenticate("imap", HERE, BOB, SECRET)
    with pytest.raises(TooManyLogins):
        await house.policy.bearer("imap", HERE, BOB, "x")
    elsewhere = await house.policy.proven("imap", "192.0.2.200", Proven(BOB, "SCRAM-SHA-256", good))
    assert who(elsewhere) == (house.bob, "Bob@x.test")


async def enrol(house: House) -> bytes:
    """One-time codes for Bob."""
    secret = totp.new_secret()
    sealed = house.vault.seal(secret, totp_purpose(house.bob))
    codes = Credential(IDS.next(), CredentialKind.TOTP, sealed, scopes=("web",))
    await write(house.engine, credentials.put, house.bob, codes, NOW)
    return secret


async def test_signing_in_on_a_page(house):
    assert (await house.policy.sign_in(HERE, BOB, SECRET)).account_id == house.bob
    with pytest.raises(AuthenticationFailed):
        await house.policy.sign_in(HERE, BOB, b"wrong")
    with pytest.raises(AuthenticationFailed):
        await house.policy.sign_in(HERE, "nobody@x.test", SECRET)


async def test_a_page_takes_no_app_password(house):
    app = Credential(IDS.next(), CredentialKind.APP_PASSWORD, hashlib.sha256(b"app").digest(), "phone")
    await write(house.engine, credentials.put, house.bob, app, NOW)
    with pytest.raises(AuthenticationFailed):
        await house.policy.sign_in(HERE, BOB, b"app")


async def test_a_page_asks_for_a_code_once_the_password_is_right(house):
    secret = await enrol(house)
    with pytest.raises(AuthenticationFailed):
        await house.policy.sign_in("192.0.2.7", BOB, b"wrong")
    with pytest.raises(CodeWanted):
        await house.policy.sign_in(HERE, BOB, SECRET)
    code = totp.code(secret, NOW // 1_000_000 // totp.STEP_SECONDS)
    other = str((int(code) + 1) % 10**6).zfill(6)
    for ip, password, given in (("192.0.2.8", SECRET, other), ("192.0.2.9", b"wrong", code)):
        with pytest.raises(AuthenticationFailed):
            await house.policy.sign_in(ip, BOB, password, given)
    login = await house.policy.sign_in(HERE, BOB, SECRET, code)
    assert login.credential.strip() == "password and code"
    with pytest.raises(AuthenticationFailed):  # RFC 6238 §5.2: a code is good once
        await house.policy.sign_in(HERE, BOB, SECRET, code)


async def test_codes_are_not_guessed(house):
    await enrol(house)
    tried = 0
    with contextlib.suppress(TooManyLogins):
        for tried in range(100):
            with contextlib.suppress(AuthenticationFailed):
                await house.policy.sign_in(HERE, BOB, SECRET, str(tried).zfill(6))
    assert tried < 10
