"""A position in a line, for grammars written by hand.

One function per ABNF rule takes a `Cursor`, moves it over what the rule matches and returns the value. An error says where and what was
expected. Everything is linear: nothing here goes back further than one octet. Not here: any protocol's rules.
"""

from __future__ import annotations

from postroom.wire.numbers import decimal

SP = b" "


class GrammarError(ValueError):
    """The text does not follow its grammar: `position` in octets from the start, and what was `expected` there."""

    def __init__(self, position: int, expected: str) -> None:
        self.position = position
        self.expected = expected
        super().__init__(f"expected {expected} at octet {position + 1}")


class Cursor:
    """A reading position in `text`."""

    __slots__ = ("position", "text")

    def __init__(self, text: bytes, position: int = 0) -> None:
        self.text = text
        self.position = position

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.position >= len(self.text)

    def peek(self, literal: bytes) -> bool:
        """Whether `literal` comes next."""
        return self.text.startswith(literal, self.position)

    def peek_octet(self) -> int:
        """The next octet, -1 at the end."""
        return self.text[self.position] if self.position < len(self.text) else -1

    def accept(self, literal: bytes) -> bool:
        """Moves over `literal` if it comes next."""
        if not self.text.startswith(literal, self.position):
            return False
        self.position += len(literal)
        return True

    def accept_keyword(self, keyword: bytes) -> bool:
        """As `accept`, ASCII case aside; `keyword` is given in upper case."""
        if self.text[self.position : self.position + len(keyword)].upper() != keyword:
            return False
        self.position += len(keyword)
        return True

    def expect(self, literal: bytes, name: str = "") -> None:
        """Moves over `literal`; `GrammarError` when something else comes."""
        if not self.accept(literal):
            raise self.error(name or repr(literal.decode("ascii", "backslashreplace")))

    def sp(self) -> None:
        """One space."""
        self.expect(SP, "a space")

    def spaces(self) -> int:
        """Moves over any spaces and tabs; how many there were."""
        return len(self.take_while(b" \t"))

    def take_while(self, allowed: bytes | frozenset[int], most: int = -1) -> bytes:
        """The longest run of octets that are in `allowed`, at most `most` of them (-1: no limit); may be empty."""
        text, start = self.text, self.position
        stop = len(text) if most < 0 else min(len(text), start + most)
        end = start
        while end < stop and text[end] in allowed:
            end += 1
        self.position = end
        return text[start:end]

    def take_until(self, stops: bytes) -> bytes:
        """Everything up to the first octet that is in `stops`, or to the end."""
        text, start = self.text, self.position
        end = start
        while end < len(text) and text[end] not in stops:
            end += 1
        self.position = end
        return text[start:end]

    def take(self, count: int, name: str) -> bytes:
        """Exactly `count` octets."""
        taken = self.text[self.position : self.position + count]
        if len(taken) < count:
            raise self.error(name)
        self.position += count
        return taken

    def number(self, most_digits: int = 10, name: str = "a number") -> int:
        """1 to `most_digits` ASCII digits."""
        start = self.position
        digits = self.take_while(b"0123456789")
        value = decimal(digits, most_digits)
        if value is None:
            self.position = start
            raise self.error(name)
        return value

    def rest(self) -> bytes:
        """All that is left."""
        taken = self.text[self.position :]
        self.position = len(self.text)
        return taken

    def end(self) -> None:
        """Nothing may be left."""
        if not self.at_end:
            raise self.error("the end of the line")

    def error(self, expected: str) -> GrammarError:
        """An error at this position, for the caller to raise."""
        return GrammarError(self.position, expected)
