"""Which parts are attachments, and what their sender calls them.

RFC 2183 §2 (disposition, filename), RFC 8621 §4.1.4 (hasAttachment). Not here: names that are safe to save under (`message.mime.file_names`).
"""

from __future__ import annotations

from postroom.message.headers.parameters import decode_parameters
from postroom.message.mime.structure import Part, Structure

BODY_TYPES = frozenset({"plain", "html", "enriched"})
_BELONGING = frozenset({"report", "signed", "encrypted"})  # multiparts whose other parts are no attachments


def has_attachment(structure: Structure) -> bool:
    """Whether a list shows the paper clip: some part is neither the body nor belongs to it."""
    parts = structure.parts
    if len(parts) == 1 and parts[0].disposition is None and _is_body(parts[0]):
        return False
    return any(is_attachment(structure, part) for part in parts if part.media_type != "multipart")


def is_attachment(structure: Structure, part: Part) -> bool:
    """Whether one leaf, or one message/rfc822 with its message, is an attachment: as its disposition says, else by type and place."""
    if part.disposition:
        return part.disposition.value.lower() != "inline"
    if part.media_type == "text":
        return not _is_body(part) or (_is_further(part) and bool(declared_name(part)))
    if part.parent < 0:
        return True
    container = structure.parts[part.parent].subtype
    return not (container in _BELONGING or (container == "related" and b"content-id" in part.fields))


def _is_body(part: Part) -> bool:
    return part.media_type == "text" and part.subtype in BODY_TYPES


def _is_further(part: Part) -> bool:
    """Whether it stands behind others: a text with a name that comes first is the body (RFC 8621 §4.1.4)."""
    return part.section.rpartition(".")[2] != "1"


def declared_name(part: Part) -> str:
    """The file name that the sender wrote, decoded (the disposition's, else the type's name parameter); "" where none is."""
    disposition = part.disposition
    name = decode_parameters(disposition.parameters).get("filename") if disposition else None
    return name or decode_parameters(part.parameters).get("name") or ""
