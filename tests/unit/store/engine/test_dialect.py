import pytest

from postroom.store.engine.dialect import CACHED_TEXTS, postgresql_dialect, sqlite_dialect

SCHEMA = """
-- a comment; with a semicolon
CREATE TABLE t (a {BYTES}, b {TEXT}) {CLUSTERED}; -- another
-- @postgresql
ALTER TABLE t
  SET (fillfactor = 50);
-- @sqlite
CREATE INDEX i ON t (a);
-- @both
CREATE INDEX j ON t (b)
"""


@pytest.mark.parametrize(
    ("sql", "sqlite", "postgresql"),
    [
        ("SELECT $1, $12, $1", "SELECT ?1, ?12, ?1", "SELECT $1, $12, $1"),
        ("SELECT '$junk'", "SELECT '$junk'", "SELECT '$junk'"),
        ("SELECT 1 {LOCK}", "SELECT 1 ", "SELECT 1 FOR UPDATE"),
        ("SELECT 1 {SKIP}", "SELECT 1 ", "SELECT 1 FOR UPDATE SKIP LOCKED"),
    ],
)
def test_one_text_for_two_engines(sql, sqlite, postgresql):
    assert sqlite_dialect()[sql] == sqlite
    assert postgresql_dialect()[sql] == postgresql


def test_a_schema_file_in_statements():
    assert sqlite_dialect().statements(SCHEMA) == [
        "CREATE TABLE t (a {BYTES}, b {TEXT}) {CLUSTERED}",
        "CREATE INDEX i ON t (a)",
        "CREATE INDEX j ON t (b)",
    ]
    assert postgresql_dialect().statements(SCHEMA)[1] == "ALTER TABLE t\n  SET (fillfactor = 50)"


def test_the_cache_is_bounded():
    dialect = sqlite_dialect()
    for number in range(CACHED_TEXTS + 10):
        assert dialect[f"SELECT {number}"] == f"SELECT {number}"
    assert len(dialect) == CACHED_TEXTS
