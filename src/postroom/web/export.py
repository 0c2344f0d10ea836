"""The door through which a folder leaves as a file: all its messages as mbox, streamed, for who may read it.

GET /mail/export/ACCOUNT/MAILBOX. Rights are those of IMAP (RFC 4314 §4: `r`); messages are read in slices, and a long one in pieces, so that a folder of any
size takes no memory. Copies that are marked as deleted do not come along, since the web mail does not show them. Not here: the format (`message.files.mbox`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from postroom.message.errors import AuthenticationFailed, MailError, NotPermitted
from postroom.message.files import mbox
from postroom.message.ids import IdKind, parse_id
from postroom.store.emails import fetching
from postroom.store.mailboxes import mailboxes, messages
from postroom.store.mailboxes.flags import Flag
from postroom.store.mailboxes.messages import Message
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox
from postroom.store.store import Store
from postroom.web.browsers import Browsers
from postroom.web.sign_in import fields

SLICE: Final = 200  # messages whose rows are read at once
PIECE: Final = 262_144  # octets of a message that are read at once
MOST_AT_ONCE: Final = 2  # exports of one account
_STATUS: Final = {AuthenticationFailed: 401, NotPermitted: 403, NoSuchMailbox: 404}


class Export:
    """The door."""

    def __init__(self, browsers: Browsers, store: Store) -> None:
        self._browsers = browsers
        self._store = store
        self._busy: Counter[int] = Counter()

    async def answer(self, request: Request) -> Response:
        """GET of one folder."""
        account_id = parse_id(IdKind.ACCOUNT, request.path_params["account"])
        mailbox_id = parse_id(IdKind.MAILBOX, request.path_params["mailbox"])
        try:
            login = await self._browsers.login(request.scope, fields(request))
            if login is None:
                raise AuthenticationFailed
            ref = MailboxRef(account_id or -1, mailbox_id or -1, login.account_id)
            reading = self._store.engine.reading()
            box = await mailboxes.get(reading, ref)
            await messages.listing(reading, ref, 0, 1)  # who may not read it is told now
        except MailError as error:
            return PlainTextResponse(f"{error.public}\n", _STATUS.get(type(error), 503))
        if self._busy[login.account_id] >= MOST_AT_ONCE:
            return PlainTextResponse(
                "Wait until another export is done\n", 429, headers={"retry-after": "30"}
            )
        name = quote(box.name.replace("/", "_") + ".mbox", safe="")
        headers = {
            "content-disposition": f"attachment; filename=\"folder.mbox\"; filename*=utf-8''{name}",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        if request.method == "HEAD":
            return Response(None, 200, headers, "application/mbox")
        return StreamingResponse(self._counted(ref), 200, headers, "application/mbox")

    async def _counted(self, ref: MailboxRef) -> AsyncIterator[bytes]:
        self._busy[ref.who] += 1
        try:
            async for piece in self._pieces(ref):
                yield piece
        finally:
            self._busy[ref.who] -= 1
            if not self._busy[ref.who]:
                del self._busy[ref.who]

    async def _pieces(self, ref: MailboxRef) -> AsyncIterator[bytes]:
        after = 0
        while found := await messages.listing(self._store.engine.reading(), ref, after, SLICE):
            after = found[-1].uid
            for one in found:
                if not one.flags & Flag.DELETED:
                    async for piece in self._message(ref.account_id, one):
                        yield piece

    async def _message(self, account_id: int, one: Message) -> AsyncIterator[bytes]:
        octets = await fetching.octets_of(self._store, account_id, one.email_id)
        if octets is None:
            return  # expunged meanwhile
        quoting = mbox.Quoting()
        for at in range(0, octets.size, PIECE):
            piece = await octets.read(at, min(PIECE, octets.size - at))
            if at == 0:
                yield mbox.head(piece, one.internaldate // 1_000_000)
            yield quoting.piece(piece)
        yield quoting.end()
