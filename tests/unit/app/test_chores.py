"""What a whole server forgets when nobody asks."""

from pathlib import Path
from typing import Any

import pytest

from postroom.app.chores import SUBMISSIONS, SUBMISSIONS_DAYS
from postroom.app.housekeeping import Chore
from postroom.message.address import parse_mailbox
from postroom.store.administration import accounts
from postroom.store.engine.ids import first_of
from postroom.store.identity import browser_sessions
from postroom.store.records import records
from postroom.store.records.records import Kind
from whole_server import Running, settings_of

DAY = 86_400_000_000


def pruning(whole: Running) -> dict[str, Chore]:
    chores = whole.server._chores.all()
    return {chore.name: chore for chore in chores if chore.name.startswith("prune")}


async def test_submissions_of_long_ago_are_forgotten(tmp_path: Path) -> None:
    async with Running(settings_of(tmp_path / "data")) as whole:
        await whole.settle()
        engine, now = whole.server.engine, whole.server.clock.now()
        bob = parse_mailbox("bob@l.test")
        assert bob is not None
        kind = Kind((await accounts.get(engine.reading(), bob)).account_id, SUBMISSIONS)
        old, young = (first_of(now - days * DAY) for days in (SUBMISSIONS_DAYS + 1, SUBMISSIONS_DAYS - 1))
        for number in (old, young):
            await engine.write(lambda tx, n=number: records.create(tx, kind, n, b"{}"))  # type: ignore[misc]
        await pruning(whole)["prune submissions"].work()
        assert [one.record_id for one in await records.listing(engine.reading(), kind)] == [young]


async def test_what_cannot_be_forgotten_keeps_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> None:
        raise RuntimeError

    pruned: list[int] = []

    async def journeys(_engine: object, before: int) -> int:
        pruned.append(before)
        return 0

    async with Running(settings_of(tmp_path / "data")) as whole:
        monkeypatch.setattr(browser_sessions, "prune", fails)
        monkeypatch.setattr("postroom.store.pruning.prune_journeys", journeys)
        failed = 0
        for chore in pruning(whole).values():
            try:
                await chore.work()
            except RuntimeError:
                failed += 1
        assert failed == 1
        assert pruned
