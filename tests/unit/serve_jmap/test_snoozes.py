"""Snooze/get, /changes and /set, and what brings emails back."""

import datetime as dt
from functools import partial
from typing import Any

import pytest

from behind import behind
from jmap_stage import ALICE, BOB, JmapClient, JmapStage
from postroom.message.ids import IdKind, parse_id
from postroom.store.emails import snoozing
from postroom.store.fsck import mailboxes as fsck_mailboxes

HOUR = 3_600_000_000


def date(moment: int) -> str:
    return dt.datetime.fromtimestamp(moment // 1_000_000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def wake(stage: JmapStage, now: int) -> int:
    changes, more = await snoozing.wake(stage.store.engine, now)
    assert not more
    stage.store.changes.publish(changes)
    return len(changes)


async def begin(stage: JmapStage) -> tuple[JmapClient, dict[str, str], str]:
    """Bob with a mailbox for what is put aside, and one read email."""
    bob = stage.jmap()
    await bob.call("Mailbox/set", create={"k": {"name": "Snoozed", "role": "snoozed"}})
    await stage.deliver()
    (email,) = (await bob.call("Email/query"))["ids"]
    await bob.call("Email/set", update={email: {"keywords/$seen": True}})
    box = {one["role"]: one["id"] for one in (await bob.call("Mailbox/get", ids=None))["list"]}
    return bob, box, email


async def look(bob: JmapClient, email: str) -> tuple[set[str], bool]:
    (found,) = (await bob.call("Email/get", ids=[email], properties=["mailboxIds", "keywords"]))["list"]
    return set(found["mailboxIds"]), "$seen" in found["keywords"]


async def snooze(bob: JmapClient, **given: Any) -> dict[str, Any]:
    told = await bob.call("Snooze/set", create={"k": given})
    return (told["created"] or told["notCreated"])["k"]  # type: ignore[no-any-return]


async def test_an_email_goes_and_comes_back_unread(stage: JmapStage) -> None:
    bob, box, email = await begin(stage)
    state = (await bob.call("Snooze/get", ids=None))["state"]
    until = stage.now + HOUR
    made = await snooze(bob, emailId=email, until=date(until), mailboxId=box["inbox"])
    assert await look(bob, email) == ({box["snoozed"]}, True)
    got = await bob.call("Snooze/get", ids=None)
    assert got["list"] == [{"id": made["id"], "emailId": email, "until": date(until)}]
    assert (await bob.call("Snooze/changes", sinceState=state))["created"] == [made["id"]]
    assert await wake(stage, until - 1_000_000) == 0
    assert await wake(stage, until) > 0
    assert await look(bob, email) == ({box["inbox"]}, False)
    assert (await bob.call("Snooze/get", ids=None))["list"] == []
    assert await wake(stage, until) == 0
    account_id = stage.logins.people[BOB]
    assert await fsck_mailboxes.check_account(stage.store.engine.reading(), account_id, repair=False) == []


async def test_another_time_and_back_at_once(stage: JmapStage) -> None:
    bob, box, email = await begin(stage)
    made = await snooze(bob, emailId=email, until=date(stage.now + HOUR))
    later = date(stage.now + 2 * HOUR)
    assert (await bob.call("Snooze/set", update={made["id"]: {"until": later}}))["updated"]
    whole = {
        "id": made["id"],
        "emailId": email,
        "until": later,
    }  # RFC 8620 §5.3: what is as it is may be in a patch
    assert (await bob.call("Snooze/set", update={made["id"]: whole}))["updated"] == {made["id"]: None}
    told = await bob.call("Snooze/set", update={made["id"]: {**whole, "emailId": "M1", "until/x": 1}})
    assert told["notUpdated"][made["id"]]["type"] == "invalidPatch"
    told = await bob.call("Snooze/set", update={made["id"]: {**whole, "emailId": "M1"}})
    assert told["notUpdated"][made["id"]]["properties"] == ["emailId"]
    assert await wake(stage, stage.now + HOUR) == 0
    made = await snooze(
        bob, emailId=email, until=date(stage.now + 3 * HOUR)
    )  # again: it still knows where it was
    assert await wake(stage, stage.now + 2 * HOUR) == 0
    assert (await bob.call("Snooze/set", destroy=[made["id"]]))["destroyed"] == [made["id"]]
    assert await look(bob, email) == ({box["inbox"]}, True)
    told = await bob.call("Snooze/set", destroy=[made["id"]], update={"R1": {"until": later}})
    assert told["notDestroyed"][made["id"]]["type"] == told["notUpdated"]["R1"]["type"] == "notFound"


async def test_what_was_taken_out_or_destroyed_is_left_alone(stage: JmapStage) -> None:
    bob, box, email = await begin(stage)
    await snooze(bob, emailId=email, until=date(stage.now + HOUR))
    await bob.call("Email/set", update={email: {"mailboxIds": {box["archive"]: True}}})
    await wake(stage, stage.now + HOUR)
    assert await look(bob, email) == ({box["archive"]}, True)
    await snooze(bob, emailId=email, until=date(stage.now + HOUR))
    await bob.call("Email/set", update={email: {"mailboxIds": {box["archive"]: True}}})
    await snooze(bob, emailId=email, until=date(stage.now + HOUR))  # aside anew, from where it is by now
    await wake(stage, stage.now + HOUR)
    assert await look(bob, email) == ({box["archive"]}, False)
    await snooze(bob, emailId=email, until=date(stage.now + HOUR))
    await bob.call("Email/set", destroy=[email])
    await wake(stage, stage.now + HOUR)
    assert (await bob.call("Snooze/get", ids=None))["list"] == []


async def test_it_comes_to_the_inbox_when_its_mailbox_is_gone(stage: JmapStage) -> None:
    bob, box, email = await begin(stage)
    told = await bob.call("Mailbox/set", create={"k": {"name": "Bottles"}})
    bottles = told["created"]["k"]["id"]
    await bob.call("Email/set", update={email: {"mailboxIds": {bottles: True}}})
    await snooze(bob, emailId=email, until=date(stage.now + HOUR))
    await bob.call("Mailbox/set", destroy=[bottles])
    await wake(stage, stage.now + HOUR)
    assert await look(bob, email) == ({box["inbox"]}, False)


async def test_a_full_account_keeps_nobody_elses_asleep(stage: JmapStage) -> None:
    bob, box, email = await begin(stage)
    await bob.call("Email/set", update={email: {f"mailboxIds/{box['archive']}": True}})
    await snooze(bob, emailId=email, until=date(stage.now + HOUR))
    alice = stage.jmap(ALICE)
    await alice.call("Mailbox/set", create={"k": {"name": "Snoozed", "role": "snoozed"}})
    await stage.deliver(address=ALICE)
    (hers,) = (await alice.call("Email/query"))["ids"]
    await snooze(alice, emailId=hers, until=date(stage.now + 2 * HOUR))
    full = "UPDATE accounts SET quota_msgs = used_msgs WHERE account_id = $1"
    await stage.store.engine.write(lambda tx: tx.execute(full, stage.logins.people[BOB]))
    assert await wake(stage, stage.now + 2 * HOUR) > 0
    there, _ = await look(alice, hers)
    assert there == set((await alice.call("Mailbox/query", filter={"role": "inbox"}))["ids"])
    assert await look(bob, email) == ({box["inbox"]}, False)


async def test_what_cannot_be_put_aside(stage: JmapStage) -> None:
    bob, box, email = await begin(stage)
    soon = date(stage.now + HOUR)
    for given, wrong in (
        ({"emailId": email, "until": date(stage.now - HOUR)}, "until"),
        ({"emailId": email, "until": "tomorrow"}, "until"),
        ({"emailId": email, "until": date(stage.now + 100_000 * HOUR)}, "until"),
        ({"emailId": "M1", "until": soon}, "emailId"),
        ({"until": soon}, "emailId"),
        ({"emailId": email, "until": soon, "mailboxId": "F1"}, "mailboxId"),
        ({"emailId": email, "until": soon, "mailboxId": box["snoozed"]}, "mailboxId"),
        ({"emailId": email, "until": soon, "mailboxId": box["sent"]}, "emailId"),
        ({"emailId": email, "until": soon, "more": 1}, "more"),
    ):
        error = await snooze(bob, **given)
        assert (error["type"], error["properties"]) == ("invalidProperties", [wrong]), given
    assert await look(bob, email) == ({box["inbox"]}, True)
    alice = stage.jmap(ALICE)
    assert (await bob.error("Snooze/get", accountId=alice.account, ids=None))["type"] == "accountNotFound"
    await stage.deliver(address=ALICE)
    (hers,) = (await alice.call("Email/query"))["ids"]
    error = await snooze(alice, emailId=hers, until=soon)
    assert error["type"] == "forbidden"
    assert "snoozed" in error["description"]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_what_is_postponed_when_its_time_has_just_come_stays_aside(stage: JmapStage) -> None:
    bob, box, email = await begin(stage)
    until = stage.now + HOUR
    await snooze(bob, emailId=email, until=date(until), mailboxId=box["inbox"])
    owner = (stage.logins.people[BOB], parse_id(IdKind.EMAIL, email) or 0)
    later = partial(snoozing.postpone, owner=owner, until=until + HOUR)
    await behind(stage.store.engine, later, lambda: snoozing.wake(stage.store.engine, until))
    assert await look(bob, email) == ({box["snoozed"]}, True)
    assert await wake(stage, until + HOUR) > 0
