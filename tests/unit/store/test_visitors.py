"""Who logs in without a name (RFC 4505): a visitor, who is counted, and of whom nothing else is kept."""

import asyncio

import pytest

from people import IDS, NOW, add_account, add_domains, at, write
from postroom.message.errors import AuthenticationFailed, TooManyLogins
from postroom.store.administration import accounts
from postroom.store.administration.accounts import Verifiers
from postroom.store.login import history as logins
from postroom.store.login.login import LoginPolicy, LoginSettings
from postroom.store.login.passwords import PasswordCost, Passwords
from postroom.store.login.throttle import Limits
from postroom.store.mailboxes.rights import visitor_of

HERE, BOB = "192.0.2.1", "bob@x.test"
SECRET = b"secret"


class Clock:
    def now(self):
        return NOW

    def monotonic(self):
        return 0.0


class House:
    """Bob's account, and policies."""

    def __init__(self, engine):
        self.engine = engine
        self.passwords = Passwords(PasswordCost(time=1, memory=64))
        self.bob = 0

    async def settle(self):
        await add_domains(self.engine, "x.test")
        self.bob = await add_account(self.engine, "Bob@x.test")
        kept = Verifiers(await self.passwords.verifier(SECRET), b"")
        await write(self.engine, accounts.set_password, at(BOB), kept, IDS, NOW)

    def with_settings(self, settings):
        return LoginPolicy(self.engine, self.passwords, Clock(), settings)


@pytest.fixture
async def house(engine):
    built = House(engine)
    await built.settle()
    yield built
    built.passwords.close()


async def test_a_visitor_is_nobody_and_counted(house):
    policy, came = house.with_settings(LoginSettings(visited=BOB)), []
    policy.on_visit = lambda *words: came.append(words)
    for protocol, ip in (("imap", HERE), ("pop3", "2001:db8::1"), ("imap", "192.0.2.2")):
        login = await policy.anonymous(protocol, ip, "sirhc")
        assert (login.account_id, login.address) == (visitor_of(house.bob), "anonymous")
    assert came[1] == ("pop3", "2001:db8::1", "sirhc")
    await policy.write_history()
    history = await logins.listing(house.engine.reading(), house.bob, 100)
    told = [(one.protocol, one.ip, one.method, one.times, one.good) for one in history]
    assert sorted(told) == [("imap", "", "ANONYMOUS", 2, True), ("pop3", "", "ANONYMOUS", 1, True)]


@pytest.mark.parametrize("protocol", ["smtp", "jmap", "web", "managesieve"])
async def test_nobody_sends_or_changes_without_a_name(house, protocol):
    with pytest.raises(AuthenticationFailed):
        await house.with_settings(LoginSettings(visited=BOB)).anonymous(protocol, HERE, "")


@pytest.mark.parametrize("visited", ["", "carol@x.test", "no address"])
async def test_there_are_no_visitors_where_nothing_is_to_be_visited(house, visited):
    with pytest.raises(AuthenticationFailed):
        await house.with_settings(LoginSettings(visited=visited)).anonymous("imap", HERE, "")


async def test_an_account_that_is_shut_is_not_visited(house):
    policy = house.with_settings(LoginSettings(visited=BOB))
    assert await policy.anonymous("imap", HERE, "")
    await house.engine.write(lambda tx: accounts.set_enabled(tx, at(BOB), enabled=False))
    with pytest.raises(AuthenticationFailed):
        await policy.anonymous("imap", HERE, "")


async def test_a_visit_does_not_make_good_for_failures(house):
    policy = house.with_settings(LoginSettings(Limits(per_minute=2, delays=()), visited=BOB))
    for _ in range(2):
        with pytest.raises(AuthenticationFailed):
            await policy.authenticate("imap", HERE, BOB, b"wrong")
    await policy.anonymous("imap", HERE, "")
    with pytest.raises(TooManyLogins):
        await policy.authenticate("imap", HERE, BOB, SECRET)


async def test_who_asks_for_the_history_while_it_is_written_gets_what_is_being_written(house):
    policy, held, go_on = house.with_settings(LoginSettings(visited=BOB)), asyncio.Event(), asyncio.Event()

    class Slow:
        """The store, which takes its time."""

        async def write(self, work, urgency):
            held.set()
            await go_on.wait()
            return await house.engine.write(work, urgency)

    gathered = policy.attempts._history
    await policy.anonymous("imap", HERE, "")
    first = asyncio.ensure_future(gathered.write(Slow()))
    await held.wait()
    second = asyncio.ensure_future(gathered.write(house.engine))
    await asyncio.sleep(0)
    assert not second.done()
    go_on.set()
    await second
    assert len(await logins.listing(house.engine.reading(), house.bob, 100)) == 1
    await first
