"""References of a method's arguments to the results of earlier calls of the same request.

RFC 8620 §3.7: JSON Pointer (RFC 6901) with `*` for every item of an array. Counted: a reference may not make more of a request than it
could have said itself. Not here: creation ids (`#` in front of an id, RFC 8620 §5.3), which are properties' matter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from postroom.proto.jmap import ijson
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.request import Invocation
from postroom.proto.jmap.types import Object

MAX_PATH: Final = 20  # levels of a pointer
MAX_FOUND: Final = 20_000  # values that one reference gives

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_ESCAPE: Final = re.compile(r"~(?![01])")


class ResultReference(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Where a value comes from."""

    result_of: str
    name: str
    path: Annotated[str, Meta(max_length=1024)]


def resolve(arguments: Object, earlier: Sequence[Invocation], most: int) -> Object:
    """The arguments with their references replaced by values, which have at most so many octets as JSON. Raises `MethodError`."""
    if not any(name.startswith("#") for name in arguments):
        return arguments
    resolved: Object = {}
    size = 0
    for name, value in arguments.items():
        if not name.startswith("#"):
            resolved[name] = value
        elif name[1:] in arguments:
            raise MethodError(
                "invalidArguments", f"{name[1:]} is there as a value and as a reference", arguments=[name[1:]]
            )
        else:
            resolved[name[1:]] = found = _value(name, value, earlier)
            size += len(ijson.encode(found))
            if size > most:
                words = f"the references lead to more than {most} octets"
                raise MethodError("invalidResultReference", words)
    return resolved


def _value(name: str, value: Any, earlier: Sequence[Invocation]) -> Any:
    try:
        reference = msgspec.convert(value, ResultReference, strict=True)
    except msgspec.ValidationError as error:
        raise MethodError("invalidResultReference", f"{name[:100]}: {error}") from error
    found = next((one for one in earlier if one.call_id == reference.result_of), None)
    if found is None:
        raise MethodError("invalidResultReference", f"{name[:100]}: no earlier call has this id")
    if found.name != reference.name:
        raise MethodError(
            "invalidResultReference", f"{name[:100]}: the first response to this call is {found.name}"
        )
    return evaluate(found.arguments, reference.path)


def evaluate(value: Any, path: str) -> Any:
    """What a pointer leads to. Raises `invalidResultReference`."""
    if path and not path.startswith("/"):
        raise MethodError("invalidResultReference", "the path does not begin with /")
    tokens = path.split("/")[1:] if path else []
    if len(tokens) > MAX_PATH:
        raise MethodError("invalidResultReference", f"the path has more than {MAX_PATH} levels")
    return _walk(value, tokens)


def _walk(value: Any, tokens: Sequence[str]) -> Any:
    for number, token in enumerate(tokens):
        if token == "*" and isinstance(value, list):
            return _each(value, tokens[number + 1 :])
        value = _step(value, token)
    return value


def _each(items: list[Any], rest: Sequence[str]) -> list[Any]:
    """The results for every item; those that are arrays themselves are joined (RFC 8620 §3.7)."""
    found: list[Any] = []
    for item in items:
        result = _walk(item, rest)  # as deep as the path has asterisks
        if isinstance(result, list):
            found += result
        else:
            found.append(result)
        if len(found) > MAX_FOUND:
            raise MethodError("invalidResultReference", f"the path leads to more than {MAX_FOUND} values")
    return found


def _step(value: Any, token: str) -> Any:
    if isinstance(value, dict):
        name = unescaped(token)
        if name in value:
            return value[name]
    elif isinstance(value, list) and _INDEX.fullmatch(token) and int(token) < len(value):
        return value[int(token)]
    raise MethodError("invalidResultReference", f"the path leads nowhere at {token[:100]!r}")


def unescaped(token: str) -> str:
    """RFC 6901 §4. Raises `invalidResultReference` for a tilde that escapes nothing."""
    if _ESCAPE.search(token):
        raise MethodError("invalidResultReference", f"{token[:100]!r}: ~ is written ~0, and / is ~1")
    return token.replace("~1", "/").replace("~0", "~")
