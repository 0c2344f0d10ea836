"""A whole mail server as one object: its parts, its listeners, its chores.

A process may hold several, each with settings and surroundings of its own (a lab holds two). Not here: how parts are made (`app.parts`,
`app.building`), what administration can do (`app.operations`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from postroom.app import building, parts, reporting
from postroom.app.announcements import ADMINISTRATION, CERTIFICATES, Announcements
from postroom.app.certificates.certifying import Certifying
from postroom.app.chores import Chores
from postroom.app.control import Caller, ControlServer, OperationError, Request
from postroom.app.dkim_rotation import KeyKeeper, KeyRotation
from postroom.app.housekeeping import Chore, Housekeeping, Whose
from postroom.app.locate import places_of
from postroom.app.logs import Log
from postroom.app.operations.office import Finding, Submission, Watched, permitted
from postroom.app.operations.table import OPERATIONS, perform
from postroom.app.services import Services
from postroom.app.settings.file import Settings
from postroom.app.shifts import Shifts
from postroom.app.signing_terms import rotation_terms
from postroom.app.surroundings import Surroundings
from postroom.app.watching import watch
from postroom.deliver.attempt import Attempt
from postroom.intake.local import LocalDoor
from postroom.message.envelope import Envelope
from postroom.message.errors import MailError, MessageTooBig
from postroom.net.clock import Clock
from postroom.net.tls.certificates import CertificateError
from postroom.net.tls.pem import Held
from postroom.store.administration import domains
from postroom.store.blobs.spilled import Content
from postroom.store.changes import Change
from postroom.store.engine.ids import Ids
from postroom.store.engine.transaction import Engine
from postroom.store.fsck import fsck
from postroom.store.login import attempts as login_attempts
from postroom.store.login.login import Login
from postroom.store.login.passwords import Passwords
from postroom.store.peers.report_rows import SentReport
from postroom.store.spool import jobs
from postroom.store.spool.jobs import Job
from postroom.store.store import Store
from postroom.store.vault import Vault


class Server:
    """One server; made by `open`. To its administration it is the `Office`."""

    def __init__(self, settings: Settings, world: Surroundings, built: parts.Parts) -> None:
        self.settings = settings
        self.world = world
        self.parts = built
        self.log: Log = world.log
        self.tls = building.server_tls(settings, places_of(settings).keys, world.clock.now())
        self.services = Services(settings, world, built, self.tls)
        self._control = ControlServer(places_of(settings).control, self._perform, world.control, self._take)
        self._shifts = Shifts(built.store.engine, built.node.ids.node)
        self._housekeeping = Housekeeping(world.log, self._mine, world.clock.sleep)
        self._certifying = Certifying(settings, world, built, self.tls, lambda: self.services.ports)
        self._chores = Chores(self, built, self._certifying, world)
        self._certifying.mine = lambda: self._mine(self._chores.authority)
        self._local = LocalDoor(built.premises, self.services.unique)
        heard: dict[str, Callable[..., None]] = {
            ADMINISTRATION: self._look,
            CERTIFICATES: self._look_at_certificates,
            login_attempts.FAILED: partial(built.login.attempts.heard, login_attempts.FAILED),
            login_attempts.SUCCEEDED: partial(built.login.attempts.heard, login_attempts.SUCCEEDED),
        }
        self._announcements = Announcements(built.store.changes, heard, self._missed)

    @classmethod
    async def open(cls, settings: Settings, world: Surroundings, failed: asyncio.Event) -> Server:
        """Opens the store and builds the server; `failed` is set when the store cannot go on."""

        def fatal(error: BaseException) -> None:
            world.log.error("store.failed", error=str(error))
            failed.set()

        return cls(settings, world, await parts.build(settings, world, fatal))

    @property
    def engine(self) -> Engine:
        """See `Office`."""
        return self.parts.store.engine

    @property
    def store(self) -> Store:
        """See `Office`."""
        return self.parts.store

    @property
    def ids(self) -> Ids:
        """See `Office`."""
        return self.parts.node.ids

    @property
    def clock(self) -> Clock:
        """See `Office`."""
        return self.world.clock

    @property
    def passwords(self) -> Passwords:
        """See `Office`."""
        return self.parts.passwords

    @property
    def vault(self) -> Vault:
        """See `Office`."""
        return self.parts.vault

    async def start(self) -> dict[str, int]:
        """Listens and begins to work; gives the port of each service. Raises `CannotListen`."""
        lease = self.parts.runner.any_lease()
        await self.engine.write(lambda tx: jobs.forsaken(tx, lease))
        await self._certifying.look()
        ports = await self.services.start()
        await self._control.start()
        self.parts.node.start()
        self.parts.runner.start()
        self._housekeeping.start(*self._chores.all(), *self.services.chores(), self._dkim())
        return ports

    def _dkim(self) -> Chore:
        """The life of DKIM keys goes on."""
        keeper = KeyKeeper(self.engine, self.vault, rotation_terms(self.settings))
        rotation = KeyRotation(
            keeper, self.engine, self.world.resolver, self.clock.now, self.log, self._keys_changed
        )
        return Chore("DKIM", building.DKIM_SECONDS, rotation.look, Whose.STORE)

    def _keys_changed(self) -> None:
        self.parts.ring.forget()
        self.parts.store.changes.announce(ADMINISTRATION)

    async def stop(self) -> None:
        """Stops in order: no new connections, running messages to their end, the queue, the store. Nothing is lost at any point."""
        await self.services.stop(self.world.farewell)
        await self._control.stop()
        self._announcements.close()
        await self._housekeeping.stop()
        await self._shifts.end()
        await self._chores.close()
        await self.parts.runner.stop(self.world.farewell)
        if self.parts.sts is not None:
            await self.parts.sts.close()
        await self.services.notes.finish()
        with suppress(MailError):  # the store is out of order, and will have been told
            await self.parts.login.write_history()
        self.parts.passwords.close()
        await self.parts.node.leave()
        await self.parts.store.close()

    async def domains(self) -> list[str]:
        """The names of its domains."""
        return [domain.name for domain in await domains.listing(self.engine.reading())]

    async def submit(self, submission: Submission) -> int:
        """See `Office`."""
        self._check_size(len(submission.content))
        envelope = Envelope(
            submission.sender,
            list(submission.recipients),
            smtputf8=submission.smtputf8,
            size=len(submission.content),
            envid=submission.envid,
            ret=submission.ret,
        )
        return await self._local.submit(submission.user, envelope, submission.content)

    def _check_size(self, octets: int) -> None:
        most = self.settings.limits.message_bytes
        if octets > most:
            raise MessageTooBig(f"The message has {octets} octets, at most {most} are taken here")

    @asynccontextmanager
    async def _take(self, size: int, pieces: AsyncIterator[bytes]) -> AsyncIterator[Content]:
        """A message of `size` octets over the control socket; it goes where those of SMTP go. Raises `MailError`."""
        self._check_size(size)
        self.parts.room.check(size)
        body, last = self.services.body(), b""
        try:
            async for piece in pieces:
                if last:
                    await body.add(last)
                last = piece
            yield await body.finish(last, size)
        finally:
            body.drop()

    def must_settle(self) -> None:
        """See `Office`: it can."""

    async def settle(self, job: Job, attempt: Attempt) -> None:
        """See `Office`."""
        placed = await self.parts.settler.settle(job, attempt, self.clock.now())
        self.publish(placed.changes)
        self.parts.runner.take(placed.jobs)

    def publish(self, changes: Iterable[Change]) -> None:
        """See `Office`."""
        self.parts.store.changes.publish(changes)

    def wake(self) -> None:
        """See `Office`."""
        self.parts.router.forget()
        self.parts.ring.forget()
        self.parts.runner.look_again()

    async def reload_certificates(self) -> Sequence[str]:
        """See `Office`."""
        try:
            self.tls.reload()
        except CertificateError as error:
            raise OperationError(f"{error}; the certificates of before are still shown") from error
        await self._certifying.show()
        return list(dict.fromkeys(name for one in self.tls.shown for name in one.names))

    async def certificates(self) -> Sequence[Held]:
        """See `Office`."""
        return self.tls.shown

    def must_ask(self) -> None:
        """See `Office`."""
        self._certifying.must_ask()

    async def ask_authority(self) -> Sequence[tuple[str, str, str]]:
        """See `Office`."""
        self.must_ask()
        if not await self._mine(self._chores.authority):
            return []
        return [(one.name, one.kind, one.error) for one in await self._certifying.ask()]

    async def revoke_certificate(self, name: str, reason: int) -> Sequence[str]:
        """See `Office`."""
        return await self._certifying.revoke(name, reason)

    async def message(self, account_id: int, email_id: int) -> bytes | None:
        """See `Office`."""
        return await self.parts.store.read_email(account_id, email_id)

    async def check(self, *, repair: bool) -> AsyncIterator[Finding]:
        """See `Office`."""
        async for found in fsck.check(self.parts.store, self.clock.now(), repair=repair):
            yield Finding(found.wrong.value, found.subject, found.detail, found.repaired)

    async def send_reports(self, *, today: bool) -> Sequence[SentReport]:
        """See `Office`."""
        await self.parts.tally.write()
        return await reporting.sender(self, self.world).send_due(self.clock.now(), today=today)

    async def login(self, protocol: str, username: str, password: bytes) -> Login:
        """See `Office`."""
        return await self.parts.login.authenticate(protocol, "", username, password)

    async def write_history(self) -> None:
        """See `Office`."""
        await self.parts.login.write_history()

    def watch(self, account_id: int) -> AsyncIterator[Watched]:
        """See `Office`."""
        return watch(self.parts.store, account_id)

    async def _perform(self, caller: Caller, request: Request) -> AsyncIterator[dict[str, Any]]:
        operation = OPERATIONS.get(request.operation)
        try:
            async for record in perform(self, caller, request):
                yield record
        finally:  # what was committed holds, though it failed later, or the caller has gone
            if operation is not None and not operation.reads and permitted(operation, caller):
                self.wake()
                await self.services.logins.look()
                if not operation.everybody:
                    self.parts.store.changes.announce(ADMINISTRATION)

    async def _mine(self, chore: Chore) -> bool:
        worker = self.world.worker
        if chore.whose is Whose.STORE and self.settings.server.database:
            return await self._shifts.mine(chore.name, chore.seconds)
        return chore.whose is not Whose.MACHINE or worker.number == 1

    def _look(self) -> None:
        """Another process has changed something."""
        self.wake()
        self.parts.runner.in_background(self.services.logins.look())

    def _look_at_certificates(self) -> None:
        self.parts.runner.in_background(self._certifying.look())

    def _missed(self) -> None:
        self._look()
        self._look_at_certificates()
