"""A teacher's view of a lab: who has logged in, sent and received how much, and was last seen when.

From what the servers keep anyway: their login histories and journals (RFC 5321 §7.2: a whole journey is for administrators). The lab's own commands alone ask.
Not here: tables (`lab.cli.attendance`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from postroom.message.address import parse_mailbox
from postroom.message.journey.events import Accepted, Authenticated, Hop, HopKind, Outcome
from postroom.store import journal
from postroom.store.administration import accounts
from postroom.store.engine.unhurried import Unhurried
from postroom.store.login import history as logins

if TYPE_CHECKING:
    from postroom.app.server import Server

CLASS: Final = "class"
SLICE: Final = 100  # rows that are looked at in one go
MOST_LOGINS: Final = 2_000  # rows of an account's history


class Pupil(msgspec.Struct):
    """One account. `logins` and `failed` are how often, `by` the protocols, `last_seen` unix microseconds by the lab's clock, 0 for never.

    `sent` counts messages that were given in after a login, or on this machine; `received` copies that were filed.
    """

    address: str
    logins: int = 0
    by: tuple[str, ...] = ()
    failed: int = 0
    sent: int = 0
    received: int = 0
    last_seen: int = 0


async def attendance(
    servers: Mapping[str, Server], extras: Collection[str], _: Mapping[str, Any]
) -> AsyncIterator[dict[str, Any]]:
    """The operation: a record for each account of each server, by domain and address; of `extras` for those alone that did something."""
    for domain in sorted(servers):
        for pupil in await _of_server(servers[domain]):
            if pupil.address not in extras or pupil != Pupil(pupil.address):
                yield msgspec.to_builtins(pupil)


async def _of_server(server: Server) -> list[Pupil]:
    await server.write_history()
    tx, after = Unhurried(server.engine), ""
    sent, received, seen = await _traffic(server)
    found: list[Pupil] = []
    while some := await accounts.listing(tx, "", after, SLICE):
        for one in some:
            history = await logins.listing(tx, one.account_id, MOST_LOGINS)
            good = [row for row in history if row.good]
            key = one.address.key
            found.append(
                Pupil(
                    str(one.address),
                    sum(row.times for row in good),
                    tuple(sorted({row.protocol for row in good})),
                    sum(row.times for row in history if not row.good),
                    sent[key],
                    received[key],
                    max([seen.get(key, 0), *(row.last for row in good)]),
                )
            )
        after = some[-1].address.key
    return found


async def _traffic(server: Server) -> tuple[Counter[str], Counter[str], dict[str, int]]:
    """What each address sent and received, and when it last sent; by its key."""
    sent: Counter[str] = Counter()
    received: Counter[str] = Counter()
    seen: dict[str, int] = {}
    for kind in (HopKind.RECEIVED, HopKind.FILED):
        async for hop in _hops(server, kind):
            sender = _sender(hop) if kind is HopKind.RECEIVED else ""
            if sender:
                sent[sender] += 1
                seen[sender] = max(seen.get(sender, 0), hop.started)
            received.update(_key(one.address) for one in hop.events if _filed(one))  # type: ignore[union-attr]
    return sent, received, seen


async def _hops(server: Server, kind: HopKind) -> AsyncIterator[Hop]:
    tx, after = Unhurried(server.engine), (0, 0)
    while rows := await journal.of_kind(tx, kind, after, SLICE):
        for row in rows:
            yield row.hop()
        after = (rows[-1].accept_id, rows[-1].hop_id)


def _filed(event: object) -> bool:
    return isinstance(event, Outcome) and event.result == "filed"


def _sender(hop: Hop) -> str:
    """The key of the account that gave a message in: who logged in, or whose address a user of this machine wrote; "" for other servers."""
    login = next((event for event in hop.events if isinstance(event, Authenticated)), None)
    accepted = next((event for event in hop.events if isinstance(event, Accepted)), None)
    if login is None or accepted is None:
        return ""
    return _key(accepted.sender if login.mechanism == "local" else login.user)


def _key(text: str) -> str:
    address = parse_mailbox(text, unqualified=True)
    return address.key if address is not None else ""
