"""BODY out of BODYSTRUCTURE: the form without extension data, made of the rendered octets that are kept with a message.

RFC 9051 §7.5.2 (BODY), §9 (body-type-mpart, body-type-1part). Linear and without recursion. Not here: rendering a structure (`message.summary.imap_rendering`).
"""

from __future__ import annotations

import re

_TOKEN = re.compile(rb'[()]|"[^"\\]*+(?>(?:\\.[^"\\]*+)*)"|\{(\d+)\}\r\n|[^ ()"{]++', re.DOTALL)
_LEAF = 7  # fields before the extensions: type, subtype, parameters, id, description, encoding, size
_TEXT = 8  # and lines
_MESSAGE = 10  # and envelope, body, lines
_EMBEDDED = 8  # the fields before the body of a message
_MESSAGES = frozenset({b'"rfc822"', b'"global"'})


class _Body:
    """A body that is open. `cut` is where its extensions begin."""

    __slots__ = ("_fields", "_limit", "_multipart", "_type", "cut")

    def __init__(self) -> None:
        self.cut = 0
        self._fields = 0
        self._limit = _LEAF
        self._multipart = False
        self._type = b""

    def holds(self) -> bool:
        """Whether a parenthesis that opens here is that of a body inside."""
        if not self._fields:
            self._multipart = True
        return (self._multipart and not self._fields) or (
            self._limit == _MESSAGE and self._fields == _EMBEDDED
        )

    def body_ended(self, end: int) -> None:
        """A body inside was closed."""
        if not self._multipart:
            self.field(b"", end)

    def field(self, token: bytes, end: int) -> None:
        """A field ended at `end`."""
        self._fields += 1
        if self._multipart:
            self._limit = 1
        elif self._fields == 1:
            self._type = token
        elif self._fields == 2:
            if self._type == b'"text"':
                self._limit = _TEXT
            elif self._type == b'"message"' and token in _MESSAGES:
                self._limit = _MESSAGE
        if self._fields == self._limit:
            self.cut = end


def without_extensions(rendered: bytes) -> bytes:
    """BODY for a rendered BODYSTRUCTURE."""
    out: list[bytes] = []
    shown = at = nested = 0
    bodies: list[_Body] = []
    while at < len(rendered):
        if rendered[at] == 0x20:
            at += 1
        match = _TOKEN.match(rendered, at)
        assert match is not None, "a rendered BODYSTRUCTURE follows its grammar"
        start, at = at, match.end() + int(match[1] or 0)
        token = match[0]
        if token == b"(":
            if not nested and (not bodies or bodies[-1].holds()):
                bodies.append(_Body())
            else:
                nested += 1
        elif token != b")":
            if not nested:
                bodies[-1].field(token, at)
        elif nested:
            nested -= 1
            if not nested:
                bodies[-1].field(token, at)
        else:
            cut = bodies.pop().cut or start
            out.append(rendered[shown:cut])
            shown = start
            if bodies:
                bodies[-1].body_ended(at)
    out.append(rendered[shown:])
    return b"".join(out)
