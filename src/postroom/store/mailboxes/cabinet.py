"""The mailboxes of an account without what is counted in them, kept in memory and up with the account's changes.

RFC 8621 §2. Almost every method of JMAP looks some of them up: the first look reads all, later ones only what changed since, which for most is
nothing. Not here: counts (`roster`), and what others may do in them (`acl`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from postroom.store.engine.transaction import Row, Transaction
from postroom.store.mailboxes.mailboxes import MAX_DEPTH, TOP
from postroom.store.turns import Turns

MOST_BOXES: Final = 100_000  # mailboxes that are remembered, of all accounts together

BOXES: Final = """
SELECT mailbox_id, parent_id, name, role, subscribed, sort_order FROM mailboxes WHERE account_id = $1 ORDER BY mailbox_id
"""
CHANGED: Final = """
SELECT mailbox_id, parent_id, name, role, subscribed, sort_order FROM mailboxes WHERE account_id = $1 AND changed_modseq > $2
"""
BURIED: Final = "SELECT mailbox_id FROM deleted_mailboxes WHERE account_id = $1 AND modseq > $2"
STATE: Final = "SELECT modseq, vanished_floor FROM accounts WHERE account_id = $1"


class Box(NamedTuple):
    """A mailbox. `role` is "" or a word of RFC 8621 §2."""

    mailbox_id: int
    parent_id: int
    name: str
    role: str
    subscribed: int
    sort_order: int


class Cabinet:
    """The mailboxes of one account by id, as they were at `modseq`; what changes makes another one of it."""

    def __init__(self, modseq: int, boxes: Mapping[int, Box]) -> None:
        self.modseq = modseq
        self.boxes = boxes

    def path(self, mailbox_id: int) -> str | None:
        """The names from the top to a mailbox, separated by `/`; None where there is none."""
        levels: list[str] = []
        while len(levels) < MAX_DEPTH and (box := self.boxes.get(mailbox_id)) is not None:
            levels.append(box.name)
            if box.parent_id == TOP:
                return "/".join(reversed(levels))
            mailbox_id = box.parent_id
        return None


class Cabinets:
    """Those that were asked for last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Cabinet] = OrderedDict()
        self._turns = Turns[int]()

    async def look(self, tx: Transaction, account_id: int) -> Cabinet:
        """An account's mailboxes as they are now."""
        async with self._turns.of(account_id):
            cabinet = await _current(tx, account_id, self._kept.pop(account_id, None))
            self._kept[account_id] = cabinet
        self._forget()
        return cabinet

    def _forget(self) -> None:
        total = sum(len(cabinet.boxes) for cabinet in self._kept.values())
        while len(self._kept) > 1 and total > MOST_BOXES:
            _, oldest = self._kept.popitem(last=False)
            total -= len(oldest.boxes)


async def _current(tx: Transaction, account_id: int, cabinet: Cabinet | None) -> Cabinet:
    """What changes while it is read has a higher modseq, and is found by the next look."""
    row = await tx.fetchrow(STATE, account_id)
    modseq, floor = (row[0], row[1]) if row is not None else (0, 0)
    if cabinet is None or cabinet.modseq < floor or cabinet.modseq > modseq:
        return Cabinet(modseq, _by_id(await tx.fetch(BOXES, account_id)))
    if cabinet.modseq == modseq:
        return cabinet
    changed = _by_id(await tx.fetch(CHANGED, account_id, cabinet.modseq))
    buried = [row[0] for row in await tx.fetch(BURIED, account_id, cabinet.modseq)]
    if not changed and not buried:
        return Cabinet(modseq, cabinet.boxes)
    boxes = {**cabinet.boxes, **changed}
    for mailbox_id in buried:
        boxes.pop(mailbox_id, None)
    return Cabinet(modseq, boxes)


def _by_id(rows: Iterable[Row]) -> dict[int, Box]:
    return {row[0]: Box(*row) for row in rows}
