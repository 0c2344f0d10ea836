"""Dropped mail is accepted, tried again, reported, or kept; no file stands in another's way."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from offices import TestOffice
from postroom.app.dropped import take_dropped
from postroom.app.locate import Places, make_places
from postroom.app.maildrop import drop
from postroom.app.operations.office import Submission
from postroom.message.errors import NoSuchUser, TryLater
from postroom.store.administration import domains
from postroom.store.directory.lookup import Domain

TEXT = b"Subject: x\r\n\r\nhello\r\n"


class Notes:
    """A log."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, event: str, **_: Any) -> None:
        self.lines.append(event)

    warning = info


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[TestOffice]:
    office = await TestOffice.open(tmp_path / "db")
    yield office
    await office.store.close()


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(tmp_path / "data")
    make_places(places)
    return places


def waiting(places: Places) -> int:
    return len(list(places.drop.iterdir()))


def kept(places: Places) -> int:
    """Files that were put aside, each with the reason beside it."""
    found = {path.name for path in places.rejected.iterdir()} if places.rejected.exists() else set()
    files = {name for name in found if not name.endswith(".why")}
    assert found == files | {f"{name}.why" for name in files}
    return len(files)


async def take(office: TestOffice, places: Places) -> tuple[int, list[str]]:
    notes = Notes()
    return await take_dropped(office, places, notes), notes.lines


async def test_it_is_accepted_under_its_owners_name(office: TestOffice, places: Places) -> None:
    drop(places.drop, {"recipients": ["bob@crepes.test"], "sender": "x@y.test"}, TEXT)
    assert await take(office, places) == (1, ["drop.accepted"])
    (taken,) = office.submitted
    assert (taken.user, str(taken.sender), taken.content) == (getpass.getuser(), "x@y.test", TEXT)
    assert waiting(places) == 0


async def test_what_cannot_be_taken_now_waits(office: TestOffice, places: Places) -> None:
    drop(places.drop, {"recipients": ["bob@crepes.test"]}, TEXT)
    office.refuses = TryLater()
    assert await take(office, places) == (0, [])
    assert waiting(places) == 1


async def test_a_store_that_is_away_loses_no_mail(
    office: TestOffice, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> list[Domain]:
        raise TryLater

    drop(places.drop, {"recipients": ["bob"]}, TEXT)
    with monkeypatch.context() as broken:
        broken.setattr(domains, "listing", away)
        assert await take(office, places) == (0, [])
    assert (waiting(places), kept(places)) == (1, 0)
    assert await take(office, places) == (1, ["drop.accepted"])


async def test_a_report_that_cannot_be_written_now_is_written_later(
    office: TestOffice, places: Places
) -> None:
    refusing = Refusing(office.store)
    refusing.away = True
    drop(places.drop, {"recipients": ["bob@crepes.test"], "sender": "x@y.test"}, TEXT)
    assert await take(refusing, places) == (0, [])
    assert (waiting(places), kept(places)) == (1, 0)
    refusing.away = False
    assert await take(refusing, places) == (1, ["drop.refused"])


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"recipients": 3},
        {"recipients": ["bob"], "notify": "x"},
        {"recipients": ["a b"]},
        {"recipients": []},
        {"recipients": ["bob"], "sender": "a b"},
        {"recipients": ["bob"], "ret": "body"},
    ],
)
async def test_nonsense_is_kept_and_the_next_one_is_taken(
    office: TestOffice, places: Places, facts: dict[str, Any]
) -> None:
    drop(places.drop, facts, TEXT)
    drop(places.drop, {"recipients": ["bob@crepes.test"]}, TEXT)
    done, lines = await take(office, places)
    assert (done, sorted(lines), len(office.submitted)) == (2, ["drop.accepted", "drop.kept"], 1)
    assert (waiting(places), kept(places)) == (0, 1)


class Refusing(TestOffice):
    """Refuses what has a sender; `deaf`: reports too, `away`: those for now."""

    deaf = away = False

    async def submit(self, submission: Submission) -> int:
        if submission.sender is not None or self.deaf:
            raise NoSuchUser("No such user here: bob")
        if self.away:
            raise TryLater
        return await super().submit(submission)


@pytest.mark.parametrize(
    ("deaf", "sender", "event"),
    [(False, "", "drop.refused"), (True, "", "drop.kept"), (True, "<>", "drop.kept")],
)
async def test_a_refusal_is_reported_or_kept(
    office: TestOffice, places: Places, deaf: bool, sender: str, event: str
) -> None:
    refusing = Refusing(office.store)
    refusing.deaf = deaf
    drop(places.drop, {"recipients": ["bob@crepes.test"], "sender": sender}, TEXT)
    assert await take(refusing, places) == (1, [event])
    assert (waiting(places), kept(places)) == (0, int(deaf))
    if not deaf:
        (report,) = refusing.submitted
        assert report.sender is None
        assert b"No such user here: bob" in report.content
        assert b"multipart/report" in report.content
