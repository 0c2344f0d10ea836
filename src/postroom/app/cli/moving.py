"""`postroom import` and `postroom export`: mail moves in from other programs' files, and out into such files.

Nothing is taken twice: an import that was broken off is done again, and goes on where it was. Not here: the files (`mail_sources`, `mail_targets`), the account's side
(`app.operations.moving`).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import count_text
from postroom.app.cli.mail_sources import BadSource, Source, Sources
from postroom.app.cli.mail_targets import TARGETS, Form
from postroom.app.cli.session import Administration, administration
from postroom.app.operations import moving
from postroom.app.operations.moving import Coming, ListMail, TakeMail
from postroom.message.files.mbox_reading import Marked

import_app = commands("Take mail in from files.")
export_app = commands("Write an account's mail into files.")
Who = Annotated[str, typer.Argument(metavar="ADDRESS", help="Whose mail.")]
MOST: Final = 256 << 20  # octets of one message in a file


class Imported(msgspec.Struct, frozen=True):
    """What came of one file or Maildir folder."""

    source: str
    folder: str
    taken: int
    known: int
    failed: int


class Exported(msgspec.Struct, frozen=True):
    """A folder that was written."""

    folder: str
    messages: int


class Counter:
    """How many messages are done, on a terminal's standard error."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._shown = 0

    def show(self, number: int) -> None:
        """Now and then."""
        if number - self._shown >= 100 and sys.stderr.isatty():
            self._shown = number
            sys.stderr.write(f"\r\x1b[K{number} messages {self._word}")
            sys.stderr.flush()

    def end(self) -> None:
        """Removes it."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@import_app.command()
@command(administration)
def import_(
    session: Administration,
    address: Who,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH", help="mbox files, Maildirs, .eml files, or directories of these."),
    ],
    into: Annotated[
        str, typer.Option("--into", metavar="FOLDER", help="Below this folder, such as Old/Mail.")
    ] = "",
) -> None:
    """Take mail in from mbox files, Maildirs and single messages, with its flags, keywords and times.

    Folders are made as they are named there; what has no folder goes into INBOX. A message that its folder has already is left out, so that the command
    may be repeated.
    """
    sources = Sources(MOST)
    found = _found(sources, paths)
    counter, done, failed = Counter("taken"), 0, 0
    try:
        for source in found:
            to = TakeMail(address, _folder(source, into), [], subscribed=source.subscribed)
            told = Taking(session, to).take(sources.mails(source), counter, done)
            record = Imported(str(source.place), "/".join(to.path), *told)
            done, failed = done + record.taken + record.known, failed + record.failed
            counter.end()
            session.terminal.record(record)
            session.terminal.say(f"{record.source} -> {record.folder}: {_words(record)}")
    except BadSource as error:
        raise CommandFailed(str(error)) from error
    finally:
        counter.end()
    failed += sources.too_long
    if failed:
        why = f"; {sources.too_long} of them longer than {MOST >> 20} MiB" if sources.too_long else ""
        raise CommandFailed(f"{count_text(failed, 'message')} could not be taken{why}")


def _words(record: Imported) -> str:
    words = [f"{record.taken} taken"]
    if record.known:
        words.append(f"{record.known} were there already")
    if record.failed:
        words.append(f"{record.failed} refused")
    return ", ".join(words)


def _found(sources: Sources, paths: list[Path]) -> list[Source]:
    try:
        return [source for path in paths for source in sources.find(path)]
    except (BadSource, OSError) as error:
        raise CommandFailed(str(error), 2) from error


def _folder(source: Source, into: str) -> list[str]:
    return _path(into, source.folder) or ["INBOX"]


def _path(text: str, below: Sequence[str] = ()) -> list[str]:
    """A folder's path; INBOX is that in any case (RFC 9051 §5.1)."""
    path = [*(part for part in text.split("/") if part), *below]
    return ["INBOX", *path[1:]] if path and path[0].upper() == "INBOX" else path


class Taking:
    """One folder's messages, on their way in, as many together as a request holds; `to` is such a request without any."""

    def __init__(self, session: Administration, to: TakeMail) -> None:
        self._session = session
        self._to = to
        self._batch: list[Coming] = []
        self._octets = 0
        self._taken = self._known = self._failed = 0
        there = session.perform(moving.DIGESTS, ListMail(to.address, to.path), to.address)
        self._there = {digest for part in there for digest in part.digests}

    def take(self, mails: Iterator[Marked], counter: Counter, before: int) -> tuple[int, int, int]:
        """Numbers of those that were new, there already, and refused."""
        for mail in mails:
            self._add(mail)
            counter.show(before + self._taken + self._known)
        self._send()
        return self._taken, self._known, self._failed

    def _add(self, mail: Marked) -> None:
        if hashlib.sha256(mail.octets).digest() in self._there:
            self._known += 1
            return
        one = Coming(mail.octets, mail.at, mail.flags, list(mail.keywords))
        if len(mail.octets) > moving.MOST_OCTETS:
            self._send()
            self._request([msgspec.structs.replace(one, octets=b"")], mail.octets)
            return
        if len(self._batch) >= moving.MOST_MAILS or self._octets + len(mail.octets) > moving.MOST_OCTETS:
            self._send()
        self._batch.append(one)
        self._octets += len(mail.octets)

    def _send(self) -> None:
        batch, self._batch, self._octets = self._batch, [], 0
        if batch:
            self._request(batch, b"")

    def _request(self, batch: list[Coming], content: bytes) -> None:
        wanted = msgspec.structs.replace(self._to, mails=batch)
        try:
            done = self._session.one(moving.TAKE, wanted, self._to.address, content)
        except Exception as error:
            failure = self._session.failure(error)
            if failure is None or failure.facts.get("status", "")[:1] not in ("4", "5"):
                raise
            if len(batch) == 1:
                self._failed += 1
                self._session.terminal.note(
                    f"a message of {len(content or batch[0].octets)} octets: {failure}"
                )
                return
            for one in batch:  # which of them is it?
                self._request([one], b"")
            return
        self._taken += done.taken


@export_app.command()
@command(administration)
def export(
    session: Administration,
    address: Who,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="A directory that does not exist, or is empty.")
    ],
    form: Annotated[
        Form,
        typer.Option("--format", help="A Maildir, an mbox file for each folder, or a file for each message."),
    ] = Form.MAILDIR,
    folder: Annotated[
        str, typer.Option("--folder", metavar="NAME", help="Only this one, such as Old/Mail.")
    ] = "",
) -> None:
    """Write an account's mail into files, with its folders, flags, keywords and times; it stays where it is.

    `postroom import` and other programs read them.
    """
    _check_empty(directory)
    path = _path(folder)
    counts: dict[str, int] = {}
    counter = Counter("written")
    target = TARGETS[form](directory)
    try:
        for piece in session.perform(moving.GIVE, ListMail(address, path), address):
            name = "/".join(piece.path)
            if piece.uid == 0:
                counts[name] = 0
                target.folder(piece.path)
                continue
            if piece.size:
                counts[name] += 1
                target.begin(piece)
                counter.show(sum(counts.values()))
            target.piece(piece.octets)
        target.close()
    except OSError as error:
        raise CommandFailed(f"{error.filename or directory}: {error.strerror}") from error
    finally:
        counter.end()
    for name, number in counts.items():
        session.terminal.record(Exported(name, number))
    what = f"{count_text(sum(counts.values()), 'message')} of {count_text(len(counts), 'folder')}"
    session.terminal.say(f"{what} written to {directory}")


def _check_empty(directory: Path) -> None:
    try:
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise CommandFailed(f"{directory} is there and not empty: name another directory", 2)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(f"{directory}: {error.strerror}") from error
