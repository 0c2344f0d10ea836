"""The embedded engine's planner takes the ways that were meant: a statement that walks a mailbox to find a row is a bug."""

import re
from importlib import import_module

import apsw
import pytest

from postroom.store.dialect import sqlite_dialect
from postroom.store.group_commit import drive
from postroom.store.migrations import create_schema
from postroom.store.sqlite import SqliteTransaction

WHOLE_TABLE = {
    "directory._BY_LOCAL",  # the domains
    "directory._RULES",
    "blobs.UNREFERENCED",  # only rows that are in the partial index
    "pruning.REMOVED",
    "fsck_emails.RECORDED",
    "fsck_emails._EMAILS",
    "fsck_emails._BLOBS",
    "fsck_emails.SPOOLED",
    "fsck_emails.COUNT_REFS",
}
MODULES = "blobs copying counts delivery directory expunge fetching flagging fsck_emails fsck_mailboxes mailboxes messages pruning rights threads acl annotations quota seen tree"


@pytest.fixture(scope="module")
def plan():
    connection = apsw.Connection(":memory:")
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    dialect = sqlite_dialect()
    drive(create_schema(SqliteTransaction(connection, dialect), dialect))

    def explain(sql):
        text = dialect[sql]
        numbers = (1,) * max((int(number) for number in re.findall(r"\?(\d+)", text)), default=0)
        return " / ".join(row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + text, numbers))

    return explain


def statements():
    for module in MODULES.split():
        for name, sql in vars(import_module(f"postroom.store.{module}")).items():
            if isinstance(sql, str) and re.match(r"\s*(SELECT|UPDATE|DELETE)\b", sql):
                yield f"{module}.{name}", sql


@pytest.mark.parametrize(("name", "sql"), [pytest.param(*one, id=one[0]) for one in statements()])
def test_no_statement_reads_a_whole_table(plan, name, sql):
    found = plan(sql)
    assert ("SCAN " in found) == (name in WHOLE_TABLE), found


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("messages.LISTING", "PRIMARY KEY (account_id=? AND mailbox_id=? AND uid>?)"),
        ("messages.CHANGED", "messages_modseq (account_id=? AND modseq>?)"),
        ("messages.VANISHED", "PRIMARY KEY (account_id=? AND modseq>?)"),
        ("messages.COPIES", "messages_thread (account_id=? AND thread_id=?)"),
        ("delivery.IN_THREAD", "messages_thread (account_id=? AND thread_id=? AND mailbox_id=?)"),
        ("counts.THREADS_HERE", "messages_thread (account_id=? AND thread_id=? AND mailbox_id=?)"),
        ("directory._BY_NAME", "profiles_name (<expr>=?)"),
        ("directory._BY_LOCAL", "PRIMARY KEY (address=?)"),
        ("flagging.CHANGE", "PRIMARY KEY (account_id=? AND mailbox_id=? AND uid>? AND uid<?)"),
        ("fsck_emails._EMAILS", "messages_thread (account_id=? AND thread_id=?)"),
        ("fsck_emails.COPIES", "messages_thread (account_id=? AND thread_id=?)"),
        ("mailboxes.INBOX_ID", "mailboxes_role (account_id=? AND role=?)"),
    ],
)
def test_the_way_that_was_meant(plan, name, way):
    assert way in plan(dict(statements())[name])
