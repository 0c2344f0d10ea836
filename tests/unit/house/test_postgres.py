"""The PostgreSQL fixture gives each test a database of its own, and an unfit machine is told what is missing."""

from pathlib import Path

import asyncpg
import pytest

import postgres


@pytest.mark.parametrize("round_", [1, 2])
async def test_each_test_has_a_database_of_its_own(database_url: str, round_: int) -> None:
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("select count(*) from migrations") > 0
    await connection.execute("delete from migrations")
    await connection.close()


@pytest.mark.parametrize("round_", [1, 2])
async def test_a_bare_database_has_no_tables(bare_database_url: str, round_: int) -> None:
    connection = await asyncpg.connect(bare_database_url)
    await connection.execute("create table letters (id bigint primary key)")
    assert await connection.fetchval("select count(*) from letters") == 0
    await connection.close()


def test_a_machine_without_a_fit_version_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "version_of", lambda path: 14)
    with pytest.raises(pytest.skip.Exception, match="needs PostgreSQL 15 or newer"):
        postgres.find_programs()


def test_a_directory_without_the_programs_has_no_version(tmp_path: Path) -> None:
    assert postgres.version_of(tmp_path) == 0
