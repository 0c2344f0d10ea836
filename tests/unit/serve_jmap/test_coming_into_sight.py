"""What a mailbox that is shared, or no longer is, changes for who sees it (RFC 8620 §5.2)."""

from typing import Any

import pytest

from book_house import CAROL, who
from jmap_stage import BOB, JmapClient, JmapStage


async def made(bob: JmapClient, **given: Any) -> str:
    told = await bob.call("Mailbox/set", create={"m": given})
    return told["created"]["m"]["id"]  # type: ignore[no-any-return]


async def show(stage: JmapStage, mailbox: str, *, to_carol: bool = True) -> None:
    given = {"mayReadItems": True} if to_carol else None
    told = await stage.jmap(BOB).call(
        "Mailbox/set", update={mailbox: {f"shareWith/{who(stage, CAROL)}": given}}
    )
    assert told["updated"], told


async def test_its_emails(stage: JmapStage) -> None:
    await stage.move_in(CAROL)
    bob, carol = stage.jmap(BOB), stage.jmap(CAROL)
    known, other = await made(bob, name="known"), await made(bob, name="other")
    await show(stage, known)
    await stage.deliver(b"Message-ID: <1@a>\r\nSubject: x\r\n\r\nx")
    (email,) = (await bob.call("Email/query"))["ids"]
    await bob.call("Email/set", update={email: {"mailboxIds": {other: True}}})
    there = {"accountId": bob.account}
    for visible in (True, False):
        states = {
            kind: (await carol.call(f"{kind}/get", ids=[], **there))["state"] for kind in ("Email", "Thread")
        }
        query = (await carol.call("Email/query", **there))["queryState"]
        await show(stage, other, to_carol=visible)
        assert (await carol.call("Email/query", **there))["ids"] == [email] * visible
        for kind, state in states.items():
            assert (await carol.call(f"{kind}/get", ids=[], **there))["state"] != state
            refused = await carol.error(f"{kind}/changes", sinceState=state, **there)
            assert refused["type"] == "cannotCalculateChanges"
        refused = await carol.error("Email/queryChanges", sinceQueryState=query, **there)
        assert refused["type"] == "cannotCalculateChanges"
    own = (await bob.call("Email/get", ids=[]))["state"]
    await show(stage, other)
    assert (await bob.call("Email/changes", sinceState=own))[
        "newState"
    ]  # whose account it is sees all of it always


async def test_an_email_that_is_moved_into_sight_is_new(stage: JmapStage) -> None:
    await stage.move_in(CAROL)
    bob, carol = stage.jmap(BOB), stage.jmap(CAROL)
    boxes = {name: await made(bob, name=name) for name in ("shown", "also", "hidden")}
    await show(stage, boxes["shown"])
    await show(stage, boxes["also"])
    await stage.deliver(b"Message-ID: <1@a>\r\nSubject: x\r\n\r\nx")
    (email,) = (await bob.call("Email/query"))["ids"]
    there = {"accountId": bob.account}

    async def told(*places: str, **more: Any) -> list[str]:
        """How Carol is told that Bob has moved it."""
        states = {
            kind: (await carol.call(f"{kind}/get", ids=[], **there))["state"] for kind in ("Email", "Thread")
        }
        for place in places:
            await bob.call("Email/set", update={email: {"mailboxIds": {boxes[place]: True}}})
        if more:
            await bob.call("Email/set", update={email: more})
        found = []
        for kind, state in states.items():
            changes = await carol.call(f"{kind}/changes", sinceState=state, **there)
            found += [name for name in ("created", "updated", "destroyed") if changes[name]] or [""]
        return found

    assert await told("shown") == ["created", "created"]
    assert await told(**{"keywords/$flagged": True}) == ["updated", ""]
    assert await told("also") == ["updated", ""]
    assert await told("hidden") == ["destroyed", "destroyed"]
    assert await told("shown", "also", **{"keywords/$flagged": None}) == ["created", "created"]
    assert await told(**{"keywords/$flagged": True}) == ["updated", ""]


async def test_an_email_that_is_copied_into_sight_is_new(stage: JmapStage) -> None:
    """And one that a program without MOVE copies there, and expunges where it was."""
    await stage.move_in(CAROL)
    bob, carol, imap = stage.jmap(BOB), stage.jmap(CAROL), await stage.user()
    boxes = {name: await made(bob, name=name) for name in ("shown", "also", "hidden")}
    await show(stage, boxes["shown"])
    await show(stage, boxes["also"])
    there = {"accountId": bob.account}

    async def told(*commands: str) -> list[str]:
        """How Carol is told of what Bob's program does."""
        states = {
            kind: (await carol.call(f"{kind}/get", ids=[], **there))["state"] for kind in ("Email", "Thread")
        }
        for command in commands:
            await imap.ok(command)
        found = []
        for kind, state in states.items():
            changes = await carol.call(f"{kind}/changes", sinceState=state, **there)
            found += [name for name in ("created", "updated", "destroyed") if changes[name]] or [""]
        return found

    for expunged in ((), ("STORE 1 +FLAGS (\\Deleted)", "EXPUNGE")):
        await stage.deliver(b"Message-ID: <1@a>\r\nSubject: x\r\n\r\nx")
        await imap.ok("SELECT INBOX")
        await imap.ok("MOVE 1 hidden")
        await imap.ok("SELECT hidden")
        assert await told("COPY 1 shown", *expunged) == ["created", "created"]
        await imap.ok("SELECT shown")
        assert await told("COPY 1 also") == ["updated", ""]
        assert await told("STORE 1 +FLAGS (\\Flagged)") == ["updated", ""]
        assert await told("STORE 1 +FLAGS (\\Deleted)", "EXPUNGE") == ["updated", ""]
        await imap.ok("SELECT also")
        assert await told("STORE 1 +FLAGS (\\Deleted)", "EXPUNGE") == ["destroyed", "destroyed"]
        await imap.ok("SELECT hidden")
        await imap.ok("STORE 1:* +FLAGS (\\Deleted)")
        await imap.ok("EXPUNGE")


async def test_an_email_that_is_no_longer_deleted_is_there_again(stage: JmapStage) -> None:
    """RFC 8621 §4.1.1: what is \\Deleted does not exist."""
    bob, imap = stage.jmap(BOB), await stage.user()
    for number in b"123":
        head = b"Message-ID: <%d@a>\r\nReferences: <49@a>\r\n" % number
        await stage.deliver(head + b"Subject: x\r\n\r\nx")
    first, second, third = sorted((await bob.call("Email/query"))["ids"])
    (thread,) = (await bob.call("Thread/get", ids=None))["list"]
    await imap.ok("SELECT INBOX")

    async def told(*commands: str) -> list[Any]:
        """What is created, updated and destroyed; whether the thread is."""
        states = {kind: (await bob.call(f"{kind}/get", ids=[]))["state"] for kind in ("Email", "Thread")}
        for command in commands:
            await imap.ok(command)
        kinds = ("created", "updated", "destroyed")
        emails = await bob.call("Email/changes", sinceState=states["Email"])
        threads = await bob.call("Thread/changes", sinceState=states["Thread"])
        return [*(sorted(emails[kind]) for kind in kinds), [kind for kind in kinds if threads[kind]]]

    deletes, gives_back = "STORE 1 +FLAGS (\\Deleted)", "STORE 1 -FLAGS (\\Deleted)"
    assert await told(deletes) == [[], [], [first], ["updated"]]
    assert await told(gives_back, "STORE 2 +FLAGS (\\Seen)") == [[first], [second], [], ["updated"]]
    assert await told("STORE 1:3 +FLAGS (\\Deleted)") == [[], [], [first, second, third], ["destroyed"]]
    assert await told("STORE 2:3 FLAGS (\\Seen)") == [[second, third], [], [], ["created"]]
    assert await told("STORE 2 +FLAGS (\\Flagged)") == [[], [second], [], []]
    assert await told(
        "STORE 2 +FLAGS (\\Deleted)", "STORE 2 -FLAGS (\\Deleted)", "STORE 2 +FLAGS (\\Deleted)"
    ) == [[], [], [second], ["updated"]]
    await imap.ok("COPY 3 Archive")
    await imap.ok("STORE 3 +FLAGS (\\Deleted)")
    assert await told("STORE 3 -FLAGS (\\Deleted)") == [[], [third], [], []]  # it was there in Archive
    assert thread["emailIds"] == [first, second, third]


async def test_what_lies_in_it(stage: JmapStage) -> None:
    await stage.move_in(CAROL)
    bob, carol = stage.jmap(BOB), stage.jmap(CAROL)
    above = await made(bob, name="above")
    below = await made(bob, name="below", parentId=above)
    await show(stage, below)
    there = {"accountId": bob.account}
    for visible in (True, False):
        state = (await carol.call("Mailbox/get", ids=[], **there))["state"]
        await show(stage, above, to_carol=visible)
        (now,) = (await carol.call("Mailbox/get", ids=[below], **there))["list"]
        assert now["parentId"] == (above if visible else None)
        told = await carol.call("Mailbox/changes", sinceState=state, **there)
        assert below in told["updated"]
        assert told["updatedProperties"] is None


@pytest.mark.parametrize("visible", [True, False])
@pytest.mark.parametrize("asked", ["top", "above", "tree"])
async def test_a_query_for_what_lies_in_it(stage: JmapStage, asked: str, visible: bool) -> None:
    """RFC 8620 §5.6: what is added where something was removed leads to the query."""
    await stage.move_in(CAROL)
    bob, carol = stage.jmap(BOB), stage.jmap(CAROL)
    carol.account = bob.account
    above = await made(bob, name="z")
    for name, parent in (("below", above), ("n", None)):
        await show(stage, await made(bob, name=name, parentId=parent))
    await show(stage, above, to_carol=not visible)
    parent_id = {"top": {"parentId": None}, "above": {"parentId": above}}
    given: dict[str, Any] = {"filter": parent_id[asked]} if asked != "tree" else {"sortAsTree": True}
    before = await carol.call("Mailbox/query", **given)
    await show(stage, above, to_carol=visible)
    now = await carol.call("Mailbox/query", **given)
    told = await carol.call("Mailbox/queryChanges", sinceQueryState=before["queryState"], **given)
    ids = [one for one in before["ids"] if one not in told["removed"]]
    for one in told["added"]:
        ids.insert(one["index"], one["id"])
    assert ids == now["ids"] != before["ids"]


async def test_a_query_for_subscriptions(stage: JmapStage) -> None:
    """RFC 8620 §5.5: a subscription to another's mailbox is no change of his account."""
    await stage.move_in(CAROL)
    bob, carol = stage.jmap(BOB), stage.jmap(CAROL)
    box = await made(bob, name="shown")
    await show(stage, box)
    conditions = [{"isSubscribed": True}, {"name": "shown"}]
    asked: dict[str, Any] = {"filter": {"operator": "AND", "conditions": conditions}}
    for client, owns in ((bob, True), (carol, False)):
        given = {"accountId": bob.account, **asked}
        before = await client.call("Mailbox/query", **given)
        assert before["canCalculateChanges"] is owns
        await client.call("Mailbox/set", accountId=bob.account, update={box: {"isSubscribed": False}})
        await client.call("Mailbox/set", accountId=bob.account, update={box: {"isSubscribed": True}})
        name, told = await client.answer(
            "Mailbox/queryChanges", sinceQueryState=before["queryState"], **given
        )
        assert (name, told.get("type")) == (
            ("Mailbox/queryChanges", None) if owns else ("error", "cannotCalculateChanges")
        )
