"""An alias file's entries become aliases, lists and forwards of the directory.

A name with an account becomes that account's forwards, for an alias file outranks mailboxes; a name with an `owner-name` beside it becomes a
list with that owner, as sendmail has it. Importing again replaces what was there. Not here: the file's syntax (`aliases_file`).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from postroom.message.address import Address
from postroom.store.administration import accounts, aliases
from postroom.store.administration.aliases_file import AliasFile, Complaint
from postroom.store.directory import lookup as directory
from postroom.store.directory.errors import DirectoryError
from postroom.store.directory.lookup import Account, Alias, MailingList
from postroom.store.engine.transaction import Transaction


class Entry(msgspec.Struct, frozen=True):
    """An entry of a file, with whole addresses, and its file and line; `owner` makes a list of it."""

    where: str
    name: Address
    targets: list[Address]
    owner: Address | None = None


class Imported(msgspec.Struct):
    """How many of each were made or replaced, and what could not be."""

    aliases: int = 0
    lists: int = 0
    forwards: int = 0
    complaints: list[Complaint] = []

    def add(self, more: Imported) -> None:
        """What came of further entries."""
        self.aliases += more.aliases
        self.lists += more.lists
        self.forwards += more.forwards
        self.complaints += more.complaints


def entries_of(file: AliasFile, domain: str) -> list[Entry]:
    """A file's entries, of several with one name the last; names and targets without a domain are of `domain`."""
    lines = {_complete(one.name, domain): one for one in file.aliases}
    entries = []
    for name, one in lines.items():
        owner = Address(f"owner-{name.local}", name.domain)
        targets = [_complete(target, domain) for target in one.targets]
        entries.append(Entry(one.where, name, targets, owner if owner in lines else None))
    return entries


async def import_aliases(tx: Transaction, entries: Iterable[Entry]) -> Imported:
    """Enters entries, whose domains are ours."""
    done = Imported()
    for one in entries:
        try:
            await _enter(tx, done, one)
        except DirectoryError as error:
            done.complaints.append(Complaint(one.where, str(error)))
    return done


async def _enter(tx: Transaction, done: Imported, entry: Entry) -> None:
    name, targets = await directory.spelt(tx, entry.name), entry.targets
    others = [target for target in targets if target.key != name.key]
    aliases.check_number(name, len({target.key for target in others}))
    found = await directory.exact(tx, name)
    if isinstance(found, Account):
        await accounts.set_forwards(tx, name, others, keeps_copy=len(others) < len(targets))
        done.forwards += 1
        return
    if not others:
        raise DirectoryError(f"{name} stands for itself only, and there is no such account")
    if isinstance(found, (Alias, MailingList)):
        await aliases.clear(tx, name)
    if entry.owner is not None:
        await aliases.add_list(tx, name, entry.owner, others)
        done.lists += 1
    else:
        await aliases.add_alias(tx, name, others)
        done.aliases += 1


def _complete(address: Address, domain: str) -> Address:
    return address if address.domain else Address(address.local, domain)
