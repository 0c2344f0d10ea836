"""What happens in a lab, told to whoever watches: the operation behind `postroom lab --watch` and others.

Not here: what there is to tell (`lab.heard.feed`), how it is shown.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from postroom.app.control import OperationError
from postroom.lab.heard.explained import Explained

WATCH = "watch"


async def told(explained: Explained, arguments: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """The operation: happenings after the number `since` (without it, what comes from now on), with their meanings where `explain` is asked for, and with
    `follow` those that come, for ever."""
    feed, explain = explained.feed, arguments.get("explain", False)
    since, follow = arguments.get("since", feed.last), arguments.get("follow", False)
    if not isinstance(since, int):
        raise OperationError("since is the number of a happening")
    while True:
        for happening in await feed.after(since) if follow else feed.since(since):
            since = happening.seq
            yield explained.record(happening) if explain else msgspec.to_builtins(happening)
        if not follow:
            return
