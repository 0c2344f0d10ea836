"""What a server said in answer to EHLO.

RFC 5321 §4.1.1.1; RFC 1870 §4 (SIZE), RFC 4954 §3 (AUTH), RFC 9422 (LIMITS). Unknown keywords stay in the table. Not here: what a client does
with it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from postroom.wire.numbers import decimal


class Capabilities(msgspec.Struct, frozen=True):
    """`keywords` maps each in upper case to its arguments; it is empty after HELO. 0 stands for no limit."""

    keywords: Mapping[str, tuple[str, ...]]
    pipelining: bool = False
    size: int = 0
    recipients: int = 0
    mails: int = 0

    @classmethod
    def parse(cls, lines: tuple[str, ...]) -> Capabilities:
        """The lines of the reply behind the first."""
        keywords: dict[str, tuple[str, ...]] = {}
        for line in lines:
            words = line.replace("AUTH=", "AUTH ", 1).split() if line[:5].upper() == "AUTH=" else line.split()
            if words:
                name = words[0].upper()
                keywords[name] = keywords.get(name, ()) + tuple(words[1:])
        limits = dict(word.upper().partition("=")[::2] for word in keywords.get("LIMITS", ()))
        return cls(
            keywords,
            "PIPELINING" in keywords,
            _number(next(iter(keywords.get("SIZE", ())), "")),
            _number(limits.get("RCPTMAX", "")),
            _number(limits.get("MAILMAX", "")),
        )

    def has(self, keyword: str) -> bool:
        """Whether the extension is offered."""
        return keyword in self.keywords

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """Those of AUTH, in upper case."""
        return tuple(name.upper() for name in self.keywords.get("AUTH", ()))


NOTHING = Capabilities({})


def _number(text: str) -> int:
    return decimal(text.encode(), 20) or 0
