"""Plain text as HTML: links to be clicked on, quotations as such.

RFC 3676 §4.5 (quote depth), RFC 3986 Appendix C (addresses in text). Linear, and bounded. Not here: flowed text, which comes with its lines put together.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

MAX_TEXT: Final = 2 << 20  # characters of plain text that are shown
MAX_QUOTES: Final = 12  # quotations in each other that are shown as such
MAX_LINKS: Final = 5_000  # of one text
MAX_TRIMMED: Final = 20  # signs behind an address that are not of it
MAX_URI: Final = 2_000  # characters of an address

_LINK: Final = re.compile(
    rf"(?<![\w/@.-])(?:(?P<web>https?://[^\s<>\"\x00-\x1f\u2028\u2029]{{1,{MAX_URI}}})|(?P<www>www\.[\w-]{{1,63}}\.[^\s<>\"\x00-\x1f]{{1,{MAX_URI}}})"
    r"|(?P<mail>(?:mailto:)?[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}))",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r"(?:> ?){1,100}")
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


def text_markup(text: str) -> str:
    """The markup of a text with LF line ends; it goes through `safe` as any other."""
    text = text[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n")
    pieces: list[str] = []
    depth, links = 0, MAX_LINKS
    for line in text.split("\n"):
        found = _QUOTED.match(line)
        marks = min(MAX_QUOTES, found[0].count(">")) if found else 0
        line = line[found.end() :] if found else line
        if marks != depth or not pieces:
            pieces += ["</div>"] if pieces else []
            pieces.append("<blockquote>" * (marks - depth) + "</blockquote>" * (depth - marks))
            pieces.append('<div style="white-space: pre-wrap">')
            depth = marks
        told, links = _linked(line, links)
        pieces.append(told + "\n")
    return "".join([*pieces, "</div>", "</blockquote>" * depth])


def _linked(line: str, links: int) -> tuple[str, int]:
    pieces: list[str] = []
    at = 0
    for found in _LINK.finditer(line) if links > 0 else ():
        shown = _trimmed(found[0])
        kind = found.lastgroup
        address = f"https://{shown}" if kind == "www" else f"mailto:{shown}" if kind == "mail" else shown
        address = address.replace("mailto:mailto:", "mailto:")
        pieces += (escape(line[at : found.start()]), f'<a href="{escape(address)}">{escape(shown)}</a>')
        at = found.start() + len(shown)
        links -= 1
        if links <= 0:
            break
    return "".join(pieces) + escape(line[at:]), links


def _trimmed(address: str) -> str:
    """Without the punctuation of the sentence in which it stands."""
    for _ in range(MAX_TRIMMED):
        last = address[-1:]
        opening = _PAIRS.get(last)
        if last not in ".,;:!?'*_" and (opening is None or address.count(last) <= address.count(opening)):
            break
        address = address[:-1]
    return address
