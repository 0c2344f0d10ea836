"""A message out of an Email object: its fields, its structure, its parts encoded.

RFC 8621 §4.6 (what may be given, and what excludes what), RFC 2045, RFC 2046 §5.1. Pure: blobs, time and uniqueness are arguments. Not here: where the
message goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from postroom.message.encodings.transfer import encode, is_lines
from postroom.message.headers.dates import format_date
from postroom.message.headers.fields import FieldRefused, check, fold
from postroom.message.headers.header import unfold
from postroom.message.headers.parameters import decode_parameters, format_parameter, parse_parameters
from postroom.proto.jmap import body_parts
from postroom.proto.jmap.capabilities import MOST_ATTACHED
from postroom.proto.jmap.errors import Refused, invalid
from postroom.proto.jmap.types import Object
from postroom.proto.jmap.writing_headers import CONVENIENT, Fields
from postroom.wire.dots import only_crlf

MAX_PARTS: Final = 200  # of one message
MAX_DEPTH: Final = 20  # multiparts in each other

_TYPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,100}")
_MESSAGES: Final = ("message/rfc822", "message/global")
_OF_PART: Final = frozenset((*body_parts.DEFAULT, "subParts"))
BODIES: Final = ("bodyStructure", "textBody", "htmlBody", "attachments", "bodyValues")
_TEXT_BODIES: Final = ("textBody", "htmlBody")


class Making(msgspec.Struct, frozen=True):
    """What the writer must be given: the time (unix seconds), a name that no other message has, and the domain on its right side."""

    now: int
    unique: str
    domain: str


class NewPart(msgspec.Struct):
    """A part to be written: its fields besides those of its content, and a content or parts below.

    `parameters` are those of its Content-Type, as `format_parameter` gives them, besides charset, name and boundary.
    """

    fields: Fields
    kind: str
    content: bytes = b""
    is_text: bool = False
    charset: str = ""
    name: str = ""
    below: list[NewPart] = []
    parameters: list[str] = []


def blob_ids(email: Object) -> list[str]:
    """The blobs that an Email's parts are made of, each once."""
    found: dict[str, None] = {}
    waiting: list[Any] = [
        email.get("bodyStructure"),
        email.get("textBody"),
        email.get("htmlBody"),
        email.get("attachments"),
    ]
    count = 0
    while waiting and count <= 10 * MAX_PARTS:
        node = waiting.pop()
        count += 1
        if isinstance(node, list):
            waiting += node[: MAX_PARTS + 1]
        elif isinstance(node, dict):
            if isinstance(node.get("blobId"), str):
                found[node["blobId"]] = None
            waiting.append(node.get("subParts"))
    return list(found)


def too_large() -> Refused:
    """The parts have more octets than an email may have, or one of them is named too often."""
    return Refused("tooLarge", f"all parts have at most {MOST_ATTACHED} octets", maxSize=MOST_ATTACHED)


def write(email: Object, blobs: Mapping[str, bytes], making: Making) -> bytes:
    """The message. `email` has properties of header and body only. Raises `Refused`."""
    _check_bodies(email)
    head = Fields()
    for name, value in email.items():
        if name in BODIES:
            continue
        if name == "headers" or name.lower().startswith("header:content-") or not head.put(name, value):
            raise invalid(name, "a message is not made with this property")
    reader = _Reader(email.get("bodyValues") or {}, blobs)
    root = reader.root(email)
    twice = [name for name in root.fields.names if name in head.names]
    if twice:
        raise invalid(
            ["bodyStructure", *(head.names[name] for name in twice)], "both give the same header field"
        )
    lines = [*head.lines]
    given = head.written | root.fields.written
    if "message-id" not in given:
        lines.append(f"Message-ID: <{making.unique}@{making.domain}>\r\n".encode())
    if "date" not in given:
        lines.append(f"Date: {format_date(making.now)}\r\n".encode())
    if "mime-version" not in given:
        lines.append(b"MIME-Version: 1.0\r\n")
    return b"".join([*lines, _render(root, making.unique)])


def _check_bodies(email: Object) -> None:
    given = [name for name in BODIES[:4] if email.get(name) is not None]
    if given[:1] == ["bodyStructure"] and (wrong := given[1:]):
        raise invalid(["bodyStructure", *wrong], "bodyStructure stands for all of the body")
    for name, kind in (("textBody", "text/plain"), ("htmlBody", "text/html")):
        parts = email.get(name)
        if parts is not None and not (
            isinstance(parts, list)
            and len(parts) == 1
            and isinstance(parts[0], dict)
            and str(parts[0].get("type") or kind).lower() == kind
        ):
            raise _other_type(name, kind)


def _other_type(name: str, kind: str) -> Refused:
    return invalid(name, f"exactly one part of type {kind}")


class _Reader:
    """Makes parts of EmailBodyPart objects."""

    def __init__(self, values: Any, blobs: Mapping[str, bytes]) -> None:
        if not isinstance(values, dict):
            raise invalid("bodyValues", "an object")
        self._values = values
        self._blobs = blobs
        self._count = 0
        self._size = 0

    def root(self, email: Object) -> NewPart:
        """The structure of the whole body."""
        if email.get("bodyStructure") is not None:
            return self.part(email["bodyStructure"], "bodyStructure", 0)
        bodies = [
            self._body(email[name][0], name, kind)
            for name, kind in (("textBody", "text/plain"), ("htmlBody", "text/html"))
            if email.get(name)
        ]
        attached = email.get("attachments") or []
        if not isinstance(attached, list):
            raise invalid("attachments", "a list of parts")
        files = [self.part(one, "attachments", 0) for one in attached]
        within = [one for one in files if "content-id" in one.fields.names and email.get("htmlBody")]
        if within and bodies:
            bodies[-1] = _multi("related", [bodies[-1], *within])
        others = [one for one in files if one not in within]
        for one in others:  # else it might be read as a piece of the text, RFC 8621 §4.1.4
            if not (one.below or one.name or "content-disposition" in one.fields.names):
                _dispose(one, "attachment")
        if not bodies and not others:
            return NewPart(Fields(), "text/plain", b"", is_text=True)
        body = [bodies[0]] if len(bodies) == 1 else [_multi("alternative", bodies)] if bodies else []
        return body[0] if body and not others else _multi("mixed", [*body, *others])

    def _body(self, given: Any, name: str, kind: str) -> NewPart:
        part = self.part(given, name, 0, kind)
        if part.kind != kind:  # as a field of its own says
            raise _other_type(name, kind)
        return part

    def part(self, given: Any, where: str, depth: int, kind: str = "") -> NewPart:
        """One part with all below it; raises `Refused`."""
        self._count += 1
        if not isinstance(given, dict) or self._count > MAX_PARTS or depth > MAX_DEPTH:
            raise invalid(where, f"at most {MAX_PARTS} parts, {MAX_DEPTH} deep in each other, each an object")
        fields = Fields()
        for name, value in given.items():
            if name in _OF_PART:
                continue
            if name in CONVENIENT or name == "headers" or not fields.put(name, value):
                raise invalid(f"{where}/{name}", "a part is not made with this property")
        if "content-transfer-encoding" in fields.names:
            raise invalid(f"{where}/header:Content-Transfer-Encoding", "the server chooses the encoding")
        part = NewPart(fields, str(given.get("type") or kind or "text/plain"))
        self._take_type(part, given, where)
        if not _TYPE.fullmatch(part.kind):
            raise invalid(f"{where}/type", "not a media type of the form type/subtype")
        part.kind = part.kind.lower()
        self._describe(part, given, where)
        if part.kind.startswith("multipart/"):
            below = given.get("subParts")
            named = given.get("partId") is not None or given.get("blobId") is not None
            if not isinstance(below, list) or not below or named:
                raise invalid(f"{where}/subParts", "a multipart has parts, and nothing else")
            part.below = [self.part(one, where, depth + 1) for one in below]
        else:
            self._fill(part, given, where)
            self._size += len(part.content)
            if self._size > MOST_ATTACHED:
                raise too_large()
        return part

    def _take_type(self, part: NewPart, given: Object, where: str) -> None:
        """A Content-Type that is given as a field: the server writes it, with its own charset and boundary."""
        fields = part.fields
        lines = [line for line in fields.lines if line[:13].lower() == b"content-type:"]
        if not lines:
            return
        named = fields.names["content-type"]
        twice = [f"{where}/{name}" for name in ("type", "charset") if given.get(name) is not None]
        if twice or len(lines) > 1:
            raise invalid([*twice, named], "a part has one Content-Type")
        fields.lines.remove(lines[0])
        declared = parse_parameters(unfold(lines[0][13:]))
        parameters = decode_parameters(declared.parameters)
        part.kind = declared.value
        part.charset = parameters.pop("charset", "")
        parameters.pop("boundary", None)
        part.parameters = [
            piece for name, value in parameters.items() for piece in format_parameter(name, value)
        ]

    def _fill(self, part: NewPart, given: Object, where: str) -> None:
        part_id, blob_id = given.get("partId"), given.get("blobId")
        if given.get("subParts") or (part_id is None) == (blob_id is None):
            raise invalid(f"{where}/partId", "a part has a partId or a blobId, not both")
        if part_id is not None:
            if given.get("charset") is not None or given.get("size") is not None:
                raise invalid(
                    [f"{where}/charset", f"{where}/size"], "only of a blob; a bodyValue is written as UTF-8"
                )
            part.content, part.is_text = self._value(part_id, where), True
            part.charset = "us-ascii" if part.content.isascii() else "utf-8"
            return
        if not isinstance(blob_id, str):
            raise invalid(f"{where}/blobId", "an id is needed")
        content = self._blobs.get(blob_id)
        if content is None:
            raise Refused("blobNotFound", "a blob is not there", notFound=[blob_id])
        part.content = only_crlf(content) if part.kind in _MESSAGES else content
        part.is_text = part.kind.startswith("text/") and is_lines(content)
        charset = given.get("charset")
        if charset is not None:
            if not isinstance(charset, str) or not _TOKEN.fullmatch(charset):
                raise invalid(f"{where}/charset", "not the name of a charset")
            part.charset = charset

    def _value(self, part_id: Any, where: str) -> bytes:
        found = self._values.get(part_id) if isinstance(part_id, str) else None
        if not isinstance(found, dict) or not isinstance(found.get("value"), str):
            raise invalid([f"{where}/partId", "bodyValues"], "the partId has no value in bodyValues")
        if (
            found.get("isEncodingProblem")
            or found.get("isTruncated")
            or not set(found) <= {"value", "isEncodingProblem", "isTruncated"}
        ):
            raise invalid(f"bodyValues/{part_id[:100]}", "a whole text without problems")
        try:
            text: bytes = found["value"].encode()
        except UnicodeEncodeError as error:
            raise invalid(f"bodyValues/{part_id[:100]}", "a lone surrogate is no character") from error
        return text

    def _describe(self, part: NewPart, given: Object, where: str) -> None:
        """The fields that have properties of their own."""
        for name, field, make in _DESCRIBED:
            value = given.get(name)
            if value is None:
                continue
            if field.lower() in part.fields.names:
                raise invalid(
                    [f"{where}/{name}", part.fields.names[field.lower()]], "both are the same header field"
                )
            try:
                line = make(field, value, given)
            except (FieldRefused, TypeError, ValueError) as error:
                raise invalid(f"{where}/{name}", str(error) or "not a value of this property") from error
            part.fields.names[field.lower()] = name
            part.fields.lines.append(line)
        file_name = given.get("name")
        if file_name is not None and not isinstance(file_name, str):
            raise invalid(f"{where}/name", "a string")
        part.name = file_name or ""
        disposition = part.fields.names.get("content-disposition")
        if part.name and disposition not in (None, "disposition"):
            raise invalid([f"{where}/name", disposition or ""], "both are the same header field")
        if part.name and disposition is None:
            _dispose(part, "inline" if where in _TEXT_BODIES else "attachment")


def _dispose(part: NewPart, word: str) -> None:
    """Content-Disposition of a part of which the client does not say it."""
    name = format_parameter("filename", check("name", part.name)) if part.name else []
    part.fields.lines.append(_with("Content-Disposition", word, name))


def _disposition(field: str, value: Any, given: Object) -> bytes:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError("inline, attachment, or another word")
    name = given.get("name")
    return _with(
        field,
        value.lower(),
        format_parameter("filename", check("name", name)) if isinstance(name, str) and name else [],
    )


def _cid(field: str, value: Any, _given: Object) -> bytes:
    if not isinstance(value, str) or not re.fullmatch(r"[^<>\s\x00-\x1f\x7f]{1,250}", value):
        raise ValueError("an identifier without angle brackets")
    return f"{field}: <{value}>\r\n".encode()


def _languages(field: str, value: Any, _given: Object) -> bytes:
    if not isinstance(value, list) or not all(
        isinstance(one, str) and re.fullmatch(r"[A-Za-z0-9-]{1,100}", one) for one in value
    ):
        raise ValueError("a list of language tags")
    return fold(field, ", ".join(value))


def _location(field: str, value: Any, _given: Object) -> bytes:
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]{1,1000}", value):
        raise ValueError("a URI")
    return f"{field}: {value}\r\n".encode()


_Make = Callable[[str, Any, Object], bytes]
_DESCRIBED: Final[Sequence[tuple[str, str, _Make]]] = (
    ("disposition", "Content-Disposition", _disposition),
    ("cid", "Content-ID", _cid),
    ("language", "Content-Language", _languages),
    ("location", "Content-Location", _location),
)


def _multi(subtype: str, parts: list[NewPart]) -> NewPart:
    return (
        parts[0]
        if len(parts) == 1 and subtype == "alternative"
        else NewPart(Fields(), f"multipart/{subtype}", below=parts)
    )


def _with(name: str, value: str, parameters: Sequence[str]) -> bytes:
    """A field with parameters, folded between them."""
    lines = [f"{name}: {value}"]
    for parameter in parameters:
        lines[-1] += ";"
        if len(lines[-1]) + len(parameter) > 76:
            lines.append(f" {parameter}")
        else:
            lines[-1] += f" {parameter}"
    return "\r\n".join(lines).encode() + b"\r\n"


def _render(part: NewPart, unique: str) -> bytes:
    """Fields, empty line and body, as deep as `_Reader` lets a part be."""
    if part.below:
        inner = [_render(one, unique) for one in part.below]
        boundary = f"=_{unique}".encode()
        while any(b"--" + boundary in one for one in inner):
            boundary += b"_"
        delimiter = b"--" + boundary
        head = _with("Content-Type", part.kind, [*part.parameters, f'boundary="{boundary.decode()}"'])
        body = b"".join(delimiter + b"\r\n" + one + b"\r\n" for one in inner) + delimiter + b"--\r\n"
        return b"".join([*part.fields.lines, head, b"\r\n", body])
    encoding, body = _encoded(part)
    parameters = [*part.parameters, *(format_parameter("charset", part.charset) if part.charset else [])]
    named = any(one.startswith("name") for one in part.parameters)
    parameters += (
        format_parameter("name", part.name) if part.name.isascii() and part.name and not named else []
    )
    head = _with("Content-Type", part.kind, parameters)
    if encoding != "7bit":
        head += f"Content-Transfer-Encoding: {encoding}\r\n".encode()
    return b"".join([*part.fields.lines, head, b"\r\n", body])


def _encoded(part: NewPart) -> tuple[str, bytes]:
    if part.kind in _MESSAGES and is_lines(part.content):  # may not be encoded, RFC 2046 §5.2.1
        return ("7bit" if part.content.isascii() else "8bit"), part.content
    done = encode(part.content, text=part.is_text)
    return done.encoding, done.body
