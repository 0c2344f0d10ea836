"""Values in a server's response: atoms, strings, literals and lists in parentheses, read without recursion.

RFC 9051 §4 (data formats), §9. A client is generous in what it reads: a quoted string may hold octets beyond ASCII and any escaped octet, and an
atom is whatever has no space, quote or parenthesis. One pass; what is not closed, or nested too deeply, is an error. Not here: what it means.
"""

from __future__ import annotations

import re
from typing import Final

from postroom.wire.cursor import Cursor
from postroom.wire.numbers import decimal

MAX_NESTED: Final = 100  # parentheses in each other in a response
_QUOTED: Final = re.compile(rb'"([^"\\\r\n]*+(?>(?:\\[^\r\n][^"\\\r\n]*+)*))"')
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
_LITERAL: Final = re.compile(rb"~?\{([0-9]{1,12})\+?\}\r\n")
_ATOM: Final = re.compile(rb'[^ ()"{\r\n][^ ()"\r\n]*+')

Value = "bytes | str | None | list[Value]"  # a string's octets, an atom, NIL, a list


def value(c: Cursor) -> object:
    """The next value; raises `GrammarError`."""
    if not c.peek(b"("):
        return scalar(c)
    stack: list[list[object]] = []
    while True:
        while c.accept(b" "):
            pass  # some servers write none between parentheses, others more than one
        if c.accept(b"("):
            if len(stack) >= MAX_NESTED:
                raise c.error(f"at most {MAX_NESTED} parentheses in each other")
            stack.append([])
        elif c.accept(b")"):
            done = stack.pop()
            if not stack:
                return done
            stack[-1].append(done)
        else:
            stack[-1].append(scalar(c))


def scalar(c: Cursor) -> bytes | str | None:
    """A string, an atom, or None for NIL; raises `GrammarError`."""
    if (found := _ATOM.match(c.text, c.position)) is not None and not c.peek(b"~{"):
        c.position = found.end()
        atom = found[0].decode("utf-8", "replace")
        return None if atom.upper() == "NIL" else atom
    if (found := _QUOTED.match(c.text, c.position)) is not None:
        c.position = found.end()
        return _ESCAPED.sub(rb"\1", found[1]) if b"\\" in found[1] else found[1]
    if (found := _LITERAL.match(c.text, c.position)) is not None:
        c.position = found.end()
        return c.take(int(found[1]), "the octets of the literal")
    raise c.error("a value")


def word(c: Cursor, name: str) -> str:
    """An atom, in upper case."""
    found = _ATOM.match(c.text, c.position)
    if found is None:
        raise c.error(name)
    c.position = found.end()
    return found[0].decode("utf-8", "replace").upper()


def plain(found: object) -> str:
    """A string or an atom as text, "" for anything else."""
    if isinstance(found, bytes):
        return found.decode("utf-8", "replace")
    return found if isinstance(found, str) else ""


def whole_number(found: object) -> int | None:
    """An atom that is a number; None for anything else."""
    return decimal(found, 19) if isinstance(found, str) else None
