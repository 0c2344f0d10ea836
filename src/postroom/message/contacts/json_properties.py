"""JSPROP: what only JSContact has, within a vCard.

RFC 9555 §3.2.1 (the property), §3.3.2 (JSPTR, the place in the Card). Not here: what has a counterpart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from postroom.message.contacts.card_types import TYPES

MAX_LEVELS: Final = 32  # of one pointer
MAX_PATH: Final = 255  # characters of a path below which values are pointed to one by one

Object = dict[str, Any]
_CLEAR: Final = tuple(
    kind for kind in TYPES if kind != "Timestamp"
)  # types that follow from the place (RFC 9553 §1.3.4)
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f]")  # what no pointer in a parameter can have


def apply(card: Object, pointer: str, text: str) -> bool:
    """Puts a value in its place; False when the text is no JSON, or there is no such place."""
    levels = [level.replace("~1", "/").replace("~0", "~") for level in pointer.removeprefix("/").split("/")]
    if len(levels) > MAX_LEVELS:
        return False
    try:
        value = msgspec.json.decode(text.encode())
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    parent: Any = card
    for level in levels[:-1]:
        parent = parent.get(level) if isinstance(parent, dict) else None
    if not isinstance(parent, dict):
        return False
    if value is None:
        parent.pop(levels[-1], None)
    else:
        parent[levels[-1]] = value
    return True


def differences(wanted: Object, there: Object) -> Iterator[tuple[str, Any]]:
    """(pointer, value) of what has to be put into `there` to make it `wanted`; None: taken away."""
    waiting: list[tuple[tuple[str, ...], Object, Object]] = [((), wanted, there)]
    while waiting:
        path, left, right = waiting.pop()
        for name in (*left, *(one for one in right if one not in left)):
            value, other = left.get(name), right.get(name)
            if (
                isinstance(value, dict)
                and isinstance(other, dict)
                and _can_go_on((*path, name), value, other)
            ):
                waiting.append(((*path, name), value, other))
            elif value != other or type(value) is not type(other):
                levels = (level.replace("~", "~0").replace("/", "~1") for level in (*path, name))
                yield "/".join(levels), value


def _can_go_on(path: tuple[str, ...], left: Object, right: Object) -> bool:
    """Whether a pointer can lead below these."""
    short = len(path) < MAX_LEVELS and sum(map(len, path)) <= MAX_PATH
    return short and not any(map(_UNFIT.search, (*left, *right)))


def written(value: Any) -> str:
    """A value as JSON without control characters."""
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def plain(value: Any) -> Any:
    """A Card without what says nothing: types that are clear, values that are the default. Depth is bounded by who validates."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: plain(one)
        for name, one in value.items()
        if not (name == "@type" and one in _CLEAR) and not (name == "isOrdered" and one is False)
    }
