"""What the lab is and what happens in it, over HTTP.

Not here: what there is to tell (`lab.heard.feed`, `lab.arrived.transcript`).
"""

from __future__ import annotations

import asyncio
import contextlib
from http import HTTPStatus
from typing import Any

from postroom.lab.api import values
from postroom.lab.api.desk import Call, Desk
from postroom.lab.api.problems import Problem
from postroom.lab.arrived.transcript import journeys_of
from postroom.message.ids import IdKind, id_text


async def livez(_desk: Desk, _: Call) -> values.Health:
    """Whether the lab lives."""
    return values.Health("alive")


async def readyz(desk: Desk, _: Call) -> values.Health:
    """Whether all its servers take mail."""
    if desk.running.failed.is_set():
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "not-ready", "a server of the lab has failed: look at its log"
        )
    return values.Health("ready")


async def show_lab(desk: Desk, _: Call) -> dict[str, Any]:
    """Domains, ports, accounts, the certificate authority: what `postroom lab --json` prints."""
    return desk.running.describe()


async def list_happenings(desk: Desk, call: Call) -> values.Happenings:
    """Everything that happened: connections and each line said, questions to the DNS, what servers noted. Passwords are asterisks."""
    asked: values.Since = call.query
    feed = desk.running.feed
    since = asked.since if asked.since <= feed.last else 0  # of a lab that was there before
    if asked.timeout and feed.last <= since:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(asked.timeout):
                await desk.unless_over(feed.after(since))
    found = feed.since(since)[: asked.limit]
    return values.Happenings(found[-1].seq if found else feed.last, found)


async def list_journeys(desk: Desk, call: Call) -> values.Journeys:
    """The ways of the last messages: every dialogue, DNS answer, verdict and attempt, as lines for people."""
    told = await journeys_of(desk.running.servers, call.query.limit)
    return values.Journeys(
        [values.Journey(id_text(IdKind.JOURNEY, one.accept_id), one.domain, one.lines) for one in told]
    )
