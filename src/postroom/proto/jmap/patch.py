"""PatchObject: changes to an object, by paths into it (RFC 8620 §5.3).

Not here: which properties may be changed, and what their values must be.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Mapping
from typing import Any, Final

from postroom.proto.jmap.errors import MethodError, Refused
from postroom.proto.jmap.references import unescaped
from postroom.proto.jmap.types import Object

MAX_PATCHES: Final = 5_000  # of one object
MAX_LEVELS: Final = 32  # of one path

Path = tuple[str, ...]


def paths(patch: Mapping[str, Any]) -> dict[Path, Any]:
    """The values by path, the levels unescaped. Raises `Refused` with `invalidPatch`, also where one path lies within another."""
    if len(patch) > MAX_PATCHES:
        raise Refused("tooLarge", f"a patch has at most {MAX_PATCHES} paths")
    found: dict[Path, Any] = {}
    for pointer, value in patch.items():
        path = _path(pointer)
        if path in found:
            raise Refused("invalidPatch", f"{pointer[:100]!r} is there twice")
        found[path] = value
    for path in found:
        if any(path[:size] in found for size in range(1, len(path))):
            raise Refused("invalidPatch", f"{'/'.join(path)[:100]!r} lies within another path of the patch")
    return found


def apply(current: Mapping[str, Any], patch: Mapping[str, Any], defaults: Mapping[str, Any]) -> Object:
    """The object after the patch; `current` stays as it is. `defaults`: what null stands for at the top. Raises `Refused`."""
    patched: Object = copy.deepcopy(dict(current))
    for path, value in paths(patch).items():
        parent: Any = patched
        for level in path[:-1]:
            parent = parent.get(level) if isinstance(parent, dict) else None
            if not isinstance(parent, dict):
                raise Refused(
                    "invalidPatch", f"{'/'.join(path)[:100]!r}: there is no object at {level[:100]!r}"
                )
        if value is not None:
            parent[path[-1]] = value
        elif len(path) == 1 and path[0] in defaults:
            parent[path[0]] = copy.deepcopy(defaults[path[0]])
        else:
            parent.pop(path[-1], None)
    return patched


def changed_beside(
    current: Mapping[str, Any], patched: Mapping[str, Any], settable: Container[str]
) -> list[str]:
    """What was changed and is not among what a client may set: properties of the server, and such as there are not (RFC 8620 §5.3)."""
    names = {**current, **patched}
    return [name for name in names if name not in settable and patched.get(name) != current.get(name)]


def _path(pointer: str) -> Path:
    levels = pointer.split("/")
    if len(levels) > MAX_LEVELS:
        raise Refused("invalidPatch", f"a path has at most {MAX_LEVELS} levels")
    try:
        return tuple(map(unescaped, levels))
    except MethodError as error:
        raise Refused("invalidPatch", error.description) from error
