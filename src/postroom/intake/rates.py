"""How much may come in an hour: counted for each client's network, for each account, for each recipient of reports, for each signature.

RFC 5321 §7.8 (a server may limit what it takes from one client), §6.2 (a flood of reports about mail that one never sent). Each count is one
process's own. Not here: connections (`net.gate`), failed logins (`store.login.throttle`).
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Callable, Mapping

from postroom.message.errors import TooFast

MOST_COUNTED = 100_000  # clients, accounts and recipients that are remembered
_HOUR = 3600.0


class Counted(enum.Enum):
    """What is counted, as a refusal says it."""

    MESSAGES = "messages from {}"
    RECIPIENTS = "recipients from {}"
    UNKNOWN = "unknown recipients from {}"
    SENT = "recipients of messages by {}"
    BOUNCES = "delivery reports for {}"
    COPIES = "copies of one message signed by {}"


class Rates:
    """Limits for an hour, 0 or absent for none. `now` gives monotonic seconds."""

    def __init__(self, limits: Mapping[Counted, int], now: Callable[[], float]) -> None:
        self._limits = {what: most for what, most in limits.items() if most}
        self._now = now
        self._left: OrderedDict[tuple[Counted, str], tuple[float, float]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._limits)

    def __len__(self) -> int:
        return len(self._left)

    def check(self, what: Counted, who: str) -> None:
        """Raises `TooFast` when all of an hour's is used up; takes nothing."""
        most = self._limits.get(what)
        if most and self._now_left(what, who, most) < 1:
            raise TooFast(
                f"Too many {what.value.format(who)}: at most {most} an hour are taken, try again later",
                detail=f"limit {what.name.lower()}",
            )

    def count(self, what: Counted, who: str) -> None:
        """Takes one, even where none is left."""
        most = self._limits.get(what)
        if most:
            left = self._now_left(what, who, most)
            self._left[what, who] = (max(0.0, left - 1), self._now())
            self._left.move_to_end((what, who))
            if len(self._left) > MOST_COUNTED:
                self._left.popitem(last=False)

    def take(self, what: Counted, who: str) -> None:
        """`check`, then `count`."""
        self.check(what, who)
        self.count(what, who)

    def _now_left(self, what: Counted, who: str, most: int) -> float:
        left, at = self._left.get((what, who), (float(most), 0.0))
        return min(most, left + (self._now() - at) / _HOUR * most)
