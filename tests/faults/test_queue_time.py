"""The queue and time: retries, the one delay notice, the end of a message's life, deadlines, reports."""

import pytest

from people import at
from postroom.deliver.attempt import Attempt, Deferral
from postroom.deliver.reports import Result, failed
from postroom.message.envelope import ByMode, DeliverBy, Notify, Recipient, Ret
from postroom.message.errors import Expired, NoSuchUser
from postroom.message.journey.events import HopKind, Outcome
from postroom.message.notifications.dsn_rules import Happened
from postroom.store.spool.jobs import Job
from sorting_office import HOUR, MESSAGE, SortingOffice, bounce_of

DAY = 24 * HOUR
BOB = "bob@hamburger.test"  # local, so that reports can be read
GREYLISTED = Deferral("451 4.7.1 Greylisted")


def refuse_for_now(office: SortingOffice) -> None:
    def script(job: Job) -> Attempt:
        return Attempt(office.clock.now(), delayed={copy.n: GREYLISTED for copy in job.copies})

    office.scripted.scripts["r.test"] = script


def refuse(office: SortingOffice) -> None:
    def script(job: Job) -> Attempt:
        return Attempt(office.clock.now(), [failed(copy, NoSuchUser()) for copy in job.copies])

    office.scripted.scripts["r.test"] = script


async def settled(office: SortingOffice, attempts: int) -> None:
    """Waits until a job has that many attempts behind it, and nobody works on it."""

    async def done() -> bool:
        return await office.rows("SELECT attempts, node FROM jobs") == [(attempts, 0)]

    await office.until(done)


async def test_retries_by_the_schedule(office: SortingOffice) -> None:
    refuse_for_now(office)
    office.start()
    await office.accept("eve@r.test", sender=None)
    for attempt, minutes in enumerate((5, 10, 20, 40, 90, 180), 1):
        await settled(office, attempt)
        [(due,)] = await office.rows("SELECT due FROM jobs")
        assert abs(due - office.clock.now() - minutes * 60_000_000) < 10_000_000
        office.clock.advance(minutes * 60)
    await settled(office, 7)
    [(status,)] = await office.rows("SELECT status FROM rcpt")
    assert status == "451 4.7.1 Greylisted"


async def test_one_delay_notice_after_four_hours(office: SortingOffice) -> None:
    refuse_for_now(office)
    office.start()
    await office.accept("eve@r.test", sender=BOB)
    await settled(office, 1)
    office.clock.advance(4 * HOUR + 1)
    await office.until(lambda: office.inbox(office.bob))
    [notice] = await office.inbox(office.bob)
    assert bounce_of(notice) == ("Final-Recipient: rfc822; eve@r.test", "Action: delayed", "Status: 4.7.1")
    assert b"Greylisted" in notice
    assert b"Will-Retry-Until:" in notice
    assert b"Remote-MTA:" not in notice  # RFC 3464 §2.3.5: a domain is no server that has said anything
    assert b"r.test said" not in notice
    for _ in range(6):
        office.clock.advance(4 * HOUR)
        await office.until(lambda: office.rows("SELECT 1 FROM jobs WHERE node = 0"))
    assert len(await office.inbox(office.bob)) == 1


async def test_the_end_after_five_days(office: SortingOffice) -> None:
    refuse_for_now(office)
    office.start()
    await office.accept(Recipient(at("eve@r.test"), Notify.FAILURE), sender=BOB)
    await settled(office, 1)
    office.clock.advance(5 * DAY + 1)
    await office.idle()
    [report] = await office.inbox(office.bob)
    assert bounce_of(report) == ("Final-Recipient: rfc822; eve@r.test", "Action: failed", "Status: 5.4.7")
    assert b"Greylisted" in report
    assert MESSAGE in report


async def test_the_end_of_a_report_comes_after_two_days_and_without_a_word(office: SortingOffice) -> None:
    refuse_for_now(office)
    office.start()
    await office.accept("eve@r.test", sender=None)
    await settled(office, 1)
    office.clock.advance(2 * DAY + 1)
    await office.idle()
    assert office.scripted.opened == ["r.test"]  # and no report on the report


async def test_a_failure_is_reported_as_asked(office: SortingOffice) -> None:
    refuse(office)
    office.start()
    recipient = Recipient(at("eve@r.test"), Notify.FAILURE, "rfc822;first@crepes.test")
    await office.accept(recipient, sender=BOB, envid="ENV1", ret=Ret.HEADERS)
    await office.until(lambda: office.inbox(office.bob))
    [report] = await office.inbox(office.bob)
    assert bounce_of(report) == (
        "Original-Envelope-Id: ENV1",
        "Original-Recipient: rfc822; first@crepes.test",
        "Final-Recipient: rfc822; eve@r.test",
        "Action: failed",
        "Status: 5.1.1",
    )
    assert b"Subject: lunch" in report
    assert b"Hello" not in report


@pytest.mark.parametrize(
    ("happened", "notify", "action"),
    [
        (Happened.RELAYED, Notify.SUCCESS, "relayed"),
        (Happened.HANDED_ON, Notify.SUCCESS, ""),
        (Happened.DELIVERED, Notify.SUCCESS, "delivered"),
        (Happened.RELAYED, Notify.FAILURE, ""),
        (Happened.RELAYED, None, ""),
        (Happened.FAILED, Notify.NEVER, ""),
        (Happened.FAILED, None, "failed"),
    ],
)
async def test_who_hears_of_what(
    office: SortingOffice, happened: Happened, notify: Notify | None, action: str
) -> None:
    office.scripted.scripts["r.test"] = lambda job: Attempt(
        office.clock.now(), [Result(copy, happened) for copy in job.copies]
    )
    office.start()
    await office.accept(Recipient(at("eve@r.test"), notify), sender=BOB)
    await office.idle()
    reports = await office.inbox(office.bob)
    assert [f"Action: {action}" in report.decode() for report in reports] == ([True] if action else [])


async def test_a_report_has_the_priority_of_the_message(office: SortingOffice) -> None:
    refuse(office)
    await office.accept("eve@r.test", sender="alice@crepes.test", priority=3)
    office.start()
    await office.until(lambda: "crepes.test" in office.scripted.opened)
    sent = {job.hop: job.letter.terms.priority for job in office.scripted.sent}
    assert sent == {"r.test": 3, "crepes.test": 3}


async def test_success_of_a_local_copy_is_reported_in_the_accepting_commit(office: SortingOffice) -> None:
    await office.accept(Recipient(at(BOB), Notify.SUCCESS), sender=BOB)
    assert [b"Action: delivered" in raw for raw in await office.inbox(office.bob)] == [False, True]


async def test_no_report_to_the_null_sender(office: SortingOffice) -> None:
    refuse(office)
    office.start()
    await office.accept("eve@r.test", sender=None)
    await office.idle()
    assert office.scripted.opened == ["r.test"]


async def test_a_deadline_with_return_fails_in_time(office: SortingOffice) -> None:
    refuse_for_now(office)
    office.start()
    by = DeliverBy(office.clock.now() // 1_000_000 + 600, ByMode.RETURN)
    await office.accept(Recipient(at("eve@r.test"), Notify.FAILURE), sender=BOB, deliver_by=by)
    await settled(office, 1)
    office.clock.advance(601)
    await office.idle()
    assert "Status: 5.4.7" in bounce_of((await office.inbox(office.bob))[0])


async def test_a_deadline_with_notify_tells_and_goes_on(office: SortingOffice) -> None:
    refuse_for_now(office)
    office.start()
    by = DeliverBy(office.clock.now() // 1_000_000 + 60, ByMode.NOTIFY)
    await office.accept("eve@r.test", sender=BOB, deliver_by=by)
    await settled(office, 1)
    office.clock.advance(61)
    await office.until(lambda: office.inbox(office.bob))
    assert "Action: delayed" in bounce_of((await office.inbox(office.bob))[0])
    assert await office.waiting() == [("r.test", ["eve@r.test"])]


async def test_what_is_held_for_the_future_is_not_let_go_by_a_deadline_before_that(
    office: SortingOffice,
) -> None:
    """RFC 4865: whatever its sender is told meanwhile (RFC 2852 §4), nothing of it leaves before its time."""
    now = office.clock.now() // 1_000_000
    by = DeliverBy(now + 600, ByMode.NOTIFY)
    await office.accept("eve@r.test", sender=BOB, hold_until=now + 86_400, deliver_by=by)
    office.start()
    office.clock.advance(700)
    await office.until(lambda: office.inbox(office.bob))
    [(due, notices)] = await office.rows("SELECT due, notices FROM jobs")
    assert (due // 1_000_000, notices) == (now + 86_400, 1)
    assert office.scripted.opened == []


async def test_the_journey_has_the_notice_of_delay_and_the_end(office: SortingOffice) -> None:
    refuse_for_now(office)
    office.start()
    receipt = await office.accept(Recipient(at("eve@r.test"), Notify.FAILURE | Notify.DELAY), sender=BOB)
    await settled(office, 1)
    for seconds, reports in ((4 * HOUR + 1, 1), (5 * DAY, 2)):
        office.clock.advance(seconds)

        async def told(wanted: int = reports) -> bool:
            return len(await office.inbox(office.bob)) == wanted

        await office.until(told)
    decided = [
        (event.result, event.status, event.text)
        for hop in await office.hops(receipt.accept_id)
        for event in hop.events
        if isinstance(event, Outcome)
    ]
    why = "451 4.7.1 Greylisted"
    assert [one[:2] for one in decided] == [("delayed", "4.7.1"), ("failed", "5.4.7")]
    assert all(why in one[2] for one in decided)
    assert decided[1][2].startswith(Expired.words)


async def test_an_alarm_of_which_nobody_is_told_is_no_step(office: SortingOffice) -> None:
    refuse_for_now(office)
    office.start()
    receipt = await office.accept(Recipient(at("eve@r.test"), Notify.NEVER), sender=BOB)
    await settled(office, 1)
    office.clock.advance(4 * HOUR + 1)
    await settled(office, 2)
    kinds = [hop.kind for hop in await office.hops(receipt.accept_id)]
    assert kinds == [HopKind.RECEIVED, HopKind.RELAY, HopKind.RELAY]


async def test_the_journey_has_a_hop_for_each_try(office: SortingOffice) -> None:
    refuse_for_now(office)
    office.start()
    receipt = await office.accept("eve@r.test", sender=BOB)
    await settled(office, 1)
    office.clock.advance(300)
    await settled(office, 2)
    kinds = [hop.kind for hop in await office.hops(receipt.accept_id)]
    assert kinds == [HopKind.RECEIVED, HopKind.RELAY, HopKind.RELAY]


async def test_a_full_mailbox_that_was_emptied_gets_its_mail_later(office: SortingOffice) -> None:
    small = await office.add_account("small@hamburger.test", quota=100)
    office.start()
    receipt = await office.accept(BOB, "small@hamburger.test")
    await settled(office, 1)
    await office.engine.write(lambda tx: tx.execute("UPDATE accounts SET quota_bytes = 0"))
    office.clock.advance(301)
    await office.idle()
    assert len(await office.inbox(small)) == 1
    last = (await office.hops(receipt.accept_id))[-1]
    assert last.kind is HopKind.FILED
    assert [event.result for event in last.events if isinstance(event, Outcome)] == ["filed"]
