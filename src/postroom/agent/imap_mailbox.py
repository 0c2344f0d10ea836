"""A mailbox read by IMAP.

RFC 9051 §6.3.2 (SELECT), §6.4.5 (FETCH), §6.4.6 (STORE), §6.4.8 (MOVE), §6.4.9 (UID); RFC 4315 §2.1 (UID EXPUNGE), RFC 6851 §3.3 (what MOVE stands
for where there is none). Messages are worked on by their uids, so that nothing another session does can make a number mean another message. Not
here: folders as a whole (`folders`), the session (`imap_session`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from postroom.agent.accounts import Account
from postroom.agent.exits import Exit, ServerFailed
from postroom.agent.imap_session import Answer, ImapSession, Tell, named, untold
from postroom.agent.invocation import CommandFailed
from postroom.agent.mailbox import Entry, missing
from postroom.agent.reading import LINE_FIELDS
from postroom.proto.imap import client_commands as say
from postroom.proto.imap.client import EXPUNGE
from postroom.proto.imap.client_commands import Criteria, Request
from postroom.proto.imap.client_values import Exists, Expunged, Fetched, Found, Status
from postroom.proto.imap.sets import STAR, Ranges, ranges_of
from postroom.wire.numbers import decimal

_ENTRY = b"UID FLAGS RFC822.SIZE"
_HEADER = b"UID BODY.PEEK[HEADER.FIELDS (%b)]" % " ".join(LINE_FIELDS).upper().encode()


class ImapMailbox:
    """See `Mailbox`. Made by `open`."""

    def __init__(self, session: ImapSession, folder: str, opened: Answer) -> None:
        self.session = session
        self.folder = folder
        codes = {one.code: one.argument for one in opened.data if isinstance(one, Status)}
        self.validity = decimal(codes.get("UIDVALIDITY", "").encode()) or 0
        self._next = decimal(codes.get("UIDNEXT", "").encode()) or 0
        self._exists = 0
        self._note(opened)
        self._uids: dict[int, int] = {}  # by number, of the entries that were handed out
        self._doomed: list[int] = []

    @classmethod
    async def open(cls, account: Account, folder: str = "INBOX", tell: Tell = untold) -> ImapMailbox:
        """Connects, logs in and selects a folder; `tell` gets the server's alerts. Raises `ServerFailed`, `CommandFailed`."""
        session = await ImapSession.open(account, tell)
        try:
            return await cls._select(session, folder)
        except BaseException:
            await session.drop()
            raise

    @classmethod
    async def _select(cls, session: ImapSession, folder: str) -> ImapMailbox:
        request = named(say.select, folder, utf8=session.utf8)
        answer = await session.ask(request)
        if not answer.done.ok:
            raise CommandFailed(
                f"the folder {folder!r}: {answer.done.text}; postroom mail folders lists what there is"
            )
        return cls(session, folder, answer)

    async def entries(self, last: int = 0) -> list[Entry]:
        """See `Mailbox`. Uids are written with the folder's UIDVALIDITY before them: one without the other means nothing."""
        if not last:
            return await self._entries([(1, STAR)])
        return await self._entries(
            [(max(1, self._exists - last + 1), self._exists)] * bool(self._exists), by_uid=False
        )

    async def chosen(self, wanted: Sequence[str]) -> list[Entry]:
        """See `Mailbox`."""
        numbers = [decimal(one.encode()) for one in wanted]
        uids = [decimal(one.removeprefix(f"{self.validity}.").encode()) for one in wanted if "." in one]
        found = [
            *await self._entries(
                _ranges(one for one in numbers if one and one <= self._exists), by_uid=False
            ),
            *await self._entries(_ranges(one for one in uids if one)),
        ]
        named = {str(one.number): one for one in found} | {one.uid: one for one in found}
        for one in wanted:
            if one not in named:
                raise missing(one, 1, self._exists)
        return list({named[one].number: named[one] for one in wanted}.values())

    async def newest(self) -> int:
        """The highest uid there is, or was; 0 for none."""
        if not self._next:
            await self._entries([(1, STAR)])
        return max(self._next - 1, self.highest)

    async def newer(self, than: int) -> list[tuple[Entry, bytes]]:
        """The messages above a uid, with what a list shows of their headers: in one answer, since between two another session may move them."""
        found = await self._fetch([(than + 1, STAR)], _ENTRY + b" " + _HEADER.removeprefix(b"UID "))
        headers = {one.number: one.section("BODY[HEADER.FIELDS") or b"" for one in found if one.uid > than}
        return [(one, headers[one.number]) for one in self._handed_out(found) if one.number in headers]

    @property
    def highest(self) -> int:
        """The highest uid that was seen; 0 for none."""
        return max(self._uids.values(), default=0)

    async def search(self, criteria: Criteria) -> list[Entry]:
        """The messages that the server finds, by number."""
        request = say.uid_search(criteria, self.session.can, utf8=self.session.utf8)
        answer = await self._do(request)
        found = [one.ranges for one in answer.data if isinstance(one, Found)]
        return await self._entries(found[-1]) if found else []

    async def headers(self, numbers: Sequence[int]) -> list[bytes]:
        """See `Mailbox`; of the header only what a list shows."""
        uids = [self._uids[number] for number in numbers]
        found = {
            one.uid: one.section("BODY[HEADER.FIELDS") for one in await self._fetch(_ranges(uids), _HEADER)
        }
        return [self._present(found.get(uid), number) for uid, number in zip(uids, numbers, strict=True)]

    async def message(self, number: int) -> bytes:
        """See `Mailbox`; from then on it has been seen."""
        found = await self._fetch(_ranges([self._uids[number]]), b"UID BODY[]")
        return self._present(next((one.section("BODY[]") for one in found), None), number)

    async def delete(self, numbers: Sequence[int]) -> None:
        """See `Mailbox`."""
        self._doomed += [self._uids[number] for number in numbers]

    async def mark(self, numbers: Sequence[int], flags: Iterable[str]) -> None:
        """Sets flags."""
        for text in say.set_texts(_ranges(self._uids[number] for number in numbers)):
            await self._do(say.uid_store(text, b"+FLAGS.SILENT", flags))

    async def move(self, numbers: Sequence[int], folder: str, *, create: bool = False) -> None:
        """Moves messages; raises `CommandFailed` when there is no such folder and `create` does not say to make it."""
        uids = [self._uids[number] for number in numbers]
        moves = self.session.can.has("MOVE")
        for text in say.set_texts(_ranges(uids)):
            request = named(say.uid_move if moves else say.uid_copy, text, folder, utf8=self.session.utf8)
            await self._into(request, folder, create=create)
        if not moves:
            await self._expunge(uids)

    async def close(self) -> None:
        """See `Mailbox`."""
        if self._doomed:
            await self._expunge(self._doomed)
        await self.session.leave()

    async def drop(self) -> None:
        """See `Mailbox`."""
        await self.session.drop()

    async def _into(self, request: Request, folder: str, *, create: bool) -> None:
        answer = await self.session.ask(request)
        if answer.done.code == "TRYCREATE" and create:
            await self._do(named(say.create, folder, utf8=self.session.utf8))
            answer = await self.session.ask(request)
        if answer.done.code == "TRYCREATE":
            raise CommandFailed(f"there is no folder {folder!r}; --create makes it")
        if not answer.done.ok:
            raise self.session.refused(request, answer)

    async def _expunge(self, uids: Sequence[int]) -> None:
        """Removes these messages and no others; where the server cannot do that, they stay marked beside those of others."""
        ranges = _ranges(uids)
        for text in say.set_texts(ranges):
            await self._do(say.uid_store(text, b"+FLAGS.SILENT", ["\\Deleted"]))
            if self.session.can.has("UIDPLUS"):
                await self._do(say.uid_expunge(text))
        if not self.session.can.has("UIDPLUS"):
            request = say.uid_search(Criteria(marks=["DELETED"]), self.session.can, utf8=self.session.utf8)
            answer: Answer = await self._do(request)
            if [one.ranges for one in answer.data if isinstance(one, Found)][-1:] == [ranges]:
                await self._do(EXPUNGE)

    async def _entries(self, ranges: Ranges, *, by_uid: bool = True) -> list[Entry]:
        return self._handed_out(await self._fetch(ranges, _ENTRY, by_uid=by_uid))

    def _handed_out(self, found: Sequence[Fetched]) -> list[Entry]:
        self._uids |= {one.number: one.uid for one in found}
        return [
            Entry(one.number, f"{self.validity}.{one.uid}", one.size or 0, _flags(one))
            for one in sorted(found, key=lambda one: one.number)
        ]

    async def _fetch(self, ranges: Ranges, items: bytes, *, by_uid: bool = True) -> list[Fetched]:
        """What the server tells of these messages. News of others may come among it, and tells less."""
        found: dict[int, Fetched] = {}
        for text in say.set_texts(ranges):
            answer = await self._do((say.uid_fetch if by_uid else say.fetch)(text, items))
            for one in answer.data:
                if isinstance(one, Fetched) and one.uid and (one.size is not None or one.sections):
                    found[one.uid] = one
        return list(found.values())

    async def _do(self, request: Request) -> Answer:
        answer = await self.session.do(request)
        self._note(answer)
        return answer

    def _note(self, answer: Answer) -> None:
        for one in answer.data:
            if isinstance(one, Exists):
                self._exists = one.count
            elif isinstance(one, Expunged):
                self._exists -= 1

    def _present(self, section: bytes | None, number: int) -> bytes:
        if section is None:
            raise ServerFailed(f"message {number} has been removed meanwhile: list again", Exit.MAILBOX)
        return section


def _flags(one: Fetched) -> tuple[str, ...]:
    """Without \\Recent, which says more of the session than of the message."""
    return tuple(flag for flag in one.flags or () if flag.lower() != "\\recent")


def _ranges(uids: Iterable[int]) -> Ranges:
    return ranges_of(sorted(set(uids)))
