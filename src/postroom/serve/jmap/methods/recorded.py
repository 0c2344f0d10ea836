"""What all types have in common that are kept as records: state, changes, and one record after the other (RFC 8620 §5.1, §5.2). Not here: any type."""

from __future__ import annotations

from postroom.proto.jmap.standard import Changes
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.methods.call import Call
from postroom.serve.jmap.methods.getting import Since
from postroom.store.records import records
from postroom.store.records.records import Kind, Record


async def state_of(call: Call, kind: Kind) -> int:
    """The state of all records of a kind."""
    return max(await records.state(call.reading, kind), (await call.state(kind.account_id)).floor)


async def all_of(call: Call, kind: Kind, after: int = 0) -> list[Record]:
    """The records behind an id, by id."""
    found: list[Record] = []
    while some := await records.listing(call.reading, kind, found[-1].record_id if found else after):
        found += some
    return found


async def changes_of(call: Call, arguments: Changes, kind: Kind) -> Object:
    """The response to a /changes."""
    account = await call.state(kind.account_id)
    current = await state_of(call, kind)
    since = Since(arguments, kind.name, floor=account.floor, newest=account.modseq, current=current)
    found = await records.changes(call.reading, kind, since.cursor, since.most + 1)
    return since.of(found)
