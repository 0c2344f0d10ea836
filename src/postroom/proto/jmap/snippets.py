"""Search snippets: a piece of a text with the words that were looked for marked in it, as HTML (RFC 8621 §5).

Everything but the marks is escaped. Not here: which words, which text.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from postroom.message.casemap import casemap

LONGEST: Final = 255  # octets of a snippet's text, before it is escaped and marked; RFC 8621 §5: of HTML
BEFORE: Final = 60  # characters before the first word that is found
MOST_SEARCHED: Final = 100_000  # characters of a text that are looked through


def marked(text: str, words: Sequence[str], *, whole: bool = False) -> str | None:
    """A piece of the text (or all of it) with each word in `<mark>`; None when it has none of them."""
    text = " ".join(text[:MOST_SEARCHED].split())
    found = _places(text, words)
    if not found:
        return None
    start = 0 if whole else _start(text, found[0][0])
    told: list[str] = ["…"] if start else []
    at, size = start, 0
    for first, last in [*found, (len(text), len(text))]:
        if first < at:
            continue
        for piece, mark in ((text[at:first], False), (text[first:last], True)):
            room = LONGEST - size
            cut = piece.encode()[:room].decode("utf-8", "ignore") if not whole else piece
            size += len(cut.encode())
            if cut:
                told.append(f"<mark>{escape(cut)}</mark>" if mark else escape(cut))
            if len(cut) < len(piece):
                return "".join(told) + "…"
        at = last
    return "".join(told)


def _start(text: str, first: int) -> int:
    """Where the piece begins: a little before what was found, at a word."""
    if first <= BEFORE:
        return 0
    space = text.find(" ", first - BEFORE, first)
    return space + 1 if space >= 0 else first


def _places(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where words stand, in order, without overlaps."""
    folded, origin = _folded(text)
    found: list[tuple[int, int]] = []
    for word in words:
        needle = casemap(word)
        at = folded.find(needle) if needle else -1
        while at >= 0:
            found.append((origin[at], origin[at + len(needle) - 1] + 1))
            at = folded.find(needle, at + len(needle))
    merged: list[tuple[int, int]] = []
    for first, last in sorted(found):
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """The text as it is compared, and for each of its characters the place where it comes from."""
    if text.isascii():
        return text.upper(), range(len(text))
    parts = [casemap(letter) for letter in text]
    return "".join(parts), [place for place, part in enumerate(parts) for _ in part]
