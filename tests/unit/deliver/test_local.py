"""Local copies out of the queue."""

import pytest

from postroom.deliver.local import LocalWorker
from postroom.message.errors import NoSpace, Overloaded, TryLater
from postroom.store.spool.jobs import own_job
from postroom.store.spool.spool import Copy, Lease, NewJob, Spooled
from sorting_office import MESSAGE, SortingOffice, at

LONG = MESSAGE + b"x" * 60 * 500 + b"\r\n"  # a file


@pytest.mark.parametrize(("error", "files"), [(NoSpace, 0), (Overloaded, 0), (TryLater, 1)])
async def test_what_was_surely_not_filed_leaves_no_file(
    office: SortingOffice, monkeypatch: pytest.MonkeyPatch, error: type[TryLater], files: int
) -> None:
    """It is tried again for days, with a new file each time; only what was perhaps committed stays."""

    async def refuses(_work: object, _urgency: object = None) -> None:
        raise error

    now = office.clock.now()
    letter = Spooled(office.ids.next(), office.ids.next(), now, at("alice@crepes.test"), len(LONG))
    copy = Copy(0, 0, at("bob@hamburger.test"), account_id=office.bob)
    job = own_job(letter, 0, NewJob("", [copy], now, now, now, Lease(1, now, now)))
    local = LocalWorker(
        office.engine, office.filing, office.clock, office.store.durable, office.store.discard
    )
    monkeypatch.setattr(office.engine, "write", refuses)
    attempt = await local.attempt(job, LONG)
    assert list(attempt.delayed) == [0]
    assert len(list(office.store.files.listing())) == files
