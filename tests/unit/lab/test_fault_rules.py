"""Faults that are switched on."""

from __future__ import annotations

from typing import Any

import pytest

from postroom.lab.fault_rules import BadFault, FaultRule, FaultRules


def test_the_next_that_match() -> None:
    rules = FaultRules()
    rule = rules.add(FaultRule("rcpt", reply="451", times=2, sender="*@a.test", recipient="bob@*"))
    assert rules.turn("mail", "x@a.test", ()) is None
    assert rules.turn("rcpt", "x@b.test", ["bob@l.test"]) is None
    assert rules.turn("rcpt", "x@a.test", ["alice@l.test"]) is None
    assert [rules.turn("rcpt", "X@A.test", ["Bob@l.test"]) for _ in range(3)] == [rule, rule, None]
    assert (rule.hits, rule.spent, str(rule)) == (2, True, "rcpt: 451, 2 times")


def test_the_fault_of_one_server() -> None:
    rules = FaultRules()
    rule = rules.add(FaultRule("mail", drop=True, domain="a.test"))
    assert rules.turn("mail", "", (), "b.test") is None
    assert rules.turn("mail", "", (), "a.test") is rule


def test_the_first_that_matches_has_its_turn() -> None:
    rules = FaultRules()
    first = rules.add(FaultRule("mail", drop=True, times=1))
    second = rules.add(FaultRule("mail", delay=1.5))
    assert [rules.turn("mail", "", ()) for _ in range(3)] == [first, second, second]
    rules.remove(second)
    rules.remove(second)
    assert rules.turn("mail", "", ()) is None
    assert list(rules) == [first]
    rules.clear()
    assert list(rules) == []


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ("451 4.3.0 Come back later", (451, "4.3.0", "Come back later")),
        ("550 5.1.1", (550, "5.1.1", "As asked for by a fault of the lab")),
        ("452", (452, "4.0.0", "As asked for by a fault of the lab")),
        ("552 Too much", (552, "5.0.0", "Too much")),
    ],
)
def test_replies(reply: str, told: tuple[int, str, str]) -> None:
    refusal = FaultRule("data", reply=reply).refusal()
    assert refusal is not None
    assert (refusal.code, str(refusal.status), refusal.public) == told


@pytest.mark.parametrize(
    "terms",
    [
        {"at": "banner", "reply": "451"},
        {"at": "rcpt"},
        {"at": "rcpt", "reply": "250 Fine"},
        {"at": "rcpt", "reply": "451 5.3.0 Mixed"},
        {"at": "rcpt", "reply": "45"},
        {"at": "rcpt", "reply": "451 a\r\n250 b"},
        {"at": "rcpt", "delay": -1.0},
        {"at": "rcpt", "drop": True, "times": -1},
    ],
)
def test_faults_that_cannot_be(terms: dict[str, Any]) -> None:
    with pytest.raises(BadFault):
        FaultRule(**terms)
