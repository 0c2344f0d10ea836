"""The ARC sets of a header: three fields for each instance, and whether they make a chain.

RFC 8617 §4.1 (the fields), §4.2 (sets, instances of 1 to 50), §5.1.1 (what a seal covers), §5.2 steps 1 to 3 (the structure). Not here: whether
a signature or a seal verifies.
"""

from __future__ import annotations

import hashlib
import re

import msgspec

from postroom.mailauth.dkim.canonical import Canon, SignedFields, relaxed_field, value_of
from postroom.mailauth.dkim.results import Defect
from postroom.mailauth.dkim.signature import MAX_INSTANCE, Seal, instance_of, read_seal, status_of
from postroom.mailauth.dkim.tags import BadTags, parse_tags, without_value
from postroom.message.headers.header import unfold

RESULTS, MESSAGE, SEAL = b"arc-authentication-results", b"arc-message-signature", b"arc-seal"
NAMES = (RESULTS, MESSAGE, SEAL)  # in the order in which a seal covers them, RFC 8617 §5.1.1
# CFWS with comments one deep: nobody writes others.
_CFWS = rb"(?>(?:[ \t]++|\r?\n(?=[ \t])|\([^()\\\r\n]*+\))*)"
_INSTANCE = re.compile(_CFWS + rb"i" + _CFWS + rb"=" + _CFWS + rb"([0-9]{1,2})(?![0-9])" + _CFWS + rb";")


class Broken(Exception):
    """Why the fields are no chain. `highest` is the highest instance that was found, `gave_up` whether the newest seal says so itself."""

    def __init__(self, reason: str, highest: int, *, gave_up: bool = False) -> None:
        self.reason = reason
        self.highest = highest
        self.gave_up = gave_up
        super().__init__(reason)


class ArcSet(msgspec.Struct, frozen=True):
    """One set: where its fields stand in the header, its seal, and the hash that the seal signs. `results` is the unfolded text behind i=."""

    instance: int
    places: tuple[int, int, int]
    results: bytes
    seal: Seal
    seal_tags: dict[str, str]
    digest: bytes


def collect(fields: SignedFields) -> list[ArcSet]:
    """The sets from the first to the newest; empty when no field of ARC is there. Raises Broken."""
    found = [fields.places(name) for name in NAMES]
    if not any(found):
        return []
    if max(map(len, found)) > MAX_INSTANCE:
        raise Broken(f"there are more than {MAX_INSTANCE} sets", MAX_INSTANCE)
    placed, tags, highest, broken = _by_instance(fields, found)
    newest = placed.get((SEAL, highest))
    if newest is not None and status_of(tags[newest]) == "fail":  # step 2, whatever else is wrong
        raise Broken(f"the chain was broken when instance {highest} was sealed", highest, gave_up=True)
    if broken:
        raise Broken(broken, highest)
    hashed = hashlib.sha256()
    return [_one_set(fields, placed, tags, (instance, highest), hashed) for instance in range(1, highest + 1)]


def _by_instance(
    fields: SignedFields, found: list[list[int]]
) -> tuple[dict[tuple[bytes, int], int], dict[int, dict[str, str]], int, str]:
    """Places by name and instance, tags of seals by place, the highest instance, and the first thing that is wrong, "" for none."""
    placed: dict[tuple[bytes, int], int] = {}
    tags: dict[int, dict[str, str]] = {}
    highest, broken = 0, ""
    for name, places in zip(NAMES, found, strict=True):
        for place in places:
            try:
                instance, tags[place] = _instance(name, value_of(fields.fields[place]))
            except (BadTags, Defect) as bad:
                broken = broken or f"{name.decode()}: {bad}"
                continue
            highest = max(highest, instance)
            if (name, instance) in placed:
                broken = broken or f"instance {instance} has two {name.decode()}"
            placed[name, instance] = place
    return placed, tags, highest, broken


def arc_tags(raw: bytes) -> dict[str, str]:
    """The tags of a seal or a message signature, around whose instance comments may stand (RFC 8617 §3.9). Raises BadTags."""
    match = _INSTANCE.match(raw)
    if match is None or b"(" not in match[0]:
        return parse_tags(raw)  # many write the instance anywhere
    return parse_tags(b"i=" + match[1] + b";" + raw[match.end() :])


def _instance(name: bytes, value: bytes) -> tuple[int, dict[str, str]]:
    if name != RESULTS:
        tags = arc_tags(value.removesuffix(b"\r\n"))
        return instance_of(tags), tags
    match = _INSTANCE.match(value)
    if match is None or not 1 <= int(match[1]) <= MAX_INSTANCE:
        raise Defect(f"it does not begin with an instance of 1 to {MAX_INSTANCE}")
    return int(match[1]), {}


def _one_set(
    fields: SignedFields,
    placed: dict[tuple[bytes, int], int],
    tags: dict[int, dict[str, str]],
    which: tuple[int, int],
    hashed: hashlib._Hash,
) -> ArcSet:
    """The set of an instance, the first of `which`; `hashed` is of the sets below it, and then of this one too."""
    instance, highest = which
    missing = [name.decode() for name in NAMES if (name, instance) not in placed]
    if missing:
        raise Broken(f"instance {instance} has no {' and no '.join(missing)}", highest)
    results, message, sealed = (placed[name, instance] for name in NAMES)
    try:
        seal = read_seal(tags[sealed])
    except Defect as defect:
        raise Broken(f"the seal of instance {instance}: {defect}", highest) from None
    if seal.status != ("none" if instance == 1 else "pass"):  # step 3, C
        raise Broken(f"instance {instance} says cv={seal.status}", highest)
    hashed.update(fields.canonical(results, Canon.RELAXED) + fields.canonical(message, Canon.RELAXED))
    whole = hashed.copy()
    field = fields.fields[sealed]
    whole.update(relaxed_field(field.name, without_value(value_of(field), b"b")))
    hashed.update(fields.canonical(sealed, Canon.RELAXED))
    value = value_of(fields.fields[results])
    match = _INSTANCE.match(value)
    text = unfold(value[match.end() :]) if match else b""
    return ArcSet(instance, (results, message, sealed), text, seal, tags[sealed], whole.digest())


def covered(fields: SignedFields, sets: list[ArcSet]) -> hashlib._Hash:
    """The hash of all fields of these sets, as the seal of the next one covers them."""
    hashed = hashlib.sha256()
    for one in sets:
        for place in one.places:
            hashed.update(fields.canonical(place, Canon.RELAXED))
    return hashed
