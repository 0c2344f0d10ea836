"""The event source on a real port (RFC 8620 §7.3), by hand and by curl."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest

from jmap_stage import ALICE, BOB, PASSWORD, JmapStage
from jmap_web import Events, JmapWeb
from postroom.serve.jmap.methods.audience import MAX_LISTENERS

ALL = "types=*&closeafter=no&ping=0"


@pytest.fixture
async def web(stage: JmapStage) -> AsyncIterator[JmapWeb]:
    async with JmapWeb(stage) as made:
        yield made


async def gone(web: JmapWeb, account_id: int, count: int = 0) -> None:
    """Waits until a user has no more than so many connections."""
    for _ in range(2000):
        if web.app.service.audience.count(account_id) <= count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the connection is still counted")


async def test_a_letter_is_told_at_once(stage: JmapStage, web: JmapWeb) -> None:
    events = await Events.open(web, ALL)
    assert (events.status, events.headers["content-type"]) == (200, "text/event-stream")
    assert "no-store" in events.headers["cache-control"]
    first = await events.event()
    assert first is not None
    assert list(first) == ["id"]
    await stage.deliver()
    changed = await events.state()
    got = await stage.jmap().call("Email/get", ids=[])
    assert changed[stage.jmap().account]["Email"] == got["state"]
    assert events.last != first["id"]
    events.close()
    await gone(web, stage.logins.people[BOB])


async def test_only_types_that_are_asked_for(stage: JmapStage, web: JmapWeb) -> None:
    events = await Events.open(web, "types=Mailbox,Foo&closeafter=no&ping=0")
    await events.event()
    await stage.deliver()
    assert list((await events.state())[stage.jmap().account]) == ["Mailbox"]
    events.close()


async def test_it_ends_behind_the_first_state_when_asked_to(stage: JmapStage, web: JmapWeb) -> None:
    events = await Events.open(web, "types=*&closeafter=state&ping=0")
    await events.event()
    await stage.deliver()
    await events.state()
    assert await events.event() is None


async def test_what_was_missed_is_told_at_once(stage: JmapStage, web: JmapWeb) -> None:
    events = await Events.open(web, ALL)
    await events.event()
    events.close()
    await stage.deliver()
    again = await Events.open(web, ALL, Last_Event_ID=events.last)
    assert "EmailDelivery" in (await again.state())[stage.jmap().account]
    again.close()


async def test_pings(stage: JmapStage, web: JmapWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.proto.jmap.push.PINGS", (1, 300))
    events = await Events.open(web, "types=*&closeafter=no&ping=1")
    await events.event()
    for _ in range(2):
        assert await events.event() == {"event": "ping", "data": '{"interval":1}'}
    await stage.deliver()
    await events.state()
    events.close()


@pytest.mark.parametrize(
    "query",
    [
        "", "types=*", "types=*&closeafter=no", "types=*&closeafter=maybe&ping=0", "types=*&closeafter=no&ping=-1",
        "types=*&closeafter=no&ping=1_0", "types=*&closeafter=no&ping=%D9%A1", "types=&closeafter=no&ping=0",
        "types=a%20b&closeafter=no&ping=0", "types=" + ",".join(["a"] * 101) + "&closeafter=no&ping=0",
        "&".join(["a=b"] * 20),
    ],
)  # fmt: skip
async def test_what_is_no_good_query(stage: JmapStage, query: str) -> None:
    reply = await stage.jmap().http("GET", f"/jmap/eventsource?{query}")
    assert reply.status == 400
    assert reply.json["detail"]


async def test_not_without_a_password(stage: JmapStage, web: JmapWeb) -> None:
    assert (await Events.open(web, ALL, Authorization="Basic eDp5")).status == 401


async def test_so_many_connections_and_no_more(stage: JmapStage, web: JmapWeb) -> None:
    bob = stage.logins.people[BOB]
    there = [await Events.open(web, ALL) for _ in range(MAX_LISTENERS)]
    assert {one.status for one in there} == {200}
    assert (await Events.open(web, ALL)).status == 429
    await stage.move_in(ALICE) if ALICE not in stage.logins.people else None
    assert (await Events.open(web, ALL, ALICE)).status == 200
    there.pop().close()
    await gone(web, bob, MAX_LISTENERS - 1)
    assert (await Events.open(web, ALL)).status == 200


async def test_it_ends_cleanly_when_the_server_stops(stage: JmapStage, web: JmapWeb) -> None:
    events = await Events.open(web, ALL)
    await events.event()
    await web.stop(20)
    assert await events.event() is None
    assert web.app.service.audience.count(stage.logins.people[BOB]) == 0


async def test_curl(stage: JmapStage, web: JmapWeb, require_tool: Callable[[str], str]) -> None:
    curl = await asyncio.create_subprocess_exec(
        require_tool("curl"), "-sN", "--max-time", "20", "-u", f"{BOB}:{PASSWORD}",
        f"http://127.0.0.1:{web.port}/jmap/eventsource?types=*&closeafter=state&ping=300", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert curl.stdout is not None
    assert (await curl.stdout.readline()).startswith(b"id: ")
    await stage.deliver()
    out, _ = await asyncio.wait_for(curl.communicate(), 60)
    lines = out.decode().split("\n")
    assert lines[1] == "event: state"
    assert json.loads(lines[2].removeprefix("data: "))["changed"][stage.jmap().account]["Email"]
    assert curl.returncode == 0
