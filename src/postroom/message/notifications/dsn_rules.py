"""Which delivery status notification is owed for what happened to a recipient.

RFC 3461 §4.1 (NOTIFY), §5.2.1 to §5.2.7 (who reports what), RFC 2852 §4.1.4 (traces), RFC 3464 §2.3.3 (actions), RFC 5321 §4.5.5 (none to the null reverse-path).
One table and one function. Not here: when a delay is long enough to speak of, and what the report looks like (`message.notifications.dsn`).
"""

from __future__ import annotations

import enum

from postroom.message.envelope import Notify


class Action(enum.StrEnum):
    """The Action field (RFC 3464 §2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class Happened(enum.Enum):
    """What became of one recipient, as far as reports are concerned."""

    DELIVERED = enum.auto()  # in the mailbox, or handed to a mailing list (RFC 3461 §5.2.3, §5.2.7.1)
    EXPANDED = enum.auto()  # an alias of several targets, NOTIFY passed on without SUCCESS (§5.2.7.3 c)
    HANDED_ON = enum.auto()  # taken by a server that speaks DSN: it reports (§5.2.1)
    RELAYED = enum.auto()  # taken by a server that does not (§5.2.2)
    DELAYED = enum.auto()  # waiting for unusually long (§5.2.5)
    FAILED = enum.auto()  # given up (§5.2.2, §5.2.6)


# what happened: (the report, the keyword that asks for it, whether it is sent when NOTIFY was absent)
_OWED = {
    Happened.DELIVERED: (Action.DELIVERED, Notify.SUCCESS, False),
    Happened.EXPANDED: (Action.EXPANDED, Notify.SUCCESS, False),
    Happened.RELAYED: (Action.RELAYED, Notify.SUCCESS, False),
    Happened.DELAYED: (Action.DELAYED, Notify.DELAY, True),
    Happened.FAILED: (Action.FAILED, Notify.FAILURE, True),
}


_TRACED = frozenset({Happened.HANDED_ON, Happened.RELAYED})


def report_owed(
    happened: Happened, notify: Notify | None, *, null_sender: bool, traced: bool = False
) -> Action | None:
    """The action to report to the sender, or None. `notify` None: the parameter was absent, or the client knew no DSN.

    `traced`: the message is to be reported each time that it is handed on, whatever `notify` says but NEVER (RFC 2852 §4.1.4).
    """
    if null_sender:
        return None
    if traced and happened in _TRACED:
        return None if notify is Notify.NEVER else Action.RELAYED
    owed = _OWED.get(happened)
    if owed is None:
        return None
    action, keyword, unasked = owed
    if notify is None:
        return action if unasked else None
    return action if notify & keyword else None


def passed_on(notify: Notify | None, *, targets: int) -> Notify | None:
    """The NOTIFY value for the targets of an alias (RFC 3461 §5.2.7.2, §5.2.7.3 c): with several of them SUCCESS is answered by us."""
    if notify is None or targets < 2 or not notify & Notify.SUCCESS:
        return notify
    return notify & ~Notify.SUCCESS
