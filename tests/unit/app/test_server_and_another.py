"""Two servers on one PostgreSQL database, as on two machines or as two workers of one: what one does the other hears of."""

from __future__ import annotations

import asyncio
import os
import poplib
import smtplib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from postroom.app.locate import places_of
from postroom.message.ids import IdKind, parse_id
from postroom.store.changes import MailboxChanged
from postroom.store.login.throttle import Limits
from served import unverified
from whole_server import PASSWORD, Running, fetch, send, settings_of, thread

PATIENCE = 60.0  # seconds
NOBODY = 7  # no account's id
PATIENT = Limits(delays=(600,))  # whoever has failed once waits for longer than the test lasts


async def until(probe: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not probe():
            await asyncio.sleep(0.01)


async def hears(there: Running, here: Running) -> None:
    """Returns when what one publishes comes to the other."""
    subscription, said = there.server.parts.store.changes.subscribe(NOBODY), here.server.parts.store.changes

    def probe() -> bool:
        said.publish([MailboxChanged(NOBODY, 0, 0)])
        return bool(subscription.take())

    await until(probe)
    subscription.close()


@pytest.fixture
async def two(tmp_path: Path, database_url: str) -> AsyncIterator[tuple[Running, Running]]:
    async with (
        Running(settings_of(tmp_path / "here", database_url), PATIENT) as here,
        Running(settings_of(tmp_path / "there", database_url), PATIENT) as there,
    ):
        await here.settle()
        await hears(there, here)
        await hears(here, there)
        yield here, there


async def test_each_has_a_number_of_its_own(two: tuple[Running, Running]) -> None:
    assert two[0].server.ids.node != two[1].server.ids.node


async def test_a_delivery_wakes_who_watches_at_the_other(two: tuple[Running, Running]) -> None:
    here, there = two
    [account] = await here.operate("account.show", address="bob@l.test")
    news = aiter(there.server.watch(parse_id(IdKind.ACCOUNT, account["account_id"])))
    first = asyncio.ensure_future(anext(news))
    await asyncio.sleep(0)
    await thread(lambda: send(here.ports["smtp"]))
    assert (await asyncio.wait_for(first, PATIENCE)).event == "added"
    assert len(await thread(lambda: fetch(there.ports["pop3s"]))) == 1


async def test_what_the_other_knew_of_an_account_is_forgotten(
    two: tuple[Running, Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = two
    monkeypatch.setattr("postroom.deliver.router.REMEMBERED", 1e9)
    await thread(lambda: send(there.ports["smtp"]))
    router = there.server.parts.router
    assert router._known
    await here.operate("account.remove", address="bob@l.test")
    await until(lambda: not router._known)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await thread(lambda: send(there.ports["smtp"]))


async def test_new_certificates_are_used_by_the_other_too(two: tuple[Running, Running]) -> None:
    here, there = two
    for path in places_of(there.settings).keys.glob("*.pem"):
        os.utime(path)
    await here.operate("certificates.reload")
    await until(lambda: "certificates.reloaded" in there.log.getvalue())


async def test_failed_logins_count_at_the_other(two: tuple[Running, Running]) -> None:
    here, there = two
    throttle = there.server.parts.login.attempts._throttle

    def attempt(server: Running, password: str) -> None:
        box = poplib.POP3("127.0.0.1", server.ports["pop3"])
        try:
            box.stls(unverified())
            box.user("bob@l.test")
            box.pass_(password)
        finally:
            box.close()

    with pytest.raises(poplib.error_proto, match="AUTH"):
        await thread(lambda: attempt(here, "wrong"))
    await until(lambda: throttle._names)
    with pytest.raises(poplib.error_proto, match="Too many failed logins"):
        await thread(lambda: attempt(there, PASSWORD))
