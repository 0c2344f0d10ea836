"""Operations on aliases and mailing lists, and the import of /etc/aliases.

RFC 5321 §3.9: an alias passes mail on under its sender, a list under its owner. The file is read by whoever calls (a server may run as a user
that cannot read it); included files go with it. Not here: expansion (`deliver.router`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from functools import partial

import msgspec

from postroom.app.control import Caller, OperationError
from postroom.app.operations.office import NamedBy, Office, Operation, names_of, own_address
from postroom.message.address import Address
from postroom.store.administration import aliases, domains
from postroom.store.administration.aliases_file import Complaint, parse_aliases
from postroom.store.administration.aliases_import import Entry, Imported, entries_of, import_aliases
from postroom.store.directory import lookup as directory
from postroom.store.directory.lookup import Alias, Kind, MailingList, Resolved
from postroom.store.engine.transaction import Transaction, Urgency
from postroom.store.engine.unhurried import Unhurried

SLICE = 500
MOST_LOOKED_UP = 100  # of those who come in, whether there is anybody of that name; of those behind an address, whether it leads to somebody


class NewAlias(msgspec.Struct, frozen=True):
    """An alias to be, with one target or more."""

    address: str
    targets: list[str]


class NewList(msgspec.Struct, frozen=True):
    """A list to be."""

    address: str
    owner: str
    members: list[str] = []


class NamedAlias(msgspec.Struct, frozen=True):
    """Which alias or list."""

    address: str


class ListAliases(msgspec.Struct, frozen=True):
    """Aliases or lists, of one domain, or with "" of all."""

    domain: str = ""


class ChangeMembers(msgspec.Struct, frozen=True):
    """Who comes in and who goes out; of a list, who is its owner from now on ("": no change)."""

    address: str
    add: list[str] = []
    remove: list[str] = []
    owner: str = ""


class ImportAliases(msgspec.Struct, frozen=True):
    """An alias file and the files that it includes, by their paths, with the reasons why some are `unread`; `domain` completes its names."""

    text: str
    domain: str = ""
    included: dict[str, str] = {}
    name: str = "aliases"
    unread: dict[str, str] = {}


class AliasRecord(msgspec.Struct, frozen=True):
    """An alias or a list. A list has an owner. `unknown`: who has just come in and is nobody in a domain of ours; `leads_nowhere`:
    nobody is behind it, as where aliases lead to each other; `named_by`: who still names it, when it was removed."""

    address: str
    kind: str
    targets: list[str]
    owner: str = ""
    unknown: list[str] = []
    leads_nowhere: bool = False
    named_by: list[NamedBy] = []


class ImportRecord(msgspec.Struct, frozen=True):
    """What came of an import: numbers, and what was not taken with the reasons."""

    domain: str
    aliases: int
    lists: int
    forwards: int
    complaints: list[str]


async def add(office: Office, _: Caller, new: NewAlias) -> AsyncIterator[AliasRecord]:
    """Adds an alias."""
    read = office.engine.reading()
    who = await own_address(read, new.address)
    targets = [await own_address(read, text) for text in new.targets]
    if not targets:
        raise OperationError(f"the alias {who} needs a target: who gets its mail?")
    if all(target.key == who.key for target in targets):
        raise OperationError(f"{who} would stand for itself only: name somebody else who gets its mail")

    async def work(tx: Transaction) -> AliasRecord:
        await aliases.add_alias(tx, who, targets)
        return await _with_warnings(tx, await _get(tx, new.address), targets)

    yield await office.engine.write(work, Urgency.CLIENT)


async def add_list(office: Office, _: Caller, new: NewList) -> AsyncIterator[AliasRecord]:
    """Adds a mailing list."""
    read = office.engine.reading()
    who, owner = await own_address(read, new.address), await own_address(read, new.owner)
    members = [await own_address(read, text) for text in new.members]

    async def work(tx: Transaction) -> AliasRecord:
        await aliases.add_list(tx, who, owner, members)
        return await _with_warnings(tx, await _get(tx, new.address), [owner, *members])

    yield await office.engine.write(work, Urgency.CLIENT)


async def list_aliases(office: Office, _: Caller, wanted: ListAliases) -> AsyncIterator[AliasRecord]:
    """Yields aliases by address."""
    async for record in _listing(office, wanted.domain, Kind.ALIAS):
        yield record


async def list_lists(office: Office, _: Caller, wanted: ListAliases) -> AsyncIterator[AliasRecord]:
    """Yields lists by address."""
    async for record in _listing(office, wanted.domain, Kind.LIST):
        yield record


async def _listing(office: Office, domain: str, kind: Kind) -> AsyncIterator[AliasRecord]:
    tx, after = Unhurried(office.engine), ""
    wanted = (await domains.named(tx, domain)).name if domain else ""
    while entries := await aliases.listing(tx, wanted, after, SLICE):
        for entry in entries:
            if entry.kind is kind:
                record = _record(await directory.exact(tx, entry.address))
                if (
                    record is not None and record.kind == kind.name.lower()
                ):  # else another command was quicker
                    yield record
        after = entries[-1].address.key


async def show(office: Office, _: Caller, wanted: NamedAlias) -> AsyncIterator[AliasRecord]:
    """Yields one alias or list."""
    yield await _get(office.engine.reading(), wanted.address)


async def remove(office: Office, _: Caller, old: NamedAlias) -> AsyncIterator[AliasRecord]:
    """Removes an alias or a list; yields what it was."""
    who = await own_address(office.engine.reading(), old.address)
    still = await names_of(office, who)

    async def work(tx: Transaction) -> AliasRecord:
        found = await _get(tx, old.address)
        await aliases.remove(tx, who)
        return found

    yield msgspec.structs.replace(await office.engine.write(work, Urgency.CLIENT), named_by=still)


async def change(office: Office, _: Caller, wanted: ChangeMembers) -> AsyncIterator[AliasRecord]:
    """Changes targets, members or the owner, all of it or nothing."""
    read = office.engine.reading()
    who = await own_address(read, wanted.address)
    coming = [await own_address(read, text) for text in wanted.add]
    going = [await own_address(read, text) for text in wanted.remove]
    owner = await own_address(read, wanted.owner) if wanted.owner else None

    async def work(tx: Transaction) -> AliasRecord:
        await aliases.add_members(tx, who, coming)
        for member in going:
            await aliases.remove_member(tx, who, member)
        if owner is not None:
            await aliases.set_owner(tx, who, owner)
        news = coming if owner is None else [owner, *coming]
        return await _with_warnings(tx, await _get(tx, wanted.address), news)

    yield await office.engine.write(work, Urgency.CLIENT)


async def import_file(office: Office, _: Caller, file: ImportAliases) -> AsyncIterator[ImportRecord]:
    """Enters the aliases of a file; what cannot be entered is reported, and the rest is. In commits of bounded size: one that was broken off is done again."""
    wanted = file.domain or await only_domain(office)
    domain = await office.engine.write(lambda tx: domains.held(tx, wanted), Urgency.CLIENT)
    entries, complaints = await asyncio.to_thread(_read, file, domain)
    done = Imported(complaints=complaints)
    for start in range(0, len(entries), SLICE):
        work = partial(import_aliases, entries=entries[start : start + SLICE])
        done.add(await office.engine.write(work, Urgency.HOUSEKEEPING))
    words = [f"{complaint.where}: {complaint.text}" for complaint in done.complaints]
    yield ImportRecord(wanted, done.aliases, done.lists, done.forwards, words)


def _read(file: ImportAliases, domain: str) -> tuple[list[Entry], list[Complaint]]:
    parsed = parse_aliases(file.text, lambda path: _included(file, path), file.name)
    return entries_of(parsed, domain), parsed.complaints


async def only_domain(office: Office) -> str:
    """The domain that names without one belong to, when there is only one or the host's own is among ours."""
    found = [one.name for one in await domains.listing(office.engine.reading())]
    host = office.settings.server.hostname.lower()
    own = [name for name in found if name in (host, host.partition(".")[2])]
    if len(found) == 1 or own:
        return own[0] if own else found[0]
    if not found:
        raise OperationError("there is no domain yet; add one with: postroom domain add example.com")
    raise OperationError(f"for which domain? say --domain with one of: {', '.join(found[:10])}")


def _included(file: ImportAliases, path: str) -> str:
    if path not in file.included:
        raise FileNotFoundError(file.unread.get(path) or "it was not sent along")
    return file.included[path]


async def _get(tx: Transaction, text: str) -> AliasRecord:
    who = await own_address(tx, text)
    found = await directory.exact(tx, who)
    record = _record(found)
    if record is not None:
        return record
    what = (
        f"{who} is an account, neither alias nor list; use: postroom account"
        if found
        else f"there is no {who}"
    )
    raise OperationError(what)


def _record(found: Resolved | None) -> AliasRecord | None:
    if isinstance(found, MailingList):
        members = [str(target) for target in found.targets]
        return AliasRecord(str(found.address), "list", members, str(found.owner))
    if isinstance(found, Alias):
        return AliasRecord(str(found.address), "alias", [str(target) for target in found.targets])
    return None


async def _with_warnings(tx: Transaction, record: AliasRecord, news: Sequence[Address]) -> AliasRecord:
    found = [str(one) for one in dict.fromkeys(news[:MOST_LOOKED_UP]) if await _is_nobody(tx, one)]
    nowhere = await _leads_nowhere(tx, await own_address(tx, record.address))
    return msgspec.structs.replace(record, unknown=found, leads_nowhere=nowhere)


async def _leads_nowhere(tx: Transaction, first: Address) -> bool:
    """Whether nobody stands behind it, as far as `MOST_LOOKED_UP` addresses tell; RCPT refuses it then (`deliver.router`)."""
    seen: set[str] = set()
    todo = deque([first])
    while todo and len(seen) < MOST_LOOKED_UP:
        one = todo.popleft()
        if one.key in seen:
            continue
        seen.add(one.key)
        found = await directory.resolve(tx, one, MOST_LOOKED_UP)
        if isinstance(found, (Alias, MailingList)):
            todo.extend(found.targets)
        elif found is not None or await directory.domain(tx, one.domain) is None:
            return False
    return not todo


async def _is_nobody(tx: Transaction, one: Address) -> bool:
    return await directory.domain(tx, one.domain) is not None and await directory.resolve(tx, one, 1) is None


ADD = Operation("alias.add", NewAlias, AliasRecord, add)
LIST = Operation("alias.list", ListAliases, AliasRecord, list_aliases, reads=True)
SHOW = Operation("alias.show", NamedAlias, AliasRecord, show, reads=True)
REMOVE = Operation("alias.remove", NamedAlias, AliasRecord, remove)
CHANGE = Operation("alias.set", ChangeMembers, AliasRecord, change)
IMPORT = Operation("alias.import", ImportAliases, ImportRecord, import_file)
ADD_LIST = Operation("list.add", NewList, AliasRecord, add_list)
LIST_LISTS = Operation("list.list", ListAliases, AliasRecord, list_lists, reads=True)
