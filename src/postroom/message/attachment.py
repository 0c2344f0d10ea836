"""Which parts are attachments, and what their sender calls them.

RFC 2183 §2 (disposition, filename), RFC 8621 §4.1.4 (hasAttachment). Not here: names that are safe to save under (`message.file_names`).
"""

from __future__ import annotations

from postroom.message.mime import Part, Structure
from postroom.message.parameters import decode_parameters

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
