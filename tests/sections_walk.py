"""Takes a message apart as an IMAP client would, by BODYSTRUCTURE, and checks that its sections make up the message again."""

from __future__ import annotations

from collections.abc import Callable

from imap_reader import read

Section = Callable[[str], "bytes | None"]


def check_message(raw: bytes, body_structure: bytes, section: Section) -> None:
    """`section` gives BODY[name]. The octets of all parts, in their order, and what lies between them are the message."""
    assert section("") == raw
    _message(read(body_structure)[0], "", raw, section)


def _message(tree: list, prefix: str, whole: bytes, section: Section) -> None:
    header, text = section(f"{prefix}HEADER"), section(f"{prefix}TEXT")
    assert header is not None
    assert text is not None
    assert header + text == whole
    assert section(f"{prefix}0x") is None
    if isinstance(tree[0], list):
        _children(tree, prefix, text, section)
        return
    assert section(f"{prefix}1") == text
    assert section(f"{prefix}1.MIME") == header
    assert section(f"{prefix}2") is None
    _part(tree, f"{prefix}1", section)


def _children(tree: list, prefix: str, text: bytes, section: Section) -> None:
    at = 0
    children = [child for child in tree if isinstance(child, list)]
    number = 0
    for child in children:
        if not (child and isinstance(child[0], (list, bytes)) and _is_body(child)):
            break
        number += 1
        body, mime = section(f"{prefix}{number}"), section(f"{prefix}{number}.MIME")
        assert body is not None
        assert mime is not None
        found = text.find(mime + body, at)
        assert found >= at, (number, mime + body, text)
        at = found + len(mime) + len(body)
        _part(child, f"{prefix}{number}", section)
    assert number
    assert section(f"{prefix}{number + 1}") is None


def _is_body(child: list) -> bool:
    return isinstance(child[0], list) or len(child) > 6


def _part(tree: list, number: str, section: Section) -> None:
    body = section(number)
    assert body is not None
    if isinstance(tree[0], list):
        assert section(f"{number}.TEXT") is None
        _children(tree, f"{number}.", body, section)
        return
    assert tree[6] == len(body)
    if tree[0] == b"message" and tree[1] in (b"rfc822", b"global"):
        _message(tree[8], f"{number}.", body, section)
    else:
        assert section(f"{number}.HEADER") is None
