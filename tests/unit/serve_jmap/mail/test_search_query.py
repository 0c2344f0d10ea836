"""SearchQuery/parse over a real store."""

import pytest

from jmap_stage import ALICE, BOB, JmapStage
from postroom.serve.jmap.mail import search_query


async def test_a_query_becomes_a_filter_that_finds(stage: JmapStage) -> None:
    bob = stage.jmap(BOB)
    boxes = {
        one["role"] or one["name"]: one["id"] for one in (await bob.call("Mailbox/get", ids=None))["list"]
    }
    told = await bob.call(
        "SearchQuery/parse", text='in:Inbox -is:read from:"Alice A" OR 😀x', timeZone="Europe/Berlin"
    )
    assert told["errors"] == []
    assert told["text"] == 'in:Inbox -is:read {from:"Alice A" 😀x}'
    assert told["filter"]["conditions"][0] == {"inMailbox": boxes["inbox"]}
    assert [(one["operator"], one["value"], one["negated"]) for one in told["terms"]] == [
        ("in", "Inbox", False), ("is", "read", True), ("from", "Alice A", False), ("", "😀x", False),
    ]  # fmt: skip
    assert (told["terms"][3]["start"], told["terms"][3]["end"]) == (36, 39)  # as JavaScript counts
    assert told["terms"][1]["meaning"] == "is read"
    await bob.call("Email/query", filter=told["filter"])
    assert (await bob.call("SearchQuery/parse", text=""))["filter"] is None


async def test_mistakes_are_told_with_place_and_remedy(stage: JmapStage) -> None:
    bob = stage.jmap(BOB)
    told = await bob.call("SearchQuery/parse", text="😀 in:inbocks")
    assert (told["filter"], told["text"]) == (None, "😀 in:inbocks")
    error = told["errors"][0]
    assert (error["type"], error["start"], error["end"]) == ("notAnswered", 3, 13)
    assert (
        error["remedy"] == "perhaps inbox or Inbox is meant".replace(" or Inbox", "")
        or "inbox" in error["remedy"]
    )
    told = await bob.call("SearchQuery/parse", text="form:x")
    assert (told["filter"], told["text"], told["errors"][0]["type"]) == (None, None, "operator")
    error = await bob.error("SearchQuery/parse", text="x", timeZone="../etc/passwd")
    assert (error["type"], error["arguments"]) == ("invalidArguments", ["timeZone"])


async def test_so_many_names_are_compared_and_no_more(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ten thousand mailboxes each mistake would take seconds."""
    bob = stage.jmap(BOB)
    await bob.call("Mailbox/set", create={"a": {"name": "Work"}, "b": {"name": "Play", "parentId": "#a"}})
    there = len((await bob.call("Mailbox/get", ids=None))["list"])
    for most, remedies in ((100, 2), (there + 6, 1), (1, 0)):
        monkeypatch.setattr(search_query, "MOST_COMPARED", most)
        told = await bob.call("SearchQuery/parse", text="in:wrok/play under:Wrok/Play")
        assert len(told["errors"]) == 2
        assert sum("Work/Play" in one["remedy"] for one in told["errors"]) == remedies, most


async def test_what_lies_below_is_found_at_any_depth(stage: JmapStage) -> None:
    bob = stage.jmap(BOB)
    made = await bob.call(
        "Mailbox/set",
        create={
            "a": {"name": "Work"},
            "b": {"name": "x", "parentId": "#a"},
            "c": {"name": "y", "parentId": "#b"},
            "d": {"name": "Workshop"},
        },
    )
    ids = {one: made["created"][one]["id"] for one in "abc"}
    told = await bob.call("SearchQuery/parse", text="under:work")
    assert sorted(one["inMailbox"] for one in told["filter"]["conditions"]) == sorted(ids.values())


async def test_others_accounts_are_nobody_elses(stage: JmapStage) -> None:
    alice = stage.jmap(ALICE)
    bob = stage.jmap(BOB)
    assert (await bob.error("SearchQuery/parse", accountId=alice.account, text="x"))[
        "type"
    ] == "accountNotFound"
    session = (await bob.http("GET", "/jmap/session")).json
    assert (
        session["accounts"][bob.account]["accountCapabilities"]["urn:postroom:params:jmap:webmail"][
            "maxQueryTerms"
        ]
        == 50
    )
