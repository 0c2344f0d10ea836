"""Search snippets: a piece of a text with the words that were looked for marked in it, as HTML (RFC 8621 §5).

Everything but the marks is escaped. Not here: which words, which text.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Final
from unicodedata import combining

from postroom.message.encodings.casemap import casemap

LONGEST: Final = 255  # octets of a snippet of a body, marks and all; RFC 8621 §5
BEFORE: Final = 60  # characters before the first word that is found
MOST_SEARCHED: Final = 100_000  # characters of a text that are looked through


def marked(text: str, words: Sequence[str], *, whole: bool = False) -> str | None:
    """A piece of the text (or all of it) with each word in `<mark>`; None when it has none of them."""
    text = " ".join(text[:MOST_SEARCHED].split())
    found = _places(text, words)
    if not found:
        return None
    at = 0 if whole else _start(text, found[0][0])
    told: list[str] = ["…"] if at else []
    room = None if whole else LONGEST - len("……".encode())
    for first, last in [*found, (len(text), len(text))]:
        if first < at:
            continue
        for piece, form in ((text[at:first], "{}"), (text[first:last], "<mark>{}</mark>")):
            html, all_of_it = _fitting(piece, form, room)
            told.append(html)
            if not all_of_it:
                return "".join(told) + "…"
            room = None if room is None else room - len(html.encode())
        at = last
    return "".join(told)


def _fitting(piece: str, form: str, room: int | None) -> tuple[str, bool]:
    """As much of a piece as has room, in octets of HTML, and whether that is all of it."""
    kept = piece if room is None else piece[:room]
    html = form.format(escape(kept)) if kept else ""
    while room is not None and len(html.encode()) > room:
        kept = kept[:-1]
        html = form.format(escape(kept)) if kept else ""
    return html, kept == piece


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
        needle = casemap(" ".join(word.split()))
        at = folded.find(needle) if needle else -1
        while at >= 0:
            found.append((origin[at][0], origin[at + len(needle) - 1][1]))
            at = folded.find(needle, at + len(needle))
    merged: list[tuple[int, int]] = []
    for first, last in sorted(found):
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _folded(text: str) -> tuple[str, Sequence[tuple[int, int]]]:
    """The text as it is compared, and for each of its characters where the letter begins and ends that it comes from.

    A letter is folded with the marks that follow it, whose order is not always the one in which they were written (Unicode §3.11).
    """
    if text.isascii():
        return text.upper(), [(place, place + 1) for place in range(len(text))]
    starts = [place for place, letter in enumerate(text) if not (place and combining(letter))]
    letters = list(pairwise([*starts, len(text)]))
    parts = [casemap(text[first:last]) for first, last in letters]
    return "".join(parts), [letter for letter, part in zip(letters, parts, strict=True) for _ in part]
