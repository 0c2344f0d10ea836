"""data: URIs: octets that stand in a text, with their media type.

RFC 2397 §3. Linear. Not here: what is done with them.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final
from urllib.parse import unquote_to_bytes

DEFAULT: Final = "text/plain;charset=US-ASCII"


def read_data_uri(text: str) -> tuple[str, bytes] | None:
    """The media type and the octets; None for what is none."""
    head, comma, body = text.partition(",")
    if head[:5].lower() != "data:" or not comma:
        return None
    kind = head[5:]
    encoded = kind.lower().endswith(";base64")
    octets = unquote_to_bytes(body)
    if encoded:
        kind = kind[: -len(";base64")]
        try:
            octets = base64.b64decode(octets, validate=True)
        except (binascii.Error, ValueError):
            return None
    return _type(kind), octets


def _type(kind: str) -> str:
    """RFC 2397 §3: without a type, text/plain; with parameters alone, those of text/plain."""
    if not kind:
        return DEFAULT
    return f"text/plain{kind}" if kind.startswith(";") else kind
