"""A search whose result is kept up to date: what was asked, and what its client knows as the result.

RFC 5267 §4.3. Values only. Not here: when it changes and what is told then (`serve.imap.searching.contexts`).
"""

from __future__ import annotations

import msgspec

from postroom.message.query.query import Key
from postroom.proto.imap.commands.fetching import Attribute
from postroom.proto.imap.commands.searching import Order
from postroom.proto.imap.esearch import Correlation


class Context(msgspec.Struct):
    """`orders` is empty for a search, whose `members` are in the order of the mailbox; `modseq`: changes up to here were looked at. `attributes` are
    told of new messages that match.
    """

    correlation: Correlation
    key: Key
    orders: tuple[Order, ...]
    members: list[int]
    modseq: int
    attributes: tuple[Attribute, ...] = ()


class Update(msgspec.Struct, frozen=True):
    """What changes in a result: uids."""

    context: Context
    gone: frozenset[int]
    come: frozenset[int]
