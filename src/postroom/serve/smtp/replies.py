"""What an SMTP client is told: the one table from errors to codes, and the replies of success.

RFC 5321 §4.2.2 and §4.2.3, RFC 4954 §6, RFC 3463. Not here: when an error is raised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from postroom.message.errors import (
    AuthenticationFailed,
    BadAddress,
    BadContent,
    Dictated,
    EnhancedStatus,
    MailboxDisabled,
    MailError,
    MessageTooBig,
    NonAsciiAddress,
    NoSpace,
    OverQuota,
    RoutingLoop,
    TooManyLogins,
    TooManyRecipients,
)
from postroom.proto.smtp.reply import Reply

CODES: Mapping[type[MailError], int] = MappingProxyType(
    {
        BadAddress: 501,
        NonAsciiAddress: 553,
        MailboxDisabled: 550,
        OverQuota: 452,
        NoSpace: 452,
        TooManyRecipients: 452,
        MessageTooBig: 552,
        RoutingLoop: 554,
        BadContent: 554,
        AuthenticationFailed: 535,
        TooManyLogins: 454,
    }
)

_DONE = EnhancedStatus(2, 0, 0)
SENDER_OK = Reply.of(250, "2.1.0", "Sender ok")
RECIPIENT_OK = Reply.of(250, "2.1.5", "Recipient ok")
GO_AHEAD = Reply.of(354, "", 'Enter mail, end with "." on a line by itself')
READY_FOR_TLS = Reply.of(220, "2.0.0", "Ready to start TLS")
LOGGED_IN = Reply.of(235, "2.7.0", "Authentication successful")
CANNOT_TELL = Reply.of(
    252, "2.0.0", "Cannot say whether there is such a mailbox: RCPT TO tells whether its mail is taken"
)
TLS_UNAVAILABLE = Reply.of(454, "4.7.0", "TLS is not available now, try again later")
TIMED_OUT = Reply.of(421, "4.4.2", "Nothing was said for too long, goodbye")
FAULT = Reply.of(421, "4.3.0", "Local error, goodbye; try again later")
LOGIN_ENDED = Reply.of(421, "4.7.0", "What you have logged in with is not good any more, goodbye")
STOPPING = Reply.of(421, "4.3.2", "The service is being stopped, try again later")


def refusal(error: MailError) -> Reply:
    """The error as a reply: the code of its nearest kind in the table, else 550 or 451."""
    if isinstance(error, Dictated):
        return Reply.failure(error.code, error)
    for kind in type(error).__mro__:
        code = CODES.get(kind)
        if code is not None:
            return Reply.failure(code, error)
    return Reply.failure(550 if error.permanent else 451, error)


def sender_ok(asked: int, given: int) -> Reply:
    """MAIL was taken; another priority than the one asked for is said (RFC 6710 §4.1)."""
    return (
        SENDER_OK
        if asked == given
        else Reply.of(250, "2.3.6", f"{given} is the new priority of this message")
    )


def queued(journey: str) -> Reply:
    """The reply that takes the responsibility, with the journey's id (RFC 5321 §4.2.5)."""
    return Reply(250, _DONE, (f"Ok: queued as {journey}",))


def each(verdict: Reply, errors: Sequence[MailError | None]) -> list[Reply]:
    """One reply for each recipient (RFC 2033 §4.2): the `verdict`, or why not."""
    return [verdict if error is None else refusal(error) for error in errors]
