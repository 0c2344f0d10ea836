import msgspec
import pytest

from people import NOW, add_account, add_domains, at, write
from postroom.store.administration import accounts
from postroom.store.identity import credentials
from postroom.store.identity.credentials import Credential, CredentialKind

BOB = at("bob@x.test")
APP = Credential(7, CredentialKind.APP_PASSWORD, b"\x00\xff", "phone", ("imap", "smtp"), NOW + 1)


@pytest.fixture
async def account_id(engine):
    await add_domains(engine, "x.test")
    return await add_account(engine, "Bob@x.test", b"phc")


async def test_credentials_come_back_as_they_were(engine, account_id):
    await write(engine, credentials.put, account_id, APP, NOW)
    found = await credentials.of_address(engine.reading(), BOB)
    assert (found.account_id, str(found.address), found.enabled) == (account_id, "Bob@x.test", True)
    assert found.credentials[0] == msgspec.structs.replace(APP, created=NOW)
    assert found.credentials[1].kind is CredentialKind.PASSWORD


async def test_app_passwords_stand_beside_each_other(engine, account_id):
    for number in (7, 8):
        other = Credential(number, CredentialKind.APP_PASSWORD, b"x")
        await write(engine, credentials.put, account_id, other, NOW)
    assert len(await credentials.of_account(engine.reading(), account_id)) == 3
    assert await write(engine, credentials.remove, account_id, 7)
    assert not await write(engine, credentials.remove, account_id, 7)
    assert await write(engine, credentials.remove_kind, account_id, CredentialKind.APP_PASSWORD)
    assert [one.kind for one in await credentials.of_account(engine.reading(), account_id)] == [
        CredentialKind.PASSWORD
    ]


async def test_a_new_verifier_does_not_undo_a_new_password(engine, account_id):
    (old,) = await credentials.of_account(engine.reading(), account_id)
    await write(engine, credentials.replace_verifier, account_id, old, b"rehashed")
    (kept,) = await credentials.of_account(engine.reading(), account_id)
    assert kept.verifier == b"rehashed"
    await write(engine, credentials.replace_verifier, account_id, old, b"again")
    assert await credentials.of_account(engine.reading(), account_id) == [kept]


async def test_the_last_use_is_noted(engine, account_id):
    (one,) = await credentials.of_account(engine.reading(), account_id)
    await write(engine, credentials.used, account_id, one.credential_id, NOW)
    assert (await credentials.of_account(engine.reading(), account_id))[0].last_used == NOW


async def test_a_disabled_account_says_so(engine, account_id):
    await write(engine, accounts.set_enabled, BOB, enabled=False)
    assert not (await credentials.of_address(engine.reading(), BOB)).enabled


@pytest.mark.parametrize(
    ("protocol", "now", "good"), [("imap", NOW, True), ("pop3", NOW, False), ("imap", NOW + 1, False)]
)
def test_what_a_credential_is_good_for(protocol, now, good):
    assert APP.good_for(protocol, now) is good


async def test_whether_anybody_has_one_of_a_kind(engine, account_id):
    reading = engine.reading()
    assert not await credentials.any_of(reading, CredentialKind.SHARED_SECRET)
    await write(
        engine, credentials.put, account_id, Credential(9, CredentialKind.SHARED_SECRET, b"sealed"), NOW
    )
    assert await credentials.any_of(reading, CredentialKind.SHARED_SECRET)
    await write(engine, credentials.remove_kind, account_id, CredentialKind.SHARED_SECRET)
    assert not await credentials.any_of(reading, CredentialKind.SHARED_SECRET)
