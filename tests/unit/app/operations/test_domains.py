"""Domains: added, listed, changed, removed."""

from __future__ import annotations

import msgspec

from offices import TestOffice
from postroom.app.settings.file import SigningSettings


async def test_a_domain_comes_and_goes(bare: TestOffice) -> None:
    assert (await bare.ask("domain.add", name="Hamburger.test"))[0]["domain"] == "hamburger.test"
    await bare.ask("domain.add", name="crepes.test")
    assert [one["domain"] for one in await bare.ask("domain.list")] == ["crepes.test", "hamburger.test"]
    await bare.ask("domain.remove", name="CREPES.test")
    assert [one["domain"] for one in await bare.ask("domain.list")] == ["hamburger.test"]


async def test_a_new_domain_has_keys_unless_nothing_is_signed(bare: TestOffice) -> None:
    assert (await bare.ask("domain.add", name="hamburger.test"))[0]["keys"] == []
    bare.settings = msgspec.structs.replace(bare.settings, signing=SigningSettings())
    (added,) = await bare.ask("domain.add", name="crepes.test")
    listed = await bare.ask("dkim.list")
    assert [one["algorithm"] for one in listed] == ["ed25519-sha256", "rsa-sha256"]
    assert [one["dns"] for one in listed] == sorted(added["keys"], key=lambda one: str(one["name"]))
    assert "exists already" in await bare.refusal("domain.add", name="crepes.test")
    assert len(await bare.ask("dkim.list")) == 2
    assert "example.com" in await bare.refusal("domain.add", name="no domain")


async def test_what_is_not_said_stays(office: TestOffice) -> None:
    await office.ask("domain.set", name="hamburger.test", catch_all="bob@hamburger.test")
    (record,) = await office.ask("domain.set", name="hamburger.test", subaddresses=False)
    assert (record["catch_all"], record["postmaster"], record["subaddresses"]) == (
        "bob@hamburger.test",
        "",
        False,
    )
    (record,) = await office.ask("domain.set", name="hamburger.test", catch_all="")
    assert record["catch_all"] == ""


async def test_refusals_name_input_and_remedy(office: TestOffice) -> None:
    assert "example.com" in await office.refusal("domain.add", name="no domain")
    assert "exists already" in await office.refusal("domain.add", name="hamburger.test")
    assert "bob@hamburger.test" in await office.refusal("domain.remove", name="hamburger.test")
    assert "domain list" in await office.refusal("domain.set", name="x.test", catch_all="")
    assert "not an address" in await office.refusal("domain.set", name="hamburger.test", catch_all="bob")
    assert "does not exist" in await office.refusal(
        "domain.set", name="hamburger.test", postmaster="x@hamburger.test"
    )
