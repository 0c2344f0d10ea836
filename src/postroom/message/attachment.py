"""Which parts are attachments, and what a file made of one may be called.

RFC 2183 §2.3 (filename: a suggestion that is never trusted), RFC 8621 §4.1.4 (hasAttachment). Not here: types from contents.
"""

from __future__ import annotations

import re

from postroom.message.mime import Part, Structure
from postroom.message.parameters import decode_parameters

LONGEST_NAME = 120  # octets of a file name that we propose; all file systems take it

_UNSAFE = re.compile(
    '[\\x00-\\x1f\\x7f-\\x9f/\\\\:*?"<>|\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffd]+'
)  # with what turns the direction of text
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)  # devices on Windows
_BODY_TYPES = frozenset({"plain", "html", "enriched"})
_BELONGING = frozenset({"report", "signed", "encrypted"})  # multiparts whose other parts are no attachments


def has_attachment(structure: Structure) -> bool:
    """Whether a list shows the paper clip: some part is neither the body nor belongs to it."""
    parts = structure.parts
    if len(parts) == 1 and parts[0].media_type == "text" and parts[0].disposition is None:
        return False
    return any(
        is_attachment(structure, part)
        for part in parts
        if part.media_type != "multipart" and (part.leaf or part.depth)
    )


def is_attachment(structure: Structure, part: Part) -> bool:
    """Whether one leaf, or one message/rfc822 with its message, is an attachment: as its disposition says, else by type and place."""
    if part.disposition:
        return part.disposition.value.lower() != "inline"
    if part.media_type == "text":
        return part.subtype not in _BODY_TYPES
    if part.parent < 0:
        return True
    container = structure.parts[part.parent].subtype
    return not (container in _BELONGING or (container == "related" and b"content-id" in part.fields))


def declared_name(part: Part) -> str:
    """The file name that the sender wrote, decoded (the disposition's, else the type's name parameter); "" where none is."""
    disposition = part.disposition
    name = decode_parameters(disposition.parameters).get("filename") if disposition else None
    return name or decode_parameters(part.parameters).get("name") or ""


def download_name(declared: str, fallback: str = "attachment") -> str:
    """A name that is no path, hides nothing and fits every file system: the last element of what was declared, cleaned and shortened."""
    name = re.split(r"[/\\]", declared)[-1]
    name = _UNSAFE.sub("_", name).strip(" .")
    if not name.strip("_"):
        return fallback
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 16:
        stem, dot, extension = name, "", ""
    room = LONGEST_NAME - len(dot + extension.encode("utf-8", "replace").decode("latin-1"))
    return stem.encode("utf-8", "replace")[:room].decode("utf-8", "ignore") + dot + extension
