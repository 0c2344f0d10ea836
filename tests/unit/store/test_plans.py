"""The embedded engine's planner takes the ways that were meant: a statement that walks a mailbox to find a row is a bug."""

import re
from importlib import import_module
from pkgutil import iter_modules

import apsw
import pytest

from postroom import store
from postroom.store.dialect import sqlite_dialect
from postroom.store.group_commit import drive
from postroom.store.migrations import create_schema
from postroom.store.sqlite import SqliteTransaction

WHOLE_TABLE = {
    "directory._BY_LOCAL",  # the domains
    "directory._RULES",
    "blobs.UNREFERENCED",  # only rows that are in the partial index
    "pruning.REMOVED",
    # few rows
    "acme_challenges._PRUNE",
    "acme_challenges._STANDING",
    "certificates._LISTING",
    "certificates._DUE",
    "device_requests._COUNT",
    "device_requests._OLD",
    "domains._NEEDED",
    "hops._PRUNE",
    "leases._FREE_NODE",
    "unfinished.OLD",
    # the first rows, whichever they are
    "credentials._ANY",
    "tokens._ANY",
    "directory._OLDEST_OF_ALL",
    "greylist._OLDEST",
    # counted now and then, read only
    "indexer._WAITING",
    "greylist._COUNT",
    "received_reports.TOO_MANY",
    "jobs._FORSAKEN",
    "fsck_emails.RECORDED",
    "fsck_emails._EMAILS",
    "fsck_emails._BLOBS",
    "fsck_emails._REFERRING",
    "fsck_emails.SPOOLED",
    "fsck_emails.COUNT_REFS",
}
NO_TABLES = {
    "CONSTANT",
    "below",
    "found",
    "hop",
    "lane",
    "line",
    "step",
    "few",
    "mine",
    "picked",
    "slice",
    "waiting",
}  # what a statement itself has found
NOT_AT_WORK = {"restored", "database_copy"}  # on a store that nobody uses
OTHER_TABLES = {"migrations", "search_sqlite", "search_postgres", "notify"}
MODULES = {one.name for one in iter_modules(store.__path__)} - NOT_AT_WORK - OTHER_TABLES


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
    for module in sorted(MODULES):
        for name, sql in vars(import_module(f"postroom.store.{module}")).items():
            if isinstance(sql, str) and re.match(r"\s*(WITH|SELECT|UPDATE|DELETE)\b", sql):
                yield f"{module}.{name}", sql


@pytest.mark.parametrize(("name", "sql"), [pytest.param(*one, id=one[0]) for one in statements()])
def test_no_statement_reads_a_whole_table(plan, name, sql):
    found = plan(sql)
    scans = [way for way in re.findall(r"SCAN (\w+)", found) if way not in NO_TABLES]
    assert bool(scans) == (name in WHOLE_TABLE), found


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("messages.LISTING", "PRIMARY KEY (account_id=? AND mailbox_id=? AND uid>?)"),
        ("messages.DIGESTS", "PRIMARY KEY (account_id=? AND mailbox_id=? AND uid>?)"),
        ("fetching.CHANGED", "messages_modseq (account_id=? AND modseq>?)"),
        ("fetching.ANY_GONE", "PRIMARY KEY (account_id=? AND modseq>?)"),
        ("messages.COPIES", "messages_thread (account_id=? AND thread_id=?)"),
        ("directory._BY_NAME", "profiles_name (<expr>=?)"),
        ("directory._BY_LOCAL", "PRIMARY KEY (address=?)"),
        ("flagging.CHANGE", "PRIMARY KEY (account_id=? AND mailbox_id=? AND uid>? AND uid<?)"),
        ("fsck_emails._EMAILS", "messages_thread (account_id=? AND thread_id=?)"),
        ("fsck_emails.COPIES", "messages_thread (account_id=? AND thread_id=?)"),
        ("greylist._NEVER_AGAIN", "greylist_tried (last<?)"),
        ("sts_policies._PRUNE", "sts_policies_expires (expires<?)"),
        ("emails.DELIVERED", "messages_modseq (account_id=? AND modseq>?)"),
        ("push_subscriptions.ALL", "records_push ((account_id,record_id)>(?,?))"),
        ("records.CHANGES", "records_modseq (account_id=? AND kind=? AND (modseq,record_id)>(?,?))"),
        # a message for a list has a job for each of its next hops: to read one job's copies is not to read all copies
        ("spool._COPIES", "PRIMARY KEY (slot=? AND spool_id=? AND job=?)"),
        ("jobs._COPIES", "PRIMARY KEY (slot=? AND spool_id=? AND job=?)"),
        ("jobs._END_COPIES", "PRIMARY KEY (slot=? AND spool_id=? AND job=?)"),
        ("jobs._STATUS", "PRIMARY KEY (slot=? AND spool_id=? AND job=? AND n=?)"),
        ("spool._COUNT", "PRIMARY KEY ((slot,spool_id,job)>(?,?,?)"),
        ("queue._COUNT", "PRIMARY KEY ((slot,spool_id,job)>(?,?,?)"),
        ("mailboxes.INBOX_ID", "mailboxes_role (account_id=? AND role=?)"),
        ("mailboxes.LINE", "SEARCH m USING PRIMARY KEY (account_id=? AND mailbox_id=?)"),
        (
            "mailboxes.HEIGHT",
            "(account_id=? AND parent_id=? AND name>?)",
        ),
        ("cabinet.CHANGED", "mailboxes_changed (account_id=? AND changed_modseq>?)"),
        ("arranging.STRUCTURE", "mailboxes_changed (account_id=?)"),
    ],
)
def test_the_way_that_was_meant(plan, name, way):
    assert way in plan(dict(statements())[name])
