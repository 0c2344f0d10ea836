"""Comments in structured header fields, and fields without them.

RFC 5322 §3.2.2 (comments nest, and count as one space), §3.2.1 (quoted pairs). Linear in what comes from outside: each octet is looked at once. Not here:
what a field means.
"""

from __future__ import annotations

import re
from typing import Final

QUOTED: Final = re.compile(r'"[^"\\]*+(?>(?:\\.[^"\\]*+)*)"?+|\\.|\(', re.DOTALL)
ANGLED: Final = re.compile(r"<[^<>]*+>|\\.|\(", re.DOTALL)  # identifiers and URLs
_MARK: Final = re.compile(r"[()\\]")


def comment_end(text: str, at: int) -> int:
    """The place behind the parenthesis that closes the comment at `at`; 0 when none does."""
    depth = 0
    while match := _MARK.search(text, at):
        at = match.end()
        if match[0] == "(":
            depth += 1
        elif match[0] == "\\":
            at += 1
        else:
            depth -= 1
            if not depth:
                return at
    return 0


def without_comments(text: str, literal: re.Pattern[str] = QUOTED, *, unclosed_stays: bool = False) -> str:
    """The value with a space in the place of each comment; in what `literal` matches, but for a `(`, there is none.

    One that is never closed has all that follows inside, or with `unclosed_stays` is none.
    """
    if "(" not in text:
        return text
    kept: list[str] = []
    begun = at = 0
    while match := literal.search(text, at):
        at = match.end()
        if match[0] != "(":
            continue
        end = comment_end(text, match.start())
        if not end:
            return "".join(kept) + (text[begun:] if unclosed_stays else text[begun : match.start()])
        kept += (text[begun : match.start()], " ")
        begun = at = end
    return "".join([*kept, text[begun:]])
