"""Certificates from an authority that the test is: what is asked for when, what is kept, what happens when it says no."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from acme_server import Problem
from asking_authority import DAY, HERE, ZONE, Asking, asking, clock, in_haste, settings
from postroom.lab.dns.server import LabDns
from postroom.message.errors import TryLater
from postroom.net.clock import MovableClock, SystemClock
from postroom.proto.dns.answer import Answer, Kind, Rcode
from postroom.store.administration import domains
from postroom.store.certificates import certificates
from postroom.store.certificates.certificates import Certificate
from postroom.store.vault import Vault
from whole_server import settings_of, thread

__all__ = ["asking", "clock", "in_haste", "settings"]


@pytest.mark.parametrize("kind", ["http-01", "tls-alpn-01"])
async def test_what_is_proved_is_issued_and_shown(asking: Asking, tmp_path: Path, kind: str) -> None:
    asking.have(challenges=(kind,), kinds=("ecdsa", "rsa"), domains=True, names=("www.mail.l.test",))
    own, other = "mail.l.test", "mta-sts.l.test"  # autoconfig leads elsewhere
    assert await asking.renew() == [(name, key, "") for name in (own, other) for key in ("ecdsa", "rsa")]
    assert await asking.renew() == []
    root = tmp_path / "root.pem"
    root.write_bytes(asking.authority.root.public_bytes(serialization.Encoding.PEM))

    def names(service: str, name: str) -> set[str]:
        context = ssl.create_default_context(cafile=str(root))
        with (
            socket.create_connection((HERE, asking.ports[service])) as plain,
            context.wrap_socket(  # type: ignore[attr-defined]
                plain, server_hostname=name
            ) as tls,
        ):
            return {value for _, value in tls.getpeercert()["subjectAltName"]}

    for service in ("https", "imaps", "pop3s", "submissions"):
        assert await thread(lambda service=service: names(service, own)) == {own, "www.mail.l.test"}  # type: ignore[misc]
    assert await thread(lambda: names("https", other)) == {other}
    assert all(row.sealed and b"PRIVATE" not in row.sealed for row in await asking.rows())
    states = await asking.operate("certificates.status")
    assert [(one["source"], one["issuer"], one["shown"]) for one in states] == [
        ("authority", "An authority", True)
    ] * 4


async def test_a_server_without_an_authority_asks_nobody(asking: Asking) -> None:
    asking.have(directory="")
    with pytest.raises(Exception, match=r"\[acme\] directory"):
        await asking.renew()
    states = await asking.operate("certificates.status")
    assert [(one["source"], one["kind"]) for one in states] == [
        ("self-signed", "ecdsa"),
        ("self-signed", "rsa"),
    ]


async def test_it_is_renewed_after_two_thirds_of_its_life(asking: Asking, clock: MovableClock) -> None:
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]
    [before] = await asking.rows()
    assert round((before.due - clock.now()) / DAY) == 60
    clock.advance(59 * 86_400)
    assert await asking.renew() == []
    clock.advance(2 * 86_400)
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]
    [after] = await asking.rows()
    unseal = asking.server.vault.unseal
    assert unseal(before.sealed, before.purpose) != unseal(after.sealed, after.purpose)
    assert asking.authority.orders["0"]["replaces"] is None
    assert str(asking.authority.orders["1"]["replaces"]).count(".") == 1


async def test_it_is_renewed_when_the_authority_advises(asking: Asking, clock: MovableClock) -> None:
    now = dt.datetime.now(dt.UTC)
    asking.authority.window = now + dt.timedelta(days=40), now + dt.timedelta(days=41)
    await asking.renew()
    [row] = await asking.rows()
    assert 39.9 < (row.due - clock.now()) / DAY < 41.1
    assert round((row.ask_again - clock.now()) / DAY * 24) == 6
    clock.advance(2 * 86_400)
    asking.authority.window = now - dt.timedelta(days=2), now - dt.timedelta(days=1)  # it is to be called off
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]


async def test_advice_that_did_not_come_with_a_certificate_is_asked_for_again(
    asking: Asking, clock: MovableClock
) -> None:
    """RFC 9773 §4.3: it may be that the certificate is to be called off."""
    await asking.renew()
    [row] = await asking.rows()
    assert round((row.ask_again - clock.now()) / DAY * 24) == 6
    now = dt.datetime.now(dt.UTC)
    asking.authority.window = now - dt.timedelta(days=2), now - dt.timedelta(days=1)
    clock.advance(5 * 3600)
    assert await asking.renew() == []
    clock.advance(20 * 3600)
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]


async def test_a_window_of_the_past_is_heard_once_a_day(asking: Asking, clock: MovableClock) -> None:
    now = dt.datetime.now(dt.UTC)
    asking.authority.window = now - dt.timedelta(days=2), now - dt.timedelta(days=1)
    await asking.renew()
    clock.advance(23 * 3600)
    assert await asking.renew() == []
    clock.advance(2 * 3600)
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]


async def test_an_authority_that_does_not_say_when_leaves_what_was_planned(
    asking: Asking, clock: MovableClock
) -> None:
    now = dt.datetime.now(dt.UTC)
    asking.authority.window = now + dt.timedelta(days=40), now + dt.timedelta(days=41)
    await asking.renew()
    asking.authority.window = None
    clock.advance(86_400)
    assert await asking.renew() == []
    assert 38.9 < ((await asking.rows())[0].due - clock.now()) / DAY < 40.1


async def test_a_refusal_is_kept_and_tried_later(asking: Asking, clock: MovableClock) -> None:
    asking.authority.problems = [
        Problem("rateLimited", "too many", 429),
        Problem("serverInternal", "busy", 500),
    ]
    assert await asking.renew() == [("mail.l.test", "ecdsa", "rateLimited: too many")]
    [row] = await asking.rows()
    assert (row.tries, row.chain) == (1, "")
    assert 5 < (row.due - clock.now()) / DAY * 24 < 7
    states = await asking.operate("certificates.status")
    assert [one["error"] for one in states if one["source"] == "authority"] == ["rateLimited: too many"]
    assert await asking.renew() == []
    clock.advance(7 * 3600)
    assert await asking.renew() == [("mail.l.test", "ecdsa", "serverInternal: busy")]
    assert (await asking.rows())[0].tries == 2
    assert await asking.renew(now=True) == [("mail.l.test", "ecdsa", "")]
    assert (await asking.rows())[0].tries == 0


async def test_the_next_try_proves_in_another_way(asking: Asking, clock: MovableClock) -> None:
    port = asking.authority.ports["http"]
    asking.authority.ports["http"] = asking.ports["lmtp"]  # somebody else answers
    [(_, _, error)] = await asking.renew()
    assert error
    clock.advance(86_400)
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]
    asking.authority.ports["http"] = port


async def test_a_proof_that_this_server_cannot_give(asking: Asking) -> None:
    asking.server.services._ports.pop("http")
    asking.have(challenges=("http-01",))
    [(_, _, error)] = await asking.renew()
    assert "have it listen for http" in error


async def test_more_names_are_a_new_certificate(asking: Asking) -> None:
    await asking.renew()
    asking.have(names=("b.l.test",))
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]
    assert (await asking.rows())[0].names == ("mail.l.test", "b.l.test")
    asking.have(names=())
    assert await asking.renew() == []  # fewer are not


async def test_what_nobody_wants_any_more_goes_when_it_has_ended(asking: Asking, clock: MovableClock) -> None:
    asking.have(domains=True, kinds=("ecdsa", "rsa"))
    await asking.renew()
    asking.have(domains=False, kinds=("ecdsa",))
    clock.advance(89 * 86_400)
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]
    assert len(await asking.rows()) == 4
    clock.advance(2 * 86_400)
    await asking.renew()
    assert [(row.name, row.kind) for row in await asking.rows()] == [("mail.l.test", "ecdsa")]
    assert [one.names for one in asking.server.tls.shown] == [("mail.l.test",)]


async def test_the_names_of_all_domains_as_the_dns_has_them(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 8555 §7.1.4 wants A-labels; domains come a few at a time."""
    asking.have(domains=True)
    for name in ("bücher.test", "d.test", "e.test"):
        await asking.operate("domain.add", name=name)
    listing, looked = domains.listing, list[str]()

    async def addresses(name: str) -> Answer[str]:
        looked.append(name)
        return Answer(name, Kind.A, Rcode.NXDOMAIN)

    async def few(tx: Any, after: str = "") -> list[Any]:
        return await listing(tx, after, 2)

    monkeypatch.setattr(domains, "listing", few)
    monkeypatch.setattr(asking.server.world.resolver, "addresses", addresses)
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]
    first = [name.removeprefix("mta-sts.") for name in looked if name.startswith("mta-sts.")]
    assert first == ["xn--bcher-kva.test", "d.test", "e.test", "l.test"]


async def test_keys_that_cannot_be_read_any_more_are_replaced(asking: Asking) -> None:
    await asking.renew()
    [before] = await asking.rows()
    asking.server._certifying._parts.vault = Vault(b"z" * 32)
    asking.have()
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]
    assert (await asking.rows())[0].chain != before.chain
    assert asking.authority.asked.count("newAccount") == 2


@pytest.mark.parametrize(
    ("meddle", "words"),
    [
        (lambda _: "<html>", "no certificate"),
        (lambda _: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate"),
    ],
)
async def test_nonsense_is_not_shown(asking: Asking, meddle: Any, words: str) -> None:
    asking.authority.meddle = meddle
    [(_, _, error)] = await asking.renew()
    assert words in error
    assert asking.server.tls.stands_in


async def test_a_certificate_for_another_key_is_not_kept(asking: Asking) -> None:
    """One that cannot be shown would stand in the way of all others."""
    await asking.renew()
    [before] = await asking.rows()
    asking.authority.meddle = lambda _: before.chain
    [(_, _, error)] = await asking.renew(now=True)
    assert "the key is not the key of the certificate" in error
    assert (await asking.rows())[0].sealed == before.sealed


async def test_an_account_that_is_wanted_first(asking: Asking, tmp_path: Path) -> None:
    asking.authority.external = b"k"
    [(_, _, error)] = await asking.renew()
    assert error == "externalAccountRequired: log in with us first"
    key = tmp_path / "key"
    for nonsense in ("", "ä", "c2VjcmV0LXNlY3JldC1zZWNyZ", "two words"):
        key.write_text(nonsense)
        asking.have(external_account="kid-1", external_key_file=str(key))
        [(_, _, error)] = await asking.renew(now=True)
        assert f"{key} holds no key in base64url" in error
    key.write_text("c2VjcmV0LXNlY3JldC1zZWNyZXQ\n")
    asking.have(external_account="kid-1", external_key_file=str(key))
    assert await asking.renew(now=True) == [("mail.l.test", "ecdsa", "")]


async def test_what_is_called_off_is_replaced(asking: Asking) -> None:
    await asking.renew()
    [before] = await asking.rows()
    await asking.operate("certificates.revoke", name="mail.l.test", reason=1)
    [after] = await asking.rows()
    assert asking.authority.revoked == [1]
    assert after.chain not in ("", before.chain)
    with pytest.raises(Exception, match="no certificate of the authority"):
        await asking.operate("certificates.revoke", name="other.test")


async def test_an_order_whose_certificate_was_lost_does_not_end_renewing(asking: Asking) -> None:
    """RFC 9773 §5: what was replaced once is not replaced again, and the key of that certificate is gone."""
    await asking.renew()
    usual, asking.authority.meddle = asking.authority.meddle, lambda _: asking.authority.orders["0"]["chain"]
    [(_, _, error)] = await asking.renew(
        now=True
    )  # a certificate of another key: it is of no use to come back for it
    assert "is not the key" in error
    asking.authority.meddle = usual
    assert await asking.renew(now=True) == [("mail.l.test", "ecdsa", "")]
    assert [one["replaces"] is None for one in asking.authority.orders.values()] == [True, False, True]


async def test_a_certificate_that_could_not_be_written_is_fetched_and_not_ordered_again(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An authority counts what it gives: five a week of the same names, and the sixth is refused."""
    usual = certificates.put

    async def full(tx: Any, one: Certificate) -> None:
        if one.chain:
            raise TryLater("the disk is full")
        await usual(tx, one)

    monkeypatch.setattr(certificates, "put", full)
    with pytest.raises(Exception, match="the disk is full"):
        await asking.renew()
    monkeypatch.setattr(certificates, "put", usual)
    asking.server._certifying._issuer = None  # the process was started anew
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]
    assert len(asking.authority.orders) == 1
    [row] = await asking.rows()
    assert row.chain == asking.authority.orders["0"]["chain"]
    assert (row.ordered, row.order_key) == ("", b"")


async def test_a_certificate_that_takes_long_is_waited_for_with_the_next_try(
    asking: Asking, clock: MovableClock
) -> None:
    usual, asking.authority.meddle = asking.authority.meddle, lambda _: "not yet"
    [(_, _, error)] = await asking.renew()
    assert "no certificate" in error
    asking.authority.meddle = usual
    assert await asking.renew() == []
    clock.advance(3600)
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]
    assert len(asking.authority.orders) == 1


async def test_an_order_that_the_authority_has_forgotten_is_made_anew(
    asking: Asking, clock: MovableClock
) -> None:
    usual, asking.authority.meddle = asking.authority.meddle, lambda _: "not yet"
    await asking.renew()
    asking.authority.meddle = usual
    asking.authority.orders["0"]["status"] = "invalid"
    clock.advance(3600)
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]
    assert len(asking.authority.orders) == 2


async def test_a_clock_that_is_ahead_does_not_have_it_renewed_on_and_on(
    asking: Asking, clock: MovableClock
) -> None:
    clock.advance(100 * 86_400)
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]
    assert await asking.renew() == []
    clock.advance(86_500)
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]


async def test_what_was_called_off_meanwhile_elsewhere_stays_so(
    asking: Asking, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process of the store calls a certificate off while this one is busy with others."""
    now = dt.datetime.now(dt.UTC)
    asking.authority.window = now + dt.timedelta(days=40), now + dt.timedelta(days=41)
    asking.have(kinds=("ecdsa", "rsa"))
    await asking.renew()
    clock.advance(86_400)
    usual = certificates.get

    async def meanwhile(tx: Any, name: str, kind: str) -> Certificate | None:
        if kind == "ecdsa":
            await asking.server.engine.write(lambda tx: certificates.put(tx, Certificate(name, "rsa")))
        return await usual(tx, name, kind)

    monkeypatch.setattr(certificates, "get", meanwhile)
    assert await asking.renew() == [("mail.l.test", "rsa", "")]


async def test_what_is_called_off_and_not_replaced_is_said(asking: Asking) -> None:
    await asking.renew()
    asking.authority.problems = [Problem("serverInternal", "busy", 500)]
    done = await asking.operate("certificates.revoke", name="mail.l.test")
    assert [one["error"] for one in done] == ["", "serverInternal: busy"]


async def test_what_was_called_off_already_is_called_off(asking: Asking) -> None:
    """The process ended after the authority had said yes, and before that was kept."""
    await asking.renew()
    [before] = await asking.rows()
    await asking.operate("certificates.revoke", name="mail.l.test")
    await asking.server.engine.write(lambda tx: certificates.put(tx, before))
    done = await asking.operate("certificates.revoke", name="mail.l.test")
    assert [(one["name"], one["kind"]) for one in done] == [("mail.l.test", "ecdsa")]
    assert asking.authority.revoked == [0]
    assert (await asking.rows())[0].chain not in ("", before.chain)


async def test_it_asks_no_more_when_another_process_has_taken_over(asking: Asking) -> None:
    """Many certificates take longer than the lease lasts, which is renewed while they come."""
    asking.have(kinds=("ecdsa", "rsa"), domains=True)
    turns = [True, True, False]

    async def mine() -> bool:
        return turns.pop(0)

    asking.server._certifying.mine = mine
    assert [name for name, *_ in await asking.renew()] == ["mail.l.test"] * 2
    assert not turns


async def test_one_account_for_all_until_the_authority_has_forgotten_it(asking: Asking) -> None:
    await asking.renew()
    await asking.renew(now=True)
    assert asking.authority.asked.count("newAccount") == 1
    asking.authority._accounts.clear()
    assert await asking.renew(now=True) == [("mail.l.test", "ecdsa", "accountDoesNotExist: who is that?")]
    assert await asking.renew(now=True) == [("mail.l.test", "ecdsa", "")]


async def test_nobody_is_there(asking: Asking) -> None:
    asking.have(directory="http://127.0.0.1:1/dir")
    [(_, _, error)] = await asking.renew()
    assert error.startswith("http://127.0.0.1:1/dir cannot be reached")


@pytest.mark.parametrize("kind", ["http-01", "tls-alpn-01"])
async def test_any_process_of_the_store_shows_what_one_asked_for(
    database_url: str, tmp_path: Path, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("postroom.app.certificates.certifying.HEARD_SECONDS", 1.0)
    dns = LabDns([ZONE], SystemClock(), lambda _: None)
    dns_port = await dns.start(HERE, 0)
    for place in ("one", "two"):  # machines of one system have the vault's key in common
        keys = tmp_path / place / "keys"
        keys.mkdir(parents=True)
        (keys / "vault.key").write_bytes(b"k" * 32)
        (keys / "vault.key").chmod(0o600)
    first = Asking(settings_of(tmp_path / "one", database_url), dns_port, clock)
    second = Asking(settings_of(tmp_path / "two", database_url), dns_port, clock)
    async with first, second:
        await first.settle()
        first.have(challenges=(kind,), kinds=("ecdsa",))
        first.authority.ports.update(second.ports)  # the authority happens upon the other machine
        assert await first.renew() == [("mail.l.test", "ecdsa", "")]
        for _ in range(1200):
            if not second.server.tls.stands_in:
                break
            await asyncio.sleep(0.05)
        assert [one.issuer for one in second.server.tls.shown] == ["An authority"]
        second.have(directory=first.authority.directory)
        assert await second.renew() == []  # it is the other's turn
    await thread(first.authority.stop)
    await thread(second.authority.stop)
    await dns.stop()
