"""The operators of the query language: Gmail's names, other names for them, what values they take, and what they mean in words.

A value is brought into one form when it is read (`2026/1/2` is `2026-01-02`, `1024kb` is `1M`), so that the same query is always written the same.
Days are those of whoever asks; a relative age is counted from now, when it is looked for. Not here: how terms are put together (`query_language`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

MAX_AGE_DIGITS: Final = 4  # of the hours, days, weeks, months or years back

_DAY: Final = re.compile(r"([0-9]{4})(?:[-/.]([0-9]{1,2})(?:[-/.]([0-9]{1,2}))?)?")
_AGE: Final = re.compile(rf"([0-9]{{1,{MAX_AGE_DIGITS}}})(h|d|w|m|y)", re.IGNORECASE)
_SIZE: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,3}))?\s?([kmg]?)(?:i?b)?", re.IGNORECASE)
_KEYWORD: Final = re.compile(r"[!#$&'+-\[^-z|}~]{1,255}")  # RFC 8621 §4.1.1, without `?` to spare
_UNITS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
AGES: Final = {"h": "hours", "d": "days", "w": "weeks", "m": "months", "y": "years"}

STATES: Final[Mapping[str, tuple[str, bool]]] = {  # of is: the keyword, and whether it is there
    "unread": ("$seen", False),
    "read": ("$seen", True),
    "starred": ("$flagged", True),
    "unstarred": ("$flagged", False),
    "answered": ("$answered", True),
    "unanswered": ("$answered", False),
    "forwarded": ("$forwarded", True),
    "draft": ("$draft", True),
    "important": ("$important", True),
    "muted": ("$muted", True),
    "junk": ("$junk", True),
    "phishing": ("$phishing", True),
}
_STATE_NAMES: Final = {
    "seen": "read", "unseen": "unread", "flagged": "starred", "unflagged": "unstarred", "star": "starred", "replied": "answered",
    "unreplied": "unanswered", "spam": "junk",
}  # fmt: skip
HEADERS: Final[Mapping[str, str]] = {  # operators for which a field of the header is looked at
    "list": "List-Id",
    "deliveredto": "Delivered-To",
    "replyto": "Reply-To",
    "rfc822msgid": "Message-ID",
}
UNANSWERED: Final[Mapping[str, str]] = {  # of Gmail's, mox's and Mailpit's: what to do instead
    "filename": "names of attached files are not searched; has:attachment finds messages with files",
    "a": "kinds of attached files are not searched; write has:attachment, or -has:attachment for none",
    "attachments": "kinds of attached files are not searched; write has:attachment, or -has:attachment for none",
    "category": "messages are not put into categories; label: and in: find what you have sorted yourself",
    "addressed": "write {from:words to:words cc:words}",
}


class BadValue(Exception):
    """A value that its operator does not take."""

    def __init__(self, words: str, remedy: str) -> None:
        super().__init__(words)
        self.words = words
        self.remedy = remedy


def as_written(value: str) -> str:
    """Words, as they are."""
    return value


def day(value: str) -> str:
    """A day: `2026-01-02`; a month or a year is its first day. `today` and `yesterday` stay."""
    lowered = value.strip().lower()
    if lowered in ("today", "yesterday"):
        return lowered
    found = _DAY.fullmatch(lowered)
    try:
        if found is None or not 1900 <= int(found[1]) <= 9000:
            raise ValueError
        return dt.date(int(found[1]), int(found[2] or 1), int(found[3] or 1)).isoformat()
    except ValueError:
        raise BadValue(f"{value[:40]!r} is not a day", "write the year first: 2026-01-02, or today") from None


def age(value: str) -> str:
    """How long ago: `7d`, `12h`, `2w`, `3m`, `1y`."""
    found = _AGE.fullmatch(value.strip())
    if found is None or not int(found[1]):
        raise BadValue(f"{value[:40]!r} is not an age", "write a number and h, d, w, m or y: 7d, 2w, 3m, 1y")
    return f"{int(found[1])}{found[2].lower()}"


def octets(value: str) -> str:
    """A size with the largest unit that it is a whole number of; K, M and G are powers of 1024."""
    found = _SIZE.fullmatch(value.strip())
    if found is None:
        raise BadValue(f"{value[:40]!r} is not a size", "write a number and perhaps K, M or G: 500K, 1.5M")
    unit = _UNITS[found[3].lower()]
    size = int(found[1]) * unit + (int(found[2]) * unit // 10 ** len(found[2]) if found[2] else 0)
    if size >= 1 << 50:
        raise BadValue("no message is that large", "write a smaller size: 25M")
    for letter in "GMK":
        whole, rest = divmod(size, _UNITS[letter.lower()])
        if whole and not rest:
            return f"{whole}{letter}"
    return str(size)


def size_of(value: str) -> int:
    """The octets of what `octets` gave."""
    unit = value[-1].lower() if value[-1].isalpha() else ""
    return int(value.rstrip("KMG")) * _UNITS[unit]


def state(value: str) -> str:
    """One of `STATES`."""
    lowered = value.strip().lower()
    found = _STATE_NAMES.get(lowered, lowered)
    if found not in STATES:
        raise BadValue(f"there is no is:{value[:40]}", f"what can be said is {', '.join(STATES)}")
    return found


def thing(value: str) -> str:
    """What a message has: an attachment, and nothing else that is known."""
    if value.strip().lower() in ("attachment", "attachments"):
        return "attachment"
    raise BadValue(f"there is no has:{value[:40]}", "what can be said is has:attachment")


def keyword(value: str) -> str:
    """A label: a keyword, which has no case."""
    lowered = value.strip().lower()
    if _KEYWORD.fullmatch(lowered) is None:
        raise BadValue(
            f"{value[:40]!r} is not a label",
            "a label is letters, digits and signs without spaces, brackets and quotes",
        )
    return lowered


class Operator(msgspec.Struct, frozen=True):
    """An operator. `meaning` has `{}` where the value goes; `kind` brings a value into its form, or raises `BadValue`."""

    name: str
    other_names: tuple[str, ...] = ()
    meaning: str = "has “{}” anywhere"
    kind: Callable[[str], str] = as_written
    example: str = ""


OPERATORS: Final[tuple[Operator, ...]] = (
    Operator("from", ("f",), "is from “{}”", example="write from:alice"),
    Operator("to", ("t",), "is to “{}”", example="write to:bob"),
    Operator("cc", (), "is copied to “{}”", example="write cc:bob"),
    Operator("bcc", (), "is blindly copied to “{}”", example="write bcc:bob"),
    Operator("subject", ("s",), "has “{}” in its subject", example="write subject:words"),
    Operator("body", ("b",), "has “{}” in its text", example="write body:words"),
    Operator("list", (), "came by the mailing list “{}”", example="write list:name"),
    Operator("deliveredto", ("delivered-to",), "was delivered to “{}”", example="write deliveredto:address"),
    Operator("replyto", ("reply-to",), "wants answers at “{}”", example="write replyto:address"),
    Operator(
        "rfc822msgid", ("message-id", "msgid"), "has the Message-ID “{}”", example="write rfc822msgid:id"
    ),
    Operator("header", ("h",), "has “{}” in its field", example="write header:Name:words"),
    Operator("in", ("mb", "mailbox", "folder"), "is in {}", example="write in:inbox"),
    Operator("under", ("submb",), "is in {} or in what is below it", example="write under:archive"),
    Operator("label", ("l", "tag", "keyword"), "is labelled {}", keyword, "write label:work"),
    Operator("is", (), "is {}", state, "write is:unread"),
    Operator("has", (), "has an {}", thing, "write has:attachment"),
    Operator("before", ("end", "older"), "arrived before {}", day, "write before:2026-01-02"),
    Operator("after", ("start", "newer", "since"), "arrived on {} or later", day, "write after:2026-01-02"),
    Operator("on", ("date",), "arrived on {}", day, "write on:2026-01-02"),
    Operator("older_than", ("older-than",), "arrived more than {} ago", age, "write older_than:1y"),
    Operator("newer_than", ("newer-than",), "arrived less than {} ago", age, "write newer_than:7d"),
    Operator(
        "larger", ("size", "larger_than", "minsize"), "has {} octets or more", octets, "write larger:1M"
    ),
    Operator("smaller", ("smaller_than", "maxsize"), "has less than {} octets", octets, "write smaller:1M"),
)
BY_NAME: Final[Mapping[str, Operator]] = {
    name: operator for operator in OPERATORS for name in (operator.name, *operator.other_names)
}
