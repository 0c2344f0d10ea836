"""What lets programs in beside the password."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from offices import NOW, TestOffice
from postroom.message.address import Address
from postroom.store.administration import accounts
from postroom.store.identity import credentials, passkeys, tokens
from postroom.store.identity.app_passwords import MOST_APP_PASSWORDS, MOST_LABEL
from postroom.store.identity.credentials import CredentialKind
from postroom.store.identity.passkeys import Passkey
from postroom.store.login import totp
from postroom.store.records import push_subscriptions

BOB = "bob@hamburger.test"


async def kinds(office: TestOffice) -> list[CredentialKind]:
    found = await credentials.of_address(office.engine.reading(), Address("bob", "hamburger.test"))
    assert found is not None
    return [one.kind for one in found.credentials]


@pytest.mark.parametrize("what", ["app-password", "token"])
async def test_a_key_is_made_listed_and_deleted(office: TestOffice, what: str) -> None:
    (made,) = await office.ask(f"{what}.create", address=BOB, label="phone", scopes=["imap", "smtp"], lasts=5)
    assert len(made["secret"]) >= 43
    assert (made["expires"], made["last_used"]) == (NOW + 5, 0)
    (shown,) = await office.ask(f"{what}.list", address=BOB)
    assert shown == {**made, "secret": ""}
    (other,) = await office.ask(f"{what}.create", address=BOB, label="laptop")
    assert other["secret"] != made["secret"]
    assert other["scopes"] == []
    reading = office.engine.reading()
    account_id = (await accounts.get(reading, Address("bob", "hamburger.test"))).account_id
    for key in ("phone", other["id"]):
        before = await push_subscriptions.generation(reading, account_id)
        await office.ask(f"{what}.delete", address=BOB, key=key)
        # RFC 8620 §7.2: who had it is told of nothing any more
        assert await push_subscriptions.generation(reading, account_id) > before
    assert await office.ask(f"{what}.list", address=BOB) == []
    assert "there is none called 'phone'" in await office.refusal(f"{what}.delete", address=BOB, key="phone")


async def test_of_what_is_made_only_hashes_are_kept(office: TestOffice) -> None:
    (app,) = await office.ask("app-password.create", address=BOB, label="phone")
    (token,) = await office.ask("token.create", address=BOB, label="phone")
    found = await credentials.of_address(office.engine.reading(), Address("bob", "hamburger.test"))
    assert found is not None
    kept = next(one for one in found.credentials if one.kind is CredentialKind.APP_PASSWORD)
    assert kept.verifier == hashlib.sha256(app["secret"].encode()).digest()
    assert await tokens.find(office.engine.reading(), token["secret"]) is not None
    (row,) = await tokens.of_account(office.engine.reading(), found.account_id)
    assert row.token_hash == hashlib.sha256(token["secret"].encode()).digest()


@pytest.mark.parametrize("what", ["app-password", "token"])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"label": ""}, "needs a name"),
        ({"label": " "}, "needs a name"),
        ({"label": "x" * (MOST_LABEL + 1)}, "needs a name"),
        ({"label": "a\nb"}, "needs a name"),
        ({"scopes": ["http"]}, "'http' is not a protocol here: smtp"),
        ({"lasts": -1}, "cannot expire"),
        ({"address": "eve@hamburger.test"}, "there is no account eve@hamburger.test"),
    ],
)
async def test_what_cannot_be_is_said(
    office: TestOffice, what: str, wrong: dict[str, Any], words: str
) -> None:
    given = {"address": BOB, "label": "phone", **wrong}
    assert words in await office.refusal(f"{what}.create", **given)


async def test_the_greatest_label_and_number(office: TestOffice) -> None:
    await office.ask("app-password.create", address=BOB, label="x" * MOST_LABEL)
    for number in range(MOST_APP_PASSWORDS - 1):
        await office.ask("app-password.create", address=BOB, label=str(number))
    assert "delete one first" in await office.refusal("app-password.create", address=BOB, label="more")
    await office.ask("app-password.delete", address=BOB, key="0")
    assert "already" in await office.refusal("app-password.create", address=BOB, label="1")
    await office.ask("app-password.create", address=BOB, label="more")


# ----------------------------------------------------------------------------------------------------- client certificates


async def test_a_certificate_is_known_by_its_fingerprint_or_an_address(office: TestOffice) -> None:
    digits = "AB:" * 31 + "CD"
    (made,) = await office.ask(
        "client-certificate.add", address=BOB, identity=f"sha256:{digits}", label="laptop"
    )
    assert made["identity"] == "sha256:" + "ab" * 31 + "cd"
    await office.ask("client-certificate.add", address=BOB, identity="email:Bob@Hamburger.test")
    found = await office.ask("client-certificate.list", address=BOB)
    assert [one["identity"] for one in found] == ["email:bob@hamburger.test", made["identity"]]
    await office.ask("account.add", address="eve@hamburger.test")
    for identity in (made["identity"], "email:bob@hamburger.test"):
        words = await office.refusal(
            "client-certificate.add", address="eve@hamburger.test", identity=identity
        )
        assert "lets an account in already" in words
        await office.ask("client-certificate.delete", address=BOB, identity=identity)
    assert await office.ask("client-certificate.list", address=BOB) == []
    assert "does not let" in await office.refusal(
        "client-certificate.delete", address=BOB, identity=made["identity"]
    )


@pytest.mark.parametrize(
    "identity", ["", "x", "sha256:", "sha256:xy", "sha1:" + "0" * 40, "email:bob", "email:"]
)
async def test_what_is_no_identity(office: TestOffice, identity: str) -> None:
    words = await office.refusal("client-certificate.add", address=BOB, identity=identity)
    assert "is no identity: sha256:FINGERPRINT" in words


# ---------------------------------------------------------------------------------------------------------- one-time codes


async def test_codes_are_asked_for_once_a_first_one_has_confirmed_them(office: TestOffice) -> None:
    (made,) = await office.ask("totp.enrol", address=BOB)
    assert made["uri"].startswith("otpauth://totp/mail.hamburger.test:bob@hamburger.test?secret=")
    assert CredentialKind.TOTP not in await kinds(office)
    assert (await office.ask("totp.show", address=BOB))[0]["state"] == "unconfirmed"
    assert "not the code" in await office.refusal("totp.confirm", address=BOB, code="000000")
    secret = base64.b32decode(made["secret"] + "=" * (-len(made["secret"]) % 8))
    code = totp.code(secret, NOW // 1_000_000 // totp.STEP_SECONDS)
    assert (await office.ask("totp.confirm", address=BOB, code=code))[0]["state"] == "on"
    assert (await office.ask("totp.show", address=BOB))[0] == {
        "address": BOB,
        "state": "on",
        "web_only": False,
        "secret": "",
        "uri": "",
    }
    assert "no codes to confirm" in await office.refusal("totp.confirm", address=BOB, code=code)
    await office.ask("totp.off", address=BOB)
    assert await kinds(office) == [CredentialKind.PASSWORD]


async def test_the_secret_of_codes_is_sealed(office: TestOffice) -> None:
    (made,) = await office.ask("totp.enrol", address=BOB, web_only=True)
    assert made["web_only"]
    found = await credentials.of_address(office.engine.reading(), Address("bob", "hamburger.test"))
    assert found is not None
    (one,) = [one for one in found.credentials if one.kind is CredentialKind.TOTP_UNCONFIRMED]
    assert made["secret"].encode() not in one.verifier
    assert one.scopes == ("web",)


async def test_passkeys_are_seen_and_deleted(office: TestOffice) -> None:
    found = await credentials.of_address(office.engine.reading(), Address("bob", "hamburger.test"))
    assert found is not None
    for label in ("phone", "laptop"):
        one = Passkey(found.account_id, label.encode(), b"key", label=label, created=NOW)
        await office.engine.write(lambda tx, one=one: passkeys.put(tx, one))
    listed = await office.ask("passkey.list", address=BOB)
    assert {one["label"] for one in listed} == {"phone", "laptop"}
    (gone,) = await office.ask("passkey.delete", address=BOB, key="phone")
    assert gone["label"] == "phone"
    assert "there is none" in await office.refusal("passkey.delete", address=BOB, key="phone")
    assert len(await office.ask("passkey.list", address=BOB)) == 1


async def test_logins_are_listed_after_those_of_this_moment_are_written(office: TestOffice) -> None:
    assert await office.ask("account.logins", address=BOB) == []
    assert office.history == 1
    assert "there is no account" in await office.refusal("account.logins", address="eve@hamburger.test")
