"""A request and its response: what is called, in which order, with which capabilities.

RFC 8620 §3.2 (Invocation), §3.3 (Request), §3.4 (Response), §3.6.1. Not here: HTTP, and what the methods do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from postroom.proto.jmap import ijson
from postroom.proto.jmap.errors import RequestError
from postroom.proto.jmap.types import Id, Object


class Invocation(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A method call, or one of the responses to it."""

    name: str
    arguments: Object
    call_id: str


class Request(msgspec.Struct, frozen=True, rename="camel"):
    """What a client asks for at once; `created_ids` None: it does not want to hear of them."""

    using: frozenset[str]
    method_calls: list[Invocation]
    created_ids: dict[Id, Id] | None = None


class Limits(msgspec.Struct, frozen=True, rename="camel"):
    """The limits of the core capability, RFC 8620 §2; octets where sizes are meant."""

    max_size_upload: int = 50 << 20
    max_concurrent_upload: int = 4
    max_size_request: int = 10 << 20
    max_concurrent_requests: int = 4
    max_calls_in_request: int = 16
    max_objects_in_get: int = 500
    max_objects_in_set: int = 500


def read(raw: bytes, known: Collection[str], limits: Limits) -> Request:
    """The request in these octets. `known`: capabilities that may be used. Raises `RequestError`."""
    if len(raw) > limits.max_size_request:
        raise over(
            "maxSizeRequest",
            f"the request has {len(raw)} octets, at most {limits.max_size_request} are taken",
        )
    try:
        value = ijson.decode(raw)
    except ijson.NotJson as error:
        raise RequestError("notJSON", f"the request is no I-JSON: {error}") from error
    return understand(value, known, limits)


def understand(value: Any, known: Collection[str], limits: Limits) -> Request:
    """The request that a JSON value is. Raises `RequestError`."""
    try:
        request = msgspec.convert(value, Request, strict=True)
    except msgspec.ValidationError as error:
        raise RequestError(
            "notRequest", f"the request is not written as RFC 8620 §3.3 has it: {error}"
        ) from error
    for capability in request.using:
        if capability not in known:
            raise RequestError("unknownCapability", f"this server does not know {capability[:200]!r}")
    if len(request.method_calls) > limits.max_calls_in_request:
        raise over(
            "maxCallsInRequest",
            f"the request has {len(request.method_calls)} calls, at most {limits.max_calls_in_request} are taken",
        )
    most = limits.max_calls_in_request * limits.max_objects_in_set  # what the response to another can have
    if request.created_ids is not None and len(request.created_ids) > most:
        raise over("maxSizeRequest", f"the request brings more than {most} creation ids")
    return request


def over(limit: str, detail: str) -> RequestError:
    """A request beyond one of the limits of the core capability."""
    return RequestError("limit", detail, limit=limit)


def response(
    answers: list[Invocation], session_state: str, created_ids: Mapping[str, str] | None
) -> dict[str, Any]:
    """The Response object."""
    told: dict[str, Any] = {"methodResponses": answers, "sessionState": session_state}
    if created_ids is not None:
        told["createdIds"] = created_ids
    return told
