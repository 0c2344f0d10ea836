"""The order of messages: by what is kept of each of them, a criterion at a time from the last to the first, since sorting is stable.

RFC 5256 §2.2 and §3, RFC 5255 §4.6 (the collation is i;unicode-casemap), RFC 5957 §3 (DISPLAYFROM, DISPLAYTO), RFC 6203 §6. Not here: which messages.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Mapping
from typing import Any, Final

from postroom.proto.imap.commands.searching import Criterion, Order
from postroom.proto.imap.sets import Ranges
from postroom.serve.imap.conversation.columns import Column
from postroom.serve.imap.conversation.slices import BLOCK
from postroom.serve.imap.searching.finding import uids_of
from postroom.serve.imap.searching.matching import Matching

CHUNK: Final = 10_000  # messages that are sorted in one go

_COLUMNS: Final = {
    Criterion.ARRIVAL: Column.ARRIVED,
    Criterion.CC: Column.FIRST_CC,
    Criterion.DISPLAYFROM: Column.DISPLAY_FROM,
    Criterion.DISPLAYTO: Column.DISPLAY_TO,
    Criterion.FROM: Column.FIRST_FROM,
    Criterion.SIZE: Column.SIZE,
    Criterion.SUBJECT: Column.BASE_SUBJECT,
    Criterion.TO: Column.FIRST_TO,
}


async def in_sort_order(
    matching: Matching, found: Ranges, orders: tuple[Order, ...], scores: Mapping[int, int]
) -> list[int]:
    """The uids of a result in the order of the criteria; where all are the same, in the order of the mailbox."""
    uids = uids_of(found)
    for order in reversed(orders):
        keys = await _keys(matching, order.criterion, uids, scores)
        uids = await _sorted(uids, keys, reverse=order.reverse)
    return uids


async def _keys(
    matching: Matching, criterion: Criterion, uids: list[int], scores: Mapping[int, int]
) -> Mapping[int, Any]:
    """What each message is sorted by; one that is gone sorts first."""
    if criterion is Criterion.RELEVANCY:  # the highest score first, RFC 6203 §6
        return {uid: -scores.get(uid, 0) for uid in uids}
    if criterion is Criterion.DATE:
        sent = await gathered(matching, Column.SENT, sorted(uids))
        return await sent_dates(matching, uids, sent)
    column = _COLUMNS[criterion]
    keys = await gathered(matching, column, uids)
    nothing = 0 if column in (Column.ARRIVED, Column.SIZE) else ""
    keys.update((uid, nothing) for uid in uids if uid not in keys)
    return keys


async def gathered(matching: Matching, column: Column, uids: list[int]) -> dict[int, Any]:
    """A column's values, read in slices; others are there too."""
    found: dict[int, Any] = {}
    for start in range(0, len(uids), BLOCK):
        for block in await matching.blocks(column, set(uids[start : start + BLOCK])):
            found.update(zip(block.uids, block.values, strict=True))
        await asyncio.sleep(0)
    return found


async def sent_dates(matching: Matching, uids: list[int], sent: dict[int, Any]) -> dict[int, int]:
    """The `sent` dates in unix seconds; where there is none the internal date is put (RFC 5256 §2.2)."""
    missing = sorted(uid for uid in uids if sent.get(uid) is None)
    if missing:
        arrived = await gathered(matching, Column.ARRIVED, missing)
        sent.update((uid, arrived.get(uid, 0) // 1_000_000) for uid in missing)
    return sent


async def _sorted(uids: list[int], keys: Mapping[int, Any], *, reverse: bool) -> list[int]:
    """In one go when they are few, else in chunks that are merged in a thread."""
    if len(uids) <= CHUNK:
        return sorted(uids, key=keys.__getitem__, reverse=reverse)
    chunks = []
    for start in range(0, len(uids), CHUNK):
        chunks.append(sorted(uids[start : start + CHUNK], key=keys.__getitem__, reverse=reverse))
        await asyncio.sleep(0)
    return await asyncio.to_thread(lambda: list(heapq.merge(*chunks, key=keys.__getitem__, reverse=reverse)))
