"""A command that takes long gives a sign of life."""

import asyncio

import msgspec
import pytest

from imap_stage import ImapStage
from postroom.proto.imap import esearch
from postroom.serve.imap import session as sessions


async def test_a_long_command(stage: ImapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.deliver()
    bob = await stage.user(select="INBOX")
    await bob.ok("STORE 1 +FLAGS (\\Deleted)")
    monkeypatch.setattr(sessions, "PROGRESS_SECONDS", 0.0)
    write = stage.store.engine.write

    async def slowly(*arguments: object) -> object:
        await asyncio.sleep(0.02)
        return await write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(stage.store.engine, "write", slowly)
    *signs, last = await bob.say("c7 CLOSE")
    assert last == "c7 OK Closed"
    assert set(signs) == {'* OK [INPROGRESS ("c7" NIL NIL)] Still at it'}
    assert (
        len(signs) > 1
    )  # a client that waits for long would take the connection for dead behind the first one
    await asyncio.sleep(0.01)
    assert await bob.say("c8 NOOP") == ["c8 OK Nothing done"]


async def test_none_within_an_answer(stage: ImapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that reads a long answer slowly must not find something else in the middle of its line."""
    for _ in range(4):
        await stage.deliver()
    limits = msgspec.structs.replace(stage.config.limits, queued=4)
    bob = await stage.user(select="INBOX", config=msgspec.structs.replace(stage.config, limits=limits))
    monkeypatch.setattr(sessions, "PROGRESS_SECONDS", 0.0)
    monkeypatch.setattr(esearch, "AT_ONCE", 1)
    drained = bob.connection.drained

    async def slowly() -> None:
        await asyncio.sleep(0.01)
        await drained()

    monkeypatch.setattr(bob.connection, "drained", slowly)
    assert (await bob.say("c8 SEARCH ALL"))[-2:] == ["* SEARCH 1 2 3 4", "c8 OK Searched"]
