"""Hosts that took no conversation: what follows for the mail, and for how long it is believed.

RFC 7672 §2.2 and RFC 8461 §5 (mail that a policy holds back waits, and is not returned before its time), RFC 8689 §4.2.1 (a message that demands
REQUIRETLS is returned). Not here: opening (`deliver.remote`).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from postroom.deliver.attempt import Attempt, Deferral
from postroom.deliver.reports import failed
from postroom.deliver.tls_outcome import ResultKind
from postroom.message.errors import EncryptionNeeded, RequireTlsUnsupported
from postroom.message.journey.events import Outcome
from postroom.net.clock import Clock
from postroom.store.spool.jobs import Job

BELIEVED_SECONDS = 60.0  # that a policy's refusal holds for the next messages without another connection
MOST_HOPS = 1000  # whose refusals are remembered
_STATUS = "4.7.5"  # RFC 3463 §3.8: a failure of what protects, not of the host
_NO_TLS_STATUS = "4.7.10"


class Refusal(msgspec.Struct, frozen=True):
    """Why a host was not used: `result` is set when that is for want of protection, and not of the host."""

    words: str
    result: ResultKind | None = None
    lacks_requiretls: bool = False

    @property
    def status(self) -> str:
        """The enhanced status of mail that waits for that reason."""
        return _NO_TLS_STATUS if self.result is ResultKind.STARTTLS_NOT_SUPPORTED else _STATUS


class Refusals:
    """What policies have refused lately, by next hop: many messages need not find it out each for itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, Refusal]] = {}

    def of(self, hop: str) -> Refusal | None:
        """The refusal that still holds."""
        known = self._known.get(hop)
        if known is None:
            return None
        if self._clock.monotonic() >= known[0]:
            del self._known[hop]
            return None
        return known[1]

    def note(self, hop: str, refusals: Sequence[Refusal]) -> None:
        """Remembers one, when protection was all that was wanting."""
        if not refusals or any(one.result is None for one in refusals):
            return
        if len(self._known) >= MOST_HOPS:
            self._known.clear()
        self._known[hop] = self._clock.monotonic() + BELIEVED_SECONDS, refusals[-1]

    def forget(self, hop: str) -> None:
        """The hop takes mail."""
        self._known.pop(hop, None)

    def clear(self) -> None:
        """Somebody has mended something: all may be well."""
        self._known.clear()


def refused(job: Job, attempt: Attempt, refusals: Sequence[Refusal], at: int) -> Attempt:
    """The attempt of a job that no host took.

    A host that cannot be reached makes the next hop a dead one. One that is not as protected as it must be delays this mail alone,
    since other mail may ask for less; and REQUIRETLS, which no host was left to meet, returns it.
    """
    wanting = [one for one in refusals if one.result is not None]
    if not wanting:
        attempt.hop_down = refusals[-1].words if refusals else "no host was tried"
        return attempt
    terms, last = job.letter.terms, wanting[-1]
    if terms.require_tls and job.letter.sender is not None and len(wanting) == len(refusals):
        error = (
            RequireTlsUnsupported(last.words)
            if any(one.lacks_requiretls for one in wanting)
            else EncryptionNeeded(f"{EncryptionNeeded.words}: {last.words}")
        )
        attempt.results += [failed(copy, error) for copy in job.copies]
        attempt.events += [
            Outcome(at, copy.rcpt, str(copy.address), "failed", str(error.status), error.public)
            for copy in job.copies
        ]
        return attempt
    deferral = Deferral(f"{last.status} {last.words}")
    attempt.delayed = {copy.n: deferral for copy in job.copies}
    attempt.events += [
        Outcome(at, copy.rcpt, str(copy.address), "delayed", last.status, last.words) for copy in job.copies
    ]
    return attempt
