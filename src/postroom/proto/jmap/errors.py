"""What can go wrong with a request, a method call, or one object of a /set: three kinds of errors, told in three places.

RFC 8620 §3.6.1 (the whole request: problem details of RFC 7807), §3.6.2 (one method call), §5.3 (SetError). Not here: when they arise.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

PROBLEM: Final = "urn:ietf:params:jmap:error:"


class RequestError(Exception):
    """The request is not processed at all. `kind` is the registered type without its prefix, "" where HTTP's status says all."""

    def __init__(
        self, kind: str, detail: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST, limit: str = ""
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.status = status
        self.limit = limit

    def problem(self) -> dict[str, Any]:
        """The problem details object, RFC 7807 §3.1."""
        told: dict[str, Any] = {
            "type": PROBLEM + self.kind if self.kind else "about:blank",
            "status": int(self.status),
            "detail": self.detail,
        }
        if not self.kind:
            told["title"] = self.status.phrase
        if self.limit:
            told["limit"] = self.limit
        return told


class MethodError(Exception):
    """One method call failed and changed nothing. `more`: further properties of the error."""

    def __init__(self, kind: str, description: str = "", **more: Any) -> None:
        super().__init__(f"{kind}: {description}" if description else kind)
        self.kind = kind
        self.description = description
        self.more = more

    def arguments(self) -> dict[str, Any]:
        """The arguments of the `error` response."""
        told = {"type": self.kind, **self.more}
        if self.description:
            told["description"] = self.description
        return told


class SetError(msgspec.Struct, frozen=True):
    """Why one object was not created, updated or destroyed."""

    kind: str
    description: str = ""
    properties: Sequence[str] = ()
    more: dict[str, Any] = {}

    def told(self) -> dict[str, Any]:
        """As it stands in notCreated and its kin."""
        told: dict[str, Any] = {"type": self.kind, **self.more}
        if self.description:
            told["description"] = self.description
        if self.properties:
            told["properties"] = list(self.properties)
        return told


class Refused(Exception):
    """An object of a /set is refused; the others go on."""

    def __init__(self, kind: str, description: str = "", properties: Sequence[str] = (), **more: Any) -> None:
        super().__init__(f"{kind}: {description}" if description else kind)
        self.error = SetError(kind, description, properties, more)


def invalid(properties: Sequence[str] | str, description: str) -> Refused:
    """`invalidProperties`, with all of them named."""
    named = (properties,) if isinstance(properties, str) else tuple(properties)
    return Refused("invalidProperties", description, named)
