"""The only place where a message is accepted: one commit, and then the client may be told 250.

RFC 5321 §4.2.5 and §6.1: before the commit everything may fail and leaves nothing; after it the message is delivered, retried or bounced,
never lost. Not here: what the doors check, and the work that follows (`deliver.runner`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from postroom.deliver.filing import Discard, Durable, make_durable
from postroom.deliver.legs import Leg
from postroom.deliver.letter import Letter, Receipt
from postroom.deliver.placing import SPOOL_ACCOUNT, NotSpooled, Placed, Placer, Sending, few_here, terms_of
from postroom.deliver.reports import Result
from postroom.deliver.router import Router, Routes
from postroom.message.address import Address
from postroom.message.errors import BadAddress, MailError, RoutingLoop
from postroom.message.headers.tls_required import tls_is_optional
from postroom.message.headers.trace import already_delivered, delivered_to, header_end
from postroom.message.journey.events import Hop, JourneyEvent, Said
from postroom.message.notifications.dsn_rules import Happened
from postroom.store import journal
from postroom.store.blobs.blobs import BlobRef
from postroom.store.blobs.spilled import Content, Spilled, head_of, with_head
from postroom.store.changes import Change
from postroom.store.engine.transaction import Engine, Transaction, is_undone
from postroom.store.engine.unhurried import Unhurried
from postroom.store.spool.jobs import Job
from postroom.store.spool.spool import Copy, Spooled

_HAPPENED = {"expanded": Happened.EXPANDED, "delivered": Happened.DELIVERED}


class Accepting(msgspec.Struct, frozen=True):
    """What acceptance works with.

    `publish` tells sessions of changes, `hand_over` gives leased jobs to the runner; `durable(account_id, blob_id, body)` makes a file of a
    body of `large` octets and more, which `discard(account_id, file)` removes when nothing came to point at it. `journeyed` hears of what was written into the
    journal.
    """

    engine: Engine
    router: Router
    placer: Placer
    publish: Callable[[Sequence[Change]], None]
    hand_over: Callable[[Sequence[Job]], None]
    durable: Durable
    discard: Discard
    large: int
    journeyed: Callable[[int, Hop], None] | None = None


class NothingTaken(Exception):
    """No recipient at all could be served."""

    def __init__(self, errors: dict[int, MailError]) -> None:
        super().__init__("no recipient was taken")
        self.errors = errors


class Acceptance:
    """Accepts letters."""

    def __init__(self, accepting: Accepting) -> None:
        self._with = accepting
        self._reading = Unhurried(accepting.engine)  # a list may have thousands of members

    async def accept(self, letter: Letter, *, each: bool = False) -> Receipt:
        """Makes the letter durable and says what became of each recipient; with `each` the client hears of them one by one (LMTP).

        Raises the `MailError` that holds for all recipients when nobody gets it, and then nothing was kept.
        """
        if not letter.envelope.recipients:
            raise BadAddress("The message has no recipients")
        use = self._with
        routes = await use.router.routes(
            self._reading, letter.envelope.sender, letter.envelope.recipients, letter.known
        )
        sendings = self._sendings(letter, routes)
        if len(letter.content) >= use.large or isinstance(letter.content, Spilled):
            await self._or_nothing(sendings, self._make_durable(sendings))

        async def work(tx: Transaction) -> Placed:
            placed = await use.placer.place(tx, sendings, letter.arrived, each=each)
            if not placed.taken:
                raise NothingTaken(placed.errors)
            await journal.append(tx, letter.accept_id, letter.accept_id, _hop(letter, placed))
            return placed

        try:
            placed = await self._commit(work, sendings)
        except NothingTaken as nothing:
            await self._discard(sendings)
            return self._receipt(letter, nothing.errors, each=each)
        if use.journeyed is not None:
            use.journeyed(letter.accept_id, _hop(letter, placed))
        use.publish(placed.changes)
        use.hand_over(placed.jobs)
        return self._receipt(letter, placed.refused, each=each)

    async def _commit(
        self, work: Callable[[Transaction], Awaitable[Placed]], sendings: Sequence[Sending]
    ) -> Placed:
        while True:
            try:
                return await self._with.engine.write(work)
            except NotSpooled as wanting:
                waiting = wanting.sending
            except MailError as error:
                if is_undone(error):
                    await self._discard(sendings)
                raise
            await self._or_nothing(sendings, self._spool(waiting))

    async def _or_nothing(self, sendings: Sequence[Sending], making: Awaitable[None]) -> None:
        """Makes files; of a message for which not all can be made, none stays."""
        try:
            await making
        except MailError:
            await self._discard(sendings)
            raise

    async def _discard(self, sendings: Sequence[Sending]) -> None:
        """The files of a message that was not taken."""
        for sending in sendings:
            for way in sending.ways:
                if way.prepared is not None and isinstance(way.prepared.raw, BlobRef):
                    await self._with.discard(way.prepared.account_id, way.prepared.raw)
            if isinstance(sending.spooled, BlobRef):
                await self._with.discard(SPOOL_ACCOUNT, sending.spooled)

    async def _spool(self, sending: Sending) -> None:
        sending.spooled = await self._with.durable(SPOOL_ACCOUNT, sending.letter.spool_id, sending.content)

    async def _make_durable(self, sendings: Sequence[Sending]) -> None:
        """Large bodies are files, durable before the row that points at them."""
        for sending in sendings:
            for way in sending.ways:
                if way.prepared is not None:
                    await make_durable(self._with.durable, way.prepared)
            if sending.goes_on:
                await self._spool(sending)

    def _receipt(self, letter: Letter, errors: dict[int, MailError], *, each: bool) -> Receipt:
        receipt = Receipt(letter.accept_id, _errors(letter, errors))
        if not each:
            receipt.settle()
        return receipt

    def _sendings(self, letter: Letter, routes: Routes) -> list[Sending]:
        """One for each reverse-path that the letter goes on under, and for each way through lists and forwards."""
        own: _Kind = (letter.envelope.sender, ())
        groups: dict[_Kind, list[tuple[int, Leg]]] = {}
        for n, leg in enumerate(routes.legs):
            groups.setdefault((leg.sender, leg.via), []).append((n, leg))
        milestones = _milestones(letter, routes)
        if milestones:
            groups.setdefault(own, [])
        if any(leg.next_hop for leg in routes.legs):
            _note_tls_required(letter)
        terms = terms_of(letter.envelope, letter)
        # RFC 3461 §5.2.7.1 (b): what a list or a forward sends on says nothing of what the first sender asked for
        again = msgspec.structs.replace(terms, envid=None, ret=None)
        at_once = _filed_at_once(letter, routes)
        placer = self._with.placer
        sendings = []
        for kind, legs in groups.items():
            sender, via = kind
            content = _marked(letter.content, via, legs) if via else letter.content
            body = content if isinstance(content, bytes) else None
            spooled = Spooled(
                placer.next_id(),
                letter.accept_id,
                letter.arrived,
                sender,
                len(content),
                body,
                again if via else terms,
            )
            ways = placer.ways(spooled, content, legs, file=at_once)
            sendings.append(
                Sending(
                    spooled,
                    content,
                    ways,
                    milestones if kind == own else (),
                    at=letter.hop.since(letter.arrived),
                )
            )
        return sendings


def _hop(letter: Letter, placed: Placed) -> Hop:
    return Hop(letter.hop.kind, letter.hop.started, [*_with_answers(letter, placed), *placed.events])


def _with_answers(letter: Letter, placed: Placed) -> Sequence[JourneyEvent]:
    """What happened so far; where the client hears of each recipient, that ends the dialogue."""
    if letter.answers is None:
        return letter.hop.events
    events = list(letter.hop.events)
    for n in reversed(range(len(events))):
        said = events[n]
        if isinstance(said, Said):
            lines = letter.answers(_errors(letter, placed.refused))
            events[n] = msgspec.structs.replace(said, lines=[*said.lines, *lines])
            break
    return events


def _errors(letter: Letter, errors: Mapping[int, MailError]) -> list[MailError | None]:
    return [errors.get(n) for n in range(len(letter.envelope.recipients))]


_Kind = tuple[Address | None, tuple[Address, ...]]


def _filed_at_once(letter: Letter, routes: Routes) -> bool:
    """Whether local copies are filed in the accepting commit: not when they are many or large, or to be held (RFC 4865)."""
    return (
        few_here(routes.legs, len(letter.content))
        and (letter.envelope.hold_until or 0) * 1_000_000 <= letter.arrived
    )


def _marked(content: Content, via: Sequence[Address], legs: Sequence[tuple[int, Leg]]) -> Content:
    """The content for copies that passed lists or forwards; for the second time through the same one there is none (RFC 5321 §6.3)."""
    head = head_of(content)
    for address in via:
        if already_delivered(head, address):
            error = RoutingLoop(f"The message has passed {address} before")
            for _, leg in legs:
                leg.error = leg.error or error
    return with_head(content, b"".join([*map(delivered_to, via), head]))


def _note_tls_required(letter: Letter) -> None:
    """RFC 8689 §4.1: the field counts when the envelope does not say REQUIRETLS."""
    if not letter.envelope.require_tls:
        head = head_of(letter.content)
        letter.envelope.tls_optional = tls_is_optional(head[: header_end(head)])


def _milestones(letter: Letter, routes: Routes) -> list[Result]:
    recipients = letter.envelope.recipients
    return [
        Result(
            Copy(
                len(routes.legs) + number,
                milestone.rcpt,
                milestone.address,
                recipients[milestone.rcpt].notify,
                recipients[milestone.rcpt].orcpt,
            ),
            _HAPPENED[milestone.action],
        )
        for number, milestone in enumerate(routes.milestones)
    ]
