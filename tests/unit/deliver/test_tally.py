"""The tally: what is counted in memory, and written together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from postroom.deliver.tally import Tally
from postroom.deliver.tls_outcome import PolicyKind, ResultKind, TlsOutcome, TlsOutcomes
from postroom.message.errors import TryLater
from postroom.message.feedback.aggregate import PolicyPublished, Row, Seen
from postroom.message.feedback.tls_report import TlsFailure, TlsPolicy
from postroom.store.peers import report_rows
from postroom.store.peers.report_rows import DMARC, TLS, DueReport
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

    async def fails(*_: object, **__: object) -> None:
        raise TryLater

    with monkeypatch.context() as patched:
        patched.setattr(report_rows, "add", fails)
        with pytest.raises(TryLater):
            await tally.write()
    await tally.write()
    assert await rows(store) == [2, 1]
    await store.close()


@pytest.mark.parametrize("result", ["", "certificate-expired"])
async def test_sessions_are_counted_as_they_are_told(tmp_path: Path, result: str) -> None:
    store = await Store.open(f"sqlite://{tmp_path}/store")
    tally = Tally(store.engine)
    outcomes = TlsOutcomes()
    outcomes.hear = tally.heard
    outcome = TlsOutcome(
        AT, "e.test", PolicyKind.STS, ResultKind(result), ("mode: enforce",), ("*.e.test",),
        "192.0.2.1", "mx.e.test", "192.0.2.2", "x" * 1000,
    )  # fmt: skip
    for _ in range(2):
        outcomes.note(outcome)
    await tally.write()
    ((policy, row, times),) = await report_rows.rows(store.engine.reading(), DueReport(TLS, "e.test", 20_000))
    assert times == 2
    expected = TlsPolicy("e.test", "sts", ("mode: enforce",), ("*.e.test",))
    assert msgspec.json.decode(policy, type=TlsPolicy) == expected
    failure = msgspec.json.decode(row, type=TlsFailure) if row else None
    details = TlsFailure(result, "192.0.2.1", "mx.e.test", receiving_ip="192.0.2.2", information="x" * 255)
    assert failure == (details if result else None)
    await store.close()


async def test_many_rows_are_written_in_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.deliver.tally.AT_ONCE", 3)
    store = await Store.open(f"sqlite://{tmp_path}/store")
    tally = Tally(store.engine)
    for n in range(8):
        tally.saw(Seen(SEEN.policy, Row(f"192.0.2.{n}"), AT))
    real, turns = report_rows.add, []

    async def fails_at_the_third(tx: Any, rows: Any, most: int = 99) -> int:
        turns.append(len(rows))
        if len(turns) == 3:
            raise TryLater
        return await real(tx, rows, most)

    monkeypatch.setattr(report_rows, "add", fails_at_the_third)
    with pytest.raises(TryLater):
        await tally.write()
    assert len(await rows(store)) == 6
    await tally.write()
    assert await rows(store) == [1] * 8
    assert turns == [3, 3, 2, 2]
    await store.close()


def test_what_is_alike_is_written_alike() -> None:
    """Whatever the strings are made of: a report's id follows from the octets of its policy."""
    seen = Seen(PolicyPublished("e.test", "reject"), Row("192.0.2.1", header_from="e.test"), AT)
    for value in (seen.policy, seen.row, TlsPolicy("e.test"), TlsFailure("x")):
        written = msgspec.json.encode(value)
        assert msgspec.json.encode(msgspec.json.decode(written, type=type(value))) == written
