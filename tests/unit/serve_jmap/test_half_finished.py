"""Drafts whose recipients are not finished (RFC 8621 §4.1.2.3)."""

from typing import Any

import pytest

from jmap_stage import JmapClient, JmapStage


async def draft(client: JmapClient, **given: Any) -> dict[str, Any]:
    """What was made, or the SetError."""
    box = (await client.call("Mailbox/get", ids=None))["list"][0]["id"]
    told = await client.call("Email/set", create={"k": {"mailboxIds": {box: True}, **given}})
    return told["created"]["k"] if told["created"] else told["notCreated"]["k"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", [None, "Bob", 'B, "C" \\', "é"])
@pytest.mark.parametrize("email", ["ali", "", "a]", "a@", "@b", "a@b@c", "a\\b", "é"])
async def test_a_recipient_who_is_not_finished(stage: JmapStage, name: str | None, email: str) -> None:
    """RFC 8621 §4.1.2.3: semi-complete drafts come back as they were given, and can be saved again."""
    bob = stage.jmap()
    given = [{"name": name, "email": email}, {"name": None, "email": "next@b.test"}]
    forms = ["to", "header:To:asAddresses"]
    for form in forms:
        made = await draft(bob, **{form: given})
        got = (await bob.call("Email/get", ids=[made["id"]], properties=forms))["list"][0]
        assert [got[one] for one in forms] == [given, given]


@pytest.mark.parametrize("name", [None, "Bob"])
@pytest.mark.parametrize("email", ["a(b", 'a"b', "[a", "(a@b", 'a"b@c', "a@[b", "a@b("])
async def test_a_recipient_who_would_swallow_the_next_is_refused(
    stage: JmapStage, name: str | None, email: str
) -> None:
    given = {"to": [{"name": name, "email": email}, {"name": None, "email": "next@b.test"}]}
    assert (await draft(stage.jmap(), **given))["properties"] == ["to"]
