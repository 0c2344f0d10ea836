"""Submissions of users who listen are followed without being asked for: what has become of them is news, too.

RFC 8621 §7 (deliveryStatus), RFC 8620 §7.1. Not here: how a submission is followed (`serve.jmap.submission.submission_records`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from postroom.serve.jmap.methods.call import Call, JmapService, Visitor
from postroom.serve.jmap.submission.submission_records import KIND, follow
from postroom.store.emails import emails
from postroom.store.records import records
from postroom.store.records.records import Kind

FOLLOW_SECONDS: Final = 30.0  # between two looks at the submissions of those who listen


class Following:
    """All of a process: `look` is called every `FOLLOW_SECONDS`. `pushed`: accounts that are told by push services."""

    def __init__(self, service: Callable[[], JmapService], pushed: Callable[[], Collection[int]]) -> None:
        self._service = service
        self._pushed = pushed
        # States of submissions and emails before a look behind which nothing was waited for any more.
        self._quiet: dict[int, tuple[int, int]] = {}

    async def look(self) -> bool:
        """Follows the submissions of everybody for whom something has changed or is waited for."""
        service = self._service()
        there = {*service.audience.accounts, *self._pushed()}
        self._quiet = {key: states for key, states in self._quiet.items() if key in there}
        for account_id in there:
            call = Call(service, Visitor(account_id, ""))
            states = (
                await records.state(call.reading, Kind(account_id, KIND)),
                await emails.newest(call.reading, account_id),
            )
            if self._quiet.get(account_id) == states:
                continue
            if await follow(call, account_id):
                self._quiet.pop(account_id, None)
            else:
                self._quiet[account_id] = states
        return False
