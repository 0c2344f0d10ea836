"""Text from strangers, made fit for people's eyes: terminals, logs, reports, queue listings.

What a peer said may hold escape sequences, line ends that forge a header field (RFC 5322 §2.2) or characters that reverse the reading
direction. Here they become visible escapes. Not here: the quoting of any header syntax, the decoding of encoded-words.
"""

from __future__ import annotations

import re

MAX_LINE = 2048  # characters

# C0, DEL, C1, soft hyphen; zero-width and bidirectional controls; line and paragraph separators; surrogates; BOM; tags; non-characters
_UNFIT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff\U000e0000-\U000e0fff]"
)


def printable(text: str | bytes, limit: int = MAX_LINE) -> str:
    """One line without any control: those become `\\x1b` or `\\u202e`; octets that are not UTF-8 become `\\xNN`.

    More than `limit` characters are cut, with `...` in their place.
    """
    if isinstance(text, bytes):
        text = text[: 4 * limit + 4].decode("utf-8", "backslashreplace")
    if len(text) > limit:
        text = text[: max(0, limit - 3)] + "..."
    return text if text.isascii() and text.isprintable() else _UNFIT.sub(_escape, text)


def printable_ascii(text: str | bytes, limit: int = MAX_LINE) -> str:
    """As `printable`, with everything outside ASCII escaped as well; `limit` holds for what comes out."""
    shown = printable(text, limit).encode("ascii", "backslashreplace").decode("ascii")
    return shown if len(shown) <= limit else shown[: max(0, limit - 3)] + "..."


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
