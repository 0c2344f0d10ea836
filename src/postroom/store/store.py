"""The store as one object: an engine, the files of large bodies, and changes.

Everything else is functions over a transaction: `delivery.deliver(tx, ...)`, `messages.listing(tx, ...)`. They compose in one commit:

    filed = await store.engine.write(lambda tx: deliver(tx, delivery))
    store.changes.publish([filed.change])

Not here: tables and statements; this process's number among those that use the store (`leases`).
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import msgspec

from postroom.message.errors import MailError
from postroom.store.blobs import blobs
from postroom.store.blobs.blobs import BlobRef
from postroom.store.blobs.files import BlobFiles
from postroom.store.blobs.spilled import Content, Spilled, spilled_blob
from postroom.store.changes import Changes
from postroom.store.engine.ids import real_ms
from postroom.store.engine.migrations import MigratableEngine, migrate
from postroom.store.engine.postgres_options import PostgresOptions
from postroom.store.engine.refused import StoreDamaged, StoreRefused, without_password
from postroom.store.engine.sqlite import SqliteEngine, SqliteOptions
from postroom.store.engine.transaction import Urgency
from postroom.store.mailboxes import messages

if TYPE_CHECKING:
    from postroom.store.notify import Relay

FILE_FROM: Final = 262_144  # octets, measured: above it a row costs more than a file


class StoreSettings(msgspec.Struct, frozen=True):
    """`files` is the directory of large bodies.

    With SQLite `files` "" is `blobs` beside the database; with PostgreSQL it must be a directory that all processes share, and "" keeps
    every body in its row. `file_from`: octets from which a body becomes a file.
    """

    files: str = ""
    file_from: int = FILE_FROM
    sqlite: SqliteOptions = SqliteOptions()
    postgres: PostgresOptions = PostgresOptions()


DEFAULTS: Final = StoreSettings()


class Store:
    """Made by `open`. `files` is None where every body is in its row."""

    def __init__(self, engine: MigratableEngine, files: BlobFiles | None, settings: StoreSettings) -> None:
        self.engine = engine
        self.changes = Changes()
        self.files = files
        self.settings = settings
        self._relay: Relay | None = None

    @classmethod
    async def open(
        cls,
        url: str,
        settings: StoreSettings = DEFAULTS,
        on_fatal: Callable[[BaseException], None] | None = None,
    ) -> Store:
        """Opens `sqlite:///directory` (made when it is not there) or `postgresql://...`, and brings it up to date.

        `on_fatal` is called once, on the loop, when the store cannot go on: close the listeners and end the process with an error.
        Without it the process is ended at once. Raises `StoreRefused`, with words for whoever starts the program.
        """
        on_fatal = on_fatal or _end_process
        parts = urlsplit(url)
        if parts.scheme == "sqlite" and not parts.netloc and parts.path.startswith("/"):
            directory = Path(unquote(parts.path))
            engine: MigratableEngine = await SqliteEngine.open(directory, on_fatal, settings.sqlite)
            files: BlobFiles | None = BlobFiles(Path(settings.files or directory / "blobs"))
        elif parts.scheme in ("postgresql", "postgres"):
            from postroom.store.engine.postgres import PostgresEngine  # noqa: PLC0415 - asyncpg costs 25 ms of every start

            engine = await PostgresEngine.open(url, settings.postgres)
            files = BlobFiles(Path(settings.files)) if settings.files else None
        else:
            raise StoreRefused(
                f"{without_password(url)!r} is not a store: it looks like sqlite:///var/lib/postroom or postgresql://host/database"
            )
        try:
            await migrate(engine, real_ms() * 1000)
        except BaseException as error:
            await engine.close()
            if isinstance(error, MailError):
                told = without_password(url)
                raise StoreDamaged(f"{told} cannot be brought up to date: {error.detail or error}") from error
            raise
        store = cls(engine, files, settings)
        if parts.scheme != "sqlite":
            from postroom.store.notify import Relay  # noqa: PLC0415 - likewise

            store._relay = Relay(url, store.changes)
            await store._relay.start()
        return store

    async def durable(self, account_id: int, blob_id: int, raw: Content) -> bytes | BlobRef:
        """A body as `delivery.deliver` and `blobs.put` take it: itself, or a file that is durable now when it is large.

        Raises `NoSpace` and `TryLater`.
        """
        if isinstance(raw, bytes) and (self.files is None or len(raw) < self.settings.file_from):
            return raw
        if self.files is None:
            return await asyncio.to_thread(raw.whole) if isinstance(raw, Spilled) else raw
        file = await asyncio.to_thread(self.files.write, account_id, blob_id, raw)
        try:
            older = await blobs.file_with(self.engine.reading(), account_id, file)
            if older is not None:  # the new row would become one more reference to it
                await asyncio.to_thread(self.files.bring_back, account_id, older, file)
        except MailError:
            await self.discard(account_id, file)
            raise
        return file

    async def discard(self, account_id: int, file: BlobRef) -> None:
        """Removes a file that `durable` made, when the transaction that was to point at it has been rolled back."""
        if self.files is not None:
            await asyncio.to_thread(self.files.remove, account_id, file.blob_id)

    async def dropped(self, account_id: int, blob_ids: Sequence[int]) -> None:
        """Removes the files of objects whose rows are gone (`blobs.make_room`)."""
        if self.files is not None:
            for blob_id in blob_ids:
                await asyncio.to_thread(self.files.remove, account_id, blob_id)

    async def spilled(self, account_id: int, blob_id: int) -> Content | None:
        """An object as a message: what is in a file stays there, but for its head; None when it is gone."""
        blob = await blobs.get(self.engine.reading(), account_id, blob_id)
        if blob is None or blob.data is not None:
            return None if blob is None else blob.data
        assert self.files is not None, "a file without a directory for files: see the setting `files`"
        read_at = functools.partial(self.files.read, account_id, blob_id)
        return await asyncio.to_thread(spilled_blob, read_at, blob.size)

    async def read(
        self, account_id: int, blob_id: int, start: int = 0, length: int | None = None
    ) -> bytes | None:
        """Octets of an object from `start`; None when it is gone. On SQLite a small one comes without waiting."""
        blob = await blobs.get(self.engine.reading(), account_id, blob_id)
        if blob is None:
            return None
        end = None if length is None else start + length
        if blob.data is not None:
            return blob.data if start == 0 and end is None else blob.data[start:end]
        assert self.files is not None, "a file without a directory for files: see the setting `files`"
        return await asyncio.to_thread(self.files.read, account_id, blob_id, start, length)

    async def read_email(self, account_id: int, email_id: int) -> bytes | None:
        """All octets of an email; None when it is gone."""
        email = await messages.email(self.engine.reading(), account_id, email_id)
        return None if email is None else await self.read(account_id, email.blob_id)

    async def digest(self, account_id: int, blob_id: int, *, contents: bool) -> tuple[int, bytes] | None:
        """(size, SHA-256) of what is kept of an object; without `contents` the hash is b"". None: there is nothing."""
        blob = await blobs.get(self.engine.reading(), account_id, blob_id)
        if blob is None:
            return None
        if blob.data is not None:
            return len(blob.data), hashlib.sha256(blob.data).digest() if contents else b""
        if self.files is None:
            return None
        return await asyncio.to_thread(self.files.digest, account_id, blob_id, contents=contents)

    async def sweep(self, now: int, grace: int = blobs.GRACE) -> int:
        """Removes objects that had no reference for `grace` microseconds; gives their number. Rows go first, files after the commit."""
        before = now - grace
        swept = 0
        found: list[tuple[int, int]] = []
        while True:
            found, former = await blobs.unreferenced(self.engine.reading(), before), found
            if not found or found == former:
                return swept
            for account_id, blob_id in found:
                await self._sweep_one(account_id, blob_id, before)
            swept += len(found)

    async def _sweep_one(self, account_id: int, blob_id: int, before: int) -> None:
        had_file = await self.engine.write(
            lambda tx: blobs.sweep(tx, account_id, blob_id, before), Urgency.HOUSEKEEPING
        )
        if had_file and self.files is not None:
            await asyncio.to_thread(self.files.remove, account_id, blob_id)

    async def close(self) -> None:
        """Finishes what is queued, and lets another process in."""
        if self._relay is not None:
            await self._relay.close()
        await self.engine.close()


def _end_process(error: BaseException) -> None:
    raise SystemExit(f"the store failed: {error}")
