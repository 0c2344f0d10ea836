"""DKIM keys as rows: put, moved, revoked, removed with their domain; on both engines."""

from __future__ import annotations

import msgspec
import pytest

from postroom.store.administration import domains
from postroom.store.directory import dkim_keys
from postroom.store.directory.dkim_keys import MOST_KEYS, DkimKey
from postroom.store.directory.errors import InUse, NotFound, Taken
from postroom.store.engine.migrations import MigratableEngine

NOW = 1_750_000_000_000_000
KEY = DkimKey("a.test", "rsa-1", "rsa-sha256", "published", NOW, "v=DKIM1; p=x", b"sealed")


async def put(engine: MigratableEngine, *keys: DkimKey) -> None:
    for key in keys:
        await engine.write(lambda tx, key=key: dkim_keys.put(tx, key))


async def test_a_key_comes_back_as_it_was_put(engine: MigratableEngine) -> None:
    await put(engine, KEY, msgspec.structs.replace(KEY, domain="b.test"))
    assert await dkim_keys.of(engine.reading(), "a.test") == [KEY]
    assert await dkim_keys.of(engine.reading(), "c.test") == []
    assert await dkim_keys.domains(engine.reading()) == ["a.test", "b.test"]
    assert await dkim_keys.domains(engine.reading(), "a.test") == ["b.test"]


async def test_only_those_that_sign(engine: MigratableEngine) -> None:
    second = msgspec.structs.replace(KEY, selector="ed-1", algorithm="ed25519-sha256")
    await put(engine, KEY, second)
    assert await dkim_keys.signing(engine.reading(), "a.test") == []
    await engine.write(lambda tx: dkim_keys.move(tx, second, "signing", NOW + 1))
    moved = msgspec.structs.replace(second, phase="signing", since=NOW + 1)
    assert await dkim_keys.signing(engine.reading(), "a.test") == [moved]


async def test_a_revoked_key_has_no_private_part(engine: MigratableEngine) -> None:
    await put(engine, KEY)
    await engine.write(lambda tx: dkim_keys.revoke(tx, KEY, "revoked", "v=DKIM1; p=", NOW + 5))
    (found,) = await dkim_keys.of(engine.reading(), "a.test")
    assert (found.phase, found.since, found.record, found.secret) == ("revoked", NOW + 5, "v=DKIM1; p=", b"")


async def test_a_name_is_used_once(engine: MigratableEngine) -> None:
    await put(engine, KEY)
    with pytest.raises(Taken, match="rsa-1 already"):
        await put(engine, msgspec.structs.replace(KEY, record="v=DKIM1; p=y"))
    assert await dkim_keys.of(engine.reading(), "a.test") == [KEY]


async def test_so_many_and_no_more(engine: MigratableEngine) -> None:
    await put(engine, *(msgspec.structs.replace(KEY, selector=f"s{n:02}") for n in range(MOST_KEYS)))
    with pytest.raises(InUse, match="postroom dkim delete"):
        await put(engine, msgspec.structs.replace(KEY, selector="one-more"))
    assert len(await dkim_keys.of(engine.reading(), "a.test")) == MOST_KEYS


async def test_what_is_gone_cannot_be_changed(engine: MigratableEngine) -> None:
    await put(engine, KEY)
    await engine.write(lambda tx: dkim_keys.delete(tx, KEY))
    for work in (
        lambda tx: dkim_keys.delete(tx, KEY),
        lambda tx: dkim_keys.move(tx, KEY, "signing", NOW),
        lambda tx: dkim_keys.revoke(tx, KEY, "revoked", "", NOW),
    ):
        with pytest.raises(NotFound, match="no selector rsa-1"):
            await engine.write(work)


async def test_keys_go_with_their_domain(engine: MigratableEngine) -> None:
    await engine.write(lambda tx: domains.add(tx, "a.test", NOW))
    await put(engine, KEY)
    await engine.write(lambda tx: domains.remove(tx, "a.test"))
    assert await dkim_keys.of(engine.reading(), "a.test") == []
