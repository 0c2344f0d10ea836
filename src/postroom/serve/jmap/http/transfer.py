"""Upload and download of blobs (RFC 8620 §6.1, §6.2), ranges of them (RFC 9110 §14).

What is downloaded is never shown by a browser as a page of this server: an attachment, not sniffed, in a sandbox. Not here: which octets a blob has.
"""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, quote, unquote

from postroom.message.errors import OverQuota
from postroom.proto.jmap import ijson
from postroom.proto.jmap.errors import MethodError, RequestError
from postroom.proto.jmap.request import over
from postroom.serve.jmap.http.http import Exchange, JmapApp
from postroom.serve.jmap.methods.call import Call, Visitor
from postroom.serve.jmap.methods.octets import Octets, upload
from postroom.serve.jmap.methods.sessions import DOWNLOAD, UPLOAD

PIECE: Final = 262_144  # octets of one message to the HTTP server
MAX_DOWNLOADS: Final = 6  # that one user has at a time; others wait
MAX_NAME: Final = 255  # characters of a file's name

_TYPE: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:;[ -~]{0,200})?")
_RANGE: Final = re.compile(rb"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")
_NOT_IN_NAMES: Final = re.compile(r'[\x00-\x1f\x7f"\\/]')


async def receive(app: JmapApp, exchange: Exchange, visitor: Visitor) -> None:
    """RFC 8620 §6.1."""
    limits = app.service.limits
    account_id = exchange.path.removeprefix(UPLOAD + "/").rstrip("/")
    call = Call(app.service, visitor)
    await _account(call, account_id)
    kind = exchange.headers.get(b"content-type", b"application/octet-stream").decode("latin-1")
    if app.uploading[visitor.account_id] >= limits.max_concurrent_upload:
        raise over("maxConcurrentUpload", f"at most {limits.max_concurrent_upload} uploads at a time")
    app.uploading[visitor.account_id] += 1
    try:
        octets = await exchange.body(limits.max_size_upload, "maxSizeUpload")
        blob = await upload(call, octets)
    except OverQuota as error:
        raise RequestError("", error.public, HTTPStatus.INSUFFICIENT_STORAGE) from error
    finally:
        app.uploading[visitor.account_id] -= 1
        if not app.uploading[visitor.account_id]:
            del app.uploading[visitor.account_id]
    told = {"accountId": account_id, "blobId": str(blob), "type": kind, "size": len(octets)}
    await exchange.answer(201, ijson.encode(told))


async def send(app: JmapApp, exchange: Exchange, visitor: Visitor) -> None:
    """RFC 8620 §6.2."""
    levels = exchange.raw_path.removeprefix(DOWNLOAD + "/").split("/")
    if len(levels) != 3:
        raise RequestError("", "a download is /account/blob/name", HTTPStatus.NOT_FOUND)
    account_id, blob_id, name = map(unquote, levels)
    call = Call(app.service, visitor)
    number = await _account(call, account_id)
    async with turn_of(app, visitor):  # each holds the whole blob for as long as its client takes
        octets = await Octets(call, number).read(blob_id)
        if octets is None:
            raise RequestError("", "there is no such blob", HTTPStatus.NOT_FOUND)
        await _send(exchange, octets, blob_id, name)


async def _send(exchange: Exchange, octets: bytes, blob_id: str, name: str) -> None:
    asked = parse_qs(exchange.query).get("type", ["application/octet-stream"])[0]
    kind = asked if _TYPE.fullmatch(asked) else "application/octet-stream"
    first, end = _part(exchange, len(octets))
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", b"%d" % (end - first)),
        (b"content-disposition", disposition(name)),
        (b"accept-ranges", b"bytes"),
        (b"etag", b'"%s"' % blob_id.encode()),
        (b"cache-control", b"private, immutable, max-age=31536000"),
        (b"content-security-policy", b"sandbox; default-src 'none'"),
        (b"x-content-type-options", b"nosniff"),
    ]
    whole = (first, end) == (0, len(octets))
    if not whole:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (first, end - 1, len(octets))))
    await exchange.send({"type": "http.response.start", "status": 200 if whole else 206, "headers": headers})
    if exchange.method != "HEAD":
        for at in range(first, end, PIECE):
            piece = octets[at : min(at + PIECE, end)]
            await exchange.send({"type": "http.response.body", "body": piece, "more_body": True})
    await exchange.send({"type": "http.response.body", "body": b""})


def turn_of(app: JmapApp, visitor: Visitor) -> asyncio.Semaphore:
    """What a download of a user's is held by."""
    return app.downloads.setdefault(visitor.account_id, asyncio.Semaphore(MAX_DOWNLOADS))


async def _account(call: Call, account_id: str) -> int:
    try:
        return await call.any_account(account_id)
    except MethodError as error:
        raise RequestError("", "there is no such account", HTTPStatus.NOT_FOUND) from error


def _part(exchange: Exchange, size: int) -> tuple[int, int]:
    """The first octet that is asked for, and the one behind the last; raises 416."""
    asked = _RANGE.fullmatch(exchange.headers.get(b"range", b"").strip())
    if asked is None:
        return 0, size
    first, last, suffix = asked.groups()
    if suffix is not None:
        start, end = max(0, size - int(suffix)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
    if start >= end:
        raise RequestError("", f"the blob has {size} octets", HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
    return start, end


def disposition(name: str) -> bytes:
    """Content-Disposition of a file that is saved under a name."""
    clean = _NOT_IN_NAMES.sub("_", name)[:MAX_NAME] or "download"
    plain = clean.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=utf-8''{quote(clean, safe='')}".encode()


RESOURCES: Final = {("POST", UPLOAD + "/"): receive, ("GET", DOWNLOAD + "/"): send}
