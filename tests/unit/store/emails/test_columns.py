"""What is remembered of emails' summaries, and what is not."""

from types import SimpleNamespace

from postroom.message.summary.summary import summarize
from postroom.store.emails import emails
from postroom.store.emails.columns import LONG, Column, EmailColumns
from postroom.store.mailboxes.messages import Email


async def test_long_values_are_given_and_not_kept(monkeypatch):
    """A sender who writes a subject of a megabyte does not fill the memory with it."""
    letters = {1: b"short", 2: b"x" * LONG, 3: b"x" * (LONG + 1)}
    read = []

    async def contents(_tx, account_id, email_ids):
        read.extend(email_ids)
        raws = {one: b"Subject: " + letters[one] + b"\r\n\r\n" for one in email_ids}
        return {one: Email(one, one, one, len(raw), summarize(raw).pack()) for one, raw in raws.items()}

    monkeypatch.setattr(emails, "contents", contents)
    store = SimpleNamespace(engine=SimpleNamespace(reading=lambda: None))
    columns = EmailColumns()
    for _ in range(2):
        found = await columns.values(store, 7, Column.SUBJECT, [1, 2, 3])
        assert {one: len(found[one]) for one in found} == {1: 5, 2: LONG, 3: LONG + 1}
    assert read == [1, 2, 3, 3]
    assert 3 not in columns._kept[7, Column.SUBJECT]
