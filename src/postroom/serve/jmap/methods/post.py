"""The door of submission as JMAP has it, and what it offers (RFC 8621 §1.3.2). Not here: how a message is handed in (`serve.jmap.submission.posting`)."""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.intake.door import Door
from postroom.intake.guard.guard import Guard
from postroom.proto.smtp.extensions import Offer, Offers

# RFC 8621 §1.3.2: what says how a message goes on, and nothing about the transport to us.
SHOWN: Final = ("SIZE", "DSN", "DELIVERBY", "FUTURERELEASE", "MT-PRIORITY", "REQUIRETLS")
_DAY: Final = 86_400


class Post(msgspec.Struct):
    """The door of submission with what stands before it. `undo_seconds`: a message without a time of its own waits so long, and can be called back."""

    door: Door
    offers: Offers
    guard: Guard | None = None
    undo_seconds: int = 0

    @property
    def offer(self) -> Offer:
        """What a user who has logged in over TLS is offered."""
        return self.offers.at(tls=True, authenticated=True)

    def capability(self, now: int) -> dict[str, object]:
        """What the account's capability says; `now` in unix seconds. The date of FUTURERELEASE is that of the day's beginning, so that it changes once a day."""
        offer = self.offer
        rows = [row for row in offer.extensions if row.keyword in SHOWN]
        return {
            "maxDelayedSend": offer.limits.hold,
            "submissionExtensions": {
                row.keyword: row.argument(offer.standing, now // _DAY * _DAY).split() for row in rows
            },
        }
