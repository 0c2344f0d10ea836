"""The tree of a search, and what is made of it before anybody looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.query.query import (
    EVERYTHING,
    MAX_WORDS,
    NOTHING,
    And,
    Field,
    Flagged,
    Fuzzy,
    Holds,
    Not,
    Or,
    Says,
    cost,
    leaves,
    ordered,
    roughly,
)

SEEN, DRAFT = Flagged(1), Flagged(16)
WORDS = Holds("x", header=False)


@pytest.mark.parametrize(
    ("tree", "simple"),
    [
        (EVERYTHING, EVERYTHING),
        (And(()), EVERYTHING),
        (And((EVERYTHING, SEEN)), SEEN),
        (And((SEEN, And((DRAFT, SEEN)))), And((SEEN, DRAFT))),
        (And((WORDS, SEEN)), And((SEEN, WORDS))),
        (And((SEEN, NOTHING)), NOTHING),
        (Or((WORDS, SEEN)), Or((SEEN, WORDS))),
        (Or((SEEN, Or((DRAFT,)))), Or((SEEN, DRAFT))),
        (Or((SEEN, EVERYTHING)), EVERYTHING),
        (Or(()), NOTHING),
        (Not(Not(SEEN)), SEEN),
        (Not(EVERYTHING), NOTHING),
        (Not(NOTHING), EVERYTHING),
        (Fuzzy(SEEN), SEEN),
    ],
)
def test_a_tree_is_put_in_order(tree, simple):
    assert ordered(tree) == simple


def holds(key, facts):
    """Whether a message with these flags matches, taken literally."""
    match key:
        case And(keys=keys):
            return all(holds(one, facts) for one in keys)
        case Or(keys=keys):
            return any(holds(one, facts) for one in keys)
        case Not(key=inner) | Fuzzy(key=inner) as outer:
            return holds(inner, facts) != isinstance(outer, Not)
        case Flagged(flag=flag):
            return bool(facts & flag)
        case _:
            return True


TREES = st.recursive(
    st.one_of(st.just(EVERYTHING), st.builds(Flagged, st.sampled_from([1, 2, 4]))),
    lambda inner: st.one_of(
        st.builds(lambda keys: And(tuple(keys)), st.lists(inner, max_size=3)),
        st.builds(lambda keys: Or(tuple(keys)), st.lists(inner, max_size=3)),
        st.builds(Not, inner),
        st.builds(Fuzzy, inner),
    ),
    max_leaves=10,
)


@given(TREES, st.integers(0, 7))
def test_what_is_in_order_means_the_same(tree, facts):
    assert holds(ordered(tree), facts) == holds(tree, facts)


def test_costs_and_leaves():
    assert cost(SEEN) < cost(Says(Field.TO, "x")) < cost(WORDS) == cost(And((SEEN, Not(WORDS))))
    assert set(leaves(And((SEEN, Or((Not(DRAFT), Fuzzy(WORDS))))))) == {SEEN, DRAFT, WORDS}


def test_a_fuzzy_needle_is_its_words():
    assert roughly(Says(Field.TO, "a b")) == And((Says(Field.TO, "a"), Says(Field.TO, "b")))
    assert roughly(Not(Says(Field.TO, "a b"))) == Not(Says(Field.TO, "a b"))
    assert roughly(Or((WORDS, SEEN))) == Or((WORDS, SEEN))
    most = roughly(Holds(" ".join(map(str, range(MAX_WORDS))), header=True))
    more = roughly(Holds(" ".join(map(str, range(MAX_WORDS + 1))), header=True))
    assert most == more
    assert isinstance(most, And)
    assert len(most.keys) == MAX_WORDS
