"""Operations on accounts: added, listed, shown, changed, removed, given passwords.

Passwords come in clear over the control socket, which is local and asks the kernel who calls; only verifiers are kept. RFC 1939 §7 (the shared
secret for APOP, sealed). Not here: logging in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from postroom.app.control import Caller, OperationError
from postroom.app.operations.office import NamedBy, Office, Operation, names_of, own_address
from postroom.message.address import Address
from postroom.message.ids import IdKind, id_text
from postroom.store.administration import accounts, domains
from postroom.store.administration.accounts import Verifiers
from postroom.store.directory.lookup import Account
from postroom.store.engine.transaction import Transaction, Urgency

SLICE = 200
DEFAULT_QUOTA = -1  # the settings decide


class NewAccount(msgspec.Struct, frozen=True):
    """An account to be; "" for no password (nobody logs in), quota in octets, 0 for none."""

    address: str
    password: str = ""
    name: str = ""
    quota: int = DEFAULT_QUOTA


class NamedAccount(msgspec.Struct, frozen=True):
    """Which account."""

    address: str


class ListAccounts(msgspec.Struct, frozen=True):
    """Accounts of one domain, or with "" of all."""

    domain: str = ""


class ChangeAccount(msgspec.Struct, frozen=True):
    """What is to be different; None leaves it. `forwards` [] stops forwarding."""

    address: str
    quota: int | None = None
    forwards: list[str] | None = None
    keeps_copy: bool | None = None
    enabled: bool | None = None
    name: str | None = None


class ChangePassword(msgspec.Struct, frozen=True):
    """A new password; with `apop` a shared secret for APOP instead, "" to turn it off."""

    address: str
    password: str
    apop: bool = False


class AccountRecord(msgspec.Struct, frozen=True):
    """An account. Quota and used are octets; a quota of 0 is none. `named_by`: who still names it, when it was removed."""

    address: str
    account_id: str
    enabled: bool = True
    used: int = 0
    quota: int = 0
    forwards: list[str] = []
    keeps_copy: bool = True
    named_by: list[NamedBy] = []


async def add(office: Office, _: Caller, new: NewAccount) -> AsyncIterator[AccountRecord]:
    """Adds an account with its mailboxes."""
    who = await own_address(office.engine.reading(), new.address)
    quota = office.settings.mailboxes.quota_bytes if new.quota == DEFAULT_QUOTA else new.quota
    _check_quota(quota)
    kept = await _verifiers(office, who, new.password) if new.password else Verifiers(b"")
    account = accounts.NewAccount(who, kept.phc, new.name, quota, kept.scram)
    now = office.clock.now()

    async def work(tx: Transaction) -> Account:
        await accounts.add(tx, account, office.ids, now)
        return await accounts.get(tx, who)

    yield _record(await office.engine.write(work, Urgency.CLIENT))


async def list_(office: Office, _: Caller, wanted: ListAccounts) -> AsyncIterator[AccountRecord]:
    """Yields accounts by address."""
    tx, after = office.engine.reading(), ""
    domain = (await domains.named(tx, wanted.domain)).name if wanted.domain else ""
    while found := await accounts.listing(tx, domain, after, SLICE):
        for one in found:
            yield _record(one)
        after = found[-1].address.key


async def show(office: Office, _: Caller, wanted: NamedAccount) -> AsyncIterator[AccountRecord]:
    """Yields one account."""
    tx = office.engine.reading()
    yield _record(await accounts.get(tx, await own_address(tx, wanted.address)))


async def remove(office: Office, _: Caller, old: NamedAccount) -> AsyncIterator[AccountRecord]:
    """Removes an account; yields what it was."""
    who = await own_address(office.engine.reading(), old.address)

    still = await names_of(office, who)

    async def work(tx: Transaction) -> Account:
        found = await accounts.get(tx, who)
        await accounts.remove(tx, who)
        return found

    removed = _record(await office.engine.write(work, Urgency.CLIENT))
    yield msgspec.structs.replace(removed, named_by=still)


async def change(office: Office, _: Caller, wanted: ChangeAccount) -> AsyncIterator[AccountRecord]:
    """Changes what is not None, all of it or nothing."""
    tx = office.engine.reading()
    who = await own_address(tx, wanted.address)
    targets = None if wanted.forwards is None else [await own_address(tx, text) for text in wanted.forwards]
    if wanted.quota is not None:
        _check_quota(wanted.quota)

    async def work(tx: Transaction) -> Account:
        await _change(tx, who, wanted, targets)
        return await accounts.get(tx, who)

    yield _record(await office.engine.write(work, Urgency.CLIENT))


async def _change(
    tx: Transaction, who: Address, wanted: ChangeAccount, targets: list[Address] | None
) -> None:
    found = await accounts.get(tx, who)
    if wanted.quota is not None:
        await accounts.set_quota(tx, who, wanted.quota)
    if wanted.enabled is not None:
        await accounts.set_enabled(tx, who, enabled=wanted.enabled)
    if wanted.name is not None:
        await accounts.set_name(tx, who, wanted.name)
    if targets is not None or wanted.keeps_copy is not None:
        keeps = found.keeps_copy if wanted.keeps_copy is None else wanted.keeps_copy
        await accounts.set_forwards(tx, who, found.forwards if targets is None else targets, keeps_copy=keeps)


async def password(office: Office, _: Caller, wanted: ChangePassword) -> AsyncIterator[AccountRecord]:
    """Sets a password, or APOP's shared secret."""
    from postroom.store.login.login import shared_secret_purpose

    who = await own_address(office.engine.reading(), wanted.address)
    now = office.clock.now()
    kept = Verifiers(b"") if wanted.apop else await _verifiers(office, who, wanted.password)

    async def work(tx: Transaction) -> Account:
        found = await accounts.get(tx, who)
        if wanted.apop:
            secret = wanted.password.encode()
            sealed = office.vault.seal(secret, shared_secret_purpose(found.account_id)) if secret else b""
            await accounts.set_shared_secret(tx, who, sealed, office.ids, now)
        else:
            await accounts.set_password(tx, who, kept, office.ids, now)
        return found

    yield _record(await office.engine.write(work, Urgency.CLIENT))


async def _verifiers(office: Office, who: Address, text: str) -> Verifiers:
    octets = text.encode("utf-8", "surrogateescape")
    try:
        phc = await office.passwords.verifier(octets)
        return Verifiers(phc, await office.passwords.scram(octets, who.key, office.vault))
    except ValueError as error:
        raise OperationError(f"the password cannot be used: {error}") from error


def _check_quota(quota: int) -> None:
    if quota < 0:
        raise OperationError(f"a quota of {quota} octets cannot be; 0 means none")


def _record(found: Account) -> AccountRecord:
    return AccountRecord(
        str(found.address),
        id_text(IdKind.ACCOUNT, found.account_id),
        found.enabled,
        found.used_bytes,
        found.quota_bytes,
        [str(target) for target in found.forwards],
        found.keeps_copy,
    )


ADD = Operation("account.add", NewAccount, AccountRecord, add)
LIST = Operation("account.list", ListAccounts, AccountRecord, list_, reads=True)
SHOW = Operation("account.show", NamedAccount, AccountRecord, show, reads=True)
REMOVE = Operation("account.remove", NamedAccount, AccountRecord, remove)
CHANGE = Operation("account.set", ChangeAccount, AccountRecord, change)
PASSWORD = Operation("account.password", ChangePassword, AccountRecord, password)
