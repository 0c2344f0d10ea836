"""The doors of OAuth: what a browser makes of their pages, and when the store can write nothing down."""

from __future__ import annotations

from typing import Any

import pytest

from postroom.message.errors import Overloaded
from postroom.store.identity import grants
from postroom.store.login import device_requests
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


async def test_a_browser_lets_the_form_lead_to_a_program_at_an_address_of_ipv6(program: Program) -> None:
    """RFC 8252 section 7.3; Content Security Policy Level 3 section 2.3.1 has no such hosts, and browsers ignore what they do not know."""
    await program.register(redirect_uris=["http://[::1]:1/done"])
    policy = (await program.page(redirect_uri="http://[::1]:4711/done")).headers["content-security-policy"]
    assert policy.endswith("form-action 'self' http:")
