"""Patterns of LIST: names with `*` for anything and `%` for anything within a level.

RFC 9051 §6.3.9. All patterns of a command are one machine whose states are the bits of a number: bit n of a pattern means that its first n
characters have been met. A name is read once from its beginning to its end, whatever the patterns are; nothing goes back. Not here: which names
there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

SEPARATOR: Final = "/"


class Patterns:
    """What at least one of the patterns matches."""

    __slots__ = ("_any", "_by_char", "_ends", "_in_level", "_plain", "_start")

    def __init__(self, patterns: Iterable[str]) -> None:
        self._plain: list[
            tuple[str, str]
        ] = []  # what a pattern begins with, and its only wildcard, at its end
        self._by_char: dict[str, int] = {}
        self._any = self._in_level = self._start = self._ends = 0
        offset = 0
        for pattern in dict.fromkeys(patterns):
            begin = pattern.rstrip("*%")
            if "*" in begin or "%" in begin:
                offset = self._add(pattern, offset)
            else:
                wildcards = pattern[len(begin) :]
                self._plain.append((begin, "*" if "*" in wildcards else wildcards[:1]))

    def match(self, name: str) -> bool:
        """Whether a name, with its levels separated by `/`, is meant."""
        for begin, wildcard in self._plain:
            if wildcard != "%":
                if name.startswith(begin) and (wildcard or len(name) == len(begin)):
                    return True
            elif name.startswith(begin) and SEPARATOR not in name[len(begin) :]:
                return True
        return bool(self._start) and self._run(name)

    def _add(self, pattern: str, offset: int) -> int:
        """Gives the bits from `offset` on to a pattern; gives the first bit behind it."""
        self._start |= 1 << offset
        for char in pattern:
            bit = 1 << offset
            if char == "*":
                self._any |= bit
            elif char == "%":
                self._in_level |= bit
            else:
                self._by_char[char] = self._by_char.get(char, 0) | bit
                offset += 1
        self._ends |= 1 << offset
        return offset + 1

    def _run(self, name: str) -> bool:
        states, every = self._start, self._any
        within = every | self._in_level
        by_char = self._by_char
        for char in name:
            met = states & by_char.get(char, 0)
            states = (met << 1) | (states & (every if char == SEPARATOR else within))
            if not states:
                return False
        return bool(states & self._ends)
