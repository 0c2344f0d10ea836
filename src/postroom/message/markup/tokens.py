"""HTML taken apart into tags and text, in one pass: near to what browsers do, and linear whatever comes.

WHATWG HTML §13.2.5. It need not be exact: what is kept is written anew (`balance`), and read again by a real parser (`safe`). Not here: what may stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from postroom.message.encodings.character_references import unescape

MAX_ATTRIBUTES: Final = 64  # of a tag; further ones are left out
MAX_SCANNED: Final = 1_000  # attributes of a tag that are looked at; behind them the next > ends it
MAX_VALUE: Final = 2 << 20  # characters of a value, which may be a picture; a longer one is left out

_SPACE: Final = "\\t\\n\\f\\r "
_OPENING: Final = re.compile("<(?=[A-Za-z/!?])")  # any other one is a letter
_TAG: Final = re.compile(rf"<(/?)([A-Za-z][^{_SPACE}/>]*)")
_ATTRIBUTE: Final = re.compile(
    rf"[{_SPACE}/]*(?:(>)|([^{_SPACE}/>][^{_SPACE}/>=]*)(?:[{_SPACE}]*=[{_SPACE}]*(?:\"([^\"]*)\"|'([^']*)'|([^{_SPACE}>]+))?)?)"
)
_COMMENT_END: Final = re.compile(r"--!?>")
RAW: Final = (
    "script",
    "style",
    "title",
    "xmp",
    "iframe",
    "noembed",
    "noframes",
    "noscript",
    "plaintext",
    "textarea",
)
_RAW_ENDS: Final = {name: re.compile(rf"</{name}(?=[{_SPACE}/>])", re.IGNORECASE) for name in RAW}


class Tag(NamedTuple):
    """A tag. `inside`: the text of an element in which no tags are known (`RAW`), whose end tag is passed over."""

    name: str
    end: bool
    attributes: dict[str, str]
    inside: str = ""


def tokens(text: str) -> Iterator[Tag | str]:
    """Tags, and the text between them with its character references as they were; comments and their like are left out."""
    at = 0
    while opening := _OPENING.search(text, at):
        start = opening.start()
        if start > at:
            yield text[at:start]
        found = _TAG.match(text, start)
        if found is None:
            at = _no_tag(text, start)
            continue
        attributes, at = _attributes(text, found.end())
        name, end = found[2].lower(), bool(found[1])
        if name in _RAW_ENDS and not end:
            inside, at = _raw(text, at, name)
            yield Tag(name, end, attributes, inside)
        else:
            yield Tag(name, end, attributes)
    if at < len(text):
        yield text[at:]


def _no_tag(text: str, start: int) -> int:
    """Behind a comment, or what counts as one."""
    if text.startswith("<!--", start):
        found = _COMMENT_END.search(text, start + 2)
        return found.end() if found else len(text)
    end = text.find(">", start)
    return end + 1 if end >= 0 else len(text)


def _attributes(text: str, at: int) -> tuple[dict[str, str], int]:
    """The first of each name, decoded, and the place behind the tag."""
    attributes: dict[str, str] = {}
    for _ in range(MAX_SCANNED):
        found = _ATTRIBUTE.match(text, at)
        if found is None:
            return {}, len(text)  # the tag does not end: it is none
        at = found.end()
        if found[1]:
            return attributes, at
        name = found[2].lower()
        value = found[3] or found[4] or found[5] or ""
        if len(attributes) < MAX_ATTRIBUTES and len(value) <= MAX_VALUE and name not in attributes:
            attributes[name] = unescape(value)
    end = text.find(">", at)
    return attributes, end + 1 if end >= 0 else len(text)


def _raw(text: str, at: int, name: str) -> tuple[str, int]:
    found = _RAW_ENDS[name].search(text, at)
    if found is None or name == "plaintext":
        return text[at:], len(text)
    end = text.find(">", found.end())
    return text[at : found.start()], end + 1 if end >= 0 else len(text)
