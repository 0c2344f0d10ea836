"""What changed, as values: returned by store functions, published after their commit."""

from __future__ import annotations

import msgspec


class Change(msgspec.Struct, frozen=True, tag_field="k", array_like=True):
    """The base: which account, and its modseq after the change."""

    account_id: int
    modseq: int


class MessageAdded(Change, frozen=True, tag="added"):
    """A copy is in a mailbox."""

    mailbox_id: int
    uid: int
