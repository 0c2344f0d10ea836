"""What each line of an IMAP dialogue means, lines in their order, since a line may be the rest of one before.

RFC 9051 §2.2 (commands with tags, untagged responses), §4.3 (literals), §7.1 (response codes). Whatever was said gets an explanation or none; nothing is
raised. Not here: the words (`imap_words`), SMTP and POP3 (`dialogue_explained`).
"""

from __future__ import annotations

import re
from typing import Final

from postroom.message.journey import dialogue_words
from postroom.message.journey import imap_words as words
from postroom.message.journey.dialogue_words import Words

MOST_LOOKED_AT: Final = 512  # characters of a line
_LITERAL: Final = re.compile(r"~?\{\d{1,18}\+?\}\Z")
_CODE: Final = re.compile(r"\[([A-Z][A-Z0-9-]{0,40})", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d{1,18}\Z", re.ASCII)


class ImapExplainer:
    """Explains the lines of one connection, to be given in their order."""

    def __init__(self) -> None:
        self._greeted = False
        self._challenged = False  # what comes next from the client is a step of a login
        self._verbs: dict[str, str] = {}  # by tag, of commands without a result yet
        self._open = {True: False, False: False}  # by side: a line of it ended in a literal

    def line(self, text: str, *, client: bool, content: bool = False) -> Words | None:
        """The meaning of a line; `content`: octets of a literal."""
        if content:
            return words.LITERAL
        rest, self._open[client] = self._open[client], _LITERAL.search(text) is not None
        text = text[:MOST_LOOKED_AT]
        if rest:
            return words.REST
        return self._command(text) if client else self._response(text)

    def _command(self, text: str) -> Words:
        if self._challenged:
            self._challenged = False
            return dialogue_words.SECRET._replace(source=words.VERBS["AUTHENTICATE"].source)
        tag, _, told = text.partition(" ")
        if not told:
            return words.VERBS["DONE"] if tag.upper() == "DONE" else words.UNKNOWN
        parts = told.upper().split(None, 2)
        verb = parts[0] if parts else ""
        inner = parts[1] if verb == "UID" and len(parts) > 1 else ""
        if len(self._verbs) < MOST_LOOKED_AT:
            self._verbs[tag] = inner or verb
        found = words.VERBS.get(verb, words.UNKNOWN)
        if inner in words.UID_VERBS:
            more = words.VERBS[inner]
            return Words(f"{more.text} {found.text}", f"{more.source}, {found.source}")
        return found

    def _response(self, text: str) -> Words:
        tag, _, told = text.partition(" ")
        greeting, self._greeted = not self._greeted, True
        if tag == "+":
            self._challenged = "AUTHENTICATE" in self._verbs.values()
            return words.GO_ON
        if tag == "*":
            return self._untagged(told, greeting=greeting)
        verb = self._verbs.pop(tag, "")
        self._challenged = False
        condition = words.CONDITIONS.get(told.partition(" ")[0].upper())
        if condition is None:
            return words.REST
        about = f" That was the answer to {verb}." if verb in words.VERBS else ""
        return _with_code(Words(condition.text + about, condition.source), told)

    def _untagged(self, told: str, *, greeting: bool) -> Words:
        parts = told.upper().split(None, 2)
        numbered = len(parts) > 1 and _NUMBER.match(parts[0])
        name = parts[1] if numbered else parts[0] if parts else ""
        condition = words.CONDITIONS.get(name)
        if condition is not None:
            news = Words("News of the server.", condition.source) if name == "OK" else condition
            return _with_code(words.GREETING if greeting and name == "OK" else news, told)
        return words.RESPONSES.get(name, words.UNTAGGED)


def _with_code(found: Words, told: str) -> Words:
    """The meaning with that of the code in brackets (RFC 9051 §7.1)."""
    code = _CODE.search(told)
    more = words.CODES.get(code[1].upper()) if code is not None else None
    if code is None or more is None:
        return found
    sources = found.source if more.source in found.source else f"{found.source}, {more.source}"
    return Words(f"{found.text} {code[1].upper()}: {more.text}.", sources)
