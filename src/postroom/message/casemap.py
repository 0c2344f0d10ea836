"""The form in which texts are compared and sorted without regard to case: the collation i;unicode-casemap.

RFC 5051 §2 (title case, full decomposition), RFC 4790 §9.2 (i;ascii-casemap, which it is for ASCII). What only looks like a character counts as that
character, and a letter collates with its accented forms. Upper case in the place of title case: the two differ in digraphs, which are taken apart
anyway, and in ß, which is SS here. Not here: which texts are compared.
"""

from __future__ import annotations

import unicodedata


def casemap(text: str) -> str:
    """Two texts are equal when these are; one sorts before the other when this does. Any text is valid."""
    if text.isascii():
        return text.upper()
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).upper())
