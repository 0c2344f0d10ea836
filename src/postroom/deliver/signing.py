"""Signatures on what leaves: DKIM on mail of our domains, and, where that is wanted, an ARC seal on what others wrote and we pass on.

RFC 6376 §5.1 (sign as what leaves the domain), §5.3 (sign what will be sent: after any conversion to 7 bits), §5.4 (the author's field is signed),
RFC 8617 §5.1 (sealing). Acceptance says whose mail it is (`Terms.vouched`), and the signature is made when a next hop takes the message: what waited
long has a fresh one, by the key of that day, and what was converted for the hop is signed as it goes. All hops of a message share one. It is made in
a thread: of 20 messages at a time that are signed, one by one on the loop would make each other wait 21 ms, so it is 2, for 20 % more of the
processor (measured, RSA-2048 and Ed25519, 390 µs). Not here: keys (`deliver.signing_keys`), and whether an author is who he says (the doors).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from postroom.deliver.signing_keys import KeyRing
from postroom.mailauth.arc.sealing import SealDraft
from postroom.mailauth.arc.sets import Broken, collect
from postroom.mailauth.arc.validation import ChainResult
from postroom.mailauth.dkim.canonical import SignedFields
from postroom.mailauth.dkim.private_key import Algorithm
from postroom.mailauth.dkim.results import Verdict
from postroom.mailauth.dkim.signing import Draft, SigningKey, SigningTerms, Unsignable
from postroom.message.address import Address, fold
from postroom.message.headers.address_list import mailboxes, parse_address_list
from postroom.message.headers.authentication_results import AuthenticationResults, parse
from postroom.message.headers.header import Header
from postroom.message.journey.events import Decided, Record
from postroom.store.blobs.spilled import Content, head_of, with_head
from postroom.store.engine.transaction import Engine
from postroom.store.spool.jobs import Job

SHARED = 300.0  # seconds that the signature of a message serves for its other hops
MOST_SHARED = 500  # messages
_PIECE = 1 << 18
_NOT_SEALED = "the door has not written down what it found out"


class Signing(msgspec.Struct, frozen=True):
    """What it takes. `now` in unix microseconds; `dkim` and `arc` say what is wanted; `home` is the domain that seals what comes under a foreign
    reverse-path, and `authserv_id` the name under which our doors write what they found out."""

    engine: Engine
    ring: KeyRing
    now: Callable[[], int]
    monotonic: Callable[[], float]
    terms: SigningTerms
    authserv_id: str
    home: str
    dkim: bool = True
    arc: bool = False


class Stamped(msgspec.Struct, frozen=True):
    """A message as it goes, and what was done to it: `method` is `DKIM`, `ARC`, or "" when that was nothing."""

    content: Content
    method: str = ""
    result: str = ""
    because: str = ""

    def told(self, record: Record, at: int) -> Content:
        """The message; its journey hears what was done."""
        if self.method:
            record(Decided(at, self.method, self.result, self.because))
        return self.content


class Signatory:
    """Signs and seals."""

    def __init__(self, use: Signing) -> None:
        self._use = use
        self._made: dict[tuple[int, str], tuple[float, asyncio.Future[bytes]]] = {}

    async def stamp(self, job: Job, content: Content, form: str) -> Stamped:
        """The message with its signatures before it; `form` tells the forms of one message apart, such as one converted to 7 bits."""
        use = self._use
        if job.letter.terms.vouched:
            return await self._signed(job, content, form) if use.dkim else Stamped(content)
        return await self._sealed(job, content) if use.arc else Stamped(content)

    async def _signed(self, job: Job, content: Content, form: str) -> Stamped:
        use = self._use
        header = Header.parse(head_of(content))
        author = _author(header)
        keys = await use.ring.of_author(use.engine.reading(), author.domain) if author is not None else ()
        if not keys:
            return Stamped(content)
        words = ", ".join(map(_words, keys))
        try:
            fields = await asyncio.shield(self._made_once((job.spool_id, form), content, keys))
        except Unsignable as error:
            return Stamped(content, "DKIM", "not signed", str(error))
        return Stamped(with_head(content, fields + head_of(content)), "DKIM", "signed", words)

    def _made_once(
        self, key: tuple[int, str], content: Content, keys: Sequence[SigningKey]
    ) -> asyncio.Future[bytes]:
        """The signatures of a form of a message: hops that go at the same time wait for the same ones."""
        use = self._use
        now = use.monotonic()
        known = self._made.get(key)
        if known is not None and now - known[0] < SHARED:
            return known[1]
        if len(self._made) >= MOST_SHARED:
            self._made.clear()
        making = asyncio.ensure_future(asyncio.to_thread(_signatures, content, keys, use.now(), use.terms))
        self._made[key] = now, making
        making.add_done_callback(lambda done: self._forget_failure(key, done))
        return making

    def _forget_failure(self, key: tuple[int, str], done: asyncio.Future[bytes]) -> None:
        if (done.cancelled() or done.exception() is not None) and self._made.get(key, (0, None))[1] is done:
            del self._made[key]

    async def _sealed(self, job: Job, content: Content) -> Stamped:
        use = self._use
        head = head_of(content)
        header = Header.parse(head)
        found = _own_results(header, use.authserv_id)
        if found is None:
            return Stamped(content, "ARC", "not sealed", _NOT_SEALED)
        key = await self._sealer(job.letter.sender)
        if key is None:
            return Stamped(content, "ARC", "not sealed", f"{use.home} has no RSA key")
        try:
            fields = await asyncio.to_thread(_seal, content, found, key, use.now())
        except Unsignable as error:
            return Stamped(content, "ARC", "not sealed", str(error))
        return Stamped(with_head(content, fields + head), "ARC", "sealed", _words(key))

    async def _sealer(self, sender: Address | None) -> SigningKey | None:
        """The key of the domain that the message goes on in the name of; RFC 8617 §4.1.3 knows no algorithm but rsa-sha256."""
        reading = self._use.engine.reading()
        for domain in (sender.domain if sender else "", self._use.home):
            for key in await self._use.ring.of_author(reading, domain):
                if key.key.algorithm is Algorithm.RSA:
                    return key
        return None


def _words(key: SigningKey) -> str:
    return f"{key.key.algorithm} by {key.selector} of {key.domain}"


def _own_results(header: Header, own: str) -> AuthenticationResults | None:
    """What a door of ours found out, and its filters (RFC 8617 §4.1.1); fields that only claim to be ours it has taken out (RFC 8601 §5)."""
    read = map(parse, header.all("Authentication-Results"))
    found = [one for one in read if one is not None and fold(one.authserv_id) == fold(own)]
    return (
        AuthenticationResults(own, tuple(result for one in found for result in one.results))
        if found
        else None
    )


def _author(header: Header) -> Address | None:
    """The first mailbox of the only From field."""
    fields = header.all("From")
    if len(fields) != 1:
        return None
    found = mailboxes(parse_address_list(fields[0], 1))
    return found[0].address if found else None


def _signatures(content: Content, keys: Sequence[SigningKey], now: int, terms: SigningTerms) -> bytes:
    """A DKIM-Signature for each key; reads the whole message."""
    header = Header.parse(head_of(content))
    draft = Draft(header, terms)
    _feed(draft, content, header.end)
    return b"".join(draft.signatures(keys, now // 1_000_000))


def _seal(content: Content, found: AuthenticationResults, key: SigningKey, now: int) -> bytes:
    header = Header.parse(head_of(content))
    chain = _chain(header, found)
    draft = SealDraft(header)
    _feed(draft, content, header.end)
    return b"".join(draft.fields(chain, found, key, now // 1_000_000))


def _chain(header: Header, found: AuthenticationResults) -> ChainResult:
    """The chain as the door found it; what it wrote down is its word, what is in the header are its sets."""
    word = next((one.result for one in found.results if one.method == "arc"), "")
    if word not in ("none", "pass", "fail"):
        raise Unsignable("the door has not said whether the chain holds")
    try:
        highest = len(collect(SignedFields(header)))
    except Broken as broken:
        return ChainResult(Verdict.FAIL, broken.reason, highest=broken.highest, sealable=not broken.gave_up)
    return ChainResult(Verdict(word), highest=highest)


def _feed(draft: Draft | SealDraft, content: Content, body: int) -> None:
    """The body, from octet `body` of the head on."""
    head = head_of(content)
    for start in range(body, len(head), _PIECE):
        draft.feed(head[start : start + _PIECE])
    if not isinstance(content, bytes):
        for number, piece in enumerate(content):
            if number:  # the first is the head
                draft.feed(piece)


async def unstamped(job: Job, content: Content, form: str) -> Stamped:  # noqa: ARG001 - of a system without keys
    """As `Signatory.stamp` where nothing is signed."""
    return Stamped(content)
