"""The doors of OAuth when the store can write nothing down."""

from __future__ import annotations

from typing import Any

import pytest

from postroom.message.errors import Overloaded
from postroom.store import device_requests, grants
from unit.web.test_oauth import Browser, Program, program

__all__ = ["program"]


@pytest.mark.parametrize("decision", ["allow", "deny"])
async def test_what_cannot_be_written_down_now_is_told_on_a_page(
    program: Program, monkeypatch: pytest.MonkeyPatch, decision: str
) -> None:
    async def busy(*_: Any) -> None:
        raise Overloaded

    browser = await Browser.signed_in(program)
    shown = (await program.post("/oauth/device_authorization", client_id=program.client_id)).json["user_code"]
    page = await browser.page()
    asked = await program.ask("GET", f"/oauth/device?user_code={shown}", Cookie=browser.cookie)
    monkeypatch.setattr(grants, "allow", busy)
    monkeypatch.setattr(device_requests, "decide", busy)
    answers = [await browser.decide(asked, decision)]
    if decision == "allow":
        answers.append(await browser.decide(page))
    for answer in answers:
        assert (answer.status, "try again later" in answer.page.words) == (503, True)
