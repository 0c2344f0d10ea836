"""New mail is what was not there before; a feed says when to look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from postroom.agent.accounts import Account
from postroom.agent.exits import Exit, ServerFailed
from postroom.agent.mailbox import Entry
from postroom.agent.watching import News, Rounds


class Box:
    """A mailbox whose contents are given."""

    def __init__(self, *uids: str) -> None:
        self.uids = uids
        self.ended = ""

    async def entries(self) -> list[Entry]:
        if "broken" in self.uids:
            raise ServerFailed("broken", Exit.MAILBOX)
        return [Entry(number, uid, 1) for number, uid in enumerate(self.uids, 1)]

    async def headers(self, numbers: Sequence[int]) -> list[bytes]:
        return [f"Subject: {self.uids[number - 1]}\r\n\r\n".encode() for number in numbers]

    async def close(self) -> None:
        self.ended = "closed"

    async def drop(self) -> None:
        self.ended = "dropped"


async def test_new_is_what_was_not_there_before() -> None:
    boxes = [Box("a", "b"), Box("a", "b", "c"), Box("c"), Box("c", "d", "e")]
    waiting = iter(boxes)

    async def open_mailbox() -> Any:
        return next(waiting)

    rounds = Rounds(open_mailbox)
    found = [[arrival.entry.uid for arrival in await rounds.look()] for _ in boxes]
    assert found == [[], ["c"], [], ["d", "e"]]
    assert {box.ended for box in boxes} == {"closed"}


async def test_a_look_that_fails_forgets_nothing() -> None:
    boxes = [Box("a"), Box("broken"), Box("a", "b")]
    waiting = iter(boxes)

    async def open_mailbox() -> Any:
        return next(waiting)

    rounds = Rounds(open_mailbox)
    await rounds.look()
    with pytest.raises(ServerFailed):
        await rounds.look()
    assert boxes[1].ended == "dropped"
    assert [arrival.header for arrival in await rounds.look()] == [b"Subject: b\r\n\r\n"]


class Teller:
    """A feed."""

    def watch(self, control: Path, address: str, username: str, password: str) -> Iterator[dict[str, Any]]:
        assert (str(control), address, username, password) == ("/c", "a@b.test", "a@b.test", "secret")
        yield {"event": "alive"}
        yield {"event": "shown"}
        yield {"event": "added"}


def test_a_feed_tells_what_is_news() -> None:
    news = News(Teller(), Account("a@b.test", control="/c", password="secret"))
    assert [news.wait(10.0), news.wait(10.0)] == [{"event": "shown"}, {"event": "added"}]
    assert news.wait(0.001) is None


@pytest.mark.parametrize(("feed", "control"), [(None, "/c"), (Teller(), "")])
def test_without_a_feed_time_passes(feed: Any, control: str) -> None:
    assert News(feed, Account("a@b.test", control=control)).wait(0.001) is None
