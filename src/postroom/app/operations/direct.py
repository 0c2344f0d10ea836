"""Operations without a server: the command opens the store itself, and lets go of it when it is done.

On the embedded database the store's lock sees to it that no server has it at the same time. What only a server can do (taking mail, ending
deliveries, telling of changes) is refused with the way to get it done. Not here: the operations.
"""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, NoReturn

from postroom.app.control import Caller, OperationError
from postroom.app.locate import make_data, places_of, store_url
from postroom.app.logs import make_log
from postroom.app.node import ALONE, Node, Told
from postroom.app.operations.office import Finding, Log, Submission, Watched
from postroom.app.settings.file import Settings
from postroom.deliver.attempt import Attempt
from postroom.net.clock import SystemClock
from postroom.net.tls.pem import Held
from postroom.proto.sasl.scram import derived
from postroom.store.changes import Change
from postroom.store.engine.durable import make_durable
from postroom.store.engine.ids import Ids
from postroom.store.engine.sqlite import SqliteOptions
from postroom.store.engine.transaction import Engine
from postroom.store.fsck import fsck
from postroom.store.login.login import Login
from postroom.store.login.passwords import Passwords
from postroom.store.peers.report_rows import SentReport
from postroom.store.spool.jobs import Job
from postroom.store.store import Store, StoreSettings
from postroom.store.vault import Vault


class DirectOffice:
    """An office of one command. Made by `open`."""

    def __init__(self, settings: Settings, store: Store, node: Node) -> None:
        self.settings = settings
        self.engine: Engine = store.engine
        self.clock = SystemClock()
        self.passwords = Passwords(derive=derived)
        self.log: Log = make_log("console", "error", sys.stderr)
        self.store = store
        self._node = node

    @classmethod
    async def open(cls, settings: Settings, *, begins: bool = True) -> DirectOffice:
        """Opens the store that the settings name, or begins it; raises `StoreRefused` when it is another process's or damaged, or is not to be begun."""
        if begins:
            make_data(places_of(settings))
        store = await Store.open(store_url(settings), StoreSettings(sqlite=SqliteOptions(create=begins)))
        try:
            place = "" if settings.server.database else ALONE
            node = await Node.join(store.engine, Told(_give_up, _give_up), place)
        except BaseException:
            await store.close()
            raise
        return cls(settings, store, node)

    @property
    def ids(self) -> Ids:
        """Ids of this process's node."""
        return self._node.ids

    @property
    def vault(self) -> Vault:
        """Opened, or made, when it is asked for."""
        places = places_of(self.settings)
        make_data(places)
        make_durable(places.keys)
        return Vault.open(places.keys / "vault.key")

    async def close(self) -> None:
        """Lets go of the store."""
        self.passwords.close()
        await self._node.leave()
        await self.store.close()

    async def submit(self, submission: Submission) -> int:  # noqa: ARG002
        """Not without a server."""
        _refuse("to take a message")

    def must_settle(self) -> None:
        """Not without a server: reports may be due."""
        _refuse("to end a delivery")

    async def settle(self, job: Job, attempt: Attempt) -> None:  # noqa: ARG002
        """The same."""
        self.must_settle()

    def publish(self, changes: Iterable[Change]) -> None:
        """Nobody listens."""

    def wake(self) -> None:
        """Nobody sleeps."""

    async def reload_certificates(self) -> Sequence[str]:
        """Not without a server."""
        _refuse("to use new certificates; it reads them when it starts")

    async def certificates(self) -> Sequence[Held]:
        """Nobody is shown any."""
        return ()

    def must_ask(self) -> NoReturn:
        """Not without a server: the authority looks at it."""
        _refuse("to ask for certificates")

    async def ask_authority(self) -> Sequence[tuple[str, str, str]]:
        """The same."""
        self.must_ask()

    async def revoke_certificate(self, name: str, reason: int) -> Sequence[str]:  # noqa: ARG002
        """Not without a server, whose certificate it is."""
        _refuse("to call certificates off")

    async def message(self, account_id: int, email_id: int) -> bytes | None:
        """See `Office`."""
        return await self.store.read_email(account_id, email_id)

    async def check(self, *, repair: bool) -> AsyncIterator[Finding]:
        """See `store.fsck.fsck`; nobody else uses the store, so that every octet is looked at."""
        async for found in fsck.check(self.store, self.clock.now(), repair=repair, octets=True):
            yield Finding(found.wrong.value, found.subject, found.detail, found.repaired)

    async def send_reports(self, *, today: bool) -> Sequence[SentReport]:  # noqa: ARG002
        """Not without a server: they are mail."""
        _refuse("to send reports")

    async def login(self, protocol: str, username: str, password: bytes) -> Login:  # noqa: ARG002
        """Not without a server: attempts are counted there."""
        _refuse("to log in")

    async def write_history(self) -> None:
        """Nobody logs in without a server."""

    def watch(self, account_id: int) -> AsyncIterator[Watched]:  # noqa: ARG002
        """Not without a server: nothing happens."""
        _refuse("to tell what happens")


def caller() -> Caller:
    """This process; whoever can open the store may do what he likes with it, and is its administrator."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return Caller(uid, os.getpid(), name)


def _refuse(what: str) -> NoReturn:
    raise OperationError(f"the server must run {what}: start it with postroom serve")


def _give_up(error: BaseException) -> Any:
    raise SystemExit(f"the store failed: {error}") from error
