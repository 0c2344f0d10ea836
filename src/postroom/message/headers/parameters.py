"""Parameters of structured MIME fields, both ways: `value; name=value; name="value"`.

RFC 2045 §5.1 (Content-Type), RFC 2183 §2 (Content-Disposition), RFC 2231 §3 and §4 (continuations, charset and language), and what
mail has besides: values that should have been quoted, encoded-words where they may not stand.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from postroom.message.encodings import charset as charsets
from postroom.message.encodings import encoded_words
from postroom.message.headers.comments import without_comments

MAX_PARAMETERS = 128  # of one field; the rest is not read
MAX_FIELD = 65536  # characters; likewise

_MAIN = re.compile(r"[ \t\r\n]*+([^;\s]*+)")
_PARAMETER = re.compile(
    r';\s*+([^\s;="]++)\s*+=\s*+(?:"([^"\\]*+(?>(?:\\.[^"\\]*+)*))"?+|([^;"]*+))', re.DOTALL
)
_PIECE = re.compile(r"([^*]+)\*(?:(0|[1-9][0-9]{0,3})(\*?))?")
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")

_TOKEN = re.compile(r"[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+")
_QUOTABLE = re.compile(r"[ -~]+")
_ATTRIBUTE = frozenset(
    b"!#$&+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~"
)  # RFC 2231 §7
_LINE = 76


class Parameterized(NamedTuple):
    """The value before the first `;`, as written, and the parameters as they came: names in lower case, quotes taken off."""

    value: str
    parameters: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """The first parameter of that name (lower case), not decoded."""
        for key, value in self.parameters:
            if key == name:
                return value
        return None


def parse_parameters(field: bytes | str, limit: int = MAX_PARAMETERS) -> Parameterized:
    """Reads an unfolded value, at most MAX_FIELD characters of it; never raises."""
    text = charsets.header_text(field) if isinstance(field, bytes) else field
    if len(text) > MAX_FIELD:
        text = text[:MAX_FIELD]
    text = without_comments(text)
    match = _MAIN.match(text)
    if match is None or match.end() == len(text):
        return Parameterized(match[1] if match else "", ())
    found = _PARAMETER.findall(text, match.end())[:limit]
    return Parameterized(
        match[1], tuple([(name.lower(), _unquoted(quoted) or bare.strip()) for name, quoted, bare in found])
    )


def _unquoted(quoted: str) -> str:
    return _PAIR.sub(r"\1", quoted) if "\\" in quoted else quoted


def decode_parameters(parameters: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """The values as text, by name: continuations joined, charsets and encoded-words decoded, the first of two equal names taken.

    An RFC 2231 value is taken before a plain one of the same name (§4: it is the better one of the two that a sender writes).
    """
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value in parameters:
        match = _PIECE.fullmatch(name) if "*" in name else None
        if match:
            extended = match[2] is None or bool(match[3])
            pieces.setdefault(match[1], {}).setdefault(int(match[2] or 0), (value, extended))
        else:
            plain.setdefault(name, encoded_words.decode(value))
    return plain | {name: _joined(found) for name, found in pieces.items() if 0 in found}


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    first, extended = pieces[0]
    charset = "utf-8"
    if extended and first.count("'") >= 2:
        charset, _, first = first.split("'", 2)
    octets = [_octets(first, extended=extended)]
    number = 1
    while number in pieces:
        octets.append(_octets(pieces[number][0], extended=pieces[number][1]))
        number += 1
    return charsets.visible(charsets.decode(b"".join(octets), charset or "utf-8").text)


def _octets(value: str, *, extended: bool) -> bytes:
    octets = value.encode("utf-8", "replace")
    return _PERCENT.sub(lambda match: bytes([int(match[1], 16)]), octets) if extended else octets


def format_parameter(name: str, value: str) -> list[str]:
    """`name=value` as it goes after a `;`: a token, a quoted-string, or the pieces of RFC 2231 where it is long, not ASCII, or like an encoded-word.

    Each item is at most 76 characters and belongs after a `;` of its own. Control characters are percent-encoded, so none can end the line.
    """
    if _TOKEN.fullmatch(value) and len(name) + len(value) < _LINE:
        return [f"{name}={value}"]
    if not value or ("=?" not in value and _QUOTABLE.fullmatch(value)):
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        if len(name) + len(quoted) + 3 <= _LINE:
            return [f'{name}="{quoted}"']
    return _extended(name, value)


def _extended(name: str, value: str) -> list[str]:
    octets = value.encode("utf-8", "replace")
    encoded = [chr(octet) if octet in _ATTRIBUTE else f"%{octet:02X}" for octet in octets]
    whole = f"{name}*=utf-8''{''.join(encoded)}"
    if len(whole) <= _LINE:
        return [whole]
    lines: list[str] = []
    line = f"{name}*0*=utf-8''"
    for piece in encoded:
        if len(line) + len(piece) > _LINE:
            lines.append(line)
            line = f"{name}*{len(lines)}*="
        line += piece
    return [*lines, line]
