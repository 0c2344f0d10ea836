"""Journeys as a timeline for people, and as JSON."""

from __future__ import annotations

import pytest

from commands import Run, Served
from offices import NOW
from postroom.message.ids import IdKind, id_text
from postroom.message.journey.events import Accepted, Connected, Hop, HopKind, Said
from postroom.message.journey.timeline import iso_time
from postroom.store import journal

HOSTILE = "x\x1b[31m"
HOP = Hop(
    HopKind.RECEIVED,
    NOW,
    [
        Connected(0, "ESMTP", "127.0.0.1", "127.0.0.1", "crepes.test"),
        Said(3, [b"<MAIL FROM:<a\x1b[2J@crepes.test>", b">250 2.1.0 Sender ok"]),
        Accepted(5, HOSTILE, ["bob@hamburger.test"], 12),
    ],
)


@pytest.fixture(autouse=True)
def told(served: Served) -> None:
    office = served.office
    for number in (3, 4):
        served.do(office.engine.write(lambda tx, number=number: journal.append(tx, number, number, HOP)))


def test_the_timeline(run: Run) -> None:
    lines = run("journey --last").out.splitlines()
    assert lines[0] == f"{id_text(IdKind.JOURNEY, 4)} at mail.hamburger.test, {iso_time(NOW)[:10]} (UTC)"
    assert lines[1].endswith("  received from crepes.test [127.0.0.1] over ESMTP")
    assert lines[3].strip() == r"<- MAIL FROM:<a\x1b[2J@crepes.test>"
    assert lines[4].strip() == "-> 250 2.1.0 Sender ok"
    assert all(line.isprintable() for line in lines)


def test_each_further_day_has_its_date(run: Run, served: Served) -> None:
    """A message may wait for five of them."""
    later = [Hop(HopKind.RELAY, NOW + days * 86_400_000_000) for days in (0, 3, 3)]
    for number, hop in enumerate(later):
        served.do(
            served.office.engine.write(lambda tx, n=number, hop=hop: journal.append(tx, 4, 10 + n, hop))
        )
    dates = [line for line in run("journey --last").out.splitlines() if line.startswith("20")]
    assert dates == [iso_time(NOW + 3 * 86_400_000_000)[:10]]


def test_json(run: Run) -> None:
    (record,) = run(f"journey {id_text(IdKind.JOURNEY, 3)} --json").records
    assert (record["server"], record["id"]) == ("mail.hamburger.test", id_text(IdKind.JOURNEY, 3))
    assert [event["event"] for event in record["hops"][0]["events"]] == ["conn", "said", "accept"]


def test_the_last_ones(run: Run) -> None:
    assert [line.split("\t")[0] for line in run("journey --list 5").out.splitlines()] == [
        id_text(IdKind.JOURNEY, 4),
        id_text(IdKind.JOURNEY, 3),
    ]


@pytest.mark.parametrize("line", ["journey", "journey J3 --last"])
def test_one_journey_is_named(run: Run, line: str) -> None:
    ran = run(line)
    assert (ran.code, "--last" in ran.err) == (2, True)


def test_an_unknown_one(run: Run) -> None:
    ran = run("journey J7")
    assert (ran.code, "no journey is kept under J7" in ran.err) == (1, True)


@pytest.mark.parametrize(("is_terminal", "more", "lines"), [(True, "", 1), (True, " -v", 3), (False, "", 3)])
def test_lists_are_folded_on_a_terminal(
    run: Run, served: Served, monkeypatch: pytest.MonkeyPatch, is_terminal: bool, more: str, lines: int
) -> None:
    hop = Hop(HopKind.RECEIVED, NOW, [Said(0, [b"<EHLO x", b">250-Hello", b">250-DSN", b">250 HELP"])])
    served.do(served.office.engine.write(lambda tx: journal.append(tx, 9, 9, hop)))
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    out = run(f"journey {id_text(IdKind.JOURNEY, 9)} --no-color{more}").out
    assert out.count("-> 250") == lines
    assert ("2 extensions" in out) == (lines == 1)


@pytest.mark.parametrize("number", ["-1", "1001", "99999999999999999999"])
def test_a_listing_has_a_number_of_journeys_that_can_be(run: Run, number: str) -> None:
    done = run(f"journey --list {number}")
    assert (done.code, done.out) == (2, "")
    assert "--list" in done.err
