"""Lists of `tag=value`, as signatures and key records are written.

RFC 6376 §3.2 (the grammar, strictly: no empty tag, no tag twice), RFC 8616 §5 (UTF-8 in values), RFC 6376 §2.11 (DKIM-Quoted-Printable). Not
here: what a tag means.
"""

from __future__ import annotations

import binascii
import re

from postroom.wire.numbers import decimal

MAX_TAG_LIST = 65_536  # octets of one list: a signature's field, or a key record

_FOLD = re.compile(rb"\r\n(?=[ \t])")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_HEX_OCTET = re.compile(r"=([0-9A-F]{2})")
_SPACE = str.maketrans("", "", " \t")


class BadTags(ValueError):
    """The text is not what its grammar says; the message names the tag."""


def parse_tags(raw: bytes) -> dict[str, str]:
    """The tags in their order, values unfolded and without the white space around them. Raises BadTags."""
    if len(raw) > MAX_TAG_LIST:
        raise BadTags(f"the tag list has {len(raw)} octets, more than {MAX_TAG_LIST}")
    if b"\n" in raw:
        raw = _FOLD.sub(b"", raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise BadTags("the tag list is not UTF-8") from None
    if _CONTROL.search(text):
        raise BadTags("the tag list has a control character")
    specs = text.split(";")
    if not specs[-1].strip(" \t"):
        specs.pop()  # a last semicolon is allowed
    tags: dict[str, str] = {}
    for spec in specs:
        name, equals, value = spec.partition("=")
        name = name.strip(" \t")
        if not equals or not _NAME.fullmatch(name):
            raise BadTags(f"not tag=value: {spec.strip()[:40]!r}")
        if name in tags:
            raise BadTags(f"the tag {name[:40]}= is there twice")
        tags[name] = value.strip(" \t")
    return tags


def without_value(raw: bytes, tag: bytes) -> bytes:
    """The list with the value of one tag deleted, all white space around the value with it (RFC 6376 §3.7, step 2)."""
    specs = raw.split(b";")
    for place, spec in enumerate(specs):
        name, equals, _ = spec.partition(b"=")
        if equals and name.strip(b" \t\r\n") == tag:
            specs[place] = name + equals
    return b";".join(specs)


def base64_value(tags: dict[str, str], tag: str) -> bytes:
    """The octets of a base64string, white space ignored; raises BadTags."""
    try:
        return binascii.a2b_base64(tags[tag].translate(_SPACE), strict_mode=True)
    except ValueError:  # a character beyond ASCII, too
        raise BadTags(f"{tag}= is not base64") from None


def number(tags: dict[str, str], tag: str, most_digits: int) -> int | None:
    """An unsigned decimal, None without the tag; raises BadTags."""
    text = tags.get(tag)
    if text is None:
        return None
    value = decimal(text.encode(), most_digits)
    if value is None:
        raise BadTags(f"{tag}= is not a number of at most {most_digits} digits")
    return value


def colon_list(text: str) -> list[str]:
    """The words between colons, without the white space around them."""
    return [word.strip(" \t") for word in text.split(":")]


def quoted_printable(text: str) -> str:
    """What DKIM-Quoted-Printable says; raises BadTags for an octet that is not written as the grammar asks, or is not UTF-8."""
    text = text.translate(_SPACE)
    if "=" not in text:
        return text
    parts = _HEX_OCTET.split(text)
    if any("=" in plain for plain in parts[::2]):
        raise BadTags("a = without two hexadecimal digits")
    octets = b"".join(bytes.fromhex(part) if place % 2 else part.encode() for place, part in enumerate(parts))
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise BadTags("quoted octets that are not UTF-8") from None
