"""A Public Suffix List: below which names domains are given to others.

RFC 7489 §3.2 (the organizational domain by such a list). The list is what publicsuffix.org publishes as a file, or one of the same form; it
comes in as text, and none comes with this program. Not here: the file, and the tree walk that needs no list.
"""

from __future__ import annotations

from collections.abc import Iterable

from postroom.message.idn import a_labels
from postroom.proto.dns.resolver import normal_name


class SuffixList:
    """The rules of a list. A name that none of them fits has its last label as suffix."""

    def __init__(self, lines: Iterable[str]) -> None:
        """One rule a line, up to the first space: `co.uk`, `*.ck` or `!www.ck`. Raises ValueError, naming the line, when one is no name."""
        self._names: set[str] = set()
        self._parents: set[str] = set()  # of which every child is a suffix
        self._exceptions: set[str] = set()
        for number, line in enumerate(lines, 1):
            rule = line.split(None, 1)[0] if line.strip() else ""
            if rule and not rule.startswith("//"):
                self._add(rule, number)

    def _add(self, rule: str, number: int) -> None:
        rules = self._names
        if rule.startswith("!"):
            rule, rules = rule[1:], self._exceptions
        elif rule.startswith("*."):
            rule, rules = rule[2:], self._parents
        try:
            name = normal_name(a_labels(rule.removeprefix(".")))
        except ValueError as error:
            raise ValueError(
                f"line {number} of the suffix list: {rule[:80]} is no domain: {error}"
            ) from error
        if not name or "*" in name:
            raise ValueError(
                f"line {number} of the suffix list: {rule[:80]} is no rule; e.g. co.uk or *.ck are"
            )
        rules.add(name)

    def __len__(self) -> int:
        return len(self._names) + len(self._parents) + len(self._exceptions)

    def organizational_domain(self, name: str) -> str:
        """The label below the longest suffix that fits, with that suffix; the name itself when it is a suffix. In A-labels, lower case."""
        labels = name.split(".")
        for start in range(len(labels)):
            tail = ".".join(labels[start:])
            if tail in self._exceptions:
                return tail
            if self._is_suffix(tail, labels, start):
                return ".".join(labels[max(start - 1, 0) :])
        return ".".join(labels[-2:])

    def _is_suffix(self, tail: str, labels: list[str], start: int) -> bool:
        return tail in self._names or ".".join(labels[start + 1 :]) in self._parents
