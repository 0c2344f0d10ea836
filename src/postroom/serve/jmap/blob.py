"""Blob/copy (RFC 8620 §6.3); Blob/upload, Blob/get and Blob/lookup (RFC 9404): blobs within requests, put together of pieces and looked into.

Not here: which octets a blob has, and for whom (`serve.jmap.methods.octets`); what goes over HTTP (`serve.jmap.http.transfer`).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
from collections.abc import Collection, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from postroom.message.errors import OverQuota
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap import ijson
from postroom.proto.jmap.blob_ids import read_blob_id
from postroom.proto.jmap.capabilities import BLOB, CORE, DIGESTS, LOOKED_UP, MOST_SOURCES
from postroom.proto.jmap.errors import MethodError, Refused, SetError, invalid
from postroom.proto.jmap.standard import Set
from postroom.proto.jmap.types import Arguments, Id, IdOrCreated, Object, UnsignedInt
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.folders import Folders
from postroom.serve.jmap.methods.getting import Setting, check_number, ids_of
from postroom.serve.jmap.methods.octets import Octets, apart, by_message, upload
from postroom.store.emails import emails

_ALGORITHMS: Final[Mapping[str, str]] = {"sha": "sha1", "sha-256": "sha256", "sha-512": "sha512"}
_DATA: Final = ("data", "data:asText", "data:asBase64")


class BlobCopy(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §6.3."""

    from_account_id: Id
    account_id: Id
    blob_ids: Annotated[list[Id], Meta(max_length=10_000)]


class BlobUpload(Arguments, frozen=True, kw_only=True):
    """RFC 9404 §4.1."""

    account_id: Id
    create: dict[Id, Object]


class BlobGet(Arguments, frozen=True, kw_only=True):
    """RFC 9404 §4.2."""

    account_id: Id
    ids: list[IdOrCreated] | None = None
    properties: list[str] | None = None
    offset: UnsignedInt | None = None
    length: UnsignedInt | None = None


class BlobLookup(Arguments, frozen=True, kw_only=True):
    """RFC 9404 §4.3."""

    account_id: Id
    type_names: list[str]
    ids: list[IdOrCreated]


async def copy(call: Call, arguments: BlobCopy) -> Object:
    """RFC 8620 §6.3."""
    source = await call.any_account(arguments.from_account_id, error="fromAccountNotFound")
    await call.any_account(arguments.account_id)
    check_number(len(arguments.blob_ids), call.service.limits.max_objects_in_set, "blobs")
    octets = Octets(call, source)
    copied: dict[str, str] = {}
    refused: dict[str, Any] = {}
    for written in by_message(dict.fromkeys(arguments.blob_ids)):
        found = await octets.read(written)
        if found is None:
            refused[written] = SetError("notFound").told()
            continue
        try:
            copied[written] = str(await upload(call, found))
        except OverQuota as error:
            refused[written] = SetError("overQuota", error.public).told()
    return {
        "fromAccountId": arguments.from_account_id,
        "accountId": arguments.account_id,
        "copied": copied or None,
        "notCopied": refused or None,
    }


async def put(call: Call, arguments: BlobUpload) -> Object:
    """RFC 9404 §4.1."""
    account_id = await call.any_account(arguments.account_id)
    setting = Setting(call, Set(account_id=arguments.account_id, create=arguments.create), "")
    octets = Octets(call, account_id)

    async def one(given: Object) -> Object:
        wrong = [name for name in given if name not in ("data", "type")]
        if wrong:
            raise invalid(wrong, "there is no such property")
        kind = given.get("type")
        if kind is not None and not isinstance(kind, str):
            raise invalid("type", "a media type, or null")
        content = await _joined(call, octets, given.get("data"))
        return {"id": str(await upload(call, content)), "type": kind, "size": len(content)}

    await setting.create(one, _sources_first(arguments.create))
    told = setting.answer("")
    return {name: told[name] for name in ("accountId", "created", "notCreated")}


def _sources_first(create: Mapping[str, Object]) -> list[str]:
    """Creation ids, each behind those that it is made of (RFC 8620 §5.3); last those that go round in a circle, or are made of such."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, given in create.items():
        named = [_of(one, "blobId") for one in _listed(given.get("data"))]
        made = [one[1:] for one in named if isinstance(one, str) and one.startswith("#")]
        sorter.add(name, *(one for one in made if one in create))
    with contextlib.suppress(CycleError):
        sorter.prepare()  # what is outside of a circle has its order all the same
    order: list[str] = []
    while ready := sorter.get_ready():
        order += ready
        sorter.done(*ready)
    there = set(order)
    return [*order, *(one for one in create if one not in there)]


def _listed(sources: Any) -> list[Any]:
    return sources if isinstance(sources, list) and len(sources) <= MOST_SOURCES else []


async def _joined(call: Call, octets: Octets, sources: Any) -> bytes:
    """What the data sources have, one after the other. Raises `Refused`."""
    if not isinstance(sources, list) or len(sources) > MOST_SOURCES:
        raise invalid("data", f"a list of at most {MOST_SOURCES} sources")
    most = call.service.limits.max_size_upload
    pieces: list[bytes] = []
    for source in sources:
        pieces.append(await _piece(octets, source))
        if sum(map(len, pieces)) > most:
            raise Refused("tooLarge", f"a blob has at most {most} octets", maxSize=most)
    return b"".join(pieces)


async def _piece(octets: Octets, source: Any) -> bytes:
    named = [name for name in ("data:asText", "data:asBase64", "blobId") if _of(source, name) is not None]
    within = {"offset", "length"} if named == ["blobId"] else set()
    if len(named) != 1 or not source.keys() <= {*_DATA, "blobId", *within}:
        raise invalid("data", "each source has one of data:asText, data:asBase64 and blobId")
    value = source[named[0]]
    if not isinstance(value, str):
        raise invalid("data", f"{named[0]} is a string")
    if named[0] == "data:asText":
        return value.encode()
    if named[0] == "data:asBase64":
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise invalid("data", "data:asBase64 is no base64") from error
    found = await octets.read(value)
    if found is None:
        raise Refused("blobNotFound", "a blob is not there", notFound=[value])
    try:
        span = msgspec.convert({name: source.get(name) for name in ("offset", "length")}, _Range, strict=True)
    except msgspec.ValidationError as error:
        raise invalid("data", f"the range of a source: {error}") from error
    first = span.offset or 0
    end = len(found) if span.length is None else first + span.length
    if first > len(found) or end > len(found):
        raise invalid("data", f"the blob {value[:100]!r} has {len(found)} octets")
    return found[first:end]


class _Range(msgspec.Struct, frozen=True):
    offset: UnsignedInt | None
    length: UnsignedInt | None


def _of(source: Any, name: str) -> Any:
    return source.get(name) if isinstance(source, dict) else None


async def get(call: Call, arguments: BlobGet) -> Object:
    """RFC 9404 §4.2."""
    account_id = await call.any_account(arguments.account_id)
    properties = list(
        dict.fromkeys(arguments.properties if arguments.properties is not None else ("data", "size"))
    )
    for name in properties:
        if name not in ("id", "size", *_DATA, *(f"digest:{one}" for one in DIGESTS)):
            raise MethodError(
                "invalidArguments", f"there is no property {name[:100]!r}", arguments=["properties"]
            )
    asked = ids_of(call, arguments)
    if asked is None:
        raise MethodError("requestTooLarge", "name the blobs that you want")
    octets = Octets(call, account_id)
    shown: dict[str, Object] = {}
    for written in by_message(asked):
        found = await octets.read(written)
        if found is None:
            continue
        call.hold(len(found))
        looked = await apart(len(found), _looked_into, found, arguments, properties)
        shown[written] = {"id": written, **looked}
    return _told(arguments.account_id, shown, asked)


def _told(account_id: str, shown: Mapping[str, Object], asked: Collection[str]) -> Object:
    """What was found, in the order in which it was asked for, and what was not."""
    missing = [one for one in asked if one not in shown]
    return {
        "accountId": account_id,
        "list": [shown[one] for one in asked if one in shown],
        "notFound": missing,
    }


def _looked_into(octets: bytes, arguments: BlobGet, properties: Sequence[str]) -> Object:
    first = arguments.offset or 0
    end = len(octets) if arguments.length is None else first + arguments.length
    part = octets[first:end]
    told: Object = {"size": len(octets)} if "size" in properties else {}
    if first > len(octets) or end > len(octets):
        told["isTruncated"] = True
    for name in properties:
        if name.startswith("digest:"):
            made = hashlib.new(_ALGORITHMS[name.removeprefix("digest:")], part, usedforsecurity=False)
            told[name] = base64.b64encode(made.digest()).decode()
    text = _text(part) if {"data", "data:asText"} & set(properties) else None
    if "data:asText" in properties or ("data" in properties and text is not None):
        told["data:asText"] = text
    if {"data", "data:asText"} & set(properties) and text is None:
        told["isEncodingProblem"] = True
    if "data:asBase64" in properties or ("data" in properties and text is None):
        told["data:asBase64"] = base64.b64encode(part).decode()
    return told


def _text(part: bytes) -> str | None:
    return part.decode() if ijson.is_text(part) else None


async def lookup(call: Call, arguments: BlobLookup) -> Object:
    """RFC 9404 §4.3. The blob of an email, and of each of its parts, leads to it, its thread and its mailboxes."""
    account_id = await call.any_account(arguments.account_id)
    unknown = [name for name in arguments.type_names if name not in LOOKED_UP]
    if unknown:
        raise MethodError("unknownDataType", f"nothing of the type {unknown[0][:100]!r} is looked up")
    check_number(len(arguments.ids), call.service.limits.max_objects_in_get, "ids")
    folders, octets = await Folders.read(call, account_id), Octets(call, account_id)
    shown: dict[str, Object] = {}
    asked = {written: read_blob_id(written) for written in map(call.resolved, arguments.ids)}
    numbers = {blob.number for blob in asked.values() if blob is not None}
    there = await emails.copies(call.reading, folders.reader, numbers)
    for written in by_message(asked):
        blob = asked[written]
        copies = there.get(blob.number, []) if blob is not None else []
        whole = blob is not None and copies and not blob.parts  # an email's, which need not be read
        if not whole and await octets.read(written) is None:
            continue
        matched = {
            "Email": {id_text(IdKind.EMAIL, one.email_id): None for one in copies},
            "Thread": {id_text(IdKind.THREAD, one.thread_id): None for one in copies},
            "Mailbox": {id_text(IdKind.MAILBOX, one.mailbox_id): None for one in copies},
        }
        found = {name: list(matched[name]) for name in arguments.type_names}
        shown[written] = {"id": written, "matchedIds": found}
    return _told(arguments.account_id, shown, asked)


METHODS: Final[Methods] = {
    "Blob/copy": Method(CORE, BlobCopy, copy),
    "Blob/upload": Method(BLOB, BlobUpload, put),
    "Blob/get": Method(BLOB, BlobGet, get),
    "Blob/lookup": Method(BLOB, BlobLookup, lookup),
}
