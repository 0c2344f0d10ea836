"""What is done with one mailbox does not look at all others."""

from typing import Any

from counted_rows import CountedRows
from jmap_stage import JmapStage


async def test_one_mailbox_costs_the_same_however_many_there_are(stage: JmapStage, monkeypatch: Any) -> None:
    bob = stage.jmap()
    await bob.call("Mailbox/set", create={f"c{number}": {"name": f"n{number}"} for number in range(100)})
    state = (await bob.call("Mailbox/get", ids=[]))["state"]
    counted = CountedRows(stage.store.engine.reading())
    monkeypatch.setattr(stage.store.engine, "reading", lambda: counted)

    made = await bob.call("Mailbox/set", create={"c": {"name": "one more"}})
    mailbox_id = made["created"]["c"]["id"]
    await bob.call("Mailbox/set", update={mailbox_id: {"name": "another name", "isSubscribed": False}})
    await bob.call("Mailbox/get", ids=[mailbox_id])
    assert (await bob.call("Mailbox/changes", sinceState=state))["created"] == [mailbox_id]
    await bob.call("Email/query", filter={"inMailbox": mailbox_id})
    assert len(counted.read) < 20
