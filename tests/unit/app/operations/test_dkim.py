"""Keys by command: made, brought into use, replaced, taken out of use, forgotten; and what the DNS is to have of each."""

from __future__ import annotations

import asyncio

import pytest

from dkim_post import Keys, ed25519
from offices import NOW, TestOffice
from postroom.mailauth.dkim.verification import verify

DAY = 86_400_000_000


async def phases(office: TestOffice, domain: str = "hamburger.test") -> dict[str, str]:
    return {one["selector"]: one["phase"] for one in await office.ask("dkim.list", domain=domain)}


async def test_a_domain_gets_both_kinds(office: TestOffice) -> None:
    made = await office.ask("dkim.create", domain="hamburger.test")
    assert [(one["algorithm"], one["phase"]) for one in made] == [
        ("ed25519-sha256", "published"),
        ("rsa-sha256", "published"),
    ]
    dns = made[1]["dns"]
    assert dns["name"] == f"{made[1]['selector']}._domainkey.hamburger.test."
    assert dns["host"] == f"{made[1]['selector']}._domainkey"
    assert dns["value"].startswith("v=DKIM1; k=rsa; h=sha256; p=MII")
    assert dns["string"] == f'"{dns["value"]}"'
    assert dns["zone_file"].count('"') == 4  # two strings
    assert all(len(part) <= 255 for part in dns["zone_file"].split('"')[1::2])


async def test_what_is_next(office: TestOffice) -> None:
    asked = {"domain": "hamburger.test", "algorithm": "ed25519"}
    (first,) = await office.ask("dkim.create", **asked, selector="one")
    assert (first["until"], first["next"]) == (0, "signs when its record is found in the DNS")
    await office.ask("dkim.rotate", domain="hamburger.test", at_once=True)
    await office.ask("dkim.rotate", domain="hamburger.test")
    found = {one["selector"]: one for one in await office.ask("dkim.list", domain="hamburger.test")}
    assert found["one"]["next"] == "is replaced by: postroom dkim rotate"
    (second,) = [one for name, one in found.items() if name != "one"]
    assert second["until"] == second["since"] + 48 * 3600


async def test_at_once(office: TestOffice) -> None:
    made = await office.ask("dkim.create", domain="hamburger.test", algorithm="ed25519", at_once=True)
    assert [one["phase"] for one in made] == ["signing"]
    assert [one["domain"] for one in await office.ask("dkim.list")] == ["hamburger.test"]


async def test_a_key_that_is_brought_along(office: TestOffice) -> None:
    pem = ed25519().to_pem()
    (made,) = await office.ask("dkim.create", domain="hamburger.test", selector="old", pem=pem)
    assert (made["selector"], made["algorithm"]) == ("old", "ed25519-sha256")
    assert made["dns"]["value"] == ed25519().record()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"domain": "x.test"}, "not a domain of this system"),
        ({"algorithm": "dsa"}, "use rsa, ed25519 or both"),
        ({"selector": "a b"}, "no selector"),
        ({"selector": "one"}, "say which"),
        ({"pem": b"nonsense"}, "no private key in PEM"),
        ({"algorithm": "ed25519", "selector": "taken"}, "taken already"),
    ],
)
async def test_what_cannot_be_made(office: TestOffice, arguments: dict[str, object], words: str) -> None:
    await office.ask("dkim.create", domain="hamburger.test", algorithm="ed25519", selector="taken")
    assert words in await office.refusal("dkim.create", **{"domain": "hamburger.test", **arguments})


async def test_a_rotation_by_hand(office: TestOffice) -> None:
    assert "no key yet" in await office.refusal("dkim.rotate", domain="hamburger.test")
    await office.ask(
        "dkim.create", domain="hamburger.test", algorithm="ed25519", selector="first", at_once=True
    )
    office.clock.time += DAY
    second = f"ed25519-{office.clock.time // DAY}"
    await office.ask("dkim.rotate", domain="hamburger.test")
    assert await phases(office) == {"first": "signing", second: "published"}
    await office.ask("dkim.rotate", domain="hamburger.test")  # again: nothing new
    assert await phases(office) == {"first": "signing", second: "published"}
    await office.ask("dkim.rotate", domain="hamburger.test", at_once=True)
    assert await phases(office) == {"first": "retiring", second: "signing"}


async def test_a_key_out_of_use(office: TestOffice) -> None:
    made = {"domain": "hamburger.test", "algorithm": "ed25519", "selector": "one", "at_once": True}
    await office.ask("dkim.create", **made)
    key = {"domain": "hamburger.test", "selector": "one"}
    assert "retire" in await office.refusal("dkim.delete", **key)
    assert [one["phase"] for one in await office.ask("dkim.retire", **key)] == ["retiring"]
    (revoked,) = await office.ask("dkim.retire", **key)
    assert (revoked["phase"], revoked["dns"]["value"]) == ("revoked", "v=DKIM1; k=ed25519; p=")
    assert "dkim delete" in await office.refusal("dkim.retire", **key)
    await office.ask("dkim.delete", **key)
    assert await phases(office) == {}
    assert "no selector 'one'" in await office.refusal("dkim.delete", **key)


async def test_a_sample_is_signed_by_those_that_wait_too(office: TestOffice) -> None:
    assert "no key yet" in await office.refusal("dkim.sample", domain="hamburger.test")
    made = await office.ask("dkim.create", domain="hamburger.test")
    (sample,) = await office.ask("dkim.sample", domain="hamburger.test")
    records = {one["dns"]["name"].removesuffix("."): one["dns"]["value"] for one in made}
    results = await verify(sample["message"], Keys(records), NOW // 1_000_000)
    assert [str(one.verdict) for one in results] == ["pass", "pass"]


async def test_who_may(office: TestOffice) -> None:
    from offices import ALICE

    assert "may not" in await office.refusal("dkim.list", ALICE)
    assert "may not" in await office.refusal("dkim.sample", ALICE, domain="hamburger.test")
    await asyncio.sleep(0)
