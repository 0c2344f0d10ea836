"""Modified UTF-7, in which IMAP4rev1 writes the names of mailboxes.

RFC 3501 §5.1.3: printable ASCII stands for itself, `&` is `&-`, everything else is UTF-16 in base64 with `,` for `/` between `&` and `-`. There is
one way to write a name, and only that one is read. Not here: which names a mailbox may have.
"""

from __future__ import annotations

import base64
import binascii
import re

_SHIFTED = re.compile(r"&([^-]*+)(-?)")
_TO_SHIFT = re.compile(r"[^ -%'-~]++|&")


class Utf7Error(ValueError):
    """The name is not modified UTF-7, or not written in the shortest way."""


def decode_utf7(name: str) -> str:
    """The name in Unicode; raises `Utf7Error`."""
    decoded = _SHIFTED.sub(_unshift, name)
    if encode_utf7(decoded) != name:
        raise Utf7Error(f"it would be written {encode_utf7(decoded)!r}")
    return decoded


def encode_utf7(name: str) -> str:
    """The name in ASCII; raises `Utf7Error` for what no text has (lone surrogates)."""
    return _TO_SHIFT.sub(_shift, name)


def _unshift(match: re.Match[str]) -> str:
    if not match[2]:
        raise Utf7Error("a shift & without its end -")
    if not match[1]:
        return "&"
    digits = match[1].replace(",", "/")
    try:
        return base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True).decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise Utf7Error(f"&{match[1]}- is not UTF-16 in base64") from None


def _shift(match: re.Match[str]) -> str:
    if match[0] == "&":
        return "&-"
    try:
        octets = match[0].encode("utf-16-be")
    except UnicodeEncodeError:
        raise Utf7Error("half of a surrogate pair") from None
    return "&" + base64.b64encode(octets).decode("ascii").rstrip("=").replace("/", ",") + "-"
