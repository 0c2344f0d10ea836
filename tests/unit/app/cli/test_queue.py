"""The queue from the command line: filters, counts before acting, JSON on writes."""

from __future__ import annotations

import json

import pytest

from commands import Run, Served
from offices import NOW
from postroom.message.ids import IdKind, id_text
from queued import SECOND, job, letter, put

ONE, TWO = id_text(IdKind.JOURNEY, 1), id_text(IdKind.JOURNEY, 2)


@pytest.fixture(autouse=True)
def queued(served: Served) -> None:
    """A message for hamburger.test, and an older one for pizza.test."""
    engine = served.office.engine
    served.do(put(engine, letter(1), job("hamburger.test", NOW + SECOND)))
    served.do(put(engine, letter(2, accepted=NOW - 9000 * SECOND), job("pizza.test", NOW + SECOND)))


def test_list_and_show(run: Run) -> None:
    first, second = run("queue list").out.splitlines()
    cells = first.split("\t")
    assert (cells[0], cells[3:6]) == (ONE, ["alice@crepes.test", "user0@hamburger.test", "waiting"])
    assert second.startswith(TWO)
    shown = run(f"queue show {TWO}").out
    assert "waiting, for pizza.test" in shown
    assert "to user0@pizza.test" in shown
    gone = run("queue show J99")
    assert (gone.code, "postroom journey J99" in gone.err) == (1, True)


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ("--domain pizza.test", [TWO]),
        ("--older 2h", [TWO]),
        (f"--id {ONE}", [ONE]),
        (ONE, [ONE]),
        (f"{TWO} --domain hamburger.test", []),
        ("--sender alice@crepes.test --recipient user0@hamburger.test", [ONE]),
        ("--sender <>", []),
    ],
)
def test_filters(run: Run, filters: str, ids: list[str]) -> None:
    ran = run(f"queue list --json {filters}")
    assert [one["id"] for one in ran.records] == ids
    assert ("no message matches" in ran.err) is (not ids)


def test_acting_says_how_many_and_asks(run: Run) -> None:
    assert run("queue hold --dry-run").out == "would hold 2 messages\n"
    assert run("queue hold --dry-run --json").records == [{"count": 2, "dry_run": True}]
    refused = run("queue hold --domain pizza.test")
    assert refused.code == 1
    assert refused.err == "error: not done (Hold 1 message?); to do it without being asked, say --yes\n"
    assert "(Drop 2 messages?)" in run("queue drop --all").err
    assert run("queue hold --domain pizza.test --yes").out == "hold: 1 of 1 message\n"
    assert run("queue release --yes --json").records == [
        {"id": ONE, "done": "released", "jobs": 0},
        {"id": TWO, "done": "released", "jobs": 1},
    ]
    assert run("queue retry --yes").out == "retry: 2 of 2 messages\n"


def test_a_message_that_is_named_is_acted_on_at_once(run: Run) -> None:
    assert run(f"queue hold --id {ONE}").out == "hold: 1 of 1 message\n"
    assert run(f"queue release --id {ONE}").out == "release: 1 of 1 message\n"
    assert run(f"queue retry --id {ONE}").out == "retry: 1 of 1 message\n"
    for filtered in (f"retry --id {ONE} --domain hamburger.test", f"drop --id {ONE}", f"fail --id {ONE}"):
        assert run(f"queue {filtered}").code == 1


def test_an_id_may_stand_alone_as_with_show(run: Run) -> None:
    assert run(f"queue hold {ONE}").out == "hold: 1 of 1 message\n"
    assert "(Drop 1 message?)" in run(f"queue drop {ONE}").err
    assert run(f"queue drop {ONE} --yes").out == "drop: 1 of 1 message\n"
    two = run(f"queue hold {TWO} --id {ONE}")
    assert (two.code, ONE in two.err, TWO in two.err) == (2, True, True)


def test_the_whole_queue_may_be_named_for_every_act(run: Run) -> None:
    for verb in ("hold", "release", "retry", "fail", "drop"):
        assert run(f"queue {verb} --all --dry-run").out == f"would {verb} 2 messages\n"


def test_whoever_destroys_says_what(run: Run, served: Served) -> None:
    for verb in ("drop", "fail"):
        ran = run(f"queue {verb} --yes")
        assert (ran.code, "--all" in ran.err) == (2, True)
    assert run("queue", "fail", "--id", ONE, "--reason", "Not today", "--yes").code == 0
    assert served.office.settled[0][1].results[0].reply == ("Not today",)
    assert run("queue drop --all --yes").out == "drop: 1 of 1 message\n"
    assert "the queue is empty" in run("queue list").err


def test_an_empty_queue_has_been_tried(run: Run) -> None:
    assert run("queue drop --all --yes").code == 0
    ran = run("queue retry --yes")
    assert (ran.code, ran.out, ran.err) == (0, "", "the queue is empty\n")


def test_nothing_matches_is_a_failure_of_an_act(run: Run) -> None:
    ran = run("queue hold --domain x.test --yes --json")
    assert (ran.code, json.loads(ran.err)) == (1, {"error": "no message in the queue matches"})
