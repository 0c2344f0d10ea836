"""Watching an account: who may, and what comes."""

from __future__ import annotations

import pytest

from offices import ALICE, ROOT, TestOffice
from postroom.app.control import Caller, Request
from postroom.app.operations import watching
from postroom.app.operations.office import Watched
from postroom.app.operations.table import perform

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
