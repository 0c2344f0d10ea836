"""The chain of a message, validated: header first, the body in pieces, then the keys.

RFC 8617 §5.2 (the steps, in their order), §5.2.1 (every failure is final, one of the DNS too), §4.4 (none, pass, fail), §6 (what is told). Not
here: whom to believe; a chain that passes says who sealed it, and not that he is honest.
"""

from __future__ import annotations

import msgspec

from postroom.mailauth.arc.sets import MESSAGE, NAMES, ArcSet, Broken, arc_tags, collect
from postroom.mailauth.dkim.results import Defect, SignatureResult, Verdict, mark_of
from postroom.mailauth.dkim.signature import Signature, Signer, read_arc_signature
from postroom.mailauth.dkim.verification import (
    READ,
    Claim,
    KeyReading,
    SignedMessage,
    Texts,
    judge,
    key_answer,
    tried,
)
from postroom.message.headers.authentication_results import MethodResult, Property
from postroom.message.headers.header import Header
from postroom.proto.dns.answer import Answer

_PIECE = 1 << 18


class SetResult(msgspec.Struct, frozen=True):
    """One set. `message` and `seal` are None when they were not looked at; `results` is what its sealer found (RFC 8601), unverified text."""

    instance: int
    domain: str
    selector: str
    status: str
    results: str
    message: SignatureResult | None = None
    seal: SignatureResult | None = None


class ChainResult(msgspec.Struct, frozen=True):
    """A chain's status, NONE, PASS or FAIL; `reason` is "" when it passed. `sets` from the first to the newest.

    `oldest_pass` is of a chain that passed: the oldest instance whose message signature still fits, 0 when all do. `highest` is the
    highest instance that was found; `sealable` is false when the newest set says that the chain is broken.
    """

    verdict: Verdict
    reason: str = ""
    sets: tuple[SetResult, ...] = ()
    oldest_pass: int | None = None
    highest: int = 0
    sealable: bool = True

    @property
    def passed(self) -> bool:
        """Whether the chain holds."""
        return self.verdict is Verdict.PASS

    def method_result(self) -> MethodResult:
        """For Authentication-Results (RFC 8617 §6); `smtp.remote-ip` is the door's to add."""
        oldest = (
            () if self.oldest_pass is None else (Property("header", "oldest-pass", str(self.oldest_pass)),)
        )
        return MethodResult("arc", self.verdict.value, oldest, self.reason)

    def explained(self) -> str:
        """`arc=fail: the seal of instance 2 ... (i=1 lists.test, i=2 relay.test)`, for people."""
        sealers = ", ".join(f"i={one.instance} {one.domain}" for one in self.sets)
        return f"arc={self.verdict}{self.reason and ': ' + self.reason}{sealers and f' ({sealers})'}"


class Validation:
    """The chain of one message."""

    def __init__(self, message: SignedMessage) -> None:
        """Nothing of the body may have been fed."""
        self._sets: list[ArcSet] = []
        self._broken: Broken | None = None
        self._claims: list[Claim | SignatureResult] = []  # from the newest to the first
        try:
            self._sets = collect(message.fields)
        except Broken as broken:
            self._broken = broken
        for one in reversed(self._sets):
            self._claims.append(message.claim(one.places[NAMES.index(MESSAGE)], _read, arc_tags))

    async def result(self, resolver: Texts, keys: KeyReading = READ) -> ChainResult:
        """The status of the chain (RFC 8617 §5.2). A hundred signatures may be tried, and `resolver` is asked before each of them."""
        if self._broken is not None:
            broken = self._broken
            return ChainResult(
                Verdict.FAIL, broken.reason, highest=broken.highest, sealable=not broken.gave_up
            )
        if not self._sets:
            return ChainResult(Verdict.NONE, "there is no chain")
        messages = await self._messages(resolver, keys)
        seals: dict[int, SignatureResult] = {}
        reason = ""
        if not _fits(messages[len(self._sets)]):  # step 4
            reason = _said("message signature", len(self._sets), messages[len(self._sets)])
        else:
            for one in reversed(self._sets):  # step 6
                seals[one.instance] = result = await _seal_result(one, resolver, keys)
                if not _fits(result):
                    reason = _said("seal", one.instance, result)
                    break
        return self._told(reason, messages, seals)

    async def _messages(self, resolver: Texts, keys: KeyReading) -> dict[int, SignatureResult]:
        """The message signatures by instance, from the newest down to the first that does not fit (steps 4 and 5)."""
        results: dict[int, SignatureResult] = {}
        for one, claim in zip(reversed(self._sets), self._claims, strict=True):
            result = claim if isinstance(claim, SignatureResult) else await judge(claim, resolver, keys)
            results[one.instance] = result
            if not _fits(result):
                break
        return results

    def _told(
        self, reason: str, messages: dict[int, SignatureResult], seals: dict[int, SignatureResult]
    ) -> ChainResult:
        sets = tuple(
            SetResult(
                one.instance,
                one.seal.signer.domain,
                one.seal.signer.selector,
                one.seal.status,
                one.results.decode("utf-8", "replace"),
                messages.get(one.instance),
                seals.get(one.instance),
            )
            for one in self._sets
        )
        highest = len(sets)
        if reason:
            return ChainResult(Verdict.FAIL, reason, sets, highest=highest)
        oldest = min(instance for instance, result in messages.items() if _fits(result))
        return ChainResult(Verdict.PASS, "", sets, 0 if oldest == 1 else oldest, highest)


async def validate(raw: bytes, resolver: Texts, now: int) -> ChainResult:
    """The chain of a message that is at hand as a whole; `now` in unix seconds."""
    header = Header.parse(raw)
    message = SignedMessage(header, now)
    validation = Validation(message)
    for start in range(header.end, len(raw), _PIECE):
        message.feed(raw[start : start + _PIECE])
    return await validation.result(Remembering(resolver))


class Remembering:
    """Asks for each key once: a chain has two signatures of each sealer."""

    def __init__(self, resolver: Texts) -> None:
        self._resolver = resolver
        self._known: dict[str, Answer[bytes]] = {}

    async def txt(self, name: str) -> Answer[bytes]:
        """As the resolver."""
        answer = self._known.get(name)
        if answer is None:
            answer = self._known[name] = await self._resolver.txt(name)
        return answer


def _read(tags: dict[str, str], now: int) -> Signature:
    signature = read_arc_signature(tags, now)
    for name in NAMES:
        if name in signature.signed:  # RFC 8617 §4.1.2
            raise Defect(f"h= has {name.decode()}, which the seal covers")
    return signature


async def _seal_result(one: ArcSet, resolver: Texts, keys: KeyReading) -> SignatureResult:
    signer: Signer = one.seal.signer
    defect, facts = tried(await key_answer(signer, resolver), signer, one.digest, keys=keys)
    return SignatureResult(
        defect.verdict if defect else Verdict.PASS,
        defect.reason if defect else "",
        signer.domain,
        signer.selector,
        signer.algorithm,
        str(one.instance),
        mark_of(one.seal_tags),
        key=facts,
    )


def _fits(result: SignatureResult) -> bool:
    """A key that its domain only tests counts here: a chain has no status between pass and fail."""
    return (result.would_be or result.verdict) is Verdict.PASS


def _said(what: str, instance: int, result: SignatureResult) -> str:
    return f"the {what} of instance {instance}: {result.reason}"
