"""New certificates are used from now on."""

from __future__ import annotations

from offices import ALICE, TestOffice


async def test_reload(bare: TestOffice) -> None:
    assert await bare.ask("certificates.reload") == [{"name": "mail.hamburger.test"}]
    assert "may not" in await bare.refusal("certificates.reload", ALICE)
