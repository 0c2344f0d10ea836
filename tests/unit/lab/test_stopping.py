"""A lab stops whole, whatever one of its parts says to that."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.app.logs import make_log
from postroom.lab.house_settings import LabSettings
from postroom.lab.laboratory import Laboratory
from postroom.lab.plan import residents


async def test_a_part_that_cannot_be_stopped_does_not_keep_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Laboratory(LabSettings(tmp_path / "lab", 0, residents(), make_log("auto", "error")))
    await lab.start()
    stop, stopped = lab.publisher.stop, []

    async def fails() -> None:
        await stop()
        raise RuntimeError("the publisher")

    monkeypatch.setattr(lab.publisher, "stop", fails)
    first, second = lab.servers.values()
    leave = first.parts.node.leave

    async def and_fails() -> None:
        await leave()
        await first.parts.store.close()
        raise RuntimeError("the store")

    for server in (first, second):
        close = server.parts.store.close

        async def closed(close=close) -> None:  # type: ignore[no-untyped-def]
            stopped.append(close)
            await close()

        monkeypatch.setattr(server.parts.store, "close", closed)
    monkeypatch.setattr(first.parts.node, "leave", and_fails)
    with pytest.raises(RuntimeError):
        await lab.stop()
    assert len(stopped) == 2
    assert not lab.control.path.exists()
