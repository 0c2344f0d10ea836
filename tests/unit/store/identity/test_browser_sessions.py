import pytest

from people import NOW, add_account, add_domains, at, write
from postroom.message.errors import AuthenticationFailed
from postroom.store.administration import accounts
from postroom.store.identity import browser_sessions, credentials
from postroom.store.identity.browser_sessions import (
    HOUR,
    LONGEST,
    MOST_SESSIONS,
    PASSING,
    STAYING,
    BrowserSession,
)
from postroom.store.identity.credentials import Credential, CredentialKind

BOB = at("bob@x.test")


@pytest.fixture
async def account_id(engine):
    await add_domains(engine, "x.test")
    return await add_account(engine, "Bob@x.test", b"phc")


async def begin(engine, account_id, created=NOW, **more):
    text, hashed = browser_sessions.new_session(account_id)
    session = BrowserSession(
        account_id, hashed, "password ", "Firefox\x1b", "192.0.2.7", created=created, **more
    )
    await write(engine, browser_sessions.put, session)
    return text


async def find(engine, text, now=NOW + 1):
    return await browser_sessions.find(engine.reading(), text, now)


async def test_a_session_begins_with_the_credentials_that_were_looked_at(engine, account_id):
    before = (await credentials.of_owner(engine.reading(), account_id)).generation
    first, second = (
        BrowserSession(account_id, browser_sessions.new_session(account_id)[1], created=NOW) for _ in range(2)
    )
    await write(engine, browser_sessions.begin, first, before)
    await write(engine, credentials.put, account_id, Credential(9, CredentialKind.PASSWORD, b"new"), NOW)
    with pytest.raises(AuthenticationFailed):
        await write(engine, browser_sessions.begin, second, before)
    assert await browser_sessions.of_account(engine.reading(), account_id) == []
    await write(engine, browser_sessions.begin, second, before + 1)


async def test_a_session_is_found_by_its_secret_alone(engine, account_id):
    text = await begin(engine, account_id, stays=True)
    found = await find(engine, text)
    assert (found.account_id, found.address, found.stays) == (account_id, "Bob@x.test", True)
    assert (found.agent, found.ip, found.credential) == ("Firefox\x1b", "192.0.2.7", "password ")
    wrong = [
        text[:-1],
        text + "A",
        text.replace("prb_", "prt_"),
        "",
        "prb_A1_" + "x" * 43,
        "\ud800",
        "a" * 5000,
    ]
    assert [await find(engine, one) for one in wrong] == [None] * len(wrong)


async def test_the_secret_itself_is_not_kept(engine, account_id):
    text = await begin(engine, account_id)
    rows = await engine.reading().fetch("SELECT * FROM browser_sessions")
    assert text.rpartition("_")[2] not in repr(rows)


@pytest.mark.parametrize(("stays", "span"), [(True, STAYING), (False, PASSING)])
async def test_a_session_ends_when_it_is_not_used(engine, account_id, stays, span):
    text = await begin(engine, account_id, stays=stays)
    assert await find(engine, text, NOW + span - 1)
    assert await find(engine, text, NOW + span) is None


async def test_use_keeps_it_alive_but_not_for_ever(engine, account_id):
    text = await begin(engine, account_id, stays=True)
    now = NOW
    while (session := await find(engine, text, now)) is not None:
        assert now < NOW + LONGEST
        now += STAYING - 1
        await write(engine, browser_sessions.used, session, now)
    assert now >= NOW + LONGEST


async def test_an_older_use_does_not_count(engine, account_id):
    text = await begin(engine, account_id)
    session = await find(engine, text)
    await write(engine, browser_sessions.used, session, NOW + HOUR)
    await write(engine, browser_sessions.used, session, NOW + 1)
    assert (await find(engine, text)).last_used == NOW + HOUR


async def test_sessions_are_listed_and_revoked(engine, account_id):
    first, second = await begin(engine, account_id), await begin(engine, account_id, NOW + 1)
    listed = await browser_sessions.of_account(engine.reading(), account_id)
    assert [one.created for one in listed] == [NOW + 1, NOW]
    assert await write(engine, browser_sessions.remove, account_id, listed[0].session_hash)
    assert not await write(engine, browser_sessions.remove, account_id, listed[0].session_hash)
    assert await find(engine, second) is None
    assert await find(engine, first)


async def test_one_account_has_so_many(engine, account_id):
    texts = [await begin(engine, account_id, NOW + number) for number in range(MOST_SESSIONS + 2)]
    assert [await find(engine, text, NOW + HOUR) is None for text in texts[:3]] == [True, True, False]


async def test_a_new_password_ends_all_of_them(engine, account_id):
    text = await begin(engine, account_id)
    await write(engine, credentials.put, account_id, Credential(5, CredentialKind.APP_PASSWORD, b"x"), NOW)
    assert await find(engine, text)
    await write(engine, credentials.put, account_id, Credential(6, CredentialKind.PASSWORD, b"new"), NOW)
    assert await find(engine, text) is None


async def test_those_of_one_passkey_are_ended_but_for_the_own(engine, account_id):
    own = await begin(engine, account_id)
    texts = []
    for _ in range(2):
        text, hashed = browser_sessions.new_session(account_id)
        texts.append((text, hashed))
        session = BrowserSession(account_id, hashed, "passkey phone", created=NOW)
        await write(engine, browser_sessions.put, session)
    await write(engine, browser_sessions.remove_begun, account_id, "passkey phone", texts[0][1])
    assert [bool(await find(engine, one)) for one in (own, texts[0][0], texts[1][0])] == [True, True, False]


async def test_its_user_is_asked_again_now_and_then(engine, account_id):
    text = await begin(engine, account_id)
    assert (await find(engine, text)).confirmed == NOW
    await write(engine, browser_sessions.confirm, account_id, browser_sessions.hash_of(text), NOW + HOUR)
    assert (await find(engine, text)).confirmed == NOW + HOUR


async def test_who_is_disabled_or_gone_is_signed_out(engine, account_id):
    text = await begin(engine, account_id)
    await write(engine, accounts.set_enabled, BOB, enabled=False)
    assert await find(engine, text) is None
    await write(engine, accounts.set_enabled, BOB, enabled=True)
    assert await find(engine, text)
    await write(engine, accounts.remove, BOB)
    assert await browser_sessions.of_account(engine.reading(), account_id) == []


async def test_what_has_expired_is_forgotten(engine, account_id):
    await begin(engine, account_id)
    text = await begin(engine, account_id, stays=True)
    assert await browser_sessions.prune(engine, NOW + PASSING) == 1
    assert len(await browser_sessions.of_account(engine.reading(), account_id)) == 1
    assert await find(engine, text, NOW + PASSING)
