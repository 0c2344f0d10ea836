"""Pictures and sounds of contacts that come out of files and go into them: data: URIs outside, blobs inside.

RFC 2397, RFC 9610 §3, §3.5 (a photo has to be an image). Not here: the rest of a card (`contacts`).
"""

from __future__ import annotations

import base64
from typing import Any, Final

import msgspec

from postroom.app.operations.office import Office
from postroom.message.encodings.data_uri import read_data_uri
from postroom.message.ids import IdKind, id_text, parse_id
from postroom.message.mime.media_types import media_type
from postroom.store.blobs import blobs
from postroom.store.engine.transaction import Urgency

_IMAGES: Final = ("photo", "logo")


class TakenIn(msgspec.Struct, frozen=True):
    """A card with blobs in its media, their numbers, and what was left out."""

    card: dict[str, Any]
    blobs: list[int]
    complaints: list[str]


async def take_in(office: Office, account_id: int, card: dict[str, Any]) -> TakenIn:
    """Makes blobs of what stands in a card's data: URIs; until the card refers to them, they are uploads like others."""
    media: dict[str, Any] = {}
    numbers: list[int] = []
    complaints: list[str] = []
    for name, one in card.get("media", {}).items():
        media[name] = one
        if one["uri"][:5].lower() != "data:":
            continue
        found = read_data_uri(one["uri"])
        if found is None or (one["kind"] in _IMAGES and not media_type("", found[1]).startswith("image/")):
            what = "picture" if one["kind"] in _IMAGES else "medium"
            complaints.append(f"media/{name}: no {what} of a known type, left out")
            del media[name]
            continue
        number = await _park(office, account_id, found[1])
        numbers.append(number)
        rest = {field: value for field, value in one.items() if field != "uri"}
        kind = one.get("mediaType", found[0])
        media[name] = {**rest, "blobId": id_text(IdKind.BLOB, number), "mediaType": kind}
    return TakenIn(_with(card, media), sorted(set(numbers)), complaints)


async def _park(office: Office, account_id: int, octets: bytes) -> int:
    number, now = office.ids.next(), office.clock.now()
    body = await office.store.durable(account_id, number, octets)
    return await office.engine.write(lambda tx: blobs.park(tx, account_id, number, body, now), Urgency.CLIENT)


async def give_out(office: Office, account_id: int, card: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The card with the octets of its media in it, and the names of those that are not there."""
    media: dict[str, Any] = {}
    left_out: list[str] = []
    for name, one in card.get("media", {}).items():
        if "blobId" not in one:
            media[name] = one
            continue
        number = parse_id(IdKind.BLOB, one["blobId"])
        octets = await office.store.read(account_id, number) if number is not None else None
        if octets is None:
            left_out.append(name)
            continue
        packed = base64.b64encode(octets).decode()
        kind = one.get("mediaType", "application/octet-stream")
        rest = {field: value for field, value in one.items() if field != "blobId"}
        media[name] = {**rest, "uri": f"data:{kind};base64,{packed}"}
    return _with(card, media), left_out


def _with(card: dict[str, Any], media: dict[str, Any]) -> dict[str, Any]:
    plain = {field: value for field, value in card.items() if field != "media"}
    return {**plain, "media": media} if media else plain
