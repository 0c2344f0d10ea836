"""Delivery status notifications that this system owes: decided, worded and addressed.

RFC 3461 §5.2 (who reports), §6 (over SMTP), RFC 3464 (the format). One notification for all that is to be said about one message at one
time. Not here: the table of what is owed (`message.notifications.dsn_rules`), and how a notification is sent (`deliver.placing`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from postroom.message.envelope import Recipient, Ret
from postroom.message.errors import EnhancedStatus, MailError
from postroom.message.ids import IdKind, id_text
from postroom.message.notifications.dsn import Notification, Report, compose_dsn
from postroom.message.notifications.dsn_rules import Action, Happened, report_owed
from postroom.message.notifications.dsn_text import Delivery
from postroom.store.blobs.spilled import Content, head_of
from postroom.store.spool.spool import Copy, Spooled

DELIVERED = EnhancedStatus(2, 1, 5)
_SECOND = 1_000_000


class Result(msgspec.Struct, frozen=True):
    """What became of one copy. `reply` is what the remote server said, code first, or our own words; `remote` its name.

    `traced`: its sender hears that it was handed on (RFC 2852 §4.1.4).
    """

    copy: Copy
    happened: Happened
    status: EnhancedStatus = DELIVERED
    reply: tuple[str, ...] = ()
    remote: str = ""
    retry_until: int = 0
    traced: bool = False

    def owed(self, *, null_sender: bool) -> Action | None:
        """What the sender is to hear of it."""
        return report_owed(self.happened, self.copy.notify, null_sender=null_sender, traced=self.traced)


def failed(copy: Copy, error: MailError, remote: str = "") -> Result:
    """A copy that nobody will try again, for a reason of ours."""
    status = error.status if error.permanent else EnhancedStatus(5, *error.status[1:])
    return Result(copy, Happened.FAILED, status, (error.public,), remote)


class Reporter:
    """Makes notifications in the name of `hostname`. `unique` gives letters and digits that no other message of this host has."""

    def __init__(self, hostname: str, unique: Callable[[], str]) -> None:
        self._hostname = hostname
        self._unique = unique

    def notification(
        self, letter: Spooled, original: Content, results: Sequence[Result], now: int
    ) -> Notification | None:
        """What the sender of `letter` is to hear of `results`; None when that is nothing. `now` is unix microseconds.

        Of a long message it returns the header only.
        """
        if letter.sender is None:
            return None
        deliveries = tuple(
            Delivery(
                Recipient(result.copy.address, result.copy.notify, result.copy.orcpt),
                action,
                result.status,
                result.reply,
                result.remote,
                now // _SECOND,
                result.retry_until // _SECOND,
                goes_on=action is Action.RELAYED and result.happened is Happened.HANDED_ON,
            )
            for result in results
            if (action := result.owed(null_sender=False)) is not None
        )
        if not deliveries:
            return None
        report = Report(
            self._hostname,
            letter.sender,
            deliveries,
            now // _SECOND,
            self._unique(),
            letter.accepted // _SECOND,
            letter.terms.from_mta,
            letter.terms.envid,
            Ret.HEADERS if letter.terms.require_tls else letter.terms.ret,  # RFC 8689 §5
            journey_id=id_text(IdKind.JOURNEY, letter.accept_id),
        )
        made = compose_dsn(report, head_of(original), whole=isinstance(original, bytes))
        made.envelope.priority = letter.terms.priority  # RFC 6710 §4.6
        made.envelope.require_tls = letter.terms.require_tls  # RFC 8689 §5
        return made
