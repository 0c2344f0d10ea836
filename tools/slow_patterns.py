#!/usr/bin/env python3
"""Looks for regular expressions of the package that take more than linear time on texts from outside.

Each pattern of a module is tried on short units of characters that it names, repeated a thousand and four thousand times: as `match` and
`fullmatch`, and, where its module searches with it, as `finditer`. What takes more than seven times as long for the four times longer text
is printed, and the exit code is 1. It measures time, so it is no test: run it after a pattern was written. Takes minutes.

Not here: code that is slow without a pattern.
"""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from re import _parser as syntax  # type: ignore[attr-defined]  # what `re` itself reads patterns with; it has no public name
from types import MappingProxyType, ModuleType
from typing import Any

import postroom

SHORT, LONG = 1000, 4000  # characters
WORTH = 0.004  # seconds that the short text takes at least
GROWTH = 7.0
MOST_CHARACTERS = 14
HARMLESS: Mapping[str, str] = MappingProxyType(
    {
        "postroom.message.contacts.jscontact._SPEC": "reads what the module itself says",
        "postroom.message.headers.header._FIELD": "is given lines alone that all begin a field or go on with one",
    }
)

Pattern = re.Pattern[Any]
Text = Any  # str or bytes, as the pattern is
Calls = list[Callable[[Text], object]]


def main() -> int:
    """Print what was found; the exit code says whether that is anything."""
    found = [one for name, pattern, calls in patterns() if (one := slowest(name, pattern, calls))]
    print("\n".join(found) or "every pattern takes linear time")
    return 1 if found else 0


def patterns() -> Iterator[tuple[str, Pattern, Calls]]:
    """Each pattern that is a value of a module, with its dotted name, and how it is to be called."""
    known: set[tuple[Any, int]] = set()
    for found in pkgutil.walk_packages(postroom.__path__, "postroom."):
        if found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for name, pattern in _of_module(module):
            if (pattern.pattern, pattern.flags) not in known and f"{found.name}.{name}" not in HARMLESS:
                known.add((pattern.pattern, pattern.flags))
                yield (
                    f"{found.name}.{name}",
                    pattern,
                    [pattern.match, pattern.fullmatch, *searching(pattern, module, name)],
                )


def _of_module(module: ModuleType) -> Iterator[tuple[str, Pattern]]:
    for name, value in list(vars(module).items()):
        several = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else ()
        for one in (value, getattr(value, "__self__", None), *several):
            if isinstance(one, re.Pattern):
                yield name, one


def searching(pattern: Pattern, module: ModuleType, name: str) -> Calls:
    """`finditer`, if the module's text has NAME.search and the like: then each character may be a beginning."""
    method = r"\.(?:search|subn?|finditer|findall|split)\b"
    text = Path(module.__file__ or "").read_text("utf-8")
    if re.search(rf"\b{re.escape(name)}(?:{method}|\b[^\n]*=[^\n]*\){method})", text):
        return [lambda text: sum(1 for _ in pattern.finditer(text))]
    return []


def slowest(name: str, pattern: Pattern, calls: Calls) -> str:
    """The first repeated unit whose time grows too fast, as a line to be read; "" when there is none."""
    letters = alphabet(pattern)
    units = [(one,) for one in letters] + list(itertools.product(letters, repeat=2))
    if len(letters) <= MOST_CHARACTERS // 2:
        units += itertools.product(letters, repeat=3)
    for unit, before in itertools.product(units, [(), *((one,) for one in letters)]):
        short, long = (text_of(pattern, before, unit, size) for size in (SHORT, LONG))
        for call in calls:
            first = seconds(call, short)
            if first > WORTH and (second := seconds(call, long)) > GROWTH * first:
                return f"{name}: {second:.2f} s for {LONG} characters, {first:.3f} s for {SHORT}: {long[:8]!r}... {pattern.pattern!r}"
    return ""


def text_of(pattern: Pattern, before: tuple[int, ...], unit: tuple[int, ...], size: int) -> Text:
    """`before`, and `unit` repeated up to `size` characters, of the pattern's kind."""
    codes = [*before, *unit * (size // len(unit))]
    return bytes(codes) if isinstance(pattern.pattern, bytes) else "".join(map(chr, codes))


def seconds(call: Callable[[Text], object], text: Text) -> float:
    """How long one call takes."""
    begun = time.perf_counter()
    call(text)
    return time.perf_counter() - begun


def alphabet(pattern: Pattern) -> list[int]:
    """Code points that the pattern names, the first of each range, and one that it need not know."""
    highest = 256 if isinstance(pattern.pattern, bytes) else sys.maxunicode + 1
    named = {code for code in _codes(syntax.parse(pattern.pattern, pattern.flags)) if code < highest}
    return [*sorted(named)[:MOST_CHARACTERS], 0]


def _codes(tree: Any) -> Iterator[int]:
    for kind, value in tree:
        match str(kind):
            case "LITERAL" | "NOT_LITERAL":
                yield value
            case "RANGE":
                yield value[0]
            case "CATEGORY" | "ANY":
                yield from b"a0 \n"
            case "IN":
                yield from _codes(value)
            case "BRANCH":
                yield from itertools.chain.from_iterable(map(_codes, value[1]))
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                yield from _codes(value[2])
            case "SUBPATTERN":
                yield from _codes(value[3])
            case "ASSERT" | "ASSERT_NOT":
                yield from _codes(value[1])
            case "ATOMIC_GROUP":
                yield from _codes(value)


if __name__ == "__main__":
    sys.exit(main())
