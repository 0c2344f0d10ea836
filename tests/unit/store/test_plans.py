"""The embedded engine's planner takes the ways that were meant: a statement that walks a mailbox to find a row is a bug."""

import re
from importlib import import_module
from pkgutil import walk_packages

import apsw
import pytest

from postroom import store
from postroom.store.engine.dialect import sqlite_dialect
from postroom.store.engine.group_commit import drive
from postroom.store.engine.migrations import create_schema
from postroom.store.engine.sqlite import SqliteTransaction

WHOLE_TABLE = {
    "directory.lookup._BY_LOCAL",  # the domains
    "directory.lookup._RULES",
    "blobs.blobs.UNREFERENCED",  # only rows that are in the partial index
    "pruning.REMOVED",
    # few rows
    "certificates.acme_challenges._PRUNE",
    "certificates.acme_challenges._STANDING",
    "certificates.certificates._LISTING",
    "certificates.certificates._DUE",
    "login.device_requests._COUNT",
    "login.device_requests._OLD",
    "administration.domains._NEEDED",
    "spool.hops._PRUNE",
    "engine.leases._FREE_NODE",
    "emails.unfinished.OLD",
    # the first rows, whichever they are
    "identity.credentials._ANY",
    "identity.tokens._ANY",
    "directory.lookup._OLDEST_OF_ALL",
    "peers.greylist._OLDEST",
    # counted now and then, read only
    "search.indexer._WAITING",
    "peers.greylist._COUNT",
    "peers.received_reports.TOO_MANY",
    "spool.jobs._FORSAKEN",
    "fsck.emails.RECORDED",
    "fsck.emails._EMAILS",
    "fsck.emails._BLOBS",
    "fsck.emails._REFERRING",
    "fsck.emails.SPOOLED",
    "fsck.emails.COUNT_REFS",
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
NOT_AT_WORK = {"restored", "engine.database_copy"}  # on a store that nobody uses
OTHER_TABLES = {"engine.migrations", "search.sqlite", "search.postgres", "notify"}
MODULES = (
    {one.name.removeprefix("postroom.store.") for one in walk_packages(store.__path__, "postroom.store.")}
    - NOT_AT_WORK
    - OTHER_TABLES
)


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
        ("mailboxes.messages.LISTING", "PRIMARY KEY (account_id=? AND mailbox_id=? AND uid>?)"),
        ("mailboxes.messages.DIGESTS", "PRIMARY KEY (account_id=? AND mailbox_id=? AND uid>?)"),
        ("emails.fetching.CHANGED", "messages_modseq (account_id=? AND modseq>?)"),
        ("emails.fetching.ANY_GONE", "PRIMARY KEY (account_id=? AND modseq>?)"),
        ("mailboxes.messages.COPIES", "messages_thread (account_id=? AND thread_id=?)"),
        ("directory.lookup._BY_NAME", "profiles_name (<expr>=?)"),
        ("directory.lookup._BY_LOCAL", "PRIMARY KEY (address=?)"),
        ("emails.flagging.CHANGE", "PRIMARY KEY (account_id=? AND mailbox_id=? AND uid>? AND uid<?)"),
        ("fsck.emails._EMAILS", "messages_thread (account_id=? AND thread_id=?)"),
        ("fsck.emails.COPIES", "messages_thread (account_id=? AND thread_id=?)"),
        ("peers.greylist._NEVER_AGAIN", "greylist_tried (last<?)"),
        ("peers.sts_policies._PRUNE", "sts_policies_expires (expires<?)"),
        ("emails.emails.DELIVERED", "messages_modseq (account_id=? AND modseq>?)"),
        ("records.push_subscriptions.ALL", "records_push ((account_id,record_id)>(?,?))"),
        ("records.records.CHANGES", "records_modseq (account_id=? AND kind=? AND (modseq,record_id)>(?,?))"),
        # a message for a list has a job for each of its next hops: to read one job's copies is not to read all copies
        ("spool.spool._COPIES", "PRIMARY KEY (slot=? AND spool_id=? AND job=?)"),
        ("spool.jobs._COPIES", "PRIMARY KEY (slot=? AND spool_id=? AND job=?)"),
        ("spool.jobs._END_COPIES", "PRIMARY KEY (slot=? AND spool_id=? AND job=?)"),
        ("spool.jobs._STATUS", "PRIMARY KEY (slot=? AND spool_id=? AND job=? AND n=?)"),
        ("spool.spool._COUNT", "PRIMARY KEY ((slot,spool_id,job)>(?,?,?)"),
        ("spool.queue._COUNT", "PRIMARY KEY ((slot,spool_id,job)>(?,?,?)"),
        ("mailboxes.mailboxes.INBOX_ID", "mailboxes_role (account_id=? AND role=?)"),
        ("mailboxes.mailboxes.LINE", "SEARCH m USING PRIMARY KEY (account_id=? AND mailbox_id=?)"),
        (
            "mailboxes.mailboxes.HEIGHT",
            "(account_id=? AND parent_id=? AND name>?)",
        ),
        ("mailboxes.cabinet.CHANGED", "mailboxes_changed (account_id=? AND changed_modseq>?)"),
        ("mailboxes.arranging.STRUCTURE", "mailboxes_changed (account_id=?)"),
    ],
)
def test_the_way_that_was_meant(plan, name, way):
    assert way in plan(dict(statements())[name])
