"""Reading the fields of a report that others sent: their text, and addresses with their type.

RFC 3464 §2.1.2 and RFC 8098 §3.1.1 (the same forms: a type and a value, a comment behind it), RFC 6533 §3 (utf-8 addresses). Whatever they hold
comes out printable. Not here: which fields there are (`dsn_parse`, `mdn_parse`).
"""

from __future__ import annotations

import re
from typing import Final

from postroom.message.encodings.charset import header_text
from postroom.message.encodings.xtext import decode_unitext
from postroom.message.printable import printable

MAX_VALUE: Final = 2048  # octets of a field that are read

_COMMENT: Final = re.compile(r"\([^()]*\)\s*\Z")


def text_of(value: bytes | None) -> str:
    """The value on one line, without a comment at its end; "" where there is none."""
    if not value:
        return ""
    line = header_text(value[:MAX_VALUE]).replace("\t", " ")
    return _COMMENT.sub("", printable(line, MAX_VALUE)).strip()


def typed_address(value: bytes | None) -> tuple[str | None, str]:
    """The type in small letters, None where none is said, and the address."""
    text = text_of(value)
    kind, semicolon, rest = text.partition(";")
    if not semicolon:
        return None, text
    kind, rest = kind.strip().lower(), rest.strip()
    if kind == "utf-8":
        rest = decode_unitext(rest) or rest
    return kind, printable(rest, MAX_VALUE)
