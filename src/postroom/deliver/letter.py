"""A letter on its way through the system: an envelope, the message's bytes, and the hop that tells how it came.

The bytes, in memory or spilled, are what was received with this system's trace fields before them (RFC 5321 §4.4); they are never
changed afterwards. Not here: the dialogue that brought it, or what becomes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from postroom.message.envelope import Envelope
from postroom.message.errors import MailError
from postroom.message.journey.events import Hop
from postroom.store.blobs.spilled import Content

if TYPE_CHECKING:
    from postroom.deliver.router import Resolved


Answers = Callable[[Sequence[MailError | None]], list[bytes]]


class Letter(msgspec.Struct):
    """`arrived` is unix microseconds. `known` holds what the door already resolved, by recipient number.

    `from_mta` is the name and address of the client, for reports. `shown` asks that the recipients' open terminals show it at once
    (SEND, SOML and SAML of RFC 821 §3.4); `junk` that its copies go into Junk. `vouched`: the door knows that its author is one of ours, so that
    it leaves with our signature. `answers` makes lines of the dialogue of what became of each recipient, where the client hears of each (LMTP).
    """

    accept_id: int
    envelope: Envelope
    content: Content
    arrived: int
    hop: Hop
    known: dict[int, Resolved | None] = {}
    from_mta: str = ""
    shown: bool = False
    junk: bool = False
    vouched: bool = False
    answers: Answers | None = None


class Receipt(msgspec.Struct):
    """What acceptance came to: an error or None for each recipient of the envelope (for LMTP), in order."""

    accept_id: int
    errors: list[MailError | None]

    def settle(self) -> None:
        """Raises when no recipient at all was taken: the reply then says what is true of all of them (RFC 5321 §4.2.5)."""
        failed = [error for error in self.errors if error is not None]
        if failed and len(failed) == len(self.errors):
            raise next((error for error in failed if not error.permanent), failed[0])
