"""What operations work with, how one is declared, and how a request is performed.

An operation takes typed arguments and yields typed records. The server performs requests that come over the control socket; a command
performs them itself when no server runs (`operations.direct`): the same functions, the same records. RFC 3463 codes go with errors that
concern mail. Not here: any operation, the wire (`app.control`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import msgspec

from postroom.app.control import Caller, OperationError, Request
from postroom.message.address import Address, parse_mailbox
from postroom.message.envelope import Recipient, Ret
from postroom.message.errors import MailError, NotPermitted
from postroom.store.directory.errors import DirectoryError

if TYPE_CHECKING:  # for the shape of an office alone: commands import this module, and start faster without
    from postroom.app.settings.file import Settings
    from postroom.deliver.attempt import Attempt
    from postroom.net.tls.pem import Held
    from postroom.store.blobs.spilled import Content
    from postroom.store.changes import Change
    from postroom.store.engine.ids import Ids
    from postroom.store.engine.transaction import Engine, Transaction
    from postroom.store.login.login import Login
    from postroom.store.peers.report_rows import SentReport
    from postroom.store.spool.jobs import Job
    from postroom.store.store import Store
    from postroom.store.vault import Vault

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R", bound=msgspec.Struct)


class Clock(Protocol):
    """What is asked of a clock."""

    def now(self) -> int:
        """Unix microseconds."""


class Log(Protocol):
    """What is asked of a log."""

    def exception(self, event: str, **facts: Any) -> Any:
        """Something is wrong with this program: with the traceback of the present exception."""


class PasswordMaker(Protocol):
    """What is asked of `store.login.passwords.Passwords`."""

    async def verifier(self, password: bytes) -> bytes:
        """The PHC string of a new password; raises ValueError for one that cannot be."""

    async def scram(self, password: bytes, key: str, vault: Vault) -> bytes:
        """What is kept for SCRAM, sealed, of a password of the account with this address (its key); b"" for nothing."""


class Submission(msgspec.Struct, frozen=True):
    """A message from a user of this machine. `user` is his login name; `sender` None is the null reverse-path.

    `content` has CRLF line ends and a closed header. Addresses without a domain are of this system's own.
    """

    user: str
    sender: Address | None
    recipients: list[Recipient]
    content: Content
    envid: str | None = None
    ret: Ret | None = None
    smtputf8: bool = False


class Watched(msgspec.Struct, frozen=True):
    """Something new for an account: `event` is `added` (a message in a mailbox) or `shown` (to be shown at once, RFC 821 §3.4).

    For `shown`, `content` is the message's first octets.
    """

    event: str
    account: str
    email_id: str = ""
    mailbox: str = ""
    content: bytes = b""


class Finding(msgspec.Struct, frozen=True):
    """Something that a check of the store found: its kind in one word, what it is about, and whether it was repaired."""

    kind: str
    subject: str
    words: str
    repaired: bool = False


class NamedBy(msgspec.Struct, frozen=True):
    """Who names an address that is gone, such as `the alias info@example.com`, and what makes an end of it."""

    who: str
    remedy: str


class Office(Protocol):
    """A server as its administration sees it."""

    @property
    def settings(self) -> Settings:
        """As the server was started with."""

    @property
    def engine(self) -> Engine:
        """Its store."""

    @property
    def store(self) -> Store:
        """The same, with the files of large bodies."""

    @property
    def ids(self) -> Ids:
        """Ids of its node."""

    @property
    def clock(self) -> Clock:
        """Its time, which in a lab can be moved."""

    @property
    def passwords(self) -> PasswordMaker:
        """Makes verifiers."""

    @property
    def vault(self) -> Vault:
        """Seals secrets."""

    @property
    def log(self) -> Log:
        """Its log."""

    async def submit(self, submission: Submission) -> int:
        """Accepts a local user's message by the rules of the submission door; gives its journey id. Raises `MailError`."""

    def must_settle(self) -> None:
        """Raises `OperationError` where `settle` cannot be."""

    async def settle(self, job: Job, attempt: Attempt) -> None:
        """Ends a leased job as if it had been tried, with the reports that are owed (`deliver.settling`)."""

    def publish(self, changes: Iterable[Change]) -> None:
        """Tells sessions of every protocol what was changed in accounts, and committed."""

    def wake(self) -> None:
        """Says that the queue was changed: whoever delivers looks at it now."""

    async def reload_certificates(self) -> Sequence[str]:
        """Reads certificates and keys again, for new connections; gives the names that they are for. Raises `OperationError`."""

    async def certificates(self) -> Sequence[Held]:
        """Those that clients are shown now; none without a server."""

    def must_ask(self) -> None:
        """Raises `OperationError` where `ask_authority` cannot be."""

    async def ask_authority(self) -> Sequence[tuple[str, str, str]]:
        """Has the authority give what is due: names, kinds, and why not ("" when it did); none where another process does it. Raises `OperationError`."""

    async def revoke_certificate(self, name: str, reason: int) -> Sequence[str]:
        """Has the authority call the certificates of a first name off; gives the kinds of those. Raises `OperationError`."""

    async def message(self, account_id: int, email_id: int) -> bytes | None:
        """The octets of an email; None when it is gone."""

    def check(self, *, repair: bool) -> AsyncIterator[Finding]:
        """Checks the whole store; with `repair`, rebuilds what can be."""

    async def send_reports(self, *, today: bool) -> Sequence[SentReport]:
        """Sends the reports to other domains that are due; `today`: those on days that are not over, too."""

    async def login(self, protocol: str, username: str, password: bytes) -> Login:
        """The account of this name and password, by the login policy; raises `MailError`."""

    async def write_history(self) -> None:
        """Writes down who has logged in until now."""

    def watch(self, account_id: int) -> AsyncIterator[Watched]:
        """What happens to an account from now on, without end. Raises `OperationError` where nothing can happen."""


class Operation(msgspec.Struct, Generic[A, R], frozen=True):
    """One operation. `everybody`: any user of the machine may call it, not only an administrator; `reads`: it changes nothing; `begins`: it may be the first
    that is done in a store, which is made for it, where it does not read alone."""

    name: str
    arguments: type[A]
    result: type[R]
    run: Callable[[Office, Caller, A], AsyncIterator[R]]
    everybody: bool = False
    reads: bool = False
    begins: bool = True


def permitted(operation: Operation[Any, Any], caller: Caller) -> bool:
    """Whether the caller may have it performed at all."""
    return operation.everybody or caller.is_administrator


class InternalError(OperationError):
    """A bug of ours; what it was stands in the log."""


async def perform(
    operations: Mapping[str, Operation[Any, Any]], office: Office, caller: Caller, request: Request
) -> AsyncIterator[dict[str, Any]]:
    """Performs a request and yields records. Raises `OperationError` and `MailError`, nothing else."""
    operation = operations.get(request.operation)
    if operation is None:
        raise OperationError(
            f"the server knows no operation {request.operation!r}: restart it with this version"
        )
    if not permitted(operation, caller):
        raise NotPermitted(
            f"{caller.name} may not do that ({request.operation}): become root, or the server's user"
        )
    try:
        arguments = msgspec.convert(request.arguments, operation.arguments)
    except msgspec.ValidationError as error:
        raise OperationError(f"{request.operation}: {error}") from error
    try:
        async for record in operation.run(office, caller, arguments):
            yield as_dict(record)
    except (OperationError, MailError):
        raise
    except DirectoryError as error:
        raise OperationError(str(error)) from error
    except Exception as error:
        office.log.exception("operation failed", operation=request.operation, caller=caller.name)
        raise InternalError(
            f"internal error in {request.operation} ({type(error).__name__}): the server's log has more"
        ) from error


def as_dict(record: msgspec.Struct) -> dict[str, Any]:
    """A value as it goes over the control socket."""
    fields: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(bytes,))
    return fields


def address(text: str) -> Address:
    """An argument that is an address; raises `OperationError`."""
    found = parse_mailbox(text)
    if found is None:
        raise OperationError(f"{text!r} is not an address; one looks like bob@example.com")
    return found


async def own_address(tx: Transaction, text: str) -> Address:
    """As `address`, one of ours with its domain as we have it: people write A-labels and U-labels for the same (RFC 6531 §3.2)."""
    from postroom.store.directory.lookup import spelt

    return await spelt(tx, address(text))


async def names_of(office: Office, address: Address) -> list[NamedBy]:
    """Who names an address that is about to go."""
    from postroom.store.administration import namings
    from postroom.store.engine.unhurried import Unhurried

    return [NamedBy(one.who, one.remedy) for one in await namings.of(Unhurried(office.engine), address)]
