"""A message of the queue that cannot be read any more: the job ends in its time, and the sender hears of it (security.md F23)."""

import asyncio
from pathlib import Path

import pytest

from sorting_office import SortingOffice

DAY = 86_400


async def over(office: SortingOffice) -> bool:
    """Time goes on until nothing waits."""
    office.clock.advance(DAY)
    office.runner.wake()
    await asyncio.sleep(0.1)
    return await office.waiting() == []


async def begin(office: SortingOffice) -> None:
    office.scripted.down["r.test"] = "No route to host"
    office.start()
    content = b"Subject: x\r\n\r\n" + b"long\r\n" * 10_000
    await office.accept("eve@r.test", sender="bob@hamburger.test", content=content)
    await office.until(lambda: office.rows("SELECT 1 FROM hops"))


@pytest.mark.parametrize("what", ["file", "row"])
async def test_its_sender_hears_of_it(office: SortingOffice, tmp_path: Path, what: str) -> None:
    await begin(office)
    files = [path for path in tmp_path.rglob("files/**/*") if path.is_file()]
    assert files
    if what == "file":
        for path in files:
            path.unlink()
    else:
        await office.engine.write(lambda tx: tx.execute("DELETE FROM blobs WHERE account_id = $1", 0))
    await office.until(lambda: over(office))
    reports = await office.inbox(office.bob)
    assert any(b"Action: failed" in report and b"eve@r.test" in report for report in reports)
