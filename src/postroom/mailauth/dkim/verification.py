"""All signatures of a message, verified: header first, the body in pieces, and then the keys.

RFC 6376 §6.1 (each signature by itself, a bounded number of them), §6.1.2 (keys), §6.1.3 (hashes), §8.2 (l= is harmful: what it leaves
unsigned takes the verdict away), §8.15 (more than one From). Not here: what the verdicts mean for a letter.

    message = SignedMessage(Header.parse(raw), now)
    verification = Verification(message)
    message.feed(piece) ...                                 # the body, in the order it came
    results = await verification.results(resolver)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

import msgspec

from postroom.mailauth.dkim.canonical import BodyHash, Canon, SignedFields, relaxed_field, value_of
from postroom.mailauth.dkim.names import a_labels
from postroom.mailauth.dkim.public_key import KeyRecord, PublicKey, parse_key_record
from postroom.mailauth.dkim.results import (
    Defect,
    KeyFacts,
    SignatureResult,
    Verdict,
    from_tags,
    mark_of,
)
from postroom.mailauth.dkim.signature import Signature, Signer, read_signature
from postroom.mailauth.dkim.tags import BadTags, parse_tags, without_value
from postroom.message.headers.header import Header
from postroom.proto.dns.answer import Answer

MAX_SIGNATURES = 8  # of one message that are tried; the rest are counted
MAX_KEY_RECORDS = 3  # of one name that are tried
_PIECE = 1 << 18
_FIELD = b"dkim-signature"

Read = Callable[[dict[str, str], int], Signature]
Parse = Callable[[bytes], dict[str, str]]


class KeyReading(msgspec.Struct, frozen=True):
    """How the text of a record becomes a key; whoever verifies much keeps what was read."""

    record: Callable[[bytes], KeyRecord] = parse_key_record
    key: Callable[[KeyRecord], PublicKey] = PublicKey


READ = KeyReading()


class Texts(Protocol):
    """What keys are asked of: a part of `proto.dns.resolver.Resolver`."""

    async def txt(self, name: str) -> Answer[bytes]:
        """Texts, the strings of each record joined."""


class Claim(msgspec.Struct, frozen=True):
    """A signature that can be tried: the hash of what it signs of the header, and the body's, which grows."""

    tags: dict[str, str]
    signature: Signature
    digest: bytes
    body: BodyHash


class KeyAnswer(msgspec.Struct, frozen=True):
    """What the DNS has for a signer: records, or why there are none."""

    query: str
    texts: tuple[bytes, ...] = ()
    authenticated: bool = False
    defect: Defect | None = None


class SignedMessage:
    """A message whose signatures are read: its fields, and the hashes that they want of its body, one pass for each form however many they are."""

    def __init__(self, header: Header, now: int) -> None:
        """`now` in unix seconds."""
        self.fields = SignedFields(header)
        self._bodies: dict[Canon, BodyHash] = {}
        self._now = now
        self._unsound = _unsound(header, self.fields)

    def feed(self, piece: bytes) -> None:
        """The next octets of the body: lines end with CRLF, nothing is dot-stuffed."""
        for body in self._bodies.values():
            body.feed(piece)

    def claim(self, place: int, read: Read, parse: Parse = parse_tags) -> Claim | SignatureResult:
        """The signature at that place of the header, ready to be tried, or its result when it cannot be."""
        field = self.fields.fields[place]
        value = value_of(field)
        tags: dict[str, str] = {}
        try:
            tags = parse(value.removesuffix(b"\r\n"))
            if self._unsound is not None:
                raise self._unsound
            signature = read(tags, self._now)
            parts = self.fields.chosen(signature.signed, signature.header_canon, place)
            unsigned = without_value(value, b"b")
            if signature.header_canon is Canon.RELAXED:
                parts.append(relaxed_field(field.name, unsigned))
            else:
                parts.append(field.raw[: -len(value)] + unsigned.removesuffix(b"\r\n"))
            digest = hashlib.sha256(b"".join(parts)).digest()
            return Claim(tags, signature, digest, self._body(signature.body_canon, signature.length))
        except BadTags as bad:
            return from_tags(tags, Defect(str(bad)))
        except Defect as defect:
            return from_tags(tags, defect)

    def _body(self, canon: Canon, length: int | None) -> BodyHash:
        """The hash of c=, which will know what l= asks for."""
        body = self._bodies.setdefault(canon, BodyHash(canon))
        if length is not None:
            body.want(length)
        return body


class Verification:
    """The signatures of one message. `untried` are those beyond the first MAX_SIGNATURES."""

    def __init__(self, message: SignedMessage) -> None:
        """Nothing of the body may have been fed."""
        places = message.fields.places(_FIELD)
        self.untried = max(0, len(places) - MAX_SIGNATURES)
        self._claims = [message.claim(place, read_signature) for place in places[:MAX_SIGNATURES]]

    @property
    def queries(self) -> list[str]:
        """The names of the keys that will be asked for."""
        names = [a_labels(one.signature.signer.query) for one in self._claims if isinstance(one, Claim)]
        return [name for name in names if name is not None]

    async def results(self, resolver: Texts, keys: KeyReading = READ) -> tuple[SignatureResult, ...]:
        """One result for each signature, from the top of the header; none for a message without."""
        return tuple(
            [
                claim if isinstance(claim, SignatureResult) else await judge(claim, resolver, keys)
                for claim in self._claims
            ]
        )


async def verify(raw: bytes, resolver: Texts, now: int) -> tuple[SignatureResult, ...]:
    """The signatures of a message that is at hand as a whole; `now` in unix seconds."""
    header = Header.parse(raw)
    message = SignedMessage(header, now)
    verification = Verification(message)
    for start in range(header.end, len(raw), _PIECE):
        message.feed(raw[start : start + _PIECE])
    return await verification.results(resolver)


def _unsound(header: Header, fields: SignedFields) -> Defect | None:
    """Why no signature of this header says who wrote the message (RFC 6376 §8.15); None when one can."""
    if header.truncated:
        return Defect("the header is too long to be checked")
    authors = len(fields.places(b"from"))
    return None if authors == 1 else Defect(f"the message has {authors or 'no'} From fields, not one")


async def judge(claim: Claim, resolver: Texts, keys: KeyReading = READ) -> SignatureResult:
    """Asks for the key, and says what became of the signature."""
    signature, body = claim.signature, claim.body
    signer = signature.signer
    answer = await key_answer(signer, resolver)
    defect, facts = tried(answer, signer, claim.digest, signature.identity, keys)
    if defect is None or defect.verdict is Verdict.FAIL:
        defect = _body_defect(signature, body) or defect or _unsigned_content(signature, body)
    outcome = defect.verdict if defect else Verdict.PASS
    reason = defect.reason if defect else ""
    if facts.testing:  # RFC 6376 §3.6.1, t=y: no different from a message without a signature
        reason = f"the domain tests its key (it would be {outcome}{reason and ': ' + reason})"
    return SignatureResult(
        Verdict.NEUTRAL if facts.testing else outcome,
        reason,
        signer.domain,
        signer.selector,
        signer.algorithm,
        signature.identity,
        mark_of(claim.tags),
        tuple(name.decode() for name in signature.signed),
        signature.length,
        body.octets,
        signature.signed_at,
        signature.expires,
        facts,
        outcome if facts.testing else None,
    )


async def key_answer(signer: Signer, resolver: Texts) -> KeyAnswer:
    """The key records of a signer (RFC 6376 §6.1.2, steps 1 to 4)."""
    query = a_labels(signer.query)
    if query is None:
        return KeyAnswer(signer.query[:255], defect=Defect(f"{signer.query[:80]}... is too long for the DNS"))
    answer = await resolver.txt(query)
    if answer.failed:
        defect = Defect(f"{query} could not be asked for: {answer.rcode}", Verdict.TEMPERROR)
        return KeyAnswer(query, defect=defect)
    if answer.absent:
        return KeyAnswer(
            query, authenticated=answer.authenticated, defect=Defect(f"there is no key at {query}")
        )
    return KeyAnswer(query, answer.records[:MAX_KEY_RECORDS], answer.authenticated)


def tried(
    answer: KeyAnswer, signer: Signer, digest: bytes, identity: str = "", keys: KeyReading = READ
) -> tuple[Defect | None, KeyFacts]:
    """What the keys say of a digest, None for yes: the first that says yes; else the last that could be used, or why none could."""
    facts = KeyFacts(answer.query, authenticated=answer.authenticated)
    if answer.defect is not None:
        return answer.defect, facts
    refused: Defect | None = None
    for text in answer.texts:
        try:
            record = _suitable(keys.record(text), signer, identity)
            key = keys.key(record)
        except Defect as defect:
            refused = refused or defect
            continue
        facts = KeyFacts(answer.query, record.text, answer.authenticated, key.bits, record.testing)
        if key.verifies(signer.value, digest):
            return None, facts
        refused = Defect("the signature does not fit what it signs", Verdict.FAIL)
    return refused, facts


def _suitable(record: KeyRecord, signer: Signer, identity: str) -> KeyRecord:
    if record.kind != signer.kind:
        raise Defect(f"the key is {record.kind[:40]}, the signature {signer.kind}")
    _, at, host = identity.rpartition("@")
    if record.strict and at and a_labels(host) != signer.domain:
        raise Defect(f"the key signs for {signer.domain} alone, not for {host[:80]}")
    return record


def _body_defect(signature: Signature, body: BodyHash) -> Defect | None:
    length = signature.length
    digest = body.digest(length)
    if length is not None and length > body.octets:  # RFC 6376 §3.5, l=
        return Defect(f"l= is {length}, the body has {body.octets} octets", Verdict.FAIL)
    if digest != signature.body_hash:
        return Defect("the body is not the one that was signed", Verdict.FAIL)
    return None


def _unsigned_content(signature: Signature, body: BodyHash) -> Defect | None:
    """RFC 6376 §6.1.3: octets behind what l= covers could be anybody's."""
    if signature.length is None or signature.length == body.octets:
        return None
    return Defect(f"{body.octets - signature.length} octets of the body are not signed", Verdict.POLICY)
