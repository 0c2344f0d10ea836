"""Accounts: added, listed, changed, removed, given passwords."""

from __future__ import annotations

from typing import Any

import pytest

from offices import TestOffice
from postroom.message.address import Address
from postroom.store.identity import credentials
from postroom.store.identity.credentials import Credential, CredentialKind

BOB = Address("bob", "hamburger.test")


async def keys(office: TestOffice) -> list[Credential]:
    found = await credentials.of_address(office.engine.reading(), BOB)
    assert found is not None
    return found.credentials


async def test_an_account_has_what_the_settings_and_the_caller_say(office: TestOffice) -> None:
    (bob,) = await office.ask("account.show", address="Bob@hamburger.test")
    assert bob["quota"] == 1000
    assert bob["account_id"].startswith("A")
    (carol,) = await office.ask("account.add", address="carol@hamburger.test", quota=0)
    assert carol["quota"] == 0
    listed = await office.ask("account.list", domain="hamburger.test")
    assert [one["address"] for one in listed] == ["bob@hamburger.test", "carol@hamburger.test"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"quota": 5}, {"quota": 5}),
        ({"enabled": False}, {"enabled": False}),
        (
            {"forwards": ["x@crepes.test"], "keeps_copy": False},
            {"forwards": ["x@crepes.test"], "keeps_copy": False},
        ),
        ({"forwards": []}, {"forwards": [], "keeps_copy": True}),
        ({"name": "Bob B."}, {"address": "bob@hamburger.test"}),
    ],
)
async def test_changes(office: TestOffice, change: dict[str, Any], expected: dict[str, Any]) -> None:
    (record,) = await office.ask("account.set", address=str(BOB), **change)
    assert {name: record[name] for name in expected} == expected
    (again,) = await office.ask("account.show", address=str(BOB))
    assert again == record


async def test_all_of_a_change_or_nothing(office: TestOffice) -> None:
    assert "cannot forward to itself" in await office.refusal(
        "account.set", address=str(BOB), quota=7, forwards=[str(BOB)]
    )
    assert (await office.ask("account.show", address=str(BOB)))[0]["quota"] == 1000


async def test_passwords_are_kept_as_verifiers_only(office: TestOffice) -> None:
    assert [one.verifier for one in await keys(office)] == [b"$plain$ketchup"]
    await office.ask("account.password", address=str(BOB), password="mustard")
    assert [one.verifier for one in await keys(office)] == [b"$plain$mustard"]
    await office.ask("account.password", address=str(BOB), password="shared", apop=True)
    secret = (await keys(office))[1]
    assert secret.kind is CredentialKind.SHARED_SECRET
    assert b"shared" not in secret.verifier
    await office.ask("account.password", address=str(BOB), password="", apop=True)
    assert len(await keys(office)) == 1


async def test_a_removed_account_is_gone(office: TestOffice) -> None:
    assert (await office.ask("account.remove", address=str(BOB)))[0]["address"] == str(BOB)
    assert await office.ask("account.list") == []


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("account.add", {"address": "bob"}, "not an address"),
        ("account.add", {"address": "bob@crepes.test"}, "postroom domain add crepes.test"),
        ("account.add", {"address": str(BOB)}, "taken"),
        ("account.add", {"address": "c@hamburger.test", "password": "x" * 200}, "1 to 100 octets"),
        ("account.add", {"address": "c@hamburger.test", "quota": -2}, "0 means none"),
        ("account.set", {"address": str(BOB), "quota": -2}, "0 means none"),
        ("account.show", {"address": "x@hamburger.test"}, "no account x@hamburger.test"),
        ("account.list", {"domain": "crepes.test"}, "not a domain"),
        ("account.remove", {"address": "x@hamburger.test"}, "account list"),
    ],
)
async def test_refusals(office: TestOffice, operation: str, arguments: dict[str, Any], words: str) -> None:
    assert words in await office.refusal(operation, **arguments)


FORMS = ("bücher.test", "xn--bcher-kva.test", "BÜCHER.test")


@pytest.mark.parametrize("ours", FORMS)
@pytest.mark.parametrize("given", FORMS)
async def test_a_domain_is_written_in_a_labels_or_in_u_labels(
    office: TestOffice, ours: str, given: str
) -> None:
    await office.ask("domain.add", name=ours)
    (added,) = await office.ask("account.add", address=f"anna@{given}", password="secret word")
    who = f"anna@{(await office.ask('domain.list'))[-1]['domain']}" if ours[0] == "x" else "anna@bücher.test"
    assert added["address"] == who
    assert [one["address"] for one in await office.ask("account.list", domain=given)] == [who]
    await office.ask("account.password", address=f"anna@{given}", password="another word")
    found = await credentials.of_address(office.engine.reading(), Address("anna", given.lower()))
    assert found is not None
    assert len(found.credentials) == 1
    await office.ask("alias.add", address=f"info@{given}", targets=[f"anna@{given}"])
    assert [one["targets"] for one in await office.ask("alias.list", domain=given)] == [[who]]
    await office.ask("domain.set", name=given, catch_all=f"anna@{given}")
    assert "catch-all" in await office.refusal("account.remove", address=f"anna@{given}")
    await office.ask("domain.set", name=given, catch_all="")
    await office.ask("alias.remove", address=f"info@{given}")
    await office.ask("account.remove", address=f"anna@{given}")
    await office.ask("domain.remove", name=given)
