"""xtext: how ENVID and ORCPT carry octets that an SMTP parameter cannot hold, and the address types that ORCPT names.

RFC 3461 §4 (xtext), §4.2 (ORCPT), §4.4 (ENVID), RFC 6533 §3 (the utf-8 address type and its `\\x{...}`). Decoding is strict: a value that
would hold a control character is refused, for it ends up in a field of a report. Not here: the grammar of MAIL and RCPT.
"""

from __future__ import annotations

import re

MAX_ENVID = 100  # characters, RFC 3461 §4.4
MAX_ORCPT = 500  # characters, RFC 3461 §4.2

_XTEXT = re.compile(r"(?>(?:[!-*,-<>-~]|\+[0-9A-F]{2})*)")
_HEXCHAR = re.compile(r"\+([0-9A-F]{2})")
_TO_ENCODE = re.compile(r"[^!-*,-<>-~]")
_TYPE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,32}")
# RFC 6533 §3: QUCHAR, and the code points that are written as numbers
_UNITEXT = re.compile(r"(?>(?:[!-*,-<>-\[\]-~\u00a0-\U0010ffff]|\\x\{[0-9A-Fa-f]{2,6}\})*)")
_EMBEDDED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_TO_EMBED = re.compile(r"[^!-*,-<>-\[\]-~]")


def encode_xtext(text: str) -> str:
    """The xtext of printable ASCII text. Raises ValueError for anything else: neither parameter may hold it (RFC 3461 §4.2, §4.4)."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("xtext holds printable ASCII only")
    return _TO_ENCODE.sub(lambda found: f"+{ord(found.group()):02X}", text)


def decode_xtext(text: str) -> str | None:
    """The text meant; None when it is not xtext or holds anything but printable ASCII: CR, LF and NUL above all."""
    if not _XTEXT.fullmatch(text):
        return None
    decoded = _HEXCHAR.sub(lambda found: chr(int(found.group(1), 16)), text)
    return decoded if decoded.isascii() and decoded.isprintable() else None


def encode_envid(envid: str) -> str:
    """The ENVID value for an envelope id. Raises ValueError when the parameter cannot hold it (RFC 3461 §4.4)."""
    encoded = encode_xtext(envid)
    if not 0 < len(encoded) <= MAX_ENVID:
        raise ValueError(f"an envelope id has 1 to {MAX_ENVID} characters as xtext")
    return encoded


def decode_envid(value: str) -> str | None:
    """The envelope id of an ENVID value (RFC 3461 §4.4); None when it is not one."""
    return decode_xtext(value) if 0 < len(value) <= MAX_ENVID else None


def decode_orcpt(value: str) -> tuple[str, str] | None:
    """Address type (lower case) and address of an ORCPT value (RFC 3461 §4.2, RFC 6533 §3); None when it is not one."""
    kind, semicolon, rest = value.partition(";")
    if (
        not semicolon
        or not rest
        or len(value.encode("utf-8", "replace")) > MAX_ORCPT
        or not _TYPE.fullmatch(kind)
    ):
        return None
    kind = kind.lower()
    address = decode_unitext(rest) if kind == "utf-8" else decode_xtext(rest)
    return None if address is None else (kind, address)


def encode_orcpt(orcpt: str, *, utf8: bool = False) -> str:
    """The ORCPT value for `type;address` (RFC 3461 §4.2). Raises ValueError when the address holds what the parameter cannot.

    An address of the utf-8 type goes as it is when the server speaks SMTPUTF8 (`utf8`), else as `\\x{...}` (RFC 6533 §3).
    """
    kind, _, address = orcpt.partition(";")
    if kind == "utf-8":
        return f"utf-8;{encode_unitext(decode_unitext(address) or address, utf8=utf8)}"
    return f"{kind};{encode_xtext(address)}"


def encode_unitext(address: str, *, utf8: bool = False) -> str:
    """utf-8-addr-xtext, or with `utf8` utf-8-addr-unitext, of RFC 6533 §3. Raises ValueError for control characters."""
    if _CONTROL.search(address):
        raise ValueError("an address holds no control characters")

    def embed(found: re.Match[str]) -> str:
        char = found.group()
        return char if utf8 and ord(char) >= 0xA0 else f"\\x{{{ord(char):02X}}}"

    return _TO_EMBED.sub(embed, address)


def decode_unitext(text: str) -> str | None:
    """An address of the utf-8 type in any of its three forms (RFC 6533 §3), or in xtext; None when it is none of them."""
    if not _UNITEXT.fullmatch(text):
        return None if "\\" in text else decode_xtext(text)
    if any(int(digits, 16) > 0x10FFFF for digits in _EMBEDDED.findall(text)):
        return None
    decoded = _EMBEDDED.sub(lambda found: chr(int(found.group(1), 16)), text)
    return None if _CONTROL.search(decoded) else decoded
