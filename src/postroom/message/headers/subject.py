"""The base subject: what stays of a subject without the marks of replies and forwards.

RFC 5256 §2.1, on a subject whose encoded-words are decoded already.
"""

from __future__ import annotations

import re

MAX_SUBJECT = 1000  # characters that are looked at

_BLOB = r"\[[^\[\]]*+\][ \t]*+"
_LEADER = re.compile(rf"[ \t]++|(?>(?:{_BLOB})*)(?:re|fwd?)[ \t]*+(?:{_BLOB})?:", re.IGNORECASE)
_FIRST_BLOB = re.compile(_BLOB)
_TRAILER = "(fwd)"
_MARKED = re.compile(r"[ \t]*+(?:re|fw|\[)|.*(?:\)|\])[ \t]*+\Z", re.IGNORECASE | re.DOTALL)


def base_subject(subject: str) -> str:
    """The base subject; two messages with equal ones (but for case) may be of one thread. At most MAX_SUBJECT characters."""
    text = " ".join(subject[:MAX_SUBJECT].split())
    if not _MARKED.match(text):
        return text
    while True:
        text = _without_leaders(_without_trailers(text))
        if not (text[:5].lower() == "[fwd:" and text[-1:] == "]"):
            return text
        text = text[5:-1]


def is_reply(subject: str) -> bool:
    """Whether the base subject of a subject is what a reply or forward left of it (RFC 5256 §3, THREAD): blobs alone make no reply."""
    if subject[:3].lower() == "re:":  # what most of them are
        return True
    text = " ".join(subject[:MAX_SUBJECT].split())
    if not _MARKED.match(text):
        return False
    if text[-len(_TRAILER) :].lower() == _TRAILER:
        return True
    at = 0
    while text[at : at + 5].lower() != "[fwd:" or text[-1] != "]":
        match = _LEADER.match(text, at) or _FIRST_BLOB.match(text, at)
        if not match or match[0].endswith(":"):
            return match is not None
        at = match.end()
    return True


def _without_trailers(text: str) -> str:
    text = text.rstrip(" \t")
    while text[-len(_TRAILER) :].lower() == _TRAILER:
        text = text[: -len(_TRAILER)].rstrip(" \t")
    return text


def _without_leaders(text: str) -> str:
    at = 0
    while True:
        match = _LEADER.match(text, at)
        if not match:
            match = _FIRST_BLOB.match(text, at)
            if not match or match.end() == len(text):  # step 4: a blob goes only where something stays
                return text[at:]
        at = match.end()
