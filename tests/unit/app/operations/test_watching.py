"""Watching an account: who may, and what comes."""

from __future__ import annotations

import pytest

from offices import ALICE, ROOT, TestOffice
from people import at
from postroom.app.control import Caller, Request
from postroom.app.operations import watching
from postroom.app.operations.office import Watched
from postroom.app.operations.table import perform
from postroom.message.errors import AuthenticationFailed
from postroom.store.identity import credentials
from postroom.store.login.login import Login
from postroom.store.login.standing import Ground

BOB = "bob@hamburger.test"


@pytest.mark.parametrize(("caller", "password"), [(ROOT, ""), (ALICE, "right")])
async def test_news_come_as_they_happen(office: TestOffice, caller: Caller, password: str) -> None:
    records = perform(office, caller, Request("watch", {"address": BOB, "password": password}))
    assert (await anext(records))["event"] == "alive"
    for event in ("added", "shown"):
        await office.news.put(Watched(event, ""))
        assert await anext(records) == {
            "event": event,
            "account": BOB,
            "email_id": "",
            "mailbox": "",
            "content": b"",
        }
    await records.aclose()


async def test_now_and_then_it_writes_so_that_nobody_waits_for_ever(
    office: TestOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "ALIVE_SECONDS", 0.001)
    records = perform(office, ROOT, Request("watch", {"address": BOB}))
    assert [(await anext(records))["event"] for _ in range(3)] == ["alive"] * 3
    await records.aclose()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({}, "without its password"), ({"password": "wrong"}, "credentials invalid")],
)
async def test_others_need_the_password(office: TestOffice, arguments: dict[str, str], words: str) -> None:
    assert words in await office.refusal("watch", ALICE, address=BOB, **arguments)


@pytest.mark.parametrize("silent", [True, False])
async def test_it_ends_with_the_login_that_opened_it(
    office: TestOffice, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    async def login(*_: object) -> Login:
        found = await credentials.of_address(office.engine.reading(), at(BOB))
        assert found is not None
        ground = Ground(found.account_id, "watch", found.credentials[0].credential_id)
        return Login(found.account_id, BOB, ground=ground)

    await office.ask("account.password", address=BOB, password="an old one")
    monkeypatch.setattr(office, "login", login)
    monkeypatch.setattr(watching, "ALIVE_SECONDS", 0.001 if silent else 60.0)
    records = perform(office, ALICE, Request("watch", {"address": BOB, "password": "an old one"}))
    assert (await anext(records))["event"] == "alive"
    await office.ask("account.password", address=BOB, password="a new one")
    await office.news.put(Watched("shown", "", content=b"for Bob alone"))
    with pytest.raises(AuthenticationFailed):
        assert (await anext(records))["event"] == "alive"
