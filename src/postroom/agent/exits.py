"""Exit codes that say at which step a conversation with a server failed, so that scripts can tell.

0 is success, 1 any failure without a code, 2 a wrong command line; the others follow the stages of a mail transaction (RFC 5321 §3). Not here:
sysexits.h, which is sendmail's.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from postroom.agent.invocation import CommandFailed
from postroom.proto.smtp.client_events import Stage


class Exit(enum.IntEnum):
    """Where it ended."""

    CONNECT = 20
    GREETING = 21
    HELLO = 22
    MAIL = 23
    RECIPIENTS = 24  # nobody was accepted
    DATA = 25
    AFTER_DATA = 26
    MAILBOX = 27  # a command of POP3 or IMAP
    LOGIN = 28
    TLS = 29
    SOME_RECIPIENTS = 30  # sent, but not to all


STAGES: Mapping[Stage, Exit] = MappingProxyType(
    {
        Stage.GREETING: Exit.GREETING,
        Stage.EHLO: Exit.HELLO,
        Stage.HELO: Exit.HELLO,
        Stage.STARTTLS: Exit.TLS,
        Stage.AUTH: Exit.LOGIN,
        Stage.RSET: Exit.MAIL,
        Stage.MAIL: Exit.MAIL,
        Stage.RCPT: Exit.RECIPIENTS,
        Stage.DATA: Exit.DATA,
        Stage.CHUNK: Exit.AFTER_DATA,
        Stage.END: Exit.AFTER_DATA,
        Stage.QUIT: Exit.AFTER_DATA,
        Stage.IDLE: Exit.MAIL,
    }
)


class ServerFailed(CommandFailed):
    """A server did not do what it was asked; `at` is the step."""

    def __init__(self, text: str, at: Exit) -> None:
        super().__init__(text, int(at), stage=at.name.lower())
        self.at = at


class ServerBusy(ServerFailed):
    """The same may work later: another program has the mailbox, or it is too soon (RFC 2449 §8.1, RFC 3206 §4)."""
