"""Certificates from the command line: what there is, what is asked for, what is called off."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from commands import Run, Served
from postroom.store.certificates import certificates
from postroom.store.certificates.certificates import Certificate
from postroom.store.store import Store

FAILED = Certificate(
    "mail.hamburger.test",
    "ecdsa",
    ("mail.hamburger.test",),
    due=1_790_000_000_000_000,
    tries=2,
    error="dns: no",
)


def test_without_a_server(run: Run) -> None:
    run("domain add hamburger.test")
    nothing = run("certificates status")
    assert (nothing.code, nothing.out) == (0, "")
    assert "self-signed" in nothing.err
    for line in ("renew", "renew --now", "revoke mail.hamburger.test --yes"):
        refused = run(f"certificates {line}")
        assert refused.code != 0
        assert "the server must run" in refused.err


def test_what_failed_is_shown(run: Run, served: Served) -> None:
    served.do(served.office.engine.write(lambda tx: certificates.put(tx, FAILED)))
    assert run("certificates status").out.rstrip("\n").split("\t") == [
        "mail.hamburger.test",
        "ecdsa",
        "authority",
        "",
        "2026-09-21 14:13",
        "dns: no (tries: 2)",
    ]
    [record] = run("certificates status --json").records
    assert (record["names"], record["tries"], record["shown"]) == (["mail.hamburger.test"], 2, False)


def test_renewing(run: Run, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nothing is due" in run("certificates renew").err
    assert "no certificate called x.test" in run("certificates renew x.test").err
    served.do(served.office.engine.write(lambda tx: certificates.put(tx, FAILED)))

    async def asked() -> list[tuple[str, str, str]]:
        [row] = await certificates.listing(served.office.engine.reading())
        assert row.tries == 0
        return [("mail.hamburger.test", "ecdsa", ""), ("mail.hamburger.test", "rsa", "dns: no")]

    monkeypatch.setattr(served.office, "ask_authority", asked)
    done = run("certificates renew mail.hamburger.test")
    assert done.code == 1
    assert done.out == "mail.hamburger.test\tecdsa\tissued\nmail.hamburger.test\trsa\tdns: no\n"


def test_calling_off(run: Run, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def revoke(name: str, reason: int) -> list[str]:
        asked.append((name, reason))
        return ["ecdsa"]

    monkeypatch.setattr(served.office, "revoke_certificate", revoke)
    assert run("certificates revoke mail.hamburger.test --reason bad --yes").code == 2
    done = run("certificates revoke mail.hamburger.test --reason key-compromise --yes")
    assert done.out == "mail.hamburger.test (ecdsa) is called off\n"
    assert asked == [("mail.hamburger.test", 1)]

    async def refused() -> list[tuple[str, str, str]]:
        return [("mail.hamburger.test", "ecdsa", "dns: no"), ("x.test", "ecdsa", "dns: no")]

    monkeypatch.setattr(served.office, "ask_authority", refused)
    done = run("certificates revoke mail.hamburger.test --yes")
    assert done.code == 1
    assert done.out.splitlines()[1:] == ["mail.hamburger.test (ecdsa) has no successor yet: dns: no"]


def test_without_a_server_nothing_is_made_due(run: Run, config: Path) -> None:
    async def in_store(what: str) -> list[Certificate]:
        store = await Store.open(f"sqlite://{config.parent / 'data' / 'store'}")
        try:
            if what == "put":
                await store.engine.write(lambda tx: certificates.put(tx, FAILED))
            return await certificates.listing(store.engine.reading())
        finally:
            await store.close()

    run("domain add hamburger.test")
    before = asyncio.run(in_store("put"))
    refused = run("certificates renew --now")
    assert (refused.code, "start it with postroom serve" in refused.err) == (1, True)
    assert asyncio.run(in_store("read")) == before
