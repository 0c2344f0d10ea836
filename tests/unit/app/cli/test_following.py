"""In a lab a journey is followed from server to server."""

from __future__ import annotations

import pytest

import queued
from commands import Run, Served
from offices import NOW
from postroom.message.ids import IdKind, id_text
from postroom.message.journey.events import Hop, HopKind, Outcome
from postroom.store import journal

FIRST, SECOND = id_text(IdKind.JOURNEY, 3), id_text(IdKind.JOURNEY, 4)


def relayed(to: str, after: int) -> Hop:
    text = f"250 2.0.0 Ok: queued as {to}"
    return Hop(
        HopKind.RELAY, NOW + after, [Outcome(0, 0, "bob@hamburger.test", "relayed", "2.0.0", text, "mx")]
    )


@pytest.mark.parametrize("next_id", [FIRST, "J99"])  # round in a circle, and out of sight
def test_both_ends_in_their_order(run: Run, lab: dict[str, Served], next_id: str) -> None:
    hops = {"crepes.test": (3, relayed(SECOND, 0)), "hamburger.test": (4, relayed(next_id, 5))}
    for name, (number, hop) in hops.items():
        engine = lab[name].office.engine
        lab[name].do(engine.write(lambda tx, number=number, hop=hop: journal.append(tx, number, number, hop)))
    for line in ("journey --last --json", f"journey {FIRST} --json"):
        ran = run(line)
        assert ran.code == 0
        assert [(one["server"], one["id"]) for one in ran.records] == [
            ("crepes.test", FIRST),
            ("hamburger.test", SECOND),
        ]


def test_the_last_is_the_newest_of_all_servers(run: Run, lab: dict[str, Served]) -> None:
    for number, name in ((3, "hamburger.test"), (4, "crepes.test")):
        engine, hop = lab[name].office.engine, Hop(HopKind.RECEIVED, NOW + number)
        lab[name].do(engine.write(lambda tx, number=number, hop=hop: journal.append(tx, number, number, hop)))
    assert [record["id"] for record in run("journey --last --json").records] == [id_text(IdKind.JOURNEY, 4)]


def test_a_check_of_all_servers(run: Run, lab: dict[str, Served]) -> None:
    ran = run("check")
    assert (ran.code, ran.out) == (0, "the store is whole\n")
    assert run("check --at crepes.test").code == 0


def test_a_message_that_waits_is_found_by_its_id(run: Run, lab: dict[str, Served]) -> None:
    served = lab["crepes.test"]
    served.do(
        queued.put(served.office.engine, queued.letter(1), queued.job("pizza.test", NOW + queued.SECOND))
    )
    assert run(f"queue hold --id {id_text(IdKind.JOURNEY, 1)}").out == "hold: 1 of 1 message\n"
    assert "not tried yet" in run(f"queue show {id_text(IdKind.JOURNEY, 1)}").out


def test_the_last_ones_of_all_servers(run: Run, lab: dict[str, Served]) -> None:
    for number, name in ((3, "hamburger.test"), (4, "crepes.test"), (5, "hamburger.test")):
        engine, hop = lab[name].office.engine, Hop(HopKind.RECEIVED, NOW + number)
        lab[name].do(engine.write(lambda tx, number=number, hop=hop: journal.append(tx, number, number, hop)))
    ids = [record["id"] for record in run("journey --list 2 --json").records]
    assert ids == [id_text(IdKind.JOURNEY, 5), id_text(IdKind.JOURNEY, 4)]
