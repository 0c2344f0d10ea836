"""The legs of a letter: where each recipient's copy goes, and what became of it.

RFC 5321 §3.9 (aliases and lists). A leg is a value: one final address under one recipient of the envelope, with the reverse-path that this
copy travels under. Not here: how a leg is found (`deliver.router`) or walked (`deliver.local`, `deliver.remote`).
"""

from __future__ import annotations

import msgspec

from postroom.message.address import Address
from postroom.message.envelope import Notify
from postroom.message.errors import MailError

LOCAL_HOP = ""  # the next hop of jobs that this system files itself


class Leg(msgspec.Struct):
    """One copy. `rcpt` is the recipient's number in the envelope; `account_id` is set for a local copy, else `next_hop` for a remote one.

    `error` is set instead when this copy cannot go anywhere. `sender` is the reverse-path of this copy (None: null). `via` are the
    addresses of lists and of forwarding accounts that it has passed, the last one first: the copy is marked with them, so that it does
    not pass them again. `expanded` tells that an alias, a list or a forward stood between, so that RFC 3461 §5.2.7 applies.
    """

    rcpt: int
    address: Address
    sender: Address | None
    account_id: int | None = None
    detail: str = ""
    next_hop: str | None = None
    error: MailError | None = None
    notify: Notify | None = None
    orcpt: str | None = None
    expanded: bool = False
    also: tuple[int, ...] = ()
    via: tuple[Address, ...] = ()

    @property
    def way(self) -> str:
        """The word for the journey: local, remote or refused."""
        if self.error is not None:
            return "refused"
        return "local" if self.account_id is not None else "remote"
