"""How many sessions each account has: a client that opens them without end gets no more.

RFC 5530 §3 (LIMIT of IMAP), RFC 2449 §8.1.2 (IN-USE of POP3). One per service and process: another process of the same system counts for itself. Not here: connections of one address
(`net.gate`), failed logins (`store.login.login`).
"""

from __future__ import annotations

from typing import Final

from postroom.store.mailboxes.rights import is_visitor

MOST_SESSIONS: Final = 16  # of one account at a time: a few devices with a few mailboxes open each; 0 in the settings is no limit

VISITORS: Final = (
    16  # times as many anonymous users may visit an account; each address has few connections (`net.gate`)
)


class Presence:
    """Counts sessions by account; `most` 0 is no limit. Visitors of an account (RFC 4505) count apart from its sessions."""

    def __init__(self, most: int = MOST_SESSIONS) -> None:
        self._most = most
        self._open: dict[int, int] = {}

    def enter(self, account_id: int) -> bool:
        """Counts a session that has proved who it is; False when there are as many as there may be, and then it is not counted."""
        here = self._open.get(account_id, 0)
        if 0 < self._most * (VISITORS if is_visitor(account_id) else 1) <= here:
            return False
        self._open[account_id] = here + 1
        return True

    def leave(self, account_id: int) -> None:
        """A session that had entered is over."""
        left = self._open.get(account_id, 0) - 1
        if left > 0:
            self._open[account_id] = left
        else:
            self._open.pop(account_id, None)
