"""What is wrong with a request, as RFC 9457 writes it (application/problem+json). Not here: which requests are wrong."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import msgspec
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"
_KINDS: Final = "urn:postroom:problem:"


class ProblemDetails(msgspec.Struct, frozen=True):
    """RFC 9457 §3.1. `type` is a name for programs; `detail` says what is wrong here, and the remedy."""

    type: str
    title: str
    status: int
    detail: str


class Problem(Exception):
    """A request that cannot be done; the text is the detail. `kind` is the last word of its type, for programs."""

    def __init__(self, status: HTTPStatus, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind

    def response(self, headers: dict[str, str] | None = None) -> Response:
        """As it is sent."""
        told = ProblemDetails(_KINDS + self.kind, self.status.phrase, self.status.value, str(self))
        return Response(msgspec.json.encode(told), self.status.value, headers, MEDIA_TYPE)


def not_found(what: str) -> Problem:
    """There is no such thing."""
    return Problem(HTTPStatus.NOT_FOUND, "not-found", what)


def unfit(detail: str) -> Problem:
    """The values cannot be."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "unfit-value", detail)
