"""The forms in which texts are compared and sorted without regard to case: the collations i;unicode-casemap and i;ascii-casemap.

RFC 5051 §2 (title case, full decomposition), RFC 4790 §9.2 (i;ascii-casemap, which it is for ASCII). What only looks like a character counts as that
character, and a letter collates with its accented forms. Upper case in the place of title case: the two differ in digraphs, which are taken apart
anyway, and in ß, which is SS here. Not here: which texts are compared.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_UPPER: Final = {letter: letter - 32 for letter in range(ord("a"), ord("z") + 1)}


def casemap(text: str) -> str:
    """Two texts are equal when these are; one sorts before the other when this does. Any text is valid."""
    if text.isascii():
        return text.upper()
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).upper())


def ascii_casemap(text: str) -> str:
    """The same for i;ascii-casemap: the letters of ASCII, and no others (RFC 4790 §9.2.1)."""
    return text.translate(_UPPER)
