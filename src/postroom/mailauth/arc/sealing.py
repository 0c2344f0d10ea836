"""A set added to a chain: what was found out here, the message as it leaves, and a seal over all sets.

RFC 8617 §5.1 (sealer actions), §5.1.1 (what the seal covers), §5.1.2 (a broken chain: its own set alone). Not here: what was found out.
"""

from __future__ import annotations

import hashlib

from postroom.mailauth.arc.sets import Broken, collect, covered
from postroom.mailauth.arc.validation import ChainResult
from postroom.mailauth.dkim.canonical import SignedFields, relaxed_field
from postroom.mailauth.dkim.results import Verdict
from postroom.mailauth.dkim.signature import MAX_INSTANCE
from postroom.mailauth.dkim.signing import (
    SEALED,
    SIGNED,
    Draft,
    SigningKey,
    SigningTerms,
    Unsignable,
    sealed,
    tag_field,
)
from postroom.message.headers.authentication_results import AuthenticationResults, payload
from postroom.message.headers.header import Header


class SealDraft:
    """A message whose chain gets one more set; the body comes in pieces."""

    def __init__(self, header: Header) -> None:
        """`header` as it leaves, DKIM signatures included. Raises Unsignable."""
        self._fields = SignedFields(header)
        # RFC 8617 §4.1.2: signatures that are there are signed; results of others, which are removed on the way, are not.
        self._draft = Draft(header, SigningTerms(SEALED, (*SIGNED, b"DKIM-Signature"), life=0))

    def feed(self, piece: bytes) -> None:
        """The next octets of the body."""
        self._draft.feed(piece)

    def fields(
        self, chain: ChainResult, results: AuthenticationResults, key: SigningKey, now: int
    ) -> list[bytes]:
        """The three fields, whole, in the order in which they stand: seal, message signature, results.

        `chain` is what was found before the message was changed here; `results` is what was found here.
        Raises Unsignable when nothing can be added to the chain.
        """
        if not chain.sealable:
            raise Unsignable("the chain was given up by its newest set")  # RFC 8617 §5.1, step 2
        if chain.highest >= MAX_INSTANCE:
            raise Unsignable(f"the chain has {chain.highest} sets, there is no room for another")
        instance = str(chain.highest + 1)
        start = f"ARC-Authentication-Results: i={instance}; "
        found = f"{start}{payload(results, len(start))}\r\n".encode()
        tags = {"a": key.key.algorithm.value, "d": key.domain, "s": key.selector, "t": str(now)}
        message = self._draft.made(
            b"ARC-Message-Signature", {"i": instance, "c": "relaxed/relaxed", **tags}, key
        )
        hashed = self._before(chain)
        for field in (found, message):
            name, _, value = field.partition(b":")
            hashed.update(relaxed_field(name, value) + b"\r\n")
        unsigned = tag_field(b"ARC-Seal", {"i": instance, "cv": chain.verdict.value, **tags})
        return [sealed(b"ARC-Seal", unsigned, hashed, key.key), message, found]

    def _before(self, chain: ChainResult) -> hashlib._Hash:
        if chain.verdict is not Verdict.PASS:
            return hashlib.sha256()
        try:
            return covered(self._fields, collect(self._fields))
        except Broken as broken:
            raise Unsignable(f"the chain is not the one that was validated: {broken}") from None
