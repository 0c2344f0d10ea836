from postroom.app.announcements import ADMINISTRATION, CERTIFICATES, Announcements
from postroom.store.changes import PROCESSES, Announced, Changes


def heard_by(changes):
    heard = []
    topics = {
        topic: lambda *words, topic=topic: heard.append((topic, *words))
        for topic in (ADMINISTRATION, CERTIFICATES)
    }
    return heard, Announcements(changes, topics, lambda: heard.append("missed"))


def announced(topic, *words):
    return Announced(PROCESSES, 0, topic, words)


def test_each_topic_has_its_own_ears_and_unknown_ones_none():
    changes = Changes()
    heard, _ = heard_by(changes)
    changes.deliver(
        [announced(CERTIFICATES), announced("of a later version", "x"), announced(ADMINISTRATION, "a", "b")]
    )
    assert heard == [(CERTIFICATES,), (ADMINISTRATION, "a", "b")]


def test_when_hints_may_be_lost_everything_is_looked_at():
    changes = Changes()
    heard, announcements = heard_by(changes)
    changes.missed()
    assert heard == ["missed"]
    announcements.close()
    changes.missed()
    assert heard == ["missed"]


def test_an_announcement_goes_to_the_others_alone():
    changes, relayed = Changes(), []
    heard, _ = heard_by(changes)
    changes.announce(CERTIFICATES)
    changes.relay_to(relayed.extend)
    changes.announce(CERTIFICATES, "a")
    assert heard == []
    assert relayed == [announced(CERTIFICATES, "a")]
