"""Macros of SPF: what may stand in a term's argument or in an explanation, and what it expands to.

RFC 7208 §7.1 (grammar), §7.2 (letters), §7.3 (transformers, URL escaping, length), §4.8 (domain-spec), RFC 8616 §4 (local parts beyond
ASCII). The values of the letters come in. Not here: how the name of `%{p}` is found.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import msgspec

from postroom.wire.cursor import Cursor, GrammarError

MAX_NAME = 253  # characters of an expanded name, RFC 7208 §7.3; labels on its left go until it fits
ENOUGH = (
    MAX_NAME + 2
)  # characters at the end of an expansion that decide which name it is: one is cut off, and a final dot counts not
MAX_LABEL = 63  # characters, RFC 1035 §2.3.4

_LITERAL = frozenset(range(0x21, 0x7F)) - {0x25}
_EXPLAINED = _LITERAL | {0x20}
_DELIMITERS = b".-+,/_="
_DIGITS = b"0123456789"
_ALPHANUM = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_IN_TERMS = frozenset("slodiphv")
_ANYWHERE = _IN_TERMS | frozenset("crt")  # RFC 7208 §7.2: c, r and t are for explanations
_ALL_PARTS = 1000  # more than a name has labels


class Expansion(msgspec.Struct, frozen=True):
    """`%{letter digits r delimiters}`. `parts` are kept from the right, 0 for all; `escape`: the letter was upper case."""

    letter: str
    parts: int = 0
    reverse: bool = False
    delimiters: str = ""
    escape: bool = False

    def expand(self, value: str) -> str:
        """What becomes of the letter's value (RFC 7208 §7.3): split, reversed, cut, joined with dots, escaped."""
        for delimiter in self.delimiters:
            value = value.replace(delimiter, "\n")  # no value has one
        pieces = value.split("\n" if self.delimiters else ".")
        if self.reverse:
            pieces.reverse()
        text = ".".join(pieces[-self.parts :])
        return quote(text, safe="-._~") if self.escape else text


class MacroString(msgspec.Struct, frozen=True):
    """A text in which macros stand."""

    pieces: tuple[str | Expansion, ...] = ()

    @property
    def letters(self) -> frozenset[str]:
        """The values that its expansion needs."""
        return frozenset(piece.letter for piece in self.pieces if isinstance(piece, Expansion))

    def expand(self, values: Mapping[str, str]) -> str:
        """The text; `values` has all of `letters`."""
        return self.ending(values, sys.maxsize)

    def ending(self, values: Mapping[str, str], enough: int) -> str:
        """The end of the text, of `enough` characters or a few more: what is before it costs nothing."""
        texts: list[str] = []
        for piece in reversed(self.pieces):
            text = piece if isinstance(piece, str) else piece.expand(values[piece.letter])
            texts.append(text)
            enough -= len(text)
            if enough <= 0:
                break
        return "".join(reversed(texts))


def target_name(text: str) -> str | None:
    """An expanded domain-spec as a name to ask for (RFC 7208 §4.8 and §7.3), without a final dot.

    "" when it cannot be a name, None when it is not ASCII (RFC 8616 §4).
    """
    if not text.isascii():
        return None
    text = text.removesuffix(".")
    if len(text) > MAX_NAME:
        cut = text.find(".", len(text) - MAX_NAME - 1)
        text = text[cut + 1 :] if cut >= 0 else text
    return text if has_fitting_labels(text) else ""


def has_fitting_labels(name: str) -> bool:
    """Whether a name without its final dot is made of labels with 1 to 63 characters, 253 in all."""
    return len(name) <= MAX_NAME and all(0 < len(label) <= MAX_LABEL for label in name.split("."))


def domain_spec(text: bytes) -> MacroString:
    """domain-spec = macro-string domain-end (RFC 7208 §7.1), whole; raises GrammarError."""
    cursor = Cursor(text)
    pieces, tail = _macro_string(cursor, _LITERAL, _IN_TERMS)
    if not pieces:
        raise cursor.error("a domain")
    if tail is not None and not _ends_with_toplabel(tail):
        raise cursor.error('"." and a top-level label at the end of the domain')
    return MacroString(tuple(pieces))


def macro_string(text: bytes) -> MacroString:
    """macro-string (RFC 7208 §7.1), as an unknown modifier has it; raises GrammarError."""
    return MacroString(tuple(_macro_string(Cursor(text), _LITERAL, _ANYWHERE)[0]))


def explain_string(text: bytes) -> MacroString:
    """explain-string (RFC 7208 §6.2); raises GrammarError."""
    return MacroString(tuple(_macro_string(Cursor(text), _EXPLAINED, _ANYWHERE)[0]))


def _macro_string(
    c: Cursor, literals: frozenset[int], letters: frozenset[str]
) -> tuple[Sequence[str | Expansion], bytes | None]:
    """The pieces, and the literal at the end; None when a macro is at the end."""
    pieces: list[str | Expansion] = []
    tail: bytes | None = b""
    while not c.at_end:
        tail = c.take_while(literals) or None
        if tail is not None:
            pieces.append(tail.decode("ascii"))
        else:
            pieces.append(_macro_expand(c, letters))
    return pieces, tail


def _macro_expand(c: Cursor, letters: frozenset[str]) -> str | Expansion:
    """macro-expand = ( "%{" macro-letter transformers *delimiter "}" ) / "%%" / "%_" / "%-"."""
    c.expect(b"%", "a visible ASCII character")
    for sign, text in ((b"%", "%"), (b"_", " "), (b"-", "%20")):
        if c.accept(sign):
            return text
    c.expect(b"{", 'one of "{", "%", "_", "-" after "%"')
    at = c.position
    letter = c.take(1, "a macro letter").decode("latin-1")
    if letter.lower() not in letters:
        raise GrammarError(at, f"a macro letter of {''.join(sorted(letters))}")
    parts = _parts(c)
    reverse = c.accept_keyword(b"R")
    delimiters = c.take_while(_DELIMITERS).decode("ascii")
    c.expect(b"}", '"}"')
    return Expansion(letter.lower(), parts, reverse, "".join(dict.fromkeys(delimiters)), letter.isupper())


def _parts(c: Cursor) -> int:
    at = c.position
    digits = c.take_while(_DIGITS)
    significant = digits.lstrip(b"0")
    if digits and not significant:
        raise GrammarError(at, "a number other than 0")
    return int(significant or 0) if len(significant) <= 3 else _ALL_PARTS


def _ends_with_toplabel(tail: bytes) -> bool:
    """domain-end = "." toplabel [ "." ]: letters, digits and inner hyphens, not digits alone."""
    _, dot, label = tail.decode("ascii").removesuffix(".").rpartition(".")
    return (
        bool(dot and label)
        and not label.isdigit()
        and label[0] in _ALPHANUM
        and label[-1] in _ALPHANUM
        and all(char in _ALPHANUM or char == "-" for char in label)
    )
