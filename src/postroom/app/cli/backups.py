"""`postroom backup` and `postroom restore`: the mail of a server in a directory, and a server out of such a directory.

A backup is made by the running server, or by the command when none runs; restoring needs that none does. Not here: how (`app.backup.backing_up`,
`app.backup.restoring`).
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Terminal, count_text, size_text
from postroom.app.cli.session import Administration, administration
from postroom.app.control import OperationError
from postroom.app.locate import Places, places_of, store_url
from postroom.app.operations import backup as operations
from postroom.app.operations.backup import BackUp
from postroom.app.settings.file import Settings
from postroom.store.restored import Marked

INCOMPLETE = 3  # the exit code of a backup of a store that lacks bodies, or has damaged ones

backup_app = commands("Make a backup.")
restore_app = commands("Restore a backup.")

Target = Annotated[Path, typer.Argument(metavar="DIR", help="A directory that does not exist.")]
Base = Annotated[
    Path | None,
    typer.Option(
        "--base", metavar="DIR", help="An earlier backup: what it has already is linked, not copied."
    ),
]
Source = Annotated[Path | None, typer.Argument(metavar="DIR", help="A backup.")]
SendQueue = Annotated[
    bool,
    typer.Option("--send-queue", help="Send what waits for other servers, though it may have been sent."),
]
Mark = Annotated[
    bool,
    typer.Option("--mark", help="Only mark a database of PostgreSQL that was restored by its own tools."),
]


class Bar:
    """How far something is, on a terminal's standard error; into a file, nothing."""

    def __init__(self) -> None:
        self._shown = ""

    def show(self, what: str, done: int, of: int) -> None:
        """Octets of so many."""
        text = f"{what} {size_text(done)} of {size_text(of)}"
        if sys.stderr.isatty() and text != self._shown:
            self._shown = text
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

    def end(self) -> None:
        """Removes it."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@backup_app.command()
@command(administration)
def backup(session: Administration, directory: Target, base: Base = None) -> None:
    """Copy mail, directory, queue and keys into a new directory, while the server runs or not.

    Everything that was acknowledged before the command began is in it. Not in it are the search index, which is made anew, the configuration,
    certificates outside the data directory, and what local programs dropped for a server that is down (data/drop). The keys are in it: keep it where
    nobody else reads it. With --base, the two backups share files: change none of them.
    """
    wanted = BackUp(str(directory.absolute()), str(base.absolute()) if base else "")
    bar, last = Bar(), None
    try:
        for record in session.perform(operations.BACKUP, wanted):
            session.terminal.record(record)
            bar.show("copied", record.done, record.of)
            last = record
    finally:
        bar.end()
    if last is None or not last.finished:
        raise CommandFailed("the server ended while the backup was being made; nothing of it is kept")
    linked = f", {last.linked} of them linked" if last.linked else ""
    session.terminal.say(f"{directory}: {size_text(last.done)} in {count_text(last.files, 'file')}{linked}")
    if last.missing:
        names = ", ".join(last.missing[:10])
        raise CommandFailed(
            f"{len(last.missing)} bodies are missing or damaged in the store, and so in the backup ({names}); see: postroom check",
            INCOMPLETE,
        )


@restore_app.command()
@command(administration)
def restore(
    session: Administration, directory: Source = None, send_queue: SendQueue = False, mark: Mark = False
) -> None:
    """Fill the data directory of a server that does not run with what a backup holds.

    IMAP clients are told that their copies are of another time (UIDVALIDITY): most fetch everything again, mbsync wants its copy removed first. POP3
    clients fetch everything again (UIDL). Mail that waits for other servers is held, since it may have been sent after the backup: postroom queue list,
    release, drop. Passwords are those of the backup. With --mark, stop the server's processes on all machines before.
    """
    settings, places = _here(session)
    if mark == (directory is not None):
        raise CommandFailed("name a backup, or say --mark for a database that was restored already", 2)
    bar = Bar()
    try:
        marked = asyncio.run(_marked(settings, directory and directory.absolute(), bar, send_queue))
    except OSError as error:
        raise CommandFailed(
            f"{error.filename or places.data}: {error.strerror}; nothing was restored"
        ) from error
    finally:
        bar.end()
    _tell(session.terminal, marked)


def _here(session: Administration) -> tuple[Settings, Places]:
    settings = session.servers[0].settings
    if len(session.servers) != 1 or settings is None:
        raise CommandFailed("a lab is not restored: name a server's configuration with --config", 2)
    places = places_of(settings)
    _must_not_run(places)
    return settings, places


def _must_not_run(places: Places) -> None:
    from postroom.app.control import is_served

    if is_served(places.control):
        raise CommandFailed(f"a server runs on {places.data}: stop it first")


async def _marked(settings: Settings, directory: Path | None, bar: Bar, send_queue: bool) -> Marked:
    from postroom.app.backup import restoring

    if directory is None:
        if not settings.server.database:
            raise OperationError(
                "--mark is for PostgreSQL; here name the backup: postroom restore DIR copies and marks"
            )
        return await restoring.mark(store_url(settings), send_queue=send_queue)
    if settings.server.database:
        raise OperationError(
            "the mail of this server is in PostgreSQL: restore it with pg_restore, then say postroom restore --mark"
        )
    way = restoring.Way(directory, places_of(settings))
    return await restoring.restore(way, bar.show, send_queue=send_queue)


def _tell(terminal: Terminal, marked: Marked) -> None:
    terminal.record(msgspec.to_builtins(marked))
    terminal.say(
        f"{count_text(marked.messages, 'message')} in {count_text(marked.mailboxes, 'mailbox', 'mailboxes')}. Next: postroom check, then postroom serve"
    )
    if marked.waiting:
        fate = (
            "on hold, since mail may have been sent after the backup (postroom queue list, release, drop)"
            if marked.held
            else "to be sent, perhaps for a second time"
        )
        terminal.note(f"{count_text(marked.waiting, 'delivery', 'deliveries')} in the queue: {fate}")
