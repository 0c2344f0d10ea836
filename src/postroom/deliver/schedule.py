"""When a message that could not be sent is tried again, and when its sender hears of it.

RFC 5321 §4.5.4.1 (retry at least half-hourly at first is too often for a dead peer; give up after 4 to 5 days), RFC 3464 (delayed).
Pure: chance is an argument. Not here: leases and rows.
"""

from __future__ import annotations

import msgspec

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Schedule(msgspec.Struct, frozen=True):
    """Seconds. `waits` are the pauses after the first, second, ... failed attempt; the last one repeats."""

    waits: tuple[int, ...] = (
        5 * MINUTE,
        10 * MINUTE,
        20 * MINUTE,
        40 * MINUTE,
        90 * MINUTE,
        3 * HOUR,
        4 * HOUR,
    )
    life: int = 5 * DAY
    bounce_life: int = 2 * DAY
    delay_notice: int = 4 * HOUR
    jitter: float = 0.1

    def wait(self, attempts: int, chance: float) -> int:
        """The pause after attempt number `attempts` (from 1); `chance` in [0, 1) spreads it by ± `jitter`."""
        base = self.waits[min(max(attempts, 1), len(self.waits)) - 1]
        return max(1, round(base * (1 + self.jitter * (2 * chance - 1))))

    def expires(self, accepted: int, *, bounce: bool) -> int:
        """The end of a message's life in the queue, unix microseconds from the time of acceptance."""
        return accepted + (self.bounce_life if bounce else self.life) * 1_000_000
