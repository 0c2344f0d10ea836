"""A message made fit for a next hop that takes fewer kinds of octets.

RFC 6152 §3 (8BITMIME to 7bit), RFC 3030 §4 (binary to what DATA carries), RFC 2045 §6.2 and §6.4 (which encodings may stand where). Only bodies of parts
that need it are encoded, and only Content-Transfer-Encoding fields change; all else stays octet for octet. What is signed is never
changed (RFC 1847 §2.1). Not here: whether a next hop needs it, and headers in UTF-8, which cannot be converted.
"""

from __future__ import annotations

from postroom.message.encodings.transfer import encode_base64, encode_quoted_printable, is_lines
from postroom.message.errors import ConversionRequired
from postroom.message.headers.header import Field, Header
from postroom.message.mime.structure import Part, Structure, scan
from postroom.wire.dots import has_only_crlf

_SEALED = frozenset({"signed", "encrypted"})  # multiparts whose parts are protected as they are
_ENCODING = b"content-transfer-encoding"
_WIDE = frozenset({"8bit", "binary"})

Edit = tuple[int, int, bytes]  # from, to, what comes there instead


def downgrade(raw: bytes, *, eight_bit: bool) -> bytes:
    """The message with lines of ASCII only; with `eight_bit`, of any octets but NUL. The same object when it is that already.

    Raises `ConversionRequired` when that is impossible without changing what is signed, or what is no part.
    """
    if not _needs_encoding(raw, eight_bit=eight_bit):
        return raw
    structure = scan(raw)
    if structure.truncated:  # a container that was not looked into may not be encoded, RFC 2045 §6.4
        raise ConversionRequired
    edits: list[Edit] = []
    containers: set[int] = set()
    for part in structure.parts:
        if part.leaf and _needs_encoding(raw[part.body_start : part.body_end], eight_bit=eight_bit):
            edits += _encoded(raw, part)
            containers.update(_ancestors(structure, part))
    for index in containers:
        part = structure.parts[index]
        if part.encoding in _WIDE:
            edits.append(_header(raw, part, b"8bit" if eight_bit else b"7bit"))
    converted = _applied(raw, edits)
    if _needs_encoding(
        converted, eight_bit=eight_bit
    ):  # a header, a preamble, an encoded part with foreign octets
        raise ConversionRequired
    return converted


def _needs_encoding(octets: bytes, *, eight_bit: bool) -> bool:
    if not is_lines(octets):
        return True
    return not eight_bit and not octets.isascii()


def _ancestors(structure: Structure, part: Part) -> list[int]:
    """The containers of a part; raises `ConversionRequired` when one of them is signed or encrypted, or has no part at all."""
    found = []
    index = part.parent
    if index >= 0 and _has_no_parts(structure.parts[index], part):
        raise ConversionRequired
    while index >= 0:
        container = structure.parts[index]
        if container.media_type == "multipart" and container.subtype in _SEALED:
            raise ConversionRequired
        found.append(index)
        index = container.parent
    return found


def _has_no_parts(container: Part, part: Part) -> bool:
    """Whether `part` is only what a multipart without a delimiter holds: it has no header to say how it is encoded."""
    return container.media_type == "multipart" and part.header_start == container.body_start


def _encoded(raw: bytes, part: Part) -> list[Edit]:
    if part.media_type in ("multipart", "message") or part.encoding not in {"7bit", *_WIDE}:
        raise ConversionRequired  # RFC 2045 §6.4: composite types have no encoding; what is encoded already is broken
    body = raw[part.body_start : part.body_end]
    encoded, name = encode_base64(body), b"base64"
    if part.media_type == "text" and has_only_crlf(body):
        quoted = encode_quoted_printable(body)
        if len(quoted) <= len(encoded):
            encoded, name = quoted, b"quoted-printable"
    return [_header(raw, part, name), (part.body_start, part.body_end, encoded)]


def _header(raw: bytes, part: Part, encoding: bytes) -> Edit:
    """The part's header with this encoding; a message that was no MIME message becomes one (RFC 2045 §4)."""
    header = Header.parse(raw, part.header_start, stop=part.body_start)
    line = b"Content-Transfer-Encoding: %b\r\n" % encoding
    fields: list[bytes] = []
    known: set[bytes] = set()
    for field in header:
        name = field.name.lower()
        if name != _ENCODING:
            fields.append(_ended(field))
        elif name not in known:
            fields.append(line)
        known.add(name)
    if _ENCODING not in known:
        fields.append(line)
    if part.is_message and b"mime-version" not in known:
        fields.append(b"MIME-Version: 1.0\r\n")
    return part.header_start, part.body_start, b"".join([*fields, header.separator or b"\r\n"])


def _ended(field: Field) -> bytes:
    return field.raw if field.raw.endswith(b"\n") else field.raw + b"\r\n"


def _applied(raw: bytes, edits: list[Edit]) -> bytes:
    pieces: list[bytes] = []
    at = 0
    for start, end, octets in sorted(edits):
        pieces += [raw[at:start], octets]
        at = end
    return b"".join([*pieces, raw[at:]])
