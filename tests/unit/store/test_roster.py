"""What a roster counts while emails come, change and go is what it would count anew; both engines' rosters are in test_views_agree."""

import random

from postroom.store.roster import Counts, Entry, Roster


def entry(email_id: int, chance: random.Random) -> Entry:
    boxes = tuple(sorted(chance.sample([1, 2, 3], chance.randrange(1, 4))))
    words = chance.choice([(), ("$seen",), ("$draft",), ("$flagged",)])
    return Entry(chance.randrange(50), email_id, email_id % 5, 100, boxes, words)


def test_counts_follow_changes() -> None:
    chance = random.Random(1)
    roster = Roster(1)
    roster.fill(entry(number, chance) for number in range(20))
    for step in range(400):
        for _ in range(chance.randrange(4)):
            number = chance.randrange(30)
            if chance.random() < 0.3:
                roster.drop(number)
            else:
                roster.put(entry(number, chance))
        trash = 3 if step < 300 else None
        anew = Roster(1)
        anew.fill(roster.by_id.values())
        assert roster.counts(trash) == anew.counts(trash)


def test_an_empty_mailbox_has_no_counts() -> None:
    roster = Roster(1)
    roster.fill([Entry(1, 1, 1, 100, (7,), ())])
    assert roster.counts(None) == {7: Counts(1, 1, 1, 1)}
    roster.drop(1)
    assert roster.counts(None) == {}
