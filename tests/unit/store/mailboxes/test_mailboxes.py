import pytest

from counted_rows import CountedRows
from mail_account import NOW, open_account
from postroom.message.errors import NotPermitted
from postroom.store.changes import MailboxChanged
from postroom.store.emails import expunge
from postroom.store.emails.expunge import delete
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.mailboxes import TOP, BadName, HasChildren, MailboxExists, NewMailbox
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox


async def create(account, mailbox_id, name, parent_id=TOP, **other):
    new = NewMailbox(mailbox_id, name, parent_id, **other)
    return await account.engine.write(lambda tx: mailboxes.create(tx, account.account_id, new, NOW))


async def names(account):
    return [(box.parent_id, box.name) for box in await mailboxes.listing(account.engine.reading(), 1)]


async def test_an_account_begins_with_six(account):
    boxes = await mailboxes.listing(account.engine.reading(), 1)
    assert [(box.name, box.role) for box in boxes] == sorted(mailboxes.DEFAULTS)
    assert len({box.uidvalidity for box in boxes}) == 6
    assert all(box.uidnext == 1 and box.n_total == 0 and box.subscribed for box in boxes)
    assert (await account.role("inbox")).mailbox_id == await mailboxes.inbox_id(account.engine.reading(), 1)


async def test_a_tree_is_made_renamed_and_deleted(account):
    assert await create(account, 100, "Lists") == MailboxChanged(1, 2, 100)
    await create(account, 101, "python", 100)
    engine = account.engine
    with pytest.raises(HasChildren):
        await engine.write(lambda tx: delete(tx, MailboxRef(1, 100), NOW))
    await engine.write(lambda tx: mailboxes.rename(tx, MailboxRef(1, 101), TOP, "Snakes"))
    assert (TOP, "Snakes") in await names(account)
    await engine.write(lambda tx: delete(tx, MailboxRef(1, 100), NOW))
    assert (TOP, "Lists") not in await names(account)
    assert await account.rows("SELECT modseq, mailbox_id FROM deleted_mailboxes") == [(5, 100)]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a\nb",
        " x",
        "x" * 256,
        "\x7f",
        "..",
        "a/b",
        "a*",
        "%",
        "#news",
        "~root",
        "e\u0301",
        "a\ud800",
    ],
)
async def test_names_that_cannot_be(account, name):
    with pytest.raises(ValueError, match="mailbox name"):
        await create(account, 100, name)


@pytest.mark.parametrize(
    "name",
    [
        "\u0646\u0627\u0645\u0647\u200c\u0647\u0627",  # Persian: letters
        "\u0936\u0915\u094d\u200d\u0924\u093f",  # Hindi
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 Family",
        "\u91cd\u8981\u3000\u8cc7\u6599",  # Japanese, with the space of its keyboards
        "M.\u00a0Dupont",
        "\U0001fae8",  # newer than the oldest Python's Unicode
    ],
)
async def test_names_as_other_scripts_write_them(account, name):
    await create(account, 100, name)
    assert (await account.rows("SELECT name FROM mailboxes WHERE mailbox_id = 100")) == [(name,)]


@pytest.mark.parametrize(
    "name",
    [
        "\u200c",
        "a\u200d",
        "\u00a0a",
        "a\u3000",
        "a\u200bb",
        "a\u202eb",
        "a\u2028b",
        "a\u00adb",
        "a\x85b",
        "\ufeffa",
    ],
)
async def test_names_whose_characters_nobody_sees(account, name):
    with pytest.raises(BadName, match="invisible"):
        await create(account, 100, name)


@pytest.mark.parametrize("name", ["Inbox", "inbox", "Other Users"])
async def test_names_that_cannot_be_at_the_top(account, name):
    with pytest.raises(BadName):
        await create(account, 100, name)
    await create(account, 100, "box")
    await create(account, 101, name, 100)
    with pytest.raises(BadName):
        await account.engine.write(lambda tx: mailboxes.rename(tx, MailboxRef(1, 101), TOP, name))


async def test_names_and_roles_are_there_once(account):
    await create(account, 100, "Lists")
    for again in (
        create(account, 101, "Lists"),
        create(account, 102, "Other", role="inbox"),
        account.engine.write(lambda tx: mailboxes.rename(tx, MailboxRef(1, 100), TOP, "Sent")),
    ):
        with pytest.raises(MailboxExists):
            await again
    await account.engine.write(lambda tx: mailboxes.rename(tx, MailboxRef(1, 100), TOP, "Lists"))


async def test_a_name_used_again_has_another_uidvalidity(account):
    await create(account, 100, "Lists")
    first = await mailboxes.get(account.engine.reading(), MailboxRef(1, 100))
    await account.engine.write(lambda tx: delete(tx, MailboxRef(1, 100), NOW))
    await create(account, 101, "Lists")
    second = await mailboxes.get(account.engine.reading(), MailboxRef(1, 101))
    assert second.uidvalidity > first.uidvalidity


async def test_the_inbox_stays(account):
    inbox = account.ref()
    with pytest.raises(NotPermitted):
        await account.engine.write(lambda tx: mailboxes.rename(tx, inbox, TOP, "Elsewhere"))
    with pytest.raises(NotPermitted):
        await account.engine.write(lambda tx: delete(tx, inbox, NOW))


async def test_a_mailbox_does_not_lie_in_itself(account):
    await create(account, 100, "a")
    await create(account, 101, "b", 100)
    for parent in (100, 101):
        with pytest.raises(NotPermitted):
            await account.engine.write(
                lambda tx, parent=parent: mailboxes.rename(tx, MailboxRef(1, 100), parent, "a")
            )
    with pytest.raises(NoSuchMailbox):
        await create(account, 102, "c", 999)


async def test_the_tree_has_a_height(account):
    await create(account, 100, "deep")
    for number in range(101, 100 + mailboxes.MAX_DEPTH):
        await create(account, number, "deep", number - 1)
    with pytest.raises(NotPermitted):
        await create(account, 200, "deep", 99 + mailboxes.MAX_DEPTH)
    await create(account, 300, "other")
    with pytest.raises(NotPermitted):  # all of it would move down
        await account.engine.write(lambda tx: mailboxes.rename(tx, MailboxRef(1, 100), 300, "x"))
    await account.engine.write(lambda tx: mailboxes.rename(tx, MailboxRef(1, 101), 300, "x"))


async def test_a_new_mailbox_looks_at_no_others_but_those_above_it(account):
    for number in range(100, 150):
        await create(account, number, f"n{number}", 100 if number > 120 else TOP)

    async def work(tx):
        counted = CountedRows(tx)
        await mailboxes.create(counted, 1, NewMailbox(200, "new", 130), NOW)
        await mailboxes.rename(counted, MailboxRef(1, 130), TOP, "moved")
        await mailboxes.rename(counted, MailboxRef(1, 130), TOP, "again")
        return [row[0] for row in counted.read]

    assert await account.engine.write(work) == [130, 100]


async def test_strangers_see_nothing(account):
    await open_account(account.engine, 2)
    with pytest.raises(NoSuchMailbox):
        await mailboxes.get(account.engine.reading(), account.ref(who=2))
    stranger = NewMailbox(100, "mine", account.boxes["inbox"])
    with pytest.raises(NoSuchMailbox):
        await account.engine.write(lambda tx: mailboxes.create(tx, 1, stranger, NOW, who=2))


async def test_subscriptions(account):
    await account.engine.write(lambda tx: mailboxes.subscribe(tx, account.ref(), subscribed=False))
    assert (await account.role("inbox")).subscribed == 0


async def test_deleting_takes_the_messages_with_it(account):
    await create(account, 100, "Lists")
    await account.deliver(b"x" * 10, mailbox_id=100, keywords=("a",))
    changes, _ = await account.engine.write(lambda tx: delete(tx, MailboxRef(1, 100), NOW))
    assert [type(change).__name__ for change in changes] == ["MessagesExpunged", "MailboxChanged"]
    assert await account.used() == (0, 0)
    for table in ("messages", "emails", "blobs", "mailbox_keywords"):
        assert await account.rows(f"SELECT * FROM {table}") == []


async def test_a_large_mailbox_goes_in_slices(account, monkeypatch):
    monkeypatch.setattr(expunge, "AT_ONCE", 2)
    await create(account, 100, "Lists")
    await account.fill(4, mailbox_id=100)
    box = MailboxRef(1, 100)
    for left in (2, 0):
        (gone,), more = await account.engine.write(lambda tx: delete(tx, box, NOW))
        assert (len(gone.uids), more) == (2, True)
        assert (await mailboxes.get(account.engine.reading(), box)).n_total == left
    changes, more = await account.engine.write(lambda tx: delete(tx, box, NOW))
    assert (len(changes), more) == (2, False)
    assert await account.used() == (0, 0)


async def test_nothing_is_gone_of_what_cannot_be_deleted(account):
    await create(account, 100, "Lists")
    await create(account, 101, "below", 100)
    await account.deliver(mailbox_id=100)
    with pytest.raises(HasChildren):
        await account.engine.write(lambda tx: delete(tx, MailboxRef(1, 100), NOW))
    assert await account.used() == (5, 1)
