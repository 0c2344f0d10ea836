from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mailauth.dkim.private_key import Algorithm
from postroom.mailauth.dkim.rotation import (
    Action,
    Phase,
    RotationTerms,
    Selector,
    Step,
    due,
    taken,
)
from postroom.mailauth.dkim.signing import LIFE_SECONDS

TERMS = RotationTerms(algorithms=(Algorithm.RSA,), life=1000, wait=10, overlap=100, keep=50)
RSA, ED = Algorithm.RSA, Algorithm.ED25519


def run(selectors: list[Selector], now: int, seen: set[str], terms: RotationTerms = TERMS) -> list[Selector]:
    for step in due(selectors, now, seen, terms):
        selectors = taken(selectors, step, now)
    return selectors


def signing(selectors: list[Selector]) -> list[Selector]:
    return [one for one in selectors if one.phase is Phase.SIGNING]


def phases(selectors: list[Selector]) -> dict[str, str]:
    return {one.name: one.phase.value for one in selectors}


def test_the_whole_life_of_a_key() -> None:
    now = 86_400 * 5
    story = []
    selectors: list[Selector] = []
    for after in (0, 9, 10, 999, 1009, 1010, 1019, 1020, 1119, 1120, 1169, 1170):
        seen = {one.name for one in selectors}
        selectors = run(selectors, now + after, seen)
        story.append((after, phases(selectors)))
    assert story == [
        (0, {"rsa-5": "published"}),
        (9, {"rsa-5": "published"}),
        (10, {"rsa-5": "signing"}),
        (999, {"rsa-5": "signing"}),
        (1009, {"rsa-5": "signing"}),
        (1010, {"rsa-5": "signing", "rsa-5-2": "published"}),
        (1019, {"rsa-5": "signing", "rsa-5-2": "published"}),
        (1020, {"rsa-5": "retiring", "rsa-5-2": "signing"}),
        (1119, {"rsa-5": "retiring", "rsa-5-2": "signing"}),
        (1120, {"rsa-5": "revoked", "rsa-5-2": "signing"}),
        (1169, {"rsa-5": "revoked", "rsa-5-2": "signing"}),
        (1170, {"rsa-5-2": "signing"}),
    ]


def test_a_key_that_is_not_in_the_dns_does_not_sign() -> None:
    selectors = [Selector("old", RSA, Phase.SIGNING, 0), Selector("new", RSA, Phase.PUBLISHED, 1000)]
    assert due(selectors, 5000, (), TERMS) == []
    assert due(selectors, 5000, {"old"}, TERMS) == []
    assert due(selectors, 5000, {"new"}, TERMS) == [Step(Action.SWITCH, "new", RSA)]
    assert due(selectors, 1009, {"new"}, TERMS) == []


def test_algorithms_have_lives_of_their_own() -> None:
    terms = RotationTerms(life=1000, wait=10, overlap=100, keep=50)
    selectors = [Selector("r", RSA, Phase.SIGNING, 0), Selector("e", ED, Phase.SIGNING, 500)]
    assert [step.algorithm for step in due(selectors, 1200, (), terms)] == [RSA]
    selectors = run(selectors, 1200, set(), terms)
    selectors = run(selectors, 1300, {"rsa-0"}, terms)
    assert {one.name for one in signing(selectors)} == {"rsa-0", "e"}


def test_a_first_key_is_published_for_each_algorithm() -> None:
    assert due([], 0, (), RotationTerms()) == [
        Step(Action.PUBLISH, "rsa-0", RSA),
        Step(Action.PUBLISH, "ed25519-0", ED),
    ]


def test_the_newest_of_those_that_wait_signs() -> None:
    selectors = [Selector("a", RSA, Phase.PUBLISHED, 0), Selector("b", RSA, Phase.PUBLISHED, 5)]
    after = run(selectors, 20, {"a", "b"})
    assert phases(after) == {"a": "retiring", "b": "signing"}
    assert due(after, 30, {"a", "b"}, TERMS) == []


def test_one_that_waits_signs_after_an_older_one() -> None:
    selectors = [Selector("a", RSA, Phase.PUBLISHED, 0), Selector("b", RSA, Phase.PUBLISHED, 5)]
    after = run(selectors, 20, {"a"})
    assert phases(after) == {"a": "signing", "b": "published"}
    assert phases(run(after, 21, {"a", "b"})) == {"a": "retiring", "b": "signing"}


@pytest.mark.parametrize(
    ("action", "phase"),
    [
        (Action.SWITCH, Phase.SIGNING),
        (Action.SWITCH, Phase.REVOKED),
        (Action.REVOKE, Phase.SIGNING),
        (Action.REVOKE, Phase.PUBLISHED),
        (Action.REMOVE, Phase.RETIRING),
    ],
)
def test_steps_that_the_phase_does_not_allow(action: Action, phase: Phase) -> None:
    with pytest.raises(ValueError, match="needs a selector a"):
        taken([Selector("a", RSA, phase, 0)], Step(action, "a", RSA), 1)


def test_a_name_is_used_once() -> None:
    with pytest.raises(ValueError, match="already"):
        taken([Selector("a", RSA, Phase.REVOKED, 0)], Step(Action.PUBLISH, "a", RSA), 1)


def test_a_signature_is_dead_before_its_key_is_revoked() -> None:
    assert RotationTerms().overlap > LIFE_SECONDS


@given(st.lists(st.tuples(st.integers(-50, 400), st.booleans()), max_size=60))
def test_whatever_the_clock_does_one_key_of_each_algorithm_signs(moves: list[tuple[int, bool]]) -> None:
    now, selectors, signed = 1_000_000, list[Selector](), False
    for move, visible in moves:
        now += move
        before = {one.name for one in signing(selectors)}
        seen = {one.name for one in selectors} if visible else set()
        selectors = run(selectors, now, seen)
        here = signing(selectors)
        assert len(here) <= 1
        assert not signed or here
        signed = bool(here)
        kept = {one.name for one in selectors if one.phase in (Phase.SIGNING, Phase.RETIRING)}
        assert before <= kept
        assert len({one.name for one in selectors}) == len(selectors)
