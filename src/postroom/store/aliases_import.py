"""An alias file's entries become aliases, lists and forwards of the directory.

A name with an account becomes that account's forwards, for an alias file outranks mailboxes; a name with an `owner-name` beside it becomes a
list with that owner, as sendmail has it. Importing again replaces what was there. Not here: the file's syntax (`aliases_file`).
"""

from __future__ import annotations

import msgspec

from postroom.message.address import Address
from postroom.store import accounts, aliases, directory
from postroom.store.aliases_file import AliasFile, Complaint
from postroom.store.directory import Account, Alias, MailingList
from postroom.store.directory_errors import DirectoryError
from postroom.store.engine import Transaction


class Imported(msgspec.Struct):
    """How many of each were made or replaced, and what could not be."""

    aliases: int = 0
    lists: int = 0
    forwards: int = 0
    complaints: list[Complaint] = []


async def import_aliases(tx: Transaction, file: AliasFile, domain: str) -> Imported:
    """Enters a file's entries; names and targets without a domain are of `domain`, which is ours."""
    done = Imported(complaints=list(file.complaints))
    entries = {_complete(one.name, domain): one for one in file.aliases}
    for name, one in entries.items():
        targets = [_complete(target, domain) for target in one.targets]
        owner = Address(f"owner-{name.local}", name.domain)
        try:
            await _enter(tx, done, name, targets, owner if owner in entries else None)
        except DirectoryError as error:
            done.complaints.append(Complaint(f"line {one.line}", str(error)))
    return done


async def _enter(
    tx: Transaction, done: Imported, name: Address, targets: list[Address], owner: Address | None
) -> None:
    others = [target for target in targets if target.key != name.key]
    found = await directory.exact(tx, name)
    if isinstance(found, Account):
        await accounts.set_forwards(tx, name, others, keeps_copy=len(others) < len(targets))
        done.forwards += 1
        return
    if not others:
        raise DirectoryError(f"{name} stands for itself only, and there is no such account")
    if isinstance(found, (Alias, MailingList)):
        await aliases.clear(tx, name)
    if owner is not None:
        await aliases.add_list(tx, name, owner, others)
        done.lists += 1
    else:
        await aliases.add_alias(tx, name, others)
        done.aliases += 1


def _complete(address: Address, domain: str) -> Address:
    return address if address.domain else Address(address.local, domain)
