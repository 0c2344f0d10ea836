"""A command that takes long gives a sign of life."""

import asyncio

import pytest

from imap_stage import ImapStage
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
    assert await bob.say("c7 CLOSE") == ['* OK [INPROGRESS ("c7" NIL NIL)] Still at it', "c7 OK Closed"]
