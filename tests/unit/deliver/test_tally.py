"""The tally: what is counted in memory, and written together."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.deliver.tally import Tally
from postroom.message.errors import TryLater
from postroom.message.feedback.aggregate import PolicyPublished, Row, Seen
from postroom.store import report_rows
from postroom.store.report_rows import DMARC, DueReport
from postroom.store.store import Store

AT = 20_000 * 86_400_000_000 + 5
SEEN = Seen(PolicyPublished("e.test", "reject"), Row("192.0.2.1"), AT)


async def rows(store: Store) -> list[int]:
    about = DueReport(DMARC, "e.test", 20_000)
    return [times for _, _, times in await report_rows.rows(store.engine.reading(), about)]


async def test_messages_that_are_alike_are_one_row(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite://{tmp_path}/store")
    tally = Tally(store.engine)
    assert not await tally.write()
    for _ in range(3):
        tally.saw(SEEN)
    tally.saw(None)
    assert await rows(store) == []
    assert await tally.write()
    tally.saw(SEEN)
    await tally.write()
    assert await rows(store) == [4]
    await store.close()


async def test_what_waits_is_bounded_and_survives_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await Store.open(f"sqlite://{tmp_path}/store")
    tally = Tally(store.engine, most=2)
    for n in (1, 2, 3, 1):
        tally.saw(Seen(SEEN.policy, Row(f"192.0.2.{n}"), AT))
    assert tally.left_out == 1

    async def fails(*_: object) -> None:
        raise TryLater

    with monkeypatch.context() as patched:
        patched.setattr(report_rows, "add", fails)
        with pytest.raises(TryLater):
            await tally.write()
    await tally.write()
    assert await rows(store) == [2, 1]
    await store.close()
