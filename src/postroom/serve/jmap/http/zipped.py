"""All that is attached to an email as one zip file, made while it is sent.

GET /jmap/attachments/ACCOUNT/EMAIL/NAME; of the vendor's capability, which tells the address (`attachmentsUrl`). Rights are those of Email/get. The names are safe ones, each its own; pictures that
stand in the text do not come along. Files are compressed piece by piece in a thread, and nothing is held but the message. Not here: single blobs (`serve.jmap.http.transfer`).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import re
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from collections.abc import Set as AbstractSet
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from postroom.message.mime.file_names import each_its_own, safe_filename
from postroom.proto.jmap import body_parts
from postroom.proto.jmap.body_parts import BodyPart
from postroom.proto.jmap.body_values import body_value
from postroom.proto.jmap.errors import MethodError, RequestError
from postroom.serve.jmap.http.http import Exchange, JmapApp
from postroom.serve.jmap.http.transfer import disposition, turn_of
from postroom.serve.jmap.mail.email_view import View
from postroom.serve.jmap.mail.message_html import shown_in_document
from postroom.serve.jmap.mail.whole_email import whole_email
from postroom.serve.jmap.methods.call import Call, Visitor
from postroom.serve.jmap.methods.octets import apart
from postroom.serve.jmap.methods.sessions import ATTACHMENTS

PIECE: Final = 1 << 20  # octets of a file that are compressed at once
MOST_FILES: Final = 500  # in one archive
_LEVEL: Final = 1  # what is attached is mostly compressed already
# The dates that the format has.
_FIRST: Final = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)
_LAST: Final = dt.datetime(2107, 12, 31, 23, 59, 58, tzinfo=dt.UTC)
_MODE: Final = 0o100600 << 16
_CID: Final = re.compile(r"cid:([^\s\"'<>()]+)", re.IGNORECASE)


async def send(app: JmapApp, exchange: Exchange, visitor: Visitor) -> None:
    """The archive; its size is not known before it ends."""
    levels = exchange.raw_path.removeprefix(ATTACHMENTS + "/").split("/")
    if len(levels) != 3:
        raise RequestError("", "attachments are at /account/email/name", HTTPStatus.NOT_FOUND)
    account_id, email_id, name = map(unquote, levels)
    async with turn_of(app, visitor):  # each holds the whole message for as long as its client takes
        view = await _email(Call(app.service, visitor), account_id, email_id)
        files = await apart(len(view.raw), attached, view)
        if not files:
            raise RequestError("", "nothing is attached to this email", HTTPStatus.NOT_FOUND)
        if len(files) > MOST_FILES:
            words = f"{len(files)} files are attached, at most {MOST_FILES} go into an archive: download them one by one"
            raise RequestError("", words, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        headers = [
            (b"content-type", b"application/zip"),
            (b"content-disposition", disposition(name)),
            (b"cache-control", b"no-store"),
            (b"content-security-policy", b"sandbox; default-src 'none'"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await exchange.send({"type": "http.response.start", "status": 200, "headers": headers})
        if exchange.method != "HEAD":
            async for piece in _pieces(files, view.copies[0].internaldate):
                await exchange.send({"type": "http.response.body", "body": piece, "more_body": True})
        await exchange.send({"type": "http.response.body", "body": b""})


async def _email(call: Call, account_id: str, email_id: str) -> View:
    try:
        return await whole_email(call, await call.account(account_id), email_id)
    except MethodError as error:
        raise RequestError("", "there is no such email", HTTPStatus.NOT_FOUND) from error


def attached(view: View) -> list[BodyPart]:
    """What is shown as a file: all but texts, and pictures that stand in one by their Content-ID."""
    bodies = view.bodies
    texts = [str(body_value(part, 0)["value"]) for part in bodies.html if part.type == "text/html"]
    named = {unquote(cid) for text in texts for cid in _CID.findall(text)}
    beside = [part for part in (*bodies.html, *bodies.text) if part.part.media_type != "text"]
    files = {part.part.section: part for part in (*bodies.attachments, *beside)}.values()
    return [part for part in files if not _stands_in(part, named)]


def _stands_in(part: BodyPart, named: AbstractSet[str]) -> bool:
    return part.disposition != "attachment" and body_parts.cid(part) in named and shown_in_document(part)


async def _pieces(files: Sequence[BodyPart], at: int) -> AsyncIterator[bytes]:
    making = zipped(files, dt.datetime.fromtimestamp(at / 1e6, dt.UTC))
    while (piece := await asyncio.to_thread(next, making, None)) is not None:
        if piece:
            yield piece


class _Sink(io.RawIOBase):
    """What was written since the last look; it cannot go back."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """It is written to, and nothing else."""
        return True

    def write(self, octets: Any) -> int:
        """Zip's end."""
        self._pieces.append(bytes(octets))
        return len(self._pieces[-1])

    def taken(self) -> bytes:
        """Ours."""
        found, self._pieces = b"".join(self._pieces), []
        return found


def zipped(files: Sequence[BodyPart], at: dt.datetime) -> Iterator[bytes]:
    """The archive in pieces; each takes a moment of computing."""
    sink = _Sink()
    names = each_its_own(safe_filename(one.name or "", one.type) for one in files)
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name, one in zip(names, files, strict=True):
            entry = zipfile.ZipInfo(name, min(max(at, _FIRST), _LAST).timetuple()[:6])
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _MODE
            octets = one.content.octets
            with archive.open(entry, "w") as file:
                for start in range(0, len(octets), PIECE):
                    file.write(octets[start : start + PIECE])
                    yield sink.taken()
            del one.__dict__["content"]
    yield sink.taken()


RESOURCES: Final = {("GET", ATTACHMENTS + "/"): send}
