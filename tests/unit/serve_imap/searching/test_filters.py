"""FILTER: searches under a name."""

import pytest

from imap_stage import Client, ImapStage
from postroom.proto.imap.search_keys import MAX_KEYS


async def _store(client: Client, name: str, value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    await client.ok(f'SETMETADATA "" (/private/filters/values/{name} "{escaped}")')


@pytest.fixture
async def bob(stage: ImapStage) -> Client:
    await stage.deliver(b"Subject: ketchup\r\n\r\none\r\n")
    await stage.deliver(b"Subject: pickles\r\n\r\ntwo\r\n", flags=1)
    await stage.deliver(b"Subject: Gr\xc3\xbc\xc3\x9fe\r\n\r\nthree\r\n")
    return await stage.user(select="INBOX")


async def test_a_filter_is_the_search_that_it_names(bob: Client) -> None:
    await _store(bob, "mine", 'OR SUBJECT "ketchup" SEEN')
    assert await bob.ok("SEARCH FILTER mine") == ["* SEARCH 1 2"]
    assert await bob.ok("SEARCH NOT FILTER MINE") == ["* SEARCH 3"]
    assert await bob.ok("SEARCH 2:3 FILTER mine") == ["* SEARCH 2"]
    await _store(bob, "greeting", "SUBJECT grüße".replace("grüße", '"grüße"'))
    assert await bob.ok("SEARCH FILTER greeting") == ["* SEARCH 3"]
    await _store(bob, "several", "UNSEEN SUBJECT ketchup")
    assert await bob.ok("SEARCH OR FILTER several SEEN") == ["* SEARCH 1 2"]
    assert await bob.ok("SORT (REVERSE ARRIVAL SUBJECT) UTF-8 FILTER several") == ["* SORT 1"]


async def test_filters_in_filters(bob: Client) -> None:
    await _store(bob, "one", "SEEN")
    await _store(bob, "two", "NOT FILTER one")
    await _store(bob, "three", "FILTER two SUBJECT ketchup")
    assert await bob.ok("SEARCH FILTER three") == ["* SEARCH 1"]
    await _store(bob, "four", "FILTER three")
    assert (await bob.say("x SEARCH FILTER four"))[-1].startswith("x NO [UNDEFINED-FILTER one]")


@pytest.mark.parametrize("value", ["OR SEEN", "NONSENSE", "FILTER wrong", "(SEEN"])
async def test_what_is_no_search(bob: Client, value: str) -> None:
    await _store(bob, "wrong", value)
    assert (await bob.say("x SEARCH FILTER wrong"))[-1].startswith("x NO [UNDEFINED-FILTER wrong]")
    assert (await bob.say("x SEARCH FILTER missing"))[-1].startswith("x NO [UNDEFINED-FILTER missing]")
    assert (await bob.say("x SEARCH FILTER a/b"))[-1].startswith("x BAD")


async def test_charsets(bob: Client) -> None:
    await _store(bob, "mine", "SEEN")
    assert await bob.ok("SEARCH CHARSET us-ascii FILTER mine") == ["* SEARCH 2"]
    assert (await bob.say("x SEARCH CHARSET KOI8-R FILTER mine"))[-1].startswith("x BAD [BADCHARSET (")


async def test_what_filters_make_of_a_search_is_bounded(bob: Client) -> None:
    await _store(bob, "wide", " ".join(["SEEN"] * (MAX_KEYS // 2)))
    await bob.ok("SEARCH FILTER wide")
    assert (await bob.say("x SEARCH FILTER wide FILTER wide"))[-1].startswith("x NO [LIMIT]")
    await _store(bob, "deep", "NOT " * 60 + "SEEN")
    await bob.ok("SEARCH FILTER deep")
    assert (await bob.say("x SEARCH " + "NOT " * 60 + "FILTER deep"))[-1].startswith("x NO [LIMIT]")
