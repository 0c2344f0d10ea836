"""Waits for new mail: asks now and then, and at once when a server of this machine says that there is something.

RFC 1939 knows no news, so that the mailbox is opened again and again and its uids compared. RFC 821 §3.4: a message that is to be shown at once
comes over the feed, and is shown although it may also be filed. Not here: the feed itself, which whoever starts the command provides.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec

from postroom.agent.accounts import Account
from postroom.agent.mailbox import Entry, Mailbox

Open = Callable[[], Awaitable[Mailbox]]


class Feed(Protocol):
    """What tells of an account's news; see the operation `watch` of a server."""

    def watch(self, control: Path, address: str, username: str, password: str) -> Iterator[dict[str, Any]]:
        """Records with `event` (added, shown, alive) and for `shown` with `content`; ends when nothing can be told."""


class Arrival(msgspec.Struct, frozen=True):
    """A new message's place and header."""

    entry: Entry
    header: bytes


class Rounds:
    """Looks for messages that were not there the last time. The first look finds what is there already, and shows none of it."""

    def __init__(self, open_mailbox: Open) -> None:
        self._open = open_mailbox
        self._seen: set[str] | None = None

    async def look(self) -> list[Arrival]:
        """The messages that came since the last look, oldest first."""
        mailbox = await self._open()
        try:
            entries = await mailbox.entries()
            new = [] if self._seen is None else [one for one in entries if one.uid not in self._seen]
            headers = await mailbox.headers([one.number for one in new]) if new else []
            await mailbox.close()
        except BaseException:
            await mailbox.drop()
            raise
        self._seen = {one.uid for one in entries}
        return [Arrival(entry, header) for entry, header in zip(new, headers, strict=True)]


class News:
    """Records of a feed, gathered by a thread that dies with the program. `wait` gives one, or None when it is time to look.

    Whoever has another place for them gives `put`, which is called by that thread.
    """

    def __init__(
        self, feed: Feed | None, account: Account, put: Callable[[dict[str, Any]], object] | None = None
    ) -> None:
        self._records: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._put = put or self._records.put
        if feed is not None and account.control:
            secret = account.secret()
            threading.Thread(target=self._gather, args=(feed, account, secret), daemon=True).start()

    def wait(self, seconds: float) -> dict[str, Any] | None:
        """The next record that is news, within this time."""
        try:
            while (record := self._records.get(timeout=seconds)).get("event") == "alive":
                continue
        except queue.Empty:
            return None
        return record

    def _gather(self, feed: Feed, account: Account, secret: str) -> None:
        for record in feed.watch(Path(account.control), account.address, account.login_name, secret):
            self._put(record)
