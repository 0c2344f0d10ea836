"""A mailbox in slices: so many messages at a time that the event loop is never held for long.

RFC 9051 §2.3.1. Not here: what is looked for in a slice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from postroom.proto.imap.sets import Ranges, intersection
from postroom.serve.imap.conversation.view import View
from postroom.store.engine.transaction import Transaction

BLOCK: Final = 1_000  # uids, of which something is kept together
SLICE: Final = 5 * BLOCK  # messages that are looked at before others have their turn


async def slices(tx: Transaction, view: View, wanted: Ranges, *, down: bool = False) -> AsyncIterator[Ranges]:
    """The messages of the view among `wanted` uids, in ascending slices, or with `down` the last slice first; each is not empty."""
    span = max(1, view.uidnext - 1)
    step = max(SLICE, span * SLICE // max(1, view.total))
    parts = [
        (start, min(start + step - 1, last))
        for first, last in intersection(wanted, [(1, span)])
        for start in range(first, last + 1, step)
    ]
    for at, part in enumerate(_together(parts[::-1] if down else parts, step)):
        if at:
            await asyncio.sleep(0)
        await view.read(tx, part)
        if present := view.present(part):
            yield present


def _together(parts: Ranges, step: int) -> list[Ranges]:
    """Small parts that follow each other as one slice."""
    found: list[Ranges] = []
    room = 0
    for first, last in parts:
        room -= last - first + 1
        if found and room >= 0:
            found[-1].append((first, last))
        else:
            found.append([(first, last)])
            room = step - (last - first + 1)
    return [sorted(part) for part in found]
