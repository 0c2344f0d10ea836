"""Takes in what was dropped while the server was down (`app.maildrop`), as if it came over the control socket.

RFC 5321 §4.2.5 and §6.1: what cannot be accepted is reported to its sender; when not even that is possible the file is kept where an
administrator finds it. A file is anybody's: whatever stands in it, the next one is taken all the same. Not here: when this is done.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from postroom.app.control import OperationError
from postroom.app.locate import Places
from postroom.app.maildrop import Dropped, collect
from postroom.app.operations.office import Office, Submission
from postroom.app.operations.submission import Submit, submission
from postroom.deliver.reports import Reporter, failed
from postroom.message.envelope import Recipient
from postroom.message.errors import MailError
from postroom.message.ids import IdKind, id_text
from postroom.store.spool.spool import Copy, Spooled, Terms


class Log(Protocol):
    """What is asked of a log."""

    def info(self, event: str, **facts: Any) -> Any:
        """All is well."""

    def warning(self, event: str, **facts: Any) -> Any:
        """An administrator may want to look."""


async def take_dropped(office: Office, places: Places, log: Log) -> int:
    """Takes what waits in the drop directory; gives the number of files that are done with."""
    done = 0
    for dropped in collect(places.drop, places.rejected):
        try:
            await _take(office, dropped, log)
        except (msgspec.ValidationError, OperationError) as error:
            _keep(dropped, places, log, error)
        except MailError as error:
            if not error.permanent:
                continue  # it is tried again
            _keep(dropped, places, log, error)
        done += 1
    return done


async def _take(office: Office, dropped: Dropped, log: Log) -> None:
    """Accepts it, or tells its sender why not; raises what is in the way of both."""
    submitted = await submission(office, dropped.user, msgspec.convert(dropped.facts, Submit))
    try:
        accept_id = await office.submit(submitted)
    except MailError as error:
        if not (error.permanent and await _reported(office, submitted, error)):
            raise
        dropped.taken()
        log.info("drop.refused", user=dropped.user, reason=str(error))
    else:
        dropped.taken()
        log.info("drop.accepted", user=dropped.user, id=id_text(IdKind.JOURNEY, accept_id))


async def _reported(office: Office, submitted: Submission, error: MailError) -> bool:
    """Tells the sender; False when he cannot be told, ever. Raises `MailError` when not now."""
    if submitted.sender is None:
        return False
    raw = _report(office, submitted, error, secrets.token_hex)
    try:
        await office.submit(Submission("postmaster", None, [Recipient(submitted.sender)], raw))
    except MailError as refused:
        if refused.permanent:
            return False
        raise
    return True


def _report(office: Office, submitted: Submission, error: MailError, unique: Callable[[int], str]) -> bytes:
    now = office.clock.now()
    copies = [Copy(n, n, one.address) for n, one in enumerate(submitted.recipients)]
    letter = Spooled(0, office.ids.next(), now, submitted.sender, len(submitted.content), None, Terms())
    reporter = Reporter(office.settings.server.hostname, lambda: unique(12))
    notification = reporter.notification(
        letter, submitted.content, [failed(copy, error) for copy in copies], now
    )
    assert notification is not None, "a failure without NOTIFY is always reported"
    return notification.raw


def _keep(dropped: Dropped, places: Places, log: Log, error: Exception) -> None:
    kept = dropped.rejected(places.rejected, str(error))
    log.warning("drop.kept", user=dropped.user, reason=str(error), kept=str(kept))
