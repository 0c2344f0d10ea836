"""Puts a letter where its legs lead, inside one transaction: copies into mailboxes, the rest into the spool, reports on what failed.

RFC 5321 §4.2.5 (what is acknowledged is delivered, retried or reported), RFC 3461 §5.2 (a report is in the same commit as what it reports).
Used by acceptance, and by the runner when a job ends. Not here: the commit itself, routing, and how a report is worded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from postroom.deliver.filing import Filing
from postroom.deliver.legs import LOCAL_HOP, Leg
from postroom.deliver.letter import Letter
from postroom.deliver.reports import Reporter, Result, failed
from postroom.deliver.router import Router
from postroom.deliver.schedule import Schedule
from postroom.message.envelope import Envelope
from postroom.message.errors import MailError, TryLater
from postroom.message.journey.events import Accepted, Hop, HopKind, JourneyEvent, Outcome, Routed
from postroom.message.notifications.dsn import Notification
from postroom.message.notifications.dsn_rules import Happened
from postroom.store import journal
from postroom.store.blobs import blobs
from postroom.store.blobs.blobs import BlobRef
from postroom.store.blobs.spilled import Content
from postroom.store.changes import Change
from postroom.store.emails.delivery import Delivery
from postroom.store.engine.transaction import Transaction
from postroom.store.spool import hops, spool
from postroom.store.spool.jobs import Job, own_job
from postroom.store.spool.spool import Blob, Copy, Lease, NewJob, Spooled, Terms

_SECOND = 1_000_000
SPOOL_ACCOUNT = 0  # whose the files of the spool are
MOST_LOCAL_COPIES = 20  # in the accepting commit, or a report's; of more the runner files the copies
MOST_LOCAL_OCTETS = 4 * 1024 * 1024  # of all local copies together, likewise


class Way(msgspec.Struct, frozen=True):
    """A leg with its number: `prepared` for a copy that is filed in this commit, else it goes through the spool, or nowhere (`error`)."""

    copy: Copy
    leg: Leg
    prepared: Delivery | None = None
    error: MailError | None = None


class Sending(msgspec.Struct):
    """A letter under one reverse-path, with its bytes and its ways. `spooled` is the body as the spool keeps it: a file when it is large."""

    letter: Spooled
    content: Content
    ways: Sequence[Way]
    milestones: Sequence[Result] = ()
    spooled: bytes | BlobRef = b""
    at: int = 0

    @property
    def goes_on(self) -> bool:
        """Whether a copy will wait in the spool."""
        return any(way.prepared is None and way.error is None for way in self.ways)


class NotSpooled(Exception):
    """A long message has to wait, since a mailbox did not take it now, and its body is no file of the spool yet."""

    def __init__(self, sending: Sending) -> None:
        super().__init__("a body is to be made durable first")
        self.sending = sending


class Placed(msgspec.Struct):
    """What a transaction did, to be acted upon after its commit. `errors` are those that a client can still be told, by recipient; `steps` are what
    was added to journeys: the attempt, and reports, which begin their own."""

    changes: list[Change] = []
    jobs: list[Job] = []
    events: list[JourneyEvent] = []
    errors: dict[int, MailError] = {}
    taken: set[int] = set()
    steps: list[tuple[int, Hop]] = []

    @property
    def refused(self) -> dict[int, MailError]:
        """The errors of recipients for whom nothing was taken."""
        return {rcpt: error for rcpt, error in self.errors.items() if rcpt not in self.taken}


class _Rest(msgspec.Struct, frozen=True):
    """What is left of a sending after filing: the errors, and the copies whose errors the client is told."""

    sending: Sending
    errors: dict[int, MailError]
    told: frozenset[int]
    now: int


class Reportable(msgspec.Struct, frozen=True):
    """A message and what became of some of its copies: what a report would be about."""

    letter: Spooled
    original: Content
    results: Sequence[Result]


class Placer:
    """The hands of acceptance and runner. `lease` says whether this node has a hand free for a next hop, `reached` whether a connection to it stands."""

    def __init__(
        self,
        router: Router,
        filing: Filing,
        reporter: Reporter,
        schedule: Schedule,
        next_id: Callable[[], int],
    ) -> None:
        self._router = router
        self._filing = filing
        self._reporter = reporter
        self.schedule = schedule
        self.next_id = next_id
        self.lease: Callable[[str, int], Lease | None] = _no_hand_free
        self.reached: Callable[[str], bool] = _not_reached
        self.later: Callable[[], None] = _nobody_sleeps

    def ways(
        self, letter: Spooled, content: Content, legs: Sequence[tuple[int, Leg]], *, file: bool = True
    ) -> list[Way]:
        """The legs made ready; with `file` local copies are filed at once."""
        return [self._way(letter, content, copy_of(n, leg), leg, file=file) for n, leg in legs]

    def _way(self, letter: Spooled, content: Content, copy: Copy, leg: Leg, *, file: bool) -> Way:
        if leg.error is not None or leg.account_id is None or not file:
            return Way(copy, leg, error=leg.error)
        try:
            return Way(copy, leg, self._filing.prepare(letter, content, copy, letter.accepted))
        except MailError as error:
            return Way(copy, leg, error=error)

    async def place(
        self, tx: Transaction, sendings: Sequence[Sending], now: int, *, each: bool = False
    ) -> Placed:
        """Places all legs. With `each` the client is told of every recipient (LMTP): of one who was told, nothing is kept or reported."""
        placed = Placed()
        failures = [await self._file(tx, sending, placed) for sending in sendings]
        for sending, errors in zip(sendings, failures, strict=True):
            told = frozenset(way.copy.n for way in sending.ways if each and way.leg.rcpt not in placed.taken)
            await self._finish(tx, _Rest(sending, errors, told, now), placed)
        return placed

    async def _file(self, tx: Transaction, sending: Sending, placed: Placed) -> dict[int, MailError]:
        """Files what is prepared, and gives what went wrong by copy number; in the order of accounts, so that two transactions never wait
        for each other."""
        errors = {way.copy.n: way.error for way in sending.ways if way.error is not None}
        ways = sending.ways if len(sending.ways) == 1 else sorted(sending.ways, key=_account_of)
        for way in ways:
            if way.prepared is not None:
                try:
                    placed.changes += await self._filing.file(tx, sending.letter, way.copy, way.prepared)
                except TryLater:
                    raise  # the store's, for the whole transaction
                except MailError as error:
                    errors[way.copy.n] = error
                    if isinstance(way.prepared.raw, BlobRef):  # nothing points at its file
                        await blobs.superfluous(tx, way.prepared.account_id, way.prepared.raw)
            if way.copy.n not in errors:
                placed.taken.update((way.leg.rcpt, *way.leg.also))
        return errors

    async def _finish(self, tx: Transaction, rest: _Rest, placed: Placed) -> None:
        """What was not filed waits, or fails; the sender hears of what he asked to hear of."""
        sending = rest.sending
        results = list(sending.milestones)
        waiting: dict[str, list[Copy]] = {}
        for way in sending.ways:
            copy, leg, error = way.copy, way.leg, rest.errors.get(way.copy.n)
            address = str(leg.address)
            if error is not None:
                word = "failed" if error.permanent else "delayed"
                placed.errors |= dict.fromkeys((leg.rcpt, *leg.also), error)
                placed.events.append(
                    Outcome(sending.at, leg.rcpt, address, word, str(error.status), error.public)
                )
                if copy.n in rest.told:
                    continue
                if error.permanent:
                    results.append(failed(copy, error))
                    continue
            elif way.prepared is not None:
                where = way.prepared.filed_in
                placed.events.append(Outcome(sending.at, leg.rcpt, address, "filed", "2.1.5", "", where))
                results.append(Result(copy, Happened.DELIVERED))
                continue
            hop = LOCAL_HOP if leg.account_id is not None else leg.next_hop or LOCAL_HOP
            waiting.setdefault(hop, []).append(copy)
            placed.events.append(Routed(sending.at, leg.rcpt, address, leg.way, hop))
        if waiting:
            placed.jobs += await self._spool(tx, sending, waiting, rest.now)
        await self.report(tx, Reportable(sending.letter, sending.content, results), rest.now, placed)

    async def _spool(
        self, tx: Transaction, sending: Sending, waiting: dict[str, list[Copy]], now: int
    ) -> list[Job]:
        letter = sending.letter
        if isinstance(sending.spooled, BlobRef):
            blob_id = await blobs.put(tx, SPOOL_ACCOUNT, sending.spooled.blob_id, sending.spooled)
            letter = msgspec.structs.replace(letter, body=Blob(SPOOL_ACCOUNT, blob_id))
        elif letter.body is None:
            raise NotSpooled(sending)
        begins = max(
            letter.accepted, (letter.terms.hold_until or 0) * _SECOND
        )  # RFC 4865: nothing happens before
        expires = self.schedule.expires(begins, bounce=letter.sender is None)
        alarm = self.first_alarm(letter, begins)
        due = max(now, begins)
        new = [
            NewJob(hop, copies, due, expires, alarm, await self._lease(tx, hop, now) if due <= now else None)
            for hop, copies in waiting.items()
        ]
        await spool.put(tx, letter, new)
        if due > now:
            self.later()
        return [own_job(letter, number, job) for number, job in enumerate(new) if job.lease is not None]

    async def _lease(self, tx: Transaction, hop: str, now: int) -> Lease | None:
        """A lease for a hop that this node has a hand free for, and that is not known to be dead: such a one waits for a probe."""
        lease = self.lease(hop, now)
        if lease is None or not hop or self.reached(hop):
            return lease
        return lease if await hops.get(tx, hop) is None else None

    def first_alarm(self, letter: Spooled, begins: int) -> int:
        """When a job must be looked at although nothing else happens: the delay notice, or the deadline of RFC 2852 if that is first."""
        alarm = begins + self.schedule.delay_notice * _SECOND
        by = letter.terms.deliver_by
        return min(alarm, max(by.deadline * _SECOND, letter.accepted)) if by else alarm

    async def report(self, tx: Transaction, about: Reportable, now: int, placed: Placed) -> None:
        """Sends the sender what it is owed; what cannot be sent is dropped, since nobody asked for a report on a report."""
        notification = self._reporter.notification(about.letter, about.original, about.results, now)
        if notification is None:
            return
        sending = await self._notification(tx, notification, now)
        reported = await self.place(tx, [sending], now)
        placed.changes += reported.changes
        placed.jobs += reported.jobs
        hop = Hop(HopKind.REPORT, now, [_accepted(sending, notification.envelope), *reported.events])
        await journal.append(tx, sending.letter.accept_id, sending.letter.accept_id, hop)
        placed.steps.append((sending.letter.accept_id, hop))

    async def _notification(self, tx: Transaction, notification: Notification, now: int) -> Sending:
        envelope = notification.envelope
        routes = await self._router.routes(tx, None, envelope.recipients, {})
        letter = Spooled(
            self.next_id(),
            self.next_id(),
            now,
            None,
            len(notification.raw),
            notification.raw,
            terms_of(envelope, vouched=True),
        )
        at_once = few_here(routes.legs, len(notification.raw))
        ways = self.ways(letter, notification.raw, list(enumerate(routes.legs)), file=at_once)
        return Sending(letter, notification.raw, ways)


def _nobody_sleeps() -> None:
    """What is due later is found when it is due."""


def _no_hand_free(hop: str, now: int) -> Lease | None:  # noqa: ARG001 - until a runner says otherwise
    return None


def _not_reached(hop: str) -> bool:  # noqa: ARG001 - likewise
    return False


def few_here(legs: Sequence[Leg], size: int) -> bool:
    """Whether the local copies of a message of `size` octets are few and small enough to be filed in one commit with the rest."""
    if len(legs) == 1:
        return True
    local = sum(leg.account_id is not None for leg in legs)
    return local <= MOST_LOCAL_COPIES and (local <= 1 or local * size <= MOST_LOCAL_OCTETS)


def _account_of(way: Way) -> int:
    return way.leg.account_id or 0


def copy_of(n: int, leg: Leg) -> Copy:
    """The leg as the spool keeps it."""
    return Copy(
        n, leg.rcpt, leg.address, leg.notify, leg.orcpt, leg.account_id or 0, leg.detail, leg.expanded
    )


def terms_of(envelope: Envelope, letter: Letter | None = None, *, vouched: bool = False) -> Terms:
    """The envelope without its addresses, as the spool keeps it; `vouched`: it is ours without being a letter that came in."""
    return Terms(
        envelope.envid,
        envelope.ret,
        envelope.body,
        envelope.smtputf8,
        envelope.deliver_by,
        envelope.hold_until,
        envelope.priority,
        envelope.auth,
        letter.from_mta if letter is not None else "",
        letter is not None and letter.shown,
        envelope.require_tls,
        envelope.tls_optional,
        letter is not None and letter.junk,
        vouched or (letter is not None and letter.vouched),
    )


def _accepted(sending: Sending, envelope: Envelope) -> Accepted:
    return Accepted(0, "", [str(recipient.address) for recipient in envelope.recipients], sending.letter.size)
