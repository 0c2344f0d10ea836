"""Puts a letter where its legs lead, inside one transaction: copies into mailboxes, the rest into the spool, reports on what failed.

RFC 5321 §4.2.5 (what is acknowledged is delivered, retried or reported), RFC 3461 §5.2 (a report is in the same commit as what it reports).
Used by acceptance, and by the runner when a job ends. Not here: the commit itself, routing, and how a report is worded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from postroom.deliver.filing import Filing
from postroom.deliver.legs import LOCAL_HOP, Leg
from postroom.deliver.reports import Reporter, Result, failed
from postroom.deliver.router import Router
from postroom.deliver.schedule import Schedule
from postroom.message.dsn import Notification
from postroom.message.dsn_rules import Happened
from postroom.message.envelope import Envelope
from postroom.message.errors import MailError
from postroom.message.journey import Accepted, Hop, HopKind, JourneyEvent, Outcome, Routed
from postroom.store import blobs, journal, spool
from postroom.store.blobs import BlobRef
from postroom.store.changes import Change
from postroom.store.delivery import Delivery
from postroom.store.engine import Transaction
from postroom.store.jobs import Job, own_job
from postroom.store.spool import Blob, Copy, Lease, NewJob, Spooled, Terms

SPOOL_ACCOUNT = 0  # whose the files of the spool are


class Way(msgspec.Struct, frozen=True):
    """A leg with its number: `prepared` for a copy that is filed in this commit, else it goes through the spool, or nowhere (`error`)."""

    copy: Copy
    leg: Leg
    prepared: Delivery | None = None
    error: MailError | None = None


class Sending(msgspec.Struct):
    """A letter under one reverse-path, with its bytes and its ways. `spooled` is the body as the spool keeps it: a file when it is large."""

    letter: Spooled
    content: bytes
    ways: Sequence[Way]
    milestones: Sequence[Result] = ()
    spooled: bytes | BlobRef = b""

    @property
    def goes_on(self) -> bool:
        """Whether a copy will wait in the spool."""
        return any(way.prepared is None and way.error is None for way in self.ways)


class Placed(msgspec.Struct):
    """What a transaction did, to be acted upon after its commit. `errors` are those that a client can still be told, by recipient."""

    changes: list[Change] = []
    jobs: list[Job] = []
    events: list[JourneyEvent] = []
    errors: dict[int, MailError] = {}
    taken: set[int] = set()


class Reportable(msgspec.Struct, frozen=True):
    """A message and what became of some of its copies: what a report would be about."""

    letter: Spooled
    original: bytes
    results: Sequence[Result]


class Placer:
    """The hands of acceptance and runner. `lease` says whether this node has a hand free for a next hop."""

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

    def ways(
        self, letter: Spooled, content: bytes, legs: Sequence[tuple[int, Leg]], *, file: bool = True
    ) -> list[Way]:
        """The legs made ready; with `file` local copies are filed at once."""
        return [self._way(letter, content, copy_of(n, leg), leg, file=file) for n, leg in legs]

    def _way(self, letter: Spooled, content: bytes, copy: Copy, leg: Leg, *, file: bool) -> Way:
        if leg.error is not None or leg.account_id is None or not file:
            return Way(copy, leg, error=leg.error)
        try:
            return Way(copy, leg, self._filing.prepare(letter, content, copy, letter.accepted))
        except MailError as error:
            return Way(copy, leg, error=error)

    async def place(self, tx: Transaction, sending: Sending, now: int, *, each: bool = False) -> Placed:
        """Places all legs. With `each` the client is told of every recipient (LMTP): one that failed is neither kept nor reported."""
        placed = Placed()
        results = list(sending.milestones)
        waiting: dict[str, list[Copy]] = {}
        for way in sending.ways:
            copy, leg, error = way.copy, way.leg, way.error
            if way.prepared is not None:
                try:
                    placed.changes += await self._filing.file(tx, sending.letter, copy, way.prepared)
                    placed.taken.add(leg.rcpt)
                    placed.events.append(
                        Outcome(0, leg.rcpt, str(leg.address), "filed", "2.1.5", "", "INBOX")
                    )
                    results.append(Result(copy, Happened.DELIVERED))
                    continue
                except MailError as caught:
                    error = caught
            told = each and not leg.expanded
            if error is None or not (told or error.permanent):
                hop = LOCAL_HOP if leg.account_id is not None else leg.next_hop or LOCAL_HOP
                waiting.setdefault(hop, []).append(copy)
                placed.events.append(Routed(0, leg.rcpt, str(leg.address), leg.way, hop))
            if error is None:
                placed.taken.add(leg.rcpt)
                continue
            placed.errors[leg.rcpt] = error
            placed.events.append(
                Outcome(0, leg.rcpt, str(leg.address), "failed", str(error.status), error.public)
            )
            if error.permanent and not told:
                results.append(failed(copy, error))
        if waiting:
            placed.jobs += await self._spool(tx, sending, waiting, now)
        await self.report(tx, Reportable(sending.letter, sending.content, results), now, placed)
        return placed

    async def _spool(
        self, tx: Transaction, sending: Sending, waiting: dict[str, list[Copy]], now: int
    ) -> list[Job]:
        letter = sending.letter
        if isinstance(sending.spooled, BlobRef):
            blob_id = await blobs.put(tx, SPOOL_ACCOUNT, sending.spooled.blob_id, sending.spooled)
            letter = msgspec.structs.replace(letter, body=Blob(SPOOL_ACCOUNT, blob_id))
        expires = self.schedule.expires(letter.accepted, bounce=letter.sender is None)
        alarm = self.first_alarm(letter)
        due = max(now, (letter.terms.hold_until or 0) * 1_000_000)
        new = [
            NewJob(hop, copies, due, expires, alarm, self.lease(hop, now) if due <= now else None)
            for hop, copies in waiting.items()
        ]
        await spool.put(tx, letter, new)
        return [own_job(letter, number, job) for number, job in enumerate(new) if job.lease is not None]

    def first_alarm(self, letter: Spooled) -> int:
        """When a job must be looked at although nothing else happens: the delay notice, or the deadline of RFC 2852 if that is first."""
        alarm = letter.accepted + self.schedule.delay_notice * 1_000_000
        by = letter.terms.deliver_by
        return min(alarm, max(by.deadline * 1_000_000, letter.accepted)) if by else alarm

    async def report(self, tx: Transaction, about: Reportable, now: int, placed: Placed) -> None:
        """Sends the sender what it is owed; what cannot be sent is dropped, since nobody asked for a report on a report."""
        notification = self._reporter.notification(about.letter, about.original, about.results, now)
        if notification is None:
            return
        sending = await self._notification(tx, notification, now)
        reported = await self.place(tx, sending, now)
        placed.changes += reported.changes
        placed.jobs += reported.jobs
        hop = Hop(HopKind.REPORT, now, [_accepted(sending, notification.envelope), *reported.events])
        await journal.append(tx, sending.letter.accept_id, self.next_id(), hop)

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
            terms_of(envelope),
        )
        ways = self.ways(letter, notification.raw, list(enumerate(routes.legs)))
        return Sending(letter, notification.raw, ways)


def _no_hand_free(hop: str, now: int) -> Lease | None:  # noqa: ARG001 - until a runner says otherwise
    return None


def copy_of(n: int, leg: Leg) -> Copy:
    """The leg as the spool keeps it."""
    return Copy(
        n, leg.rcpt, leg.address, leg.notify, leg.orcpt, leg.account_id or 0, leg.detail, leg.expanded
    )


def terms_of(envelope: Envelope, from_mta: str = "", *, shown: bool = False) -> Terms:
    """The envelope without its addresses, as the spool keeps it."""
    return Terms(
        envelope.envid,
        envelope.ret,
        envelope.body,
        envelope.smtputf8,
        envelope.deliver_by,
        envelope.hold_until,
        envelope.priority,
        envelope.auth,
        from_mta,
        shown,
    )


def _accepted(sending: Sending, envelope: Envelope) -> Accepted:
    return Accepted(0, "", [str(recipient.address) for recipient in envelope.recipients], sending.letter.size)
