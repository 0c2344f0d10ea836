"""The mixture of a crowd, how plans travel, and percentiles."""

from random import Random

import msgspec
import pytest
from bench.imap_plans import MIX, AnyPlan, Bulk, Crowd, Told, chosen, percentile


def test_weights_are_hundredths():
    assert sum(one.weight for one in MIX) == 100


def test_the_same_dice_ask_the_same():
    def asked(seed: int) -> list[str]:
        dice = Random(seed)
        return [one.words(dice, 300) for one in chosen(dice, 200)]

    assert asked(1) == asked(1)
    assert asked(1) != asked(2)


@pytest.mark.parametrize("count", [1, 19, 20, 21, 300])
def test_a_list_stays_within_the_mailbox(count: int):
    dice = Random(1)
    (listed,) = [one for one in MIX if one.name == "FETCH list"]
    for _ in range(100):
        first, _, last = listed.words(dice, count).split(" ")[1].partition(":")
        assert 1 <= int(first) <= int(last) <= count


@pytest.mark.parametrize(
    "plan",
    [
        Crowd(port=1, names=["a"], clients=2, sessions=3, operations=4),
        Bulk(port=1, names=["a"], command="NOOP", certificate="there"),
    ],
)
def test_plans_travel(plan: AnyPlan):
    assert msgspec.json.decode(msgspec.json.encode(plan), type=AnyPlan) == plan


def test_all_answers():
    assert sorted(Told(took={"NOOP": [1.0, 2.0], "FETCH": [3.0]}).all()) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(("share", "value"), [(0.01, 1), (0.5, 50), (0.99, 99), (0.991, 100), (1, 100)])
def test_percentiles(share: float, value: float):
    assert percentile([float(one) for one in range(100, 0, -1)], share) == value


def test_one_value_is_every_percentile():
    assert [percentile([7.0], share) for share in (0.01, 0.5, 1)] == [7.0, 7.0, 7.0]
