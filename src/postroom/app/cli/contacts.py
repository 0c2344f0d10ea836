"""`postroom contacts`: an account's contacts listed, imported from files and exported to them, as vCard, xCard or CSV.

RFC 6350, RFC 2426 (vCard), RFC 6351 (xCard), RFC 4180 (CSV). Files are read and written here, by whoever calls. Not here: what a file's lines mean (`message.contacts`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Column, count_text
from postroom.app.cli.session import Administration, administration
from postroom.app.operations import contacts
from postroom.app.operations.contacts import ContactRecord, ImportContacts, ImportedContacts, ListContacts
from postroom.message.contacts import files, vcard
from postroom.message.contacts.files import CardFile, Format
from postroom.message.contacts.structured import derived_full

app = commands("The contacts of an account.")
Who = Annotated[str, typer.Argument(metavar="ADDRESS", help="Whose contacts.")]
BookName = Annotated[str, typer.Option("--book", metavar="NAME", help="Of this address book.")]
_TOGETHER = 500  # cards of one request
_OCTETS = 8 << 20  # of one request


def _full(card: dict[str, Any]) -> str:
    name = card.get("name", {})
    return str(name.get("full") or derived_full(name, ("given", "given2", "surname", "surname2")))


def _values(card: dict[str, Any], of: str, field: str) -> str:
    return ", ".join(str(one.get(field, "")) for one in card.get(of, {}).values())


COLUMNS = (
    Column[ContactRecord]("Name", lambda one: _full(one.card)),
    Column[ContactRecord]("Mail", lambda one: _values(one.card, "emails", "address")),
    Column[ContactRecord]("Phone", lambda one: _values(one.card, "phones", "number")),
    Column[ContactRecord]("Address book", lambda one: ", ".join(one.books)),
)


@app.command("list")
@command(administration)
def list_(session: Administration, address: Who, book: BookName = "") -> None:
    """List the contacts."""
    found = session.perform(contacts.LIST, ListContacts(address, book), address)
    if not session.terminal.listing(found, COLUMNS):
        session.terminal.note(f"no contacts; import some with: postroom contacts import {address} FILE")


@app.command("import")
@command(administration)
def import_(
    session: Administration,
    address: Who,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="vCards, xCards or CSV; - reads standard input.")
    ],
    book: Annotated[
        str, typer.Option("--book", metavar="NAME", help="Into this address book, not the default one.")
    ] = "",
) -> None:
    """Import a file; a contact that is there already (the same UID) is replaced."""
    read = _read(file)
    added = replaced = 0
    complaints = list(read.complaints)
    name = book
    for batch in _batches(read.cards):
        done = session.one(contacts.IMPORT, ImportContacts(address, batch, book), address)
        added, replaced, name = added + done.added, replaced + done.replaced, done.book
        complaints += done.complaints
    session.terminal.record(ImportedContacts(address, name, added, replaced, complaints))
    session.terminal.say(f"{file}: {added} added to {name}, {replaced} replaced")
    for complaint in complaints:
        session.terminal.note(complaint)
    if not added + replaced:
        raise CommandFailed(f"nothing of {file} could be imported")


@app.command()
@command(administration)
def export(
    session: Administration,
    address: Who,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="- writes to standard output.")] = Path("-"),
    form: Annotated[
        Format,
        typer.Option(
            "--format", help="vCard 4.0, vCard 3.0, xCard, or CSV in Google's or Outlook's columns."
        ),
    ] = Format.VCARD,
    book: BookName = "",
) -> None:
    """Export the contacts to a file."""
    cards: list[dict[str, Any]] = []
    for one in session.perform(contacts.LIST, ListContacts(address, book), address):
        cards.append(one.card)
        if one.left_out:
            session.terminal.note(
                f"{_full(one.card)}: {count_text(len(one.left_out), 'picture or sound', 'pictures or sounds')} left out"
            )
    octets = files.write(cards, form)
    if str(file) == "-":
        sys.stdout.buffer.write(octets)
        sys.stdout.buffer.flush()
        return
    try:
        file.write_bytes(octets)
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from error
    session.terminal.record({"file": str(file), "contacts": len(cards)})
    session.terminal.say(f"contacts written to {file}: {len(cards)}")


def _read(file: Path) -> CardFile:
    try:
        if str(file) == "-":
            octets = sys.stdin.buffer.read(vcard.MAX_OCTETS + 1)
        else:
            with file.open("rb") as opened:
                octets = opened.read(vcard.MAX_OCTETS + 1)
        return files.read(octets)
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from error
    except vcard.NotContacts as error:
        raise CommandFailed(f"{file}: {error}") from error


def _batches(cards: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Parts of what a request holds."""
    batch: list[dict[str, Any]] = []
    size = 0
    for card in cards:
        octets = len(msgspec.json.encode(card))
        if batch and (len(batch) >= _TOGETHER or size + octets > _OCTETS):
            yield batch
            batch, size = [], 0
        batch.append(card)
        size += octets
    if batch:
        yield batch
