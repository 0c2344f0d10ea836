"""Message identifiers in Message-ID, In-Reply-To, References and Resent-Message-ID.

RFC 5322 §3.6.4; the form of RFC 8621 §4.1.2.5 (without angle brackets). What stands between identifiers (phrases and comments, §4.5.4) is
passed over. Not here: making identifiers, which needs randomness, and which thread a message belongs to.
"""

from __future__ import annotations

import re

from postroom.message.headers.comments import ANGLED, without_comments

MAX_IDS = 100  # of one field: the first, which began the thread, and the last ones
MAX_ID = 250  # characters of one identifier

_ID = re.compile(rf"<([^<>()\s\x00-\x1f\x7f]{{1,{MAX_ID}}})>")
_OBSOLETE = re.compile(
    rf"<([^<>\x00-\x08\x0a-\x1f\x7f]{{1,{MAX_ID}}})>"
)  # white space and comments inside, RFC 5322 §4.5.4
_SPACE_OR_COMMENT = re.compile(r"\([^()]*+\)|[ \t]++")


def parse_message_ids(text: str) -> list[str]:
    """The identifiers of an unfolded value without their angle brackets; an empty list where there is none."""
    found: list[str] = _ID.findall(without_comments(text, ANGLED, unclosed_stays=True))
    if not found and "<" in text:
        found = [plain for inner in _OBSOLETE.findall(text) if (plain := _SPACE_OR_COMMENT.sub("", inner))]
    return found if len(found) <= MAX_IDS else [found[0], *found[1 - MAX_IDS :]]


def thread_ids(message_id: list[str], in_reply_to: list[str], references: list[str]) -> list[str]:
    """All identifiers that tie a message to its thread, each once: its own, then from the nearest ancestor to the farthest."""
    return list(dict.fromkeys([*message_id, *in_reply_to, *reversed(references)]))
