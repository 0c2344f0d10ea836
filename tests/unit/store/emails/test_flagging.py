import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.errors import NotPermitted
from postroom.store.emails.arriving import arrive
from postroom.store.emails.flagging import FlagChange, Mode, store_flags
from postroom.store.mailboxes import counts
from postroom.store.mailboxes.flags import BadKeywords, Flag, is_keyword, join_keywords, split_keywords
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox

ALL = [(1, 1 << 32)]


async def change(account, ranges, *args, who=0, **other):
    asked = FlagChange(*args, **other)
    return await account.engine.write(lambda tx: store_flags(tx, account.ref(who=who), ranges, asked))


async def states(account):
    return {message.uid: (message.flags, message.keywords) for message in await account.messages()}


async def test_added_removed_replaced(account):
    await account.fill(3)
    await change(account, [(1, 2)], Mode.ADD, Flag.SEEN | Flag.FLAGGED, ("$Todo",))
    assert await states(account) == {1: (5, "$todo"), 2: (5, "$todo"), 3: (0, "")}
    await change(account, [(2, 3)], Mode.REMOVE, Flag.SEEN, ("$todo",))
    assert await states(account) == {1: (5, "$todo"), 2: (4, ""), 3: (0, "")}
    await change(account, ALL, Mode.REPLACE, Flag.DELETED, ("x",))
    assert set((await states(account)).values()) == {(8, "x")}
    assert await account.counts() == await account.counted() == (3, 3, 3, 24)
    assert await account.keywords() == {"x": 3}


async def test_only_what_changes_gets_a_modseq(account):
    await account.fill(3, flags=Flag.SEEN)
    await change(account, [(1, 1)], Mode.REMOVE, Flag.SEEN)
    flagged = await change(account, ALL, Mode.ADD, Flag.SEEN)
    assert flagged.change.uids == (1,)
    modseqs = [message.modseq for message in await account.messages()]
    assert modseqs == [6, 3, 4]
    assert (await account.role("inbox")).highestmodseq == 6


async def test_a_state_that_another_had_before_is_not_changed_twice(account):
    await account.deliver(flags=0)
    await account.deliver(flags=Flag.SEEN)
    await change(account, ALL, Mode.REPLACE, Flag.SEEN)
    await change(account, ALL, Mode.ADD, Flag.FLAGGED)
    assert set((await states(account)).values()) == {(Flag.SEEN | Flag.FLAGGED, "")}
    assert await account.counts() == await account.counted()


async def test_unchanged_since(account):
    delivered = await account.fill(3)
    flagged = await change(account, ALL, Mode.ADD, Flag.SEEN, unchanged_since=delivered[1].modseq)
    assert flagged.change.uids == (1, 2)
    assert flagged.modified == (3,)
    assert (await states(account))[3] == (0, "")


@pytest.mark.parametrize(
    ("rights", "mode", "flags", "permitted"),
    [
        ("lrs", Mode.ADD, Flag.SEEN, True),
        ("lrs", Mode.ADD, Flag.FLAGGED, False),
        ("lrw", Mode.ADD, Flag.FLAGGED, True),
        ("lrw", Mode.ADD, Flag.DELETED, False),
        ("lrt", Mode.REMOVE, Flag.DELETED, True),
        ("lrws", Mode.REPLACE, Flag.SEEN, True),
        ("lr", Mode.REPLACE, Flag.SEEN, False),
    ],
)
async def test_rights(account, rights, mode, flags, permitted):
    await account.fill(1)
    await account.engine.write(
        lambda tx: tx.execute(
            "INSERT INTO acl (account_id, mailbox_id, grantee_id, rights) VALUES ($1, $2, $3, $4)",
            1,
            account.boxes["inbox"],
            2,
            rights,
        )
    )
    if permitted:
        await change(account, ALL, mode, flags, who=2)
    else:
        with pytest.raises(NotPermitted):
            await change(account, ALL, mode, flags, who=2)


async def test_no_such_mailbox(account):
    asked = FlagChange(Mode.ADD, Flag.SEEN)
    with pytest.raises(NoSuchMailbox):
        await account.engine.write(lambda tx: store_flags(tx, MailboxRef(1, 999), ALL, asked))


async def test_an_account_has_so_many_keywords(account, monkeypatch):
    monkeypatch.setattr(counts, "MOST_KEYWORDS", 3)
    await account.fill(2)
    await account.deliver(role="sent", keywords=("c",))
    await change(account, ALL, Mode.ADD, 0, ("a", "b"))
    for mode in (Mode.ADD, Mode.REPLACE):
        with pytest.raises(BadKeywords, match="at most 3 different"):
            await change(account, ALL, mode, 0, ("d",))
    letter = account.letter(keywords=("d",))
    with pytest.raises(BadKeywords):
        await account.engine.write(lambda tx: arrive(tx, account.ref(), [letter]))
    await change(account, ALL, Mode.ADD, 0, ("C",))  # it is in another mailbox already
    await change(account, ALL, Mode.REMOVE, 0, ("a", "x"))
    await change(account, ALL, Mode.ADD, 0, ("d",))
    assert await account.keywords() == {"b": 2, "c": 2, "d": 2}


async def test_a_bad_keyword_changes_nothing(account):
    await account.fill(1)
    with pytest.raises(ValueError, match="keyword"):
        await change(account, ALL, Mode.ADD, 0, ("a b",))
    assert (await states(account))[1] == (0, "")


@given(st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=9)))
def test_keywords_come_back(words):
    good = [word for word in words if is_keyword(word)]
    assert split_keywords(join_keywords(good)) == sorted({word.lower() for word in good})


@pytest.mark.parametrize("word", ["", "a b", "a*", "é", "x" * 256, "a\n", 'a"', "]"])
def test_what_no_keyword_is(word):
    assert not is_keyword(word)
