"""ENVELOPE and BODYSTRUCTURE as IMAP sends them, rendered to the octet.

RFC 9051 §7.5.2 (what they contain), §9 (envelope, body, string); text beyond ASCII goes as UTF-8 in literals, so that clients of RFC 3501
read it too. No line end is outside a literal, so nothing in a message becomes part of the protocol. Not here: FETCH.
"""

from __future__ import annotations

import re

from postroom.message.encodings.charset import header_text
from postroom.message.headers.address_list import AddressSpec, Group, parse_address_list
from postroom.message.mime.structure import Part, Structure

MAX_STRING = 8192  # characters of one string; what is longer is cut

_PLAIN = re.compile(r"[ !#-\[\]-~]*+")  # what a quoted string holds as it is
_PLAIN_OCTETS = re.compile(_PLAIN.pattern.encode())
_QUOTABLE = re.compile(r"[\x01-\x09\x0b\x0c\x0e-\x7f]*+")  # TEXT-CHAR, RFC 9051 §9
_COMMENT = re.compile(r"\([^()]*+\)?")
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{1,64}")
_ADDRESS_FIELDS = (b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc")
_STRING_FIELDS = (b"date", b"subject", b"in-reply-to", b"message-id")
_NONE = " NIL NIL NIL"

Entries = list[AddressSpec | Group]


def string(value: str) -> str:
    """A quoted string, or a literal where a quoted one cannot hold it (RFC 9051 §4.3); NUL, which none can hold, is made U+FFFD.

    The length in a literal counts octets of UTF-8, in which the whole has to be encoded.
    """
    if len(value) <= MAX_STRING:
        if _PLAIN.fullmatch(value):
            return f'"{value}"'
        if _QUOTABLE.fullmatch(value):
            value = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{value}"'
    value = value[:MAX_STRING].replace("\0", "\ufffd")
    return f"{{{len(value.encode())}}}\r\n{value}"


def _field(fields: dict[bytes, bytes], name: bytes) -> str:
    """An nstring: NIL for a field that is not there."""
    value = fields.get(name)
    if value is None:
        return "NIL"
    if _PLAIN_OCTETS.fullmatch(value) and len(value) <= MAX_STRING:  # nearly always
        return f'"{value.decode("ascii")}"'
    return string(header_text(value))


def address_entries(fields: dict[bytes, bytes]) -> dict[bytes, Entries]:
    """The parsed address fields of a message, by field name in lower case; those that are not there are missing."""
    return {name: parse_address_list(fields[name]) for name in _ADDRESS_FIELDS if name in fields}


def envelope(fields: dict[bytes, bytes], entries: dict[bytes, Entries]) -> bytes:
    """ENVELOPE from the unfolded fields of a message and its parsed address fields."""
    get = {name: _addresses(found) for name, found in entries.items() if found}.get
    author = get(b"from", "NIL")
    date, subject, answered, identifier = [_field(fields, name) for name in _STRING_FIELDS]
    # RFC 9051 §7.5.2: a sender or reply-to that is not there is the from
    sender, reply_to = get(b"sender", author), get(b"reply-to", author)
    to, cc, bcc = get(b"to", "NIL"), get(b"cc", "NIL"), get(b"bcc", "NIL")
    return f"({date} {subject} {author} {sender} {reply_to} {to} {cc} {bcc} {answered} {identifier})".encode()


def _addresses(entries: Entries) -> str:
    pieces: list[str] = []
    for entry in entries:
        if isinstance(entry, Group):  # RFC 9051 §7.5.2: a group begins with its name and ends with NILs
            pieces.append(f"(NIL NIL {string(entry.phrase)} NIL)")
            pieces += [_address(member) for member in entry.members]
            pieces.append("(NIL NIL NIL NIL)")
        else:
            pieces.append(_address(entry))
    return f"({''.join(pieces)})"


def _address(spec: AddressSpec) -> str:
    phrase, local, domain = spec.phrase, spec.local, spec.domain
    if (
        not spec.route
        and _PLAIN.fullmatch(phrase + local + domain)
        and len(phrase) + len(local) <= MAX_STRING
    ):
        return f'("{phrase}" NIL "{local}" "{domain}")' if phrase else f'(NIL NIL "{local}" "{domain}")'
    name = string(phrase) if phrase else "NIL"
    route = string(spec.route) if spec.route else "NIL"
    return f"({name} {route} {string(local)} {string(domain)})"  # a host of NIL would mean a group


def body_structure(structure: Structure, envelopes: dict[int, bytes], *, extended: bool = True) -> bytes:
    """BODYSTRUCTURE, or BODY without `extended`; `envelopes` of the nested messages by their index in `structure.parts`."""
    parts = structure.parts
    if len(parts) == 1:
        return _leaf(parts[0], extended=extended).encode()
    out: list[bytes] = []
    ends: list[tuple[int, str]] = []  # containers that are open: depth, and what closes them
    for index, part in enumerate(parts):
        while ends and ends[-1][0] >= part.depth:
            out.append(ends.pop()[1].encode())
        if part.leaf:
            out.append(_leaf(part, extended=extended).encode())
        elif part.media_type == "multipart":
            out.append(b"(")
            ends.append(
                (part.depth, f" {string(part.subtype)}{_multipart_extension(part) if extended else ''})")
            )
        else:
            out.append(b"(%b %b " % (_basic(part).encode(), envelopes[index + 1]))
            ends.append((part.depth, f" {part.lines}{_extension(part) if extended else ''})"))
    out += [end.encode() for _, end in reversed(ends)]
    return b"".join(out)


def _leaf(part: Part, *, extended: bool) -> str:
    lines = f" {part.lines}" if part.media_type == "text" else ""
    return f"({_basic(part)}{lines}{_extension(part) if extended else ''})"


def _basic(part: Part) -> str:
    identifier, description = _field(part.fields, b"content-id"), _field(part.fields, b"content-description")
    parameters = _parameters(part.parameters)
    return f'"{part.media_type}" "{part.subtype}" {parameters} {identifier} {description} {string(part.encoding)} {part.size}'


def _extension(part: Part) -> str:
    return f" {_field(part.fields, b'content-md5')}{_tail(part)}"


def _multipart_extension(part: Part) -> str:
    return f" {_parameters(part.parameters)}{_tail(part)}"


def _tail(part: Part) -> str:
    fields, disposition = part.fields, part.disposition
    if disposition is None and b"content-language" not in fields and b"content-location" not in fields:
        return _NONE
    shown = (
        f"({string(disposition.value.lower())} {_parameters(disposition.parameters)})"
        if disposition
        else "NIL"
    )
    return f" {shown} {_languages(fields.get(b'content-language'))} {_field(fields, b'content-location')}"


def _languages(value: bytes | None) -> str:
    """Content-Language as a list of strings (RFC 9051 §9, body-fld-lang)."""
    if value is None:
        return "NIL"
    found = _LANGUAGE.findall(_COMMENT.sub(" ", header_text(value)))[:100]
    return "(" + " ".join([f'"{language}"' for language in found]) + ")" if found else "NIL"


def _parameters(parameters: tuple[tuple[str, str], ...]) -> str:
    if not parameters:
        return "NIL"
    return "(" + " ".join([f"{string(name)} {string(value)}" for name, value in parameters]) + ")"
