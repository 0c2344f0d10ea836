"""The order of commands, as a table.

RFC 5321 §4.1.4, RFC 2033 §4.2, RFC 3030 §2, RFC 3207 §4, RFC 4954 §4, RFC 1985 §5. `NEXT[state][command]` is the state after that command
succeeded; a pair that is not there is out of order: 503. A state is named after the last step that counted. Not here: what a command does.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from postroom.proto.smtp.commands import (
    Auth,
    Bdat,
    Command,
    Data,
    Ehlo,
    Etrn,
    Expn,
    Helo,
    Help,
    Lhlo,
    Mail,
    Noop,
    Quit,
    Rcpt,
    Rset,
    Saml,
    Send,
    Soml,
    StartTls,
    Turn,
    Vrfy,
    Xclient,
)


class State(enum.StrEnum):
    """Where a session stands between two commands."""

    CONNECTED = "connected"  # no greeting yet
    DISMISSED = "dismissed"  # greeted with 554
    GREETED = "greeted"  # with 220, or TLS has begun
    READY = "ready"  # the client has said who it is
    MAIL = "mail"  # a sender
    RCPT = "rcpt"  # and at least one recipient
    CHUNKS = "chunks"  # and at least one chunk
    SPOILT = "spoilt"  # a chunk was refused
    TURNED = "turned"  # the roles are exchanged


_ANY_TIME: dict[type[Command], State | None] = {
    Noop: None,
    Help: None,
    Vrfy: None,
    Expn: None,
    Quit: None,
}  # None: stays
_HELLO: dict[type[Command], State | None] = {Helo: State.READY, Ehlo: State.READY, Lhlo: State.READY}
_RESET: dict[type[Command], State | None] = {**_HELLO, Rset: State.READY, StartTls: State.GREETED}
_MAIL: dict[type[Command], State | None] = dict.fromkeys((Mail, Send, Soml, Saml), State.MAIL)

NEXT: Mapping[State, Mapping[type[Command], State | None]] = {
    State.CONNECTED: {},
    State.DISMISSED: {Quit: None},
    State.GREETED: {**_ANY_TIME, **_HELLO, Rset: State.GREETED, Xclient: State.GREETED},
    State.READY: {
        **_ANY_TIME,
        **_RESET,
        **_MAIL,
        Auth: State.READY,
        Etrn: State.READY,
        Turn: State.TURNED,
        Xclient: State.GREETED,
    },
    State.MAIL: {**_ANY_TIME, **_RESET, Rcpt: State.RCPT},
    State.RCPT: {**_ANY_TIME, **_RESET, Rcpt: State.RCPT, Data: State.READY, Bdat: State.CHUNKS},
    State.CHUNKS: {**_ANY_TIME, **_RESET, Bdat: State.CHUNKS},
    State.SPOILT: {**_ANY_TIME, **_RESET},
    State.TURNED: {},
}

HINTS: Mapping[State, str] = {
    State.CONNECTED: "Wait for the greeting",
    State.DISMISSED: "No service here: QUIT",
    State.GREETED: "Say EHLO your.host.name first (or HELO)",
    State.READY: "Begin with MAIL FROM:<your address>",
    State.MAIL: "RCPT TO:<recipient> comes next; RSET begins anew",
    State.RCPT: "More RCPT TO, or DATA, comes next; RSET begins anew",
    State.CHUNKS: "A message in chunks is on its way: BDAT goes on, RSET begins anew",
    State.SPOILT: "A chunk of this message was refused: RSET begins anew",
    State.TURNED: "The connection was turned round",
}
NO_RECIPIENT = "No valid recipient was given: RCPT TO:<recipient> first"
