"""bodyValues: the texts of a message, decoded, at most as long as a client wants them (RFC 8621 §4.1.4, §4.2).

Not here: which parts are meant (`body_parts`).
"""

from __future__ import annotations

import re
from typing import Any, Final

from postroom.message import charset
from postroom.proto.jmap.body_parts import BodyPart

_LINE_END: Final = re.compile(r"\r\n?")
_OPEN_TAG: Final = re.compile(r"<[^<>]*\Z")
LONGEST_TAG: Final = 10_000  # characters at the end in which an unfinished tag is looked for


def body_value(part: BodyPart, most: int) -> dict[str, Any]:
    """EmailBodyValue of a text part, of at most `most` octets of UTF-8; 0: all of it."""
    content = part.content
    declared = part.charset
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
        open_tag = _OPEN_TAG.search(tail)
        if open_tag is not None:
            cut = cut[: len(cut) - len(tail) + open_tag.start()]
    return cut
