"""How many sessions an account may have."""

from imap_stage import ALICE, BOB, ImapStage
from postroom.serve.presence import MOST_SESSIONS, Presence


def test_up_to_the_limit() -> None:
    presence = Presence()
    assert all(presence.enter(1) for _ in range(MOST_SESSIONS))
    assert not presence.enter(1)
    assert presence.enter(2)
    presence.leave(1)
    assert presence.enter(1)
    assert not presence.enter(1)


def test_without_a_limit() -> None:
    presence = Presence(0)
    assert all(presence.enter(1) for _ in range(10 * MOST_SESSIONS))


async def test_one_too_many_is_told_so(stage: ImapStage) -> None:
    """I11. A session that logs out, or breaks off, makes room."""
    presence = Presence(2)
    first, second = await stage.user(presence=presence), await stage.user(presence=presence)
    third = stage.session(presence=presence)
    third.heard()
    assert (await third.say(f"a LOGIN {BOB} hungry"))[-1].startswith("a NO [LIMIT] ")
    third.session.closed("closed by the peer")  # who was not let in is not counted
    await stage.user(ALICE, presence=presence)
    await first.ok("UNAUTHENTICATE")
    fourth = await stage.user(presence=presence)
    assert (await first.say(f"a LOGIN {BOB} hungry"))[-1].startswith("a NO [LIMIT] ")
    second.session.closed("connection lost")
    await first.ok(f"LOGIN {BOB} hungry")
    fourth.session.closed("done")
    first.session.closed("done")
    assert not presence.__dict__["_open"].get(stage.logins.people[BOB])
