"""The commands that only IMAP knows: folders, move, search.

RFC 9051 §6.3.9, §6.4.4, §6.4.8. Not here: folders and mailboxes themselves (`folders`, `imap_mailbox`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from postroom.agent.folders import Folder
from postroom.agent.folders import folders as list_folders
from postroom.agent.imap_mailbox import ImapMailbox
from postroom.agent.invocation import CommandFailed
from postroom.agent.mailbox import Entry
from postroom.agent.searched import Searched
from postroom.agent.session import MailSession
from postroom.agent.showing import Line, line_columns, message_line
from postroom.agent.terminal import Column, count_text
from postroom.message.query.language import All, Tree, parse
from postroom.proto.imap.client_commands import Criteria
from postroom.proto.imap.client_search import NotSearchable, Said, search_keys, texts

COLUMNS = (
    Column[Folder]("Folder", lambda one: one.folder),
    Column[Folder]("Messages", lambda one: _number(one.messages), number=True),
    Column[Folder]("Unseen", lambda one: _number(one.unseen), number=True),
    Column[Folder]("For", lambda one: one.use),
)


def folders(session: MailSession) -> None:
    """`postroom mail folders`."""

    async def work(mailbox: ImapMailbox) -> list[Folder]:
        return await list_folders(mailbox.session)

    session.terminal.listing(session.in_folder("A list of folders", work), COLUMNS)


def move(session: MailSession, numbers: Sequence[str], to: str, folder: str, *, create: bool) -> None:
    """`postroom mail move`."""

    async def work(mailbox: ImapMailbox) -> list[Entry]:
        chosen = await mailbox.chosen(numbers)
        await mailbox.move([one.number for one in chosen], to, create=create)
        return chosen

    moved = session.in_folder("Moving", work, folder)
    for entry in moved:
        session.terminal.record({"moved": entry.uid, "number": entry.number, "to": to})
    session.terminal.say(f"moved {count_text(len(moved), 'message')} to {to}")


def search(session: MailSession, wanted: Searched, folder: str) -> None:
    """`postroom mail search`."""
    tree = read_words(wanted)
    _criteria(wanted, tree, utf8=False)  # to say what is wrong before anything is asked

    async def work(mailbox: ImapMailbox) -> list[Line]:
        criteria = _criteria(wanted, tree, utf8=mailbox.session.utf8)
        entries = await mailbox.search(criteria)
        headers = await mailbox.headers([one.number for one in entries])
        return [message_line(entry, header) for entry, header in zip(entries, headers, strict=True)]

    lines = session.in_folder("Searching", work, folder)
    if not session.terminal.listing(lines, line_columns(lines)):
        session.terminal.note("nothing found")


def read_words(wanted: Searched) -> Tree:
    """The words as the query that they are. Raises `CommandFailed`."""
    parsed = parse(" ".join(wanted.words))
    if parsed.tree is None:
        first = parsed.problems[0]
        raise CommandFailed(f"at character {first.start + 1}, {first.words}: {first.remedy}", 2)
    return parsed.tree


def _criteria(wanted: Searched, tree: Tree, *, utf8: bool) -> Criteria:
    pairs = (("FROM", wanted.from_), ("TO", wanted.to), ("SUBJECT", wanted.subject), ("BODY", wanted.body))
    marks = [name for name, on in (("UNSEEN", wanted.unseen), ("FLAGGED", wanted.flagged)) if on]
    days = (_day(wanted.since), _day(wanted.before))
    criteria = Criteria([(key, text) for key, text in pairs if text], marks, *days)
    if tree != All(()):
        try:
            keys = search_keys(tree, Said(utf8, dt.datetime.now().astimezone().date()))
        except NotSearchable as error:
            raise CommandFailed(str(error), 2) from error
        beyond = not all(text.isascii() for text in texts(tree))
        return msgspec.structs.replace(criteria, keys=keys, beyond_ascii=beyond)
    if criteria == Criteria([], []):
        raise CommandFailed(
            "search for what? Say words, from:alice, subject:pie, is:unread, or --from, --subject ...", 2
        )
    return criteria


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise CommandFailed(f"{text!r} is not a day; one looks like 2025-06-15", 2) from error


def _number(number: int | None) -> str:
    return "" if number is None else str(number)
