"""bodyValues: the texts of a message, decoded, at most as long as a client wants them (RFC 8621 §4.1.4, §4.2).

Not here: which parts are meant (`body_parts`).
"""

from __future__ import annotations

import re
from typing import Any, Final

from postroom.message.encodings import charset
from postroom.proto.jmap.body_parts import BodyPart

_LINE_END: Final = re.compile(r"\r\n?")
_TAG_MARK: Final = re.compile(r"<(?=[A-Za-z/!?]|\Z)|>|=\s*[\"']|[\"']")
LONGEST_TAG: Final = 10_000  # characters at the end in which an unfinished tag is looked for


def body_value(part: BodyPart, most: int) -> dict[str, Any]:
    """EmailBodyValue of a text part, of at most `most` octets of UTF-8; 0: all of it."""
    content = part.content
    declared = part.charset
    if part.part.subtype == "html" and not part.says_charset:
        text, problem = charset.decode_html(content.octets, None)
    else:
        text, problem = charset.decode(content.octets, declared.lower() if declared else None)
    if problem and declared == "us-ascii" and not part.says_charset:
        problem = charset.REPLACEMENT in text  # nothing was declared, and UTF-8 was found
    text = _LINE_END.sub("\n", text).replace("\0", "")
    cut = truncated(text, most, html=part.part.subtype == "html")
    return {
        "value": cut,
        "isEncodingProblem": problem or content.problem,
        "isTruncated": len(cut) < len(text),
    }


def truncated(text: str, most: int, *, html: bool) -> str:
    """The longest beginning of at most `most` octets of UTF-8 (0: all), not in the middle of a tag of HTML."""
    if not most or (len(text) <= most and len(text.encode()) <= most):
        return text
    cut = text[:most].encode()[:most].decode("utf-8", "ignore")
    if html:
        tail = cut[-LONGEST_TAG:]
        cut = cut[: len(cut) - len(tail) + _before_open_tag(tail)]
    return cut


def _before_open_tag(html: str) -> int:
    """Where a tag begins that does not end; else the end. What is in quotes behind `=` ends no tag."""
    start, quote = -1, ""
    for mark in _TAG_MARK.finditer(html):
        if quote:
            quote = "" if mark[0][-1] == quote else quote
        elif mark[0] == "<":
            start = mark.start()
        elif mark[0] == ">":
            start = -1
        elif start >= 0 and mark[0][0] == "=":
            quote = mark[0][-1]
    return len(html) if start < 0 else start
