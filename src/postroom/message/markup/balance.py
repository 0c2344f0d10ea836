"""HTML written anew so that every element ends where it should: what a parser makes of it is never much larger than it is.

WHATWG HTML §13.2.6 has elements that come back by themselves after others end (formatting elements, paragraphs, what stands astray in tables); 50 kB
can become 50 MB that way. Here nothing comes back. Elements that may not stay are left out, and counted. Not here: attributes' values (`attributes`).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from html import escape
from typing import Final

from postroom.message.markup.elements import (
    ALLOWED,
    COUNTED,
    ENDS,
    FORMATTING,
    HIDDEN,
    PARENTS,
    RENAMED,
    SCOPES,
    TABLE_INSIDE,
    VOID,
)
from postroom.message.markup.tokens import Tag, tokens

MAX_MARKUP: Final = 4 << 20  # characters of HTML of one part that are read
MAX_TAGS: Final = 50_000  # of one part; what follows is not shown
MAX_NESTING: Final = 100  # elements in each other; deeper ones are left out, their text stays
MAX_FORMATTING: Final = 16  # fonts, bold letters and their like in each other

Attributes = dict[str, str]
Rewrite = Callable[[str, Attributes], Attributes | None]
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_CONTROL_REFERENCES: Final = re.compile(
    r"&(?:#0*(?:1?[0-9]|2[0-9]|3[01]|127)(?![0-9])|#x0*(?:1?[0-9a-f]|7f)(?![0-9a-f])|(?:NewLine|Tab)(?=;));?",
    re.IGNORECASE,
)


class Balanced:
    """The result. `styles`: the texts of style elements; `removed`: how often what was left out. `most`: characters that are read."""

    def __init__(self, text: str, rewrite: Rewrite, most: int = MAX_MARKUP) -> None:
        self.styles: list[str] = []
        self.removed: Counter[str] = Counter()
        self.truncated = len(text) > most
        self._rewrite = rewrite
        self._pieces: list[str] = []
        self._stack: list[str] = []
        self._formatting = 0
        self._tags = 0
        self._written = 0
        self._most = max(2 * most, 1 << 16)  # characters that are written
        self._left_out: defaultdict[str, list[int]] = defaultdict(
            list
        )  # how deep the start tags were whose end tags mean nothing
        self._hidden: list[str] = []
        self._run(text[:most])
        self.markup = "".join(self._pieces)

    def _run(self, text: str) -> None:
        for token in tokens(text):
            if isinstance(token, str):
                self._text(token)
                continue
            self._tags += 1
            if self._tags > MAX_TAGS or self._written > self._most:
                self.truncated = True
                break
            self._count(token)
            if self._hidden:
                self._in_hidden(token)
            elif token.name == "style":
                self.styles.append(token.inside)
            elif token.end:
                self._end(RENAMED.get(token.name, token.name))
            elif token.name in HIDDEN:
                self._hidden.append(token.name)
            else:
                self._start(RENAMED.get(token.name, token.name), token.attributes)
        self._pop_to(0)

    def _text(self, text: str) -> None:
        if not self._hidden:
            text = _CONTROL_REFERENCES.sub(" ", _CONTROLS.sub(" ", text))
            if self._pieces and self._pieces[-1].startswith("<pre"):
                text = text.lstrip("\n")  # a parser takes the first away
            text = text.replace("<", "&lt;").replace(">", "&gt;")
            self.truncated |= self._written + len(text) > self._most
            self._write(text[: max(0, self._most - self._written)])

    def _write(self, piece: str) -> None:
        self._pieces.append(piece)
        self._written += len(piece)

    def _count(self, tag: Tag) -> None:
        if not tag.end and tag.name in COUNTED:
            self.removed[COUNTED[tag.name]] += 1
        handlers = sum(name.startswith("on") and len(name) > 2 for name in tag.attributes)
        if handlers:
            self.removed["handlers"] += handlers

    def _in_hidden(self, tag: Tag) -> None:
        if tag.name in HIDDEN and not tag.end:
            self._hidden.append(tag.name)
        elif tag.end and tag.name in self._hidden:
            while self._hidden.pop() != tag.name:
                pass
        del self._hidden[MAX_NESTING:]

    def _start(self, name: str, attributes: Attributes) -> None:
        if name not in ALLOWED:
            return
        if name in PARENTS:
            if not self._in_table(name):
                self._leave_out(name)
                return
        elif self._stack and self._stack[-1] in TABLE_INSIDE:
            self._leave_out(name)
            return
        self._end_before(name)
        formatting = name in FORMATTING
        if name not in VOID and (
            len(self._stack) >= MAX_NESTING or (formatting and self._formatting >= MAX_FORMATTING)
        ):
            self._leave_out(name)
            return
        kept = self._rewrite(name, attributes)
        if kept is None:
            self._leave_out(name)
            return
        told = "".join(f' {key}="{escape(_CONTROLS.sub(" ", value))}"' for key, value in kept.items())
        self._write(f"<{name}{told}>")
        if name not in VOID:
            self._stack.append(name)
            self._formatting += formatting

    def _in_table(self, name: str) -> bool:
        """Ends what has to end before a part of a table; False where there is no table."""
        for place in range(len(self._stack) - 1, -1, -1):
            if self._stack[place] in PARENTS[name]:
                self._pop_to(place + 1)
                return True
            if self._stack[place] == "table":
                break
        else:
            return False
        if name in ("td", "th"):  # a row was not begun
            self._start("tr", {})
            return bool(self._stack) and self._stack[-1] == "tr"
        return False

    def _end_before(self, name: str) -> None:
        if name not in ENDS:
            return
        ended, boundaries = ENDS[name]
        found = len(self._stack)
        for place in range(len(self._stack) - 1, -1, -1):
            if self._stack[place] in ended:
                found = place
            elif self._stack[place] in boundaries:
                break
        self._pop_to(found)

    def _leave_out(self, name: str) -> None:
        if name not in VOID:
            self._left_out[name].append(len(self._stack))

    def _end(self, name: str) -> None:
        if name not in ALLOWED or name in VOID:
            return
        place, left_out = self._ended(name), self._left_out[name]
        if left_out and left_out[-1] > place:
            left_out.pop()
        elif place >= 0:
            self._pop_to(place)

    def _ended(self, name: str) -> int:
        """The place of the element that an end tag ends, -1 for none. A cell keeps a table open no more than a row does (§13.2.4.2, table scope)."""
        reach = {"table"} if name == "table" or name in PARENTS else SCOPES
        for place in range(len(self._stack) - 1, -1, -1):
            if self._stack[place] == name:
                return place
            if self._stack[place] in reach:
                break
        return -1

    def _pop_to(self, size: int) -> None:
        while len(self._stack) > size:
            name = self._stack.pop()
            self._formatting -= name in FORMATTING
            self._pieces.append(f"</{name}>")
        for depths in self._left_out.values():
            while depths and depths[-1] > size:
                depths.pop()
