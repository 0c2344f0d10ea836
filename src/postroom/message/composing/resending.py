"""The fields that say a message was sent once more, by whom, to whom and when: a block above everything that is there.

RFC 5322 §3.6.6: they are trace fields; the message itself, its From and its Message-ID with it, stays as it was. Pure: time and uniqueness are arguments. Not here: who may send what again
(`serve.jmap.submission.provenance`), and the repairs of a submitted message (`message.composing.modifications`).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from postroom.message.headers.dates import format_date
from postroom.message.headers.fields import Mailbox, address_field, message_id_field


class Resending(msgspec.Struct, frozen=True):
    """Who sends it again, to whom, when (unix seconds), and the new identifier with its brackets."""

    by: Mailbox
    to: Sequence[Mailbox]
    now: int
    message_id: str


def resent_block(again: Resending) -> bytes:
    """Whole fields, to be put before the message. Raises FieldRefused for what cannot stand in a header."""
    return b"".join(
        (
            b"Resent-Date: %b\r\n" % format_date(again.now).encode(),
            address_field("Resent-From", [again.by]),
            address_field("Resent-To", again.to),
            message_id_field("Resent-Message-ID", [again.message_id]),
        )
    )
