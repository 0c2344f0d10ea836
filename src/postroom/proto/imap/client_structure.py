"""ENVELOPE and BODYSTRUCTURE as a client reads them.

RFC 9051 §7.5.2 and §9 (envelope, body); §6.4.5.1 (how parts are numbered). What has another shape than the grammar gives it becomes empty fields,
never an error: a listing is worth more than a protest. Not here: the values in parentheses (`client_tokens`).
"""

from __future__ import annotations

from postroom.proto.imap.client_tokens import plain, whole_number
from postroom.proto.imap.client_values import Address, BodyPart, Envelope

MAX_PARTS = 10_000  # of one message's structure that are looked at


def envelope(found: object) -> Envelope:
    """An envelope out of its ten values."""
    values = found if isinstance(found, list) else []
    values = [*values, *[None] * (10 - len(values))]
    from_, sender, reply_to, to, cc, bcc = [_addresses(one) for one in values[2:8]]
    date, subject, answered, identifier = [plain(values[n]) for n in (0, 1, 8, 9)]
    return Envelope(date, subject, from_, sender, reply_to, to, cc, bcc, answered, identifier)


def _addresses(found: object) -> tuple[Address, ...]:
    if not isinstance(found, list):
        return ()
    people = [one for one in found if isinstance(one, list) and len(one) >= 4]
    # a group begins with an address whose host is NIL, and ends with one that has no mailbox either
    return tuple(Address(plain(one[0]), plain(one[2]), plain(one[3])) for one in people if one[3] is not None)


def structure(found: object) -> tuple[BodyPart, ...]:
    """All parts in the order of the message, containers before what they contain."""
    parts: list[BodyPart] = []
    waiting: list[tuple[object, str, int]] = [(found, "", 0)]
    while waiting and len(parts) < MAX_PARTS:
        node, section, depth = waiting.pop()
        if not isinstance(node, list) or not node:
            continue
        if isinstance(node[0], list):
            part, inner = _multipart(node, section, depth)
        else:
            # a message that is no multipart has its text as part 1 (RFC 9051 §6.4.5.1)
            number = section or "1"
            part, inner = _single(node, number, depth)
        parts.append(part)
        waiting += reversed([(one, at, depth + 1) for one, at in inner])
    return tuple(parts)


def _multipart(node: list[object], section: str, depth: int) -> tuple[BodyPart, list[tuple[object, str]]]:
    children = []
    for child in node:
        if not isinstance(child, list):
            break
        children.append(child)
    before = f"{section}." if section else ""
    subtype, parameters, disposition = [*node[len(children) :], None, None, None][:3]
    shown, names = _disposed(disposition)
    kind = f"multipart/{plain(subtype).lower()}"
    part = BodyPart(
        section, depth, kind, _parameters(parameters), disposition=shown, disposition_parameters=names
    )
    return part, [(child, f"{before}{number}") for number, child in enumerate(children, 1)]


def _single(node: list[object], section: str, depth: int) -> tuple[BodyPart, list[tuple[object, str]]]:
    node = [*node, *[None] * 12]
    kind = f"{plain(node[0])}/{plain(node[1])}".lower()
    inner: list[tuple[object, str]] = []
    lines, extension = None, 7
    if kind in {"message/rfc822", "message/global"} and isinstance(node[8], list):
        lines, extension = node[9], 10
        multipart = bool(node[8]) and isinstance(node[8][0], list)
        inner = [(node[8], section if multipart else f"{section}.1")]
    elif kind.startswith("text/"):
        lines, extension = node[7], 8
    count = whole_number(lines)
    part = BodyPart(
        section,
        depth,
        kind,
        _parameters(node[2]),
        plain(node[5]).lower(),
        whole_number(node[6]) or 0,
        -1 if count is None else count,
        *_disposed(node[extension + 1]),
    )
    return part, inner


def _parameters(found: object) -> dict[str, str]:
    values = [plain(one) for one in found] if isinstance(found, list) else []
    return {name.lower(): text for name, text in zip(values[::2], values[1::2], strict=False)}


def _disposed(found: object) -> tuple[str, dict[str, str]]:
    if not isinstance(found, list) or not found:
        return "", {}
    return plain(found[0]).lower(), _parameters(found[1] if len(found) > 1 else None)
