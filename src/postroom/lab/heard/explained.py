"""What each happening of a lab means, with the section that says so; found out once for all who watch, since a reply means what was asked before it.

RFC 5321, RFC 1939, RFC 9051, RFC 1035 by way of the words. Not here: the words (`lab.heard.happening_words`, `message.journey.dialogue_words`, `message.journey.imap_words`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from postroom.lab.heard import feed as feeds
from postroom.lab.heard import happening_words as words
from postroom.lab.heard.feed import Feed, Happening
from postroom.message.journey import dialogue_words
from postroom.message.journey.dialogue_explained import Explainer
from postroom.message.journey.dialogue_words import Words
from postroom.message.journey.events import Connected, Hop, HopKind
from postroom.message.journey.imap_explained import ImapExplainer

# A line of a connection: text, whether the client says it, whether it is content.
_Lines = Callable[[str, bool, bool], Words | None]


class Explained:
    """The happenings of one feed with their meanings."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self._seen = 0
        self._lines: dict[int, _Lines] = {}  # by connection
        self._known: dict[int, Words] = {}  # by number

    def meaning(self, happening: Happening) -> Words | None:
        """What one of the feed's means."""
        for one in self.feed.since(self._seen):
            self._seen = one.seq
            self._learn(one)
        return self._known.get(happening.seq)

    def record(self, happening: Happening) -> dict[str, Any]:
        """A happening as JSON has it, with `means` and `source` where it has a meaning."""
        found: dict[str, Any] = msgspec.to_builtins(happening)
        meaning = self.meaning(happening)
        if meaning is not None:
            found["means"] = meaning.text
            found["source"] = meaning.source
        return found

    def _learn(self, one: Happening) -> None:
        found = self._explain(one)
        if one.kind == "closed":
            self._lines.pop(one.connection, None)
        if found is not None:
            self._known[one.seq] = found
            if len(self._known) > feeds.MOST:
                del self._known[next(iter(self._known))]

    def _explain(self, one: Happening) -> Words | None:
        if one.kind == "line":
            lines = self._lines.get(one.connection)
            if lines is None:
                lines = self._lines[one.connection] = _lines_of(one.service)
            return lines(one.text, one.arrow.startswith("<"), one.content)
        return _EXPLAINED[one.kind](one)


def _lines_of(service: str) -> _Lines:
    if service.startswith("http"):
        return _http
    if service.startswith("imap"):
        imap = ImapExplainer()
        return lambda text, client, content: imap.line(text, client=client, content=content)
    explainer = Explainer(Hop(HopKind.RECEIVED, 0, [Connected(0, service, "", "")]))

    def line(text: str, client: bool, content: bool) -> Words | None:
        if content:
            return dialogue_words.BODY if client else words.MESSAGE
        return explainer.line(b"<>"[not client :][:1] + text.encode("utf-8", "replace"))

    return line


def _http(text: str, client: bool, _content: bool) -> Words | None:
    if client:
        return words.METHODS.get(text.partition(" ")[0])
    return words.STATUSES.get(text.partition(" ")[2][:1])


def _dns(one: Happening) -> Words:
    asked = _question(one.text, str(one.facts.get("kind", "")))
    rcode = str(one.facts.get("rcode", ""))
    more = words.RCODES.get(rcode)
    if more is None and rcode == "NOERROR" and not one.facts.get("answers"):
        more = words.EMPTY
    return asked if more is None else Words(f"{asked.text} {more.text}", f"{asked.source}, {more.source}")


def _question(name: str, kind: str) -> Words:
    if kind != "TXT":
        return dialogue_words.QUESTIONS.get(kind, words.OTHER_QUESTION)
    if "._domainkey." in name:
        return words.KEY
    return next((found for start, found in words.TEXTS.items() if name.startswith(start)), words.SPF)


def _checked(one: Happening) -> Words:
    results = one.facts.get("results") or [{}]
    newest = str(results[-1].get("method", "")).partition(" ")[0]
    more = dialogue_words.CHECKS.get(newest)
    if more is None:
        return words.CHECKED
    return Words(
        f"{words.CHECKED.text} {newest.upper()}: {more.text}", f"{words.CHECKED.source}, {more.source}"
    )


def _journey(one: Happening) -> Words | None:
    what = str(one.facts.get("what", "")).lower()
    checks = dialogue_words.CHECKS
    found = checks.get(what) or checks.get(what.partition(" ")[0])
    return found or dialogue_words.EVENTS.get(str(one.facts.get("event", "")))


_EXPLAINED: dict[str, Callable[[Happening], Words | None]] = {
    "opened": lambda one: words.SERVICES.get(one.service),
    "secured": lambda _: dialogue_words.EVENTS["tls"],
    "closed": lambda _: words.CLOSED,
    "dns": _dns,
    "noted": lambda one: words.NOTES.get(one.text, words.NOTE),
    "checked": _checked,
    "journey": _journey,
}
