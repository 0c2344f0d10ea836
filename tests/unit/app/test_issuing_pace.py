"""How often an authority is asked: as it says itself, by Retry-After."""

from __future__ import annotations

import pytest

from acme_server import Problem
from asking_authority import DAY, Asking, asking, clock, in_haste, settings
from postroom.net.clock import MovableClock

__all__ = ["asking", "clock", "in_haste", "settings"]


@pytest.mark.parametrize(
    ("later", "hours"),
    [("72000", 20), ("5", 6), (str(30 * 86_400), 24), ("\u00b2", 6), ("", 6)],
)
async def test_who_was_there_too_often_comes_again_when_the_authority_says(
    asking: Asking, clock: MovableClock, later: str, hours: float
) -> None:
    """RFC 8555 §6.6."""
    asking.authority.problems = [Problem("rateLimited", "too many", 429)]
    asking.authority.later["newOrder"] = later
    await asking.renew()
    [row] = await asking.rows()
    assert 0.89 * hours < (row.due - clock.now()) / DAY * 24 < 1.11 * hours


async def test_an_order_is_looked_at_again_when_the_authority_says(asking: Asking) -> None:
    """RFC 8555 §7.4."""
    asking.authority.later["finalize"] = "1"
    assert await asking.renew() == [("mail.l.test", "ecdsa", "")]
    assert asking.authority.when["order"] - asking.authority.when["finalize"] >= 1
