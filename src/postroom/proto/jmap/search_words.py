"""What a person types to search for: words, each of which must be there, and phrases in quotes (RFC 8621 §4.4.1).

Not here: where they are looked for.
"""

from __future__ import annotations

from typing import Final

MAX_WORDS: Final = 20  # of one text, where nobody says another number
_QUOTES: Final = "'\""


def search_words(text: str, most: int = MAX_WORDS) -> list[str]:
    """The words and phrases of a text, at most so many, without their quotes. A quote without its pair is a letter like others."""
    found: list[str] = []
    at = 0
    while at < len(text) and len(found) < most:
        if text[at].isspace():
            at += 1
            continue
        phrase, end = _phrase(text, at) if text[at] in _QUOTES else ("", at)
        if end == at:
            end = next((n for n in range(at, len(text)) if text[n].isspace()), len(text))
            phrase = text[at:end]
        if phrase.strip():
            found.append(phrase)
        at = end
    return found


def _phrase(text: str, at: int) -> tuple[str, int]:
    """What stands between the quote at `at` and its pair, and the place behind; nothing where there is no pair, or a word goes on behind it."""
    letters: list[str] = []
    place = at + 1
    while place < len(text) and text[place] != text[at]:
        if text[place] == "\\" and place + 1 < len(text):
            place += 1
        letters.append(text[place])
        place += 1
    if place >= len(text) or (place + 1 < len(text) and not text[place + 1].isspace()):
        return "", at
    return "".join(letters), place + 1
