"""An office for tests: a real store, and a note of what it was asked to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from postroom.app.control import Caller, OperationError, Request
from postroom.app.operations.office import Finding, Submission, Watched
from postroom.app.operations.table import perform
from postroom.app.settings.file import MailboxSettings, ServerSettings, Settings, SigningSettings
from postroom.deliver.attempt import Attempt
from postroom.message.errors import AuthenticationFailed, MailError
from postroom.net.tls.pem import Held
from postroom.store.changes import Change
from postroom.store.engine.ids import Ids
from postroom.store.login.login import Login
from postroom.store.peers.report_rows import SentReport
from postroom.store.spool import jobs
from postroom.store.spool.jobs import Job, Outcome
from postroom.store.store import Store
from postroom.store.vault import Vault

NOW = 1_750_000_000_000_000
ROOT = Caller(0, 1, "root")
ALICE = Caller(4242, 1, "alice")
_KEY = bytes(32)


class FixedClock:
    """A clock that stands."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> int:
        return self.time


class QuickPasswords:
    """Verifiers that anybody can read."""

    async def verifier(self, password: bytes) -> bytes:
        if len(password) > 100:
            raise ValueError("a password has 1 to 100 octets")
        return b"$plain$" + password

    async def scram(self, password: bytes, key: str, vault: Vault) -> bytes:
        return b"$scram$" + password


class Notes:
    """A log."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def exception(self, event: str, **facts: Any) -> None:
        self.lines.append((event, facts))


class TestOffice:
    """An office over a store. `submitted`, `settled` and `woken` are what it was asked for; `refuses` is raised by `submit`."""

    __test__ = False

    def __init__(self, store: Store) -> None:
        self.settings = Settings(
            server=ServerSettings(hostname="mail.hamburger.test"),
            mailboxes=MailboxSettings(quota_bytes=1000),
            signing=SigningSettings(dkim=False),  # domains begin without keys
        )
        self.store = store
        self.engine = store.engine
        self.ids = Ids(1)
        self.clock = FixedClock()
        self.passwords = QuickPasswords()
        self.vault = Vault(_KEY)
        self.log = Notes()
        self.submitted: list[Submission] = []
        self.history = 0
        self.settled: list[tuple[Job, Attempt]] = []
        self.woken = 0
        self.published: list[Change] = []
        self.refuses: MailError | None = None
        self.findings: list[Finding] = []
        self.news: asyncio.Queue[Watched] = asyncio.Queue()

    @classmethod
    async def open(cls, directory: Path) -> TestOffice:
        return cls(await Store.open(f"sqlite://{directory}"))

    async def submit(self, submission: Submission) -> int:
        if self.refuses is not None:
            raise self.refuses
        self.submitted.append(submission)
        return len(self.submitted)

    def must_settle(self) -> None:
        """It can."""

    async def settle(self, job: Job, attempt: Attempt) -> None:
        self.settled.append((job, attempt))
        final = [Outcome(result.copy.n, final=True) for result in attempt.results]
        await self.engine.write(lambda tx: jobs.settle(tx, job, final))

    def publish(self, changes: Iterable[Change]) -> None:
        self.published += changes

    def wake(self) -> None:
        self.woken += 1

    async def reload_certificates(self) -> Sequence[str]:
        return ["mail.hamburger.test"]

    async def certificates(self) -> Sequence[Held]:
        return ()

    def must_ask(self) -> None:
        """It can."""

    async def ask_authority(self) -> Sequence[tuple[str, str, str]]:
        return []

    async def revoke_certificate(self, name: str, reason: int) -> Sequence[str]:
        return []

    async def message(self, account_id: int, email_id: int) -> bytes | None:
        return await self.store.read_email(account_id, email_id)

    async def check(self, *, repair: bool) -> AsyncIterator[Finding]:
        for finding in self.findings:
            yield msgspec.structs.replace(finding, repaired=repair)

    async def send_reports(self, *, today: bool) -> Sequence[SentReport]:
        return [SentReport("dmarc", "e.test", "id", 20_000, NOW, 3, "r@e.test", "" if today else "later")]

    async def login(self, protocol: str, username: str, password: bytes) -> Login:
        if password != b"right":
            raise AuthenticationFailed
        return Login(7, username)

    async def write_history(self) -> None:
        self.history += 1

    async def watch(self, account_id: int) -> AsyncIterator[Watched]:
        while True:
            yield await self.news.get()

    async def ask(self, operation: str, caller: Caller = ROOT, **arguments: Any) -> list[dict[str, Any]]:
        """Performs an operation and gives its records."""
        return [record async for record in perform(self, caller, Request(operation, arguments))]

    async def refusal(self, operation: str, caller: Caller = ROOT, **arguments: Any) -> str:
        """The words with which an operation fails."""
        try:
            await self.ask(operation, caller, **arguments)
        except (OperationError, MailError) as error:
            return str(error)
        raise AssertionError(f"{operation} was done")
