"""Results that are kept up to date (RFC 5267 §4.3), and a model of a client that follows them."""

import random
import re

import pytest

from imap_stage import Client, ImapStage
from postroom.serve.imap.conversation.columns import Columns
from postroom.serve.imap.searching import contexts
from postroom.store.emails import expunge


def _numbers(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition(":")
        found += range(int(first), int(last or first) + 1)
    return found


def followed(members: list[int], lines: list[str], tag: str) -> list[int]:
    """What a client makes of the updates, all with uids."""
    for line in lines:
        match = re.fullmatch(rf'\* ESEARCH \(TAG "{tag}"\) UID (ADDTO|REMOVEFROM) \((.*)\)', line)
        if not match:
            continue
        pairs = match[2].split(" ")
        for place, text in zip(pairs[::2], pairs[1::2], strict=True):
            for uid in _numbers(text) if match[1] == "REMOVEFROM" else reversed(_numbers(text)):
                if match[1] == "REMOVEFROM":
                    if place != "0":
                        assert members[int(place) - 1] == uid
                    members.remove(uid)
                elif place == "0":
                    members = sorted([*members, uid])
                else:
                    members.insert(int(place) - 1, uid)
    return members


async def _result(bob: Client, command: str) -> list[int]:
    line = (await bob.ok(command))[-1]
    return [int(word) for word in line.split()[2:]]


async def test_updates_of_a_search(stage: ImapStage) -> None:
    for _ in range(4):
        await stage.deliver()
    bob = await stage.user(select="INBOX")
    assert await bob.say("u UID SEARCH RETURN (UPDATE COUNT) UNSEEN") == [
        '* ESEARCH (TAG "u") UID COUNT 4',
        "u OK Searched",
    ]
    await stage.deliver()
    lines = await bob.ok("NOOP")
    assert lines[0] == "* 5 EXISTS"
    assert lines[-1] == '* ESEARCH (TAG "u") UID ADDTO (0 5)'
    assert '* ESEARCH (TAG "u") UID REMOVEFROM (0 2:3)' in await bob.ok("STORE 2:3 +FLAGS.SILENT (\\Seen)")
    assert '* ESEARCH (TAG "u") UID ADDTO (0 2)' in await bob.ok("STORE 2 -FLAGS (\\Seen)")
    ref = bob.session._conversation.selected.ref
    await stage.store.engine.write(lambda tx: expunge.expunge(tx, ref, [(3, 4)], stage.now))
    assert await bob.ok("NOOP") == ['* ESEARCH (TAG "u") UID REMOVEFROM (0 4)', "* 4 EXPUNGE", "* 3 EXPUNGE"]
    assert await bob.ok('CANCELUPDATE "u"') == []
    await stage.deliver()
    assert not any("ESEARCH" in line for line in await bob.ok("NOOP"))


async def test_by_numbers_and_in_order(stage: ImapStage) -> None:
    for size in (30, 10, 20):
        await stage.deliver(b"Subject: x\r\n\r\n%b\r\n" % (b"x" * size))
    bob = await stage.user(select="INBOX")
    await bob.say("u SORT RETURN (UPDATE) (SIZE) UTF-8 UNDELETED")
    await stage.deliver(b"Subject: x\r\n\r\n%b\r\n" % (b"x" * 15))
    assert (await bob.ok("NOOP"))[-1] == '* ESEARCH (TAG "u") ADDTO (2 4)'
    assert (await bob.ok("STORE 1,4 +FLAGS (\\Deleted)"))[-1] == '* ESEARCH (TAG "u") REMOVEFROM (4 1 2 4)'
    assert (await bob.ok("EXPUNGE"))[:2] == ["* 4 EXPUNGE", "* 1 EXPUNGE"]
    assert (await bob.ok("STORE 1 +FLAGS (\\Deleted)"))[-1] == '* ESEARCH (TAG "u") REMOVEFROM (1 1)'


async def test_what_has_gone_unheard_keeps_its_place(stage: ImapStage) -> None:
    """Also where its subject is not known any more when others are put in order."""
    for subject in (b"a", b"b", b"c"):
        await stage.deliver(b"Subject: %b\r\n\r\nx\r\n" % subject)
    bob, other = await stage.user(select="INBOX", columns=Columns(1)), await stage.user(select="INBOX")
    assert (await bob.say("u SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 ALL"))[
        0
    ] == '* ESEARCH (TAG "u") ALL 1:3'
    await bob.ok("SEARCH FROM alice")  # of which there is no room to remember anything beside
    await other.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    await other.ok("EXPUNGE")
    await stage.deliver(b"Subject: d\r\n\r\nx\r\n")
    assert '* ESEARCH (TAG "u") ADDTO (4 4)' in await bob.ok("FETCH 1 UID")
    assert '* ESEARCH (TAG "u") REMOVEFROM (2 2)' in await bob.ok("NOOP")


async def test_they_are_told_while_the_client_idles(stage: ImapStage) -> None:
    bob = await stage.user(select="INBOX")
    await bob.say("u UID SEARCH RETURN (UPDATE) ALL")
    await bob.say("i IDLE")
    await stage.deliver()
    assert '* ESEARCH (TAG "u") UID ADDTO (0 1)' in await bob.told("ADDTO")
    await bob.say("DONE")


async def test_limits_and_tags(stage: ImapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = await stage.user(select="INBOX")
    for number in range(contexts.MAX_CONTEXTS):
        assert len(await bob.say(f"u{number} SEARCH RETURN (UPDATE COUNT) ALL")) == 2
    assert (await bob.say("v SEARCH RETURN (UPDATE COUNT) ALL"))[
        1
    ] == '* NO [NOUPDATE "v"] There is no room for it'
    assert (await bob.say("u1 SEARCH RETURN (UPDATE) ALL"))[-1].startswith("u1 BAD")
    await bob.ok("SELECT INBOX")
    assert len(await bob.say("u1 SEARCH RETURN (UPDATE COUNT) ALL")) == 2
    monkeypatch.setattr(contexts, "MAX_MEMBERS", 1)
    await stage.deliver()
    assert '* ESEARCH (TAG "u1") ADDTO (0 1)' in await bob.ok("NOOP")
    await stage.deliver()
    assert '* NO [NOUPDATE "u1"] The result has become too large' in await bob.ok("NOOP")
    assert (await bob.say("w SEARCH RETURN (UPDATE COUNT) ALL"))[1].startswith('* NO [NOUPDATE "w"]')


@pytest.mark.parametrize("seed", range(3))
async def test_a_client_that_follows_knows_the_result(stage: ImapStage, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(6):
        await stage.deliver(b"Subject: x\r\n\r\n%b\r\n" % (b"x" * chance.randrange(50)))
    bob = await stage.user(select="INBOX")
    other = await stage.user(select="INBOX")
    key = "OR UNSEEN FLAGGED"
    lists = {
        "s": await _result(bob, f"UID SEARCH {key}"),
        "o": await _result(bob, f"UID SORT (SIZE) UTF-8 {key}"),
    }
    await bob.say(f"s UID SEARCH RETURN (UPDATE COUNT) {key}")
    await bob.say(f"o UID SORT RETURN (UPDATE COUNT) (SIZE) UTF-8 {key}")
    for _ in range(40):
        who = chance.choice([bob, other])
        command = chance.choice(
            [
                "STORE 1:3 +FLAGS (\\Seen)",
                "STORE 2:* -FLAGS (\\Seen)",
                "STORE 1:* +FLAGS (\\Flagged)",
                "STORE 1:* FLAGS (\\Seen)",
                f"STORE {chance.randrange(1, 4)} +FLAGS.SILENT (\\Deleted)",
                "EXPUNGE",
                "NOOP",
                "SEARCH ALL",
                "deliver",
            ]
        )
        if command == "deliver":
            await stage.deliver(b"Subject: x\r\n\r\n%b\r\n" % (b"x" * chance.randrange(50)))
            lines: list[str] = []
        else:
            lines = await who.say(f"x {command}")
        if who is bob:
            lists = {tag: followed(members, lines, tag) for tag, members in lists.items()}
    lines = await bob.ok("NOOP")
    lists = {tag: followed(members, lines, tag) for tag, members in lists.items()}
    assert lists["s"] == await _result(bob, f"UID SEARCH {key}")
    assert lists["o"] == await _result(bob, f"UID SORT (SIZE) UTF-8 {key}")
