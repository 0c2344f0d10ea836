"""Acceptance: one commit for everything, all kinds of recipients, and nothing at all when nobody gets it."""

import asyncio

import msgspec
import pytest

from postroom.deliver.placing import MOST_LOCAL_COPIES
from postroom.message.address import Address
from postroom.message.errors import BadAddress, NoSpace, NoSuchUser, Overloaded, OverQuota, TryLater
from postroom.message.journey.events import HopKind, Outcome, Routed
from postroom.store.administration import accounts
from postroom.store.blobs.blobs import BlobRef
from postroom.store.changes import MessageAdded, Shown
from postroom.store.fsck.fsck import check
from postroom.store.mailboxes.rights import NoSuchMailbox
from sorting_office import MESSAGE, SortingOffice, bounce_of

LONG = MESSAGE + b"x" * 60 * 500 + b"\r\n"  # a file each


async def test_a_local_copy_is_there_when_accept_returns(office: SortingOffice) -> None:
    receipt = await office.accept("bob@hamburger.test")
    [raw] = await office.inbox(office.bob)
    assert raw == b"Return-Path: <alice@crepes.test>\r\nDelivered-To: bob@hamburger.test\r\n" + MESSAGE
    assert receipt.errors == [None]
    assert [type(change) for change in office.news] == [MessageAdded]
    [hop] = await office.hops(receipt.accept_id)
    assert hop.kind is HopKind.RECEIVED
    assert [event.result for event in hop.events if isinstance(event, Outcome)] == ["filed"]


async def test_the_null_sender_stays_null(office: SortingOffice) -> None:
    await office.accept("bob@hamburger.test", sender=None)
    assert (await office.inbox(office.bob))[0].startswith(b"Return-Path: <>\r\n")


async def test_an_email_knows_its_journey_and_recipient_number(office: SortingOffice) -> None:
    carol = await office.add_account("carol@hamburger.test")
    receipt = await office.accept("bob@hamburger.test", "carol@hamburger.test")
    links = await office.rows("SELECT account_id, accept_id, rcpt FROM journal_links")
    assert sorted(links) == sorted([(office.bob, receipt.accept_id, 0), (carol, receipt.accept_id, 1)])


async def test_an_alias_keeps_the_sender_and_reaches_here_and_there(office: SortingOffice) -> None:
    await office.add_alias("sales@hamburger.test", "bob@hamburger.test", "eve@r.test")
    await office.accept("sales@hamburger.test")
    assert len(await office.inbox(office.bob)) == 1
    assert await office.waiting() == [("r.test", ["eve@r.test"])]
    assert await office.senders() == ["alice@crepes.test"]


async def test_a_list_goes_out_under_its_owner_and_says_which_list(office: SortingOffice) -> None:
    await office.add_list("food@hamburger.test", "bob@hamburger.test", "bob@hamburger.test", "eve@r.test")
    await office.accept("food@hamburger.test")
    [raw] = await office.inbox(office.bob)
    assert raw.startswith(
        b"Return-Path: <bob@hamburger.test>\r\nDelivered-To: bob@hamburger.test\r\nDelivered-To: food@hamburger.test\r\n"
    )
    assert await office.senders() == ["bob@hamburger.test"]


async def test_a_forward_leaves_under_our_name_and_a_report_finds_back(office: SortingOffice) -> None:
    await office.add_account("dan@hamburger.test", forwards=["dan@r.test"])
    await office.accept("dan@hamburger.test")
    [sender] = await office.senders()
    assert sender.startswith("SRS0=")
    assert sender.endswith("=crepes.test=alice@hamburger.test")
    await office.accept(sender, sender=None)
    assert await office.waiting() == [("r.test", ["dan@r.test"]), ("crepes.test", ["alice@crepes.test"])]


async def test_a_forged_rewritten_address_is_nobody(office: SortingOffice) -> None:
    with pytest.raises(NoSuchUser):
        await office.accept("SRS0=AAAAAA=AA=crepes.test=alice@hamburger.test", sender=None)


@pytest.mark.parametrize(
    "name", ["bob+pizza", "postmaster", "abuse", "Bob"], ids=["sub-address", "postmaster", "abuse", "case"]
)
async def test_names_that_everybody_has(office: SortingOffice, name: str) -> None:
    await office.accept(f"{name}@hamburger.test")
    assert len(await office.inbox(office.bob)) == 1


async def test_all_fail_alike_and_nothing_is_kept(office: SortingOffice) -> None:
    with pytest.raises(NoSuchUser):
        await office.accept("x@hamburger.test", "y@hamburger.test")
    assert await office.empty()


async def test_without_recipients_there_is_no_acceptance(office: SortingOffice) -> None:
    with pytest.raises(BadAddress):
        await office.accept()


@pytest.mark.parametrize("alias", ["loop@hamburger.test", "a@hamburger.test"])
async def test_an_alias_that_leads_only_to_itself_is_an_error_not_silence(
    office: SortingOffice, alias: str
) -> None:
    await office.add_alias("loop@hamburger.test", "a@hamburger.test")
    await office.add_alias("a@hamburger.test", "loop@hamburger.test")
    with pytest.raises(Exception, match="leads to nobody") as caught:
        await office.accept(alias)
    assert caught.value.permanent
    assert await office.empty()


async def test_a_list_that_holds_itself_gives_each_member_one_copy(office: SortingOffice) -> None:
    await office.add_list(
        "all@hamburger.test", "bob@hamburger.test", "all@hamburger.test", "bob@hamburger.test"
    )
    await office.accept("all@hamburger.test")
    assert len(await office.inbox(office.bob)) == 1


async def test_two_who_forward_to_each_other_are_a_loop(office: SortingOffice) -> None:
    await office.add_account("u@hamburger.test")
    await office.add_account("v@hamburger.test", forwards=["u@hamburger.test"], keeps=False)
    from postroom.store.administration import accounts

    target = Address("v", "hamburger.test")
    await office.engine.write(
        lambda tx: accounts.set_forwards(tx, Address("u", "hamburger.test"), [target], keeps_copy=False)
    )
    with pytest.raises(Exception, match="leads to nobody"):
        await office.accept("u@hamburger.test")


async def test_one_that_fails_beside_one_that_does_not_is_reported(office: SortingOffice) -> None:
    await office.add_account("alice@hamburger.test")
    receipt = await office.accept("bob@hamburger.test", "nobody@hamburger.test", sender="bob@hamburger.test")
    copy, report = await office.inbox(office.bob)
    assert copy.endswith(MESSAGE)
    assert bounce_of(report) == (
        "Final-Recipient: rfc822; nobody@hamburger.test",
        "Action: failed",
        "Status: 5.1.1",
    )
    assert receipt.errors[0] is None
    assert receipt.errors[1].status == (5, 1, 1)


async def test_over_quota_is_said_when_it_is_the_only_one(office: SortingOffice) -> None:
    small = await office.add_account("small@hamburger.test", quota=100)
    with pytest.raises(OverQuota):
        await office.accept("small@hamburger.test")
    assert await office.inbox(small) == []
    assert await office.empty()


async def test_over_quota_beside_others_waits_in_the_queue(office: SortingOffice) -> None:
    await office.add_account("small@hamburger.test", quota=100)
    receipt = await office.accept("bob@hamburger.test", "small@hamburger.test")
    assert await office.waiting() == [("", ["small@hamburger.test"])]
    [hop] = await office.hops(receipt.accept_id)
    assert [e.result for e in hop.events if isinstance(e, Outcome)] == ["filed", "delayed"]


@pytest.mark.parametrize("each", [False, True])
async def test_a_long_copy_that_was_not_filed_leaves_no_file(office: SortingOffice, each: bool) -> None:
    """One full mailbox among the members of a list: each long message would leave its octets behind."""
    small = await office.add_account("small@hamburger.test", quota=100)
    await office.add_alias("both@hamburger.test", "small@hamburger.test", "bob@hamburger.test")
    await office.accept("both@hamburger.test", content=LONG, each=each)
    assert len(await office.inbox(office.bob)) == 1
    assert await office.store.sweep(office.clock.now()) == 1
    left = {account_id for account_id, *_ in office.store.files.listing()}
    assert small not in left
    assert office.bob in left
    assert [one async for one in check(office.store, office.clock.now())] == []


@pytest.mark.parametrize("error", [NoSpace, Overloaded])
async def test_a_long_message_that_there_is_no_room_for_leaves_no_file(
    office: SortingOffice, monkeypatch: pytest.MonkeyPatch, error: type[TryLater]
) -> None:
    """Else a full disk becomes fuller each time that its sender tries again."""

    async def refuses(_work: object, _urgency: object = None) -> None:
        raise error

    await office.add_account("carol@hamburger.test")
    monkeypatch.setattr(office.engine, "write", refuses)
    with pytest.raises(error):
        await office.accept("bob@hamburger.test", "carol@hamburger.test", "eve@r.test", content=LONG)
    assert list(office.store.files.listing()) == []


async def test_a_long_message_whose_second_copy_has_no_room_leaves_no_file(
    office: SortingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = office.store.files.write, []

    def fills(account_id: int, blob_id: int, content: bytes) -> BlobRef:
        written.append(account_id)
        if len(written) == 2:
            raise NoSpace
        return write(account_id, blob_id, content)

    await office.add_account("carol@hamburger.test")
    monkeypatch.setattr(office.store.files, "write", fills)
    with pytest.raises(NoSpace):
        await office.accept("bob@hamburger.test", "carol@hamburger.test", content=LONG)
    assert list(office.store.files.listing()) == []


async def test_lmtp_tells_each_and_keeps_nothing_of_who_was_told(office: SortingOffice) -> None:
    await office.add_account("small@hamburger.test", quota=100)
    receipt = await office.accept(
        "bob@hamburger.test",
        "small@hamburger.test",
        "no@hamburger.test",
        each=True,
        sender="bob@hamburger.test",
    )
    assert [error and error.status for error in receipt.errors] == [None, (4, 2, 2), (5, 1, 1)]
    assert await office.waiting() == []
    assert len(await office.inbox(office.bob)) == 1  # and no report


async def test_lmtp_for_an_alias_of_which_nobody_was_taken(office: SortingOffice) -> None:
    await office.add_account("small@hamburger.test", quota=100)
    await office.add_alias("both@hamburger.test", "small@hamburger.test", "no@hamburger.test")
    receipt = await office.accept(
        "both@hamburger.test", "bob@hamburger.test", each=True, sender="bob@hamburger.test"
    )
    assert receipt.errors[0] is not None
    assert await office.waiting() == []
    assert len(await office.inbox(office.bob)) == 1


@pytest.mark.parametrize("each", [False, True])
async def test_one_mailbox_named_twice_gets_one_copy(office: SortingOffice, *, each: bool) -> None:
    await office.add_alias("sales@hamburger.test", "bob@hamburger.test", "eve@r.test")
    receipt = await office.accept(
        "bob@hamburger.test", "BOB@hamburger.test", "sales@hamburger.test", "eve@r.test", each=each
    )
    assert receipt.errors == [None] * 4
    assert len(await office.inbox(office.bob)) == 1
    assert await office.waiting() == [("r.test", ["eve@r.test"])]


async def test_whoever_is_refused_twice_hears_it_twice(office: SortingOffice) -> None:
    await office.add_account("small@hamburger.test", quota=100)
    receipt = await office.accept(
        "small@hamburger.test", "Small@hamburger.test", "bob@hamburger.test", each=True
    )
    assert [error is None for error in receipt.errors] == [False, False, True]


@pytest.mark.parametrize("host", ["mx.hamburger.test", "[192.0.2.99]"])
@pytest.mark.parametrize("role", ["postmaster", "Abuse"])
async def test_the_hosts_own_postmaster_answers(office: SortingOffice, host: str, role: str) -> None:
    await office.accept(f"{role}@{host}", sender=None)
    assert len(await office.inbox(office.bob)) == 1


async def test_nobody_else_lives_at_the_host(office: SortingOffice) -> None:
    await office.accept("bob@mx.hamburger.test")
    assert await office.waiting() == [("mx.hamburger.test", ["bob@mx.hamburger.test"])]


async def test_many_local_recipients_go_through_the_spool(office: SortingOffice) -> None:
    names = [f"user{n}@hamburger.test" for n in range(MOST_LOCAL_COPIES + 1)]
    ids = [await office.add_account(name) for name in names]
    receipt = await office.accept(*names)
    assert [len(await office.inbox(one)) for one in ids] == [0] * len(ids)
    office.start()
    await office.idle()
    assert [len(await office.inbox(one)) for one in ids] == [1] * len(ids)
    kinds = [hop.kind for hop in await office.hops(receipt.accept_id)]
    assert kinds == [HopKind.RECEIVED, HopKind.FILED]
    assert await office.rows("SELECT 1 FROM spool") == []


async def test_a_report_for_many_goes_through_the_spool_too(office: SortingOffice) -> None:
    """Whoever writes as an alias of thousands, and errs in an address, does not stop everybody else's mail for seconds."""
    names = [f"user{n}@hamburger.test" for n in range(MOST_LOCAL_COPIES + 1)]
    ids = [await office.add_account(name) for name in names]
    await office.add_alias("staff@hamburger.test", *names)
    await office.accept("bob@hamburger.test", "nobody@hamburger.test", sender="staff@hamburger.test")
    assert [len(await office.inbox(one)) for one in ids] == [0] * len(ids)
    office.start()
    await office.idle()
    assert [len(await office.inbox(one)) for one in ids] == [1] * len(ids)


async def test_a_large_body_is_a_file_on_both_ways_and_goes_with_its_last_user(office: SortingOffice) -> None:
    content = MESSAGE + b"x" * 70 + b"\r\n" + (b"y" * 76 + b"\r\n") * 1000
    await office.accept("bob@hamburger.test", "eve@r.test", content=content)
    [raw] = await office.inbox(office.bob)
    assert raw.endswith(content)
    assert len(await office.rows("SELECT 1 FROM blobs WHERE place = 1 AND refs = 1")) == 2
    office.start()
    await office.idle()
    assert office.scripted.bodies == [content]
    assert await office.rows("SELECT refs FROM blobs WHERE account_id = 0") == [(0,)]


async def test_held_for_the_future_nobody_gets_it_now(office: SortingOffice) -> None:
    until = office.clock.now() // 1_000_000 + 3600
    await office.accept("bob@hamburger.test", "eve@r.test", hold_until=until)
    office.start()
    await office.until(lambda: office.runner is not None)
    assert await office.inbox(office.bob) == []
    assert sorted(hop for hop, _ in await office.waiting()) == ["", "r.test"]
    office.clock.advance(3601)
    await office.idle()
    assert len(await office.inbox(office.bob)) == 1
    assert [job.hop for job in office.scripted.sent] == ["r.test"]


async def test_who_was_removed_while_a_letter_waited_is_reported(office: SortingOffice) -> None:
    await office.add_domain("crepes.test")
    alice = await office.add_account("alice@crepes.test")
    until = office.clock.now() // 1_000_000 + 3600
    await office.accept("bob@hamburger.test", hold_until=until)
    await office.store.engine.write(lambda tx: accounts.remove(tx, Address("bob", "hamburger.test")))
    office.start()
    office.clock.advance(3601)
    await office.idle()
    assert await office.inbox(office.bob) == []
    [report] = await office.inbox(alice)
    assert bounce_of(report)[1:] == ("Action: failed", "Status: 5.1.1")


async def test_who_is_removed_between_rcpt_and_the_last_dot_is_nobody(office: SortingOffice) -> None:
    letter = office.letter("bob@hamburger.test")
    bob = Address("bob", "hamburger.test")
    letter.known = {0: await office.router.resolve(office.store.engine.reading(), bob)}
    await office.store.engine.write(lambda tx: accounts.remove(tx, bob))
    with pytest.raises(NoSuchMailbox):
        await office.acceptance.accept(letter)
    assert await office.inbox(office.bob) == []


async def test_who_sleeps_wakes_for_what_is_held_for_seconds(office: SortingOffice) -> None:
    office.start()
    await office.idle()
    await office.accept("eve@r.test", hold_until=office.clock.now() // 1_000_000 + 5)
    office.clock.advance(6)
    async with asyncio.timeout(60):
        await office.until(lambda: office.scripted.sent)
    assert [job.hop for job in office.scripted.sent] == ["r.test"]


async def test_delivered_to_stops_the_second_pass(office: SortingOffice) -> None:
    await office.add_account("dan@hamburger.test", forwards=["dan@r.test"])
    await office.accept("dan@hamburger.test")
    [(raw,)] = await office.rows("SELECT body FROM spool")
    assert bytes(raw).startswith(b"Delivered-To: dan@hamburger.test\r\n")
    with pytest.raises(Exception, match="before"):
        await office.accept("dan@hamburger.test", content=bytes(raw))


async def test_to_be_shown_is_published_to_open_terminals(office: SortingOffice) -> None:
    letter = office.letter("bob@hamburger.test")
    letter.shown = True
    await office.acceptance.accept(letter)
    assert [type(change) for change in office.news] == [MessageAdded, Shown]


async def test_the_journey_says_where_a_remote_copy_goes(office: SortingOffice) -> None:
    receipt = await office.accept("eve@r.test")
    [hop] = await office.hops(receipt.accept_id)
    [routed] = [event for event in hop.events if isinstance(event, Routed)]
    assert msgspec.structs.replace(routed, at=0) == Routed(0, 0, "eve@r.test", "remote", "r.test")


async def test_priority_orders_the_queue(office: SortingOffice) -> None:
    await office.accept("low@r.test", priority=-3)
    await office.accept("high@r.test", priority=4)
    office.scripted.gate.clear()
    office.start()
    await office.until(lambda: office.scripted.sent)
    assert str(office.scripted.sent[0].copies[0].address) == "high@r.test"
    office.scripted.gate.set()
