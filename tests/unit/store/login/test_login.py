import asyncio
import hashlib

import pytest

from people import IDS, NOW, add_account, add_domains, at, write
from postroom.message.errors import AuthenticationFailed, TooManyLogins
from postroom.store.administration import accounts
from postroom.store.identity import credentials
from postroom.store.identity.credentials import Credential, CredentialKind
from postroom.store.login import history as logins
from postroom.store.login.login import Login, LoginPolicy, LoginSettings, shared_secret_purpose
from postroom.store.login.passwords import PasswordCost, Passwords
from postroom.store.login.throttle import Limits
from postroom.store.mailboxes import acl
from postroom.store.vault import Vault

HERE, THERE = "192.0.2.1", "192.0.2.2"
BOB = "bob@x.test"
USUAL = LoginSettings()
CHALLENGE = b"<1896.697170952@dbc.mtview.ca.us>"


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def now(self):
        return NOW + int(self.seconds * 1_000_000)

    def monotonic(self):
        return self.seconds


class Counted(Passwords):
    """Counts how often a password was really checked."""

    checks = 0

    async def fits(self, verifier, password):
        self.checks += 1
        return await super().fits(verifier, password)


class House:
    """A policy and what it stands on."""

    def __init__(self, engine, settings, vault):
        self.engine, self.clock = engine, Clock()
        self.passwords = Counted(PasswordCost(time=1, memory=64))
        self.policy = LoginPolicy(engine, self.passwords, self.clock, settings, vault)

    async def login(self, password=b"secret", username=BOB, ip=HERE, **more):
        return await self.policy.authenticate(more.pop("protocol", "imap"), ip, username, password, **more)

    async def fails(self, times=1, **more):
        for _ in range(times):
            with pytest.raises(AuthenticationFailed):
                await self.login(b"wrong", **more)


@pytest.fixture
async def build(engine, tmp_path):
    """Makes a house with Bob (and his account's id) in it."""
    houses = []

    async def make(settings=USUAL):
        house = House(engine, settings, Vault.open(tmp_path / "key"))
        houses.append(house)
        await add_domains(engine, "x.test")
        house.bob = await add_account(engine, "Bob@x.test", await house.passwords.verifier(b"secret"))
        return house

    yield make
    for house in houses:
        house.passwords.close()


def who(login: Login) -> tuple[int, str]:
    return login.account_id, login.address


@pytest.mark.parametrize("username", ["Bob@x.test", "bob@x.test", "BOB@X.TEST", '"bob"@x.test'])
async def test_the_right_password(build, username):
    house = await build()
    assert who(await house.login(username=username)) == (house.bob, "Bob@x.test")


FORMS = ("b\u00fccher.test", "xn--bcher-kva.test")


@pytest.mark.parametrize("ours", FORMS)
@pytest.mark.parametrize("given", [*FORMS, "B\u00dcCHER.test"])
async def test_the_domain_is_the_same_in_a_labels_and_in_u_labels(build, ours, given):
    """Mail to either comes; programs write what their users type, or what the DNS has."""
    house = await build()
    await add_domains(house.engine, ours)
    eve = await add_account(house.engine, f"eve@{ours}", await house.passwords.verifier(b"secret"))
    name = f"Eve@{given}"
    assert who(await house.login(username=name, authorize_as=name)) == (eve, f"eve@{ours}")
    assert await acl.account_of(house.engine.reading(), name) == eve
    shown = await house.policy.scram("imap", name, "sha256")
    assert shown.salt == (await house.policy.scram("imap", f"eve@{ours}", "sha256")).salt
    await house.fails(username=name)
    with pytest.raises(TooManyLogins):  # another form is no other name
        await house.login(username=f"eve@{ours}")
    with pytest.raises(AuthenticationFailed):
        await house.login(username=name, authorize_as=f"bob@{given}", ip=THERE)


@pytest.mark.parametrize(
    ("username", "password"),
    [
        (BOB, b"wrong"),
        (BOB, b""),
        (BOB, b"\xc3\xa9"),
        (BOB, b"\xff\xfe"),
        ("bob", b"secret"),
        ("", b"secret"),
        ("bob@x.test ", b"secret"),
        ("nobody@x.test", b"secret"),
        ("\udcff\udcfe@x.test", b"secret"),
        ("' OR 1=1 --@x.test", b"secret"),
        ("b%@x.test", b"secret"),
        ("*)(uid=*", b"secret"),
    ],
)
async def test_anything_else_fails_alike(build, username, password):
    house = await build()
    with pytest.raises(AuthenticationFailed) as failed:
        await house.login(password, username)
    assert failed.value.public == AuthenticationFailed.words
    assert house.passwords.checks == 1  # the same work, whether the name is known or not


class Counting:
    """An engine that counts what is read and written."""

    def __init__(self, engine):
        self._engine = engine
        self.statements = self.writes = 0

    def reading(self):
        return self

    async def fetch(self, sql, *args):
        self.statements += 1
        return await self._engine.reading().fetch(sql, *args)

    async def fetchrow(self, sql, *args):
        self.statements += 1
        return await self._engine.reading().fetchrow(sql, *args)

    async def write(self, work, *urgency):
        self.writes += 1
        return await self._engine.write(work, *urgency)


async def test_s28_a_known_name_is_as_much_work_as_an_unknown_one(build):
    """Two hundred tries of each: what is asked of the store and of the hash, which is what takes time, is the same."""
    house = await build(LoginSettings(Limits(per_minute=0, per_day=0, delays=())))
    work = []
    for name in (BOB, "nobody@x.test", "nobody@elsewhere.test"):
        house.policy._engine, house.passwords.checks = Counting(house.engine), 0
        await house.fails(200, username=name)
        counted = house.policy._engine
        work.append((counted.statements, counted.writes, house.passwords.checks))
    assert work == [(600, 0, 200)] * 3


async def test_a_disabled_account_fails_like_a_wrong_password(build):
    house = await build()
    await house.login()
    await write(house.engine, accounts.set_enabled, at(BOB), enabled=False)
    with pytest.raises(AuthenticationFailed):
        await house.login()


async def test_names_without_domain_are_completed(build):
    house = await build(LoginSettings(domain="x.test"))
    assert (await house.login(username="BOB")).account_id == house.bob
    await house.fails(username="bob")


@pytest.mark.parametrize(
    ("authorize_as", "good"), [("", True), ("BOB@x.test", True), ("boss@x.test", False), ("x", False)]
)
async def test_nobody_acts_for_others(build, authorize_as, good):
    house = await build()
    await add_account(house.engine, "boss@x.test")
    if good:
        assert (await house.login(authorize_as=authorize_as)).account_id == house.bob
    else:
        with pytest.raises(AuthenticationFailed):
            await house.login(authorize_as=authorize_as)


async def test_a_good_login_is_remembered_for_a_while(build):
    house = await build()
    for _ in range(3):
        await house.login()
    assert house.passwords.checks == 1
    house.clock.seconds = 300.0
    await house.login()
    assert house.passwords.checks == 2


async def test_a_remembered_login_is_no_other_login(build):
    house = await build(LoginSettings(limits=Limits(0, 0, ())))
    await add_account(house.engine, "eve@x.test", await house.passwords.verifier(b"other"))
    await house.login()
    await house.fails()
    with pytest.raises(AuthenticationFailed):
        await house.login(username="eve@x.test")
    checks = house.passwords.checks
    await house.login(protocol="pop3")  # app passwords are for some protocols only
    assert house.passwords.checks == checks + 1


async def test_a_changed_password_counts_at_once(build):
    house = await build(LoginSettings(limits=Limits(0, 0, ())))
    await house.login()
    verifier = await house.passwords.verifier(b"new")
    await write(house.engine, accounts.set_password, at(BOB), accounts.Verifiers(verifier), IDS, NOW)
    with pytest.raises(AuthenticationFailed):
        await house.login()
    await house.login(b"new")


async def test_a_name_waits_after_each_failure_but_not_elsewhere(build):
    house = await build()
    for wait in (2, 4, 8, 15, 15):
        await house.fails()
        for password in (b"secret", b"wrong"):
            with pytest.raises(TooManyLogins, match=f"try again in {wait} s"):
                await house.login(password)
        assert (await house.login(ip=THERE)).account_id == house.bob
        house.clock.seconds += wait
    await house.login()


async def test_a_client_that_tries_many_names_waits(build):
    house = await build()
    for number in range(10):
        await house.fails(username=f"user{number}@x.test")
    with pytest.raises(TooManyLogins, match="try again in 60 s"):
        await house.login()
    await house.login(ip=THERE)
    house.clock.seconds = 60.0
    await house.login()


async def test_attempts_at_the_same_time_are_counted_one_by_one(build):
    house = await build()
    tries = (house.login(b"wrong", f"user{number}@x.test") for number in range(30))
    ends = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(end) for end in ends] == [AuthenticationFailed] * 10 + [TooManyLogins] * 20
    assert house.policy.attempts._turns._locks == {}


async def test_only_so_many_of_one_client_may_wait(build):
    house = await build(LoginSettings(waiting_per_client=3))
    ends = await asyncio.gather(*(house.login() for _ in range(10)), return_exceptions=True)
    assert [type(end) for end in ends] == [Login] * 4 + [TooManyLogins] * 6
    await house.login()


async def test_old_parameters_are_replaced_at_login(build):
    house = await build()
    old = Passwords(PasswordCost(time=2, memory=64))
    await write(
        house.engine,
        accounts.set_password,
        at(BOB),
        accounts.Verifiers(await old.verifier(b"secret")),
        IDS,
        NOW,
    )
    old.close()
    await house.login()
    (one,) = await credentials.of_account(house.engine.reading(), house.bob)
    assert one.verifier.startswith(b"$argon2id$v=19$m=64,t=1,p=1$")
    assert one.last_used == NOW
    house.clock.seconds = 301.0
    await house.login()


async def test_an_app_password_is_good_for_its_protocols(build):
    house = await build(LoginSettings(limits=Limits(0, 0, ())))
    app = Credential(
        7, CredentialKind.APP_PASSWORD, hashlib.sha256(b"random").digest(), "phone", ("imap",), NOW + 10**6
    )
    await write(house.engine, credentials.put, house.bob, app, NOW)
    await house.login(b"random")
    with pytest.raises(AuthenticationFailed):
        await house.login(b"random", protocol="pop3")
    house.clock.seconds = 400.0
    with pytest.raises(AuthenticationFailed):
        await house.login(b"random")
    await house.login()


async def with_secret(house, secret=b"tanstaaf", account_id=None):
    sealed = house.policy._vault.seal(secret, shared_secret_purpose(account_id or house.bob))
    await write(house.engine, accounts.set_shared_secret, at(BOB), sealed, IDS, NOW)


async def test_apop_is_the_digest_of_challenge_and_secret(build):
    """The example of RFC 1939 §7."""
    house = await build()
    await with_secret(house)
    for digest in ("c4c9334bac560ecc979e58001b3e22fb", "C4C9334BAC560ECC979E58001B3E22FB"):
        login = await house.policy.apop(HERE, "BOB@x.test", CHALLENGE, digest)
        assert who(login) == (house.bob, "Bob@x.test")


@pytest.mark.parametrize(
    ("username", "challenge", "digest"),
    [
        (BOB, CHALLENGE, "c4c9334bac560ecc979e58001b3e22fc"),
        (BOB, CHALLENGE + b".", "c4c9334bac560ecc979e58001b3e22fb"),
        (BOB, CHALLENGE, ""),
        (BOB, CHALLENGE, "é"),
        ("nobody@x.test", CHALLENGE, "c4c9334bac560ecc979e58001b3e22fb"),
    ],
)
async def test_apop_fails_and_is_counted(build, username, challenge, digest):
    house = await build()
    await with_secret(house)
    with pytest.raises(AuthenticationFailed):
        await house.policy.apop(HERE, username, challenge, digest)
    with pytest.raises(TooManyLogins):
        await house.policy.apop(HERE, username, challenge, digest)


async def test_apop_is_off_without_a_secret_or_with_another_accounts(build):
    house = await build(LoginSettings(limits=Limits(0, 0, ())))
    empty = hashlib.md5(CHALLENGE).hexdigest()
    with pytest.raises(AuthenticationFailed):
        await house.policy.apop(HERE, BOB, CHALLENGE, empty)
    await with_secret(house, account_id=house.bob + 1)
    with pytest.raises(AuthenticationFailed):
        await house.policy.apop(HERE, BOB, CHALLENGE, "c4c9334bac560ecc979e58001b3e22fb")


async def test_failures_elsewhere_count_here_and_success_there_ends_them(build):
    here = await build()
    there = House(here.engine, USUAL, None)
    here.policy.attempts.announce = there.policy.attempts.heard
    there.policy.attempts.announce = here.policy.attempts.heard
    await here.fails()
    with pytest.raises(TooManyLogins):
        await there.login()
    here.clock.seconds = there.clock.seconds = 3.0
    assert await here.login()
    there.clock.seconds = 3.0
    await there.fails()  # it is the first one again, and nobody waited
    there.passwords.close()


async def test_what_is_announced_is_no_name_and_success_only_when_it_ends_something(build):
    house, told = await build(), []
    house.policy.attempts.announce = lambda *words: told.append(words)
    await house.login()
    assert told == []
    await house.fails(username="secret\udcff typed in the wrong field")
    [(topic, client, key)] = told
    assert (topic, client) == ("login failed", HERE)
    assert "secret" not in key


async def test_the_history_that_two_nodes_write_has_the_first_and_the_last_time_of_both(engine):
    await add_domains(engine, "x.test")
    bob = await add_account(engine, BOB)
    one = logins.Login(bob, "imap", HERE, "password", "", good=True)
    early, late = logins.Gathered(), logins.Gathered()
    early.note(one, NOW)
    late.note(one, NOW + 5)
    for gathered in (late, early):
        await gathered.write(engine)
    (found,) = await logins.listing(engine.reading(), bob, 10)
    assert (found.times, found.first, found.last) == (2, NOW, NOW + 5)
