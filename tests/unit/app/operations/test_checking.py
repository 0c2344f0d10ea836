"""The check's findings come through; so do the names of certificates."""

from __future__ import annotations

from offices import TestOffice
from postroom.app.operations.office import Finding


async def test_findings(bare: TestOffice) -> None:
    assert await bare.ask("check") == []
    bare.findings = [Finding("orphan", "blob B1", "nobody refers to it")]
    (found,) = await bare.ask("check", repair=True)
    assert (found["kind"], found["repaired"]) == ("orphan", True)
