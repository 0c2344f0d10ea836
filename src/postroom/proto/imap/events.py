"""What the server's machine hands to its session, besides commands.

RFC 9051 §6.3.12 (APPEND's literal is worth streaming), RFC 3501 §2.2. Not here: the commands (`proto.imap.commands`).
"""

from __future__ import annotations

import msgspec

from postroom.proto.imap.arrival import Abandoned, Arriving, Piece
from postroom.proto.imap.verb import Command


class Given(msgspec.Struct, frozen=True):
    """A command, to be answered with `ImapServer.finish`. `expunges`: its answers may tell of messages that are gone."""

    command: Command
    verb: bytes
    expunges: bool = True


class Drain(msgspec.Struct, frozen=True):
    """Enough is queued: take `data_to_send()`, then `go_on()`."""


ImapEvent = Given | Drain | Arriving | Piece | Abandoned
