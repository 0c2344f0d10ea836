"""Who is in which maildrop, and since when: LOGIN-DELAY, and how many sessions one account may hold.

RFC 2449 §6.5 and §8.1.1 (LOGIN-DELAY), §8.1.2 (IN-USE). One per service and process: another node of the same system counts for itself. Not
here: failed logins (`store.login.login` slows those down).
"""

from __future__ import annotations

from postroom.proto.pop3.events import Code
from postroom.serve.presence import Presence
from postroom.store.mailboxes.rights import is_visitor

MOST_SESSIONS = 20  # of one account at a time: a few devices, and what they left hanging
MOST_REMEMBERED = 10_000  # accounts; the one that came longest ago is forgotten first


class Visits:
    """Counts sessions by account and remembers when each came last. `delay` is in seconds, 0 for none."""

    def __init__(self, delay: int = 0, most_sessions: int = MOST_SESSIONS) -> None:
        self.delay = delay
        self._presence = Presence(most_sessions)
        self._came: dict[int, int] = {}  # account: unix microseconds, oldest first

    def enter(self, account_id: int, now: int) -> Code:
        """Counts a session that has proved who it is; a code other than NONE says why it may not begin, and it is not counted."""
        if not self._presence.enter(account_id):
            return Code.IN_USE
        if is_visitor(account_id):  # each is another person
            return Code.NONE
        if self.delay and 0 <= now - self._came.get(account_id, -(1 << 62)) < self.delay * 1_000_000:
            self._presence.leave(account_id)
            return Code.LOGIN_DELAY
        if self.delay:
            self._came.pop(account_id, None)
            self._came[account_id] = now
            if len(self._came) > MOST_REMEMBERED:
                del self._came[next(iter(self._came))]
        return Code.NONE

    def leave(self, account_id: int) -> None:
        """A session that had entered is over."""
        self._presence.leave(account_id)
