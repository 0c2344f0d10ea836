"""The signatures and the chain of one message: header first, the body in pieces, then the keys.

RFC 6376 §6 and RFC 8617 §5.2 over one pass of the body. A message that has none of the fields costs nothing but the look for them. Not here:
what either finds (`dkim.verification`, `arc.validation`), and what follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable

from postroom.mailauth.arc.sets import NAMES
from postroom.mailauth.arc.validation import ChainResult, Validation
from postroom.mailauth.dkim.results import SignatureResult, Verdict
from postroom.mailauth.dkim.verification import READ, KeyReading, SignedMessage, Texts, Verification
from postroom.message.headers.header import Header

_SIGNATURE = b"dkim-signature"
NO_CHAIN = ChainResult(Verdict.NONE, "there is no chain")


class Examination:
    """One message. `untried` are the signatures beyond those that are tried; `signed` tells whether there is anything to hash or ask."""

    def __init__(self, header: Header, now: int) -> None:
        """`now` in unix seconds."""
        names = {field.name.lower() for field in header}
        self.signed = _SIGNATURE in names or not names.isdisjoint(NAMES)
        self._message = SignedMessage(header, now) if self.signed else None
        self._verification = Verification(self._message) if self._message else None
        self._validation = Validation(self._message) if self._message else None
        self.untried = self._verification.untried if self._verification else 0

    def feed(self, body: Iterable[bytes]) -> None:
        """The body, in pieces cut anywhere: lines end with CRLF, nothing is dot-stuffed."""
        if self._message is not None:
            for piece in body:
                self._message.feed(piece)

    @property
    def queries(self) -> list[str]:
        """The names of the signatures' keys."""
        return self._verification.queries if self._verification else []

    async def signatures(self, resolver: Texts, keys: KeyReading = READ) -> tuple[SignatureResult, ...]:
        """A result for each signature, from the top of the header."""
        return await self._verification.results(resolver, keys) if self._verification else ()

    async def chain(self, resolver: Texts, keys: KeyReading = READ) -> ChainResult:
        """The status of the chain."""
        return await self._validation.result(resolver, keys) if self._validation else NO_CHAIN
