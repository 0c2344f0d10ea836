"""What is said over a WebSocket: requests and their answers, and push that is switched on and off.

RFC 8887 §4.3 (every object says by `@type` what it is). Not here: frames (RFC 6455), the requests themselves (`proto.jmap.request`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from postroom.proto.jmap import ijson
from postroom.proto.jmap.errors import RequestError
from postroom.proto.jmap.push import States, state_change, type_names
from postroom.proto.jmap.request import Limits, Request, over, understand

SUBPROTOCOL: Final = "jmap"  # RFC 8887 §4.1


class Asked(msgspec.Struct, frozen=True):
    """A Request object; `request_id` None: its response has none."""

    request: Request
    request_id: str | None


class Enable(msgspec.Struct, frozen=True):
    """WebSocketPushEnable (§4.3.5.2). `types` None: all; `position` None: what changes from now on."""

    types: frozenset[str] | None
    position: str | None


class Disable(msgspec.Struct, frozen=True):
    """WebSocketPushDisable (§4.3.5.3)."""


class Wrong(Exception):
    """What came cannot be heeded; `request_id` as far as it could be read."""

    def __init__(self, error: RequestError, request_id: str | None = None) -> None:
        super().__init__(error.detail)
        self.error = error
        self.request_id = request_id


def read(text: str, known: Collection[str], limits: Limits) -> Asked | Enable | Disable:
    """The object that a text message is. Raises `Wrong`."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > limits.max_size_request:
        words = f"the request has {len(raw)} octets, at most {limits.max_size_request} are taken"
        raise Wrong(over("maxSizeRequest", words))
    try:
        value = ijson.decode(raw)
    except ijson.NotJson as error:
        raise Wrong(RequestError("notJSON", f"the message is no I-JSON: {error}")) from error
    if not isinstance(value, dict):
        raise Wrong(RequestError("notRequest", "a message is an object with @type"))
    given = value.pop("id", None)
    request_id = given if isinstance(given, str) else None
    try:
        if given is not None and request_id is None:
            raise RequestError("notRequest", "the id of a request is a string")
        return _understand(value, request_id, known, limits)
    except RequestError as error:
        raise Wrong(error, request_id) from error


def _understand(
    value: dict[str, Any], request_id: str | None, known: Collection[str], limits: Limits
) -> Asked | Enable | Disable:
    kind = value.pop("@type", None)
    if kind == "Request":
        return Asked(understand(value, known, limits), request_id)
    if kind == "WebSocketPushDisable":
        return Disable()
    if kind != "WebSocketPushEnable":
        words = "@type is Request, WebSocketPushEnable or WebSocketPushDisable"
        raise RequestError("notRequest", words)
    types, position = value.get("dataTypes"), value.get("pushState")
    listed = isinstance(types, list) and all(isinstance(one, str) for one in types)
    if not (types is None or listed) or not (position is None or isinstance(position, str)):
        words = "dataTypes is a list of names or null, pushState a string"
        raise RequestError("notRequest", words)
    return Enable(None if types is None else type_names(types), position)


def response(told: Mapping[str, Any], request_id: str | None) -> str:
    """A Response object (§4.3.3)."""
    more = {} if request_id is None else {"requestId": request_id}
    return ijson.encode({"@type": "Response", **more, **told}).decode()


def request_error(wrong: Wrong) -> str:
    """A RequestError object (§4.3.4)."""
    told = {"@type": "RequestError", "requestId": wrong.request_id, **wrong.error.problem()}
    return ijson.encode(told).decode()


def pushed(changed: States, at: str) -> str:
    """A StateChange object with the position of a client who has heard it (§4.3.5.1)."""
    return ijson.encode({**state_change(changed), **({"pushState": at} if at else {})}).decode()
