"""Which kind of picture octets are, by how they begin; what anybody says about them does not count.

WHATWG MIME Sniffing §6.1, ISO/IEC 23000-22 (AVIF). Pictures that may hold code (SVG) are none here.
"""

from __future__ import annotations

from typing import Final

_BEGINNINGS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"BM", "image/bmp"),
)
_AVIF: Final = (b"avif", b"avis")


def picture_kind(octets: bytes) -> str | None:
    """The media type; None for what is no picture that is shown."""
    for beginning, kind in _BEGINNINGS:
        if octets.startswith(beginning):
            return kind
    if octets[:4] == b"RIFF" and octets[8:12] == b"WEBP":
        return "image/webp"
    if octets[4:8] == b"ftyp" and octets[8:12] in _AVIF:
        return "image/avif"
    return None
