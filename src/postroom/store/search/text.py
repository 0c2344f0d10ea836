"""Text as the search index compares it: case-folded, composed, compressed, cut into trigrams.

RFC 5051 (comparison without case), RFC 9051 §6.4.4 (a key is a substring). Pure. Not here: how a message becomes text.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Protocol

import msgspec
import zstandard

from postroom.message.encodings.casemap import casemap

GRAM: Final = 3  # characters; shorter needles are looked for in every text
MAX_TEXT: Final = 1 << 20  # characters of one message
MAX_GRAMS: Final = 32  # of a needle: more make no difference to the candidates
_MAX_OCTETS: Final = 16 * MAX_TEXT  # folding and UTF-8 make a text longer
_LEVEL: Final = -1  # zstd's: without entropy coding, which would be half of the work of a search


class Document(msgspec.Struct, frozen=True):
    """An email and its text, as `searchable` gives it."""

    account_id: int
    email_id: int
    text: str


class SearchIndex(Protocol):
    """Texts by account, found by what they contain. It can be lost and built again."""

    @property
    def complete(self) -> bool:
        """Whether every email is in it or waits in its queue; not so for one that has just been made."""

    async def completed(self) -> None:
        """Every email is in it, or waits in its queue; durable when it returns."""

    async def put(self, documents: list[Document]) -> None:
        """Enters texts, in the place of older ones; durable when it returns."""

    async def remove(self, account_id: int, email_ids: list[int]) -> None:
        """Forgets emails; those it does not know are passed over."""

    def search(self, account_id: int, needle: str, behind: str = "") -> AsyncIterator[list[int]]:
        """Ids of the emails whose text contains the needle (as `searchable` gives it), exactly, in slices that leave others their turn.

        With `behind` only what stands behind the first such character counts; a text without it is not found.
        """

    async def clear(self) -> None:
        """Forgets everything, and is not complete any more."""

    async def close(self) -> None:
        """Lets go of files and threads."""


def searchable(text: str) -> str:
    """As `casemap` has it, so that what looks alike but for case is equal."""
    text = text[:MAX_TEXT].replace("\0", " ")
    if text.isascii():
        return text.upper()
    return casemap(text.encode("utf-8", "replace").decode("utf-8"))  # lone surrogates stand for nothing


class Needle:
    """A needle that is looked for in packed texts, with `behind` behind the first such character only."""

    __slots__ = ("_behind", "_needle", "_unpacking")

    def __init__(self, needle: str, behind: str) -> None:
        self._needle = needle.encode("utf-8")  # a substring in UTF-8 is one of the text
        self._behind = behind.encode("utf-8")
        self._unpacking = zstandard.ZstdDecompressor()

    def within(self, packed: bytes) -> bool:
        """Whether a text, as `pack` gives it, has the needle."""
        text = self._unpacking.decompress(packed, max_output_size=_MAX_OCTETS)
        if not self._behind:
            return self._needle in text
        start = text.find(self._behind)
        return start >= 0 and text.find(self._needle, start + 1) >= 0


def pack(text: str) -> bytes:
    """Compressed UTF-8."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(text.encode("utf-8"))


def trigrams(text: str) -> set[str]:
    """All substrings of three characters."""
    return {text[start : start + GRAM] for start in range(len(text) - GRAM + 1)}


def needle_trigrams(needle: str) -> list[str]:
    """Trigrams that a text with this needle has, at most MAX_GRAMS; [] when the needle is too short to have one."""
    return sorted(trigrams(needle))[:MAX_GRAMS]
